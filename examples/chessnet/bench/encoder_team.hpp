// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Encodes positions in several threads.
#pragma once

#include "chess/game.hpp"
#include "input/planes.hpp"
#include "serve/evaluator.hpp"

#include <barrier>
#include <span>
#include <thread>
#include <vector>

namespace chessnet {

/// Threads that wait for work. One thread at a time calls it.
class encoder_team {
 public:
  /// `threads` counts the caller's, so that 1 makes none.
  encoder_team(int threads, input_format format);
  encoder_team(encoder_team const&) = delete;
  encoder_team& operator=(encoder_team const&) = delete;
  ~encoder_team();

  /// Writes the planes of requests[i] from games[(first + i) % games.size()]. The moves stay.
  void encode(std::span<game const> games, std::size_t first, std::span<request> requests);

 private:
  void part(std::size_t rank);

  input_format format_;
  std::span<game const> games_;
  std::size_t first_ = 0;
  std::span<request> requests_;
  bool ends_ = false;
  std::barrier<> begin_, end_;
  std::vector<std::thread> others_;
};

}  // namespace chessnet
