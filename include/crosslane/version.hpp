// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The version of the library: the one place that states it; the build reads it from here.
#pragma once

/// 0 until the interfaces are settled.
#define CROSSLANE_VERSION_MAJOR 0
/// Rises with what breaks users, while MAJOR is 0.
#define CROSSLANE_VERSION_MINOR 1
/// Rises with what does not.
#define CROSSLANE_VERSION_PATCH 0
