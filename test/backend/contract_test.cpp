// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tests that a backend has each part of the contract, and that each primitive of kernels does what `kernel/contract.hpp` says, at each
/// wave size. It uses only buffers and a launch of the library: it is the first test that a new backend compiles and runs.
#include <backend/contract_parts.hpp>
#include <support/target.hpp>

#include <string>
#include <vector>

namespace xl = crosslane;
namespace backend = crosslane::backend;
using namespace crosslane_test;

using B = xl::default_backend;
using primitives = primitives_of<B, 32>;

// The concepts refuse a class without a part, or with a part of another type.
struct no_barrier : primitives {
  void sync_block(xl::source_location) const = delete;
};
struct no_overlap : primitives {
  void wait_for_previous(xl::source_location) const = delete;
};
struct wide_index : primitives {
  template <int>
  CROSSLANE_FN unsigned long long thread_index() const {
    return 0;
  }
};
struct own_ballot : primitives {
  template <unsigned W>
  CROSSLANE_FN unsigned ballot(xl::lane_mask<W>, bool, xl::source_location) const {
    return 0;
  }
};

namespace {

static_assert(has_all_parts<B>());

static_assert(!backend::block_primitives<no_barrier> && !backend::kernel_primitives<no_barrier, 32>);
static_assert(!backend::overlap_primitives<no_overlap> && !backend::kernel_primitives<no_overlap, 32>);
static_assert(!backend::position_primitives<wide_index> && !backend::kernel_primitives<wide_index, 32>);
static_assert(!backend::wave_primitives<own_ballot, 32, unsigned> && !backend::kernel_primitives<own_ballot, 32>);

/// Each thread writes the 12 numbers of its position that the backend returns.
struct positions {
  static constexpr int dimensions = 3;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned* out) const {
    auto const& n = ctx.native();
    out += 12 * ctx.global_rank();
    write<0>(n, out);
    write<1>(n, out + 4);
    write<2>(n, out + 8);
  }
  template <int Axis, class N>
  CROSSLANE_FN static void write(N const& n, unsigned* out) {
    out[0] = n.template thread_index<Axis>();
    out[1] = n.template block_index<Axis>();
    out[2] = n.template block_extent<Axis>();
    out[3] = n.template grid_extent<Axis>();
  }
};

/// Each thread counts its wrong results. `Members` chooses the lanes that take part in wave operations.
enum part { barrier, shared_memory, sync, shuffled, voted, matched, bits, added, exchanged, stored, fenced, copied, time, part_count };
constexpr char const* part_names[] = {"sync_block",
                                      "dynamic_shared",
                                      "sync_lanes",
                                      "shuffle",
                                      "ballot",
                                      "match_any",
                                      "match_bits",
                                      "atomic_fetch",
                                      "atomic_exchange, atomic_compare_exchange",
                                      "atomic_load, atomic_store",
                                      "fence",
                                      "async_copies",
                                      "clock, timer_ns"};
static_assert(std::size(part_names) == part_count);

struct try_all {
  template <class Ctx>
  struct shared {
    unsigned sum, least, first, claimed;
    unsigned short small[2];
    unsigned char tiny[4];
    double total;
    alignas(16) unsigned copied[4 * 256];
    unsigned lane_value[256];
  };

  template <class Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, unsigned const* source, unsigned* message, unsigned* wrong) const {
    auto const& n = ctx.native();
    unsigned const me = ctx.thread_rank(), size = ctx.block_size();
    xl::source_location const here = xl::source_location::current();
    auto const expect = [&](part p, bool condition) { wrong[p * size + me] += !condition; };

    auto* const memory = static_cast<unsigned*>(n.dynamic_shared());
    expect(shared_memory, reinterpret_cast<std::uintptr_t>(memory) % 16 == 0 && n.dynamic_shared_bytes() == size * sizeof(unsigned));
    memory[me] = 3 * me;
    if (me == 0) s.sum = 0, s.least = ~0u, s.first = 0, s.claimed = 0, s.total = 0;
    if (me < 2) s.small[me] = 0;
    if (me < 4) s.tiny[me] = 0;
    n.wait_for_previous(here);
    n.let_next_start();
    n.sync_block(here);
    expect(barrier, memory[(me + 1) % size] == 3 * ((me + 1) % size));

    using mask = xl::lane_mask<Ctx::wave_size>;
    unsigned const lane = ctx.lane_rank(), first = me - lane;
    unsigned const lanes = size - first < Ctx::wave_size ? size - first : Ctx::wave_size;
    try_wave(n, s, mask::first_lanes(lanes), first, lane, expect);
    if (lane % 3 == 1) try_wave(n, s, every_third(mask::first_lanes(lanes)), first, lane, expect);  // and lanes that are elsewhere
    n.sync_block(here);

    unsigned const before = n.template atomic_fetch<xl::scope::block, xl::relaxed, xl::plus>(&s.sum, me + 1);
    expect(added, before < size * (size + 1) / 2);
    n.template atomic_fetch<xl::scope::block, xl::relaxed, xl::minimum>(&s.least, 5 + me);
    n.template atomic_fetch<xl::scope::block, xl::relaxed, xl::plus>(&s.total, 0.5);
    n.template atomic_fetch<xl::scope::block, xl::relaxed, xl::plus>(&s.small[me % 2], static_cast<unsigned short>(3));
    n.template atomic_fetch<xl::scope::block, xl::relaxed, xl::plus>(&s.tiny[me % 4], static_cast<unsigned char>(1));
    unsigned expected = 0;
    if (n.template atomic_compare_exchange<xl::scope::block, xl::relaxed>(&s.first, expected, me + 1))
      n.template atomic_fetch<xl::scope::block, xl::relaxed, xl::plus>(&s.claimed, 1u);
    else
      expect(exchanged, expected >= 1 && expected <= size);
    n.sync_block(here);
    expect(added, s.sum == size * (size + 1) / 2 && s.least == 5 && s.total == 0.5 * size);
    expect(added, s.small[1] == 3 * (size / 2) && s.tiny[3] == size / 4 % 256);
    expect(exchanged, s.claimed == 1);
    n.sync_block(here);
    unsigned const old = n.template atomic_exchange<xl::scope::block, xl::relaxed>(&s.first, me + 1);
    expect(exchanged, old >= 1 && old <= size);

    // message: a flag and what it tells of, in device memory
    unsigned* const flag = message + 1;
    if (me == 0) {
      message[0] = 7;
      n.template atomic_store<xl::scope::block, xl::release>(flag, 1u);
    } else if (n.template atomic_load<xl::scope::block, xl::acquire>(flag) == 1) {
      expect(stored, message[0] == 7);
      n.template atomic_fetch<xl::scope::block, xl::relaxed, xl::plus>(message + 3, 1u);
    }
    n.sync_block(here);
    if (me == 0) {
      message[2] = 9;
      n.template fence<xl::scope::block, xl::release>();
      n.template atomic_store<xl::scope::block, xl::relaxed>(flag, 2u);
    } else if (n.template atomic_load<xl::scope::block, xl::relaxed>(flag) == 2) {
      n.template fence<xl::scope::block, xl::acquire>();
      expect(fenced, message[2] == 9);
      n.template atomic_fetch<xl::scope::block, xl::relaxed, xl::plus>(message + 4, 1u);
    }

    typename std::remove_cvref_t<decltype(n)>::async_copies copies;
    copies.template copy<16>(s.copied + 4 * me, source + 4 * me, here);
    copies.commit();
    copies.template wait<0>();
    n.sync_block(here);
    unsigned const other = (me + 1) % size;
    for (unsigned i = 0; i < 4; ++i) expect(copied, s.copied[4 * other + i] == source[4 * other + i]);

    auto const cycle = n.clock();
    auto const nanosecond = n.timer_ns();
    expect(time, n.clock() - cycle < 1ull << 40 && n.timer_ns() - nanosecond < 1ull << 40);
  }

  template <class N, class Shared, unsigned W, class F>
  CROSSLANE_FN static void try_wave(N const& n, Shared& s, xl::lane_mask<W> members, unsigned first, unsigned lane, F const& expect) {
    xl::source_location const here = xl::source_location::current();
    unsigned const count = members.count(), next = members.nth((members.rank(lane) + 1) % count);

    s.lane_value[first + lane] = 11 * lane;
    n.template sync_lanes<W>(members, here);
    expect(sync, s.lane_value[first + next] == 11 * next);
    n.template sync_lanes<W>(members, here);

    expect(shuffled, n.template shuffle<W>(members, 100 + lane, next, here) == 100 + next);
    expect(shuffled, n.template shuffle<W>(members, 0.25 * lane, next, here) == 0.25 * next);

    xl::lane_mask<W> odd, same_half, same_bits;
    for (unsigned i : members) {
      if (i % 2 == 1) odd.set(i);
      if (i / 8 == lane / 8) same_half.set(i);
      if (i % 4 == lane % 4) same_bits.set(i);
    }
    expect(voted, n.template ballot<W>(members, lane % 2 == 1, here) == odd);
    expect(matched, n.template match_any<W>(members, double(lane / 8), here) == same_half);
    expect(matched, n.template match_any<W>(members, char(lane / 8), here) == same_half);
    expect(bits, n.template match_bits<W, 2>(members, lane, here) == same_bits);
  }
  template <unsigned W>
  CROSSLANE_FN static xl::lane_mask<W> every_third(xl::lane_mask<W> lanes) {
    xl::lane_mask<W> result;
    for (unsigned i : lanes)
      if (i % 3 == 1) result.set(i);
    return result;
  }
};

CROSSLANE_TEST(contract, positions) {
  xl::stream const q{d};
  xl::extent3 const grid{3, 4, 2}, block{5, 2, 3};
  xl::buffer<unsigned> out{q, 12 * grid.size() * block.size()};
  xl::launch(q, {.grid = grid, .block = block}, positions{}, out.data());
  std::vector<unsigned> const got = read(q, out);
  auto const along = [](xl::extent3 const& e, std::uint64_t rank) {
    return xl::extent3{unsigned(rank % e.x), unsigned(rank / e.x % e.y), unsigned(rank / e.x / e.y)};
  };
  for (std::uint64_t b = 0; b < grid.size(); ++b)
    for (std::uint64_t t = 0; t < block.size(); ++t) {
      xl::extent3 const thread = along(block, t), of_block = along(grid, b);
      unsigned const expected[] = {thread.x, of_block.x, block.x,  grid.x,     thread.y, of_block.y,
                                   block.y,  grid.y,     thread.z, of_block.z, block.z,  grid.z};
      for (unsigned i = 0; i < 12; ++i) CROSSLANE_CHECK_EQ(got[12 * (b * block.size() + t) + i], expected[i]);
    }
}

/// Tests blocks whose last wave is full, and blocks whose last wave is partial.
CROSSLANE_TEST(contract, primitives) {
  xl::stream const q{d};
  for (unsigned const size : {d.properties().wave_size, 256u, 3 * d.properties().wave_size + 5, 4u}) {
    std::vector<unsigned> values(std::size_t{4} * size);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = unsigned(7 * i + 1);
    xl::buffer<unsigned> source = upload(q, values), message{q, 5}, wrong{q, std::size_t{part_count} * size};
    xl::fill(q, message, 0u);
    xl::fill(q, wrong, 0u);
    xl::launch(q, {.grid = 1, .block = size, .dynamic_shared = size * sizeof(unsigned)}, try_all{}, source.data(), message.data(),
               wrong.data());
    if (host_build) {  // threads run in their order, so that all have seen the flag of the first
      CROSSLANE_CHECK_EQ(read(q, message)[3], size - 1);
      CROSSLANE_CHECK_EQ(read(q, message)[4], size - 1);
    }
    std::vector<unsigned> const got = read(q, wrong);
    for (unsigned p = 0; p < part_count; ++p)
      for (unsigned t = 0; t < size; ++t)
        if (got[p * size + t] != 0)
          fail(std::string{part_names[p]} + " is wrong in thread " + std::to_string(t) + " of a block of " + std::to_string(size),
               xl::source_location::current());
  }
}

}  // namespace
