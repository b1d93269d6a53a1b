// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernels of the family: one for each pattern and type. The other dimensions are arguments, so that they cost no time to compile.
#pragma once

#include "variant.hpp"

#include <crosslane/crosslane.hpp>

#include <type_traits>

namespace graph_patterns {

namespace xl = crosslane;

inline constexpr unsigned block_threads = 128;

template <class T>
struct memory {
  xl::span<unsigned const> starts, neighbours;
  xl::span<T> result;         ///< the totals at 0, or a value of each vertex
  xl::span<T const> values;   ///< of each vertex
  xl::span<int> list, count;  ///< the list that grows, or the parents of vertices; and the list's length
  xl::span<int const> work;   ///< the vertices that `relax` begins with
  unsigned work_size;
  worker who;
  visit how;
  mistake error;
  bool grid_stride;   ///< whether each worker takes more than one vertex
  bool only_upwards;  ///< whether only neighbours with a higher number count

  CROSSLANE_FN bool is(mistake m) const { return error == m; }
};

template <pattern What, class T>
struct kernel {
  struct shared {
    T part[block_threads];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory<T> m) const {
    each_vertex(ctx, m, [&](unsigned v) {
      if constexpr (What == pattern::compress) {
        compress(ctx, m, v);
      } else {
        unsigned const vertex = What == pattern::relax ? unsigned(m.work[v]) : v;
        if (m.is(mistake::early_exit) && m.starts[vertex] + rank(ctx, m) >= m.starts[vertex + 1]) return false;
        work(ctx, s, m, vertex);
      }
      return true;
    });
  }

 private:
  template <class Ctx>
  CROSSLANE_FN static unsigned rank(Ctx const& ctx, memory<T> const& m) {
    return m.who == worker::thread ? 0 : m.who == worker::wave ? ctx.lane_rank() : ctx.thread_rank();
  }
  template <class Ctx>
  CROSSLANE_FN static unsigned size(Ctx const& ctx, memory<T> const& m) {
    return m.who == worker::thread ? 1 : m.who == worker::wave ? Ctx::wave_size : ctx.block_size();
  }

  /// Calls f(v) for the vertices of the calling thread, until it returns false.
  template <class Ctx, class F>
  CROSSLANE_FN static void each_vertex(Ctx const& ctx, memory<T> const& m, F const& f) {
    unsigned const n = What == pattern::relax && !m.is(mistake::wrong_size) ? m.work_size : unsigned(m.starts.size()) - 1;
    unsigned const end = m.is(mistake::one_more_vertex) ? n + 1 : n;
    unsigned const of_block = m.who == worker::thread ? ctx.block_size() : m.who == worker::wave ? ctx.wave_count() : 1;
    unsigned const first = unsigned(ctx.block_rank()) * of_block + ctx.thread_rank() / size(ctx, m);
    for (unsigned v = first; v < end || m.is(mistake::no_guard); v += unsigned(ctx.block_count()) * of_block)
      if (!f(v) || !m.grid_stride) return;
  }

  /// Calls f(neighbour, its place in the list) for the neighbours of the calling thread, until it returns true.
  template <class Ctx, class F>
  CROSSLANE_FN static void each_neighbour(Ctx const& ctx, memory<T> const& m, unsigned vertex, F const& f) {
    int const begin = int(m.starts[vertex]), end = int(m.starts[vertex + 1]);
    bool const one = m.how == visit::first || m.how == visit::last, backwards = m.how == visit::reverse || m.how == visit::last;
    int count = end - begin;
    if (one && (count != 0 || m.is(mistake::no_empty_check))) count = 1;
    if (m.is(mistake::one_more_neighbour)) ++count;
    for (int k = int(rank(ctx, m)); k < count; k += int(size(ctx, m))) {
      int const i = backwards ? end - 1 - k : begin + k;
      if (f(m.neighbours[unsigned(i)], i) && m.how == visit::until) return;
    }
  }

  template <class Op, class Ctx>
  CROSSLANE_FN static void update(Ctx const& ctx, memory<T> const& m, T& target, T value) {
    auto const change = [&](auto const at) {
      if constexpr (std::is_same_v<Op, xl::plus>)
        at.fetch_add(value);
      else if constexpr (std::is_same_v<Op, xl::maximum>)
        at.fetch_max(value);
      else
        at.fetch_min(value);
    };
    if (m.is(mistake::plain_update)) {
      target = Op{}(target, value);
    } else if (m.is(mistake::narrow_scope)) {
      change(xl::atomic<xl::scope::block>(ctx, target));
    } else if (m.is(mistake::plain_check)) {
      if (Op{}(target, value) != target) change(xl::atomic(ctx, target));
    } else {
      change(xl::atomic(ctx, target));
    }
  }

  /// Returns the combination of the workers' values; in a block only for its first thread.
  template <class Op, class Ctx>
  CROSSLANE_FN static T combine(Ctx const& ctx, memory<T> const& m, shared& s, T value) {
    auto const wait = [&] {
      if (m.is(mistake::wave_sync))
        xl::wave(ctx).sync();
      else if (!m.is(mistake::no_barrier))
        ctx.sync_block();
    };
    if (m.who == worker::thread) {
      return value;
    } else if (m.who == worker::wave) {
      return xl::wave(ctx).reduce(value, Op{});
    } else if (m.who == worker::block_tree) {
      unsigned const t = ctx.thread_rank();
      s.part[t] = value;
      wait();
      for (unsigned stride = ctx.block_size() / 2; stride != 0; stride /= 2) {
        if (t < stride) s.part[t] = Op{}(s.part[t], s.part[t + stride]);
        ctx.sync_block();
      }
      return t == 0 ? s.part[0] : T{};
    } else {
      auto const w = xl::wave(ctx);
      T sum = w.reduce(value, Op{});
      if (!m.is(mistake::no_barrier_before)) ctx.sync_block();
      if (w.is_leader()) s.part[ctx.wave_rank()] = sum;
      wait();
      if (ctx.wave_rank() != 0) return T{};
      return w.reduce(ctx.lane_rank() < ctx.wave_count() ? s.part[ctx.lane_rank()] : T{}, Op{});
    }
  }

  template <class Ctx>
  CROSSLANE_FN static void work(Ctx const& ctx, shared& s, memory<T> const& m, unsigned vertex) {
    auto const counts = [&](unsigned other) { return other != vertex && (!m.only_upwards || vertex < other); };
    bool const leader = rank(ctx, m) == 0;
    if constexpr (What == pattern::count) {
      T number{};
      each_neighbour(ctx, m, vertex, [&](unsigned other, int) {
        if (!counts(other)) return false;
        number = T(number + 1);
        return true;
      });
      number = combine<xl::plus>(ctx, m, s, number);
      if (leader) update<xl::plus>(ctx, m, m.result[0], number);
    } else if constexpr (What == pattern::maximum) {
      T most{};
      each_neighbour(ctx, m, vertex, [&](unsigned other, int) {
        if (!counts(other)) return false;
        if (m.who == worker::thread)
          update<xl::maximum>(ctx, m, m.result[0], m.values[other]);
        else
          most = xl::maximum{}(most, m.values[other]);
        return true;
      });
      if (m.who != worker::thread) {
        most = combine<xl::maximum>(ctx, m, s, most);
        if (leader) update<xl::maximum>(ctx, m, m.result[0], most);
      }
    } else if constexpr (What == pattern::pull) {
      T sum{};
      each_neighbour(ctx, m, vertex, [&](unsigned other, int) {
        if (!counts(other)) return false;
        sum = T(sum + (m.is(mistake::in_place) ? m.result[other] : m.values[other]));
        return true;
      });
      sum = combine<xl::plus>(ctx, m, s, sum);
      if (leader) m.result[vertex] = T(m.result[vertex] + sum);
    } else if constexpr (What == pattern::push) {
      each_neighbour(ctx, m, vertex, [&](unsigned other, int) {
        if (!counts(other)) return false;
        update<xl::minimum>(ctx, m, m.result[other], m.values[vertex]);
        return true;
      });
    } else if constexpr (What == pattern::worklist) {
      each_neighbour(ctx, m, vertex, [&](unsigned other, int place) {
        if (!counts(other)) return false;
        append(ctx, m, place);
        return true;
      });
    } else {
      relax(ctx, m, vertex);
    }
  }

  template <class Ctx>
  CROSSLANE_FN static void append(Ctx const& ctx, memory<T> const& m, int value) {
    int at;
    if (m.is(mistake::plain_update))
      at = m.count[0]++;
    else if (m.is(mistake::narrow_scope))
      at = xl::atomic<xl::scope::block>(ctx, m.count[0]).fetch_add(1);
    else
      at = xl::atomic(ctx, m.count[0]).fetch_add(1);
    m.list[unsigned(at)] = m.is(mistake::reads_back) && at != 0 ? m.list[unsigned(at) - 1] + 1 : value;
  }

  template <class Ctx>
  CROSSLANE_FN static void relax(Ctx const& ctx, memory<T> const& m, unsigned vertex) {
    T& mine = m.result[vertex];
    T const known = m.is(mistake::plain_check) || m.is(mistake::plain_update) ? mine : xl::atomic(ctx, mine).load();
    each_neighbour(ctx, m, vertex, [&](unsigned other, int) {
      T const distance = T(known + 1);
      T& its = m.result[other];
      bool lower;
      if (m.is(mistake::plain_update)) {
        lower = its > distance;
        if (lower) its = distance;
      } else {
        lower = xl::atomic(ctx, its).fetch_min(distance) > distance;
      }
      if (lower) m.list[unsigned(xl::atomic(ctx, m.count[0]).fetch_add(1))] = int(other);
      return true;
    });
  }

  template <class Ctx>
  CROSSLANE_FN static void compress(Ctx const& ctx, memory<T> const& m, unsigned vertex) {
    auto const parent = [&](int of) {
      int& p = m.list[unsigned(of)];
      return m.is(mistake::plain_update) ? p : xl::atomic(ctx, p).load();
    };
    int root = int(vertex);
    for (int next; (next = parent(root)) < root;) root = next;
    if (m.is(mistake::plain_update))
      m.list[vertex] = root;
    else
      xl::atomic(ctx, m.list[vertex]).store(root);
  }
};

}  // namespace graph_patterns
