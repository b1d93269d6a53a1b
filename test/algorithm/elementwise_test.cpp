// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// for_each and transform for all sizes, types and alignments, so that the tests run vectorised pieces, tails and both paths.
#include <support/target.hpp>

#include <array>
#include <random>
#include <tuple>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr std::size_t small_sizes = 71;
constexpr std::size_t large_size = 100003;

template <class T>
std::vector<T> random_values(std::size_t n, std::mt19937& random) {
  std::vector<T> result(n);
  for (T& x : result) x = static_cast<T>(random() % 100);
  return result;
}

// --- for_each over indices ---

template <class N>
struct count_visit {
  unsigned* counts;
  std::uint64_t size;
  CROSSLANE_FN void operator()(N i) const {
    if (std::uint64_t(i) < size) counts[i] = counts[i] + unsigned(i) + 1;
  }
};

template <class N>
void check_indices(xl::stream const& q, std::size_t n) {
  xl::buffer<unsigned> counts{q, n + 3};
  xl::fill(q, counts, 0u);
  xl::for_each(q, N(n), count_visit<N>{counts.data(), n + 3});
  std::vector<unsigned> expected(n + 3);
  for (std::size_t i = 0; i < n; ++i) expected[i] = unsigned(i) + 1;
  CROSSLANE_CHECK_SAME(read(q, counts), expected);
}

CROSSLANE_TEST(for_each, indices) {
  xl::stream const q{d};
  for (std::size_t n = 0; n < small_sizes; ++n) check_indices<int>(q, n);
  for (std::size_t const n : {255, 256, 257, 511, 513}) check_indices<unsigned>(q, n);
  check_indices<unsigned char>(q, 255);
  check_indices<signed char>(q, 127);
  check_indices<short>(q, 1000);
  check_indices<int>(q, large_size);
  check_indices<std::size_t>(q, large_size);
  check_indices<long long>(q, 300);
}

CROSSLANE_TEST(for_each, lambda) {
  xl::stream const q{d};
  xl::buffer<int> out{q, 100};
  xl::for_each(q, 100, [x = out.view(), factor = 3] CROSSLANE_LAMBDA(int i) { x[std::size_t(i)] = factor * i; });
  std::vector<int> expected(100);
  for (int i = 0; i < 100; ++i) expected[std::size_t(i)] = 3 * i;
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

// --- for_each over elements ---

template <class T>
struct change {
  CROSSLANE_FN void operator()(T& x) const { x = static_cast<T>(x * 3 + 1); }
};

template <std::size_t Words>
struct words {
  unsigned data[Words];
  words() = default;
  explicit words(unsigned long value) {
    for (unsigned& w : data) w = unsigned(value++);
  }
  bool operator==(words const&) const = default;
};
template <std::size_t Words>
struct change<words<Words>> {
  CROSSLANE_FN void operator()(words<Words>& x) const {
    for (unsigned& w : x.data) w = w * 3 + 1;
  }
};

struct copy_of {
  template <class T>
  CROSSLANE_FN T operator()(T const& x) const {
    return x;
  }
};

/// The elements from `offset` on in a larger buffer. The elements around them must not change.
template <class T>
void check_elements(xl::stream const& q, std::size_t n, std::size_t offset, std::mt19937& random) {
  std::vector<T> expected = random_values<T>(n + offset + 5, random);
  xl::buffer<T> b = upload(q, expected);
  xl::for_each(q, b.view().subspan(offset, n), change<T>{});
  for (std::size_t i = 0; i < n; ++i) change<T>{}(expected[offset + i]);
  CROSSLANE_CHECK_SAME(read(q, b), expected);
}

template <class T>
void check_elements_of(xl::device d) {
  xl::stream const q{d};
  std::mt19937 random{sizeof(T)};
  for (std::size_t n = 0; n < small_sizes; ++n) {
    check_elements<T>(q, n, 0, random);
    check_elements<T>(q, n, 1 + n % 15, random);
  }
  check_elements<T>(q, large_size, 0, random);
  check_elements<T>(q, large_size, 1, random);
}

CROSSLANE_TEST(for_each, elements_of_1_byte) { check_elements_of<unsigned char>(d); }
CROSSLANE_TEST(for_each, elements_of_2_bytes) { check_elements_of<short>(d); }
CROSSLANE_TEST(for_each, elements_of_4_bytes) { check_elements_of<float>(d); }
CROSSLANE_TEST(for_each, elements_of_8_bytes) { check_elements_of<double>(d); }
CROSSLANE_TEST(for_each, elements_of_12_bytes) { check_elements_of<words<3>>(d); }
CROSSLANE_TEST(for_each, elements_of_16_bytes) { check_elements_of<words<4>>(d); }
CROSSLANE_TEST(for_each, elements_of_32_bytes) { check_elements_of<words<8>>(d); }

/// A struct of 16 bytes at any multiple of 4. This alignment is legal for the type, but too small for the widest access.
CROSSLANE_TEST(for_each, elements_aligned_to_their_type_only) {
  xl::stream const q{d};
  for (std::size_t const shift : {1, 2, 3}) {
    std::vector<unsigned> expected(100);
    for (unsigned i = 0; i < 100; ++i) expected[i] = i;
    xl::buffer<unsigned> b = upload(q, expected);
    xl::span<words<4>> const shifted{reinterpret_cast<words<4>*>(b.data() + shift), 20};
    xl::for_each(q, shifted, change<words<4>>{});
    xl::transform(q, shifted, shifted, copy_of{});
    for (std::size_t i = shift; i < shift + 80; ++i) expected[i] = expected[i] * 3 + 1;
    CROSSLANE_CHECK_SAME(read(q, b), expected);
  }
}

CROSSLANE_TEST(for_each, buffers_of_every_kind) {
  xl::stream const q{d};
  xl::pinned_buffer<int> p{q, 10};
  for (std::size_t i = 0; i < 10; ++i) p[i] = int(i);
  xl::for_each(q, p, change<int>{});
  xl::buffer<int> b = upload(q, std::vector<int>{4, 5, 6});
  xl::for_each(q, b, change<int>{});
  xl::for_each(q, xl::buffer<int>{q, 0}, change<int>{});
  CROSSLANE_CHECK_SAME(read(q, b), (std::vector<int>{13, 16, 19}));
  for (std::size_t i = 0; i < 10; ++i) CROSSLANE_CHECK_EQ(p[i], 3 * i + 1);
}

// --- transform ---

/// Inputs weighted by their position; exact in every type used.
template <class Out>
struct weigh {
  template <class... In>
  CROSSLANE_FN Out operator()(In const&... in) const {
    double sum = 5;
    int weight = 1;
    ((sum += double(in) * weight++), ...);
    return static_cast<Out>(sum);
  }
};

/// The output and each input have different offsets.
template <class Out, class... In, std::size_t... I>
void check_transform(xl::stream const& q, std::size_t n, std::array<std::size_t, sizeof...(In) + 1> offsets, std::mt19937& random,
                     std::index_sequence<I...>) {
  std::vector<Out> expected = random_values<Out>(n + offsets[0] + 5, random);
  xl::buffer<Out> out = upload(q, expected);
  std::tuple<std::vector<In>...> const data{random_values<In>(n + offsets[I + 1], random)...};
  std::tuple<xl::buffer<In>...> const in{upload(q, std::get<I>(data))...};
  xl::transform(q, std::get<I>(in).view().subspan(offsets[I + 1], n)..., out.view().subspan(offsets[0], n), weigh<Out>{});
  for (std::size_t i = 0; i < n; ++i) expected[offsets[0] + i] = weigh<Out>{}(std::get<I>(data)[offsets[I + 1] + i]...);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

template <class Out, class... In>
void check_transforms(xl::device d) {
  xl::stream const q{d};
  std::mt19937 random{sizeof...(In)};
  auto const sequence = std::index_sequence_for<In...>{};
  std::array<std::size_t, sizeof...(In) + 1> offsets{};
  for (std::size_t n = 0; n < small_sizes; ++n) {
    offsets.fill(0);
    check_transform<Out, In...>(q, n, offsets, random, sequence);
    for (std::size_t& o : offsets) o = random() % 2 == 0 ? 0 : 16;  // all aligned, not all at the beginning
    check_transform<Out, In...>(q, n, offsets, random, sequence);
    offsets.fill(0);
    offsets[random() % offsets.size()] = random() % 15 + 1;  // only one is misaligned
    check_transform<Out, In...>(q, n, offsets, random, sequence);
  }
  offsets.fill(0);
  check_transform<Out, In...>(q, large_size, offsets, random, sequence);
  offsets.back() = 1;
  check_transform<Out, In...>(q, large_size, offsets, random, sequence);
}

/// A thread has at most 16 elements.
struct counts_its_calls {
  mutable int calls = 0;
  CROSSLANE_FN void operator()(int& x) const { x = ++calls; }
  CROSSLANE_FN int operator()(float) const { return ++calls; }
};
CROSSLANE_TEST(for_each, what_a_function_keeps_is_the_threads) {
  xl::stream const q{d};
  xl::buffer<int> x{q, 5000}, y{q, 5000};
  xl::buffer<float> in{q, 5000};
  xl::fill(q, in, 1.0f);
  xl::for_each(q, x, counts_its_calls{});
  xl::transform(q, in, y, counts_its_calls{});
  for (int const calls : read(q, x)) CROSSLANE_CHECK(calls >= 1 && calls <= 16);
  for (int const calls : read(q, y)) CROSSLANE_CHECK(calls >= 1 && calls <= 16);
}

CROSSLANE_TEST(transform, one_input) { check_transforms<float, float>(d); }
CROSSLANE_TEST(transform, one_narrower_input) { check_transforms<double, unsigned char>(d); }
CROSSLANE_TEST(transform, one_wider_input) { check_transforms<short, double>(d); }
CROSSLANE_TEST(transform, two_inputs) { check_transforms<int, int, int>(d); }
CROSSLANE_TEST(transform, three_inputs) { check_transforms<float, short, float, int>(d); }
CROSSLANE_TEST(transform, four_inputs) { check_transforms<double, signed char, float, unsigned short, long long>(d); }
CROSSLANE_TEST(transform, bytes) { check_transforms<unsigned short, unsigned char, unsigned char>(d); }

/// Elements whose size is not a power of two, and elements that are wider than any access.
struct scale {
  template <class T>
  CROSSLANE_FN T operator()(T x, unsigned factor) const {
    for (unsigned& w : x.data) w *= factor;
    return x;
  }
};
template <class T>
void check_structs(xl::device d) {
  xl::stream const q{d};
  std::mt19937 random{7};
  for (std::size_t n = 0; n < small_sizes; ++n) {
    std::vector<T> data = random_values<T>(n, random);
    std::vector<unsigned> const factors = random_values<unsigned>(n, random);
    xl::buffer<T> const in = upload(q, data);
    xl::buffer<unsigned> const by = upload(q, factors);
    xl::buffer<T> out{q, n};
    xl::transform(q, in, by, out, scale{});
    for (std::size_t i = 0; i < n; ++i) data[i] = scale{}(data[i], factors[i]);
    CROSSLANE_CHECK_SAME(read(q, out), data);
  }
}
CROSSLANE_TEST(transform, structs) {
  check_structs<words<3>>(d);
  check_structs<words<4>>(d);
  check_structs<words<6>>(d);
  check_structs<words<8>>(d);
}

CROSSLANE_TEST(transform, in_place) {
  xl::stream const q{d};
  std::mt19937 random{8};
  for (std::size_t const n : {std::size_t{1}, std::size_t{63}, std::size_t{64}, large_size}) {
    std::vector<int> data = random_values<int>(n, random);
    std::vector<int> const other = random_values<int>(n, random);
    xl::buffer<int> b = upload(q, data), c = upload(q, other);
    xl::transform(q, b, b, weigh<int>{});
    xl::transform(q, c, b, b, weigh<int>{});
    for (std::size_t i = 0; i < n; ++i) data[i] = weigh<int>{}(other[i], weigh<int>{}(data[i]));
    CROSSLANE_CHECK_SAME(read(q, b), data);
    CROSSLANE_CHECK_SAME(read(q, c), other);
  }
}

CROSSLANE_TEST(transform, lambda_between_kinds_of_memory) {
  xl::stream const q{d};
  xl::pinned_buffer<float> in{q, 100};
  for (std::size_t i = 0; i < 100; ++i) in[i] = float(i);
  xl::buffer<float> out{q, 100};
  xl::transform(q, in, out, [k = 0.5f] CROSSLANE_LAMBDA(float x) { return k * x; });
  std::vector<float> expected(100);
  for (std::size_t i = 0; i < 100; ++i) expected[i] = 0.5f * float(i);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

/// The function's result is converted to the output's type.
CROSSLANE_TEST(transform, converts_the_result) {
  xl::stream const q{d};
  xl::buffer<float> const in = upload(q, std::vector<float>{-1.75f, 0.f, 2.75f, 60.5f, 7.f});
  xl::buffer<signed char> out{q, 5};
  xl::transform(q, in, out, [] CROSSLANE_LAMBDA(float x) { return 2.f * x; });
  CROSSLANE_CHECK_SAME(read(q, out), (std::vector<signed char>{-3, 0, 5, 121, 14}));
}

}  // namespace
