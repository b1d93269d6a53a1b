// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The tree of a search by PUCT: which move a walk from the root follows, and what its result changes.
///
/// The rule is that of AlphaZero (Silver et al., "A general reinforcement learning algorithm that masters chess, shogi, and Go through
/// self-play", Science 362, 2018): a walk follows the move of the largest
///
///   Q + c(N) P sqrt(N) / (1 + n),   c(N) = 2 (1.25 + log((1 + N + 19652) / 19652))
///
/// with the move's mean result Q and visits n, its probability P by the network, and the visits N of the position. AlphaZero's results are
/// from 0 to 1. Here they are from -1 to 1, hence the factor 2. A move without a visit has the position's own mean result, less 0.33
/// times the square root of the probabilities of its visited moves: "first play urgency by reduction", as Leela Chess Zero documents it.
///
/// Walks whose result is not known yet count as visits, but have no result: others spread to other moves.
#pragma once

#include "chess/game.hpp"

#include <memory>
#include <vector>

namespace chessnet {

struct edge {
  move played;
  float prior = 0;  // the network's probability
};

struct node {
  node* parent = nullptr;
  std::vector<edge> edges;  // the legal moves, the most probable first; none until the network has evaluated the position
  std::vector<std::unique_ptr<node>> children;  // of the first edges: moves without a visit differ by their probability only
  double value = 0;                             // the sum of the visits' results, seen by the side that moved here
  double draws = 0;                             // the sum of their probabilities of a draw
  std::uint32_t visits = 0;
  std::uint32_t in_flight = 0;  // walks through this node whose result is not known yet
  ending end = ending::none;

  /// Return the means. There must be a visit.
  [[nodiscard]] double q() const { return value / visits; }
  [[nodiscard]] double draw() const { return draws / visits; }
};

/// Returns the index of the edge that the next walk follows. Edges without a child are followed in their order, so the result is at most
/// the number of children. The node must have edges and a visit.
[[nodiscard]] std::size_t select(node const& n);

/// Returns the child of an edge, which is made if it is the first one without.
[[nodiscard]] node& child_at(node& n, std::size_t index);

/// Ends a walk at a leaf with its result, seen by the side to move there.
void back_up(node& leaf, double q, double draw);

/// Ends a walk at a leaf without a result.
void give_up(node& leaf);

/// Returns the indices of children with a visit, the best move first: a checkmate, then the most visited one.
[[nodiscard]] std::vector<std::size_t> best_children(node const& n);

}  // namespace chessnet
