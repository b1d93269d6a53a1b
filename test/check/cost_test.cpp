// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The memory and time that full checks take. Memory is measured as that of the process, time as that of the processor.
#include "../../src/checker/shared_numbers.hpp"

#include <crosslane/check.hpp>
#include <support/target.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include <malloc.h>
#include <unistd.h>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

template <class T>
struct write_each {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<T> data) const {
    for (auto const i : ctx.grid_stride(data.size())) data[i] = T(i);
  }
};
/// Each element is read by three threads.
template <class T>
struct read_neighbours {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<T const> data, xl::span<unsigned> found) const {
    unsigned sum = 0;
    for (auto const i : ctx.grid_stride(data.size())) sum += unsigned(data[i] + data[(i + 1) % data.size()] + data[(i + 40) % data.size()]);
    if (sum == ~0u) found[0] = 1;  // never: what is read must be used
  }
};

/// Each thread orders itself behind all that have taken a ticket before.
struct take_tickets {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<unsigned> taken, xl::span<unsigned> out) const {
    out[xl::atomic(ctx, taken[0]).fetch_add(1, xl::acq_rel{})] = 1;
  }
};
struct cross_barriers {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<unsigned> data, unsigned rounds) const {
    for (unsigned i = 0; i < rounds; ++i) {
      data[ctx.global_rank()] += i;
      ctx.sync_block();
    }
  }
};
struct answer_when_asked {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<unsigned> flags) const {
    while (xl::atomic<xl::scope::system>(ctx, flags[0]).load(xl::acquire{}) == 0) {
    }
    xl::atomic<xl::scope::system>(ctx, flags[1]).store(1, xl::release{});
  }
};

/// The first lane of each wave takes a lock, of all waves or of its own.
struct lock_of_waves {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<int> data, bool of_all) const {
    unsigned const lock = of_all ? 0 : 2 * ctx.wave_rank();
    for (unsigned round = 0; round < 20; ++round) {
      if (ctx.lane_rank() == 0) {
        while (xl::atomic(ctx, data[lock]).exchange(1, xl::acquire{}) != 0) {
        }
        data[lock + 1] += 1;
        xl::atomic(ctx, data[lock]).store(0, xl::release{});
      }
      xl::wave(ctx).sync();
    }
  }
};

/// Repeats one mistake, or does the same without it.
enum class mistake {
  race,
  race_in_shared_memory,
  scope,
  unwritten,
  out_of_bounds,
  freed,
  pending_copy,
  variable,
  heap,
  local_variable,
  misaligned,
  cast,
  shift,
};
struct memory {
  xl::span<int> data;
  int *gone, *heap;
};

template <mistake M>
struct repeats {
  static constexpr unsigned block_threads = 256;
  /// A compiler reads no variable whose value it knows.
  static inline int variable = std::rand();
  struct shared {
    int value[block_threads];
    int* local;
  };
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, shared& s, memory m, bool right) const {
    unsigned const t = ctx.thread_rank(), i = ctx.global_rank();
    xl::span<int> const unwritten = m.data.subspan(m.data.size() / 2, m.data.size() / 2);
    if constexpr (M == mistake::race) {
      m.data[right ? i : i % 64] = 1;
    } else if constexpr (M == mistake::race_in_shared_memory) {
      s.value[right ? t : 0] = 1;
    } else if constexpr (M == mistake::scope) {
      if (right)
        xl::atomic(ctx, m.data[i % 64]).fetch_add(1, xl::relaxed{});
      else
        xl::atomic<xl::scope::wave>(ctx, m.data[i % 64]).fetch_add(1, xl::relaxed{});
    } else if constexpr (M == mistake::unwritten) {
      if (right) unwritten[i] = 1;
      read(m, &unwritten[i]);
    } else if constexpr (M == mistake::out_of_bounds) {
      read(m, m.data.data() + (right ? i : m.data.size() + i % 256));
    } else if constexpr (M == mistake::freed) {
      read(m, right ? &m.data[i] : m.gone + i % 256);
    } else if constexpr (M == mistake::pending_copy) {
      xl::async_copies copies{ctx};
      copies.copy(s.value[t], m.data[i]);
      copies.commit();
      if (right) copies.wait();
      read(m, &s.value[t]);
      if (!right) copies.wait();
    } else if constexpr (M == mistake::variable) {
      read(m, right ? &m.data[i] : &variable);
    } else if constexpr (M == mistake::heap) {
      read(m, right ? &m.data[i] : m.heap + i % 256);
    } else if constexpr (M == mistake::local_variable) {
      int mine = int(t);
      if (t == 0) s.local = &mine;
      ctx.sync_block();
      read(m, right ? &m.data[i] : s.local);
      ctx.sync_block();
    } else if constexpr (M == mistake::misaligned) {
      read(m, reinterpret_cast<int const*>(reinterpret_cast<char const*>(&m.data[i]) + (right ? 0 : 2)));
    } else if constexpr (M == mistake::cast) {
      m.data[i] = int(unsigned(float(t) - (right ? 0.0f : 1000.0f)));
    } else if constexpr (M == mistake::shift) {
      m.data[i] = 1 << (right ? t % 32 : 32 + t);
    }
  }

 private:
  static void read(memory m, int const* from) {
    if (*from == 77) m.data[0] = 1;
  }
};

std::size_t resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  std::size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * std::size_t(sysconf(_SC_PAGESIZE));
}

/// Returns the additional bytes for each byte of the buffer, after two kernels with this many threads. The checker discards notes when the
/// host waits, so the measurement is work of the stream itself.
template <class T>
double notes_per_byte(xl::device d, unsigned grid) {
  constexpr std::size_t bytes = std::size_t{1} << 20;
  constexpr unsigned block = 256;
  xl::stream const q{d};
  xl::buffer<T> data{q, bytes / sizeof(T)};
  xl::buffer<unsigned> found{q, 1};
  xl::fill(q, data, T(0));
  q.synchronize();
  malloc_trim(0);
  std::size_t const before = resident_bytes();
  std::size_t after = 0;
  xl::launch(q, {.grid = grid, .block = block}, write_each<T>{}, data);
  xl::launch(q, {.grid = grid, .block = block}, read_neighbours<T>{}, data, found);
  q.native()->template enqueue<xl::host>([&after] { after = resident_bytes(); });
  q.synchronize();
  return double(after - before) / double(bytes);
}

template <class T>
void expect_at_most(xl::device d, char const* type, unsigned grid, double most) {
  double const found = notes_per_byte<T>(d, grid);
  std::printf("%s, %u threads: %.1f bytes of notes for each byte\n", type, grid * 256, found);
  CROSSLANE_CHECK(found > 1 && found <= most);
}

}  // namespace

/// Each thread has notes for each of its segments between two synchronisations. Their size matters if there are as many threads as
/// elements.
CROSSLANE_TEST(notes, words) {
  expect_at_most<unsigned>(d, "words", 16, 8);
  expect_at_most<unsigned>(d, "words", 1024, 24);
}
/// The target of 24 bytes is missed.
CROSSLANE_TEST(notes, bytes) {
  expect_at_most<unsigned char>(d, "bytes", 16, 29);
  expect_at_most<unsigned char>(d, "bytes", 4096, 29 + 24);
}

/// The knowledge of threads about each other, through atomic operations, is shared among them. Copies would make this 64 times as slow.
CROSSLANE_TEST(cost, ordered_atomics) {
  auto const seconds = [&](unsigned threads) {
    xl::stream const q{d};
    xl::buffer<unsigned> taken{q, 1}, out{q, threads};
    xl::fill(q, taken, 0u);
    q.synchronize();
    std::clock_t const begin = std::clock();
    xl::launch(q, {.grid = threads / 256, .block = 256}, take_tickets{}, taken, out);
    q.synchronize();
    return double(std::clock() - begin) / CLOCKS_PER_SEC;
  };
  auto const best = [&](unsigned threads) { return std::min({seconds(threads), seconds(threads), seconds(threads)}); };
  double const few = best(4096), many = best(8 * 4096);
  std::printf("4096 threads: %.3f s, 32768 threads: %.3f s\n", few, many);
  CROSSLANE_CHECK(many < 24 * few);
}

/// A finding that has been delivered already is only counted. Its text would make this 7 times as slow as right accesses, the name of the
/// variable more.
template <mistake M>
void expect_cheap_repeats(xl::device d, char const* name) {
  constexpr unsigned grid = 64, block = repeats<M>::block_threads, threads = grid * block;
  std::vector<int> const heap(256, 0);
  auto const seconds = [&](bool right) {
    xl::stream const q{d};
    xl::buffer<int> data{q, 2 * threads};
    xl::fill(q, data.view().subspan(0, threads), 0);
    int* const gone = xl::buffer<int>{q, 256}.data();
    q.synchronize();
    memory const m{data, gone, const_cast<int*>(heap.data())};
    std::clock_t const begin = std::clock();
    xl::checks::report const r = xl::checks::collect([&] { xl::launch(q, {.grid = grid, .block = block}, repeats<M>{}, m, right); });
    double const result = double(std::clock() - begin) / CLOCKS_PER_SEC;
    CROSSLANE_CHECK(r.size() == (right ? 0 : 1));
    CROSSLANE_CHECK(r.total() >= (right ? 0 : threads - threads / 256));
    return result;
  };
  auto const best = [&](bool right) { return std::min({seconds(right), seconds(right), seconds(right)}); };
  double const without = best(true), with = best(false);
  std::printf("%s: %.2f us each, %.2f us for a right access\n", name, with / threads * 1e6, without / threads * 1e6);
  CROSSLANE_CHECK(with < 4 * without);
}
CROSSLANE_TEST(cost, repeats_of_a_finding) {
  expect_cheap_repeats<mistake::race>(d, "race");
  expect_cheap_repeats<mistake::race_in_shared_memory>(d, "race in shared memory");
  expect_cheap_repeats<mistake::scope>(d, "scope");
  expect_cheap_repeats<mistake::unwritten>(d, "unwritten memory");
  expect_cheap_repeats<mistake::out_of_bounds>(d, "out of bounds");
  expect_cheap_repeats<mistake::freed>(d, "freed memory");
  expect_cheap_repeats<mistake::pending_copy>(d, "target of a copy");
  expect_cheap_repeats<mistake::variable>(d, "variable of the program");
  expect_cheap_repeats<mistake::heap>(d, "heap of the program");
  expect_cheap_repeats<mistake::local_variable>(d, "local variable");
  expect_cheap_repeats<mistake::misaligned>(d, "misaligned");
  expect_cheap_repeats<mistake::cast>(d, "cast");
  expect_cheap_repeats<mistake::shift>(d, "shift");
}

/// A lane that waits for a lock lets others run after few attempts, if it is known that its loop does not give up. With 128 attempts this
/// is 3.7 times as slow as with locks that nobody waits for, at 32 lanes.
CROSSLANE_TEST(cost, waiting_for_locks) {
  auto const seconds = [&](bool of_all) {
    xl::stream const q{d};
    xl::buffer<int> data{q, 64};
    xl::fill(q, data, 0);
    q.synchronize();
    std::clock_t const begin = std::clock();
    xl::launch(q, {.grid = 8, .block = 256}, lock_of_waves{}, data, of_all);
    q.synchronize();
    return double(std::clock() - begin) / CLOCKS_PER_SEC;
  };
  auto const best = [&](bool of_all) { return std::min({seconds(of_all), seconds(of_all), seconds(of_all)}); };
  double const own = best(false), all = best(true);
  std::printf("a lock of all waves: %.3f s, a lock of each wave: %.3f s\n", all, own);
  CROSSLANE_CHECK(all < 3 * own);
}

/// A segment takes 12 bytes: 26 MiB in this test, unless those that no note needs are discarded.
CROSSLANE_TEST(cost, segments_of_many_barriers) {
  constexpr unsigned grid = 4, block = 512, rounds = 1100;
  xl::stream const q{d};
  xl::buffer<unsigned> data{q, grid * block};
  xl::fill(q, data, 0u);
  q.synchronize();
  malloc_trim(0);
  std::size_t const before = resident_bytes();
  std::size_t after = 0;
  xl::launch(q, {.grid = grid, .block = block}, cross_barriers{}, data, rounds);
  q.native()->template enqueue<xl::host>([&after] { after = resident_bytes(); });
  q.synchronize();
  std::printf("%u segments: %.1f MiB\n", grid * block * rounds, double(after - before) / (1 << 20));
  CROSSLANE_CHECK(after < before + (std::size_t{20} << 20));
}

/// A program that polls what a kernel will write has nothing new to remember in each round: neither while a kernel is being checked nor
/// while none runs.
CROSSLANE_TEST(cost, polls_of_the_program) {
  constexpr unsigned polls = 1'000'000;
  for (bool const kernel_runs : {false, true}) {
    xl::stream const q{d};
    xl::managed_buffer<unsigned> flags{q, 2};
    xl::fill(q, flags, 0u);
    q.synchronize();
    std::atomic<bool> polled = false;
    if (!kernel_runs)
      q.host_callback([&] {
        while (!polled) std::this_thread::yield();
      });
    xl::launch(q, {.grid = 1, .block = 1}, answer_when_asked{}, flags);
    std::atomic_ref<unsigned> const question{flags[0]}, answer{flags[1]};
    malloc_trim(0);
    std::size_t const before = resident_bytes();
    unsigned found = 0;
    for (unsigned i = 0; i < polls; ++i) found += answer.load(std::memory_order_acquire);
    std::size_t const after = resident_bytes();
    polled = true;
    question.store(1, std::memory_order_release);
    while (answer.load(std::memory_order_acquire) == 0) std::this_thread::yield();
    q.synchronize();
    std::printf("%u polls%s: %.1f MiB\n", polls, kernel_runs ? " beside a kernel" : "", double(after - before) / (1 << 20));
    CROSSLANE_CHECK(found == 0);
    CROSSLANE_CHECK(after < before + (std::size_t{8} << 20));
  }
}

TEST(shared_numbers, are_those_of_a_map) {
  using xl::backend::shared_numbers;
  std::mt19937 random{1};
  auto const below = [&](std::uint32_t n) { return std::uint32_t(random() % n); };
  constexpr std::uint32_t highest[] = {15, 300, 70000, 0xffffffff};
  std::vector<shared_numbers> numbers(8);
  std::vector<std::map<std::uint32_t, std::uint32_t>> expected(8);
  for (unsigned step = 0; step < 5000; ++step) {
    unsigned const to = below(8), from = below(8);
    switch (below(8)) {
      case 0:
        numbers[to] = numbers[from];
        expected[to] = std::map{expected[from]};
        break;
      case 1:
        if (below(20) == 0) numbers[to] = {}, expected[to].clear();
        break;
      case 2:
        numbers[to].raise(numbers[from]);
        for (auto const& [index, value] : std::map{expected[from]}) expected[to][index] = std::max(expected[to][index], value);
        break;
      default: {
        std::uint32_t const limit = highest[below(4)], index = limit - std::uint32_t(random() % (std::uint64_t{limit} + 1)),
                            value = below(100);
        numbers[to].raise(index, value);
        if (value != 0) expected[to][index] = std::max(expected[to][index], value);
      }
    }
    ASSERT_EQ(numbers[to].empty(), expected[to].empty());
    if (step % 50 != 0) continue;
    for (auto const& [index, value] : expected[to]) ASSERT_EQ(numbers[to][index], value) << index;
    for (unsigned i = 0; i < 50; ++i) {
      std::uint32_t const index = below(400);
      ASSERT_EQ(numbers[to][index], expected[to].contains(index) ? expected[to][index] : 0) << index;
    }
  }
}
