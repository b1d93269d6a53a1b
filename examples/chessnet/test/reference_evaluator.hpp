// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// An evaluator without a device: the reference, one position after another.
#pragma once

#include "output/outputs.hpp"
#include "reference.hpp"
#include "serve/evaluator.hpp"

#include <algorithm>
#include <cmath>

namespace chessnet_test {

class reference_evaluator final : public chessnet::evaluator {
 public:
  explicit reference_evaluator(chessnet::network n) : network_{std::move(n)} {}

  [[nodiscard]] int largest_batch() const override { return 256; }
  void evaluate(std::span<chessnet::request const> requests, std::span<chessnet::reply> replies) override {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      auto const out = chessnet::reference::evaluate<float>(network_, requests[i].planes);
      auto& r = replies[i];
      r = {out.q, out.draw, out.moves_left, {}};
      float highest = -INFINITY, sum = 0;
      for (auto const m : requests[i].moves) highest = std::max(highest, out.policy[m]);
      for (auto const m : requests[i].moves) sum += r.moves.emplace_back(std::exp(out.policy[m] - highest));
      for (auto& p : r.moves) p /= sum;
    }
  }

 private:
  chessnet::network network_;
};

}  // namespace chessnet_test
