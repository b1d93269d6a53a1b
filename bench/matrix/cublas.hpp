// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The rivals of products of matrices: cuBLAS and cuBLASLt. BENCH_CUBLAS is 1 if the build found them.
#pragma once

#include <crosslane/crosslane.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

namespace bench {

namespace xl = crosslane;

/// Types of elements. floats are multiplied as tf32.
enum class blas_type { half, bfloat16, tf32, fp8_e4m3, int8, int32 };
template <class T>
inline constexpr blas_type blas_type_of = std::is_same_v<T, xl::half>       ? blas_type::half
                                          : std::is_same_v<T, xl::bfloat16> ? blas_type::bfloat16
                                          : std::is_same_v<T, float>        ? blas_type::tf32
                                          : std::is_same_v<T, xl::fp8_e4m3> ? blas_type::fp8_e4m3
                                          : std::is_same_v<T, std::int8_t>  ? blas_type::int8
                                                                            : blas_type::int32;

/// C = A * B. A and C are row-major, B is column-major or row-major. If there is a bias, of n elements, C = max(A * B + bias, 0).
struct blas_product {
  blas_type operands, result;
  int m, n, k, batches;
  bool b_by_rows;
  void const* bias;
};
/// The memory of a product. If there is a residual, a matrix like C, it is added.
struct blas_matrices {
  void const *a, *b;
  void* c;
  void const* residual;
};
/// How cuBLASLt's algorithm is chosen: the first of its list, or the fastest of so many.
struct blas_search {
  int algorithms = 1;
  bool fast_sums = false;  ///< sums of 8-bit floats may have fewer bits than float
};

using blas_call = std::function<void(blas_matrices const&)>;

/// Returns cuBLAS's version.
std::string cublas_version();
/// Returns a function that queues a product by cublasGemmStridedBatchedEx. There must be neither a bias nor a residual.
blas_call cublas_product(xl::stream_ref q, blas_product const& p);
/// Returns a function that queues a product by cublasLtMatmul. If it searches, it runs the algorithms with these matrices.
blas_call cublaslt_product(xl::stream_ref q, blas_product const& p, std::vector<blas_matrices> const& sets, blas_search const& search);

}  // namespace bench
