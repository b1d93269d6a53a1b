// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic additions to pairs, under contention.
#include <support/target.hpp>

#include <algorithm>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

enum place : unsigned { in_shared, in_device, coarse_grained, places };

/// Each thread adds its pair to a pair of its block in shared memory, and to two pairs of its scope in device memory. before is [places ×
/// threads]; block_ends is [blocks].
template <class T, xl::scope Scope>
struct add_pairs {
  struct shared {
    T target;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<T const> values, xl::span<T> targets, xl::span<T> before,
                               xl::span<T> block_ends) const {
    std::size_t const i = std::size_t(ctx.global_rank()), threads = std::size_t(ctx.global_size());
    std::size_t const own = Scope == xl::scope::block ? ctx.block_index() : 0;
    if (ctx.thread_rank() == 0) xl::atomic<xl::scope::block>(ctx, s.target).store(T{});
    ctx.sync_block();
    before[in_shared * threads + i] = xl::atomic<xl::scope::block>(ctx, s.target).fetch_add(values[i]);
    before[in_device * threads + i] = xl::atomic<Scope>(ctx, targets[own]).fetch_add(values[i]);
    if constexpr (Scope != xl::scope::system)
      before[coarse_grained * threads + i] = xl::atomic<Scope>(ctx, targets[ctx.grid_extent() + own]).fetch_add_coarse_grained(values[i]);
    ctx.sync_block();
    if (ctx.thread_rank() == 0) block_ends[ctx.block_index()] = xl::atomic<xl::scope::block>(ctx, s.target).exchange(values[i]);
    ctx.sync_block();
    if (ctx.thread_rank() == 1) block_ends[ctx.grid_extent() + ctx.block_index()] = xl::atomic<xl::scope::block>(ctx, s.target).load();
  }
};

/// Checks for each element that the additions form one chain from 0 to the end: each value in between is read as often as
/// written.
template <class T>
void check_chain(T const* values, T const* before, std::size_t count, T const& end) {
  for (unsigned e = 0; e < 2; ++e) {
    std::vector<float> read{float(end[e])}, written{0.f};
    float sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      read.push_back(float(before[i][e]));
      written.push_back(float(before[i][e]) + float(values[i][e]));
      sum += float(values[i][e]);
    }
    std::sort(read.begin(), read.end());
    std::sort(written.begin(), written.end());
    CROSSLANE_CHECK_SAME(read, written);
    CROSSLANE_CHECK_EQ(float(end[e]), sum);
  }
}

template <class T, xl::scope Scope>
void check_pairs(xl::device d) {
  constexpr unsigned grid = 3, block = 80, threads = grid * block;  // so few that each sum has at most 8 bits
  xl::stream const q{d};
  std::mt19937 random{11};
  std::vector<T> values(threads);
  for (T& v : values) v = xl::vec_cast<typename T::value_type>(xl::vec{float(int(random() % 3) - 1), float(random() % 2)});
  auto const input = upload(q, values);
  auto targets = upload(q, std::vector<T>(2 * grid, T{}));
  xl::buffer<T> before{q, std::size_t{places} * threads}, block_ends{q, 2 * grid};
  xl::fill(q, before, T{});
  xl::launch(q, {.grid = grid, .block = block}, add_pairs<T, Scope>{}, input, targets, before, block_ends);
  std::vector<T> const ends = read(q, targets), read_before = read(q, before), shared_ends = read(q, block_ends);
  for (unsigned b = 0; b < grid; ++b) {
    check_chain(values.data() + b * block, read_before.data() + in_shared * threads + b * block, block, shared_ends[b]);
    CROSSLANE_CHECK(shared_ends[grid + b] == values[b * block]);
  }
  for (unsigned p = in_device; p < (Scope == xl::scope::system ? coarse_grained : places); ++p) {
    T const *const end = ends.data() + (p - in_device) * grid, *const read_here = read_before.data() + p * threads;
    if constexpr (Scope == xl::scope::block)
      for (unsigned b = 0; b < grid; ++b) check_chain(values.data() + b * block, read_here + b * block, block, end[b]);
    else
      check_chain(values.data(), read_here, threads, end[0]);
  }
}

}  // namespace

CROSSLANE_TEST(atomic_pair, of_half) {
  check_pairs<xl::half2, xl::scope::block>(d);
  check_pairs<xl::half2, xl::scope::device>(d);
  check_pairs<xl::half2, xl::scope::system>(d);
}
CROSSLANE_TEST(atomic_pair, of_bfloat16) {
  check_pairs<xl::bfloat162, xl::scope::block>(d);
  check_pairs<xl::bfloat162, xl::scope::device>(d);
  check_pairs<xl::bfloat162, xl::scope::system>(d);
}
