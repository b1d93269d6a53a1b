// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// From games to replies: the queue, the evaluator and the forward pass of a network together.
#include "chess/sample_games.hpp"
#include "input/policy_index.hpp"
#include "output/evaluation.hpp"
#include "serve/batch_queue.hpp"
#include "serve/device_evaluator.hpp"
#include "weights/synthetic.hpp"

#include <support/target.hpp>

#include <algorithm>
#include <cmath>
#include <future>

namespace {

namespace xl = crosslane;

// [serve]
/// Evaluates games. Each thread of a program may submit positions to the queue, which forms batches.
std::vector<chessnet::reply> evaluate_all(xl::device d, chessnet::network const& n, std::vector<chessnet::game> const& games) {
  auto const make_pass = [&](xl::stream_ref q, int batch) {
    return chessnet::make_forward(q, n, {.precision = chessnet::precision::float32, .largest_batch = batch});
  };
  chessnet::device_evaluator evaluator{d, make_pass, {.largest_batch = 4}};
  chessnet::batch_queue queue{evaluator, {.batch = 4}};
  std::vector<std::future<chessnet::reply>> pending;
  for (auto const& g : games) pending.push_back(queue.submit(chessnet::request_for(g, n.input)));
  std::vector<chessnet::reply> replies;
  for (auto& p : pending) replies.push_back(p.get());
  return replies;
}
// [serve]

CROSSLANE_TEST(serve, games) {
  using namespace chessnet;
  for (auto const* const kind : {"plain-32x3", "map-64x3"}) {
    auto const n = synthetic_network(kind, 1);
    auto const games = sample_games(6, 1);
    auto const replies = evaluate_all(d, n, games);
    for (std::size_t i = 0; i < games.size(); ++i) {
      auto const request = request_for(games[i], n.input);
      auto const out = reference::evaluate<float>(n, request.planes);
      CROSSLANE_CHECK(std::abs(replies[i].q - out.q) < 1e-5f);
      CROSSLANE_CHECK(std::abs(replies[i].draw - out.draw) < 1e-5f);
      CROSSLANE_CHECK(std::abs(replies[i].moves_left - out.moves_left) < 1e-4f);
      CROSSLANE_CHECK_EQ(replies[i].moves.size(), request.moves.size());
      for (auto const& share : legal_shares(games[i].current(), out.policy, request.planes.transform)) {
        auto const index = policy_index(share.played, request.planes.transform);
        auto const at = std::find(request.moves.begin(), request.moves.end(), index) - request.moves.begin();
        CROSSLANE_CHECK(std::abs(double(replies[i].moves[std::size_t(at)]) - share.probability) < 1e-5);
      }
    }
  }
}

}  // namespace
