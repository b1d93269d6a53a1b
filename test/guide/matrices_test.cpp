// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The code of docs/guide/matrices.md, with tests of it.
#include <matrix/matrix_targets.hpp>

#include <limits>
#include <type_traits>
#include <vector>

namespace xl = crosslane;
using namespace crosslane_test;

// [product]
using half_rows = xl::tensor_view<xl::half const, xl::row_major<>>;
using half_columns = xl::tensor_view<xl::half const, xl::column_major<>>;
using float_rows = xl::tensor_view<float, xl::row_major<>>;

/// c = a * b + bias for matrices of any size; bias[j] is added to column j. One wave for each tile of 16 x 16 elements of c.
struct product {
  static constexpr auto block = xl::block_size<256>;  // waves are full at either width

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, half_rows a, half_rows b, xl::span<float const> bias, float_rows c) const {
    using target = xl::matrix_target_of<Ctx>;
    using shape = xl::native_shape<xl::half, target>;  // 16 x 8 x 16 on NVIDIA and the CPU, 16 x 16 x 16 on AMD
    using a_fragment = xl::fragment<xl::matrix_use::a, shape, target>;
    using b_fragment = xl::fragment<xl::matrix_use::b, shape, target>;
    using sum_fragment = xl::fragment<xl::matrix_use::accumulator, shape, target>;
    static_assert(shape::m == 16 && 16 % shape::n == 0);
    constexpr int n = shape::n, parts = 16 / n;  // a tile is 1 or 2 fragments

    int const rows = c.extent<xl::axis::row>(), cols = c.extent<xl::axis::col>(), depth = a.extent<xl::axis::col>();
    int const across = (cols + 15) / 16, tile = int(ctx.global_rank() / Ctx::wave_size);
    int const row = tile / across * 16, col = tile % across * 16;
    if (row >= rows) return;  // the same for all lanes of the wave

    sum_fragment sums[parts];
    CROSSLANE_UNROLL
    for (int p = 0; p < parts; ++p) sums[p] = sum_fragment::filled(0);
    for (int k = 0; k < depth; k += int(shape::k)) {
      auto const x = xl::load_partial_fragment<a_fragment>(ctx, a, row, k);  // zeros outside a
      CROSSLANE_UNROLL
      for (int p = 0; p < parts; ++p)
        sums[p] = xl::multiply_add(ctx, x, xl::load_partial_fragment<b_fragment>(ctx, b, k, col + p * n), sums[p]);
    }
    CROSSLANE_UNROLL
    for (int p = 0; p < parts; ++p) {
      int const first = col + p * n;
      sums[p].for_each(ctx, [&](unsigned, unsigned j, float& x) {
        if (first + int(j) < cols) x += bias[first + int(j)];
      });
      xl::store_partial_fragment(ctx, c, row, first, sums[p]);  // only what is inside c
    }
  }
};

void multiply(xl::stream const& q, xl::tensor<xl::half, xl::row_major<>> const& a, xl::tensor<xl::half, xl::row_major<>> const& b,
              xl::span<float const> bias, xl::tensor<float, xl::row_major<>>& c) {
  unsigned const tiles = xl::cover(c.extent<xl::axis::row>(), 16) * xl::cover(c.extent<xl::axis::col>(), 16);
  unsigned const waves = 256 / q.device().properties().wave_size;  // per block: 8 or 4
  xl::launch(q, {.grid = xl::cover(tiles, waves)}, product{}, a, b, bias, c);
}
// [product]

// [chained]
/// out = w * v, where w = query * keys without the elements right of the diagonal: attention of 16 positions, without its softmax. One
/// wave. All matrices have 16 x 16 elements. keys has a column for each position.
///
/// Target is void for the device's own. On the CPU it may be any.
template <class Target = void>
struct causal_product {
  static constexpr auto block = xl::block_size<64>;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, half_rows query, half_columns keys, half_rows v, float_rows out) const {
    using target = std::conditional_t<std::is_void_v<Target>, xl::matrix_target_of<Ctx>, Target>;
    if constexpr (target::wave_size == Ctx::wave_size) {  // the CPU has a kernel for each width
      using shape = xl::native_shape<xl::half, target>;
      using a_fragment = xl::fragment<xl::matrix_use::a, shape, target>;
      using b_fragment = xl::fragment<xl::matrix_use::b, shape, target>;
      using sum_fragment = xl::fragment<xl::matrix_use::accumulator, shape, target>;
      static_assert(shape::m == 16 && shape::k == 16);
      constexpr int n = shape::n, parts = 16 / n;
      if (ctx.wave_rank() > 0) return;

      auto const a = xl::load_fragment<a_fragment>(ctx, query, 0, 0);
      xl::fragment<xl::matrix_use::accumulator, shape, target, xl::half> w[parts];
      CROSSLANE_UNROLL
      for (int p = 0; p < parts; ++p) {
        auto sum = xl::multiply_add(ctx, a, xl::load_fragment<b_fragment>(ctx, keys, 0, p * n), sum_fragment::filled(0));
        sum.for_each(ctx, [&](unsigned i, unsigned j, float& x) {
          if (p * n + int(j) > int(i)) x = 0;
        });
        w[p] = xl::fragment_cast<xl::half>(sum);
      }
      auto const weights = xl::convert_fragment<a_fragment>(ctx, w);  // `parts` accumulators side by side become one operand
      CROSSLANE_UNROLL
      for (int p = 0; p < parts; ++p) {
        auto const x = xl::load_fragment<b_fragment>(ctx, v, 0, p * n);
        xl::store_fragment(ctx, out, 0, p * n, xl::multiply_add(ctx, weights, x, sum_fragment::filled(0)));
      }
    }
  }
};
// [chained]

// [attention]
using heads = xl::packed<xl::extents<int, xl::axis::n, xl::axis::head, xl::axis::position, xl::fixed<xl::axis::c, 32>>,
                         xl::axes<xl::axis::n, xl::axis::position, xl::axis::head, xl::axis::c>>;

void attend(xl::stream const& q, xl::tensor<xl::half, heads> const& queries, xl::tensor<xl::half, heads> const& keys,
            xl::tensor<xl::half, heads> const& values, xl::tensor<xl::half, xl::row_major<>> const& bias,
            xl::tensor<xl::half, heads>& out) {
  xl::attention(q, queries, keys, values, out);                           // softmax(queries * keys^T / sqrt(32)) * values
  xl::attention(q, queries, keys, values, out, {.causal = true});         // a position sees itself and earlier ones
  xl::attention(q, queries, keys, values, bias, out, {.scale = 0.125f});  // softmax(queries * keys^T / 8 + bias) * values
}
// [attention]

// [whole]
/// out = relu(in * weights + bias) + skip: a layer of a network in one launch. bias[j] is added to column j.
void layer(xl::stream const& q, xl::tensor<xl::half, xl::row_major<>> const& in, xl::tensor<xl::half, xl::column_major<>> const& weights,
           xl::buffer<float> const& bias, xl::tensor<xl::half, xl::row_major<>> const& skip, xl::tensor<xl::half, xl::row_major<>>& out) {
  xl::gemm(q, in, weights, out, xl::epilogue_chain{xl::add_to_columns{bias.view()}, xl::relu{}, xl::add_matrix{skip.view()}});
}
// [whole]

// [block]
/// Adds the squares of all elements of a * b to out[0]. The product itself is not stored. A block for each tile of 64 x 64 elements.
struct norm_of_product {
  using product = xl::block_gemm<xl::half, xl::half, xl::gemm_policy<64, 64, 32, 3, 128>>;
  static constexpr auto block = product::block;
  template <class Ctx>
  struct shared {
    typename product::template shared<Ctx> tiles;
    xl::block_scratch<float, Ctx> parts;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, half_rows a, half_columns b, xl::span<float> out) const {
    int const across = (b.extent<xl::axis::col>() + 63) / 64, tile = int(ctx.block_rank());
    auto sums = product::multiply(ctx, s.tiles, a, b, tile / across * 64, tile % across * 64);
    float own = 0;
    sums.for_each(ctx, [&](int, int, float& x) { own += x * x; });  // row, column, sum: those inside the product
    float const all = xl::block_reduce(ctx, s.parts, own, xl::plus{});
    if (ctx.thread_rank() == 0) xl::atomic(ctx, out[0]).fetch_add(all);
  }
};
// [block]

namespace {

/// Whole numbers from -2 to 2: sums of their products are exact in any order.
std::vector<xl::half> whole_numbers(int count, unsigned seed) {
  std::vector<xl::half> result;
  for (int i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    result.push_back(xl::half(float(int(seed >> 16) % 5 - 2)));
  }
  return result;
}

}  // namespace

CROSSLANE_TEST(guide, matrices) {
  xl::stream const q{d};
  int const rows = 37, cols = 45, depth = 21;
  auto const x = whole_numbers(rows * depth, 1), y = whole_numbers(depth * cols, 2);
  std::vector<float> bias(static_cast<std::size_t>(cols)), expected(std::size_t(rows * cols));
  for (int j = 0; j < cols; ++j) bias[std::size_t(j)] = float(100 * j);
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < cols; ++j) {
      float sum = bias[std::size_t(j)];
      for (int k = 0; k < depth; ++k) sum += float(x[std::size_t(i * depth + k)]) * float(y[std::size_t(k * cols + j)]);
      expected[std::size_t(i * cols + j)] = sum;
    }
  xl::tensor<xl::half, xl::row_major<>> a{q, {rows, depth}}, b{q, {depth, cols}};
  xl::tensor<float, xl::row_major<>> c{q, {rows, cols}};
  xl::copy(q, x, a.storage());
  xl::copy(q, y, b.storage());
  multiply(q, a, b, upload(q, bias), c);
  CROSSLANE_CHECK_SAME(read(q, c.storage()), expected);
}

CROSSLANE_TEST(guide, chained_matrices) {
  xl::stream const q{d};
  auto const x = whole_numbers(256, 3), y = whole_numbers(256, 4), z = whole_numbers(256, 5);
  std::vector<float> expected(256);
  for (std::size_t i = 0; i < 16; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      float weight = 0;
      for (std::size_t k = 0; k < 16; ++k) weight += float(x[i * 16 + k]) * float(y[j * 16 + k]);  // position j is column j of keys
      for (std::size_t k = 0; k < 16; ++k) expected[i * 16 + k] += weight * float(z[j * 16 + k]);
    }
  xl::tensor<xl::half, xl::row_major<>> query{q, {16, 16}}, v{q, {16, 16}};
  xl::tensor<xl::half, xl::column_major<>> keys{q, {16, 16}};
  xl::tensor<float, xl::row_major<>> out{q, {16, 16}};
  xl::copy(q, x, query.storage());
  xl::copy(q, y, keys.storage());
  xl::copy(q, z, v.storage());
  for_each_target(d, [&]<class Target>() {
    using chosen = std::conditional_t<std::is_same_v<Target, native_target>, void, Target>;
    xl::fill(q, out.storage(), -1.0f);
    xl::launch(q, {.grid = 1}, causal_product<chosen>{}, query, keys, v, out);
    CROSSLANE_CHECK_SAME(read(q, out.storage()), expected);
  });
}

// All queries are zero, so that the weights are those of the bias alone: the result is the value of the only key that it shows.
CROSSLANE_TEST(guide, attention) {
  xl::stream const q{d};
  int const positions = 20;
  xl::tensor<xl::half, heads> queries{q, {1, 2, positions, 32}}, keys{q, {1, 2, positions, 32}}, values{q, {1, 2, positions, 32}};
  xl::tensor<xl::half, heads> out{q, {1, 2, positions, 32}};
  xl::tensor<xl::half, xl::row_major<>> bias{q, {positions, positions}};
  auto const numbers = whole_numbers(positions * 64, 5);
  xl::fill(q, queries, xl::half(0));
  xl::copy(q, numbers, keys.storage());
  xl::copy(q, numbers, values.storage());
  std::vector<xl::half> shown(std::size_t(positions * positions), xl::half(-std::numeric_limits<float>::infinity()));
  for (int i = 0; i < positions; ++i) shown[std::size_t(i * positions + (i * 7 + 3) % positions)] = xl::half(1);
  xl::copy(q, shown, bias.storage());
  attend(q, queries, keys, values, bias, out);
  auto const got = read(q, out.storage());
  for (int i = 0; i < positions; ++i)
    for (int c = 0; c < 64; ++c)
      CROSSLANE_CHECK_EQ(float(got[std::size_t(i * 64 + c)]), float(numbers[std::size_t((i * 7 + 3) % positions * 64 + c)]));
}

CROSSLANE_TEST(guide, whole_products) {
  xl::stream const q{d};
  int const rows = 70, cols = 45, depth = 40;
  auto const x = whole_numbers(rows * depth, 1), y = whole_numbers(depth * cols, 2), z = whole_numbers(rows * cols, 3);
  std::vector<float> bias(static_cast<std::size_t>(cols));
  for (int j = 0; j < cols; ++j) bias[std::size_t(j)] = float(j % 7);
  xl::tensor<xl::half, xl::row_major<>> a{q, {rows, depth}}, skip{q, {rows, cols}}, out{q, {rows, cols}};
  xl::tensor<xl::half, xl::column_major<>> b{q, {depth, cols}};
  xl::copy(q, x, a.storage());
  xl::copy(q, y, b.storage());
  xl::copy(q, z, skip.storage());
  layer(q, a, b, upload(q, bias), skip, out);
  auto const got = read(q, out.storage());
  auto norm = upload(q, std::vector<float>(1));
  xl::launch(q, {.grid = 2}, norm_of_product{}, a, b, norm);
  float squares = 0;
  bool same = true;
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < cols; ++j) {
      float sum = 0;
      for (int k = 0; k < depth; ++k) sum += float(x[std::size_t(i * depth + k)]) * float(y[std::size_t(j * depth + k)]);
      squares += sum * sum;
      float const biased = sum + bias[std::size_t(j)];
      same = same && float(got[std::size_t(i * cols + j)]) == (biased < 0 ? 0 : biased) + float(z[std::size_t(i * cols + j)]);
    }
  CROSSLANE_CHECK(same);
  CROSSLANE_CHECK_EQ(read(q, norm)[0], squares);
}
