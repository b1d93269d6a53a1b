# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The libraries that crosslane::host links. They are global, so that a project which adds crosslane as a subdirectory can link them too.
find_package(Threads QUIET GLOBAL)
find_package(Boost 1.70 CONFIG QUIET GLOBAL COMPONENTS context)
