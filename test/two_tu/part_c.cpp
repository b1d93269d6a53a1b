// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Always compiled for the host.
#include "define_part.hpp"

two_tu::part const& two_tu::part_c() { return this_part; }
