// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The version of the library: the one place that states it; the build reads it from here.
#pragma once

#define CROSSLANE_VERSION_MAJOR 0
#define CROSSLANE_VERSION_MINOR 1
#define CROSSLANE_VERSION_PATCH 0
