// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "options.hpp"

#ifndef PHOTO_DEFAULT_INPUT
#define PHOTO_DEFAULT_INPUT "examples/photo/data/dandelion.jpg"
#endif

namespace photo {

char const* const usage_text =
    "usage: photo [options] [input] [output directory]\n"
    "\n"
    "Blurs, outlines and equalises a photograph (PNG or JPEG) by kernels, on every device found and on the CPU with waves of 32\n"
    "and of 64 lanes. Writes photo-blurred.png, photo-edges.png, photo-equalised.png and photo-sheet.png, which shows all, and\n"
    "prints what was measured. Unless said, the input is the photograph of the example and the output directory is photo-out.\n"
    "\n";

file_names::file_names(std::vector<std::string> const& operands) : input{operands.empty() ? PHOTO_DEFAULT_INPUT : operands[0]} {
  if (operands.size() > 1) output_directory = operands[1];
}

}  // namespace photo
