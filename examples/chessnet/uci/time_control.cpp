// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "time_control.hpp"

#include "words.hpp"

#include <algorithm>

namespace chessnet {

go_command parse_go(std::string_view text) {
  using ms = std::chrono::milliseconds;
  constexpr std::int64_t longest = 1'000'000'000;  // 11 days; clocks may be below 0
  go_command go;
  auto const words = words_of(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto const& word = words[i];
    auto const value = [&](std::int64_t least, std::int64_t most) {
      if (i + 1 == words.size()) throw protocol_error{"go " + std::string{word} + " needs a number"};
      return parse_number(words[++i], "go " + std::string{word}, least, most);
    };
    if (word == "infinite") {
      go.infinite = true;
    } else if (word == "nodes") {
      go.nodes = std::uint64_t(value(1, std::int64_t{1} << 60));
    } else if (word == "movetime") {
      go.movetime = ms{value(0, longest)};
    } else if (word == "wtime" || word == "btime") {
      go.time[word == "btime"] = ms{value(-longest, longest)};
    } else if (word == "winc" || word == "binc") {
      go.increment[word == "binc"] = ms{value(0, longest)};
    } else if (word == "movestogo") {
      go.moves_to_go = int(value(0, 10'000));
    } else if (word == "depth" || word == "mate") {
      go.ignored.push_back(std::string{word});
      (void)value(0, longest);
    } else if (word == "searchmoves") {
      go.ignored.push_back(std::string{word});
      while (i + 1 < words.size() && words[i + 1].size() >= 4 && words[i + 1][1] >= '1' && words[i + 1][1] <= '8') ++i;
    } else if (word == "ponder") {
      throw protocol_error{"go ponder: this program does not ponder"};
    } else {
      throw protocol_error{"go: unknown word '" + std::string{word} + "'"};
    }
  }
  return go;
}

std::optional<std::chrono::milliseconds> thinking_time(go_command const& go, bool black, std::chrono::milliseconds overhead) {
  using ms = std::chrono::milliseconds;
  if (go.movetime) return std::max({*go.movetime - overhead, *go.movetime / 2, ms{1}});
  if (!go.time[black]) return {};
  auto const left = std::max(*go.time[black] - overhead, ms{1});
  auto const share = left / (go.moves_to_go > 0 ? go.moves_to_go : 30) + go.increment[black] * 4 / 5;
  auto const most = go.moves_to_go > 0 ? left * 4 / 5 : left / 2;
  return std::max(std::min(share, most), ms{1});
}

}  // namespace chessnet
