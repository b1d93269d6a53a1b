// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Code that the tests of the corpus share: the marked lines, the names of kernels, and findings as docs/checker.md shows them.
#pragma once

#include <support/recorded.hpp>
#include <support/target.hpp>

#include <fstream>
#include <initializer_list>
#include <set>

namespace crosslane_test {

/// The lines of these files of the corpus that have the mark of a kernel, as "file:line".
inline std::set<std::string> marked_lines(std::initializer_list<char const*> files, std::string const& kernel) {
  std::set<std::string> result;
  for (char const* const file : files) {
    std::ifstream in{source_path("test/check/corpus/") + file};
    std::string line;
    for (unsigned number = 1; std::getline(in, line); ++number) {
      std::string const mark = "// @" + kernel;
      if (auto const at = line.find(mark); at != std::string::npos && at + mark.size() == line.size())
        result.insert(std::string(file) + ':' + std::to_string(number));
    }
  }
  if (result.empty()) fail("no line of " + kernel + " is marked", source_location::current());
  return result;
}

/// "file:line", without the folder.
inline std::string place(xl::source_location const& where) {
  std::string const file = where.file;
  return file.substr(file.rfind('/') + 1) + ':' + std::to_string(where.line);
}

/// Returns the name in "corpus::name<...>".
template <class K>
std::string short_name() {
  std::string name = xl::type_name<K>();
  name = name.substr(0, name.find('<'));
  return name.substr(name.rfind(':') + 1);
}

/// The finding of a kernel that docs/checker.md shows, at 32 lanes, is in a file of its name. Streams are numbered anew.
inline void check_shown_finding(std::string const& kernel, xl::checks::finding const& f) {
  std::string const file = source_path("test/check/findings/" + kernel + ".txt");
  if (f.wave_size != 32 || !std::ifstream{file}) return;
  std::string text = without_folders(std::string(to_string(f.kind)) + ": " + f.text.c_str() + '\n' + f.advice() + '\n');
  unsigned streams = 0;
  for (std::size_t at = 0; (at = text.find("stream 0x", at)) != std::string::npos;) {
    at += 9;
    std::size_t const end = text.find_first_not_of("0123456789abcdef", at);
    text.replace(at, end - at, std::to_string(++streams));
  }
  check_recorded(file, text);
}

}  // namespace crosslane_test
