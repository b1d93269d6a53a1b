// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Forms batches from the positions of many threads.
#pragma once

#include "serve/evaluator.hpp"

#include <chrono>
#include <future>

namespace chessnet {

/// A thread of its own takes what has been submitted and gives it to the evaluator as one batch: when there are enough positions, or when
/// the oldest one has waited long enough. Members may be called by any thread.
class batch_queue {
 public:
  struct options {
    int batch = 256;                                    // positions of a full batch, at most the evaluator's
    std::chrono::microseconds latency{500};             // how long a position waits for others
  };

  /// The evaluator must outlive the queue.
  batch_queue(evaluator& e, options const& o);
  batch_queue(batch_queue const&) = delete;
  /// Evaluates what was submitted, and ends the thread.
  ~batch_queue();

  /// Queues a position. An error of the batch is thrown by get() of all its futures.
  [[nodiscard]] std::future<reply> submit(request r);
  /// Queues a position and waits for its reply.
  [[nodiscard]] reply evaluate(request r) { return submit(std::move(r)).get(); }
};

}  // namespace chessnet
