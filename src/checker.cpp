// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The access checker of the host backend. Defines the functions that the compiler calls for each access in code compiled with
/// -fsanitize=thread, and those that the executor and the runtime call. The target crosslane::checked compiles this file without that flag,
/// once per program.
#include "checker/compiler_calls.hpp"
#include "checker/executor_calls.hpp"
#include "checker/library_calls.hpp"
#include "checker/watches.hpp"
