// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "evaluation.hpp"

#include "input/policy_index.hpp"
#include "number.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <tuple>

namespace chessnet {
namespace {

std::string percent(double share, std::size_t width) {
  auto const text = to_decimal(100 * share, 2);
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text + " %";
}

/// Returns why there is no move.
char const* end_of_game(position const& p) { return in_check(p) ? "checkmate" : "stalemate"; }

}  // namespace

std::vector<move_share> legal_shares(position const& p, std::span<float const> policy, transform t, double temperature) {
  if (policy.size() != policy_size)
    throw std::invalid_argument{"a policy has " + std::to_string(policy_size) + " logits, not " + std::to_string(policy.size())};
  if (!(temperature > 0)) throw std::invalid_argument{"the temperature must be positive, not " + std::to_string(temperature)};
  std::vector<move_share> shares;
  for (auto const m : legal_moves(p)) shares.push_back({m, policy[policy_index(m, t)], 0});
  std::sort(shares.begin(), shares.end(), [](move_share const& a, move_share const& b) {
    auto const rank = [](move_share const& s) { return std::tuple{-s.logit, s.played.from, s.played.to, s.played.promotion}; };
    return rank(a) < rank(b);
  });
  double sum = 0;
  for (auto& s : shares) sum += s.probability = std::exp((double(s.logit) - double(shares[0].logit)) / temperature);
  for (auto& s : shares) s.probability /= sum;
  return shares;
}

evaluation interpret(position const& p, transform t, network_outputs<float> const& out, bool has_draw, bool has_moves_left,
                     double temperature) {
  evaluation e{p, legal_shares(p, out.policy, t, temperature), double(out.q), {}, {}};
  if (has_draw) e.draw = double(out.draw);
  if (has_moves_left) e.moves_left = double(out.moves_left);
  return e;
}

std::string to_text(evaluation const& e, std::size_t most) {
  auto text = to_fen(e.at) + '\n' + (e.at.black_to_move ? "Black" : "White") + " to move: ";
  if (e.moves.empty()) return text + end_of_game(e.at) + '\n';
  text += "win" + percent(e.win(), 7);
  if (e.draw) text += ", draw" + percent(*e.draw, 7);
  text += ", loss" + percent(e.loss(), 7);
  if (e.moves_left) text += ", moves left " + to_decimal(*e.moves_left, 0);
  text += '\n';
  constexpr double widest = 50;
  std::size_t const shown = std::min(most, e.moves.size());
  for (std::size_t i = 0; i < shown; ++i) {
    auto const& m = e.moves[i];
    auto uci = to_uci(e.at, m.played);
    uci.resize(6, ' ');
    auto const bar = std::size_t(std::lround(widest * m.probability));
    text += "  " + uci + percent(m.probability, 6) + (bar > 0 ? "  " : "") + std::string(bar, '#') + '\n';
  }
  if (shown < e.moves.size()) {
    double rest = 0;
    for (auto i = shown; i < e.moves.size(); ++i) rest += e.moves[i].probability;
    text += "  other " + percent(rest, 6) + ", " + std::to_string(e.moves.size() - shown) + " moves\n";
  }
  return text;
}

std::string to_json(evaluation const& e) {
  std::string text = "{\"fen\": \"" + to_fen(e.at) + "\", \"side_to_move\": \"" + (e.at.black_to_move ? "black" : "white") + '"';
  if (e.moves.empty()) text += std::string{", \"end\": \""} + end_of_game(e.at) + '"';
  text += ", \"q\": " + to_decimal(e.q, 6);
  if (e.draw)
    text += ", \"win\": " + to_decimal(e.win(), 6) + ", \"draw\": " + to_decimal(*e.draw, 6) + ", \"loss\": " + to_decimal(e.loss(), 6);
  if (e.moves_left) text += ", \"moves_left\": " + to_decimal(*e.moves_left, 2);
  text += ", \"moves\": [";
  for (std::size_t i = 0; i < e.moves.size(); ++i) {
    auto const& m = e.moves[i];
    text += (i > 0 ? ", " : "") + std::string{"{\"move\": \""} + to_uci(e.at, m.played) +
            "\", \"probability\": " + to_decimal(m.probability, 6) + ", \"logit\": " + to_decimal(double(m.logit), 5) + '}';
  }
  return text + "]}";
}

}  // namespace chessnet
