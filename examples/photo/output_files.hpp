// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Several result files that appear together or not at all.
#pragma once

#include "image.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace photo {

/// Writes a set of files. add() writes under a temporary name in the same directory. commit() renames the files. Without commit() no file
/// remains, but the directory does.
class output_files {
 public:
  /// Creates the directory if needed and tries to write in it, so that a wrong one is reported before any work is done. Throws image_error.
  explicit output_files(std::filesystem::path directory);
  output_files(output_files const&) = delete;
  output_files& operator=(output_files const&) = delete;
  ~output_files();

  /// Throws image_error.
  void add(std::string const& name, image const& picture);
  /// Returns the final paths. Throws image_error.
  std::vector<std::filesystem::path> commit();

 private:
  [[nodiscard]] std::filesystem::path temporary(std::string const& name) const;

  std::filesystem::path directory_;
  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> files_;  // temporary, final
};

}  // namespace photo
