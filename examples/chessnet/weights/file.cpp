// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "file.hpp"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <string>

namespace chessnet {
namespace {

struct close_file {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};

[[noreturn]] void wrong(std::string const& why) { throw weights_error{why}; }

/// Unpacks bytes piece by piece.
class inflater {
 public:
  explicit inflater(byte_span packed) : rest_{packed} {
    constexpr int gzip = 16;  // zlib's mark for gzip's header and checksum
    if (inflateInit2(&zlib_, gzip + MAX_WBITS) != Z_OK) throw std::bad_alloc{};
  }
  inflater(inflater const&) = delete;
  inflater& operator=(inflater const&) = delete;
  ~inflater() { (void)inflateEnd(&zlib_); }

  /// Fills the buffer as far as there is something to unpack. Returns the number of bytes.
  std::size_t read(std::span<std::byte> out) {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    std::size_t done = 0;
    while (done < out.size() && !ended_) {
      auto const in = std::min(rest_.size(), most), space = std::min(out.size() - done, most);
      zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest_.data()));  // zlib only reads
      zlib_.avail_in = uInt(in);
      zlib_.next_out = reinterpret_cast<Bytef*>(out.data() + done);
      zlib_.avail_out = uInt(space);
      int const code = inflate(&zlib_, Z_NO_FLUSH);
      rest_ = rest_.subspan(in - zlib_.avail_in);
      done += space - zlib_.avail_out;
      if (code == Z_MEM_ERROR) throw std::bad_alloc{};
      if (code == Z_BUF_ERROR) wrong("the gzip data are cut off");
      if (code != Z_OK && code != Z_STREAM_END)
        wrong(std::string{"the gzip data are damaged: "} + (zlib_.msg ? zlib_.msg : "a dictionary"));
      ended_ = code == Z_STREAM_END && rest_.empty();
      // gzip allows several files one after another.
      if (code == Z_STREAM_END && !ended_ && inflateReset(&zlib_) != Z_OK) wrong("the gzip data are damaged");
    }
    return done;
  }

 private:
  z_stream zlib_{};
  byte_span rest_;
  bool ended_ = false;
};

}  // namespace

std::vector<std::byte> read_file(std::filesystem::path const& path, std::size_t most) {
  std::error_code code;
  auto const status = std::filesystem::status(path, code);
  if (!std::filesystem::exists(status)) wrong("no such file");
  if (std::filesystem::is_directory(status)) wrong("it is a directory");
  // A pipe or a device may never end.
  if (!std::filesystem::is_regular_file(status)) wrong("it is not a regular file");
  std::unique_ptr<std::FILE, close_file> const file{std::fopen(path.c_str(), "rb")};
  if (!file) wrong(std::strerror(errno));
  auto const size = std::filesystem::file_size(path, code);
  if (code) wrong(code.message());
  if (size > most) wrong("it has " + std::to_string(size) + " bytes, more than " + std::to_string(most));
  std::vector<std::byte> bytes(size);
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  if (std::ferror(file.get())) wrong(std::strerror(errno));
  return bytes;
}

std::vector<std::byte> unpack(std::vector<std::byte> bytes, std::size_t most) {
  if (bytes.size() < 2 || bytes[0] != std::byte{0x1f} || bytes[1] != std::byte{0x8b}) return bytes;
  inflater packed{bytes};
  std::vector<std::byte> result;
  for (std::size_t step = 1 << 20;; step = result.size()) {
    auto const before = result.size();
    result.resize(before + std::min(step, most - before + 1));
    auto const done = packed.read({result.data() + before, result.size() - before});
    bool const full = before + done == result.size();
    result.resize(before + done);
    if (result.size() > most) wrong("more than " + std::to_string(most) + " bytes come out of the gzip data");
    if (!full) return result;
  }
}

}  // namespace chessnet
