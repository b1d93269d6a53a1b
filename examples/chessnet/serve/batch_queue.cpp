// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "batch_queue.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>

namespace chessnet {
namespace {

batch_queue::options checked(evaluator const& e, batch_queue::options const& o) {
  if (o.batch < 1 || o.batch > e.largest_batch())
    throw std::invalid_argument{"a queue with batches of " + std::to_string(o.batch) + " positions: the evaluator takes 1 to " +
                                std::to_string(e.largest_batch())};
  if (o.latency.count() < 0)
    throw std::invalid_argument{"a queue with a latency of " + std::to_string(o.latency.count()) +
                                " microseconds: it must not be negative"};
  return o;
}

}  // namespace

batch_queue::batch_queue(evaluator& e, options const& o) : evaluator_{e}, options_{checked(e, o)}, replies_(std::size_t(options_.batch)) {
  requests_.reserve(replies_.size());
  answers_.reserve(replies_.size());
  thread_ = std::thread{[this] { run(); }};
}

batch_queue::~batch_queue() {
  {
    std::lock_guard const lock{mutex_};
    ends_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::future<reply> batch_queue::submit(request r) {
  require_valid(r);
  std::promise<reply> answer;
  auto result = answer.get_future();
  bool wake = false;
  {
    std::lock_guard const lock{mutex_};
    waiting_.push_back({std::move(r), std::move(answer), clock::now()});
    // The thread waits for a first position, or for a full batch until a time that it knows.
    wake = waiting_.size() == 1 || waiting_.size() == std::size_t(options_.batch);
  }
  if (wake) changed_.notify_one();
  return result;
}

bool batch_queue::take() {
  requests_.clear();
  answers_.clear();
  auto const full = replies_.size();
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return ends_ || !waiting_.empty(); });
  if (waiting_.empty()) return false;
  changed_.wait_until(lock, waiting_.front().since + options_.latency, [&] { return ends_ || waiting_.size() >= full; });
  for (auto n = std::min(full, waiting_.size()); n > 0; --n) {
    requests_.push_back(std::move(waiting_.front().position));
    answers_.push_back(std::move(waiting_.front().answer));
    waiting_.pop_front();
  }
  return true;
}

void batch_queue::run() {
  while (take()) {
    try {
      evaluator_.evaluate(requests_, std::span{replies_}.first(requests_.size()));
    } catch (...) {
      for (auto& a : answers_) a.set_exception(std::current_exception());
      continue;
    }
    for (std::size_t i = 0; i < answers_.size(); ++i) answers_[i].set_value(std::move(replies_[i]));
  }
}

}  // namespace chessnet
