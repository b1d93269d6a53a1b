// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Integer functions against their definitions, bit by bit and byte by byte.
#include <support/target.hpp>

#include <limits>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

__extension__ using wide = __int128;
__extension__ using unsigned_wide = unsigned __int128;

template <class I>
struct arguments {
  std::vector<I> a, b, c;
};

/// All pairs of numbers with few bits, with runs of bits, limits and random numbers.
template <class I>
arguments<I> make_arguments() {
  using limits = std::numeric_limits<I>;
  std::vector<I> some{0, 1, 2, limits::max(), limits::min(), I(limits::max() - 1), I(limits::min() + 1), I(~I{0}), I(0x80), I(0x807f01ff)};
  for (unsigned i = 0; i < 8 * sizeof(I); i += 5) some.push_back(I(std::make_unsigned_t<I>(1) << i));
  arguments<I> result;
  std::mt19937_64 random{13};
  auto const add = [&](I a, I b) {
    result.a.push_back(a);
    result.b.push_back(b);
    result.c.push_back(I(random()));
  };
  for (I const a : some)
    for (I const b : some) add(a, b);
  for (int i = 0; i < 5000; ++i) add(I(random() >> random() % 64), I(random() >> random() % 64));
  return result;
}

template <class Out, class I, class F, class Expected>
void check(xl::device d, F f, Expected const& expected, source_location where = source_location::current()) {
  static arguments<I> const in = make_arguments<I>();
  xl::stream const q{d};
  xl::buffer<I> const a = upload(q, in.a), b = upload(q, in.b), c = upload(q, in.c);
  xl::buffer<Out> out{q, in.a.size()};
  xl::transform(q, a, b, c, out, f);
  std::vector<Out> const got = read(q, out);
  for (std::size_t i = 0; i < got.size(); ++i) {
    Out const want = expected(in.a[i], in.b[i], in.c[i]);
    if (got[i] == want) continue;
    return fail("of " + show_value(in.a[i]) + ", " + show_value(in.b[i]) + ", " + show_value(in.c[i]) + ": " + show_value(got[i]) +
                    ", not " + show_value(want),
                where);
  }
}

#define CALL(name, call)                                                                                   \
  struct name {                                                                                            \
    template <class I>                                                                                     \
    CROSSLANE_FN auto operator()([[maybe_unused]] I a, [[maybe_unused]] I b, [[maybe_unused]] I c) const { \
      return xl::call;                                                                                     \
    }                                                                                                      \
  }
CALL(count_set, popcount(a));
CALL(count_leading, count_leading_zeros(a));
CALL(count_trailing, count_trailing_zeros(a));
CALL(first_set, find_first_set(a));
CALL(reversed, reverse_bits(a));
CALL(permuted, byte_permute(a, b, c));
CALL(shifted_left, funnel_shift_left(a, b, unsigned(c)));
CALL(shifted_right, funnel_shift_right(a, b, unsigned(c)));
CALL(product_high, multiply_high(a, b));
CALL(sum, saturating_add(a, b));
CALL(difference, saturating_subtract(a, b));
CALL(dot, dot4(a, b, c));

template <class U>
bool bit(U x, unsigned i) {
  return (x >> i & 1) != 0;
}

template <class U>
void check_bits(xl::device d) {
  constexpr unsigned width = 8 * sizeof(U);
  check<unsigned, U>(d, count_set{}, [](U x, U, U) {
    unsigned n = 0;
    for (unsigned i = 0; i < width; ++i) n += bit(x, i);
    return n;
  });
  check<unsigned, U>(d, count_leading{}, [](U x, U, U) {
    unsigned n = 0;
    while (n < width && !bit(x, width - 1 - n)) ++n;
    return n;
  });
  check<unsigned, U>(d, count_trailing{}, [](U x, U, U) {
    unsigned n = 0;
    while (n < width && !bit(x, n)) ++n;
    return n;
  });
  check<unsigned, U>(d, first_set{}, [](U x, U, U) {
    for (unsigned i = 0; i < width; ++i)
      if (bit(x, i)) return i + 1;
    return 0u;
  });
  check<U, U>(d, reversed{}, [](U x, U, U) {
    U result = 0;
    for (unsigned i = 0; i < width; ++i) result |= U(bit(x, i)) << (width - 1 - i);
    return result;
  });
  check<U, U>(d, shifted_left{}, [](U low, U high, U n) {
    U result = 0;
    for (unsigned i = 0; i < width; ++i) {
      int const from = int(i) - int(n % width);
      result |= U(from >= 0 ? bit(high, unsigned(from)) : bit(low, unsigned(int(width) + from))) << i;
    }
    return result;
  });
  check<U, U>(d, shifted_right{}, [](U low, U high, U n) {
    U result = 0;
    for (unsigned i = 0; i < width; ++i) {
      unsigned const from = i + unsigned(n % width);
      result |= U(from < width ? bit(low, from) : bit(high, from - width)) << i;
    }
    return result;
  });
}

template <class I>
void check_arithmetic(xl::device d) {
  using limits = std::numeric_limits<I>;
  // The product of two 64-bit integers has 128 bits. A sum needs only 65.
  using product = std::conditional_t<std::is_signed_v<I>, wide, unsigned_wide>;
  check<I, I>(d, product_high{}, [](I a, I b, I) { return I(product(a) * product(b) >> 8 * sizeof(I)); });
  auto const limited = [](wide x) {
    return I(x < wide(limits::min()) ? wide(limits::min()) : x > wide(limits::max()) ? wide(limits::max()) : x);
  };
  check<I, I>(d, sum{}, [&](I a, I b, I) { return limited(wide(a) + wide(b)); });
  check<I, I>(d, difference{}, [&](I a, I b, I) { return limited(wide(a) - wide(b)); });
}

}  // namespace

CROSSLANE_TEST(integer, bits) {
  check_bits<std::uint32_t>(d);
  check_bits<unsigned long long>(d);
#if CROSSLANE_TEST_ALL
  check_bits<unsigned long>(d);
#endif
}

CROSSLANE_TEST(integer, arithmetic) {
  check_arithmetic<std::int32_t>(d);
  check_arithmetic<std::uint32_t>(d);
  check_arithmetic<long>(d);
  check_arithmetic<unsigned long long>(d);
#if CROSSLANE_TEST_ALL
  check_arithmetic<unsigned long>(d);
  check_arithmetic<long long>(d);
#endif
}

CROSSLANE_TEST(integer, bytes) {
  check<std::uint32_t, std::uint32_t>(d, permuted{}, [](std::uint32_t low, std::uint32_t high, std::uint32_t selector) {
    std::uint32_t result = 0;
    for (unsigned i = 0; i < 4; ++i) {
      unsigned const from = selector >> 4 * i & 7;
      result |= ((from < 4 ? low >> 8 * from : high >> 8 * (from - 4)) & 0xff) << 8 * i;
    }
    return result;
  });
  check<std::int32_t, std::int32_t>(d, dot{}, [](std::int32_t a, std::int32_t b, std::int32_t c) {
    wide sum = c;
    for (int i = 0; i < 4; ++i) sum += wide(std::int8_t(a >> 8 * i)) * std::int8_t(b >> 8 * i);
    return std::int32_t(sum);
  });
  check<std::uint32_t, std::uint32_t>(d, dot{}, [](std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    wide sum = c;
    for (int i = 0; i < 4; ++i) sum += wide(std::uint8_t(a >> 8 * i)) * std::uint8_t(b >> 8 * i);
    return std::uint32_t(sum);
  });
}

// The generic ways, in constant expressions.
static_assert(xl::popcount(0xf0f0u) == 8 && xl::count_leading_zeros(0u) == 32 && xl::count_trailing_zeros(std::uint64_t{8}) == 3);
static_assert(xl::find_first_set(0u) == 0 && xl::find_first_set(8u) == 4 && xl::reverse_bits(0x1u) == 0x80000000u);
static_assert(xl::byte_permute(0x33221100u, 0x77665544u, 0x7310u) == 0x77331100u);
static_assert(xl::funnel_shift_left(0x80000000u, 1u, 1) == 3 && xl::funnel_shift_right(0u, 1u, 1) == 0x80000000u);
static_assert(xl::multiply_high(-1, 1) == -1 && xl::multiply_high(~std::uint64_t{0}, std::uint64_t{2}) == 1);
static_assert(xl::saturating_add(2147483647, 1) == 2147483647 && xl::saturating_subtract(0u, 1u) == 0);
static_assert(xl::dot4(0x01ff0203, 0x01020304, 10) == 10 + 1 - 2 + 6 + 12);
