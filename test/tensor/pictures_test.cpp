// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The pictures of docs/guide/layouts.md, drawn from the offsets that the layouts return. CROSSLANE_RECORD=1 writes them.
#include <crosslane/tensor.hpp>

#include <support/recorded.hpp>
#include <support/registry.hpp>
#include <support/target.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace xl = crosslane;
namespace axis = xl::axis;
using namespace crosslane_test;

namespace {

constexpr int cell = 30, margin = 12, line = 18;

/// An element: its offset, its text in the picture of memory, and the number of its colour.
struct element {
  int x, y;  // of its cell in the tensor's drawing
  std::int64_t offset;
  std::string name;
  int colour;
};

struct drawing {
  std::string what;                   // "nchw of 3 channels of 2 x 4"
  std::vector<std::string> captions;  // of the grids of the tensor, one beside the other
  int columns, rows;                  // of a grid
  std::vector<element> elements;
  std::int64_t span;
  int per_row = 24;  // elements of memory in a line of the picture
};

std::string number(long long n) { return std::to_string(n); }
char digit(int n) { return char('0' + n); }

std::string box(int x, int y, std::string const& style, std::string const& text) {
  std::string const middle = number(x + cell / 2), baseline = number(y + cell / 2 + 4);
  return "<rect class=\"" + style + "\" x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(cell) + "\" height=\"" +
         number(cell) + "\"/>" + (text.empty() ? "" : "<text x=\"" + middle + "\" y=\"" + baseline + "\">" + text + "</text>") + "\n";
}

std::string label(int x, int y, std::string const& text) {
  return "<text class=\"label\" x=\"" + number(x) + "\" y=\"" + number(y) + "\">" + text + "</text>\n";
}

/// Above, the tensor as it is indexed, with the offset of each element; below, memory from the first element to the last.
std::string svg(drawing const& d) {
  int const grid = d.columns * cell + 2 * margin;
  int const lines = int((d.span + d.per_row - 1) / d.per_row);
  int const memory_y = margin + line + d.rows * cell + margin + line;
  int const width = std::max(int(d.captions.size()) * grid, int(std::min<std::int64_t>(d.span, d.per_row)) * cell + 2 * margin);
  int const height = memory_y + lines * (cell + 4) + margin;
  std::string s = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(width) + "\" height=\"" + number(height) +
                  "\" viewBox=\"0 0 " + number(width) + " " + number(height) + "\">\n<title>" + d.what +
                  "</title>\n"
                  "<style>\n"
                  "text { font: 12px ui-monospace, 'DejaVu Sans Mono', monospace; text-anchor: middle; fill: #1b1f24 }\n"
                  ".label { text-anchor: start; fill: #57606a }\n"
                  "rect { stroke: #57606a }\n"
                  ".gap { fill: none; stroke-dasharray: 3 3 }\n"
                  ".c0 { fill: #9ecbff } .c1 { fill: #ffd08a } .c2 { fill: #a8e6a3 } .c3 { fill: #f3b0c8 }\n"
                  ".c4 { fill: #d2bcf5 } .c5 { fill: #f5ee9e } .c6 { fill: #9fe3e0 } .c7 { fill: #d6d6d6 }\n"
                  "@media (prefers-color-scheme: dark) { .label { fill: #9ea7b3 } rect { stroke: #9ea7b3 } }\n"
                  "</style>\n";
  for (std::size_t g = 0; g < d.captions.size(); ++g) s += label(int(g) * grid + margin, margin + 10, d.captions[g]);
  s += label(margin, memory_y - 6, "memory");
  std::vector<element const*> memory(std::size_t(d.span), nullptr);
  for (element const& e : d.elements) {
    int const g = e.x / d.columns;
    s += box(g * grid + margin + e.x % d.columns * cell, margin + line + e.y * cell, std::string{'c', digit(e.colour)}, number(e.offset));
    memory[std::size_t(e.offset)] = &e;
  }
  for (std::int64_t i = 0; i < d.span; ++i) {
    element const* const e = memory[std::size_t(i)];
    s += box(margin + int(i % d.per_row) * cell, memory_y + int(i / d.per_row) * (cell + 4),
             e == nullptr ? "gap" : std::string{'c', digit(e->colour)}, e == nullptr ? "" : e->name);
  }
  return s + "</svg>\n";
}

void record(char const* name, drawing const& d) { check_recorded(source_path("docs/guide/layouts/") + name + ".svg", svg(d)); }

/// Each of the channels a, b, c ... has a grid and a colour; "b12" is channel b, row 1, column 2.
template <class L>
void images(char const* name, L const& l) {
  auto const e = l.extents();
  drawing d{std::string(name) + " layout", {}, int(e.template extent<axis::w>()), int(e.template extent<axis::h>()), {}, l.span_size()};
  for (int c = 0; c < e.template extent<axis::c>(); ++c) {
    char const letter = char('a' + c);
    d.captions.push_back(std::string("channel ") + letter);
    for (int h = 0; h < d.rows; ++h)
      for (int w = 0; w < d.columns; ++w)
        d.elements.push_back({c * d.columns + w, h, l.offset({{0, c, h, w}}), std::string{letter, digit(h), digit(w)}, c});
  }
  record(name, d);
}

/// Each row has a colour; "12" is row 1, column 2.
template <class L>
void matrix(char const* name, L const& l, int per_row = 24) {
  auto const e = l.extents();
  drawing d{std::string(name) + " layout",
            {"rows x columns"},
            int(e.template extent<axis::col>()),
            int(e.template extent<axis::row>()),
            {},
            l.span_size(),
            per_row};
  for (int r = 0; r < d.rows; ++r)
    for (int c = 0; c < d.columns; ++c) d.elements.push_back({c, r, l.offset({{r, c}}), std::string{digit(r), digit(c)}, r});
  record(name, d);
}

CROSSLANE_TEST_ONCE(layout_pictures, are_those_of_the_guide) {
  xl::image_extents const e{1, 3, 2, 4};
  images("nchw", xl::nchw{e});
  images("nhwc", xl::nhwc{e});
  images("nhcw", xl::nhcw{e});
  images("nchw_c", xl::nchw_c<2>{e});
  images("padded", xl::make_padded<xl::nchw::order>(xl::image_extents{1, 2, 2, 3}, 4));
  matrix("row_major", xl::row_major<>{{4, 6}});
  matrix("column_major", xl::column_major<>{{4, 6}});
  matrix("tiled", xl::tiled<2, 3>{{4, 6}});
  using tile = xl::extents<int, xl::fixed<axis::row, 4>, xl::fixed<axis::col, 8>>;
  matrix("swizzled", xl::swizzled<tile, tile::axes, 16, 32>{}, 8);  // a line is 128 bytes: all banks
}

}  // namespace
