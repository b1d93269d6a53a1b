// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The sizes of products of blocks and of whole matrices.
#pragma once

#include <crosslane/algorithm/options.hpp>
#include <crosslane/backend/select_matrix.hpp>
#include <crosslane/kernel/matrix_target.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {

/// Sizes of a product of matrices. A block of `Threads` threads computes `M` x `N` elements of C. It goes along the summed axis in steps of
/// `K` elements, for which shared memory has `Stages` tiles of A and of B. Registers are bounded so that `Blocks` blocks fit on a
/// multiprocessor. All but `Stages` and `Blocks` are powers of two, and `Threads` is at least 64. A step should have 64 bytes or more.
///
///   xl::gemm(q, a, b, c, {}, xl::options<xl::run_to_run, xl::gemm_policy<64, 128, 32, 3, 128>>{});
template <unsigned M, unsigned N, unsigned K, unsigned Stages, unsigned Threads, unsigned Blocks = 1>
struct gemm_policy {
  static_assert((M & (M - 1)) == 0 && (N & (N - 1)) == 0 && (K & (K - 1)) == 0 && (Threads & (Threads - 1)) == 0 && M >= 16 && N >= 16 &&
                    K > 0 && Threads >= 64 && Threads <= 1024,
                "crosslane: M, N, K and Threads of a gemm_policy are powers of two: M and N at least 16, Threads 64 to 1024");
  static_assert(Stages >= 2 && Stages <= 8, "crosslane: a gemm_policy has 2 to 8 stages");
  static constexpr unsigned m = M;              ///< rows of a block's tile of C
  static constexpr unsigned n = N;              ///< columns of a block's tile of C
  static constexpr unsigned k = K;              ///< elements of a step along the summed axis
  static constexpr unsigned stages = Stages;    ///< tiles of A and of B in shared memory
  static constexpr unsigned threads = Threads;  ///< threads of a block
  static constexpr unsigned blocks = Blocks;    ///< blocks on a multiprocessor

  /// Parts into which the summed axis is split, so that several blocks compute a tile of C. Their sums are added in the order of the parts.
  /// 0 lets the library choose.
  unsigned parts = 0;
};

/// Takes the library's sizes, and rounds operands of float to tf32 if the target has products of tf32. Otherwise they stay float.
struct tuned_tf32 {};

namespace detail {

/// The type of the sums of a product.
template <class A>
using gemm_sum = std::conditional_t<std::is_same_v<A, double>, double, std::conditional_t<std::is_integral_v<A>, std::int32_t, float>>;

template <class A, class B>
inline constexpr bool are_fp8 =
    (std::is_same_v<A, fp8_e4m3> || std::is_same_v<A, fp8_e5m2>) && (std::is_same_v<B, fp8_e4m3> || std::is_same_v<B, fp8_e5m2>);
template <class A, class B>
inline constexpr bool are_fp8_fnuz = (std::is_same_v<A, fp8_e4m3_fnuz> || std::is_same_v<A, fp8_e5m2_fnuz>) &&
                                     (std::is_same_v<B, fp8_e4m3_fnuz> || std::is_same_v<B, fp8_e5m2_fnuz>);

/// A failed assertion shows the types.
template <class A, class B>
struct gemm_has_types {
  static constexpr bool uniform = std::is_same_v<A, half> || std::is_same_v<A, bfloat16> || std::is_same_v<A, float> ||
                                  std::is_same_v<A, double> || std::is_same_v<A, std::int8_t>;
  static_assert((std::is_same_v<A, B> && uniform) || are_fp8<A, B> || are_fp8_fnuz<A, B>,
                "crosslane: there is no product of these types, see A and B of gemm_has_types: both operands are half, bfloat16, float, "
                "double or std::int8_t, or each is one of fp8_e4m3 and fp8_e5m2, or of fp8_e4m3_fnuz and fp8_e5m2_fnuz");
  static constexpr bool ok = true;
};

}  // namespace detail

}  // namespace crosslane
