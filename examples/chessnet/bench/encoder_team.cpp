// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "encoder_team.hpp"

namespace chessnet {

encoder_team::encoder_team(int threads, input_format format) : format_{format}, begin_{threads}, end_{threads} {
  for (int i = 1; i < threads; ++i)
    others_.emplace_back([this, rank = std::size_t(i)] {
      for (;;) {
        begin_.arrive_and_wait();
        if (ends_) return;
        part(rank);
        end_.arrive_and_wait();
      }
    });
}

encoder_team::~encoder_team() {
  ends_ = true;
  begin_.arrive_and_wait();
  for (auto& t : others_) t.join();
}

void encoder_team::encode(std::span<game const> games, std::size_t first, std::span<request> requests) {
  games_ = games;
  first_ = first;
  requests_ = requests;
  begin_.arrive_and_wait();
  part(0);
  end_.arrive_and_wait();
}

void encoder_team::part(std::size_t rank) {
  auto const threads = others_.size() + 1, begin = requests_.size() * rank / threads, end = requests_.size() * (rank + 1) / threads;
  for (auto i = begin; i < end; ++i) requests_[i].planes = chessnet::encode(games_[(first_ + i) % games_.size()], format_);
}

}  // namespace chessnet
