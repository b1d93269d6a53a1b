// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products of matrices by the matrix cores of a GPU: fragments, which are matrices in the registers of a wave; products of blocks; and
/// products of whole matrices.
#pragma once

#include <crosslane/tensor.hpp>

#include <crosslane/matrix/attention.hpp>
#include <crosslane/matrix/block_gemm.hpp>
#include <crosslane/matrix/convert.hpp>
#include <crosslane/matrix/convolution.hpp>
#include <crosslane/matrix/epilogue.hpp>
#include <crosslane/matrix/fragment.hpp>
#include <crosslane/matrix/fragment_layout.hpp>
#include <crosslane/matrix/gemm.hpp>
#include <crosslane/matrix/gemm_policy.hpp>
#include <crosslane/matrix/load.hpp>
#include <crosslane/matrix/multiply.hpp>
