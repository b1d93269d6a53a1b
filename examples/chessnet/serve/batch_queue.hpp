// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Forms batches from the positions of many threads.
#pragma once

#include "serve/evaluator.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace chessnet {

/// A thread of its own takes what has been submitted and gives it to the evaluator as one batch: when there are enough positions, or when
/// the oldest one has waited long enough. Members may be called by any thread.
class batch_queue {
 public:
  struct options {
    int batch = 256;                         // positions of a full batch, at most the evaluator's
    std::chrono::microseconds latency{500};  // how long a position waits for others
  };

  /// The evaluator must outlive the queue. Throws std::invalid_argument if an option is out of its range.
  batch_queue(evaluator& e, options const& o);
  batch_queue(batch_queue const&) = delete;
  batch_queue& operator=(batch_queue const&) = delete;
  /// Evaluates what was submitted, and ends the thread. No other thread may call the queue any more.
  ~batch_queue();

  /// Queues a position. Throws std::invalid_argument if the request is not valid. An error of the batch is thrown by get() of all its
  /// futures.
  [[nodiscard]] std::future<reply> submit(request r);
  /// Queues a position and waits for its reply.
  [[nodiscard]] reply evaluate(request r) { return submit(std::move(r)).get(); }

 private:
  using clock = std::chrono::steady_clock;
  struct waiting {
    request position;
    std::promise<reply> answer;
    clock::time_point since;
  };

  void run();
  /// Waits for a batch and moves it to requests_ and answers_. Returns whether there is one: false at the end.
  bool take();

  evaluator& evaluator_;
  options const options_;
  // Of the thread; their memory is allocated before it runs.
  std::vector<request> requests_;
  std::vector<std::promise<reply>> answers_;
  std::vector<reply> replies_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<waiting> waiting_;
  bool ends_ = false;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace chessnet
