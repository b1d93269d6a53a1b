// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "contact_sheet.hpp"

#include <algorithm>
#include <cstdint>

namespace photo {
namespace {

constexpr int longest_side = 640;
constexpr int gap = 8;

/// Returns the pixels [first, last) of the source that make up pixel `i` of `out`. `in` is the length of the source. The range is never
/// empty.
struct range {
  int first;
  int last;
};
range source_of(int i, int in, int out) {
  auto const at = [&](int k) { return int(std::int64_t(k) * in / out); };
  return {at(i), std::max(at(i) + 1, at(i + 1))};
}

/// Draws the picture with its corner at (left, top). Shrinks it to width x height by averaging.
void draw(image& sheet, image const& picture, int left, int top, int width, int height) {
  auto const from = picture.view();
  auto const to = sheet.view();
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      auto const rows = source_of(y, picture.height, height);
      auto const columns = source_of(x, picture.width, width);
      std::uint64_t sum[3] = {};
      for (int sy = rows.first; sy < rows.last; ++sy)
        for (int sx = columns.first; sx < columns.last; ++sx)
          for (int c = 0; c < 3; ++c) sum[c] += from(c, sy, sx);
      auto const count = std::uint64_t(rows.last - rows.first) * std::uint64_t(columns.last - columns.first);
      for (int c = 0; c < 3; ++c) to(c, top + y, left + x) = static_cast<unsigned char>((sum[c] + count / 2) / count);
    }
}

}  // namespace

image contact_sheet(std::array<image const*, 4> const& pictures) {
  int const longest = std::max(pictures[0]->width, pictures[0]->height);
  auto const shrunk = [&](int side) {
    return longest <= longest_side ? side : std::max(1, int(std::int64_t(side) * longest_side / longest));
  };
  int const width = shrunk(pictures[0]->width);
  int const height = shrunk(pictures[0]->height);
  image sheet{2 * width + gap, 2 * height + gap, {}};
  sheet.rgb.assign(3 * sheet.pixels(), 255);
  for (int i = 0; i < 4; ++i) draw(sheet, *pictures[std::size_t(i)], i % 2 * (width + gap), i / 2 * (height + gap), width, height);
  return sheet;
}

}  // namespace photo
