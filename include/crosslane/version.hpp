// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The version of the library. It is stated only here; the build reads it from this file.
#pragma once

/// The major version: 0 until the interfaces are stable.
#define CROSSLANE_VERSION_MAJOR 0
/// The minor version. While MAJOR is 0, it rises with changes that break users.
#define CROSSLANE_VERSION_MINOR 2
/// The patch version. It rises with all other changes.
#define CROSSLANE_VERSION_PATCH 0
