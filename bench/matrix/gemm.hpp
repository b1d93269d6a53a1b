// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of matrices: the operands of a comparison, the check of a result, and both sides. A is row-major, B column-major unless said,
/// C row-major.
#pragma once

#include "comparison.hpp"
#include "cublas.hpp"

#include <crosslane/matrix.hpp>

namespace bench {

struct gemm_sizes {
  int m, n, k;
  int batches = 1;
  [[nodiscard]] std::string name() const {
    std::string const size = std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k);
    return batches == 1 ? size : std::to_string(batches) + " of " + size;
  }
};

/// What becomes of the sums.
enum class gemm_end { plain, bias_and_relu, residual };

/// The operands of C = A * B, with elements of T and of C.
template <class T, class C, bool BByRows = false, gemm_end End = gemm_end::plain>
struct gemm_operands {
  struct set {
    xl::buffer<T> a, b;
    xl::buffer<C> c, residual;
  };

  gemm_operands(xl::stream_ref q_, gemm_sizes const& s_, bool in_cache)
      : q{q_},
        s{s_},
        bytes_of_set{count(s.m, s.k) * sizeof(T) + count(s.k, s.n) * sizeof(T) +
                     count(s.m, s.n) * sizeof(C) * (End == gemm_end::residual ? 2 : 1)},
        sets{in_cache ? 1 : sets_beyond_cache(bytes_of_set)},
        operations{2.0 * s.m * s.n * s.k * s.batches} {}

  void make() {
    if (!memory.empty()) return;
    for (unsigned i = 0; i < unsigned(sets); ++i)
      memory.push_back({make_random<T>(q, size(s.m, s.k), 4 * i), make_random<T>(q, size(s.k, s.n), 4 * i + 1),
                        xl::buffer<C>{q, size(s.m, s.n)}, make_random<C>(q, End == gemm_end::residual ? size(s.m, s.n) : 1, 4 * i + 2)});
    bias.emplace(make_random<C>(q, std::size_t(s.n), 3));
    q.synchronize();
  }
  void spoil(int i) { xl::fill(q, memory[std::size_t(i)].c, poison<C>::value()); }

  /// Compares elements of some rows and columns of some products with their definition in double.
  void check(int i) const {
    set const& of = memory[std::size_t(i)];
    require_written(q, of.c);
    constexpr double error = std::is_integral_v<T> ? 0 : is_tf32 ? 0x1p-10 : sizeof(T) == 1 ? 0x1p-9 : 0x1p-15;
    constexpr int samples = 16;
    auto const sample = [](int j, int n) { return j == 0 ? n - 1 : int((7919LL * j + 13) % n); };
    auto const offset = std::vector<double>(download(q, *bias, 0, std::size_t(s.n)));
    for (int const batch : s.batches == 1 ? std::vector{0} : std::vector{0, s.batches / 2, s.batches - 1}) {
      auto const first = [batch](int rows, int cols) { return std::size_t(batch) * std::size_t(rows) * std::size_t(cols); };
      std::vector<double> all_b;
      if (BByRows) all_b = download(q, of.b, first(s.k, s.n), std::size_t(s.k) * std::size_t(s.n));
      std::vector<std::vector<double>> columns;
      for (int j = 0; j < samples; ++j) {
        auto const col = std::size_t(sample(j, s.n));
        if (BByRows) {
          auto& column = columns.emplace_back();
          for (std::size_t l = 0; l < std::size_t(s.k); ++l) column.push_back(all_b[l * std::size_t(s.n) + col]);
        } else {
          columns.push_back(download(q, of.b, first(s.k, s.n) + col * std::size_t(s.k), std::size_t(s.k)));
        }
      }
      for (int r = 0; r < samples; ++r) {
        int const row = sample(r, s.m);
        auto const a = download(q, of.a, first(s.m, s.k) + std::size_t(row) * std::size_t(s.k), std::size_t(s.k));
        auto const line = first(s.m, s.n) + std::size_t(row) * std::size_t(s.n);
        auto const c = download(q, of.c, line, std::size_t(s.n));
        std::vector<double> added;
        if (End == gemm_end::residual) added = download(q, of.residual, line, std::size_t(s.n));
        for (int j = 0; j < samples; ++j) {
          int const col = sample(j, s.n);
          double sum = 0, all = 0;
          for (std::size_t l = 0; l < a.size(); ++l) {
            double const x = a[l] * columns[std::size_t(j)][l];
            sum += x;
            all += std::abs(x);
          }
          if (End == gemm_end::bias_and_relu) sum = std::fmax(0, sum + offset[std::size_t(col)]);
          if (End == gemm_end::residual) sum += added[std::size_t(col)];
          require_close(c[std::size_t(col)], sum, error * all + 1.01 * rounding<C> * std::abs(sum), "element", row, col);
        }
      }
    }
  }

  /// Queues our product.
  template <class Policy>
  void queue(int i, xl::options<xl::run_to_run, Policy> const& o) {
    set& of = memory[std::size_t(i)];
    using by_rows = xl::row_major<>;
    using batch = xl::extents<std::int32_t, axis::n, axis::row, axis::col>;
    auto const product = [&](auto const& a, auto const& b, auto const& c) {
      if constexpr (End == gemm_end::plain)
        xl::gemm(q, a, b, c, {}, o);
      else if constexpr (End == gemm_end::bias_and_relu)
        xl::gemm(q, a, b, c, xl::epilogue_chain{xl::add_to_columns{bias->view()}, xl::relu{}}, o);
      else
        xl::gemm(q, a, b, c, xl::add_matrix{xl::tensor_view<C const, by_rows>{of.residual.data(), by_rows{{s.m, s.n}}}}, o);
    };
    if (s.batches == 1) {
      using of_b = std::conditional_t<BByRows, by_rows, xl::column_major<>>;
      product(xl::tensor_view<T const, by_rows>{of.a.data(), by_rows{{s.m, s.k}}},
              xl::tensor_view<T const, of_b>{of.b.data(), of_b{{s.k, s.n}}}, xl::tensor_view<C, by_rows>{of.c.data(), by_rows{{s.m, s.n}}});
    } else if constexpr (End == gemm_end::plain && !BByRows) {
      using rows = xl::packed<batch, xl::axes<axis::n, axis::row, axis::col>>;
      using columns = xl::packed<batch, xl::axes<axis::n, axis::col, axis::row>>;
      product(xl::tensor_view<T const, rows>{of.a.data(), rows{{s.batches, s.m, s.k}}},
              xl::tensor_view<T const, columns>{of.b.data(), columns{{s.batches, s.k, s.n}}},
              xl::tensor_view<C, rows>{of.c.data(), rows{{s.batches, s.m, s.n}}});
    }
  }

  /// Returns the rival's view of a set.
  [[nodiscard]] blas_matrices matrices(int i) {
    set& of = memory[std::size_t(i)];
    return {of.a.data(), of.b.data(), of.c.data(), End == gemm_end::residual ? of.residual.data() : nullptr};
  }
  [[nodiscard]] blas_product product() const {
    return {blas_type_of<T>, blas_type_of<C>, s.m, s.n, s.k, s.batches, BByRows, End == gemm_end::bias_and_relu ? bias->data() : nullptr};
  }

  static constexpr bool is_tf32 = std::is_same_v<T, float>;
  xl::stream_ref q;
  gemm_sizes s;
  double bytes_of_set;
  int sets;
  double bytes = 0, operations;
  std::vector<set> memory;
  std::optional<xl::buffer<C>> bias;

 private:
  [[nodiscard]] double count(int rows, int cols) const { return double(rows) * cols * s.batches; }
  [[nodiscard]] std::size_t size(int rows, int cols) const { return std::size_t(rows) * std::size_t(cols) * std::size_t(s.batches); }
};

/// Adds our product by a policy.
template <class Policy = xl::tuned, class Operands>
void add_our_gemm(std::shared_ptr<Operands> const& operands, std::string const& name, Policy const& policy = {}) {
  add_side(operands, name, [policy](Operands& of) -> queued_call {
    auto const options = [policy](xl::detail::workspace_reference memory) {
      return xl::options<xl::run_to_run, Policy>{.workspace = memory, .policy = policy};
    };
    call_workspace const memory{of.q, [&](auto const& o) { of.queue(0, options(o.workspace)); }};
    return [&of, options, memory](int set) { of.queue(set, options(memory.reference())); };
  });
}

/// Adds both sides of products. The rival is what cuBLAS chooses; the fastest of cuBLASLt's algorithms is shown beside it. cuBLAS has no
/// products of 8-bit floats, and no bias: there the rival is what cuBLASLt chooses. If the operands of a product fit in the cache, there
/// is also a comparison on one set of them.
template <class T, class C, bool BByRows = false, gemm_end End = gemm_end::plain, class Policy = xl::tuned>
void add_gemm(xl::stream_ref q, std::string const& name, gemm_sizes const& s, bool also_in_cache = false, Policy const& policy = {}) {
  using operands = gemm_operands<T, C, BByRows, End>;
  for (bool const in_cache : {false, true}) {
    if (in_cache && !also_in_cache) continue;
    auto const of = std::make_shared<operands>(q, s, in_cache);
    std::string const group = "gemm " + name + " " + s.name() + (in_cache ? " in the cache" : "");
    add_our_gemm(of, group + "/crosslane", policy);
#if BENCH_CUBLAS
    constexpr bool by_lt = End != gemm_end::plain || blas_type_of<T> == blas_type::fp8_e4m3;
    auto const add_rival = [&](std::string const& side, blas_search const& search, bool lt) {
      add_side(of, group + side, [search, lt](operands& o) -> queued_call {
        std::vector<blas_matrices> sets;
        for (int i = 0; i < o.sets; ++i) sets.push_back(o.matrices(i));
        auto const call = lt ? cublaslt_product(o.q, o.product(), sets, search) : cublas_product(o.q, o.product());
        return [call, sets](int set) { call(sets[std::size_t(set)]); };
      });
    };
    std::string const version = cublas_version();
    add_rival(by_lt ? "/rival/cuBLASLt " + version : "/rival/cuBLAS " + version, {}, by_lt);
    add_rival("/other/cuBLASLt " + version + ", the fastest of its algorithms", {.algorithms = 32}, true);
    if (blas_type_of<T> == blas_type::fp8_e4m3)
      add_rival("/other/cuBLASLt " + version + ", sums of fewer bits, the fastest", {.algorithms = 32, .fast_sums = true}, true);
#endif
  }
}

}  // namespace bench
