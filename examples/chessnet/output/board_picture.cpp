// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "board_picture.hpp"

#include "number.hpp"

#include <algorithm>
#include <cmath>

namespace chessnet {
namespace {

// Lengths in units of the picture.
constexpr double square_side = 80, border = 28, bar_width = 22, gap = 14;
constexpr double board_side = 8 * square_side;

/// The pieces, drawn in squares of 100 x 100. Parts of class d are details in a colour that shows on the piece.
struct drawing {
  char const* id;
  char const* shape;
};
constexpr drawing drawings[] = {
    {"pawn",
     "<path d='M50 20a14 14 0 0 1 9 24.7c6 6 8.500 15 10 25.300h5c3 3 4.500 8 4.500 15h-57c0-7 1.500-12 4.500-15h5c1.500-10.300 4-19.300 "
     "10-25.300A14 14 0 0 1 50 20z'/>"},
    {"knight",
     "<path d='M28 85c-1-16 18-25 19-38c-6 6-14 9-19 14c-6 1-11-5-9-12c5-7 9-12 13-20c0-5 0-9 1-14l9 7c22-3 38 15 37 40c-.3 9-1 16-1 23z'/>"
     "<circle class='d' cx='38' cy='34' r='2'/><path class='d' d='M26 50l3-2'/>"},
    {"bishop",
     "<path d='M22 85c0-6 2-10 5-12h9l5-13c-13-10-10-26 9-38c19 12 22 28 9 38l5 13h9c3 2 5 6 5 12z'/><circle cx='50' cy='17' r='5.500'/>"
     "<path class='d' d='M50 33v17M42 41h16M39 61h22'/>"},
    {"rook", "<path d='M24 85V75h6l5-29h-6V22h10v8h6v-8h10v8h6v-8h10v24h-6l5 29h6v10z'/><path class='d' d='M35 46h30M30 75h40'/>"},
    {"queen",
     "<path d='M24 85V75h6L18 35l18 18l2-29l12 25l12-25l2 29l18-18l-12 40h6v10z'/><circle cx='17' cy='32' r='5'/><circle cx='38' cy='21' "
     "r='5'/><circle cx='62' cy='21' r='5'/><circle cx='83' cy='32' r='5'/><path class='d' d='M30 75h40'/>"},
    {"king",
     "<path d='M24 85V75h6C11 58 19 37 35 37c7 0 12 4 15 10c3-6 8-10 15-10c16 0 24 21 5 38h6v10z'/><path d='M50 46c-6-7-6-14 0-19c6 5 6 12 "
     "0 19z'/><path d='M50 11v16M43 17h14'/><path class='d' d='M30 75h40'/>"}};

std::string fixed(double value) { return to_decimal(value, 1); }

std::string escaped(std::string_view text) {
  std::string result;
  for (char const c : text) switch (c) {
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '&': result += "&amp;"; break;
      default: result += c;
    }
  return result;
}

/// Returns an element's attribute with its value.
std::string attribute(char const* name, double value) { return std::string{" "} + name + "='" + fixed(value) + "'"; }

std::string rectangle(double x, double y, double width, double height, char const* fill) {
  return "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) + attribute("height", height) + " fill='" + fill +
         "'/>\n";
}

std::string label(double x, double y, double size, char const* more, std::string const& text) {
  return "<text" + attribute("x", x) + attribute("y", y) + attribute("font-size", size) + more + ">" + text + "</text>\n";
}

struct point {
  double x, y;
};

class painter {
 public:
  painter(evaluation const& e, picture_options const& options)
      : e_{e}, options_{options}, white_{e.at.black_to_move ? e.at.mirrored() : e.at} {}

  std::string paint() {
    double const width = border + board_side + gap + bar_width + gap;
    double const height = gap + board_side + border + (options_.caption.empty() ? 0.0 : 26.0);
    out_ =
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' viewBox='0 0 " + fixed(width) + " " +
        fixed(height) + "'" + attribute("width", width) + attribute("height", height) +
        " font-family='DejaVu Sans, Verdana, sans-serif'>\n<style>.w{fill:#fff;stroke:#222}.b{fill:#444;stroke:#111}.w,.b{stroke-width:3;"
        "stroke-linejoin:round;stroke-linecap:round}.w{color:#222}.b{color:#eee}.d{fill:currentColor;stroke:currentColor}</"
        "style>\n<defs>\n";
    for (auto const& d : drawings) out_ += std::string{"<g id='"} + d.id + "'>" + d.shape + "</g>\n";
    out_ += "</defs>\n" + rectangle(0, 0, width, height, "#fff");
    board();
    pieces();
    arrows();
    outcome();
    if (!options_.caption.empty()) out_ += label(border, gap + board_side + border + 16, 17, " fill='#222'", escaped(options_.caption));
    return out_ + "</svg>\n";
  }

 private:
  /// Returns the upper left corner of a square as White names it.
  point corner(int square) const {
    int const file = options_.black_below ? 7 - file_of(square) : file_of(square);
    int const rank = options_.black_below ? rank_of(square) : 7 - rank_of(square);
    return {border + square_side * file, gap + square_side * rank};
  }
  point centre(int square) const {
    auto const c = corner(square);
    return {c.x + square_side / 2, c.y + square_side / 2};
  }
  int seen_by_white(int square) const { return e_.at.black_to_move ? square ^ 56 : square; }

  void board() {
    for (int s = 0; s < 64; ++s) {
      auto const c = corner(s);
      out_ += rectangle(c.x, c.y, square_side, square_side, (file_of(s) + rank_of(s)) % 2 == 0 ? "#b58863" : "#f0d9b5");
    }
    for (int i = 0; i < 8; ++i) {
      auto const file = centre(square_of(i, 0)), rank = centre(square_of(0, i));
      out_ += label(file.x, gap + board_side + 20, 16, " text-anchor='middle' fill='#555'", std::string(1, char('a' + i)));
      out_ += label(border / 2, rank.y + 6, 16, " text-anchor='middle' fill='#555'", std::string(1, char('1' + i)));
    }
  }

  void pieces() {
    for (std::size_t kind = 0; kind < 6; ++kind)
      for_each_square(white_.pieces[kind], [&](int s) {
        auto const c = corner(s);
        out_ += std::string{"<use xlink:href='#"} + drawings[kind].id + "' class='" + (white_.ours & bit(s) ? 'w' : 'b') +
                "' transform='translate(" + fixed(c.x) + " " + fixed(c.y) + ") scale(" + fixed(square_side / 100) + ")'/>\n";
      });
  }

  /// Draws the least probable arrow first, so that the best lies on top.
  void arrows() {
    auto const count = std::min(options_.arrows, e_.moves.size());
    for (std::size_t i = count; i-- > 0;)
      if (e_.moves[i].probability >= 0.01) arrow(e_.moves[i], i == 0 ? "#15781b" : "#1f4e9c");
    for (std::size_t i = count; i-- > 0;)
      if (e_.moves[i].probability >= 0.01) share(e_.moves[i], i == 0 ? "#15781b" : "#1f4e9c");
  }

  /// Returns where a move begins and ends. A castling king goes to its square, not to the rook's.
  std::pair<point, point> way(move m) const {
    int to = m.to;
    if (e_.at.ours & bit(m.to)) to = m.to > m.from ? 6 : 2;
    return {centre(seen_by_white(m.from)), centre(seen_by_white(to))};
  }

  void arrow(move_share const& m, char const* colour) {
    auto const [from, to] = way(m.played);
    double const length = std::hypot(to.x - from.x, to.y - from.y);
    if (length == 0) return;  // a castling king that stays where it is
    double const dx = (to.x - from.x) / length, dy = (to.y - from.y) / length;
    double const half = 4 + 7 * m.probability, head = 2.2 * half + 8, wide = half + 9;
    double const start = 0.18 * square_side, end = length - 0.08 * square_side, neck = end - head;
    auto const at = [&, origin = from](double along, double aside) {
      return fixed(origin.x + dx * along - dy * aside) + " " + fixed(origin.y + dy * along + dx * aside);
    };
    out_ += "<path d='M" + at(start, half) + "L" + at(neck, half) + "L" + at(neck, wide) + "L" + at(end, 0) + "L" + at(neck, -wide) + "L" +
            at(neck, -half) + "L" + at(start, -half) + "z' fill='" + colour + "' opacity='0.75'/>\n";
  }

  /// Writes the percentage on the arrow.
  void share(move_share const& m, char const* colour) {
    auto const [from, to] = way(m.played);
    point const at{from.x + (to.x - from.x) * 0.55, from.y + (to.y - from.y) * 0.55};
    constexpr double width = 46, height = 21;
    out_ += "<rect" + attribute("x", at.x - width / 2) + attribute("y", at.y - height / 2) + attribute("width", width) +
            attribute("height", height) + " rx='6' fill='#fff' stroke='" + colour + "' stroke-width='1.500'/>\n";
    out_ += label(at.x, at.y + 6, 16, " text-anchor='middle' fill='#111'", std::to_string(std::lround(100 * m.probability)) + "%");
  }

  void outcome() {
    double const x = border + board_side + gap;
    double const win = e_.at.black_to_move ? e_.loss() : e_.win(), draw = e_.draw.value_or(0);  // for White
    double const white = board_side * std::clamp(win, 0.0, 1.0), grey = board_side * std::clamp(draw, 0.0, 1.0);
    double const black = std::max(0.0, board_side - white - grey);
    // White's part is on White's side of the board.
    double const top = options_.black_below ? white : black;
    out_ += rectangle(x, gap, bar_width, top, options_.black_below ? "#fff" : "#444");
    out_ += rectangle(x, gap + top, bar_width, grey, "#aaa");
    out_ += rectangle(x, gap + top + grey, bar_width, board_side - top - grey, options_.black_below ? "#444" : "#fff");
    out_ += "<rect" + attribute("x", x) + attribute("y", gap) + attribute("width", bar_width) + attribute("height", board_side) +
            " fill='none' stroke='#222'/>\n";
  }

  evaluation const& e_;
  picture_options const& options_;
  position white_;
  std::string out_;
};

}  // namespace

std::string board_picture(evaluation const& e, picture_options const& options) { return painter{e, options}.paint(); }

}  // namespace chessnet
