// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Programs that misuse memory of pools, arenas and resources of their own, and the right ones.
#pragma once

#include "corpus.hpp"

#include <crosslane/memory.hpp>

namespace corpus {

/// The streams and the memory of the programs. The pool has given memory before, and has it back; `result` is written.
struct pool_program {
  explicit pool_program(xl::device d) : a{d}, b{d}, pool{d}, scratch{a, 65536}, result{a, 1024} {
    {
      xl::buffer<int> first{a, 1024, pool}, second{a, 1024, pool};
      xl::fill(a, first, 1);
      xl::fill(a, second, 1);
      xl::fill(a, scratch.take<int>(2048), 1);
    }
    scratch.reset();
    xl::fill(a, result, 0);
    a.synchronize();
  }
  xl::stream a, b;
  xl::memory_pool pool;
  xl::arena scratch;
  xl::buffer<int> result;
};

struct sets_all {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> to) const {
    to[ctx.global_rank()] = int(ctx.global_rank());
  }
};
struct sets_one {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const&, xl::span<int> to) const {
    to[7] = 1;
  }
};
struct sets_through_a_pointer {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const&, int* to, unsigned first) const {
    to[first] = 1;  // @beyond_its_piece
  }
};
struct sets_the_next {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const&, int* to, unsigned first) const {
    to[first] = 1;  // @beyond_its_part_of_the_arena
  }
};
inline void set(xl::stream const& q, xl::span<int> x) { xl::launch(q, {.grid = 4, .block = 256}, sets_all{}, x); }

// --- memory of a pool counts as unwritten ---

struct reads_new_memory {
  void operator()(pool_program& p) const {
    xl::buffer<int> x{p.a, 1024, p.pool};
    xl::copy(p.a, x, p.result);  // @reads_new_memory
  }
};
struct writes_new_memory {
  void operator()(pool_program& p) const {
    for (int round = 0; round < 3; ++round) {
      xl::buffer<int> x{p.a, 1024, p.pool};
      set(p.a, x.view());
      xl::copy(p.a, x, p.result);
    }
  }
};
struct reads_new_scratch {
  void operator()(pool_program& p) const {
    xl::copy(p.a, p.scratch.take<int>(1024), p.result);  // @reads_new_scratch
    p.scratch.reset();
  }
};

// --- use of returned memory ---

struct reads_returned_memory {
  void operator()(pool_program& p) const {
    xl::span<int> gone;
    {
      xl::buffer<int> x{p.a, 1024, p.pool};
      set(p.a, x.view());
      gone = x.view();
    }
    xl::copy(p.a, gone, p.result);  // @reads_returned_memory
  }
};
/// The host has waited in between.
struct reads_returned_memory_later {
  void operator()(pool_program& p) const {
    xl::span<int> gone;
    {
      xl::buffer<int> x{p.a, 1024, p.pool};
      set(p.a, x.view());
      gone = x.view();
    }
    p.a.synchronize();
    xl::copy(p.a, gone, p.result);  // @reads_returned_memory_later
  }
};
struct reads_before_the_return {
  void operator()(pool_program& p) const {
    xl::buffer<int> x{p.a, 1024, p.pool};
    set(p.a, x.view());
    xl::copy(p.a, x, p.result);
  }
};
struct uses_scratch_of_the_last_step {
  void operator()(pool_program& p) const {
    xl::span<int> const partial = p.scratch.take<int>(1024);
    set(p.a, partial);
    p.scratch.reset();
    xl::copy(p.a, partial, p.result);  // @uses_scratch_of_the_last_step
  }
};
struct uses_scratch_of_this_step {
  void operator()(pool_program& p) const {
    for (int step = 0; step < 3; ++step) {
      xl::span<int> const other = p.scratch.take<int>(step == 1 ? 100 : 1000);
      xl::fill(p.a, other, step);
      xl::span<int> const partial = p.scratch.take<int>(1024);
      set(p.a, partial);
      xl::copy(p.a, partial, p.result);
      p.scratch.reset();
    }
  }
};

// --- two streams ---

/// b uses the memory of a when a may have returned it already.
struct returned_while_another_stream_uses_it {
  void operator()(pool_program& p) const {
    xl::buffer<int> x{p.a, 1024, p.pool};
    set(p.a, x.view());
    xl::event written{p.a.device()};
    written.record(p.a);
    p.b.wait(written);
    xl::copy(p.b, x, p.result);  // @returned_while_another_stream_uses_it
  }
};
struct returned_when_another_stream_has_used_it {
  void operator()(pool_program& p) const {
    xl::buffer<int> x{p.a, 1024, p.pool};
    set(p.a, x.view());
    xl::event written{p.a.device()}, read{p.a.device()};
    written.record(p.a);
    p.b.wait(written);
    xl::copy(p.b, x, p.result);
    read.record(p.b);
    p.a.wait(read);
  }
};
/// The memory is of a, in the order of its stream: b has not waited.
struct used_on_a_stream_that_did_not_wait {
  void operator()(pool_program& p) const {
    xl::buffer<int> x{p.a, 1024, p.pool};                     // @used_on_a_stream_that_did_not_wait
    xl::launch(p.b, {.grid = 1, .block = 1}, sets_one{}, x);  // @used_on_a_stream_that_did_not_wait
    p.b.synchronize();
  }
};
struct scratch_reset_too_early {
  void operator()(pool_program& p) const {
    xl::span<int> const partial = p.scratch.take<int>(1024);
    set(p.a, partial);
    xl::event written{p.a.device()};
    written.record(p.a);
    p.b.wait(written);
    xl::copy(p.b, partial, p.result);  // @scratch_reset_too_early
    p.scratch.reset();
  }
};
/// The pool orders what it gives to another stream.
struct a_pool_at_its_limit {
  void operator()(pool_program& p) const {
    xl::memory_pool small{p.a.device(), {.limit = 4096}};
    for (int round = 0; round < 3; ++round) {
      xl::buffer<int> of_a{p.a, 1024, small};
      set(p.a, of_a.view());
      of_a = {};
      xl::buffer<int> of_b{p.b, 1024, small};
      set(p.b, of_b.view());
    }
  }
};

/// A resource of the program: gives one piece of memory again and again, to any stream.
class careless final : public xl::memory_resource {
 public:
  careless(xl::stream const& q, bool ordered)
      : xl::memory_resource{q.device()}, memory_{q, 8192}, returned_{q.device()}, ordered_{ordered} {
    q.synchronize();
  }

 private:
  void* do_allocate(xl::stream_ref q, std::size_t, xl::source_location) override {
    if (ordered_) q.wait(returned_);
    return memory_.data();
  }
  void do_deallocate(xl::stream_ref q, void*, std::size_t) override {
    if (ordered_) returned_.record(q);
  }
  xl::buffer<std::byte> memory_;
  xl::event returned_;
  bool ordered_;
};
template <bool Ordered>
struct resource_for_two_streams {
  void operator()(pool_program& p) const {
    careless memory{p.a, Ordered};
    {
      xl::buffer<int> x{p.a, 1024, memory};
      set(p.a, x.view());
    }
    {
      xl::buffer<int> x{p.b, 1024, memory};  // @resource_for_two_streams
      set(p.b, x.view());
    }
    p.a.synchronize();
    p.b.synchronize();
  }
};

// --- bounds ---

struct beyond_its_piece {
  void operator()(pool_program& p) const {
    xl::buffer<int> x{p.a, 1024, p.pool};
    xl::launch(p.a, {.grid = 1, .block = 1}, sets_through_a_pointer{}, x.data(), 1024u);
  }
};
struct beyond_its_part_of_the_arena {
  void operator()(pool_program& p) const {
    xl::span<int> const x = p.scratch.take<int>(64), y = p.scratch.take<int>(64);
    xl::fill(p.a, y, 0);
    xl::launch(p.a, {.grid = 1, .block = 1}, sets_the_next{}, x.data(), 64u);
    p.a.synchronize();
    p.scratch.reset();
  }
};
struct within_its_piece {
  void operator()(pool_program& p) const {
    xl::buffer<int> x{p.a, 1024, p.pool};
    xl::launch(p.a, {.grid = 1, .block = 1}, sets_through_a_pointer{}, x.data(), 1023u);
    xl::buffer<int> y{p.a, 1025, p.pool};
    xl::launch(p.a, {.grid = 1, .block = 1}, sets_through_a_pointer{}, y.data(), 1024u);
  }
};
/// The same memory with other sizes, before the first kernel has run.
struct other_sizes_in_turn {
  void operator()(pool_program& p) const {
    for (std::size_t const n : {1024, 900, 1000, 1024}) {
      xl::buffer<int> x{p.a, n, p.pool};
      xl::fill(p.a, x, 1);
      xl::launch(p.a, {.grid = 1, .block = 1}, sets_through_a_pointer{}, x.data(), unsigned(n - 1));
    }
  }
};

// --- the host ---

struct stages_pinned_memory {
  void operator()(pool_program& p) const {
    xl::pinned_memory_pool pinned{p.a.device()};
    for (int round = 0; round < 3; ++round) {
      xl::pinned_buffer<int> x{p.a, 1024, pinned};
      for (int& element : x) element = round;
      xl::copy(p.a, x, p.result);
    }
  }
};
struct writes_pinned_memory_at_once {
  void operator()(pool_program& p) const {
    xl::pinned_memory_pool pinned{p.a.device()};
    xl::pinned_buffer<int> x{p.a, 1024, pinned};
    xl::copy(p.a, x, p.result);  // @writes_pinned_memory_at_once
    x[7] = 1;                    // @writes_pinned_memory_at_once
    p.a.synchronize();
  }
};
struct uploads_a_vector {
  void operator()(pool_program& p) const {
    xl::staging_ring ring{p.a, {.slot_bytes = 1000, .slots = 2}};
    std::vector<int> values(1024, 3);
    ring.upload(p.a, values, p.result);
    for (int& v : values) v = 0;
    ring.download(p.a, p.result, values);
  }
};

}  // namespace corpus
