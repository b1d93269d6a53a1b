# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What crosslane::host links. Global, so that a project which has crosslane as a subdirectory can link it too.
find_package(Threads QUIET GLOBAL)
find_package(Boost 1.70 CONFIG QUIET GLOBAL COMPONENTS context)
