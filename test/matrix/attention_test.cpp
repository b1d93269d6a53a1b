// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// attention() against its definition in double.
#include <crosslane/matrix.hpp>

#include <matrix/attention_reference.hpp>
#include <support/captured.hpp>

#include <cmath>
#include <limits>
#include <memory>
#include <string>

using namespace crosslane_test;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity(), not_a_number = std::numeric_limits<float>::quiet_NaN();

constexpr auto none = [](int, int, int, int) { return 0.0; };

/// Runs one call on random numbers, and compares each element of the result.
template <class T, int Channels, bool Interleaved = true>
void compare(xl::device d, attention_sizes sizes, xl::attention_options options = {}, float spread = 1) {
  attention_case<T, Channels, Interleaved> x{d, sizes, spread};
  xl::attention(x.q, x.queries, x.keys, x.values, x.out, options);
  x.check(options, none);
}

/// The same with a bias, whose axes n and head may have an extent of 1. A share of `hidden` of its elements hides a key.
template <class T, class Bias, int Channels>
void compare_with_bias(xl::device d, attention_sizes sizes, int bias_n, int bias_heads, xl::attention_options options = {},
                       float hidden = 0.2f) {
  attention_case<T, Channels, true> x{d, sizes, 1};
  using E = xl::extents<int, xl::axis::n, xl::axis::head, xl::axis::row, xl::axis::col>;
  using layout = xl::packed<E, xl::axes<xl::axis::n, xl::axis::head, xl::axis::row, xl::axis::col>>;
  xl::tensor<Bias, layout> bias{x.q, E{bias_n, bias_heads, sizes.queries, sizes.keys}};
  auto const memory = std::make_unique<Bias[]>(bias.size());  // a vector of bool has no elements
  xl::span<Bias> const numbers{memory.get(), bias.size()};
  attention_numbers random{7};
  for (auto& b : numbers) {
    bool const hides = random.next() < 2 * hidden - 1;
    if constexpr (std::is_same_v<Bias, bool>)
      b = !hides;
    else
      b = Bias(hides ? -infinity : 2 * random.next());
  }
  xl::copy(x.q, numbers, bias.storage());
  xl::attention(x.q, x.queries, x.keys, x.values, bias, x.out, options);
  x.check(options, [&](int n, int h, int i, int j) {
    int const row = ((bias_n == 1 ? 0 : n) * bias_heads + (bias_heads == 1 ? 0 : h)) * sizes.queries + i;
    Bias const b = numbers[std::size_t(row * sizes.keys + j)];
    if constexpr (std::is_same_v<Bias, bool>)
      return b ? 0.0 : -double(infinity);
    else
      return double(float(b));
  });
}

}  // namespace

CROSSLANE_TEST(attention, one_tile) {
  compare<xl::half, 32>(d, {.n = 2, .heads = 3, .queries = 64, .keys = 64});
  compare<xl::half, 32, false>(d, {.n = 1, .heads = 2, .queries = 64, .keys = 64});
}

CROSSLANE_TEST(attention, one_tile_with_tails) {
  compare<xl::half, 32>(d, {.n = 1, .heads = 2, .queries = 5, .keys = 49});
  compare<xl::half, 32, false>(d, {.n = 1, .heads = 1, .queries = 65, .keys = 1});
  compare<xl::bfloat16, 48>(d, {.n = 1, .heads = 2, .queries = 33, .keys = 63});
}

CROSSLANE_TEST(attention, many_tiles) {
  compare<xl::half, 32>(d, {.n = 1, .heads = 2, .queries = 130, .keys = 201});
  compare<xl::half, 128, false>(d, {.n = 1, .heads = 1, .queries = 17, .keys = 129});
}

CROSSLANE_TEST(attention, sizes_of_heads) {
  if constexpr (all_combinations) {
    compare<xl::half, 16>(d, {.n = 1, .heads = 1, .queries = 70, .keys = 60});
    compare<xl::half, 16>(d, {.n = 1, .heads = 1, .queries = 70, .keys = 70});
    compare<xl::bfloat16, 64>(d, {.n = 1, .heads = 1, .queries = 70, .keys = 60});
    compare<xl::bfloat16, 64>(d, {.n = 1, .heads = 1, .queries = 70, .keys = 70});
    compare<xl::half, 80>(d, {.n = 1, .heads = 1, .queries = 70, .keys = 60});
    compare<xl::half, 80>(d, {.n = 1, .heads = 1, .queries = 70, .keys = 70});
    compare<xl::bfloat16, 112>(d, {.n = 1, .heads = 1, .queries = 70, .keys = 60});
    compare<xl::bfloat16, 112>(d, {.n = 1, .heads = 1, .queries = 70, .keys = 70});
    compare<xl::bfloat16, 128>(d, {.n = 1, .heads = 1, .queries = 70, .keys = 60});
  }
}

CROSSLANE_TEST(attention, random_sizes) {
  attention_numbers random{in_another_order() ? 3u : 4u};
  auto const number = [&](int most) { return 1 + int((random.next() + 1) * 0.4999f * float(most)); };
  for (int i = 0; i < (all_combinations ? 20 : 3); ++i) {
    compare<xl::half, 32>(d, {.n = number(2), .heads = number(3), .queries = number(140), .keys = number(64)}, {.causal = i % 2 == 1});
    compare<xl::half, 32>(d, {.n = 1, .heads = number(2), .queries = number(140), .keys = number(300)}, {.causal = i % 2 == 0});
  }
}

CROSSLANE_TEST(attention, causal) {
  compare<xl::half, 32>(d, {.n = 1, .heads = 2, .queries = 64, .keys = 64}, {.causal = true});
  compare<xl::half, 32>(d, {.n = 1, .heads = 1, .queries = 200, .keys = 150}, {.causal = true});
  compare<xl::half, 32>(d, {.n = 1, .heads = 1, .queries = 20, .keys = 150}, {.causal = true});
}

CROSSLANE_TEST(attention, bias) {
  compare_with_bias<xl::half, xl::half, 32>(d, {.n = 2, .heads = 2, .queries = 64, .keys = 64}, 2, 2);
  compare_with_bias<xl::half, xl::half, 32>(d, {.n = 2, .heads = 2, .queries = 19, .keys = 51}, 1, 2);
  compare_with_bias<xl::half, xl::half, 32>(d, {.n = 2, .heads = 2, .queries = 70, .keys = 131}, 2, 1);
  compare_with_bias<xl::half, xl::half, 32>(d, {.n = 1, .heads = 1, .queries = 70, .keys = 136}, 1, 1, {.scale = 0.3f, .causal = true});
}

CROSSLANE_TEST(attention, bias_of_float) {
  compare_with_bias<xl::half, float, 32>(d, {.n = 1, .heads = 2, .queries = 64, .keys = 60}, 1, 2);
  if constexpr (all_combinations) {
    compare_with_bias<xl::bfloat16, xl::bfloat16, 64>(d, {.n = 2, .heads = 1, .queries = 61, .keys = 63}, 1, 1);
    compare_with_bias<xl::bfloat16, float, 128>(d, {.n = 1, .heads = 2, .queries = 61, .keys = 63}, 1, 2);
    compare_with_bias<xl::bfloat16, float, 128>(d, {.n = 1, .heads = 2, .queries = 61, .keys = 80}, 1, 2);
  }
}

CROSSLANE_TEST(attention, mask) {
  compare_with_bias<xl::half, bool, 32>(d, {.n = 2, .heads = 2, .queries = 40, .keys = 50}, 2, 1);
  compare_with_bias<xl::half, bool, 32>(d, {.n = 1, .heads = 2, .queries = 40, .keys = 100}, 1, 2);
}

// A query that sees no key has zeros.
CROSSLANE_TEST(attention, hidden_rows) {
  compare_with_bias<xl::half, xl::half, 32>(d, {.n = 1, .heads = 1, .queries = 64, .keys = 3}, 1, 1, {}, 0.8f);
  compare_with_bias<xl::half, xl::half, 32>(d, {.n = 1, .heads = 1, .queries = 64, .keys = 70}, 1, 1, {}, 0.99f);
  compare<xl::half, 32>(d, {.n = 1, .heads = 1, .queries = 3, .keys = 0});
}

// Scores of thousands, whose exponentials are beyond the range of float and of half.
CROSSLANE_TEST(attention, large_scores) {
  compare<xl::half, 32>(d, {.n = 1, .heads = 1, .queries = 64, .keys = 64}, {.scale = 50}, 16);
  compare<xl::half, 32>(d, {.n = 1, .heads = 1, .queries = 64, .keys = 130}, {.scale = 50}, 16);
}

CROSSLANE_TEST(attention, not_a_number) {
  for (int const keys : {40, 150}) {
    attention_case<xl::half, 32, true> x{d, {.n = 1, .heads = 2, .queries = 40, .keys = keys}, 1};
    x.query(0, 0, 3, 5) = xl::half(not_a_number);   // the whole row
    x.query(0, 0, 7, 1) = xl::half(infinity);       // scores of both signs: NaN
    x.value(0, 1, 20, 9) = xl::half(not_a_number);  // channel 9 of all rows
    x.value(0, 1, 30, 2) = xl::half(-infinity);     // channel 2 of all rows
    x.upload();
    xl::attention(x.q, x.queries, x.keys, x.values, x.out);
    x.check({}, none);
  }
}

// Rows that do not begin at multiples of 16 bytes, in memory that queries, keys and values share.
CROSSLANE_TEST(attention, strides) {
  using E = xl::extents<int, xl::axis::n, xl::axis::head, xl::axis::position, xl::fixed<xl::axis::c, 32>>;
  using layout = xl::strided<E, xl::axes<xl::axis::n, xl::axis::position, xl::axis::head, xl::axis::c>,
                             xl::strides<xl::dynamic, xl::dynamic, xl::dynamic, 1>>;
  constexpr int n = 2, heads = 2, channels = 32;
  for (int const gap : {0, 3})
    for (int const positions : {50, 80}) {
      int const pitch = 3 * heads * channels + gap;
      attention_case<xl::half, channels, true> x{d, {.n = n, .heads = heads, .queries = positions, .keys = positions}, 1};
      layout const l{E{n, heads, positions, channels}, {{positions * pitch, channels, pitch, 1}}};
      xl::buffer<xl::half> all{x.q, std::size_t(n * positions * pitch)}, results{x.q, all.size()};
      xl::fill(x.q, all, xl::half(not_a_number));
      xl::fill(x.q, results, xl::half(17));
      xl::tensor_view<xl::half, layout> const queries{all.data(), l}, keys{all.data() + heads * channels, l};
      xl::tensor_view<xl::half, layout> const values{all.data() + 2 * heads * channels, l}, out{results.data() + gap, l};
      xl::convert(x.q, x.queries, queries);
      xl::convert(x.q, x.keys, keys);
      xl::convert(x.q, x.values, values);
      xl::attention(x.q, queries, keys, values, out);
      xl::convert(x.q, out, x.out);
      x.check({}, none);
      std::vector<xl::half> got(results.size());
      xl::copy(x.q, results, got);
      x.q.synchronize();
      for (int i = 0; i < n * positions; ++i)
        for (int c = heads * channels; c < pitch && i * pitch + c + gap < int(got.size()); ++c)
          CROSSLANE_CHECK_EQ(float(got[std::size_t(i * pitch + c + gap)]), 17.f);  // nothing beside the output is written
    }
}

CROSSLANE_TEST(attention, in_place) {
  attention_case<xl::half, 32, true> x{d, {.n = 2, .heads = 2, .queries = 100, .keys = 60}, 1};
  xl::attention(x.q, x.queries, x.keys, x.values, x.queries);
  xl::convert(x.q, x.queries, x.out);
  x.check({}, none);
}

CROSSLANE_TEST(attention, in_a_graph) {
  attention_case<xl::half, 32, true> x{d, {.n = 1, .heads = 2, .queries = 5, .keys = 49}, 1};
  compare_captured(x.q, x.out, [&] { xl::attention(x.q, x.queries, x.keys, x.values, x.out); });
}

CROSSLANE_TEST(attention, errors) {
  attention_case<xl::half, 32, true> x{d, {.n = 2, .heads = 3, .queries = 10, .keys = 20}, 1};
  attention_case<xl::half, 32, true> y{d, {.n = 2, .heads = 4, .queries = 10, .keys = 20}, 1};
  using xl::errc;
  expect_error(errc::size_mismatch, {"attention: the extent of axis head is 3 in the queries and 4 in the keys"},
               [&] { xl::attention(x.q, x.queries, y.keys, x.values, x.out); });
  expect_error(errc::size_mismatch, {"attention: the extent of axis head is 3 in the keys and 4 in the values"},
               [&] { xl::attention(x.q, x.queries, x.keys, y.values, x.out); });
  expect_error(errc::size_mismatch, {"attention: the extent of axis position is 10 in the queries and 20 in the output"},
               [&] { xl::attention(x.q, x.queries, x.keys, x.values, x.values); });
  expect_error(errc::invalid_argument, {"attention: the scale is -1 but must be positive and finite"},
               [&] { xl::attention(x.q, x.queries, x.keys, x.values, x.out, {.scale = -1}); });
  attention_case<xl::half, 32, true> same{d, {.n = 1, .heads = 1, .queries = 20, .keys = 20}, 1};
  expect_error(errc::invalid_argument, {"attention"}, [&] { xl::attention(same.q, same.queries, same.keys, same.values, same.keys); });
  xl::tensor<xl::half, xl::row_major<>> bias{x.q, {10, 21}};
  expect_error(errc::size_mismatch, {"attention: the extent of axis col is 21 in the bias but must be 20"},
               [&] { xl::attention(x.q, x.queries, x.keys, x.values, bias, x.out); });
}
