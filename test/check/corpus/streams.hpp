// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Accesses of streams and of the host to the same memory that nothing orders. The host programs are wrong, not the kernels.
#pragma once

#include "corpus.hpp"

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <future>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include <poll.h>
#include <unistd.h>

namespace corpus {

/// The streams and memory of the programs. Each buffer has 1024 elements, which are written except those of `unwritten`.
struct program {
  xl::stream const& a;
  xl::stream const& b;
  xl::buffer<int>&data, &result;
  xl::pinned_buffer<int>& pinned;
  xl::managed_buffer<int>& managed;
  std::vector<int>& numbers;
  xl::buffer<int>& unwritten;
};

struct write_all {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> to) const {
    to[ctx.global_rank()] = int(ctx.global_rank());
  }
};
struct double_all {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int const> from, xl::span<int> to) const {
    to[ctx.global_rank()] = 2 * from[ctx.global_rank()];
  }
};
struct count_all {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> counter) const {
    xl::atomic(ctx, counter[0]).fetch_add(1);
  }
};
inline constexpr unsigned blocks = 4, threads = 256;

// --- two streams ---

struct other_stream {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.data);             // @other_stream
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, p.data, p.result);  // @other_stream
  }
};
struct other_stream_waits {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.data);
    xl::event written{p.a.device()};
    written.record(p.a);
    p.b.wait(written);
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, p.data, p.result);
  }
};

/// The upload runs on a separate stream.
struct upload_beside_the_kernel {
  void operator()(program& p) const {
    xl::copy(p.a, p.numbers, p.data);                                                     // @upload_beside_the_kernel
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, p.data, p.result);  // @upload_beside_the_kernel
  }
};
struct upload_before_the_kernel {
  void operator()(program& p) const {
    xl::copy(p.a, p.numbers, p.data);
    p.a.synchronize();
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, p.data, p.result);
  }
};

/// A buffer is uploaded for the next round while the kernel of this round still reads it.
struct buffer_used_again_at_once {
  void operator()(program& p) const {
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, p.data, p.result);  // @buffer_used_again_at_once
    xl::copy(p.a, p.numbers, p.data);                                                     // @buffer_used_again_at_once
  }
};
struct buffer_used_again_when_read {
  void operator()(program& p) const {
    xl::event read{p.a.device()};
    for (int round = 0; round < 3; ++round) {
      p.a.wait(read);
      xl::copy(p.a, p.numbers, p.data);
      xl::event written{p.a.device()};
      written.record(p.a);
      p.b.wait(written);
      xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, p.data, p.result);
      read.record(p.b);
    }
  }
};

struct download_beside_a_fill {
  void operator()(program& p) const {
    xl::fill(p.a, p.data, 0);          // @download_beside_a_fill
    xl::copy(p.b, p.data, p.numbers);  // @download_beside_a_fill
  }
};
struct download_behind_a_fill {
  void operator()(program& p) const {
    xl::fill(p.a, p.data, 0);
    xl::copy(p.a, p.data, p.numbers);
  }
};
/// Copies and kernels that share no byte.
struct halves {
  void operator()(program& p) const {
    xl::fill(p.a, p.data.view().subspan(0, 511), 0);
    xl::copy(p.b, p.data.view().subspan(511, 513), p.result.view().subspan(0, 513));
    xl::launch(p.a, {.grid = 1, .block = threads}, write_all{}, p.result.view().subspan(513, 256));
  }
};

/// The event is recorded before the work that it should cover is queued.
struct event_recorded_too_early {
  void operator()(program& p) const {
    xl::event written{p.a.device()};
    written.record(p.a);
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.data);  // @event_recorded_too_early
    p.b.wait(written);
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, p.data, p.result);  // @event_recorded_too_early
  }
};
/// The order passes through a third stream.
struct event_of_an_event {
  void operator()(program& p) const {
    xl::stream const c{p.a.device()};
    xl::event first{p.a.device()}, second{p.a.device()};
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.data);
    first.record(p.a);
    c.wait(first);
    second.record(c);
    p.b.wait(second);
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, p.data, p.result);
    p.b.synchronize();
  }
};

/// Three streams read; the stream that writes has waited for two of them.
struct third_reader_forgotten {
  void operator()(program& p) const {
    xl::stream const c{p.a.device()}, d{p.a.device()};
    xl::buffer<int> of_c{c, 1024}, of_d{d, 1024};
    xl::event first{p.a.device()}, second{p.a.device()};
    xl::copy(p.a, p.data, p.result);
    first.record(p.a);
    xl::copy(c, p.data, of_c);  // @third_reader_forgotten
    xl::copy(d, p.data, of_d);
    second.record(d);
    p.b.wait(first);
    p.b.wait(second);
    xl::fill(p.b, p.data, 0);  // @third_reader_forgotten
  }
};

/// A stream frees a buffer while another stream still writes it.
struct freed_too_early {
  void operator()(program& p) const {
    xl::buffer<int> scratch{p.a, 1024};
    xl::launch(p.b, {.grid = blocks, .block = threads}, write_all{}, scratch);  // @freed_too_early
  }
};
struct freed_behind_the_kernel {
  void operator()(program& p) const {
    xl::buffer<int> scratch{p.a, 1024};
    p.a.synchronize();
    xl::launch(p.b, {.grid = blocks, .block = threads}, write_all{}, scratch);
    xl::event done{p.a.device()};
    done.record(p.b);
    p.a.wait(done);
  }
};

// --- memory that is allocated in the order of a stream ---

/// Written in the order of b, which does not wait for the allocation in the order of a.
struct allocated_by_another_stream {
  void operator()(program& p) const {
    xl::buffer<int> scratch{p.a, 1024};                                         // @allocated_by_another_stream
    xl::launch(p.b, {.grid = blocks, .block = threads}, write_all{}, scratch);  // @allocated_by_another_stream
    p.b.synchronize();
  }
};
struct allocated_by_a_stream_that_is_waited_for {
  void operator()(program& p) const {
    xl::buffer<int> scratch{p.a, 1024};
    xl::event made{p.a.device()};
    made.record(p.a);
    p.b.wait(made);
    xl::launch(p.b, {.grid = blocks, .block = threads}, write_all{}, scratch);
    p.b.synchronize();
  }
};
/// The same, with the uploads of a port that called cudaMalloc. Both buffers miss the same event.
struct uploaded_by_another_stream {
  void operator()(program& p) const {
    xl::buffer<int> first{p.a, 1024}, second{p.a, 1024};  // @uploaded_by_another_stream
    xl::copy(p.b, p.numbers, first);                      // @uploaded_by_another_stream
    xl::copy(p.b, p.numbers, second);
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, first, second);
    p.b.synchronize();
  }
};
/// The host waits for the stream of the allocation. Pinned memory is allocated at once.
struct uploaded_when_allocated {
  void operator()(program& p) const {
    xl::buffer<int> first{p.a, 1024};
    xl::pinned_buffer<int> second{p.a, 1024};
    p.a.synchronize();
    xl::copy(p.b, p.numbers, first);
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, first, second);
    p.b.synchronize();
  }
};
/// The event is recorded before the second allocation.
struct allocated_behind_the_event {
  void operator()(program& p) const {
    xl::buffer<int> early{p.a, 1024};
    xl::event made{p.a.device()};
    made.record(p.a);
    xl::buffer<int> late{p.a, 1024};  // @allocated_behind_the_event
    p.b.wait(made);
    xl::fill(p.b, early, 1);
    xl::fill(p.b, late, 1);  // @allocated_behind_the_event
    p.b.synchronize();
  }
};
/// The wait for the upload includes the allocation.
struct uploaded_then_used {
  void operator()(program& p) const {
    xl::buffer<int> const data = xl::make_buffer(p.a, p.numbers);
    xl::event there{p.a.device()};
    there.record(p.a);
    p.b.wait(there);
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, data, p.result);
    p.b.synchronize();
  }
};

/// A pool of the program's own gives a part of a buffer to b while work of a still uses it.
struct pool_without_order {
  void operator()(program& p) const {
    xl::span<int> const part = p.data.subspan(256, 256);
    xl::launch(p.a, {.grid = 1, .block = threads}, write_all{}, part);  // @pool_without_order
    xl::launch(p.b, {.grid = 1, .block = threads}, write_all{}, part);  // @pool_without_order
  }
};
/// The pool of the device orders the memory that it gives to another stream.
struct pool_of_the_device {
  void operator()(program& p) const {
    for (int round = 0; round < 3; ++round) {
      xl::buffer<int> of_a{p.a, 1024};
      xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, of_a);
      of_a = {};
      xl::buffer<int> of_b{p.b, 1024};
      xl::launch(p.b, {.grid = blocks, .block = threads}, write_all{}, of_b);
    }
  }
};

// --- one stream reads what another writes for the first time ---

struct read_before_it_is_written {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.unwritten);             // @read_before_it_is_written
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, p.unwritten, p.result);  // @read_before_it_is_written
  }
};
struct downloaded_before_it_is_written {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.unwritten);  // @downloaded_before_it_is_written
    xl::copy(p.b, p.unwritten, p.numbers);                                          // @downloaded_before_it_is_written
    p.b.synchronize();
  }
};
/// The allocation is not waited for either. The event that is missing orders both.
struct allocated_and_written_by_another_stream {
  void operator()(program& p) const {
    xl::buffer<int> scratch{p.a, 1024};
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, scratch);             // @allocated_and_written_by_another_stream
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, scratch, p.result);  // @allocated_and_written_by_another_stream
    p.a.device().synchronize();
  }
};
/// Another stream runs meanwhile, and writes something else.
struct written_by_nobody {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.data);
    xl::copy(p.b, p.unwritten, p.numbers);  // @written_by_nobody
  }
};
struct read_when_it_is_written {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.unwritten);
    p.a.synchronize();
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, p.unwritten, p.result);
    xl::copy(p.b, p.unwritten, p.numbers);
  }
};

// --- two devices ---

/// A kernel and a fill of one device use memory of the other. A view does not know its device.
struct kernel_of_another_device {
  void operator()(program& p) const {
    xl::stream const other{xl::device{1 - p.a.device().index()}};
    xl::launch(other, {.grid = blocks, .block = threads}, write_all{}, p.data.view());  // @kernel_of_another_device
  }
};
struct fill_of_another_device {
  void operator()(program& p) const {
    xl::stream const other{xl::device{1 - p.a.device().index()}};
    xl::fill(other, p.data.view(), 0);  // @fill_of_another_device
  }
};
/// Copies between devices need no peer access, and pinned and managed memory belongs to all devices.
struct copy_to_another_device {
  void operator()(program& p) const {
    xl::stream const other{xl::device{1 - p.a.device().index()}};
    xl::buffer<int> there{other, 1024};
    xl::copy(other, p.data, there);
    xl::copy(other, p.result.view(), there);
    xl::launch(other, {.grid = blocks, .block = threads}, double_all{}, there, p.pinned);
    xl::launch(other, {.grid = blocks, .block = threads}, write_all{}, p.managed);
  }
};

// --- atomic operations ---

/// Atomic operations whose scope includes the other kernel do not race with each other.
struct counts_beside_a_fill {
  void operator()(program& p) const {
    xl::fill(p.a, p.data, 0);                                                  // @counts_beside_a_fill
    xl::launch(p.b, {.grid = blocks, .block = threads}, count_all{}, p.data);  // @counts_beside_a_fill
  }
};
struct both_count {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, count_all{}, p.data);
    xl::launch(p.b, {.grid = blocks, .block = threads}, count_all{}, p.data);
  }
};

/// Both write all elements after their atomic operation, which releases only what comes before it.
struct counts_then_writes {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> counter, xl::span<int> data) const {
    xl::atomic(ctx, counter[0]).fetch_add(1, xl::acq_rel{});
    data[ctx.global_rank()] = 1;
  }
};
struct both_write_when_counted {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, counts_then_writes{}, p.result, p.data);  // @both_write_when_counted
    xl::launch(p.b, {.grid = blocks, .block = threads}, counts_then_writes{}, p.result, p.data);  // @both_write_when_counted
  }
};

/// Each of two kernels writes half of the data. The one that is counted last reads both halves.
template <class Order>
struct reads_if_last {
  struct shared {
    bool last;
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, xl::span<int> data, xl::span<int> result, unsigned half) const {
    unsigned const t = ctx.thread_rank();
    data[half * 256 + t] = int(t);
    ctx.sync_block();
    if (t == 0) s.last = xl::atomic(ctx, data[1023]).fetch_add(1, Order{}) == 1;
    ctx.sync_block();
    if (s.last) result[t] = data[t] + data[256 + t];
  }
};
template <class Order>
struct last_of_two {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = 1, .block = threads}, reads_if_last<Order>{}, p.data, p.result, 0u);  // @last_of_two
    xl::launch(p.b, {.grid = 1, .block = threads}, reads_if_last<Order>{}, p.data, p.result, 1u);  // @last_of_two
  }
};

/// A kernel publishes data by a flag. The other reads the data if the flag is set.
template <xl::scope Scope, class Order>
struct publishes {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> data) const {
    data[ctx.thread_rank()] = 5;
    ctx.sync_block();
    if (ctx.thread_rank() == 0) xl::atomic<Scope>(ctx, data[1023]).store(1, Order{});
  }
};
struct reads_if_published {
  struct shared {
    bool there;
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, xl::span<int> data, xl::span<int> result) const {
    if (ctx.thread_rank() == 0) s.there = xl::atomic(ctx, data[1023]).load(xl::acquire{}) == 1;
    ctx.sync_block();
    if (s.there) result[ctx.thread_rank()] = data[ctx.thread_rank()];
  }
};
template <xl::scope Scope, class Order>
struct published_to_another_stream {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = 1, .block = threads}, publishes<Scope, Order>{}, p.data);       // @published_to_another_stream
    xl::launch(p.b, {.grid = 1, .block = threads}, reads_if_published{}, p.data, p.result);  // @published_to_another_stream
  }
};
/// An atomic store to the data before or behind the store to the flag.
template <bool Before>
struct stores_beside_the_flag {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> data) const {
    if (Before) xl::atomic(ctx, data[ctx.thread_rank()]).store(5, xl::relaxed{});
    ctx.sync_block();
    if (ctx.thread_rank() != 0) return;
    xl::atomic(ctx, data[1023]).store(1, xl::release{});
    if (!Before) xl::atomic(ctx, data[0]).store(6, xl::relaxed{});
  }
};
template <bool Before>
struct stored_atomically {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = 1, .block = threads}, stores_beside_the_flag<Before>{}, p.data);  // @stored_atomically
    xl::launch(p.b, {.grid = 1, .block = threads}, reads_if_published{}, p.data, p.result);    // @stored_atomically
  }
};
/// The host waits for the flag.
template <xl::scope Scope>
struct published_to_the_host {
  void operator()(program& p) const {
    std::atomic_ref<int> const flag{p.pinned[1023]};
    xl::launch(p.a, {.grid = 1, .block = threads}, publishes<Scope, xl::release>{}, p.pinned);  // @published_to_the_host
    while (flag.load(std::memory_order_acquire) == 0) {                                         // @published_to_the_host
    }
    p.numbers[0] = p.pinned[0];
  }
};

// --- the program and a stream ---

struct reads_at_once {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.pinned);  // @reads_at_once
    p.numbers[0] = p.pinned[0];                                                  // @reads_at_once
  }
};
struct reads_when_done {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.pinned);
    p.a.synchronize();
    p.numbers[0] = p.pinned[0];
  }
};

struct download_not_waited_for {
  void operator()(program& p) const {
    xl::copy(p.a, p.data, p.pinned);  // @download_not_waited_for
    int sum = 0;
    for (int const n : p.pinned) sum += n;  // @download_not_waited_for
    p.numbers[0] = sum;
  }
};
struct download_waited_for {
  void operator()(program& p) const {
    xl::copy(p.a, p.data, p.pinned);
    xl::event done{p.a.device()};
    done.record(p.a);
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.data);
    done.synchronize();
    int sum = 0;
    for (int const n : p.pinned) sum += n;
    p.numbers[0] = sum;
  }
};

/// The host fills a staging buffer again before the copy from it is done.
struct staging_filled_again {
  void operator()(program& p) const {
    xl::copy(p.a, p.pinned, p.data);  // @staging_filled_again
    p.pinned[7] = 7;                  // @staging_filled_again
  }
};
struct staging_filled_when_read {
  void operator()(program& p) const {
    p.pinned[7] = 7;
    xl::copy(p.a, p.pinned, p.data);
    while (!p.a.query()) {
    }
    p.pinned[7] = 8;
  }
};

/// A copy to an array of the host.
struct result_used_at_once {
  void operator()(program& p) const {
    xl::copy(p.a, p.data, p.numbers);  // @result_used_at_once
    p.pinned[0] = p.numbers[1023];     // @result_used_at_once
  }
};
struct result_used_when_there {
  void operator()(program& p) const {
    std::vector<int> of_b(1024);
    xl::copy(p.b, p.data, of_b);
    xl::copy(p.a, p.data, p.numbers);
    p.a.synchronize();
    p.pinned[0] = p.numbers[1023];
    p.b.synchronize();
  }
};

/// A copy from an array of the host.
struct array_changed_at_once {
  void operator()(program& p) const {
    xl::copy(p.a, p.numbers, p.data);  // @array_changed_at_once
    p.numbers[512] = 1;                // @array_changed_at_once
  }
};
struct array_read_at_once {
  void operator()(program& p) const {
    p.numbers[512] = 1;
    xl::copy(p.a, p.numbers, p.data);
    p.pinned[0] = p.numbers[512];
    xl::rows const from{p.numbers, 32, 16, 32}, to{p.data, 32, 16, 32};
    p.a.synchronize();
    xl::copy_2d(p.a, from, to);
    p.numbers[16] = p.numbers[31 + 32] = 1;  // between its rows
  }
};

/// A vector dies before the copy from it, or to it, is done.
template <bool Waits>
struct vector_dies {
  static constexpr bool uses_freed_memory = true;  // unless the checker keeps it
  void operator()(program& p) const {
    std::vector<int> const values(1024, 1);
    xl::copy(p.a, values, p.data);  // @vector_dies
    if constexpr (Waits) p.a.synchronize();
  }  // @vector_dies
};
template <bool Waits>
struct result_dies {
  static constexpr bool uses_freed_memory = true;  // unless the checker keeps it
  void operator()(program& p) const {
    auto const result = std::make_unique<int[]>(1024);
    xl::copy(p.a, p.data, xl::span<int>{result.get(), 1024});  // @result_dies
    if constexpr (Waits) p.a.synchronize();
  }  // @result_dies
};
/// The vector grows, and so frees its memory.
struct vector_grows {
  static constexpr bool uses_freed_memory = true;  // unless the checker keeps it
  void operator()(program& p) const {
    std::vector<int> values(1024, 1);
    xl::copy(p.a, values, p.data);  // @vector_grows
    values.push_back(2);            // @vector_grows
    p.a.synchronize();
  }
};
/// A callback behind the copy owns the vector.
struct vector_of_a_callback {
  void operator()(program& p) const {
    auto values = std::make_unique<std::vector<int>>(1024, 1);
    xl::copy(p.a, *values, p.data);
    p.a.host_callback([owned = values.release()] { delete owned; });
  }
};

struct waits_for_another_stream {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, double_all{}, p.managed, p.result);  // @waits_for_another_stream
    p.b.synchronize();
    p.managed[3] = 3;  // @waits_for_another_stream
  }
};
/// The host and a kernel may both read.
struct reads_what_a_kernel_reads {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, double_all{}, p.managed, p.result);
    p.numbers[0] = p.managed[3];
    p.a.device().synchronize();
    p.managed[3] = 3;
  }
};

/// The host waits until a callback has set a flag.
struct told_by_a_callback {
  void operator()(program& p) const {
    std::atomic<bool> done{false};
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.pinned);
    p.a.host_callback([&] { done = true; });
    while (!done) {
    }
    p.numbers[0] = p.pinned[0];
  }
};
/// A callback blocks a stream until the host has written the data that the next kernel reads.
struct held_by_a_callback {
  void operator()(program& p) const {
    std::atomic<bool> go{false};
    p.a.host_callback([&] {
      while (!go) {
      }
    });
    xl::launch(p.a, {.grid = blocks, .block = threads}, double_all{}, p.pinned, p.result);
    for (int& n : p.pinned) n = 1;
    go = true;
    p.a.synchronize();
  }
};

/// The host writes once more behind its store to the flag.
template <bool Again>
struct written_behind_the_flag {
  void operator()(program& p) const {
    std::atomic<bool> go{false};
    p.a.host_callback([&] {
      while (!go) {
      }
    });
    xl::launch(p.a, {.grid = blocks, .block = threads}, double_all{}, p.pinned, p.result);  // @written_behind_the_flag
    p.pinned[1] = 1;
    go = true;
    if (Again) p.pinned[0] = 2;  // @written_behind_the_flag
    p.a.synchronize();
  }
};
/// The same for a kernel that waits for the host's flag.
struct doubles_when_told {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> shared, xl::span<int> to) const {
    auto const flag = xl::atomic<xl::scope::system>(ctx, shared[1023]);
    while (flag.load(xl::acquire{}) == 0) {
    }
    to[0] = shared[0] + shared[1];
  }
};
template <bool Again>
struct written_behind_the_kernel_s_flag {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = 1, .block = 1}, doubles_when_told{}, p.pinned, p.result);  // @written_behind_the_kernel_s_flag
    p.pinned[1] = 1;
    std::atomic_ref<int>{p.pinned[1023]}.store(1, std::memory_order_release);
    if (Again) p.pinned[0] = 2;  // @written_behind_the_kernel_s_flag
    p.a.synchronize();
  }
};
/// The host's store must release.
template <std::memory_order Store>
struct told_by_the_host {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = 1, .block = 1}, doubles_when_told{}, p.pinned, p.result);  // @told_by_the_host
    p.pinned[1] = 1;                                                                    // @told_by_the_host
    std::atomic_ref<int>{p.pinned[1023]}.store(1, Store);
    p.a.synchronize();
  }
};
/// The store of a kernel must release, and the host must acquire what it reads.
template <class Store, bool Fence>
struct tells_the_host {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> shared) const {
    shared[0] = 42;
    if (Fence) xl::fence<xl::scope::system>(ctx, xl::release{});
    xl::atomic<xl::scope::system>(ctx, shared[1023]).store(1, Store{});
  }
};
template <class Store, bool Fence, std::memory_order Read>
struct told_by_a_kernel {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = 1, .block = 1}, tells_the_host<Store, Fence>{}, p.pinned);  // @told_by_a_kernel
    while (std::atomic_ref<int>{p.pinned[1023]}.load(Read) != 1) {
    }
    p.numbers[0] = p.pinned[0];  // @told_by_a_kernel
    p.a.synchronize();
  }
};
/// The host knows what the kernel that has told it knew, and nothing of other streams. That kernel knows what it has acquired.
struct tells_what_it_has_read {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> shared) const {
    if (xl::atomic<xl::scope::system>(ctx, shared[1023]).load(xl::acquire{}) == 1)
      xl::atomic<xl::scope::system>(ctx, shared[1022]).store(1, xl::release{});
  }
};
template <bool HasRead>
struct told_by_another_kernel {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = 1, .block = 1}, tells_the_host<xl::release, false>{}, p.pinned);  // @told_by_another_kernel
    while (std::atomic_ref<int>{p.pinned[1023]}.load(std::memory_order_relaxed) != 1) {
    }
    if (HasRead)
      xl::launch(p.b, {.grid = 1, .block = 1}, tells_what_it_has_read{}, p.pinned);
    else
      xl::launch(p.b, {.grid = 1, .block = 1}, tells_the_host<xl::release, false>{}, p.managed);
    int& flag = HasRead ? p.pinned[1022] : p.managed[1023];
    while (std::atomic_ref<int>{flag}.load(std::memory_order_acquire) != 1) {
    }
    p.numbers[0] = p.pinned[0];  // @told_by_another_kernel
    p.a.synchronize();
    p.b.synchronize();
  }
};
/// To queue a callback is not to wait for it.
template <bool Waits>
struct behind_a_callback_of_the_stream {
  void operator()(program& p) const {
    std::promise<void> done;
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.pinned);  // @behind_a_callback_of_the_stream
    p.a.host_callback([&] { done.set_value(); });
    if (Waits) done.get_future().wait();
    p.numbers[0] = p.pinned[3];  // @behind_a_callback_of_the_stream
    p.a.synchronize();
  }
};
/// The callback tells the host by a condition variable, which code without the compiler's calls waits for.
struct told_by_a_condition {
  void operator()(program& p) const {
    std::mutex mutex;
    std::condition_variable condition;
    bool done = false;
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.pinned);
    p.a.host_callback([&] {
      std::lock_guard const guard{mutex};
      done = true;
      condition.notify_one();
    });
    {
      std::unique_lock lock{mutex};
      condition.wait(lock, [&] { return done; });
    }
    p.numbers[0] = p.pinned[3];
    p.a.synchronize();
  }
};
/// The callback tells the host by a pipe, for which it waits in a call that is not seen.
struct told_by_a_pipe {
  void operator()(program& p) const {
    int ends[2] = {};
    if (pipe(ends) != 0) return;
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.pinned);
    p.a.host_callback([out = ends[1]] {
      timespec const pause{0, 1'000'000};
      nanosleep(&pause, nullptr);
      (void)!write(out, "x", 1);
    });
    pollfd polled{ends[0], POLLIN, 0};
    (void)poll(&polled, 1, -1);
    p.numbers[0] = p.pinned[3];
    p.a.synchronize();
    close(ends[0]);
    close(ends[1]);
  }
};
/// The host locks the mutex that a callback waits for, and writes behind it.
struct written_behind_the_mutex {
  void operator()(program& p) const {
    std::mutex mutex;
    std::unique_lock lock{mutex};
    std::atomic<bool> passed{false};
    p.a.host_callback([&] {
      std::lock_guard const guard{mutex};
      passed.store(true);
    });
    xl::launch(p.a, {.grid = blocks, .block = threads}, double_all{}, p.pinned, p.result);  // @written_behind_the_mutex
    p.pinned[1] = 1;
    lock.unlock();
    while (!passed.load()) {
    }
    p.pinned[0] = 2;  // @written_behind_the_mutex
    p.a.synchronize();
  }
};

/// The same with a mutex, and with a call that blocks in a library.
struct held_by_a_mutex {
  void operator()(program& p) const {
    std::mutex mutex;
    std::unique_lock lock{mutex};
    p.a.host_callback([&] { std::lock_guard const guard{mutex}; });
    xl::launch(p.a, {.grid = blocks, .block = threads}, double_all{}, p.pinned, p.result);
    for (int& n : p.pinned) n = 1;
    lock.unlock();
    p.a.synchronize();
  }
};
/// A callback that tries again and again to take a lock is never blocked.
template <class Lock, template <class> class Guard>
struct held_by_a_lock_that_is_tried {
  void operator()(program& p) const {
    Lock lock;
    lock.lock();
    p.a.host_callback([&] {
      while (!Guard<Lock>{lock, std::try_to_lock}) {
      }
    });
    xl::launch(p.a, {.grid = blocks, .block = threads}, double_all{}, p.pinned, p.result);
    p.pinned[0] = 2;
    lock.unlock();
    p.a.synchronize();
  }
};
struct held_by_a_future {
  void operator()(program& p) const {
    std::promise<void> go;
    p.a.host_callback([&] { go.get_future().wait(); });
    xl::launch(p.a, {.grid = blocks, .block = threads}, double_all{}, p.pinned, p.result);
    for (int& n : p.pinned) n = 1;
    go.set_value();
    p.a.synchronize();
  }
};
/// A callback that waits for nobody does not order the kernel behind it with what the host does meanwhile.
struct behind_a_callback {
  void operator()(program& p) const {
    p.a.host_callback([&p] { p.numbers[0] += 1; });
    xl::launch(p.a, {.grid = blocks, .block = threads}, double_all{}, p.pinned, p.result);  // @behind_a_callback
    p.pinned[3] = 3;                                                                        // @behind_a_callback
  }
};
/// A callback says that earlier work is done. The host uses the memory of later work.
struct told_too_early {
  void operator()(program& p) const {
    std::atomic<bool> done{false};
    p.a.host_callback([&] { done = true; });
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.pinned);  // @told_too_early
    while (!done) {
    }
    p.numbers[0] = p.pinned[0];  // @told_too_early
    p.a.synchronize();
  }
};

/// A callback of another stream, which does not wait for the kernel.
struct callback_beside_a_kernel {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.pinned);  // @callback_beside_a_kernel
    p.b.host_callback([&p] { p.pinned[3] = 3; });                                // @callback_beside_a_kernel
  }
};
/// A stream frees a buffer that a callback of another stream writes.
struct freed_beside_a_callback {
  void operator()(program& p) const {
    int* const gone = xl::pinned_buffer<int>{p.a, 1024}.data();
    p.b.host_callback([gone] { gone[3] = 3; });  // @freed_beside_a_callback
  }
};
/// A callback orders only work that is queued after it, not all work that runs later.
struct callback_of_a_third_stream {
  void operator()(program& p) const {
    xl::launch(p.a, {.grid = blocks, .block = threads}, write_all{}, p.data);             // @callback_of_a_third_stream
    xl::launch(p.b, {.grid = blocks, .block = threads}, double_all{}, p.data, p.result);  // @callback_of_a_third_stream
    p.a.synchronize();
    xl::stream const c{p.a.device()};
    c.host_callback([] {});
    c.synchronize();
  }
};

// --- copies ---

struct copies_from_a_freed_buffer {
  void operator()(program& p) const {
    xl::span<int> gone;
    {
      xl::buffer<int> scratch{p.a, 1024};
      xl::fill(p.a, scratch, 0);
      gone = scratch.view();
    }
    xl::copy(p.a, gone, p.data);  // @copies_from_a_freed_buffer
  }
};
struct copies_from_a_living_buffer {
  void operator()(program& p) const {
    xl::buffer<int> scratch{p.a, 1024};
    xl::fill(p.a, scratch, 0);
    xl::copy(p.a, scratch, p.data);
  }
};

struct copies_beyond_the_end {
  void operator()(program& p) const {
    xl::span<int> const late{p.data.data() + 24, 1024};
    xl::copy(p.a, p.result, late);  // @copies_beyond_the_end
  }
};
struct copies_to_the_end {
  void operator()(program& p) const {
    xl::span<int> const late{p.data.data() + 24, 1000};
    xl::copy(p.a, p.result.view().subspan(0, 1000), late);
  }
};

struct downloads_nothing {
  void operator()(program& p) const {
    xl::buffer<int> scratch{p.a, 1024};
    xl::copy(p.a, scratch, p.numbers);  // @downloads_nothing
  }
};
/// A part of the copied memory may be unwritten.
struct downloads_something {
  void operator()(program& p) const {
    xl::buffer<int> scratch{p.a, 1024};
    xl::launch(p.a, {.grid = 1, .block = threads}, write_all{}, scratch);
    xl::copy(p.a, scratch, p.numbers);
  }
};

}  // namespace corpus
