// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Evaluations a second, with the encoding of positions and both copies.
#pragma once

#include "bench/encoder_team.hpp"
#include "bench/measurement.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <utility>

namespace chessnet {

struct measure_options {
  std::vector<int> sizes;                             // of batches
  int batches = 50;                                   // measured of each size, in each way
  int threads = 1;                                    // that encode
  std::function<void(std::string const&)> show = {};  // is called before each step
};

/// Measures batches of each size: one at a time, then with as many in flight as the evaluator takes. Positions come from the games in turn.
/// Their legal moves are found before, as a search knows them. Warm-up and the making of graphs are not counted. The evaluator has the
/// members of device_evaluator.
template <class Evaluator>
[[nodiscard]] std::vector<measurement> measure(Evaluator& e, std::span<game const> games, input_format format, measure_options const& o) {
  using clock = std::chrono::steady_clock;
  auto const seconds = [](clock::duration d) { return std::chrono::duration<double>(d).count(); };
  std::vector<request> of_games;
  for (auto const& g : games) of_games.push_back(request_for(g, format));

  std::vector<measurement> result;
  encoder_team team{o.threads, format};
  for (int const size : o.sizes) {
    auto const batch = std::size_t(size);
    std::vector<request> requests(batch);
    std::vector<reply> replies(batch);
    std::size_t next = 0;  // game
    auto const encode_next = [&] {
      for (std::size_t i = 0; i < batch; ++i) requests[i].moves = of_games[(next + i) % games.size()].moves;
      team.encode(games, next, requests);
      next = (next + batch) % games.size();
    };
    measurement m{size, {}, 0};

    if (o.show) o.show("batches of " + std::to_string(size) + ", one at a time");
    for (int i = -2; i < o.batches; ++i) {
      auto const begin = clock::now();
      encode_next();
      e.evaluate(requests, replies);
      if (i >= 0) m.alone.push_back(seconds(clock::now() - begin));
    }

    int const most = e.most_in_flight();
    if (o.show) o.show("batches of " + std::to_string(size) + ", " + std::to_string(most) + " in flight");
    std::deque<decltype(e.submit(requests))> tickets;
    auto const run = [&](int batches) {
      auto const begin = clock::now();
      for (int i = 0; i < batches; ++i) {
        encode_next();
        if (int(tickets.size()) == most) e.wait(tickets.front(), replies), tickets.pop_front();
        tickets.push_back(e.submit(requests));
      }
      for (; !tickets.empty(); tickets.pop_front()) e.wait(tickets.front(), replies);
      return seconds(clock::now() - begin);
    };
    (void)run(2 * most);
    m.in_flight = run(o.batches) / o.batches;
    result.push_back(std::move(m));
  }
  return result;
}

}  // namespace chessnet
