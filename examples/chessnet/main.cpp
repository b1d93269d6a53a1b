// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Evaluates a chess position with a network, and prints or draws the result.
#include "chess/game.hpp"
#include "options.hpp"
#include "output/board_picture.hpp"
#include "output/evaluation.hpp"
#include "output/write_file.hpp"
#include "reference.hpp"
#include "weights/read.hpp"
#include "weights/synthetic.hpp"

#include <cstdio>
#include <exception>
#include <iostream>
#include <new>

namespace chessnet {
namespace {

void run(options const& chosen) {
  game g{parse_fen(chosen.fen)};
  g.play(chosen.moves);
  auto const n = chosen.weights ? read_network(*chosen.weights) : synthetic_network(chosen.synthetic, chosen.seed);
  auto const planes = encode(g, n.input);
  auto const out = reference::evaluate<float>(n, planes, {chosen.policy_head, chosen.value_head});
  auto const e = interpret(g.current(), planes.transform, out, n.value == value_kind::wdl, n.moves_left.has_value(), chosen.temperature);
  auto const name = chosen.weights ? chosen.weights->filename().string() : "pseudo-random " + chosen.synthetic;

  if (chosen.picture)
    write_file(*chosen.picture, board_picture(e, {.arrows = chosen.top, .black_below = g.current().black_to_move, .caption = name}));
  if (chosen.json)
    std::cout << to_json(e) << '\n';
  else
    std::cout << name << ": " << n.describe() << ", " << n.parameters() << " weights\n" << to_text(e, chosen.top);
}

}  // namespace
}  // namespace chessnet

int main(int count, char** arguments) {
  try {
    auto const chosen = chessnet::parse_options(count, arguments);
    if (chosen.help)
      std::cout << chessnet::usage_text;
    else
      chessnet::run(chosen);
    return 0;
  } catch (std::bad_alloc const&) {
    std::fprintf(stderr, "chessnet: out of memory\n");
  } catch (std::exception const& error) {
    std::fprintf(stderr, "chessnet: %s\n", error.what());
  }
  return 1;
}
