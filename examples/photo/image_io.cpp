// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "image_io.hpp"

#include "decode.hpp"

#include <png.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

namespace photo {
namespace {

constexpr std::size_t max_file_bytes = std::size_t{1} << 30;

struct close_file {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
using file_handle = std::unique_ptr<std::FILE, close_file>;

[[noreturn]] void fail_read(std::filesystem::path const& path, std::string const& reason) {
  throw image_error{"cannot read '" + path.string() + "': " + reason};
}
[[noreturn]] void fail_write(std::filesystem::path const& path, std::string const& reason) {
  throw image_error{"cannot write '" + path.string() + "': " + reason};
}

std::vector<unsigned char> read_bytes(std::filesystem::path const& path) {
  std::error_code code;
  auto const status = std::filesystem::status(path, code);
  if (status.type() == std::filesystem::file_type::none) fail_read(path, code.message());
  if (!std::filesystem::exists(status)) fail_read(path, "no such file");
  if (std::filesystem::is_directory(status)) fail_read(path, "it is a directory");
  // A pipe or a device may never end.
  if (!std::filesystem::is_regular_file(status)) fail_read(path, "it is not a regular file");

  file_handle const file{std::fopen(path.c_str(), "rb")};
  if (!file) fail_read(path, std::strerror(errno));
  std::vector<unsigned char> bytes;
  unsigned char part[1 << 16];
  while (auto const count = std::fread(part, 1, sizeof part, file.get())) {
    bytes.insert(bytes.end(), part, part + count);
    if (bytes.size() > max_file_bytes) fail_read(path, "it is larger than 1 GiB");
  }
  if (std::ferror(file.get())) fail_read(path, std::strerror(errno));
  return bytes;
}

bool starts_with(std::span<unsigned char const> bytes, std::span<unsigned char const> head) {
  return bytes.size() >= head.size() && std::equal(head.begin(), head.end(), bytes.begin());
}

}  // namespace

void require_usable_size(unsigned long width, unsigned long height) {
  auto const size = std::to_string(width) + " x " + std::to_string(height);
  if (width == 0 || height == 0) throw decode_error{"the picture has no pixels (" + size + ")"};
  if (width > max_side || height > max_side || width * height > max_pixels)
    throw decode_error{"the picture is too large (" + size + "; at most " + std::to_string(max_pixels) + " pixels and " +
                       std::to_string(max_side) + " a side)"};
}

image read_image(std::filesystem::path const& path) {
  static constexpr unsigned char png_head[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  static constexpr unsigned char jpeg_head[] = {0xff, 0xd8, 0xff};
  auto const bytes = read_bytes(path);
  try {
    if (bytes.empty()) throw decode_error{"the file is empty"};
    if (starts_with(bytes, png_head)) return decode_png(bytes);
    if (starts_with(bytes, jpeg_head)) return decode_jpeg(bytes);
    throw decode_error{"it is neither a PNG nor a JPEG"};
  } catch (decode_error const& error) {
    fail_read(path, error.what());
  }
}

void write_png(std::filesystem::path const& path, image const& picture) {
  png_image description{};
  description.version = PNG_IMAGE_VERSION;
  description.width = static_cast<png_uint_32>(picture.width);
  description.height = static_cast<png_uint_32>(picture.height);
  description.format = PNG_FORMAT_RGB;

  file_handle file{std::fopen(path.c_str(), "wb")};
  if (!file) fail_write(path, std::strerror(errno));
  errno = 0;
  if (png_image_write_to_stdio(&description, file.get(), 0, picture.rgb.data(), 3 * picture.width, nullptr) == 0)
    fail_write(path, errno != 0 ? std::strerror(errno) : description.message);
  // A full disk may only be reported with the last bytes.
  if (std::fclose(file.release()) != 0) fail_write(path, std::strerror(errno));
}

}  // namespace photo
