// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Compiled for the backend that is tested.
#include "define_part.hpp"

two_tu::part const& two_tu::part_b() { return this_part; }
