// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Includes the matrix products of the default backend, and those of the host.
#pragma once

#include <crosslane/backend/select.hpp>

#if CROSSLANE_COMPILER_CUDA()
#include <crosslane/backend/cuda/matrix.hpp>
#include <crosslane/backend/cuda/wgmma.hpp>
#elif CROSSLANE_COMPILER_HIP()
#include <crosslane/backend/hip/matrix.hpp>
#endif
#include <crosslane/backend/host/matrix.hpp>
