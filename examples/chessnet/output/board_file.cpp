// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "board_file.hpp"

#include "write_file.hpp"

#if CHESSNET_WITH_RSVG
#include <librsvg/rsvg.h>
#endif

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

namespace chessnet {
namespace {

bool is_png(std::filesystem::path const& path) { return path.extension() == ".png"; }

#if CHESSNET_WITH_RSVG

template <auto Destroy>
struct destroyer {
  void operator()(auto* object) const { Destroy(object); }
};

/// Returns the bytes of a PNG file.
std::string to_png(std::string_view svg) {
  constexpr double scale = 2;
  GError* error = nullptr;
  auto const bytes = reinterpret_cast<guint8 const*>(svg.data());
  std::unique_ptr<RsvgHandle, destroyer<g_object_unref>> const picture{rsvg_handle_new_from_data(bytes, svg.size(), &error)};
  auto const fail = [&](std::string const& reason) {
    std::string const text = error != nullptr ? error->message : reason;
    g_clear_error(&error);
    throw std::runtime_error{"librsvg cannot draw the picture: " + text};
  };
  double width = 0, height = 0;
  if (!picture || !rsvg_handle_get_intrinsic_size_in_pixels(picture.get(), &width, &height)) fail("it has no size");
  auto const columns = int(std::lround(scale * width)), lines = int(std::lround(scale * height));
  std::unique_ptr<cairo_surface_t, destroyer<cairo_surface_destroy>> const surface{
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, lines)};
  std::unique_ptr<cairo_t, destroyer<cairo_destroy>> const context{cairo_create(surface.get())};
  RsvgRectangle const all{0, 0, double(columns), double(lines)};
  if (!rsvg_handle_render_document(picture.get(), context.get(), &all, &error)) fail("unknown error");
  std::string png;
  auto const append = [](void* to, unsigned char const* data, unsigned size) {
    static_cast<std::string*>(to)->append(reinterpret_cast<char const*>(data), size);
    return CAIRO_STATUS_SUCCESS;
  };
  auto const status = cairo_surface_write_to_png_stream(surface.get(), append, &png);
  if (status != CAIRO_STATUS_SUCCESS) fail(cairo_status_to_string(status));
  return png;
}

#else

std::string to_png(std::string_view) { return {}; }  // require_picture_name() has thrown

#endif

}  // namespace

void require_picture_name(std::filesystem::path const& path) {
  auto const refuse = [&](char const* why) { throw std::runtime_error{"cannot write '" + path.string() + "': " + why}; };
  if (path.extension() != ".svg" && !is_png(path)) refuse("the name of a picture ends in .svg or .png");
#if !CHESSNET_WITH_RSVG
  if (is_png(path)) refuse("this program was built without librsvg, which draws PNG (Debian, Ubuntu: librsvg2-dev); SVG works");
#endif
}

void write_picture(std::filesystem::path const& path, std::string_view svg) {
  require_picture_name(path);
  if (is_png(path))
    write_file(path, to_png(svg));
  else
    write_file(path, svg);
}

}  // namespace chessnet
