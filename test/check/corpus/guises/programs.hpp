// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Programs that access memory while streams use it, or that access device memory.
#pragma once

#include "guise.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

namespace corpus {

/// The streams and the memory of the programs. Each buffer has 1024 elements, which are written.
struct program_memory {
  explicit program_memory(xl::device d) : a{d}, b{d}, data{a, 1024}, result{a, 1024}, pinned{a, 1024}, managed{a, 1024}, numbers(1024) {
    xl::fill(a, data, 1);
    xl::fill(a, result, 0);
    xl::fill(a, pinned, 0);
    xl::fill(a, managed, 0);
    a.synchronize();
  }
  xl::stream a, b;
  xl::buffer<int> data, result;
  xl::pinned_buffer<int> pinned;
  xl::managed_buffer<int> managed;
  std::vector<int> numbers;
  bool right = false;
};

struct adds_one {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> data) const {
    data[ctx.global_rank()] += 1;
  }
};
inline void add_one(xl::stream const& q, xl::span<int> data) { xl::launch(q, {.grid = 4, .block = 256}, adds_one{}, data); }

// --- two streams ---

struct two_kernels_in_two_streams {
  static constexpr guise of{kind::stream_race, "device", "kernel and kernel", "two streams"};
  void operator()(program_memory& p) const {
    add_one(p.a, p.data.view());
    add_one(p.right ? p.a : p.b, p.data.view());
  }
};
struct copies_while_a_kernel_writes {
  static constexpr guise of{kind::stream_race, "device", "copy and kernel", "event of too little"};
  void operator()(program_memory& p) const {
    xl::event done{p.a.device()};
    if (!p.right) done.record(p.a);
    add_one(p.a, p.data.view());
    if (p.right) done.record(p.a);
    p.b.wait(done);
    xl::copy(p.b, p.data, p.result);
  }
};
struct pipeline_of_managed_memory {
  static constexpr guise of{kind::stream_race, "managed", "fill and kernel", "loop"};
  void operator()(program_memory& p) const {
    for (int i = 0; i < 2; ++i) {
      xl::stream const& q = p.right || i == 0 ? p.a : p.b;
      xl::fill(q, p.managed, i);
      add_one(q, p.managed.view());
    }
  }
};
struct pinned_between_streams {
  static constexpr guise of{kind::stream_race, "pinned", "copy and copy", "function"};
  static void through(xl::stream const& q, xl::buffer<int>& from, xl::pinned_buffer<int>& to) { xl::copy(q, from, to); }
  void operator()(program_memory& p) const {
    through(p.a, p.data, p.pinned);
    if (p.right) p.a.synchronize();
    through(p.b, p.result, p.pinned);
  }
};
struct frees_what_a_stream_uses {
  static constexpr guise of{kind::stream_race, "device", "kernel and free", "scope"};
  void operator()(program_memory& p) const {
    {
      xl::buffer<int> temporary{p.a, 1024};
      xl::fill(p.a, temporary, 0);
      xl::event filled{p.a.device()};
      filled.record(p.a);
      p.b.wait(filled);
      add_one(p.b, temporary.view());
      if (p.right) {
        xl::event used{p.a.device()};
        used.record(p.b);
        p.a.wait(used);
      }
    }
  }
};

// --- the program and a stream ---

struct reads_pinned_at_once {
  static constexpr guise of{kind::program_race, "pinned", "kernel and host", "loop"};
  void operator()(program_memory& p) const {
    add_one(p.a, p.pinned.view());
    if (p.right) p.a.synchronize();
    for (int i = 0; i < 8; ++i) p.numbers[std::size_t(i)] = p.pinned[std::size_t(i)];
  }
};
struct writes_managed_at_once {
  static constexpr guise of{kind::program_race, "managed", "kernel and host", "lambda"};
  void operator()(program_memory& p) const {
    add_one(p.a, p.managed.view());
    auto const set = [&](std::size_t i, int value) { p.managed[i] = value; };
    if (p.right) p.a.device().synchronize();
    set(5, 7);
  }
};
struct fills_staging_in_a_loop {
  static constexpr guise of{kind::program_race, "pinned", "copy and host", "loop"};
  void operator()(program_memory& p) const {
    for (int round = 0; round < 2; ++round) {
      for (int& n : p.pinned) n = round;
      xl::copy(p.a, p.pinned, p.data);
      if (p.right) p.a.synchronize();
    }
  }
};
struct uses_a_vector_at_once {
  static constexpr guise of{kind::program_race, "host", "copy and host", "standard library"};
  void operator()(program_memory& p) const {
    xl::copy(p.a, p.data, p.numbers);
    if (p.right) p.a.synchronize();
    p.pinned[0] = std::accumulate(p.numbers.begin(), p.numbers.end(), 0);
  }
};
struct memcpy_from_pinned_at_once {
  static constexpr guise of{kind::program_race, "pinned", "memcpy", "function"};
  void operator()(program_memory& p) const {
    xl::copy(p.a, p.data, p.pinned);
    if (p.right) p.a.synchronize();
    std::memcpy(p.numbers.data(), p.pinned.data(), 256);
  }
};

// --- device memory in the program ---

struct reads_an_element {
  static constexpr guise of{kind::device_memory, "device", "raw pointer", "straight line"};
  void operator()(program_memory& p) const {
    if (p.right)
      p.numbers[0] = p.pinned[0];
    else
      p.numbers[0] = p.data.data()[0];
  }
};
struct sums_a_view {
  static constexpr guise of{kind::device_memory, "device", "through a span", "loop"};
  void operator()(program_memory& p) const {
    xl::span<int> const view = p.right ? p.managed.view() : p.data.view();
    int sum = 0;
    for (int const n : view) sum += n;
    p.numbers[0] = sum;
  }
};
struct initialises_by_fill {
  static constexpr guise of{kind::device_memory, "device", "raw pointer", "standard library"};
  void operator()(program_memory& p) const {
    int* const begin = p.right ? p.managed.data() : p.data.data();
    std::fill(begin, begin + 16, 3);
  }
};
struct memcpy_for_a_copy {
  static constexpr guise of{kind::device_memory, "device", "memcpy", "function"};
  void operator()(program_memory& p) const {
    if (p.right)
      xl::copy(p.a, p.numbers, p.data);
    else
      std::memcpy(p.data.data(), p.numbers.data(), 1024 * sizeof(int));
    p.a.synchronize();
  }
};

// --- memory of another device ---

/// Streams and buffers of all devices.
struct devices {
  devices() {
    for (int i = 0; i < 2; ++i) {
      streams.emplace_back(xl::device{i});
      buffers.emplace_back(streams.back(), std::size_t{1024});
      xl::fill(streams.back(), buffers.back(), 1);
      streams.back().synchronize();
    }
  }
  std::vector<xl::stream> streams;
  std::vector<xl::buffer<int>> buffers;
};
inline int other_than(xl::device d) { return 1 - d.index(); }

struct kernel_of_the_next_device {
  static constexpr guise of{kind::other_device, "device", "kernel", "function"};
  void operator()(program_memory& p) const {
    devices all;
    int const next = other_than(p.a.device());
    add_one(all.streams[std::size_t(next)], all.buffers[std::size_t(p.right ? next : p.a.device().index())].view());
    all.streams[std::size_t(next)].synchronize();
  }
};
struct fills_for_each_device {
  static constexpr guise of{kind::other_device, "device", "fill", "loop"};
  void operator()(program_memory& p) const {
    devices all;
    for (xl::stream const& q : all.streams) {
      std::size_t const owner = std::size_t(p.right ? q.device().index() : p.a.device().index());
      xl::fill(q, all.buffers[owner].view(), 0);
      q.synchronize();
    }
  }
};
struct sums_of_both_devices {
  struct add {
    template <xl::kernel_context Ctx>
    CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int const> from, xl::span<int> to) const {
      to[ctx.global_rank()] += from[ctx.global_rank()];
    }
  };
  static constexpr guise of{kind::other_device, "device", "through a span", "lambda"};
  void operator()(program_memory& p) const {
    devices all;
    xl::buffer<int> const& theirs = all.buffers[std::size_t(other_than(p.a.device()))];
    auto const gather = [&](xl::span<int const> from) { xl::launch(p.a, {.grid = 4, .block = 256}, add{}, from, p.result); };
    if (p.right) xl::copy(p.a, theirs, p.data);  // copies need no peer access
    gather(p.right ? p.data.view() : theirs.view());
    p.a.synchronize();
  }
};
struct table_of_pointers {
  struct parts {
    int* of[2];
  };
  struct first_of_each {
    template <xl::kernel_context Ctx>
    CROSSLANE_FN void operator()(Ctx const& ctx, parts table, xl::span<int> to) const {
      if (ctx.global_rank() < 2) to[ctx.global_rank()] = *table.of[ctx.global_rank()];
    }
  };
  static constexpr guise of{kind::other_device, "device", "pointer in a struct", "straight line"};
  void operator()(program_memory& p) const {
    devices all;
    parts const table = p.right ? parts{{p.pinned.data(), p.managed.data()}} : parts{{all.buffers[0].data(), all.buffers[1].data()}};
    xl::launch(p.a, {.grid = 1, .block = 64}, first_of_each{}, table, p.result);
    p.a.synchronize();
  }
};

// --- copies ---

struct downloads_a_new_buffer {
  static constexpr guise of{kind::unwritten_memory, "device", "copy", "straight line"};
  void operator()(program_memory& p) const {
    xl::buffer<int> fresh{p.a, 1024};
    if (p.right) xl::fill(p.a, fresh, 0);
    xl::copy(p.a, fresh, p.numbers);
    p.a.synchronize();
  }
};

}  // namespace corpus
