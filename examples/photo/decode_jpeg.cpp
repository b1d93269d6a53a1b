// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "decode.hpp"

#include <cstdio>

#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstring>
#include <string>

namespace photo {
namespace {

/// Reports errors of libjpeg, which arrive by longjmp. See png_decoder.
class jpeg_decoder {
 public:
  explicit jpeg_decoder(std::span<unsigned char const> file) : file_{file} {
    jpeg_.err = jpeg_std_error(&errors_);
    errors_.error_exit = on_error;
    errors_.emit_message = on_message;
    jpeg_.client_data = this;
  }
  jpeg_decoder(jpeg_decoder const&) = delete;
  jpeg_decoder& operator=(jpeg_decoder const&) = delete;
  ~jpeg_decoder() { jpeg_destroy_decompress(&jpeg_); }

  [[nodiscard]] image run() {
    if (!decode() && errors_.msg_code == JERR_EMPTY_IMAGE) throw decode_error{"the picture has no pixels"};
    if (message_[0] != '\0') throw decode_error{std::string{"damaged or incomplete JPEG: "} + message_};
    image result{int(jpeg_.output_width), int(jpeg_.output_height), {}};
    if (components_ == 3) {
      result.rgb = std::move(samples_);
      return result;
    }
    result.rgb.resize(3 * result.pixels());
    for (std::size_t i = 0; i < result.pixels(); ++i) {
      // Files of Adobe's programs, by far the most common, store the inverse of the ink.
      unsigned ink[4];
      for (std::size_t c = 0; c < 4; ++c) ink[c] = jpeg_.saw_Adobe_marker ? samples_[4 * i + c] : 255u - samples_[4 * i + c];
      for (std::size_t c = 0; c < 3; ++c) result.rgb[3 * i + c] = static_cast<unsigned char>((ink[c] * ink[3] + 127) / 255);
    }
    return result;
  }

 private:
  bool decode() {
    if (setjmp(jump_) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_mem_src(&jpeg_, file_.data(), static_cast<unsigned long>(file_.size()));
    (void)jpeg_read_header(&jpeg_, TRUE);
    require_usable_size(jpeg_.image_width, jpeg_.image_height);
    bool const cmyk = jpeg_.jpeg_color_space == JCS_CMYK || jpeg_.jpeg_color_space == JCS_YCCK;
    jpeg_.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    components_ = cmyk ? 4 : 3;
    (void)jpeg_start_decompress(&jpeg_);
    std::size_t const row_bytes = std::size_t{jpeg_.output_width} * components_;
    samples_.resize(row_bytes * jpeg_.output_height);
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = samples_.data() + row_bytes * jpeg_.output_scanline;
      (void)jpeg_read_scanlines(&jpeg_, &row, 1);
    }
    (void)jpeg_finish_decompress(&jpeg_);
    return true;
  }

  [[noreturn]] static void on_error(j_common_ptr common) {
    auto& self = *static_cast<jpeg_decoder*>(common->client_data);
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    std::snprintf(self.message_, sizeof self.message_, "%s", text);
    std::longjmp(self.jump_, 1);
  }

  /// libjpeg reports missing data as a warning and paints the rest grey. Accepts only warnings that leave the pixels intact.
  static void on_message(j_common_ptr common, int level) {
    if (level >= 0) return;
    switch (common->err->msg_code) {
      case JWRN_EXTRANEOUS_DATA:
      case JWRN_ADOBE_XFORM:
      case JWRN_JFIF_MAJOR:
      case JWRN_BOGUS_ICC: return;
      default: on_error(common);
    }
  }

  std::span<unsigned char const> file_;
  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf jump_{};
  std::size_t components_ = 3;
  std::vector<unsigned char> samples_;
  char message_[JMSG_LENGTH_MAX] = {};
};

}  // namespace

image decode_jpeg(std::span<unsigned char const> file) { return jpeg_decoder{file}.run(); }

}  // namespace photo
