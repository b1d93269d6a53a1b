// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "write_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

namespace chessnet {

void write_file(std::filesystem::path const& path, std::string_view text) {
  // The process number separates two runs that write to one folder.
  std::string name{"."};
  name.append(path.filename().string()).append(".").append(std::to_string(::getpid())).append(".part");
  auto const temporary = path.parent_path() / name;
  std::error_code code;
  auto const fail = [&](std::string const& reason) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw std::runtime_error{"cannot write '" + path.string() + "': " + reason};
  };
  auto* const file = std::fopen(temporary.c_str(), "wb");
  if (file == nullptr) fail(std::strerror(errno));
  bool const written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written) fail(std::strerror(errno));
  std::filesystem::rename(temporary, path, code);
  if (code) fail(code.message());
}

}  // namespace chessnet
