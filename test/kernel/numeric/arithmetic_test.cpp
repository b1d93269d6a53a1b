// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Arithmetic of half and bfloat16 against its definition, single numbers and pairs.
#include "reference.hpp"

#include <crosslane/kernel/block.hpp>
#include <support/target.hpp>

#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

/// The results of the operations as codes, and of the comparisons as bits.
struct results {
  std::uint16_t sum, difference, product, quotient, fused, negated, absolute, comparisons;
};

struct operations {
  template <class T>
  CROSSLANE_FN results operator()(T a, T b, T c) const {
    int const comparisons = int(a == b) | int(a != b) << 1 | int(a < b) << 2 | int(a <= b) << 3 | int(a > b) << 4 | int(a >= b) << 5;
    T compound = a;
    compound += b;
    return {compound.bits(),     (a - b).bits(), (a * b).bits(), (a / b).bits(),
            fma(a, b, c).bits(), (-a).bits(),    abs(a).bits(),  std::uint16_t(comparisons)};
  }
};
/// The same for pairs: both elements of each result.
struct pair_results {
  xl::vec<std::uint16_t, 2> sum, difference, product, quotient, fused;
};
struct pair_operations {
  template <class V>
  CROSSLANE_FN static xl::vec<std::uint16_t, 2> bits(V v) {
    return {{v[0].bits(), v[1].bits()}};
  }
  template <class V>
  CROSSLANE_FN pair_results operator()(V a, V b, V c) const {
    return {bits(a + b), bits(a - b), bits(a * b), bits(a / b), bits(fma(a, b, c))};
  }
};

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 wide_unsigned;

/// Returns a number that rounds to any small format as the exact a * b + c does: its top bits, and one more bit for all lost bits.
long double exact_fma(double a, double b, double c) {
  if (!std::isfinite(a) || !std::isfinite(b) || !std::isfinite(c)) return a * b + c;
  constexpr int scale = 64;  // the samples' products are multiples of 2^-64
  auto const scaled = [](long double x) { return static_cast<wide>(std::ldexp(x, scale)); };
  wide const sum = scaled(static_cast<long double>(a) * b) + scaled(c);
  if (sum == 0) return a * b + c;  // the sign of zero
  bool const negative = sum < 0;
  auto magnitude = static_cast<wide_unsigned>(negative ? -sum : sum);
  int shift = 0;
  while (magnitude >> 62 != 0) magnitude = (magnitude >> 1) | (magnitude & 1), ++shift;
  long double const result = std::ldexp(static_cast<long double>(static_cast<std::uint64_t>(magnitude)), shift - scale);
  return negative ? -result : result;
}

/// All NaNs are equal.
template <class T>
bool same(unsigned got, unsigned expected) {
  format_description const f = describe<T>();
  return got == expected || (f.is_nan(got) && f.is_nan(expected));
}

template <class T>
struct expected_of {
  unsigned sum, difference, product, quotient, fused = 0;

  /// Computes in float, as bfloat16 is defined. For half the result is the same as with exact numbers, which this test shows.
  expected_of(unsigned code_a, unsigned code_b, unsigned code_c, bool with_fma = true) {
    auto const& r = reference_of<T>();
    double const a = r.format.value(code_a), b = r.format.value(code_b), c = r.format.value(code_c);
    auto const round = [&](double exact) {
      return r.round(std::is_same_v<T, xl::half> ? static_cast<long double>(exact) : static_cast<long double>(float(exact)), false);
    };
    sum = round(a + b);
    difference = round(a - b);
    product = round(a * b);
    quotient = round(a / b);
    if (with_fma) fused = r.round(exact_fma(a, b, c), false);
  }
};

/// Ends of ranges, both zeros, subnormal numbers, neighbours of one, infinities, NaN, and random ones.
template <class T>
std::vector<T> samples() {
  std::vector<unsigned> codes;
  int const random_count = in_another_order() ? 40 : 240;
  std::mt19937 random{11};
  if constexpr (std::is_same_v<T, xl::half>) {
    codes = {0, 1, 2, 3, 0x3ff, 0x400, 0x401, 0x3bff, 0x3c00, 0x3c01, 0x3555, 0x7bfe, 0x7bff, 0x7c00, 0x7e00, 0x5bff};
    for (int i = 0; i < random_count; ++i) codes.push_back(random() & 0x7fff);
  } else {
    // 2^-20 to 2^20, so that the reference of fma is exact; the ends are in extremes().
    codes = {0, 0x3f7f, 0x3f80, 0x3f81, 0x3eab, 0x7f80, 0x7fc0};
    for (int i = 0; i < random_count; ++i) codes.push_back(unsigned(107 + random() % 40) << 7 | (random() & 0x7f));
  }
  std::vector<T> result;
  for (unsigned const code : codes) {
    result.push_back(T::from_bits(std::uint16_t(code)));
    result.push_back(T::from_bits(std::uint16_t(code | 0x8000)));
  }
  return result;
}

template <class T>
struct triples {
  std::vector<T> a, b, c;
};
/// All pairs of numbers, each with a third number.
template <class T>
triples<T> all_pairs(std::vector<T> const& from) {
  triples<T> t;
  std::mt19937 random{12};
  for (T const x : from)
    for (T const y : from) {
      t.a.push_back(x);
      t.b.push_back(y);
      t.c.push_back(from[random() % from.size()]);
    }
  return t;
}

template <class Out, class In, class F>
std::vector<Out> map(xl::device d, triples<In> const& t, F f) {
  xl::stream const q{d};
  xl::buffer<In> const a = upload(q, t.a), b = upload(q, t.b), c = upload(q, t.c);
  xl::buffer<Out> out{q, t.a.size()};
  xl::transform(q, a, b, c, out, f);
  return read(q, out);
}

template <class T>
void check_operations(xl::device d, triples<T> const& t, bool with_fma) {
  std::vector<results> const got = map<results>(d, t, operations{});
  unsigned wrong = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    expected_of<T> const e{t.a[i].bits(), t.b[i].bits(), t.c[i].bits(), with_fma};
    results const& r = got[i];
    double const a = describe<T>().value(t.a[i].bits()), b = describe<T>().value(t.b[i].bits());
    int const comparisons = int(a == b) | int(a != b) << 1 | int(a < b) << 2 | int(a <= b) << 3 | int(a > b) << 4 | int(a >= b) << 5;
    bool const right = same<T>(r.sum, e.sum) && same<T>(r.difference, e.difference) && same<T>(r.product, e.product) &&
                       same<T>(r.quotient, e.quotient) && (!with_fma || same<T>(r.fused, e.fused)) &&
                       r.negated == (t.a[i].bits() ^ 0x8000) && r.absolute == (t.a[i].bits() & 0x7fff) && r.comparisons == comparisons;
    if (right) continue;
    if (wrong++ == 0) {
      char text[300];
      std::snprintf(text, sizeof text, "%s: %#x and %#x give %#x %#x %#x %#x %#x, not %#x %#x %#x %#x %#x", describe<T>().name,
                    t.a[i].bits(), t.b[i].bits(), r.sum, r.difference, r.product, r.quotient, r.fused, e.sum, e.difference, e.product,
                    e.quotient, e.fused);
      fail(text, source_location::current());
    }
  }
  CROSSLANE_CHECK_EQ(wrong, 0u);
}

template <class T>
void check_pairs(xl::device d) {
  using V = xl::vec<T, 2>;
  triples<T> const t = all_pairs(samples<T>());
  triples<V> pairs;
  std::size_t const n = t.a.size(), half = n / 2;
  for (std::size_t i = 0; i < half; ++i) {
    pairs.a.push_back({{t.a[i], t.a[i + half]}});
    pairs.b.push_back({{t.b[i], t.b[i + half]}});
    pairs.c.push_back({{t.c[i], t.c[i + half]}});
  }
  std::vector<pair_results> const got = map<pair_results>(d, pairs, pair_operations{});
  unsigned wrong = 0;
  for (std::size_t i = 0; i < half; ++i)
    for (unsigned k = 0; k < 2; ++k) {
      std::size_t const j = i + k * half;
      expected_of<T> const e{t.a[j].bits(), t.b[j].bits(), t.c[j].bits()};
      pair_results const& r = got[i];
      bool const right = same<T>(r.sum[k], e.sum) && same<T>(r.difference[k], e.difference) && same<T>(r.product[k], e.product) &&
                         same<T>(r.quotient[k], e.quotient) && same<T>(r.fused[k], e.fused);
      if (!right) ++wrong;
    }
  CROSSLANE_CHECK_EQ(wrong, 0u);
}

/// Sums of small integers, which are exact in any order.
template <class T>
struct reductions {
  static constexpr auto block = xl::block_size<128>;
  template <class Ctx>
  struct shared {
    xl::block_scratch<T, Ctx> scratch;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float> out) const {
    T const mine{int(ctx.thread_rank() % 4)};
    T const wave = xl::wave(ctx).reduce(mine, xl::plus{});
    T const most = xl::wave(ctx).reduce(mine, xl::maximum{});
    T const block = xl::block_reduce(ctx, s.scratch, mine, xl::plus{});
    xl::vec<T, 2> const pair = xl::wave(ctx).reduce(xl::vec<T, 2>{{mine, T{1}}}, xl::plus{});
    if (ctx.thread_rank() != 0) return;
    out[0] = float(wave);
    out[1] = float(most);
    out[2] = float(block);
    out[3] = float(pair[0]);
    out[4] = float(pair[1]);
  }
};

}  // namespace

CROSSLANE_TEST(numeric, arithmetic_of_half_rounds_once) { check_operations<xl::half>(d, all_pairs(samples<xl::half>()), true); }
CROSSLANE_TEST(numeric, arithmetic_of_bfloat16_goes_through_float) {
  check_operations<xl::bfloat16>(d, all_pairs(samples<xl::bfloat16>()), true);
}
CROSSLANE_TEST(numeric, arithmetic_at_the_ends_of_bfloat16) {
  std::vector<xl::bfloat16> ends;
  for (unsigned const code :
       {0u, 1u, 2u, 3u, 0x7fu, 0x80u, 0x81u, 0x155u, 0x1fc7u, 0x2011u, 0x5fd3u, 0x7f7eu, 0x7f7fu, 0x7f80u, 0x3f81u, 0x3f7fu}) {
    ends.push_back(xl::bfloat16::from_bits(std::uint16_t(code)));
    ends.push_back(xl::bfloat16::from_bits(std::uint16_t(code | 0x8000)));
  }
  check_operations<xl::bfloat16>(d, all_pairs(ends), false);
}
CROSSLANE_TEST(numeric, pairs_as_single_numbers) {
  check_pairs<xl::half>(d);
  check_pairs<xl::bfloat16>(d);
}
CROSSLANE_TEST(numeric, reductions_take_them) {
  auto const check = [&]<class T>(T) {
    xl::stream const q{d};
    xl::buffer<float> out{q, 5};
    xl::launch(q, {.grid = 1}, reductions<T>{}, out);
    float const lanes = float(d.properties().wave_size);
    CROSSLANE_CHECK_SAME(read(q, out), (std::vector<float>{lanes * 1.5f, 3, 192, lanes * 1.5f, lanes}));
  };
  check(xl::half{});
  check(xl::bfloat16{});
}

static_assert(xl::half{3} * xl::half{2} + xl::half{1} == xl::half{7} &&
              fma(xl::bfloat16{3}, xl::bfloat16{2}, xl::bfloat16{1}) == xl::bfloat16{7});
static_assert(xl::detail::is_commutative<xl::half, xl::plus> && xl::detail::is_commutative<xl::half, xl::minimum>);
static_assert(!xl::detail::is_commutative<xl::fp8_e4m3, xl::plus>);
