// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Small floating-point formats on the CPU: the generic way throughout. Compilers vectorise it, which the instructions that some CPUs
/// have for half would prevent (they keep the bits of NaNs, and are there only when asked for).
#pragma once

#include <crosslane/backend/numeric_hooks.hpp>

namespace crosslane::backend {

struct host_numeric : numeric_hooks {};

}  // namespace crosslane::backend
