// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Layer norm of halves, alone, and of relu(x + bias) / 2 + skip. pytorch.py measures PyTorch's times.
#include "comparison.hpp"

#include <algorithm>

namespace bench {
namespace {

struct positive_part {
  CROSSLANE_FN float operator()(float x) const { return x < 0 ? 0 : x; }
};

template <bool Fused>
struct norm_operands {
  using T = xl::half;
  static constexpr int sets = 1;  // more than a cache holds
  static constexpr float epsilon = 1e-5f;

  norm_operands(xl::stream_ref q_, int rows_, int cols_)
      : q{q_},
        rows{rows_},
        cols{cols_},
        size{std::size_t(rows) * std::size_t(cols)},
        bytes{(Fused ? 3.0 : 2.0) * sizeof(T) * double(size)} {}

  void make() {
    if (x) return;
    auto const columns = std::size_t(cols);
    x.emplace(make_random<T>(q, size, 1));
    skip.emplace(make_random<T>(q, Fused ? size : 1, 2));
    bias.emplace(make_random<T>(q, columns, 3));
    gamma.emplace(make_random<T>(q, columns, 4));
    beta.emplace(make_random<T>(q, columns, 5));
    out.emplace(q, size);
    q.synchronize();
  }
  void spoil(int) { xl::fill(q, *out, poison<T>::value()); }

  /// Compares some rows with their definition in double.
  void check(int) const {
    require_written(q, *out);
    auto const columns = std::size_t(cols);
    auto const b = download(q, *bias, 0, columns), g = download(q, *gamma, 0, columns), o = download(q, *beta, 0, columns);
    for (int i = 0; i < 100; ++i) {
      int const row = i == 0 ? rows - 1 : int(i * 7919LL % rows);
      std::size_t const first = std::size_t(row) * columns;
      auto in = download(q, *x, first, columns);
      auto const got = download(q, *out, first, columns);
      if (Fused) {
        auto const added = download(q, *skip, first, columns);
        for (std::size_t c = 0; c < columns; ++c) in[c] = std::fmax(0, in[c] + b[c]) / 2 + added[c];
      }
      double mean = 0, variance = 0;
      for (double const v : in) mean += v / cols;
      for (double const v : in) variance += (v - mean) * (v - mean) / cols;
      for (std::size_t c = 0; c < columns; ++c) {
        double const expected = (in[c] - mean) / std::sqrt(variance + double(epsilon)) * g[c] + o[c];
        require_close(got[c], expected, 1.01 * rounding<T> * std::abs(expected) + 2e-5, "row and column", row, (long long)c);
      }
    }
  }

  /// Queues our layer norm.
  void queue() {
    using matrix = xl::row_major<>;
    matrix const l{{rows, cols}};
    xl::tensor_view<T const, matrix> const in{x->data(), l};
    xl::tensor_view<T, matrix> const to{out->data(), l};
    if constexpr (Fused)
      xl::layer_norm<axis::col>(q, in, *bias, xl::tensor_view<T const, matrix>{skip->data(), l}, *gamma, *beta, to, positive_part{},
                                {.epsilon = epsilon, .scale = 0.5f});
    else
      xl::layer_norm<axis::col>(q, in, *gamma, *beta, to, {.epsilon = epsilon});
  }

  xl::stream_ref q;
  int rows, cols;
  std::size_t size;
  double bytes, operations = 0;
  std::optional<xl::buffer<T>> x, skip, bias, gamma, beta, out;
};

template <bool Fused>
void add_norm(xl::stream_ref q, int rows, int cols) {
  std::string const group = "layer norm half " + std::string{Fused ? "fused " : ""} + std::to_string(rows) + "x" + std::to_string(cols);
  add_side(std::make_shared<norm_operands<Fused>>(q, rows, cols), group + "/crosslane",
           [](auto& of) -> queued_call { return [&of](int) { of.queue(); }; });
}

}  // namespace

void register_layer_norm(xl::stream_ref q) {
  for (auto const& [rows, cols] : {std::pair{1 << 20, 64}, {65536, 768}, {65536, 1024}}) {
    add_norm<false>(q, rows, cols);
    add_norm<true>(q, rows, cols);
  }
}

}  // namespace bench
