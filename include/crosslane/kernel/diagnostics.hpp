// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a kernel says while it runs.
#pragma once

#include <crosslane/kernel/context.hpp>

#include <type_traits>

namespace crosslane {

/// Ends the kernel unless the condition holds. On the host that is an error of the kind kernel_fault at the stream's next
/// synchronisation, with text, kernel, block, thread and place; the other streams go on. On a GPU the thread prints text, block, thread
/// and place, and traps: the device is of no use to the program any more. `text` lives as long as the program. Any thread may call it.
template <kernel_context Ctx>
CROSSLANE_FN void check(Ctx const& ctx, bool condition, char const* text, source_location where = source_location::current()) {
  if (!condition) ctx.native().fail(text, where);
}

/// printf from a kernel: a literal format and at most 32 numbers or pointers. Text stands in the format: AMD's compiler sends along the
/// strings of %s only where it sees the format that asks for them. On a GPU the text comes out at the next synchronisation, lines of
/// different threads in any order. Slow, and it costs registers: to look for mistakes.
template <kernel_context Ctx, class... Args>
CROSSLANE_FN void print(Ctx const& ctx, char const* format, Args... arguments) {
  static_assert((... && (std::is_arithmetic_v<Args> || std::is_pointer_v<Args> || std::is_enum_v<Args>)),
                "crosslane: print() takes numbers and pointers");
  static_assert((... && !std::is_convertible_v<Args, char const*>), "crosslane: text of print() stands in its format");
  static_assert(sizeof...(Args) <= 32, "crosslane: print() takes at most 32 arguments");
  ctx.native().print(format, arguments...);
}

}  // namespace crosslane
