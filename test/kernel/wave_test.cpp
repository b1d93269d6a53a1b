// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Every operation of groups of lanes against its definition, a plain loop over the lanes of the group.
#include <crosslane/kernel/tile.hpp>
#include <support/affine_maps.hpp>
#include <support/target.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <utility>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

template <class T>
T make_value(std::mt19937& random) {
  if constexpr (std::is_arithmetic_v<T>) {
    return static_cast<T>(int(random() % 7) - (std::is_signed_v<T> ? 3 : 0));  // sums of 64 are exact in every type
  } else {
    T value{};
    for (auto& x : value.a) x = std::uint32_t(random() | 1);
    for (auto& x : value.b) x = std::uint32_t(random());
    return value;
  }
}

/// The input of one thread.
template <class T>
struct input {
  T value;
  unsigned source;  ///< a rank, reduced to the size of the group
  unsigned delta;   ///< the same for all threads
  unsigned predicate;
};

/// The results of one thread.
template <class T>
struct output {
  T shuffle, up, down, exchanged, rotated, broadcast, reduced, inclusive, exclusive, exclusive_bare, total, inclusive_total, segment, part;
  std::uint64_t mask, ballot, match, nested;
  unsigned size, rank, leader, votes, match_all, is_leader, elected, in_line;
};

/// The group that a thread is in: its tile, or those lanes of its wave with the same predicate.
constexpr unsigned by_predicate = 0;
/// The lanes of a part of the group.
template <unsigned N>
constexpr unsigned part_of = N == by_predicate || N > 4 ? 4 : N;

template <class T, class Op, unsigned N>
struct all_operations {
  /// So many large values need more registers than a thread of a block of 1024 can have on AMD.
  static constexpr int max_threads = sizeof(T) > 16 ? 256 : 1024;

  template <class G>
  CROSSLANE_FN static output<T> run(G const& g, input<T> const& in, T const& initial) {
    output<T> out{};
    Op const op{};
    unsigned const delta = in.delta % g.size();
    out.shuffle = g.shuffle(in.value, in.source % g.size());
    out.up = g.shuffle_up(in.value, delta);
    out.down = g.shuffle_down(in.value, delta);
    out.exchanged = g.shuffle_xor(in.value, delta);
    out.rotated = g.rotate(in.value, delta);
    out.broadcast = g.broadcast(in.value, delta);
    out.reduced = g.reduce(in.value, op);
    out.inclusive = g.inclusive_scan(in.value, op);
    out.exclusive = g.exclusive_scan(in.value, op, initial);
    out.exclusive_bare = g.exclusive_scan(in.value, op);
    auto const [exclusive, total] = g.exclusive_scan_and_total(in.value, op, initial);
    auto const [exclusive_bare, same_total] = g.exclusive_scan_and_total(in.value, op);
    auto const [inclusive, inclusive_total] = g.inclusive_scan_and_total(in.value, op);
    out.total = exclusive == out.exclusive && exclusive_bare == out.exclusive_bare && same_total == total ? total : T{};
    out.inclusive_total = inclusive == out.inclusive ? inclusive_total : T{};
    out.part = g.template reduce_parts<part_of<N>>(in.value, op);
    out.segment = g.segmented_reduce(in.value, in.source % 4 == 0, op);
    out.mask = g.mask().to_word();
    out.ballot = g.ballot(in.source % 3 == 0).to_word();
    if constexpr (std::is_arithmetic_v<T>) {
      out.match = g.match_any(in.value).to_word();
      out.match_all = (g.match_all(in.value) ? 1u : 0u) | (g.match_all(initial) ? 2u : 0u);
    }
    out.size = g.size();
    out.rank = g.rank();
    out.leader = g.leader();
    out.votes = (g.any(in.source % 5 == 0) ? 1u : 0u) | (g.all(in.source % 5 != 0) ? 2u : 0u) | (g.none(in.source % 5 == 1) ? 4u : 0u);
    out.is_leader = g.is_leader() ? 1 : 0;
    out.elected = g.ballot(g.elect()).count();
    out.in_line = g.rank_in(g.ballot(in.source % 3 == 0));
    auto const half = g.where(in.source % 7 < 3);
    out.nested = half.rank() == half.rank_in(half.mask()) ? half.mask().to_word() : 0;
    g.sync();
    return out;
  }

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<input<T> const> in, T initial, xl::span<output<T>> out) const {
    auto const& mine = in[ctx.thread_rank()];
    output<T>& result = out[ctx.thread_rank()];
    if constexpr (N == by_predicate) {
      auto const g = xl::wave(ctx).where(mine.predicate != 0);
      if (mine.predicate != 0)
        result = run(g, mine, initial);
      else
        result = run(g, mine, initial);
    } else if constexpr (N <= Ctx::wave_size) {
      result = run(xl::tile<N>(ctx), mine, initial);
    }
  }
};

/// Computes the results of thread `t` of a block by loops.
template <class T, class Op, unsigned N>
output<T> expected(std::vector<input<T>> const& in, unsigned wave_size, unsigned t, T const& initial) {
  Op const op{};
  std::vector<unsigned> members;  // thread ranks
  unsigned const width = N == by_predicate ? wave_size : N, first = t / width * width;
  for (unsigned i = first; i < first + width && i < in.size(); ++i)
    if (N != by_predicate || (in[i].predicate != 0) == (in[t].predicate != 0)) members.push_back(i);
  unsigned const size = unsigned(members.size()), lane_of_first = members[0] % wave_size;
  unsigned rank = 0;
  while (members[rank] != t) ++rank;
  auto const value = [&](unsigned r) -> T const& { return in[members[r]].value; };
  auto const bit = [&](unsigned r) { return std::uint64_t{1} << (members[r] % wave_size); };
  unsigned const delta = in[t].delta % size;

  output<T> out{};
  out.shuffle = value(in[t].source % size);
  out.up = value(rank >= delta ? rank - delta : rank);
  out.down = value(rank + delta < size ? rank + delta : rank);
  out.exchanged = value((rank ^ delta) < size ? rank ^ delta : rank);
  out.rotated = value((rank + delta) % size);
  out.broadcast = value(delta);
  out.reduced = value(0);
  for (unsigned r = 1; r < size; ++r) out.reduced = op(out.reduced, value(r));
  out.total = out.inclusive_total = out.reduced;
  unsigned const part = rank / part_of<N> * part_of<N>;
  out.part = value(part);
  for (unsigned r = part + 1; r < part + part_of<N> && r < size; ++r) out.part = op(out.part, value(r));
  out.inclusive = value(0);
  for (unsigned r = 1; r <= rank; ++r) out.inclusive = op(out.inclusive, value(r));
  out.exclusive = initial;
  for (unsigned r = 0; r < rank; ++r) out.exclusive = op(out.exclusive, value(r));
  out.exclusive_bare = value(0);
  for (unsigned r = 1; r < rank; ++r) out.exclusive_bare = op(out.exclusive_bare, value(r));
  out.segment = value(rank);
  for (unsigned r = rank + 1; r < size && in[members[r]].source % 4 != 0; ++r) out.segment = op(out.segment, value(r));
  for (unsigned r = 0; r < size; ++r) {
    out.mask |= bit(r);
    if (in[members[r]].source % 3 == 0) out.ballot |= bit(r);
    if constexpr (std::is_arithmetic_v<T>)
      if (std::memcmp(&value(r), &in[t].value, sizeof(T)) == 0) out.match |= bit(r);
    if ((in[members[r]].source % 7 < 3) == (in[t].source % 7 < 3)) out.nested |= bit(r);
    if (r < rank && in[members[r]].source % 3 == 0) ++out.in_line;
  }
  if constexpr (std::is_arithmetic_v<T>) out.match_all = (out.match == out.mask ? 1u : 0u) | 2u;
  bool any = false, all = true, none = true;
  for (unsigned m : members) {
    any = any || in[m].source % 5 == 0;
    all = all && in[m].source % 5 != 0;
    none = none && in[m].source % 5 != 1;
  }
  out.size = size;
  out.rank = rank;
  out.leader = lane_of_first;
  out.votes = (any ? 1u : 0u) | (all ? 2u : 0u) | (none ? 4u : 0u);
  out.is_leader = rank == 0;
  out.elected = 1;
  return out;
}

/// The operations whose results were right.
template <class T>
auto compare(output<T> const& got, output<T> const& want) {
  return std::array{
      std::pair{"shuffle", got.shuffle == want.shuffle},
      std::pair{"shuffle_up", got.up == want.up},
      std::pair{"shuffle_down", got.down == want.down},
      std::pair{"shuffle_xor", got.exchanged == want.exchanged},
      std::pair{"rotate", got.rotated == want.rotated},
      std::pair{"broadcast", got.broadcast == want.broadcast},
      std::pair{"reduce", got.reduced == want.reduced},
      std::pair{"inclusive_scan", got.inclusive == want.inclusive},
      std::pair{"exclusive_scan", got.exclusive == want.exclusive},
      std::pair{"exclusive_scan without initial value", got.exclusive_bare == want.exclusive_bare},
      std::pair{"exclusive_scan_and_total", got.total == want.total},
      std::pair{"inclusive_scan_and_total", got.inclusive_total == want.inclusive_total},
      std::pair{"reduce_parts", got.part == want.part},
      std::pair{"where", got.nested == want.nested},
      std::pair{"segmented_reduce", got.segment == want.segment},
      std::pair{"match_any", got.match == want.match},
      std::pair{"match_all", got.match_all == want.match_all},
      std::pair{"size, rank, mask, leader", got.size == want.size && got.rank == want.rank && got.mask == want.mask &&
                                                got.leader == want.leader && got.is_leader == want.is_leader},
      std::pair{"ballot", got.ballot == want.ballot},
      std::pair{"any, all, none", got.votes == want.votes},
      std::pair{"elect", got.elected == want.elected},
      std::pair{"rank_in", got.in_line == want.in_line},
  };
}

template <class T, class Op, unsigned N>
void check_group(xl::stream const& q, unsigned threads, std::mt19937& random) {
  unsigned const wave_size = q.device().properties().wave_size;
  if constexpr (N != by_predicate) {
    if (N > wave_size) return;
  }
  if (threads > unsigned(all_operations<T, Op, N>::max_threads)) return;
  unsigned const delta = unsigned(random());
  std::vector<input<T>> in(threads);
  for (auto& i : in) i = {make_value<T>(random), unsigned(random() >> 4), delta, unsigned(random() >> 5) % 2};
  T const initial = make_value<T>(random);

  xl::buffer<input<T>> device_in{q, threads};
  xl::buffer<output<T>> device_out{q, threads};
  std::vector<output<T>> out(threads);
  xl::copy(q, in, device_in);
  xl::launch(q, {.grid = 1, .block = threads}, all_operations<T, Op, N>{}, std::as_const(device_in), initial, device_out);
  xl::copy(q, device_out, out);
  q.synchronize();

  for (unsigned t = 0; t < threads; ++t) {
    std::string wrong;
    for (auto const& [operation, right] : compare(out[t], expected<T, Op, N>(in, wave_size, t, initial)))
      if (!right) wrong += std::string(", ") + operation;
    if (wrong.empty()) continue;
    fail("thread " + std::to_string(t) + " of " + std::to_string(threads) + ", groups of " + std::to_string(N) + ", values of " +
             std::to_string(sizeof(T)) + " bytes" + wrong,
         source_location::current());
    return;
  }
}

/// Sizes on both sides of every boundary of waves and tiles.
constexpr unsigned block_sizes[] = {1,  2,  3,   7,   8,   9,   31,  32,  33,  63,  64,   65,  95,
                                    96, 97, 127, 128, 129, 255, 256, 257, 640, 991, 1023, 1024};

template <class T, class Op, unsigned... N>
void check_groups(xl::device d, char const* type) {
  xl::stream const q{d};
  std::mt19937 random{20261123};
  for (unsigned threads : block_sizes) (check_group<T, Op, N>(q, threads, random), ...);
  for (auto const& [operation, right] : compare(output<T>{}, output<T>{}))
    if (std::is_arithmetic_v<T> || !std::string(operation).starts_with("match")) prove(operation, type, d);
}

/// out [threads x 3] = the lanes that agree in three bits within the wave, in all bits within a tile of eight, and in one bit within a
/// group of where().
struct match_bits {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned const> in, xl::span<std::uint64_t> out) const {
    auto const i = ctx.thread_rank();
    auto const w = xl::wave(ctx);
    out[3 * i] = w.template match_bits<3>(in[i]).to_word();
    out[3 * i + 1] = xl::tile<8>(ctx).template match_bits<32>(in[i]).to_word();
    out[3 * i + 2] = w.where(in[i] % 3 == 0).template match_bits<1>(in[i]).to_word();
  }
};

}  // namespace

// Every type with some sizes of groups, every size with some types.
CROSSLANE_TEST(wave, of_int) { check_groups<int, xl::plus, 4, 32, 64, by_predicate>(d, "int"); }
CROSSLANE_TEST(wave, of_int_maximum) { check_groups<int, xl::maximum, 64>(d, "int"); }
CROSSLANE_TEST(wave, of_unsigned_xor) { check_groups<unsigned, xl::bit_xor, 32>(d, "unsigned"); }
CROSSLANE_TEST(wave, of_int8) { check_groups<std::int8_t, xl::minimum, 32>(d, "int8"); }
CROSSLANE_TEST(wave, of_uint16) { check_groups<std::uint16_t, xl::bit_or, 16>(d, "uint16"); }
CROSSLANE_TEST(wave, of_int64) { check_groups<std::int64_t, xl::plus, 32>(d, "int64"); }
CROSSLANE_TEST(wave, of_float) { check_groups<float, xl::plus, 8, by_predicate>(d, "float"); }
CROSSLANE_TEST(wave, of_double) { check_groups<double, xl::plus, 64>(d, "double"); }
CROSSLANE_TEST(wave, of_8_bytes_not_commutative) { check_groups<maps<1>, compose, 1, 2, 32, by_predicate>(d, "8 bytes"); }
CROSSLANE_TEST(wave, of_64_bytes) { check_groups<maps<8>, compose, 32>(d, "64 bytes"); }
#if CROSSLANE_TEST_ALL
CROSSLANE_TEST(wave_all, of_int) { check_groups<int, xl::plus, 1, 2, 8, 16>(d, "int"); }
CROSSLANE_TEST(wave_all, of_int_maximum) { check_groups<int, xl::maximum, 32, by_predicate>(d, "int"); }
CROSSLANE_TEST(wave_all, of_unsigned_xor) { check_groups<unsigned, xl::bit_xor, 16, 64>(d, "unsigned"); }
CROSSLANE_TEST(wave_all, of_int8) { check_groups<std::int8_t, xl::minimum, 8, 64>(d, "int8"); }
CROSSLANE_TEST(wave_all, of_uint16) { check_groups<std::uint16_t, xl::bit_or, 64>(d, "uint16"); }
CROSSLANE_TEST(wave_all, of_int64) { check_groups<std::int64_t, xl::plus, 4, 64>(d, "int64"); }
CROSSLANE_TEST(wave_all, of_float) { check_groups<float, xl::plus, 2, 32, 64>(d, "float"); }
CROSSLANE_TEST(wave_all, of_double) { check_groups<double, xl::plus, 16, 32>(d, "double"); }
CROSSLANE_TEST(wave_all, of_8_bytes_not_commutative) { check_groups<maps<1>, compose, 4, 8, 16, 64>(d, "8 bytes"); }
CROSSLANE_TEST(wave_all, of_64_bytes) { check_groups<maps<8>, compose, 64>(d, "64 bytes"); }
#endif

CROSSLANE_TEST(wave, match_bits) {
  xl::stream const q{d};
  unsigned const size = d.properties().wave_size;
  for (unsigned const block : {1u, 40u, 100u, 256u}) {
    std::mt19937 random{4};
    std::vector<unsigned> in(block);
    for (unsigned& x : in) x = (random() & 7) | (random() & 1) << 31;
    std::vector<std::uint64_t> expected(3 * block);
    for (unsigned i = 0; i < block; ++i)
      for (unsigned j = i / size * size; j < block && j / size == i / size; ++j) {
        std::uint64_t const bit = std::uint64_t{1} << j % size;
        if (in[i] % 8 == in[j] % 8) expected[3 * i] |= bit;
        if (in[i] == in[j] && i / 8 == j / 8) expected[3 * i + 1] |= bit;
        if (in[i] % 2 == in[j] % 2 && (in[i] % 3 == 0) == (in[j] % 3 == 0)) expected[3 * i + 2] |= bit;
      }
    xl::buffer<unsigned> const values = upload(q, in);
    xl::buffer<std::uint64_t> out{q, expected.size()};
    xl::launch(q, {.grid = 1, .block = block}, match_bits{}, values, out);
    CROSSLANE_CHECK_SAME(read(q, out), expected);
  }
}
