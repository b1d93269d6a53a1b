// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Litmus tests of the orders: two threads, two objects, and an outcome that the order forbids. Further tests have blocks whose threads all
/// write data that one of them releases. Each launch tries many pairs; CROSSLANE_LITMUS_TRIES in the environment sets the total number.
#include <support/target.hpp>

#include <cstdlib>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr unsigned block = 128;
constexpr unsigned distance = 64;  ///< in elements, between the objects of a pair: they share no cache line

// Each test has the operations of the first and of the second thread of a pair, on objects that are 0, and the forbidden results.

/// A thread that sees the flag also sees the message, which is not atomic.
struct message {
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned first(Ctx const& ctx, unsigned& x, unsigned& y) {
    x = 1;
    xl::atomic<S>(ctx, y).store(1, xl::release{});
    return 0;
  }
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned second(Ctx const& ctx, unsigned& x, unsigned& y) {
    if (xl::atomic<S>(ctx, y).load(xl::acquire{}) == 0) return 0;
    return x == 1 ? 1 : 2;
  }
  CROSSLANE_FN static bool forbidden(unsigned, unsigned second) { return second == 2; }
};

/// The same with read-modify-writes as flags.
struct message_by_exchange {
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned first(Ctx const& ctx, unsigned& x, unsigned& y) {
    x = 1;
    xl::atomic<S>(ctx, y).fetch_or(1, xl::release{});
    return 0;
  }
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned second(Ctx const& ctx, unsigned& x, unsigned& y) {
    unsigned expected = 1;
    if (!xl::atomic<S>(ctx, y).compare_exchange(expected, 2, xl::acq_rel{})) return 0;
    return x == 1 ? 1 : 2;
  }
  CROSSLANE_FN static bool forbidden(unsigned, unsigned second) { return second == 2; }
};

/// The same with fences.
struct message_by_fences {
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned first(Ctx const& ctx, unsigned& x, unsigned& y) {
    xl::atomic<S>(ctx, x).store(1);
    xl::fence<S>(ctx, xl::release{});
    xl::atomic<S>(ctx, y).store(1);
    return 0;
  }
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned second(Ctx const& ctx, unsigned& x, unsigned& y) {
    unsigned const flag = xl::atomic<S>(ctx, y).load();
    xl::fence<S>(ctx, xl::acquire{});
    return xl::atomic<S>(ctx, x).load() >= flag ? 1 : 2;
  }
  CROSSLANE_FN static bool forbidden(unsigned, unsigned second) { return second == 2; }
};

/// The same with fences that order accesses that are not atomic.
struct plain_message_by_fences {
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned first(Ctx const& ctx, unsigned& x, unsigned& y) {
    x = 1;
    xl::fence<S>(ctx, xl::release{});
    xl::atomic<S>(ctx, y).store(1);
    return 0;
  }
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned second(Ctx const& ctx, unsigned& x, unsigned& y) {
    if (xl::atomic<S>(ctx, y).load() == 0) return 0;
    xl::fence<S>(ctx, xl::acquire{});
    return x == 1 ? 1 : 2;
  }
  CROSSLANE_FN static bool forbidden(unsigned, unsigned second) { return second == 2; }
};

/// One of two stores comes first.
struct store_buffering {
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned first(Ctx const& ctx, unsigned& x, unsigned& y) {
    xl::atomic<S>(ctx, x).store(1, xl::seq_cst{});
    return xl::atomic<S>(ctx, y).load(xl::seq_cst{});
  }
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned second(Ctx const& ctx, unsigned& x, unsigned& y) {
    return first<S>(ctx, y, x);
  }
  CROSSLANE_FN static bool forbidden(unsigned first, unsigned second) { return first == 0 && second == 0; }
};

/// The same with fences.
struct store_buffering_by_fences {
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned first(Ctx const& ctx, unsigned& x, unsigned& y) {
    xl::atomic<S>(ctx, x).store(1);
    xl::fence<S>(ctx, xl::seq_cst{});
    return xl::atomic<S>(ctx, y).load();
  }
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned second(Ctx const& ctx, unsigned& x, unsigned& y) {
    return first<S>(ctx, y, x);
  }
  CROSSLANE_FN static bool forbidden(unsigned first, unsigned second) { return first == 0 && second == 0; }
};

/// No load reads a value whose store depends on that load.
struct load_buffering {
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned first(Ctx const& ctx, unsigned& x, unsigned& y) {
    unsigned const seen = xl::atomic<S>(ctx, x).load(xl::acquire{});
    xl::atomic<S>(ctx, y).store(1, xl::release{});
    return seen;
  }
  template <xl::scope S, class Ctx>
  CROSSLANE_FN static unsigned second(Ctx const& ctx, unsigned& x, unsigned& y) {
    return first<S>(ctx, y, x);
  }
  CROSSLANE_FN static bool forbidden(unsigned first, unsigned second) { return first == 1 && second == 1; }
};

/// objects[3 * distance * pair] and, `distance` further on, the other of the pair; behind these where the two threads wait for each
/// other, though not for long, since nothing says that both run at the same time. They are as far apart as the scope reaches: in the two
/// halves of the grid, of the block, or of the wave.
template <class Test, xl::scope Scope>
struct try_pairs {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, int patience, xl::span<unsigned> objects, xl::span<unsigned> results) const {
    std::size_t const pairs = results.size() / 2;
    unsigned const together = Scope == xl::scope::block ? ctx.block_size() : Scope == xl::scope::wave ? Ctx::wave_size : 0;
    std::size_t const rank = std::size_t(ctx.global_rank()), half = together == 0 ? pairs : together / 2;
    std::size_t const in_half = rank % half;
    bool const is_first = rank / half % 2 == 0;
    std::size_t const pair = (together == 0 ? 0 : rank / together * half) + in_half;
    unsigned &x = objects[3 * distance * pair], &y = objects[3 * distance * pair + distance];
    auto const arrived = xl::atomic<xl::scope::system>(ctx, objects[3 * distance * pair + 2 * distance]);
    arrived.fetch_add(1);
    for (int i = 0; i < patience && arrived.load() < 2; ++i) {
    }
    if (is_first)
      results[2 * pair] = Test::template first<Scope>(ctx, x, y);
    else
      results[2 * pair + 1] = Test::template second<Scope>(ctx, x, y);
  }
};

template <class Test>
struct count_forbidden {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned const> results, xl::span<unsigned> count) const {
    for (auto pair : ctx.grid_stride(results.size() / 2))
      if (Test::forbidden(results[2 * pair], results[2 * pair + 1])) xl::atomic(ctx, count[0]).fetch_add(1);
  }
};

std::size_t tries_asked_for() {
  char const* const asked = std::getenv("CROSSLANE_LITMUS_TRIES");
  // The checker finds missing orders even if the outcome is right, so a few tries are enough.
  return asked != nullptr ? std::strtoull(asked, nullptr, 10) : CROSSLANE_CONFIG_ACCESS_CHECKS ? 256 : 4096;
}

template <class Test, xl::scope Scope>
void check_never_forbidden(xl::device d) {
  std::size_t const tries = tries_asked_for();
  std::size_t const pairs = tries < 2048 ? 256 : tries < 65536 ? 2048 : 32768, grid = 2 * pairs / block;
  // On the host, threads of one block never run at the same time. Threads of two blocks run on cores, one of which may be late.
  constexpr bool within_block = Scope == xl::scope::block || Scope == xl::scope::wave;
  int const patience = !host_build ? 256 : within_block ? 0 : 5000;
  xl::stream const q{d};
  xl::buffer<unsigned> objects{q, pairs * 3 * distance}, results{q, pairs * 2}, count{q, 1};
  xl::fill(q, count, 0u);
  for (std::size_t done = 0; done < tries; done += pairs) {
    xl::fill(q, objects, 0u);
    xl::launch(q, {.grid = unsigned(grid), .block = block}, try_pairs<Test, Scope>{}, patience, objects, results);
    xl::launch(q, {.grid = 16, .block = block}, count_forbidden<Test>{}, results, count);
  }
  CROSSLANE_CHECK_EQ(read(q, count)[0], 0);
}

template <class Test>
void check_within_block(xl::device d) {
  if constexpr (host_build && !CROSSLANE_CONFIG_ACCESS_CHECKS) {
    skip("the host runs the threads of a block one after another, so nothing forbidden could happen");
  } else {
    check_never_forbidden<Test, xl::scope::wave>(d);
    check_never_forbidden<Test, xl::scope::block>(d);
  }
}
template <class Test>
void check_across_blocks(xl::device d) {
  check_never_forbidden<Test, xl::scope::device>(d);
  check_never_forbidden<Test, xl::scope::system>(d);
}

CROSSLANE_TEST(litmus_within_block, message) { check_within_block<message>(d); }
CROSSLANE_TEST(litmus_within_block, message_by_exchange) { check_within_block<message_by_exchange>(d); }
CROSSLANE_TEST(litmus_within_block, message_by_fences) { check_within_block<message_by_fences>(d); }
CROSSLANE_TEST(litmus_within_block, plain_message_by_fences) { check_within_block<plain_message_by_fences>(d); }
CROSSLANE_TEST(litmus_within_block, store_buffering) { check_within_block<store_buffering>(d); }
CROSSLANE_TEST(litmus_within_block, store_buffering_by_fences) { check_within_block<store_buffering_by_fences>(d); }
CROSSLANE_TEST(litmus_within_block, load_buffering) { check_within_block<load_buffering>(d); }

CROSSLANE_TEST(litmus_across_blocks, message) { check_across_blocks<message>(d); }
CROSSLANE_TEST(litmus_across_blocks, message_by_exchange) { check_across_blocks<message_by_exchange>(d); }
CROSSLANE_TEST(litmus_across_blocks, message_by_fences) { check_across_blocks<message_by_fences>(d); }
CROSSLANE_TEST(litmus_across_blocks, plain_message_by_fences) { check_across_blocks<plain_message_by_fences>(d); }
CROSSLANE_TEST(litmus_across_blocks, store_buffering) { check_across_blocks<store_buffering>(d); }
CROSSLANE_TEST(litmus_across_blocks, store_buffering_by_fences) { check_across_blocks<store_buffering_by_fences>(d); }
CROSSLANE_TEST(litmus_across_blocks, load_buffering) { check_across_blocks<load_buffering>(d); }

// --- all threads of a block write, one releases, and all threads of another block read ---

// Each test has the operations of the first block's threads after their writes, and those of the second block's threads before their
// reads. The latter return whether the calling thread may read; all threads of its wave may then read. `flags` are 0, one for each wave.

/// The leader's release comes after a barrier of the block. The leader's acquire comes before one.
template <class Release, class Acquire>
struct by_leader {
  template <class Ctx>
  struct shared {
    bool seen;
    unsigned relay;
  };
  template <class Ctx>
  CROSSLANE_FN static void hand_on(Ctx const& ctx, shared<Ctx>&, unsigned* flags) {
    ctx.sync_block();
    if (ctx.thread_rank() == 0) Release{}(ctx, flags[0]);
  }
  template <class Ctx>
  CROSSLANE_FN static bool receive(Ctx const& ctx, shared<Ctx>& s, unsigned* flags, int patience) {
    if (ctx.thread_rank() == 0) {
      s.seen = false;
      for (int i = 0; i < patience && !s.seen; ++i) s.seen = Acquire{}(ctx, flags[0]);
    }
    ctx.sync_block();
    return s.seen;
  }
};

struct stores_release {
  CROSSLANE_FN void operator()(auto const& ctx, unsigned& flag) const { xl::atomic(ctx, flag).store(1, xl::release{}); }
};
struct adds_acq_rel {
  CROSSLANE_FN void operator()(auto const& ctx, unsigned& flag) const { xl::atomic(ctx, flag).fetch_add(1, xl::acq_rel{}); }
};
struct fences_and_stores {
  CROSSLANE_FN void operator()(auto const& ctx, unsigned& flag) const {
    xl::fence(ctx, xl::release{});
    xl::atomic(ctx, flag).store(1);
  }
};
struct loads_acquire {
  CROSSLANE_FN bool operator()(auto const& ctx, unsigned& flag) const { return xl::atomic(ctx, flag).load(xl::acquire{}) != 0; }
};
struct loads_and_fences {
  CROSSLANE_FN bool operator()(auto const& ctx, unsigned& flag) const {
    bool const seen = xl::atomic(ctx, flag).load() != 0;
    xl::fence(ctx, xl::acquire{});
    return seen;
  }
};

/// The last thread acquires from all others, within the block, and releases what they wrote to the device. On the host it runs last.
struct by_relay : by_leader<stores_release, loads_acquire> {
  template <class Ctx>
  CROSSLANE_FN static void hand_on(Ctx const& ctx, shared<Ctx>& s, unsigned* flags) {
    unsigned const others = ctx.block_size() - 1;
    int const patience = host_build ? 1 : 10000;
    auto const arrived = xl::atomic<xl::scope::block>(ctx, s.relay);
    if (ctx.thread_rank() != others) {
      arrived.fetch_add(1, xl::release{});
    } else {
      bool all = false;
      for (int i = 0; i < patience && !all; ++i) {
        unsigned expected = others;
        all = arrived.compare_exchange(expected, 0, xl::acquire{});
      }
      if (all) xl::atomic(ctx, flags[0]).store(1, xl::release{});
    }
  }
};

/// Each wave separately, without a barrier: the order of an aggregated addition holds for every lane.
struct by_wave : by_leader<stores_release, loads_acquire> {
  template <class Ctx>
  CROSSLANE_FN static void hand_on(Ctx const& ctx, shared<Ctx>&, unsigned* flags) {
    xl::aggregated_increment(xl::wave(ctx), xl::atomic(ctx, flags[ctx.wave_rank()]), xl::release{});
  }
  template <class Ctx>
  CROSSLANE_FN static bool receive(Ctx const& ctx, shared<Ctx>&, unsigned* flags, int patience) {
    bool seen = false;
    for (int i = 0; i < patience && !seen; ++i)
      seen = xl::aggregated_add(xl::wave(ctx), xl::atomic(ctx, flags[ctx.wave_rank()]), 0u, xl::acquire{}) != 0;
    return seen;
  }
};

/// Blocks 2 * i and 2 * i + 1 are a pair. forbidden[0] counts the threads that read another value than the released one.
template <class Test>
struct hand_on_between_blocks {
  template <class Ctx>
  using shared = typename Test::template shared<Ctx>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, int patience, xl::span<unsigned> data, xl::span<unsigned> flags,
                               xl::span<unsigned> forbidden) const {
    std::size_t const pair = ctx.block_rank() / 2;
    unsigned const t = ctx.thread_rank();
    unsigned* const own_flags = &flags[pair * distance];
    auto const item = [&](unsigned thread) -> unsigned& { return data[(pair * block + thread) * 8]; };
    if (t == 0) s.relay = 0;
    ctx.sync_block();
    if (ctx.block_rank() % 2 == 0) {
      item(t) = t + 1;
      Test::hand_on(ctx, s, own_flags);
    } else if (Test::receive(ctx, s, own_flags, patience)) {
      unsigned const other = t / Ctx::wave_size * Ctx::wave_size + (t + 1) % Ctx::wave_size;  // another lane's
      if (item(other) != other + 1) xl::atomic(ctx, forbidden[0]).fetch_add(1);
    }
  }
};

template <class Test>
void check_hands_on(xl::device d) {
  // The checker finds missing orders in one launch. It follows each release to each acquire, which takes long.
  std::size_t const pairs = CROSSLANE_CONFIG_ACCESS_CHECKS ? 4 : 64,
                    tries = CROSSLANE_CONFIG_ACCESS_CHECKS ? pairs : tries_asked_for() / 16;
  // On the host blocks run on cores, one of which may be late, and a block that waits keeps its core.
  int const patience = host_build ? 100 : 10000;
  xl::stream const q{d};
  xl::buffer<unsigned> data{q, pairs * block * 8}, flags{q, pairs * distance}, forbidden{q, 1};
  xl::fill(q, forbidden, 0u);
  for (std::size_t done = 0; done < tries; done += pairs) {
    xl::fill(q, data, 0u);
    xl::fill(q, flags, 0u);
    xl::launch(q, {.grid = unsigned(2 * pairs), .block = block}, hand_on_between_blocks<Test>{}, patience, data, flags, forbidden);
  }
  CROSSLANE_CHECK_EQ(read(q, forbidden)[0], 0);
}

CROSSLANE_TEST(litmus_blocks, barrier_then_store) { check_hands_on<by_leader<stores_release, loads_acquire>>(d); }
CROSSLANE_TEST(litmus_blocks, barrier_then_add) { check_hands_on<by_leader<adds_acq_rel, loads_acquire>>(d); }
CROSSLANE_TEST(litmus_blocks, barrier_then_fence) { check_hands_on<by_leader<fences_and_stores, loads_and_fences>>(d); }
CROSSLANE_TEST(litmus_blocks, relay) { check_hands_on<by_relay>(d); }
CROSSLANE_TEST(litmus_blocks, aggregated) { check_hands_on<by_wave>(d); }

/// Every thread reads a value that a thread of another block has written before the barrier of the grid.
struct read_behind_grid_barrier {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned rounds, xl::span<unsigned> data, xl::span<unsigned> forbidden) const {
    std::size_t const n = std::size_t(ctx.global_size()), own = std::size_t(ctx.global_rank()), other = (own + ctx.block_size() + 1) % n;
    for (unsigned round = 1; round <= rounds; ++round) {
      data[own * 8] = round;
      ctx.sync_grid();
      if (data[other * 8] != round) xl::atomic(ctx, forbidden[0]).fetch_add(1);
      ctx.sync_grid();
    }
  }
};

CROSSLANE_TEST(litmus_blocks, barrier_of_grid) {
  if (!d.properties().cooperative_launch) skip("no cooperative launches");
  unsigned const grid = host_build ? 4 : 64, rounds = 1 + unsigned(tries_asked_for() / (host_build ? 1024 : 64));
  xl::stream const q{d};
  xl::buffer<unsigned> data{q, std::size_t{grid} * block * 8}, forbidden{q, 1};
  xl::fill(q, forbidden, 0u);
  xl::launch(q, {.grid = grid, .block = block}, read_behind_grid_barrier{}, rounds, data, forbidden);
  CROSSLANE_CHECK_EQ(read(q, forbidden)[0], 0);
}

}  // namespace
