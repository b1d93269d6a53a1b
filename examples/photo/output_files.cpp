// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "output_files.hpp"

#include "image_io.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace photo {

output_files::output_files(std::filesystem::path directory) : directory_{std::move(directory)} {
  std::error_code code;
  std::filesystem::create_directories(directory_, code);
  if (code || !std::filesystem::is_directory(directory_, code))
    throw image_error{"cannot make the output directory '" + directory_.string() +
                      "': " + (code ? code.message() : std::string{"there is a file of that name"})};

  auto const probe = temporary("probe");
  auto* const file = std::fopen(probe.c_str(), "wb");
  if (file == nullptr) throw image_error{"cannot write in '" + directory_.string() + "': " + std::strerror(errno)};
  (void)std::fclose(file);
  std::filesystem::remove(probe, code);
}

output_files::~output_files() {
  std::error_code ignored;
  for (auto const& [from, to] : files_) std::filesystem::remove(from, ignored);
}

void output_files::add(std::string const& name, image const& picture) {
  files_.emplace_back(temporary(name), directory_ / name);
  write_png(files_.back().first, picture);
}

std::vector<std::filesystem::path> output_files::commit() {
  std::vector<std::filesystem::path> written;
  for (auto const& [from, to] : files_) {
    std::error_code code;
    std::filesystem::rename(from, to, code);
    if (code) throw image_error{"cannot write '" + to.string() + "': " + code.message()};
    written.push_back(to);
  }
  files_.clear();
  return written;
}

std::filesystem::path output_files::temporary(std::string const& name) const {
  // The process number separates two runs that write to one directory.
  return directory_ / ("." + name + "." + std::to_string(::getpid()) + ".part");
}

}  // namespace photo
