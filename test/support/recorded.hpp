// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The files of the source folder that tests read, and the texts that tests make and the documentation shows.
#pragma once

#include <support/check.hpp>

namespace crosslane_test {

/// Returns the path of a file or folder, given by its path in the source folder. Tests do not open __FILE__: under ccache it is relative to
/// the folder that the compiler ran in.
std::string source_path(std::string const& path);

/// Returns the text with the paths of source files replaced by their names. The folders depend on the place and the mode of the build.
std::string without_folders(std::string text);

/// The running test fails unless the file contains this text. With CROSSLANE_RECORD=1 in the environment the text is written to the file;
/// then test/pages.py updates the pages.
void check_recorded(std::string const& file, std::string const& text, source_location where = source_location::current());

}  // namespace crosslane_test
