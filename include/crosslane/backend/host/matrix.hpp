// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Matrix products on the CPU. Each lane offers its elements. The last lane to arrive computes the product for all lanes, by its
/// definition.
#pragma once

#include <crosslane/backend/matrix_hooks.hpp>
#include <crosslane/kernel/lane_mask.hpp>
#include <crosslane/platform/source_location.hpp>

#include <cstdint>

namespace crosslane {
struct host;
}

namespace crosslane::backend {

/// Primitives of the host. A file for a GPU need not include them.
template <class N>
concept host_native = requires(N const& n) { n.block().collective(n.rank(), 32u, {}); };

template <unsigned Bytes>
struct gemm_sizes_of<host, Bytes> {
  static constexpr gemm_sizes large{64, 64, 64, 3, 128, 1}, small = large;
};

template <host_native Native, unsigned W>
struct matrix_of<Native, W> {
  using target = matrix_target::portable<W>;
  /// The host runs the maps of all targets with as many lanes.
  template <class Target>
  static constexpr bool runs = Target::wave_size == W;
  /// As on most GPUs: float and double without matrix instructions.
  template <class Shape>
  static constexpr bool prefers_fragments =
      sizeof(typename Shape::template element<matrix_use::a>) < 4 || std::is_same_v<typename Shape::template element<matrix_use::a>, tf32>;
  /// One width takes the schedule of GPUs that copy asynchronously, the other one that of the others.
  static constexpr bool copies_proceed = W == 32;
  static constexpr bool moves_for_others = true;
  template <class Layout, class T, bool Trans>
  static constexpr bool has_load = false;
  template <class Layout, class T, bool Trans>
  static constexpr bool has_store = false;

  static void meet(Native const& n, source_location where) {
    offer(n, nullptr, where, [](auto*, std::uint64_t) {});
  }

  template <class Shape, class Target, class A, class B, class C>
  static void multiply_add(Native const& n, unsigned, A const* a, B const* b, C* c, source_location where) {
    operands<A, B, C> const mine{a, b, c};
    offer(n, &mine, where, [](auto* wave, std::uint64_t) {
      static_assert(Shape::m * Shape::k <= most && Shape::k * Shape::n <= most && Shape::m * Shape::n <= most);
      multiply_add_all<A, B, C>(
          wave, {Shape::m, Shape::n, Shape::k, Target::template map<matrix_use::a, Shape>(), Target::template map<matrix_use::b, Shape>(),
                 Target::template map<matrix_use::accumulator, Shape>(), Target::template flushes_subnormals<Shape>});
    });
  }

 private:
  static constexpr unsigned most = 1024;  ///< elements of a matrix

  template <class A, class B, class C>
  struct operands {
    A const* a;
    B const* b;
    C* c;
  };
  struct product {
    unsigned m, n, k;
    fragment_map a, b, c;
    bool flush;
  };

  template <class Complete>
  static void offer(Native const& n, void const* in, source_location where, Complete complete) {
    n.block().collective(n.rank(), W, {in, nullptr, 0, lane_mask<W>::all().to_word(), where, false, false, complete});
  }

  /// Calls f(lane, element, offset) for the elements of a matrix; the offset is that of a row-major one.
  template <class F>
  static void for_each(fragment_map const& map, unsigned rows, unsigned cols, F const& f) {
    unsigned const size = map.size(rows, cols);
    for (unsigned lane = 0; lane < W; ++lane)
      for (unsigned i = 0; i < size; ++i) {
        auto const at = map.position(rows, cols, {lane, i});
        f(lane, i, at.row * cols + at.col);
      }
  }

  /// One function for all shapes of the same types, to save compile time.
  template <class A, class B, class C, class Slot>
  [[gnu::noinline]] static void multiply_add_all(Slot* wave, product const& p) {
    using arithmetic = detail::matrix_arithmetic<C>;
    using sum = typename arithmetic::sum;
    auto const of = [wave](unsigned lane) -> operands<A, B, C> const& { return *static_cast<operands<A, B, C> const*>(wave[lane].in); };
    sum a[most], b[most], c[most];
    for_each(p.a, p.m, p.k, [&](unsigned lane, unsigned i, unsigned to) { a[to] = arithmetic::widen(of(lane).a[i], p.flush); });
    for_each(p.b, p.k, p.n, [&](unsigned lane, unsigned i, unsigned to) { b[to] = arithmetic::widen(of(lane).b[i], p.flush); });
    for_each(p.c, p.m, p.n, [&](unsigned lane, unsigned i, unsigned to) { c[to] = arithmetic::widen(of(lane).c[i], p.flush); });
    for (unsigned row = 0; row < p.m; ++row)
      for (unsigned i = 0; i < p.k; ++i)
        for (unsigned col = 0; col < p.n; ++col)
          c[row * p.n + col] = arithmetic::step(a[row * p.k + i], b[i * p.n + col], c[row * p.n + col]);
    for_each(p.c, p.m, p.n,
             [&](unsigned lane, unsigned i, unsigned from) { of(lane).c[i] = static_cast<C>(arithmetic::widen(c[from], p.flush)); });
  }
};

}  // namespace crosslane::backend
