// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a chess program can set.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace chessnet {

struct settings {
  // Of the network. A change loads it anew.
  std::string weights{};              // a file; empty: pseudo-random weights
  std::string synthetic = "se-64x6";  // the kind of these
  std::string precision = "half";     // as name_of(precision)
  int batch = 256;                    // the most positions of a batch
  int latency = 100;                  // how long a position waits for others, in microseconds

  int nodes = 0;           // the most visits of a search with a limit; 0: as `go` says
  int lines = 1;           // the number of moves that are reported
  double temperature = 0;  // 0: the best move is played; else one at random, see search::choose
  int overhead = 30;       // of each move's time, how much passes outside of this program, in milliseconds
  bool chess960 = false;
  bool shows_outcome = false;  // reports have the probabilities of win, draw and loss

  [[nodiscard]] auto network() const { return std::tie(weights, synthetic, precision, batch, latency); }
  void set_network(settings const& o) { std::tie(weights, synthetic, precision, batch, latency) = o.network(); }
};

/// Returns the lines "option name ..." with the values of `s` as the default ones.
[[nodiscard]] std::vector<std::string> option_lines(settings const& s);

/// Sets an option. Names are compared without regard to case. Throws protocol_error if there is no such option or no such value; then
/// nothing is changed.
void set_option(settings& s, std::string_view name, std::string_view value);

}  // namespace chessnet
