// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "options.hpp"

#include "common/options.hpp"

#include <charconv>
#include <limits>
#include <string_view>

namespace chessnet {
namespace {

double parse_temperature(std::string_view text) {
  double value = 0;
  auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || !(value >= 0.01 && value <= 100))
    throw examples::usage_error{"--temperature needs a number from 0.01 to 100, not '" + std::string{text} + "'"};
  return value;
}

}  // namespace

char const* const usage_text =
    "usage: chessnet [options]\n"
    "\n"
    "Evaluates a chess position with a network of Leela Chess Zero: the best moves, the outcome, the moves left.\n"
    "\n"
    "  --weights FILE       the network: .pb or .pb.gz; without it, pseudo-random numbers that play without sense\n"
    "  --synthetic KIND     the kind of the pseudo-random network (se-64x6); a wrong one lists all\n"
    "  --seed N             the seed of its numbers (1)\n"
    "  --fen FEN            the position, or the one before the moves (the starting position)\n"
    "  --moves 'M M ...'    moves to play first, such as 'e2e4 e7e5'; networks also see the positions before the last one\n"
    "  --policy-head NAME   the policy of a network with several, --value-head NAME the same for values\n"
    "  --temperature T      divides the policy's logits (1)\n"
    "  --top N              the number of moves to print and to draw (5)\n"
    "  --picture FILE       writes the board with arrows as SVG\n"
    "  --json               prints JSON with all moves\n"
    "  --help               this text\n";

options parse_options(int count, char const* const* arguments) {
  options result;
  for (int i = 1; i < count; ++i) {
    std::string_view const argument = arguments[i];
    auto const value = [&] {
      if (i + 1 == count) throw examples::usage_error{std::string{argument} + " needs a value; see --help"};
      return std::string{arguments[++i]};
    };
    if (argument == "--help" || argument == "-h")
      result.help = true;
    else if (argument == "--weights")
      result.weights = value();
    else if (argument == "--synthetic")
      result.synthetic = value();
    else if (argument == "--seed")
      result.seed = examples::parse_count(value(), "--seed", 0, std::numeric_limits<std::size_t>::max());
    else if (argument == "--fen")
      result.fen = value();
    else if (argument == "--moves")
      result.moves = value();
    else if (argument == "--policy-head")
      result.policy_head = value();
    else if (argument == "--value-head")
      result.value_head = value();
    else if (argument == "--temperature")
      result.temperature = parse_temperature(value());
    else if (argument == "--top")
      result.top = examples::parse_count(value(), "--top", 0, 1000);
    else if (argument == "--picture")
      result.picture = value();
    else if (argument == "--json")
      result.json = true;
    else
      throw examples::usage_error{"unknown option '" + std::string{argument} + "'; see --help"};
  }
  return result;
}

}  // namespace chessnet
