# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Finds the packages that crosslane::host links. They are global, so that a project with crosslane as a subdirectory can link them too.
find_package(Threads QUIET GLOBAL)
find_package(Boost 1.70 CONFIG QUIET GLOBAL COMPONENTS context)
