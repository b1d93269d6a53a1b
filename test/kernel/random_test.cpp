// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Random numbers: published answers, the same bits on every target, distributions against their definition.
#include <crosslane/kernel/random.hpp>
#include <support/target.hpp>

#include <cmath>
#include <random>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

// --- Philox against the vectors that its authors publish (kat_vectors of Random123, philox4x32 10) ---

struct known_answer {
  xl::random_block counter;
  std::uint32_t key[2];
  xl::random_block answer;
};

constexpr known_answer known_answers[] = {
    {{{0, 0, 0, 0}}, {0, 0}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
    {{{~0u, ~0u, ~0u, ~0u}}, {~0u, ~0u}, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
    {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {0xa4093822, 0x299f31d0}, {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
};

struct answer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<known_answer> cases) const {
    if (auto const i = ctx.global_index(); i < cases.size())
      cases[i].answer = xl::philox(cases[i].counter, cases[i].key[0], cases[i].key[1]);
  }
};

CROSSLANE_TEST(random, known_answers) {
  xl::stream const q{d};
  std::vector<known_answer> cases(std::begin(known_answers), std::end(known_answers));
  for (known_answer& c : cases) c.answer = {};
  auto on_device = upload(q, cases);
  xl::launch(q, {.grid = 1, .block = 32}, answer{}, on_device);
  std::vector<known_answer> const got = read(q, on_device);
  for (std::size_t i = 0; i < got.size(); ++i)
    for (int j = 0; j < 4; ++j) CROSSLANE_CHECK_EQ(got[i].answer.words[j], known_answers[i].answer.words[j]);
}

// --- the engine ---

constexpr std::uint64_t seed = 0x0123456789abcdef, far_stream = 0xfedcba9876543210;

CROSSLANE_TEST_ONCE(random, engine_hands_out_the_blocks_in_order) {
  xl::random_engine engine{seed, far_stream};
  for (std::uint32_t i = 0; i < 5; ++i) {
    xl::random_block const block = xl::philox({{i, 0, 0x76543210, 0xfedcba98}}, 0x89abcdef, 0x01234567);
    for (std::uint32_t const word : block.words) CROSSLANE_CHECK_EQ(engine(), word);
  }
  xl::random_block const block = xl::philox({{5, 0, 0x76543210, 0xfedcba98}}, 0x89abcdef, 0x01234567);
  CROSSLANE_CHECK_EQ(engine.next_64(), block.words[0] | std::uint64_t{block.words[1]} << 32);
}

CROSSLANE_TEST_ONCE(random, skip) {
  for (unsigned before = 0; before < 9; ++before) {
    for (unsigned count = 0; count < 14; ++count) {
      xl::random_engine walked{seed, 7}, skipped{seed, 7};
      for (unsigned i = 0; i < before; ++i) walked(), skipped();
      for (unsigned i = 0; i < count; ++i) walked();
      skipped.skip(count);
      for (int i = 0; i < 6; ++i) CROSSLANE_CHECK_EQ(walked(), skipped());
    }
  }
  xl::random_engine far{seed, 0};
  far.skip(0xfffffffffffffffe);  // word 2 of block 2^62 - 1
  CROSSLANE_CHECK_EQ(far(), xl::philox({{0xffffffff, 0x3fffffff, 0, 0}}, 0x89abcdef, 0x01234567).words[2]);
}

// --- distributions ---

CROSSLANE_TEST_ONCE(random, ends_of_intervals) {
  CROSSLANE_CHECK(xl::uniform_float(0) == 0 && xl::uniform_float(~0u) == 1 - 0x1p-24f);
  CROSSLANE_CHECK(xl::uniform_double(0) == 0 && xl::uniform_double(~std::uint64_t{0}) == 1 - 0x1p-53);
  CROSSLANE_CHECK(xl::uniform_positive_float(0) == 0x1p-24f && xl::uniform_positive_float(~0u) == 1);
  CROSSLANE_CHECK(xl::uniform_positive_double(0) == 0x1p-53 && xl::uniform_positive_double(~std::uint64_t{0}) == 1);
}

constexpr std::uint32_t large_bound = 3u << 30;  // by a modulo the lowest quarter of 2^32 would come twice as often

/// The numbers that are drawn from a stream, in the order of the members.
template <class T>
struct samples {
  T uniform, positive;
  std::uint32_t small, large;
  xl::random_pair<T> normal;
  T exponential;
};

template <class T>
CROSSLANE_FN samples<T> draw(std::uint64_t stream) {
  xl::random_engine engine{seed, stream};
  samples<T> s;
  s.uniform = xl::uniform<T>(engine);
  s.positive = xl::uniform_positive<T>(engine);
  s.small = xl::uniform_below(engine, 7);
  s.large = xl::uniform_below(engine, large_bound);
  s.normal = xl::normal_pair<T>(engine);
  s.exponential = xl::exponential<T>(engine);
  return s;
}

template <class T>
struct draw_samples {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<samples<T>> out) const {
    for (auto i : ctx.grid_stride(out.size())) out[i] = draw<T>(i);
  }
};

/// Checks that the mean of n numbers is within five of its standard deviations.
void check_mean(double sum, std::size_t n, double mean, double deviation) {
  CROSSLANE_CHECK(std::abs(sum / double(n) - mean) < 5 * deviation / std::sqrt(double(n)));
}

template <class T>
void check_distributions(xl::device d) {
  constexpr std::size_t n = 20000;
  constexpr double epsilon = std::is_same_v<T, float> ? 0x1p-24 : 0x1p-53;
  xl::stream const q{d};
  xl::buffer<samples<T>> out{q, n};
  xl::launch(q, {.grid = 7, .block = 128}, draw_samples<T>{}, out);
  std::vector<samples<T>> const got = read(q, out);

  double uniform = 0, square = 0, normal = 0, variance = 0, fourth = 0, product = 0, exponential = 0;
  std::size_t small[7] = {}, large[3] = {};
  for (std::size_t i = 0; i < n; ++i) {
    samples<T> const s = got[i], here = draw<T>(i);
    // The same bits as the host computes.
    CROSSLANE_REQUIRE(s.uniform == here.uniform && s.positive == here.positive && s.small == here.small && s.large == here.large);

    // The definitions, in long double, of the same words.
    xl::random_engine engine{seed, i};
    (void)xl::uniform<T>(engine), (void)xl::uniform<T>(engine);
    (void)xl::uniform_below(engine, 7), (void)xl::uniform_below(engine, large_bound);
    long double const u = xl::uniform_positive<T>(engine), angle = 6.283185307179586476925286766559L * xl::uniform<T>(engine);
    long double const radius = std::sqrt(-2 * std::log(u));
    double const tolerance = 8 * epsilon * double(radius) + epsilon;
    CROSSLANE_REQUIRE(std::abs(double(s.normal.first - radius * std::cos(angle))) <= tolerance);
    CROSSLANE_REQUIRE(std::abs(double(s.normal.second - radius * std::sin(angle))) <= tolerance);
    long double const e = -std::log(static_cast<long double>(xl::uniform_positive<T>(engine)));
    CROSSLANE_REQUIRE(std::abs(double(s.exponential - e)) <= 4 * epsilon * double(e));

    uniform += s.uniform;
    square += double(s.uniform) * s.uniform;
    normal += s.normal.first + s.normal.second;
    variance += double(s.normal.first) * s.normal.first;
    fourth += std::pow(double(s.normal.second), 4);
    product += double(s.normal.first) * s.normal.second;
    exponential += s.exponential;
    CROSSLANE_REQUIRE(s.small < 7 && s.large < large_bound);
    ++small[s.small];
    ++large[s.large >> 30];
  }
  check_mean(uniform, n, 0.5, std::sqrt(1 / 12.));
  check_mean(square, n, 1 / 3., std::sqrt(4 / 45.));
  check_mean(normal, 2 * n, 0, 1);
  check_mean(variance, n, 1, std::sqrt(2.));
  check_mean(fourth, n, 3, std::sqrt(96.));
  check_mean(product, n, 0, 1);
  check_mean(exponential, n, 1, 1);
  for (std::size_t const count : small) check_mean(double(count), n, 1 / 7., std::sqrt(6.) / 7);
  for (std::size_t const count : large) check_mean(double(count), n, 1 / 3., std::sqrt(2.) / 3);
}

CROSSLANE_TEST(random, float_distributions) { check_distributions<float>(d); }
CROSSLANE_TEST(random, double_distributions) { check_distributions<double>(d); }

}  // namespace
