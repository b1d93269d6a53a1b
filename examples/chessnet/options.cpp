// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "options.hpp"

#include "common/options.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

namespace chessnet {
namespace {

constexpr std::string_view mode_names[] = {"evaluate", "check", "bench"};
constexpr std::size_t most_batch = 65536;

double parse_temperature(std::string_view text) {
  double value = 0;
  auto const [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || !(value >= 0.01 && value <= 100))
    throw examples::usage_error{"--temperature needs a number from 0.01 to 100, not '" + std::string{text} + "'"};
  return value;
}

std::string parse_precision(std::string text) {
  constexpr std::string_view names[] = {"float", "half", "bfloat16", "reference"};
  if (std::find(std::begin(names), std::end(names), text) == std::end(names))
    throw examples::usage_error{"--precision needs float, half, bfloat16 or reference, not '" + text + "'"};
  return text;
}

/// Reads numbers separated by commas.
std::vector<int> parse_sizes(std::string_view text) {
  std::vector<int> sizes;
  for (;;) {
    auto const comma = text.find(',');
    sizes.push_back(int(examples::parse_count(text.substr(0, comma), "--sizes", 1, most_batch)));
    if (comma == text.npos) return sizes;
    text.remove_prefix(comma + 1);
  }
}

int parse_int(std::string const& text, std::string const& what, std::size_t least, std::size_t most) {
  return int(examples::parse_count(text, what, least, most));
}

/// An option with a value.
struct option {
  std::string_view name;
  std::optional<program_mode> mode;  // the only one that has it
  void (*set)(options&, std::string const& value);
};

constexpr auto all_modes = std::nullopt;
constexpr auto evaluate = program_mode::evaluate, check = program_mode::check, bench = program_mode::bench;

constexpr option known[] = {
    {"--weights", all_modes, [](options& o, std::string const& v) { o.weights = v; }},
    {"--synthetic", all_modes, [](options& o, std::string const& v) { o.synthetic = v; }},
    {"--seed", all_modes,
     [](options& o, std::string const& v) { o.seed = examples::parse_count(v, "--seed", 0, std::numeric_limits<std::size_t>::max()); }},
    {"--policy-head", all_modes, [](options& o, std::string const& v) { o.policy_head = v; }},
    {"--value-head", all_modes, [](options& o, std::string const& v) { o.value_head = v; }},
    {"--device", all_modes, [](options& o, std::string const& v) { o.device = parse_int(v, "--device", 0, 1000); }},
    {"--precision", all_modes, [](options& o, std::string const& v) { o.precision = parse_precision(v); }},
    {"--fen", evaluate, [](options& o, std::string const& v) { o.fen = v; }},
    {"--moves", evaluate, [](options& o, std::string const& v) { o.moves = v; }},
    {"--temperature", evaluate, [](options& o, std::string const& v) { o.temperature = parse_temperature(v); }},
    {"--top", evaluate, [](options& o, std::string const& v) { o.top = examples::parse_count(v, "--top", 0, 1000); }},
    {"--picture", evaluate, [](options& o, std::string const& v) { o.picture = v; }},
    {"--positions", check, [](options& o, std::string const& v) { o.positions = examples::parse_count(v, "--positions", 1, most_batch); }},
    {"--save", check, [](options& o, std::string const& v) { o.save = v; }},
    {"--against", check, [](options& o, std::string const& v) { o.against = v; }},
    {"--sizes", bench, [](options& o, std::string const& v) { o.sizes = parse_sizes(v); }},
    {"--batches", bench, [](options& o, std::string const& v) { o.batches = parse_int(v, "--batches", 1, 1000000); }},
    {"--in-flight", bench, [](options& o, std::string const& v) { o.in_flight = parse_int(v, "--in-flight", 1, 64); }},
    {"--threads", bench, [](options& o, std::string const& v) { o.threads = parse_int(v, "--threads", 1, 256); }},
};

}  // namespace

char const* const usage_text =
    "usage: chessnet [evaluate] [options]    the best moves of a chess position, the outcome, the moves left\n"
    "       chessnet check [options]         how much the device differs from the reference, or from a recording\n"
    "       chessnet bench [options]         evaluations a second by the size of the batch\n"
    "\n"
    "Evaluates chess positions with a network of Leela Chess Zero.\n"
    "\n"
    "  --weights FILE       the network: .pb or .pb.gz; without it, pseudo-random numbers that play without sense\n"
    "  --synthetic KIND     the kind of the pseudo-random network (se-64x6); a wrong one lists all\n"
    "  --seed N             the seed of its numbers, and of the positions of check and bench (1)\n"
    "  --policy-head NAME   the policy of a network with several, --value-head NAME the same for values\n"
    "  --device N           the device (0); on the CPU, device 0 has waves of 32 lanes and device 1 of 64\n"
    "  --precision P        float, half or bfloat16 (half on a GPU, float on the CPU), or reference: plain loops without a device\n"
    "  --json               prints JSON\n"
    "  --help               this text\n"
    "\n"
    "evaluate:\n"
    "  --fen FEN            the position, or the one before the moves (the starting position)\n"
    "  --moves 'M M ...'    moves to play first, such as 'e2e4 e7e5'; networks also see the positions before the last one\n"
    "  --temperature T      divides the policy's logits (1)\n"
    "  --top N              the number of moves to print and to draw (5)\n"
    "  --picture FILE       writes the board with arrows: .svg, or .png\n"
    "\n"
    "check: exit code 1 if a difference is above its tolerance\n"
    "  --positions N        positions of pseudo-random games (8)\n"
    "  --save FILE          writes what the device computes\n"
    "  --against FILE       compares with such a file, of another device or machine, instead of the reference\n"
    "\n"
    "bench: with encoding and both copies\n"
    "  --sizes N,N,...      sizes of batches (1 to 512 on a GPU, 1 to 8 on the CPU)\n"
    "  --batches N          batches of each size (50)\n"
    "  --in-flight N        batches that are computed or copied at a time, in the second measurement (3)\n"
    "  --threads N          threads that encode positions (those of the machine, at most 8)\n";

options parse_options(int count, char const* const* arguments) {
  options result;
  int first = 1;
  if (count > 1) {
    auto const mode = std::find(std::begin(mode_names), std::end(mode_names), arguments[1]);
    if (mode != std::end(mode_names)) {
      result.mode = program_mode(mode - std::begin(mode_names));
      first = 2;
    }
  }
  for (int i = first; i < count; ++i) {
    std::string_view const argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      result.help = true;
      continue;
    }
    if (argument == "--json") {
      result.json = true;
      continue;
    }
    auto const found = std::find_if(std::begin(known), std::end(known), [&](auto const& o) { return o.name == argument; });
    if (found == std::end(known)) throw examples::usage_error{"unknown option '" + std::string{argument} + "'; see --help"};
    if (found->mode && *found->mode != result.mode)
      throw examples::usage_error{std::string{argument} + " is an option of '" + std::string{mode_names[std::size_t(*found->mode)]} +
                                  "', not of '" + std::string{mode_names[std::size_t(result.mode)]} + "'"};
    if (i + 1 == count) throw examples::usage_error{std::string{argument} + " needs a value; see --help"};
    found->set(result, arguments[++i]);
  }
  if (result.precision == "reference" && result.mode != program_mode::evaluate)
    throw examples::usage_error{"--precision reference is for 'evaluate', not for '" + std::string{mode_names[std::size_t(result.mode)]} +
                                "'"};
  return result;
}

}  // namespace chessnet
