// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Atomic operations under contention, against their definition.
#include <support/target.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

// --- every operation, for every type, scope and order ---

enum operation : unsigned { add, sub, swap, compare_swap, min, max, and_, or_, xor_, operations };

template <class T>
constexpr unsigned operations_of = std::is_integral_v<T> ? operations : and_;

/// Returns the value that an operation stores.
template <class T>
CROSSLANE_FN T after(unsigned operation, T before, T value) {
  switch (operation) {
    case add:
    case compare_swap:
      if constexpr (std::is_integral_v<T>)
        return T(std::make_unsigned_t<T>(before) + std::make_unsigned_t<T>(value));
      else
        return before + value;
    case sub:
      if constexpr (std::is_integral_v<T>)
        return T(std::make_unsigned_t<T>(before) - std::make_unsigned_t<T>(value));
      else
        return before - value;
    case min: return value < before ? value : before;
    case max: return before < value ? value : before;
    default: break;
  }
  if constexpr (std::is_integral_v<T>) {
    if (operation == and_) return before & value;
    if (operation == or_) return before | value;
    if (operation == xor_) return before ^ value;
  }
  return value;
}

constexpr unsigned max_waves = 8;

/// The threads of one scope share a target for each operation: one of the shared struct, where the scope is within a block, and one of
/// `targets`, which is [operations × groups]. before, [2 × operations × threads], gets what operations return, those on shared memory
/// first.
template <class T, xl::scope Scope, class Order>
struct every_operation {
  static constexpr bool within_block = Scope == xl::scope::block || Scope == xl::scope::wave;

  struct shared {
    T targets[operations][max_waves];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, T start, std::size_t groups, xl::span<T const> values, xl::span<T> targets,
                               xl::span<T> shared_after, xl::span<T> before) const {
    std::size_t const rank = std::size_t(ctx.global_rank()), threads = std::size_t(ctx.global_size());
    unsigned const group_in_block = Scope == xl::scope::wave ? ctx.wave_rank() : 0;
    std::size_t const groups_in_block = Scope == xl::scope::wave ? ctx.wave_count() : 1;
    std::size_t const group = within_block ? std::size_t(ctx.block_rank()) * groups_in_block + group_in_block : 0;
    T const value = values[rank];

    if (ctx.thread_rank() < max_waves)
      for (unsigned i = 0; i < operations_of<T>; ++i) s.targets[i][ctx.thread_rank()] = start;
    ctx.sync_block();
    apply<0>(
        ctx, value, [&](unsigned i) -> T& { return targets[i * groups + group]; }, before.data() + operations_of<T> * threads + rank,
        threads);
    if constexpr (within_block) {
      apply<0>(ctx, value, [&](unsigned i) -> T& { return s.targets[i][group_in_block]; }, before.data() + rank, threads);
      ctx.sync_block();
      if (ctx.thread_rank() < groups_in_block)
        for (unsigned i = 0; i < operations_of<T>; ++i)
          shared_after[i * groups + std::size_t(ctx.block_rank()) * groups_in_block + ctx.thread_rank()] = s.targets[i][ctx.thread_rank()];
    }
  }

 private:
  template <unsigned I, class Ctx, class Targets>
  CROSSLANE_FN static void apply(Ctx const& ctx, T value, Targets const& target, T* before, std::size_t step) {
    if constexpr (I < operations_of<T>) {
      before[I * step] = call<I>(xl::atomic<Scope>(ctx, target(I)), value);
      apply<I + 1>(ctx, value, target, before, step);
    }
  }
  template <unsigned I, class Ref>
  CROSSLANE_FN static T call(Ref const& target, T value) {
    Order const order;
    if constexpr (I == add) return target.fetch_add(value, order);
    if constexpr (I == sub) return target.fetch_sub(value, order);
    if constexpr (I == swap) return target.exchange(value, order);
    if constexpr (I == min) return target.fetch_min(value, order);
    if constexpr (I == max) return target.fetch_max(value, order);
    if constexpr (I == and_) return target.fetch_and(value, order);
    if constexpr (I == or_) return target.fetch_or(value, order);
    if constexpr (I == xor_) return target.fetch_xor(value, order);
    if constexpr (I == compare_swap) {
      T before = target.load();
      while (!target.compare_exchange(before, after(add, before, value), order)) {
      }
      return before;
    }
  }
};

template <class T>
T random_value(std::mt19937_64& random) {
  if constexpr (std::is_integral_v<T>)
    return T(random());
  else if constexpr (sizeof(T) == 2)
    return T(int(random() % 3) - 1);
  else
    return T(int(random() % 2001) - 1000) / 8;  // small enough that no sum is rounded
}

/// Checks that the operations form one chain from `start` to `end`: each value in between is read as often as written.
template <class T>
void check_chain(unsigned operation, T start, T end, std::vector<T> const& values, std::vector<T> const& before) {
  std::vector<T> read = before, written{start};
  read.push_back(end);
  T last = start;
  for (std::size_t i = 0; i < values.size(); ++i) {
    written.push_back(after(operation, before[i], values[i]));
    last = after(operation, last, values[i]);
  }
  std::sort(read.begin(), read.end());
  std::sort(written.begin(), written.end());
  CROSSLANE_CHECK_SAME(read, written);
  if (operation != swap) CROSSLANE_CHECK_EQ(end, last);
}

template <class T, xl::scope Scope, class Order = xl::relaxed>
void check_operations(xl::device d) {
  using kernel = every_operation<T, Scope, Order>;
  constexpr unsigned grid = 5, block = 200, threads = grid * block, all = operations_of<T>;
  unsigned const wave = d.properties().wave_size;
  unsigned const in_group = Scope == xl::scope::wave ? wave : Scope == xl::scope::block ? block : threads;
  unsigned const in_block = kernel::within_block ? (block + in_group - 1) / in_group : 1;
  unsigned const groups = kernel::within_block ? grid * in_block : 1;

  xl::stream const q{d};
  std::mt19937_64 random{sizeof(T)};
  T const start = random_value<T>(random);
  std::vector<T> values(threads);
  for (T& v : values) v = random_value<T>(random);
  auto const device_values = upload(q, values);
  auto targets = upload(q, std::vector<T>((all * groups + 3) / 4 * 4, start));  // whole words, all of which are written
  auto shared_after = upload(q, std::vector<T>(all * groups, start));
  auto before = upload(q, std::vector<T>(2 * all * threads, start));
  xl::launch(q, {.grid = grid, .block = block}, kernel{}, start, std::size_t{groups}, device_values, targets, shared_after, before);
  std::vector<T> const ends[] = {read(q, shared_after), read(q, targets)}, olds = read(q, before);

  for (unsigned place = kernel::within_block ? 0 : 1; place < 2; ++place) {
    for (unsigned i = 0; i < all; ++i) {
      for (unsigned group = 0; group < groups; ++group) {
        unsigned const in_its_block = group % in_block;
        unsigned const first = kernel::within_block ? group / in_block * block + in_its_block * in_group : 0;
        unsigned const end = kernel::within_block ? std::min(first + in_group, (group / in_block + 1) * block) : threads;
        T const* const read_by_group = olds.data() + (place * all + i) * threads;
        check_chain(i, start, ends[place][i * groups + group], {values.begin() + first, values.begin() + end},
                    {read_by_group + first, read_by_group + end});
      }
    }
  }
}

template <class T>
void check_scopes(xl::device d) {
  check_operations<T, xl::scope::wave>(d);
  check_operations<T, xl::scope::block>(d);
  check_operations<T, xl::scope::device>(d);
  check_operations<T, xl::scope::system>(d);
}

CROSSLANE_TEST(atomic, operations_on_int) { check_scopes<int>(d); }
CROSSLANE_TEST(atomic, operations_on_unsigned) { check_scopes<unsigned>(d); }
CROSSLANE_TEST(atomic, operations_on_long) { check_scopes<long>(d); }
CROSSLANE_TEST(atomic, operations_on_unsigned_long) { check_operations<unsigned long, xl::scope::device>(d); }
CROSSLANE_TEST(atomic, operations_on_long_long) { check_operations<long long, xl::scope::block>(d); }
CROSSLANE_TEST(atomic, operations_on_unsigned_long_long) { check_scopes<unsigned long long>(d); }
CROSSLANE_TEST(atomic, operations_on_float) { check_scopes<float>(d); }
CROSSLANE_TEST(atomic, operations_on_double) { check_scopes<double>(d); }

// Targets are neighbours in an array: operations on one must not lose what others store beside it.
CROSSLANE_TEST(atomic, operations_on_8_bits) {
  check_operations<std::uint8_t, xl::scope::device>(d);
  check_operations<std::int8_t, xl::scope::block, xl::acq_rel>(d);
}
CROSSLANE_TEST(atomic, operations_on_16_bits) {
  check_operations<std::int16_t, xl::scope::system, xl::release>(d);
  check_operations<std::uint16_t, xl::scope::wave>(d);
}
CROSSLANE_TEST(atomic, operations_on_half) { check_operations<xl::half, xl::scope::device, xl::acq_rel>(d); }
CROSSLANE_TEST(atomic, operations_on_bfloat16) { check_operations<xl::bfloat16, xl::scope::block>(d); }

CROSSLANE_TEST(atomic, operations_in_every_order) {
  check_operations<unsigned, xl::scope::block, xl::acquire>(d);
  check_operations<int, xl::scope::device, xl::release>(d);
  check_operations<long long, xl::scope::device, xl::acq_rel>(d);
  check_operations<float, xl::scope::block, xl::acq_rel>(d);
  check_operations<double, xl::scope::system, xl::seq_cst>(d);
  check_operations<int, xl::scope::wave, xl::seq_cst>(d);
}

// --- floating point: each bit counts ---

template <class T>
using word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// Thread i works on its own element of each array.
template <class T>
struct float_operations {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<T const> values, xl::span<T> smaller, xl::span<T> larger, xl::span<T> stored,
                               xl::span<T> exchanged, xl::span<T> compared, xl::span<T> found, xl::span<int> success) const {
    for (auto i : ctx.grid_stride(values.size())) {
      T const value = values[i];
      xl::atomic(ctx, smaller[i]).fetch_min(value);
      xl::atomic(ctx, larger[i]).fetch_max(value);
      T const before = xl::atomic(ctx, stored[i]).load();
      xl::atomic(ctx, stored[i]).store(value);
      xl::atomic(ctx, exchanged[i]).store(xl::atomic(ctx, exchanged[i]).exchange(value) == before ? value : before);
      found[i] = value;
      success[i] = xl::atomic(ctx, compared[i]).compare_exchange(found[i], T(42));
    }
  }
};

template <class T>
std::vector<word<T>> bits_of(std::vector<T> const& x) {
  std::vector<word<T>> result;
  for (T const v : x) result.push_back(std::bit_cast<word<T>>(v));
  return result;
}

/// x is below y in IEEE 754's total order.
template <class T>
bool below(T x, T y) {
  using bits = word<T>;
  constexpr bits sign = bits{1} << (sizeof(T) * 8 - 1);
  auto const key = [](T v) {
    bits const b = std::bit_cast<bits>(v);
    return (b & sign) != 0 ? ~b : b | sign;
  };
  return key(x) < key(y);
}

template <class T>
void check_floats(xl::device d) {
  using limits = std::numeric_limits<T>;
  T const nan = limits::quiet_NaN();
  std::vector<T> special{0,
                         -T(0),
                         1,
                         -1,
                         T(1.5),
                         -T(1.5),
                         limits::infinity(),
                         -limits::infinity(),
                         limits::max(),
                         limits::lowest(),
                         limits::min(),
                         -limits::min(),
                         limits::denorm_min(),
                         -limits::denorm_min(),
                         nan,
                         std::copysign(nan, T(-1))};
  std::vector<T> targets, values, smaller, larger, after_compare;
  std::vector<int> equal;
  for (T const target : special) {
    for (T const value : special) {
      targets.push_back(target);
      values.push_back(value);
      smaller.push_back(!std::isnan(value) && below(value, target) ? value : target);
      larger.push_back(!std::isnan(value) && below(target, value) ? value : target);
      equal.push_back(std::bit_cast<word<T>>(target) == std::bit_cast<word<T>>(value));
      after_compare.push_back(equal.back() != 0 ? T(42) : target);
    }
  }
  xl::stream const q{d};
  auto const v = upload(q, values);
  auto a = upload(q, targets), b = upload(q, targets), c = upload(q, targets), e = upload(q, targets), f = upload(q, targets);
  xl::buffer<T> found{q, values.size()};
  xl::buffer<int> success{q, values.size()};
  xl::launch(q, {.grid = 2, .block = 96}, float_operations<T>{}, v, a, b, c, e, f, found, success);
  CROSSLANE_CHECK_SAME(bits_of(read(q, a)), bits_of(smaller));
  CROSSLANE_CHECK_SAME(bits_of(read(q, b)), bits_of(larger));
  CROSSLANE_CHECK_SAME(bits_of(read(q, c)), bits_of(values));
  CROSSLANE_CHECK_SAME(bits_of(read(q, f)), bits_of(after_compare));
  CROSSLANE_CHECK_SAME(bits_of(read(q, found)), bits_of(targets));
  CROSSLANE_CHECK_SAME(read(q, success), equal);
  std::vector<T> swapped = targets;
  for (std::size_t i = 0; i < swapped.size(); ++i)
    if (!std::isnan(targets[i])) swapped[i] = values[i];
  CROSSLANE_CHECK_SAME(bits_of(read(q, e)), bits_of(swapped));
}

CROSSLANE_TEST(atomic, special_floats) { check_floats<float>(d); }
CROSSLANE_TEST(atomic, special_doubles) { check_floats<double>(d); }

/// Every thread adds to one of a few sums of device memory.
template <class T>
struct add_coarse_grained {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<T> sums) const {
    std::size_t const rank = std::size_t(ctx.global_rank());
    xl::atomic(ctx, sums[rank % sums.size()]).fetch_add_coarse_grained(T(rank));
    xl::atomic(ctx, sums[(rank + 1) % sums.size()]).load();
  }
};

template <class T>
void check_coarse_grained(xl::device d) {
  constexpr std::size_t threads = 5 * 128, sums = 3;
  xl::stream const q{d};
  auto got = upload(q, std::vector<T>(sums, T(0.5)));
  xl::launch(q, {.grid = 5, .block = 128}, add_coarse_grained<T>{}, got);
  std::vector<T> expected(sums, T(0.5));
  for (std::size_t i = 0; i < threads; ++i) expected[i % sums] += T(i);
  CROSSLANE_CHECK_SAME(read(q, got), expected);
}

CROSSLANE_TEST(atomic, coarse_grained_floats) { check_coarse_grained<float>(d); }
CROSSLANE_TEST(atomic, coarse_grained_doubles) { check_coarse_grained<double>(d); }

// --- one addition for a group ---

/// Sums wrap around, as in fetch_add().
template <class T>
struct add_beyond {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, T value, xl::span<T> sums, xl::span<T> before) const {
    std::size_t const rank = ctx.thread_rank(), threads = ctx.block_size();
    before[rank] = xl::aggregated_add(xl::wave(ctx), xl::atomic(ctx, sums[0]), value);
    before[threads + rank] = xl::aggregated_increment(xl::wave(ctx), xl::atomic(ctx, sums[1]));
  }
};

template <class T>
void check_add_beyond(xl::device d) {
  using U = std::make_unsigned_t<T>;
  constexpr T most = std::numeric_limits<T>::max();
  unsigned const wave = d.properties().wave_size;
  xl::stream const q{d};
  auto sums = upload(q, std::vector<T>{most - 1, most - 1});
  xl::buffer<T> before{q, 2 * wave};
  xl::launch(q, {.grid = 1, .block = wave}, add_beyond<T>{}, most, sums, before);
  std::vector<T> expected;
  for (U const step : {U(most), U(1)})
    for (unsigned i = 0; i < wave; ++i) expected.push_back(T(U(most - 1) + i * step));
  CROSSLANE_CHECK_SAME(read(q, before), expected);
  CROSSLANE_CHECK_SAME(read(q, sums), (std::vector<T>{T(U(most - 1) + wave * U(most)), T(U(most - 1) + wave)}));
}

CROSSLANE_TEST(atomic, aggregated_sums_wrap_around) {
  check_add_beyond<int>(d);
  check_add_beyond<long long>(d);
}

/// Adds by waves, by tiles of 8, and by the lanes whose value is odd. Each has its own third of `before`.
template <class T>
struct add_together {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<T const> values, xl::span<T> sums, xl::span<T> before) const {
    std::size_t const rank = std::size_t(ctx.global_rank()), threads = values.size();
    T const value = values[rank];
    auto const wave = xl::wave(ctx);
    before[rank] = xl::aggregated_add(wave, xl::atomic(ctx, sums[0]), value);
    before[threads + rank] = xl::aggregated_add(xl::tile<8>(ctx), xl::atomic<xl::scope::system>(ctx, sums[1]), value, xl::acq_rel{});
    bool const odd = value % 2 != 0;
    auto const group = wave.where(odd);
    before[2 * threads + rank] = odd ? xl::aggregated_increment(group, xl::atomic(ctx, sums[2])) : T(-1);
  }
};

/// Checks that the lanes of one group follow each other, and that all intervals [before, before + value) together form one interval.
template <class T>
void check_add_together(xl::device d) {
  constexpr unsigned grid = 3, block = 150, threads = grid * block;
  unsigned const wave = d.properties().wave_size;
  xl::stream const q{d};
  std::mt19937 random{7};
  std::vector<T> values(threads);
  for (T& v : values) v = T(random() % 1000 + 1);
  auto const device_values = upload(q, values);
  auto sums = upload(q, std::vector<T>(3, T(1000)));
  xl::buffer<T> before{q, 3 * threads};
  xl::launch(q, {.grid = grid, .block = block}, add_together<T>{}, device_values, sums, before);
  std::vector<T> const got = read(q, before), ends = read(q, sums);
  for (unsigned k = 0; k < 3; ++k) {
    unsigned const in_group = k == 1 ? 8 : wave;
    std::vector<std::pair<T, T>> steps;
    T sum = 1000, next = 0;
    for (unsigned i = 0; i < threads; ++i) {
      T const value = k == 2 ? values[i] % 2 : values[i];
      if (i % block % in_group == 0) next = T(-1);
      if (value == 0) continue;
      T const from = got[k * threads + i];
      if (next != T(-1)) CROSSLANE_CHECK_EQ(from, next);
      next = T(from + value);
      steps.emplace_back(from, next);
      sum += value;
    }
    CROSSLANE_CHECK_EQ(ends[k], sum);
    std::sort(steps.begin(), steps.end());
    T at = 1000;
    for (auto const& [from, to] : steps) {
      CROSSLANE_REQUIRE(from == at);
      at = to;
    }
    CROSSLANE_CHECK_EQ(at, sum);
  }
}

CROSSLANE_TEST(atomic, aggregated_ints) { check_add_together<int>(d); }
CROSSLANE_TEST(atomic, aggregated_unsigned_long_longs) { check_add_together<unsigned long long>(d); }

/// Blocks pass a number on: each waits for the one before, in blocks and types of all sizes.
template <class T>
struct pass_on {
  static constexpr bool resident = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<T> numbers, xl::span<int> data) const {
    auto const own = ctx.block_index();
    if (ctx.thread_rank() != 0) return;
    T const before = own == 0 ? T(1) : xl::atomic(ctx, numbers[own - 1]).wait(T(0));
    data[own] = own == 0 ? 100 : data[own - 1] + 1;
    xl::atomic(ctx, numbers[own]).store(T(before + T(1)), xl::release{});
  }
};
template <class T>
void check_wait(xl::device d) {
  xl::stream const q{d};
  xl::launch_config const config{.block = 64};
  unsigned const most = xl::max_cooperative_blocks(d, config, pass_on<T>{}, xl::span<T>{}, xl::span<int>{}), grid = most < 7 ? most : 7;
  CROSSLANE_REQUIRE(grid > 1);
  xl::buffer<T> numbers{q, grid};
  xl::buffer<int> data{q, grid};
  xl::fill(q, numbers, T(0));
  xl::launch(q, {.grid = grid, .block = 64}, pass_on<T>{}, numbers, data);
  std::vector<T> const got = read(q, numbers);
  std::vector<int> const results = read(q, data);
  for (unsigned i = 0; i < grid; ++i) {
    CROSSLANE_CHECK_EQ(got[i], T(i + 2));
    CROSSLANE_CHECK_EQ(results[i], 100 + int(i));
  }
}
CROSSLANE_TEST(atomic, wait) {
  check_wait<unsigned>(d);
  check_wait<unsigned char>(d);
  check_wait<unsigned long long>(d);
  check_wait<float>(d);
}

}  // namespace
