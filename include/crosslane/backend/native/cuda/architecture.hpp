// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The table of NVIDIA features, each with the compute capability that it begins with. Features of a single architecture (sm_90a, sm_100f)
/// do not carry over to later ones and are not listed.
#pragma once

#define CROSSLANE_SM_ASYNC_COPY 800       ///< cp.async
#define CROSSLANE_SM_REDUCE 800           ///< redux.sync of 32-bit integers
#define CROSSLANE_SM_BFLOAT16 800         ///< conversions and fma of bfloat16, conversions of pairs of halves
#define CROSSLANE_SM_MATRIX 800           ///< mma.sync of all types but the 8-bit formats
#define CROSSLANE_SM_FP8 890              ///< conversions and matrix products of the OCP 8-bit formats
#define CROSSLANE_SM_BFLOAT16_SUMS 900    ///< sums of bfloat16
#define CROSSLANE_SM_ADD_BFLOAT16 900     ///< atomic additions of bfloat16
#define CROSSLANE_SM_BULK_COPY 900        ///< cp.async.bulk, mbarrier
#define CROSSLANE_SM_CLUSTER 900          ///< clusters of blocks
#define CROSSLANE_SM_ELECT 900            ///< elect.sync
#define CROSSLANE_SM_OVERLAP 900          ///< griddepcontrol
#define CROSSLANE_SM_ONE_SIDED_FENCE 900  ///< fence.acquire, fence.release
#define CROSSLANE_SM_STORE_MATRIX 900     ///< stmatrix

/// 1 if the architecture of this compiler pass has the feature. 0 in the host pass.
#if defined(__CUDA_ARCH__)
#define CROSSLANE_SM_HAS(feature) (__CUDA_ARCH__ >= CROSSLANE_SM_##feature)
#else
#define CROSSLANE_SM_HAS(feature) 0
#endif

/// 1 if all architectures that the file is compiled for have the feature. The same in all compiler passes.
#if defined(__CUDA_ARCH_LIST__)
#define CROSSLANE_ALL_SM_HAVE(feature) (::crosslane::backend::all_are_at_least<__CUDA_ARCH_LIST__>(CROSSLANE_SM_##feature))
#else
#define CROSSLANE_ALL_SM_HAVE(feature) 0
#endif

namespace crosslane::backend {

template <int... Architectures>
constexpr bool all_are_at_least(int least) {
  return ((Architectures >= least) && ...);
}

}  // namespace crosslane::backend
