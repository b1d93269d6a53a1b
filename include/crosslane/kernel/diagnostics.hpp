// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Checks and output of a running kernel.
#pragma once

#include <crosslane/kernel/context.hpp>

#include <type_traits>

namespace crosslane {

/// Ends the kernel if `condition` is false. Any thread may call it. `text` must live as long as the program, like a literal.
///
/// On the host the failure is an error of the kind kernel_fault. The next synchronisation of the stream throws it, with text, kernel,
/// block, thread and source location. Other streams continue. On a GPU the thread prints text, block, thread and source location, and
/// traps. After that the process cannot use the device any more.
template <kernel_context Ctx>
CROSSLANE_FN void check(Ctx const& ctx, bool condition, char const* text, source_location where = source_location::current()) {
  if (!condition) ctx.native().fail(text, where);
}

/// Prints from a kernel like printf. Any thread may call it. `format` is a literal. There are at most 32 arguments, all numbers or
/// pointers. Text belongs in the format: AMD's compiler transfers the strings of %s only if it sees the format.
///
/// On a GPU the output appears at the next synchronisation; lines of different threads have no order. It is slow and costs registers, so it
/// is for debugging.
template <kernel_context Ctx, class... Args>
CROSSLANE_FN void print(Ctx const& ctx, char const* format, Args... arguments) {
  static_assert((... && (std::is_arithmetic_v<Args> || std::is_pointer_v<Args> || std::is_enum_v<Args>)),
                "crosslane: the arguments of print() must be numbers or pointers");
  static_assert((... && !std::is_convertible_v<Args, char const*>),
                "crosslane: print() takes no text as an argument; write it into the format");
  static_assert(sizeof...(Args) <= 32, "crosslane: print() takes at most 32 arguments");
  ctx.native().print(format, arguments...);
}

}  // namespace crosslane
