// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Texts that tests make and the documentation shows.
#pragma once

#include <support/check.hpp>

namespace crosslane_test {

/// The running test fails unless the file contains this text. With CROSSLANE_RECORD=1 in the environment the text is written to the file;
/// then test/pages.py updates the pages.
void check_recorded(std::string const& file, std::string const& text, source_location where = source_location::current());

}  // namespace crosslane_test
