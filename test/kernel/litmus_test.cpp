// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Litmus tests of the orders: two threads, two objects, and an outcome that the order forbids. Each launch tries many pairs at once;
/// CROSSLANE_LITMUS_TRIES in the environment says how many pairs in all.
#include <support/target.hpp>

#include <cstdlib>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr unsigned block = 128;
constexpr unsigned distance = 64;  ///< in elements, between the objects of a pair: they share no cache line

// Each test has what the first and what the second thread of a pair does, on objects that were 0, and says which results it forbids.

/// Who sees the flag sees the message, which no atomic operation protects.
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

/// The same with fences that order what no atomic operation protects.
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

/// No load reads what is stored because of it.
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

template <class Test, xl::scope Scope>
void check_never_forbidden(xl::device d) {
  char const* const asked = std::getenv("CROSSLANE_LITMUS_TRIES");
  std::size_t const tries = asked != nullptr ? std::strtoull(asked, nullptr, 10) : 4096;
  std::size_t const pairs = tries < 65536 ? 2048 : 32768, grid = 2 * pairs / block;
  // On the host, threads of one block never run at the same time, those of two blocks on cores that may be late.
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
  if constexpr (host_build && !CROSSLANE_CONFIG_CHECKED) {
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

}  // namespace
