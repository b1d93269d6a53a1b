// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Names of functions for messages.
#pragma once
#include <string>

namespace emu {

/// Returns the name of a demangled function without its result, arguments and template arguments: "ns::sum::operator()".
std::string plain_name(std::string const& function);

/// Returns the demangled name of a kernel. For a kernel of Crosslane, whose function is a template of the library, it is the type of its
/// function object: "row_sum".
std::string kernel_name(std::string const& mangled);

}  // namespace emu
