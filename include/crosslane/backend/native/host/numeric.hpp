// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Small floating-point formats on the CPU: generic code only. Compilers vectorise it. The half instructions of some CPUs would prevent
/// that; they also keep the bits of NaNs and need a compiler flag.
#pragma once

#include <crosslane/backend/native/numeric_hooks.hpp>

namespace crosslane::backend {

struct host_numeric : numeric_hooks {};

}  // namespace crosslane::backend
