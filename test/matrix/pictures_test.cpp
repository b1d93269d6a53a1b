// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The pictures and the table of docs/guide/matrices.md, made from the types. CROSSLANE_RECORD=1 writes the pictures and the file that
/// test/tables.py makes the table of.
#include <crosslane/matrix.hpp>

#include <support/recorded.hpp>
#include <support/registry.hpp>
#include <support/target.hpp>

#include <cstdint>
#include <string>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using use = xl::matrix_use;
namespace target = xl::matrix_target;

// --- pictures ---

constexpr int cell_width = 30, cell_height = 27, margin = 12, label_space = 20, title_space = 24, gap = 26;

std::string number(unsigned n) { return std::to_string(n); }
std::string number(int n) { return std::to_string(n); }

/// Neighbours of the rank have other hues. Each further 16 lanes are darker.
std::string colour(unsigned lane) {
  static constexpr unsigned hues[16][3] = {{0x9e, 0xcb, 0xff}, {0xff, 0xd0, 0x8a}, {0xa8, 0xe6, 0xa3}, {0xf3, 0xb0, 0xc8},
                                           {0xd2, 0xbc, 0xf5}, {0xf5, 0xee, 0x9e}, {0x9f, 0xe3, 0xe0}, {0xe3, 0xc4, 0xa8},
                                           {0xb4, 0xd4, 0xee}, {0xff, 0xbf, 0xa0}, {0xc9, 0xea, 0x98}, {0xee, 0xbc, 0xe6},
                                           {0xc2, 0xc6, 0xf8}, {0xee, 0xdc, 0x82}, {0xa2, 0xe6, 0xc8}, {0xd6, 0xd6, 0xd6}};
  std::string result = "#";
  for (unsigned const part : hues[lane % 16])
    for (unsigned const shift : {4u, 0u}) result += "0123456789abcdef"[part * (40 - lane / 16 * 3) / 40 >> shift & 15];
  return result;
}

std::string text(char const* style, int x, int y, std::string const& what) {
  return std::string("<text class=\"") + style + "\" x=\"" + number(x) + "\" y=\"" + number(y) + "\">" + what + "</text>\n";
}

/// Draws elements of a lane that are adjacent: the lane, and the elements' numbers.
std::string box(int x, int y, int width, int height, unsigned lane, unsigned first, unsigned last) {
  int const middle = x + width / 2, centre = y + height / 2;
  return "<rect fill=\"" + colour(lane) + "\" x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(width) + "\" height=\"" +
         number(height) + "\"/>" + text("lane", middle, centre, number(lane)) +
         text("element", middle, centre + 10, number(first) + (last > first ? "–" + number(last) : ""));
}

/// Draws a matrix with its name above.
template <use U, class Shape, class Target>
std::string matrix(char const* name, int left, int top) {
  using L = xl::fragment_layout<U, Shape, Target>;
  constexpr unsigned neighbours = L::map.neighbours, high = L::map.along_columns ? 1 : neighbours, wide = neighbours / high;
  std::string s = text("title", left, top - label_space - 8, name);
  for (unsigned col = 0; col < L::cols; ++col) s += text("axis", left + int(col) * cell_width + cell_width / 2, top - 6, number(col));
  for (unsigned row = 0; row < L::rows; ++row)
    s += text("axis", left - 10, top + int(row) * cell_height + cell_height / 2 + 4, number(row));
  for (unsigned row = 0; row < L::rows; row += high)
    for (unsigned col = 0; col < L::cols; col += wide) {
      auto const at = L::place({row, col});
      s += box(left + int(col) * cell_width, top + int(row) * cell_height, int(wide) * cell_width, int(high) * cell_height, at.lane,
               at.element, at.element + neighbours - 1);
    }
  return s;
}

/// The matrices of a product: b above the accumulator, a beside it.
template <class Target>
std::string svg(char const* name) {
  using shape = xl::native_shape<xl::half, Target>;
  using a = xl::fragment_layout<use::a, shape, Target>;
  using b = xl::fragment_layout<use::b, shape, Target>;
  using c = xl::fragment_layout<use::accumulator, shape, Target>;
  static_assert(a::copies == b::copies && c::copies == 1);
  int const space = label_space + title_space, a_left = margin + label_space, b_top = margin + space;
  int const c_left = a_left + int(a::cols) * cell_width + gap + label_space, c_top = b_top + int(b::rows) * cell_height + gap + space;
  int const width = c_left + int(c::cols) * cell_width + margin, height = c_top + int(c::rows) * cell_height + margin;
  std::string s = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(width) + "\" height=\"" + number(height) +
                  "\" viewBox=\"0 0 " + number(width) + " " + number(height) + "\">\n<title>fragments of half on " + name +
                  "</title>\n"
                  "<style>\n"
                  "text { font: 13px ui-monospace, 'DejaVu Sans Mono', monospace; fill: #57606a }\n"
                  ".lane { font-weight: bold; text-anchor: middle; fill: #1b1f24 }\n"
                  ".element { font-size: 9px; text-anchor: middle; fill: #1b1f24 }\n"
                  ".axis { font-size: 10px; text-anchor: middle }\n"
                  ".title { font-weight: bold }\n"
                  "rect { stroke: #57606a }\n"
                  "@media (prefers-color-scheme: dark) { .axis, .title, .note { fill: #9ea7b3 } rect { stroke: #9ea7b3 } }\n"
                  "</style>\n";
  int y = b_top - label_space - 8;
  s += text("title", a_left, y,
            std::string(name) + ": " + number(shape::m) + " x " + number(shape::n) + " x " + number(shape::k) + ", half, sums in float");
  s += box(a_left, y += 20, 2 * cell_width, cell_height, 5, 0, a::map.neighbours - 1);
  s += text("note", a_left + 2 * cell_width + 10, y + 18, "elements 0 to " + number(a::map.neighbours - 1) + " of lane 5");
  s += text("note", a_left, y += 54,
            "a lane has " + number(a::size) + " elements of a, " + number(b::size) + " of b, " + number(c::size) + " of the accumulator");
  if constexpr (a::copies > 1) {
    constexpr unsigned lanes = a::wave_size / a::copies;
    s += text("note", a_left, y += 22,
              "lanes " + number(lanes) + " to " + number(a::wave_size - 1) + " have the same a and b as lanes 0 to " + number(lanes - 1));
  }
  return s + matrix<use::a, shape, Target>("a", a_left, c_top) + matrix<use::b, shape, Target>("b", c_left, b_top) +
         matrix<use::accumulator, shape, Target>("accumulator", c_left, c_top) + "</svg>\n";
}

/// Draws one picture for targets with the same maps.
template <class First, class... Others>
void record(char const* file, char const* name) {
  std::string const picture = svg<First>(name);
  CROSSLANE_CHECK(((svg<Others>(name) == picture) && ... && true));
  check_recorded(source_path("docs/guide/matrices/") + file + ".svg", picture);
}

// --- the table ---

template <class T>
constexpr char const* name_of = nullptr;
template <>
constexpr char const* name_of<xl::half> = "half";
template <>
constexpr char const* name_of<xl::bfloat16> = "bfloat16";
template <>
constexpr char const* name_of<xl::tf32> = "tf32";
template <>
constexpr char const* name_of<float> = "float";
template <>
constexpr char const* name_of<double> = "double";
template <>
constexpr char const* name_of<std::int8_t> = "int8";
template <>
constexpr char const* name_of<std::int32_t> = "int32";
template <>
constexpr char const* name_of<xl::fp8_e4m3> = "fp8_e4m3";
template <>
constexpr char const* name_of<xl::fp8_e5m2> = "fp8_e5m2";
template <>
constexpr char const* name_of<xl::fp8_e4m3_fnuz> = "fp8_e4m3_fnuz";
template <>
constexpr char const* name_of<xl::fp8_e5m2_fnuz> = "fp8_e5m2_fnuz";

/// Returns a line for each shape: target, sizes, types of a, b and the accumulator, between tabulators.
template <class... Shapes>
std::string lines(char const* target, xl::matrix_shapes<Shapes...>) {
  auto const line = [&]<class S>(S) {
    return std::string(target) + '\t' + number(S::m) + " x " + number(S::n) + " x " + number(S::k) + '\t' +
           name_of<typename S::template element<use::a>> + '\t' + name_of<typename S::template element<use::b>> + '\t' +
           name_of<typename S::template element<use::accumulator>> + '\n';
  };
  return (line(Shapes{}) + ...);
}

// --- the elements of lane 5 that the page names ---

template <class Target>
constexpr bool has_in_lane_5(unsigned element, unsigned row, unsigned col) {
  return xl::fragment_layout<use::accumulator, xl::native_shape<xl::half, Target>, Target>::position(5, element) ==
         xl::matrix_position{row, col};
}
static_assert(has_in_lane_5<target::sm_80>(0, 1, 2) && has_in_lane_5<target::sm_80>(1, 1, 3) && has_in_lane_5<target::sm_80>(2, 9, 2) &&
              has_in_lane_5<target::sm_80>(3, 9, 3));
static_assert(has_in_lane_5<target::gfx90a>(0, 0, 5) && has_in_lane_5<target::gfx90a>(3, 3, 5));
static_assert(has_in_lane_5<target::gfx11>(1, 2, 5) && has_in_lane_5<target::gfx11>(7, 14, 5));
static_assert(has_in_lane_5<target::gfx12>(1, 1, 5) && has_in_lane_5<target::gfx12>(7, 7, 5));

// --- the costs of conversions that the page states: shuffles of a lane, for half ---

/// Returns how many shuffles make an operand of accumulators that lie side by side, 0 if each lane has its elements already.
template <class Target, use U>
constexpr int shuffles() {
  using shape = xl::native_shape<xl::half, Target>;
  using to = xl::fragment<U, shape, Target>;
  using move = xl::detail::fragment_move<to, xl::fragment<use::accumulator, shape, Target, xl::half>, to::cols / shape::n, 0>;
  constexpr auto plan = move::make_plan();
  int count = 0;
  for (auto const& sources : plan.used)
    for (bool const used : sources) count += used;
  return plan.in_lane ? 0 : count;
}
static_assert(shuffles<target::portable<32>, use::a>() == 16 && shuffles<target::portable<32>, use::b>() == 16);
static_assert(shuffles<target::portable<64>, use::a>() == 8 && shuffles<target::portable<64>, use::b>() == 4);
static_assert(shuffles<target::sm_80, use::a>() == 0 && shuffles<target::sm_80, use::b>() == 8);
static_assert(shuffles<target::gfx90a, use::a>() == 16 && shuffles<target::gfx90a, use::b>() == 0);
static_assert(shuffles<target::gfx11, use::a>() == 128 && shuffles<target::gfx11, use::b>() == 16);
static_assert(shuffles<target::gfx12, use::a>() == 64 && shuffles<target::gfx12, use::b>() == 16);

}  // namespace

CROSSLANE_TEST_ONCE(fragment_pictures, are_those_of_the_guide) {
  record<target::portable<32>>("portable_32", "portable, 32 lanes");
  record<target::portable<64>>("portable_64", "portable, 64 lanes");
  record<target::sm_80, target::sm_89>("sm_80", "sm_80 and later");
  record<target::gfx90a, target::gfx942>("gfx90a", "gfx90a and gfx942");
  record<target::gfx11>("gfx11", "gfx11");
  record<target::gfx12>("gfx12", "gfx12");
}

CROSSLANE_TEST_ONCE(fragment_pictures, shapes_are_those_of_the_guide) {
  static_assert(std::is_same_v<target::portable<32>::shapes, target::portable<64>::shapes>);
  check_recorded(source_path("docs/guide/matrices/shapes.txt"),
                 lines("portable", target::portable<32>::shapes{}) + lines("sm_80", target::sm_80::shapes{}) +
                     lines("sm_89", target::sm_89::shapes{}) + lines("gfx90a", target::gfx90a::shapes{}) +
                     lines("gfx942", target::gfx942::shapes{}) + lines("gfx11", target::gfx11::shapes{}) +
                     lines("gfx12", target::gfx12::shapes{}));
}
