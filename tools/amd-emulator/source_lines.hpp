// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Source lines for messages.
#pragma once
#include <cstdint>
#include <string>
#include "engine.hpp"

namespace emu {

/// Returns ", file.hip:12 (f), inlined at file.hip:30 (g), in header.hpp:5 (h)" for the instruction at an address, or nothing if it is not
/// known. Of the functions of libraries only the innermost one is named. It needs code that was compiled with -g, and llvm-symbolizer,
/// which AMDEMU_SYMBOLIZER may name.
std::string source_line(CodeObject const& co, uint64_t pc);

}  // namespace emu
