// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tests reading and writing of pictures: every kind of pixel, and rejection of everything damaged.
#include "image_io.hpp"

#include "decode.hpp"
#include "output_files.hpp"

#include <cstdio>

#include <jpeglib.h>
#include <png.h>

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

using bytes = std::vector<unsigned char>;

/// Returns a PNG of rows in libpng's format. Palette index i has the colour (i, 2 i, 3 i).
bytes make_png(unsigned width, unsigned height, int depth, int type, int interlace, bytes const& rows) {
  bytes file;
  auto* png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  auto* info = png_create_info_struct(png);
  png_set_write_fn(
      png, &file,
      [](png_structp p, png_bytep data, std::size_t count) {
        auto& out = *static_cast<bytes*>(png_get_io_ptr(p));
        out.insert(out.end(), data, data + count);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, width, height, depth, type, interlace, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (type == PNG_COLOR_TYPE_PALETTE) {
    std::array<png_color, 16> palette{};
    for (unsigned char i = 0; i < 16; ++i) palette[i] = {i, static_cast<png_byte>(2 * i), static_cast<png_byte>(3 * i)};
    png_set_PLTE(png, info, palette.data(), 1 << depth);
  }
  png_write_info(png, info);
  std::vector<png_bytep> pointers(height);
  for (unsigned y = 0; y < height; ++y) pointers[y] = const_cast<png_bytep>(rows.data()) + y * rows.size() / height;
  png_write_image(png, pointers.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return file;
}

/// Returns a JPEG of one colour.
bytes make_jpeg(unsigned width, unsigned height, J_COLOR_SPACE space, bytes const& pixel, bool progressive) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &memory, &size);
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = static_cast<int>(pixel.size());
  jpeg.in_color_space = space;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  if (progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  bytes row;
  for (unsigned x = 0; x < width; ++x) row.insert(row.end(), pixel.begin(), pixel.end());
  JSAMPROW pointer = row.data();
  while (jpeg.next_scanline < height) (void)jpeg_write_scanlines(&jpeg, &pointer, 1);
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  bytes file(memory, memory + size);
  std::free(memory);
  return file;
}

/// Checks that all pixels equal this colour within `tolerance` (JPEG is lossy).
void expect_colour(photo::image const& picture, std::array<int, 3> colour, int tolerance) {
  ASSERT_EQ(picture.rgb.size(), 3 * picture.pixels());
  for (std::size_t i = 0; i < picture.rgb.size(); ++i) ASSERT_NEAR(picture.rgb[i], colour[i % 3], tolerance) << "byte " << i;
}

template <class F>
std::string message_of(F const& f) {
  try {
    f();
  } catch (std::exception const& error) {
    return error.what();
  }
  return "no exception";
}

std::filesystem::path fresh_directory() {
  auto const path =
      std::filesystem::path{testing::TempDir()} / (std::string{"photo-"} + testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

constexpr int plain = PNG_INTERLACE_NONE;

TEST(decode_png, every_kind_of_pixel) {
  using rgb = bytes;
  EXPECT_EQ(photo::decode_png(make_png(2, 1, 8, PNG_COLOR_TYPE_RGB, plain, {1, 2, 3, 4, 5, 6})).rgb, (rgb{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(photo::decode_png(make_png(2, 1, 8, PNG_COLOR_TYPE_GRAY, plain, {7, 9})).rgb, (rgb{7, 7, 7, 9, 9, 9}));
  EXPECT_EQ(photo::decode_png(make_png(2, 1, 1, PNG_COLOR_TYPE_GRAY, plain, {0x40})).rgb, (rgb{0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(photo::decode_png(make_png(2, 1, 4, PNG_COLOR_TYPE_PALETTE, plain, {0x1f})).rgb, (rgb{1, 2, 3, 15, 30, 45}));
  EXPECT_EQ(photo::decode_png(make_png(1, 1, 16, PNG_COLOR_TYPE_RGB, plain, {0xff, 0xff, 0x80, 0x80, 0, 0})).rgb, (rgb{255, 128, 0}));
  EXPECT_EQ(photo::decode_png(make_png(1, 1, 16, PNG_COLOR_TYPE_GRAY, plain, {0x10, 0x10})).rgb, (rgb{16, 16, 16}));
}

TEST(decode_png, transparency_lies_on_white) {
  EXPECT_EQ(photo::decode_png(make_png(3, 1, 8, PNG_COLOR_TYPE_RGBA, plain, {10, 20, 30, 255, 10, 20, 30, 0, 0, 0, 0, 51})).rgb,
            (bytes{10, 20, 30, 255, 255, 255, 204, 204, 204}));
  EXPECT_EQ(photo::decode_png(make_png(1, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, plain, {100, 0})).rgb, (bytes{255, 255, 255}));
}

TEST(decode_png, interlaced) {
  bytes rows;
  for (unsigned char i = 0; i < 81; ++i) rows.insert(rows.end(), {i, 0, static_cast<unsigned char>(255 - i)});
  EXPECT_EQ(photo::decode_png(make_png(9, 9, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_ADAM7, rows)).rgb, rows);
}

TEST(decode_jpeg, every_kind_of_pixel) {
  for (bool const progressive : {false, true}) {
    expect_colour(photo::decode_jpeg(make_jpeg(17, 9, JCS_RGB, {200, 100, 50}, progressive)), {200, 100, 50}, 3);
    expect_colour(photo::decode_jpeg(make_jpeg(17, 9, JCS_GRAYSCALE, {90}, progressive)), {90, 90, 90}, 1);
    // libjpeg writes Adobe's marker for CMYK, so the values are 255 minus ink.
    expect_colour(photo::decode_jpeg(make_jpeg(17, 9, JCS_CMYK, {255, 128, 0, 200}, progressive)), {200, 100, 0}, 2);
  }
}

TEST(decode, no_part_of_a_file_is_accepted) {
  bytes rows;
  for (unsigned i = 0; i < 3 * 20 * 20; ++i) rows.push_back(static_cast<unsigned char>(i * i));
  auto const png = make_png(20, 20, 8, PNG_COLOR_TYPE_RGB, plain, rows);
  for (std::size_t size = 0; size < png.size(); ++size)
    EXPECT_THROW((void)photo::decode_png({png.data(), size}), photo::decode_error) << size << " of " << png.size();
  for (bool const progressive : {false, true}) {
    auto const jpeg = make_jpeg(40, 40, JCS_RGB, {200, 100, 50}, progressive);
    for (std::size_t size = 0; size < jpeg.size(); ++size)
      EXPECT_THROW((void)photo::decode_jpeg({jpeg.data(), size}), photo::decode_error) << size << " of " << jpeg.size();
  }
}

// Any picture and any error is a pass. This test is for sanitizers.
TEST(decode, damaged_files_do_no_harm) {
  auto const png = make_png(9, 3, 4, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_ADAM7, bytes(15, 0x5a));
  auto const jpeg = make_jpeg(17, 9, JCS_CMYK, {10, 128, 0, 200}, true);
  for (auto const& [file, decode] : {std::pair{png, &photo::decode_png}, std::pair{jpeg, &photo::decode_jpeg}})
    for (std::size_t at = 0; at < file.size(); ++at)
      for (int const flip : {0x01, 0x80, 0xff}) {
        auto damaged = file;
        damaged[at] = static_cast<unsigned char>(damaged[at] ^ flip);
        try {
          auto const picture = decode(damaged);
          EXPECT_EQ(picture.rgb.size(), 3 * picture.pixels());
        } catch (photo::decode_error const& error) {
          EXPECT_NE(std::string{error.what()}, "");
        }
      }
}

TEST(decode, sizes_beyond_the_limits) {
  auto png = make_png(1, 1, 8, PNG_COLOR_TYPE_GRAY, plain, {7});
  auto const with_size = [&](unsigned width, unsigned height) {
    for (unsigned i = 0; i < 4; ++i) {
      png[16 + i] = static_cast<unsigned char>(width >> (24 - 8 * i));
      png[20 + i] = static_cast<unsigned char>(height >> (24 - 8 * i));
    }
    return message_of([&] { (void)photo::decode_png(png); });
  };
  EXPECT_EQ(with_size(0, 0), "the picture has no pixels (0 x 0)");
  EXPECT_EQ(with_size(5, 0), "the picture has no pixels (5 x 0)");
  EXPECT_NE(with_size(65536, 1).find("too large"), std::string::npos);
  EXPECT_NE(with_size(65535, 65535).find("too large"), std::string::npos);
  EXPECT_NE(with_size(0xffffffff, 0xffffffff).find("too large"), std::string::npos);
}

TEST(read_image, reasons) {
  auto const directory = fresh_directory();
  auto const reason = [&](std::filesystem::path const& path) { return message_of([&] { (void)photo::read_image(path); }); };
  auto const prefix = [&](std::filesystem::path const& path) { return "cannot read '" + path.string() + "': "; };

  EXPECT_EQ(reason(directory / "none.png"), prefix(directory / "none.png") + "no such file");
  EXPECT_EQ(reason(directory), prefix(directory) + "it is a directory");
  EXPECT_EQ(reason("/dev/null"), prefix("/dev/null") + "it is not a regular file");
  std::ofstream{directory / "empty.png"} << "";
  EXPECT_EQ(reason(directory / "empty.png"), prefix(directory / "empty.png") + "the file is empty");
  std::ofstream{directory / "text.jpg"} << "hello";
  EXPECT_EQ(reason(directory / "text.jpg"), prefix(directory / "text.jpg") + "it is neither a PNG nor a JPEG");
}

TEST(write_png, is_read_back) {
  auto const path = fresh_directory() / "a.png";
  photo::image picture{5, 3, {}};
  for (unsigned char i = 0; i < 45; ++i) picture.rgb.push_back(static_cast<unsigned char>(5 * i));
  photo::write_png(path, picture);
  auto const back = photo::read_image(path);
  EXPECT_EQ(back.width, 5);
  EXPECT_EQ(back.height, 3);
  EXPECT_EQ(back.rgb, picture.rgb);
}

TEST(output_files, all_or_nothing) {
  auto const directory = fresh_directory() / "made" / "here";
  photo::image const picture{1, 1, {1, 2, 3}};
  {
    photo::output_files files{directory};
    files.add("a.png", picture);
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  photo::output_files files{directory};
  files.add("a.png", picture);
  files.add("b.png", picture);
  EXPECT_EQ(files.commit().size(), 2u);
  EXPECT_EQ(photo::read_image(directory / "b.png").rgb, picture.rgb);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{directory}, {}), 2);

  for (auto const& wrong : {directory / "a.png", directory / "a.png" / "below"})
    EXPECT_NE(message_of([&] { photo::output_files const none{wrong}; }).find("cannot make the output directory"), std::string::npos);
}

}  // namespace
