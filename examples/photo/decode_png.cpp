// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "decode.hpp"

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>

namespace photo {
namespace {

/// Decodes with libpng's sequential interface. The simplified interface stops at the last pixel and so accepts a truncated file. libpng
/// reports errors by longjmp, which skips destructors. Therefore all owners are members, and decode() has only trivial locals.
class png_decoder {
 public:
  explicit png_decoder(std::span<unsigned char const> file) : rest_{file} {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, [](png_structp, png_const_charp) {});
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw decode_error{"libpng could not start"};
    }
  }
  png_decoder(png_decoder const&) = delete;
  png_decoder& operator=(png_decoder const&) = delete;
  ~png_decoder() { png_destroy_read_struct(&png_, &info_, nullptr); }

  [[nodiscard]] image run() {
    if (!decode()) throw decode_error{std::string{"damaged or incomplete PNG: "} + message_};
    image result{int(width_), int(height_), {}};
    result.rgb.resize(3 * result.pixels());
    for (std::size_t i = 0; i < result.pixels(); ++i) {
      unsigned const alpha = rgba_[4 * i + 3];
      for (std::size_t c = 0; c < 3; ++c)
        result.rgb[3 * i + c] = static_cast<unsigned char>((rgba_[4 * i + c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
    return result;
  }

 private:
  bool decode() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, this, on_read);
    // Turns libpng's limits off. Our own limits have our own error messages.
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    read_size();
    png_read_info(png_, info_);
    png_set_expand(png_);
    png_set_scale_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_add_alpha(png_, 0xff, PNG_FILLER_AFTER);
    (void)png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_rowbytes(png_, info_) != std::size_t{4} * width_) png_error(png_, "unexpected row size");
    allocate();
    png_read_image(png_, rows_.data());
    png_read_end(png_, nullptr);
    return true;
  }

  /// Reads the header before libpng does, so that an empty picture gives the same error as an empty JPEG.
  void read_size() {
    if (rest_.size() < 24 || std::memcmp(rest_.data() + 12, "IHDR", 4) != 0) png_error(png_, "no header");
    width_ = png_get_uint_32(rest_.data() + 16);
    height_ = png_get_uint_32(rest_.data() + 20);
    require_usable_size(width_, height_);
  }
  void allocate() {
    rgba_.resize(std::size_t{4} * width_ * height_);
    rows_.resize(height_);
    for (std::size_t y = 0; y < height_; ++y) rows_[y] = rgba_.data() + std::size_t{4} * width_ * y;
  }

  static void on_read(png_structp png, png_bytep out, std::size_t count) {
    auto& self = *static_cast<png_decoder*>(png_get_io_ptr(png));
    if (count > self.rest_.size()) png_error(png, "the file ends early");
    std::memcpy(out, self.rest_.data(), count);
    self.rest_ = self.rest_.subspan(count);
  }
  [[noreturn]] static void on_error(png_structp png, png_const_charp text) {
    auto& self = *static_cast<png_decoder*>(png_get_error_ptr(png));
    std::snprintf(self.message_, sizeof self.message_, "%s", text);
    png_longjmp(png, 1);
  }

  std::span<unsigned char const> rest_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  png_uint_32 width_ = 0;
  png_uint_32 height_ = 0;
  std::vector<unsigned char> rgba_;
  std::vector<png_bytep> rows_;
  char message_[200] = {};
};

}  // namespace

image decode_png(std::span<unsigned char const> file) { return png_decoder{file}.run(); }

}  // namespace photo
