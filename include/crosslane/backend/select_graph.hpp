// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Includes the graphs of the default backend.
#pragma once

#include <crosslane/backend/select.hpp>

#if CROSSLANE_COMPILER_CUDA()
#include <crosslane/backend/cuda/graph.hpp>
#elif CROSSLANE_COMPILER_HIP()
#include <crosslane/backend/hip/graph.hpp>
#else
#include <crosslane/backend/host/graph.hpp>
#endif
