// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of matrices by cuBLAS and cuBLASLt. Their matrices are column-major: the product is computed transposed.
#include "cublas.hpp"

#include <cublasLt.h>
#include <cublas_v2.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t workspace_bytes = std::size_t{64} << 20;

void check(cublasStatus_t status, char const* call) {
  if (status != CUBLAS_STATUS_SUCCESS) throw std::runtime_error{std::string{call} + ": " + cublasGetStatusString(status)};
}

cudaDataType_t data_type(blas_type type) {
  switch (type) {
    case blas_type::half: return CUDA_R_16F;
    case blas_type::bfloat16: return CUDA_R_16BF;
    case blas_type::tf32: return CUDA_R_32F;
    case blas_type::fp8_e4m3: return CUDA_R_8F_E4M3;
    case blas_type::int8: return CUDA_R_8I;
    case blas_type::int32: break;
  }
  return CUDA_R_32I;
}
cublasComputeType_t compute_type(blas_type type) {
  return type == blas_type::int8 ? CUBLAS_COMPUTE_32I : type == blas_type::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

/// A factor of a product, in the type that the library wants it in.
struct factor {
  factor(blas_type type, int value) : as_float{float(value)}, as_int{value}, is_int{type == blas_type::int8} {}
  [[nodiscard]] void const* address() const { return is_int ? static_cast<void const*>(&as_int) : &as_float; }
  float as_float;
  int as_int;
  bool is_int;
};

/// What calls on one stream share: a handle, and memory to work in.
class blas {
 public:
  explicit blas(xl::stream_ref q) : workspace_{q, workspace_bytes} {
    check(cublasCreate(&handle_), "cublasCreate");
    check(cublasSetStream(handle_, q.native()), "cublasSetStream");
    check(cublasSetWorkspace(handle_, workspace_.data(), workspace_bytes), "cublasSetWorkspace");
  }
  blas(blas const&) = delete;
  blas& operator=(blas const&) = delete;
  ~blas() { (void)cublasDestroy(handle_); }
  [[nodiscard]] cublasHandle_t handle() const { return handle_; }

 private:
  cublasHandle_t handle_{};
  xl::buffer<std::byte> workspace_;
};
class blas_lt {
 public:
  explicit blas_lt(xl::stream_ref q) : workspace_{q, workspace_bytes} { check(cublasLtCreate(&handle_), "cublasLtCreate"); }
  blas_lt(blas_lt const&) = delete;
  blas_lt& operator=(blas_lt const&) = delete;
  ~blas_lt() { (void)cublasLtDestroy(handle_); }
  [[nodiscard]] cublasLtHandle_t handle() const { return handle_; }
  [[nodiscard]] std::byte* workspace() { return workspace_.data(); }

 private:
  cublasLtHandle_t handle_{};
  xl::buffer<std::byte> workspace_;
};

/// Returns the library of all calls. The first call's stream is that of all.
template <class Library>
std::shared_ptr<Library> shared_library(xl::stream_ref q) {
  static std::weak_ptr<Library> known;
  auto result = known.lock();
  if (!result) {
    result = std::make_shared<Library>(q);
    known = result;
  }
  return result;
}

/// A product as cuBLASLt gets it.
class lt_product {
 public:
  lt_product(xl::stream_ref q, blas_product const& p, bool with_residual, bool fast_sums)
      : q_{q}, library_{shared_library<blas_lt>(q)}, one_{p.operands, 1}, residual_factor_{p.operands, with_residual ? 1 : 0} {
    check(cublasLtMatmulDescCreate(&product_, compute_type(p.operands), p.operands == blas_type::int8 ? CUDA_R_32I : CUDA_R_32F),
          "cublasLtMatmulDescCreate");
    set(CUBLASLT_MATMUL_DESC_TRANSA, p.b_by_rows ? CUBLAS_OP_N : CUBLAS_OP_T);
    set(CUBLASLT_MATMUL_DESC_TRANSB, CUBLAS_OP_N);
    if (fast_sums) set(CUBLASLT_MATMUL_DESC_FAST_ACCUM, std::int8_t{1});
    if (p.bias != nullptr) {
      set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_RELU_BIAS);
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.bias);
    }
    auto const in = data_type(p.operands), out = data_type(p.result);
    b_ = p.b_by_rows ? layout(in, p.n, p.k, p.batches) : layout(in, p.k, p.n, p.batches);
    a_ = layout(in, p.k, p.m, p.batches);
    c_ = layout(out, p.n, p.m, p.batches);
  }
  lt_product(lt_product const&) = delete;
  lt_product& operator=(lt_product const&) = delete;
  ~lt_product() {
    for (auto const l : {a_, b_, c_}) (void)cublasLtMatrixLayoutDestroy(l);
    (void)cublasLtMatmulDescDestroy(product_);
  }

  /// Chooses an algorithm.
  void choose(std::vector<blas_matrices> const& sets, int most) {
    cublasLtMatmulPreference_t preference{};
    check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace_bytes,
                                               sizeof workspace_bytes),
          "cublasLtMatmulPreferenceSetAttribute");
    // No vector of the vendor's struct: nvcc 13.0 crashes.
    std::unique_ptr<cublasLtMatmulHeuristicResult_t[]> const found{new cublasLtMatmulHeuristicResult_t[std::size_t(most)]{}};
    int count = 0;
    auto const status = cublasLtMatmulAlgoGetHeuristic(library_->handle(), product_, b_, a_, c_, c_, preference, most, found.get(), &count);
    (void)cublasLtMatmulPreferenceDestroy(preference);
    check(status, "cublasLtMatmulAlgoGetHeuristic");

    struct candidate {
      cublasLtMatmulAlgo_t algorithm;
      double seconds;
    };
    std::vector<candidate> candidates;
    for (int i = 0; i < count; ++i) {
      if (found[std::size_t(i)].state != CUBLAS_STATUS_SUCCESS) continue;
      algorithm_ = found[std::size_t(i)].algo;
      if (most == 1) return;
      if (double const t = seconds(sets, 5e-4); t >= 0) candidates.push_back({algorithm_, t});
    }
    if (candidates.empty()) throw std::runtime_error{"cuBLASLt has no algorithm for this product"};
    // All have run for a short time. The fastest ones run once more.
    std::sort(candidates.begin(), candidates.end(), [](candidate const& x, candidate const& y) { return x.seconds < y.seconds; });
    double best = std::numeric_limits<double>::infinity();
    cublasLtMatmulAlgo_t chosen = candidates.front().algorithm;
    for (std::size_t i = 0; i < candidates.size() && i < 4; ++i) {
      algorithm_ = candidates[i].algorithm;
      double const t = seconds(sets, 4e-3);
      if (t < 0 || t >= best) continue;
      best = t;
      chosen = algorithm_;
    }
    algorithm_ = chosen;
  }

  void queue(blas_matrices const& m) const { check(run(m), "cublasLtMatmul"); }

 private:
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, T value) {
    check(cublasLtMatmulDescSetAttribute(product_, attribute, &value, sizeof value), "cublasLtMatmulDescSetAttribute");
  }
  static cublasLtMatrixLayout_t layout(cudaDataType_t type, int rows, int cols, int batches) {
    cublasLtMatrixLayout_t result{};
    check(cublasLtMatrixLayoutCreate(&result, type, std::uint64_t(rows), std::uint64_t(cols), rows), "cublasLtMatrixLayoutCreate");
    std::int64_t const step = std::int64_t{rows} * cols;
    check(cublasLtMatrixLayoutSetAttribute(result, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batches, sizeof batches), "a number of products");
    check(cublasLtMatrixLayoutSetAttribute(result, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &step, sizeof step), "a step of products");
    return result;
  }
  [[nodiscard]] cublasStatus_t run(blas_matrices const& m) const {
    void const* const added = m.residual != nullptr ? m.residual : m.c;
    return cublasLtMatmul(library_->handle(), product_, one_.address(), m.b, b_, m.a, a_, residual_factor_.address(), added, c_, m.c, c_,
                          &algorithm_, library_->workspace(), workspace_bytes, q_.native());
  }
  /// Returns the time of a call, measured for about `work` seconds after a first call; -1 if the algorithm is refused.
  [[nodiscard]] double seconds(std::vector<blas_matrices> const& sets, double work) const {
    xl::timed_event from{q_.device()}, to{q_.device()};
    double result = -1;
    int calls = 1;
    for (int round = 0; round < 3; ++round) {
      from.record(q_);
      for (int i = 0; i < calls; ++i)
        if (run(sets[std::size_t(i) % sets.size()]) != CUBLAS_STATUS_SUCCESS) return -1;
      to.record(q_);
      to.synchronize();
      result = double(xl::elapsed_milliseconds(from, to)) * 1e-3 / calls;
      if (round > 0) calls = int(std::clamp(work / result, 1.0, 200.0));
    }
    return result;
  }

  xl::stream_ref q_;
  std::shared_ptr<blas_lt> library_;
  factor one_, residual_factor_;
  cublasLtMatmulDesc_t product_{};
  cublasLtMatrixLayout_t a_{}, b_{}, c_{};
  cublasLtMatmulAlgo_t algorithm_{};
};

}  // namespace

std::string cublas_version() {
  std::size_t const v = cublasLtGetVersion();
  return std::to_string(v / 10000) + "." + std::to_string(v / 100 % 100);
}

blas_call cublas_product(xl::stream_ref q, blas_product const& p) {
  auto const library = shared_library<blas>(q);
  auto const in = data_type(p.operands), out = data_type(p.result);
  return [=](blas_matrices const& m) {
    factor const one{p.operands, 1}, zero{p.operands, 0};
    auto const step = [](int rows, int cols) { return static_cast<long long>(rows) * cols; };
    auto const of_b = p.b_by_rows ? CUBLAS_OP_N : CUBLAS_OP_T;
    int const pitch_of_b = p.b_by_rows ? p.n : p.k;
    check(p.batches == 1 ? cublasGemmEx(library->handle(), of_b, CUBLAS_OP_N, p.n, p.m, p.k, one.address(), m.b, in, pitch_of_b, m.a, in,
                                        p.k, zero.address(), m.c, out, p.n, compute_type(p.operands), CUBLAS_GEMM_DEFAULT)
                         : cublasGemmStridedBatchedEx(library->handle(), of_b, CUBLAS_OP_N, p.n, p.m, p.k, one.address(), m.b, in,
                                                      pitch_of_b, step(p.k, p.n), m.a, in, p.k, step(p.m, p.k), zero.address(), m.c, out,
                                                      p.n, step(p.m, p.n), p.batches, compute_type(p.operands), CUBLAS_GEMM_DEFAULT),
          "cublasGemmEx");
  };
}

blas_call cublaslt_product(xl::stream_ref q, blas_product const& p, std::vector<blas_matrices> const& sets, blas_search const& search) {
  auto const product = std::make_shared<lt_product>(q, p, sets.front().residual != nullptr, search.fast_sums);
  product->choose(sets, search.algorithms);
  return [product](blas_matrices const& m) { product->queue(m); };
}

}  // namespace bench
