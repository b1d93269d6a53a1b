// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A target for libFuzzer: reads any text as a FEN and moves, one of each a line, and encodes what comes out.
///
///   chessnet_position_fuzz -runs=1000000
#include "input/planes.hpp"
#include "input/policy_index.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void run(std::string_view text) {
  using namespace chessnet;
  auto const end = std::min(text.find('\n'), text.size());
  try {
    auto const start = parse_fen(text.substr(0, end));
    require(parse_fen(to_fen(start)).repeats(start));
    game g{start};
    // The bytes behind the first line choose legal moves, or are moves as text if the line is empty.
    auto rest = text.substr(std::min(end + 1, text.size()));
    if (rest.starts_with('\n'))
      g.play(rest.substr(1));
    else
      for (char const choice : rest.substr(0, 60)) {
        auto const moves = legal_moves(g.current());
        if (moves.empty()) break;
        auto const m = moves[static_cast<unsigned char>(choice) % moves.size()];
        require(parse_move(g.current(), to_uci(g.current(), m)) == m);
        g.play(m);
      }
    for (unsigned const format : {1u, 2u, 3u, 4u, 132u, 5u, 133u}) {
      auto const planes = encode(g, input_format(format));
      for (auto const m : legal_moves(g.current())) require(policy_index(m, planes.transform) < policy_size);
    }
  } catch (chess_error const& error) {
    std::string_view const what = error.what();
    require(!what.empty() && what.size() < 400 && what.find('\n') == what.npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  run({reinterpret_cast<char const*>(data), size});
  return 0;
}
