// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tree.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace chessnet {
namespace {

constexpr double exploration_base = 19652, exploration_first = 1.25, exploration_scale = 2, urgency_reduction = 0.33;

}  // namespace

std::size_t select(node const& n) {
  double const visits = double(n.visits) + n.in_flight;
  double const exploration =
      exploration_scale * (exploration_first + std::log((1 + visits + exploration_base) / exploration_base)) * std::sqrt(visits);
  double visited = 0;
  for (std::size_t i = 0; i < n.children.size(); ++i)
    if (n.children[i]->visits > 0) visited += double(n.edges[i].prior);
  double const urgency = -n.q() - urgency_reduction * std::sqrt(visited);

  std::size_t best = 0;
  double highest = -1e9;
  auto const consider = [&](std::size_t i, double q, double n_started) {
    double const score = q + exploration * double(n.edges[i].prior) / (1 + n_started);
    if (score > highest) {
      highest = score;
      best = i;
    }
  };
  for (std::size_t i = 0; i < n.children.size(); ++i) {
    auto const& c = *n.children[i];
    consider(i, c.visits > 0 ? c.q() : urgency, double(c.visits) + c.in_flight);
  }
  if (n.children.size() < n.edges.size()) consider(n.children.size(), urgency, 0);
  return best;
}

node& child_at(node& n, std::size_t index) {
  if (index == n.children.size()) {
    n.children.push_back(std::make_unique<node>());
    n.children.back()->parent = &n;
  }
  return *n.children[index];
}

void back_up(node& leaf, double q, double draw) {
  double value = -q;
  for (node* n = &leaf; n != nullptr; n = n->parent, value = -value) {
    --n->in_flight;
    ++n->visits;
    n->value += value;
    n->draws += draw;
  }
}

void give_up(node& leaf) {
  for (node* n = &leaf; n != nullptr; n = n->parent) --n->in_flight;
}

std::vector<std::size_t> best_children(node const& n) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < n.children.size(); ++i)
    if (n.children[i]->visits > 0) result.push_back(i);
  auto const rank = [&](std::size_t i) {
    auto const& c = *n.children[i];
    return std::tuple{c.end != ending::checkmate, -std::int64_t{c.visits}, i};
  };
  std::sort(result.begin(), result.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return result;
}

}  // namespace chessnet
