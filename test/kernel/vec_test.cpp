// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Vectors: layout, element-wise operators, conversions, loads and stores.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 1
#include <support/target.hpp>

#include <cmath>
#include <numeric>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

// --- layout: the same on all targets, vectors of three too, whose size and alignment vendors' own types do not agree about ---

template <class T, unsigned N>
constexpr bool laid_out(std::size_t size, std::size_t alignment) {
  return sizeof(xl::vec<T, N>) == size && alignof(xl::vec<T, N>) == alignment && std::is_trivially_copyable_v<xl::vec<T, N>>;
}
static_assert(laid_out<float, 1>(4, 4) && laid_out<float, 2>(8, 8) && laid_out<float, 4>(16, 16) && laid_out<float, 16>(64, 16));
static_assert(laid_out<float, 3>(12, 4) && laid_out<double, 3>(24, 8) && laid_out<char, 3>(3, 1) && laid_out<xl::half, 3>(6, 2));
static_assert(laid_out<xl::half, 2>(4, 4) && laid_out<xl::half, 8>(16, 16) && laid_out<xl::fp8_e4m3, 16>(16, 16));
static_assert(laid_out<double, 2>(16, 16) && laid_out<double, 4>(32, 16) && laid_out<std::int64_t, 1>(8, 8));
struct odd {
  char c[3];
};
static_assert(laid_out<odd, 4>(12, 1));
struct with_initializer {
  int i = 1;
};
static_assert(laid_out<with_initializer, 4>(16, 16));  // no names, since a union of it has no default constructor
static_assert(std::is_trivially_default_constructible_v<xl::vec<float, 4>> && std::is_trivially_default_constructible_v<xl::half2>);

// --- construction ---

static_assert(xl::vec<int, 4>{{1, 2}} == xl::vec{1, 2, 0, 0} && xl::vec<int, 8>{1, 2, 3, 4, 5, 6, 7, 8}[7] == 8);
static_assert(xl::vec<float, 3>{} == xl::vec{0.f, 0.f, 0.f} && xl::vec<with_initializer, 2>{}[1].i == 1);

// --- names ---

/// Names of elements are the elements of the array, to read and to write.
template <class T, unsigned N>
struct turn {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<xl::vec<T, N>> vectors) const {
    xl::vec<T, N>& v = vectors[ctx.thread_rank()];
    T const first = v.x;
    v.x = v[1];
    if constexpr (N == 2) {
      v.y = first;
    } else {
      v.y = v.z;
      T& last = v.z;
      last = first;
      if constexpr (N == 4) v[2] = v.w, v.w = first;
    }
    v[0] = v.x + v.x;
  }
};

template <class T, unsigned N>
void check_names(xl::device d) {
  xl::stream const q{d};
  std::vector<xl::vec<T, N>> in(40), expected(40);
  for (unsigned i = 0; i < 40; ++i)
    for (unsigned k = 0; k < N; ++k) {
      in[i][k] = T(float(i + 10 * k));
      expected[i][(k + N - 1) % N] = k == 1 ? in[i][k] + in[i][k] : in[i][k];
    }
  xl::buffer<xl::vec<T, N>> vectors = upload(q, in);
  xl::launch(q, {.grid = 1, .block = 40}, turn<T, N>{}, vectors);
  CROSSLANE_CHECK(read(q, vectors) == expected);
}

// --- operators ---

static_assert(xl::vec{1, 2, 3} + xl::vec{10, 20, 30} == xl::vec{11, 22, 33} && xl::vec{6.f, 8.f} / 2.f == xl::vec{3.f, 4.f});
static_assert(2 * xl::vec{1, 2} - xl::vec{1, 1} == xl::vec{1, 3} && -xl::vec{1, 2} == xl::vec{-1, -2});
static_assert((xl::vec{6u, 7u} & 3u) == xl::vec{2u, 3u} && (xl::vec{1u} | 6u) == xl::vec{7u} && (xl::vec{5u} ^ 1u) == xl::vec{4u});
static_assert(xl::vec{1, 2} != xl::vec{1, 3} && xl::vec<int, 4>::filled(7) == xl::vec{7, 7, 7, 7});
static_assert(xl::reduce(xl::vec{8, 4, 2}, xl::minus{}) == 2);
static_assert(xl::min(xl::vec{1, 5}, xl::vec{2, 3}) == xl::vec{1, 3} && xl::max(xl::vec{1.f, 5.f}, xl::vec{2.f, 3.f}) == xl::vec{2.f, 5.f});
static_assert(xl::clamp(xl::vec{-1, 5, 9}, xl::vec{0, 0, 0}, xl::vec{4, 6, 8}) == xl::vec{0, 5, 8});
static_assert(xl::minimum{}(xl::vec{xl::half{1}, xl::half{2}}, xl::vec{xl::half{2}, xl::half{1}}) == xl::vec{xl::half{1}, xl::half{1}});
static_assert(xl::vec_cast<int>(xl::vec{1.5f, -2.5f}) == xl::vec{1, -2});
static_assert(xl::vec_cast<xl::half>(xl::vec{1.f, 2.f, 3.f}) == xl::vec{xl::half{1}, xl::half{2}, xl::half{3}});

struct all_operators {
  template <class V>
  CROSSLANE_FN V operator()(V a, V b) const {
    using T = typename V::value_type;
    V c = (a + b) * (a - b) / b;
    c += a;
    c -= T(1);
    c *= b;
    c /= T(2);
    return xl::clamp(T(3) * c + -a, T(-9) * b, T(9) * b);
  }
};

template <class T, unsigned N>
void check_operators(xl::device d) {
  using V = xl::vec<T, N>;
  std::vector<V> a(50), b(50), expected(50);
  for (unsigned i = 0; i < 50; ++i)
    for (unsigned k = 0; k < N; ++k) {
      a[i][k] = T(int(i % 9) - 4 + int(k));
      b[i][k] = T(int(1u << ((i + k) % 4)));
      xl::vec<T, 1> const one = all_operators{}(xl::vec<T, 1>{{a[i][k]}}, xl::vec<T, 1>{{b[i][k]}});
      expected[i][k] = one[0];
    }
  xl::stream const q{d};
  xl::buffer<V> const in_a = upload(q, a), in_b = upload(q, b);
  xl::buffer<V> out{q, 50};
  xl::transform(q, in_a, in_b, out, all_operators{});
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

struct fused {
  template <class V>
  CROSSLANE_FN V operator()(V a, V c) const {
    return fma(a, a, c);
  }
};

/// T cannot represent the square of `x`. The nearest number is `square`, and the difference is 2^rest.
template <class T>
void check_fma(xl::device d, T x, T square, int rest) {
  using V = xl::vec<T, 3>;
  xl::stream const q{d};
  xl::buffer<V> const a = upload(q, std::vector<V>{V{x, T(3), -x}}), c = upload(q, std::vector<V>{V{-square, T(1), -square}});
  xl::buffer<V> out{q, 1};
  xl::transform(q, a, c, out, fused{});
  T const lost = std::ldexp(T(1), rest);
  CROSSLANE_CHECK_SAME(read(q, out), (std::vector<V>{V{lost, T(10), lost}}));
}

// --- conversions: of vectors as of single numbers, pairs included ---

template <class U>
struct cast_both {
  template <class T>
  CROSSLANE_FN bool operator()(xl::vec<T, 4> v) const {
    xl::vec<U, 4> const at_once = xl::vec_cast<U>(v);
    bool same = true;
    for (unsigned k = 0; k < 4; ++k) {
      U const one = static_cast<U>(v[k]);
      if constexpr (std::is_same_v<U, float>)
        same = same && (one == at_once[k] || (one != one && at_once[k] != at_once[k]));
      else
        same = same && one.bits() == at_once[k].bits();
    }
    return same;
  }
};

template <class U, class T>
void check_cast(xl::device d, std::vector<xl::vec<T, 4>> const& in) {
  xl::stream const q{d};
  xl::buffer<xl::vec<T, 4>> const input = upload(q, in);
  xl::buffer<int> same{q, in.size()};
  xl::transform(q, input, same, cast_both<U>{});
  CROSSLANE_CHECK_SAME(read(q, same), std::vector<int>(in.size(), 1));
}

template <class T>
void check_casts(xl::device d) {
  std::vector<xl::vec<float, 4>> floats;
  std::uint64_t state = 7;
  for (int i = 0; i < 20000; ++i) {
    xl::vec<float, 4> v;
    for (unsigned k = 0; k < 4; ++k) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      // Half of them within the range of the small types.
      std::uint32_t const bits = std::uint32_t(state >> 32);
      v[k] = __builtin_bit_cast(float, i % 2 == 0 ? bits : (bits & 0x807fffff) | (110 + (bits >> 25) % 32) << 23);
    }
    floats.push_back(v);
  }
  check_cast<T>(d, floats);
  std::vector<xl::vec<T, 4>> codes;
  for (unsigned code = 0; code < (sizeof(T) == 1 ? 256u : 65536u); code += 4) {
    xl::vec<T, 4> v;
    for (unsigned k = 0; k < 4; ++k) v[k] = T::from_bits(static_cast<typename T::bits_type>(code + k));
    codes.push_back(v);
  }
  check_cast<float>(d, codes);
}

// --- loads and stores ---

/// Reversed vectors of each array, written where they were read.
template <unsigned N, xl::access Load, xl::access Store>
struct reverse {
  template <xl::kernel_context Ctx, class T>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<T const> in, xl::span<T> out, std::uint64_t count) const {
    for (auto i : ctx.grid_stride(count)) {
      xl::vec<T, N> const v = xl::load_vec<N, Load>(in, i * N);
      xl::vec<T, N> r;
      for (unsigned k = 0; k < N; ++k) r[k] = v[N - 1 - k];
      xl::store_vec<Store>(out, i * N, r);
    }
  }
};

template <unsigned N, xl::access Load, xl::access Store, class T>
void check_access(xl::device d, std::vector<T> const& in) {
  xl::stream const q{d};
  xl::buffer<T> const input = upload(q, in);
  xl::buffer<T> output{q, in.size()};
  xl::launch(q, {.grid = 2, .block = 32}, reverse<N, Load, Store>{}, input, output, std::uint64_t{in.size() / N});
  std::vector<T> expected = in;
  for (std::size_t i = 0; i < in.size(); ++i) expected[i] = in[i / N * N + (N - 1 - i % N)];
  CROSSLANE_CHECK_SAME(read(q, output), expected);
}

template <class T>
void check_accesses(xl::device d) {
  std::vector<T> in(48 * 10);
  std::iota(in.begin(), in.end(), T(1));
  auto const check = [&]<unsigned N>(std::integral_constant<unsigned, N>) {
    check_access<N, xl::access::plain, xl::access::plain>(d, in);
    if constexpr (all_combinations || N == 3 || N == 16 / sizeof(T)) {  // by elements, and one access of the widest kind
      check_access<N, xl::access::streaming, xl::access::streaming>(d, in);
      check_access<N, xl::access::read_only, xl::access::plain>(d, in);
      check_access<N, xl::access::as_volatile, xl::access::as_volatile>(d, in);
    }
  };
  check(std::integral_constant<unsigned, 1>{});
  check(std::integral_constant<unsigned, 2>{});
  check(std::integral_constant<unsigned, 3>{});
  check(std::integral_constant<unsigned, 4>{});
  check(std::integral_constant<unsigned, 8>{});
  check(std::integral_constant<unsigned, 16>{});
}

}  // namespace

CROSSLANE_TEST(vec, fma_rounds_once) {
  check_fma<float>(d, 1 + 0x1p-12f, 1 + 0x1p-11f, -24);
  check_fma<double>(d, 1 + 0x1p-27, 1 + 0x1p-26, -54);
}

CROSSLANE_TEST(vec, operators_work_on_each_element) {
  check_operators<float, 1>(d);
  check_operators<float, 3>(d);
  check_operators<int, 4>(d);
  check_operators<double, 16>(d);
  check_operators<xl::half, 2>(d);
  check_operators<xl::half, 3>(d);
  check_operators<xl::bfloat16, 8>(d);
}
CROSSLANE_TEST(vec, names_are_elements) {
  check_names<float, 2>(d);
  check_names<double, 3>(d);
  check_names<int, 4>(d);
  check_names<xl::half, 4>(d);
}
CROSSLANE_TEST(vec, casts_as_single_numbers) {
  check_casts<xl::half>(d);
  check_casts<xl::fp8_e4m3>(d);
#if CROSSLANE_TEST_ALL
  check_casts<xl::bfloat16>(d);
  check_casts<xl::fp8_e5m2>(d);
  check_casts<xl::fp8_e4m3_fnuz>(d);
  check_casts<xl::fp8_e5m2_fnuz>(d);
#endif
}
CROSSLANE_TEST(vec, loads_and_stores) {
  check_accesses<std::uint8_t>(d);
  check_accesses<std::uint16_t>(d);
  check_accesses<float>(d);
  check_accesses<double>(d);
}
CROSSLANE_TEST_ONCE(vec, misaligned_and_outside_accesses_are_errors) {
  alignas(16) float data[32] = {};  // room for what must not happen: the compiler sees it coming
  xl::span<float> const all{data, 10}, odd_start{data + 1, 9};
  expect_error(xl::errc::out_of_bounds, {"load of 4 elements from index 8 is outside a span of 10 elements"},
               [&] { xl::load_vec<4>(all, 8); });
  expect_error(xl::errc::out_of_bounds, {"store of 16 elements from index 0 is outside a span of 10 elements"},
               [&] { xl::store_vec(all, 0, xl::vec<float, 16>{}); });
  expect_error(xl::errc::misaligned, {"load of 4 elements of 4 bytes", "element 2 of the span", "a multiple of 16"},
               [&] { xl::load_vec<4>(all, 2); });
  expect_error(xl::errc::misaligned, {"store of 2 elements", "element 0", "a multiple of 8"},
               [&] { xl::store_vec(odd_start, 0, xl::vec{1.f, 2.f}); });
  CROSSLANE_CHECK(xl::load_vec<3>(odd_start, 1) == xl::vec<float, 3>{});
}
