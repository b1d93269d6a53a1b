// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Evaluates batches on a device: three streams, pinned memory, and a graph for each size of a batch.
#pragma once

#include "forward/forward.hpp"
#include "output/outputs.hpp"
#include "serve/evaluator.hpp"

#include <crosslane/graph.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace chessnet {

/// An evaluator on a device of the backend that the program is compiled for. The softmax over the legal moves runs on the device, so a
/// position costs two small copies: 1.4 KB there, and its moves' probabilities and three numbers back.
///
///   chessnet::device_evaluator e{d, [&](auto q, int batch) { return make_forward(q, n, {.largest_batch = batch}); }, {}};
///   e.evaluate(requests, replies);
///
/// submit() and wait() let the copies of some batches run beside the computation of others. One thread at a time calls it.
class device_evaluator final : public evaluator {
 public:
  struct options {
    int largest_batch = 256;
    int in_flight = 3;              // the most batches that are submitted and not waited for
    float temperature = 1;          // divides the logits of moves; positive
    std::size_t most_graphs = 256;  // the least recently used one makes room for another; 0: no graphs, kernels are launched one by one
  };

  /// Makes the forward pass on a stream, for batches of at most this size.
  using pass_maker = std::function<std::unique_ptr<forward>(xl::stream_ref, int)>;

  /// A batch in flight.
  class ticket {
    friend class device_evaluator;
    std::size_t slot_ = 0;
    std::size_t number_ = 0;
  };

  /// Makes the pass and allocates the memory of all batches. Throws crosslane::error, out_of_memory with the size of the batch, and
  /// std::invalid_argument for options outside of their range.
  device_evaluator(xl::device d, pass_maker const& make, options const& o);
  device_evaluator(device_evaluator const&) = delete;
  device_evaluator& operator=(device_evaluator const&) = delete;
  /// Waits for all batches in flight.
  ~device_evaluator() override;

  [[nodiscard]] int largest_batch() const override { return options_.largest_batch; }
  /// Returns how many batches can be in flight.
  [[nodiscard]] int most_in_flight() const { return options_.in_flight; }

  /// Evaluates a batch by itself: its copies and kernels are queued one after another, which has the least latency. Throws
  /// std::invalid_argument if a request is not valid or there are too many, std::logic_error if too many batches are in flight, and
  /// crosslane::error, which names the size of the batch. The evaluator stays usable if the device does.
  void evaluate(std::span<request const> requests, std::span<reply> replies) override;

  /// Queues a batch of at least one request. The requests may change afterwards. Errors are those of evaluate().
  [[nodiscard]] ticket submit(std::span<request const> requests);
  /// Waits for a batch. `replies` has as many elements as it has requests. A ticket is waited for once; the order is free.
  void wait(ticket const& t, std::span<reply> replies);

  /// Returns the logits of all outputs in place of probabilities of moves. `observer`, unless empty, is called with each layer.
  [[nodiscard]] std::vector<network_outputs<float>> outputs(std::span<request const> requests, layer_observer const& observer = {});

 private:
  struct slot;

  /// Takes a free slot and writes the requests to its pinned memory.
  std::size_t fill(std::span<request const> requests);
  /// Queues the copy to the device, the computation, and the copy back. All on one stream, or each on its own.
  void queue(std::size_t index, xl::stream const& up, xl::stream const& down);
  /// Queues the computation by its graph, which is made if there is none.
  void compute(std::size_t index);
  /// Queues the kernels of the computation.
  void launch(slot& s, layer_observer const* observer);
  [[nodiscard]] ticket start(std::span<request const> requests, xl::stream const& up, xl::stream const& down);
  /// Calls f. If it throws, waits for what is queued, makes the slot free, and names the batch if memory has run out.
  template <class F>
  void guarded(slot& s, F const& f);

  struct kept_graph {
    std::size_t slot;
    std::size_t batch;
    std::size_t used;  // when, as a number of launches
    xl::executable_graph graph;
  };

  options options_;
  xl::stream upload_, compute_, download_;
  std::unique_ptr<forward> pass_;
  xl::buffer<float> policy_;  // of the batch that is computed: kernels of two batches do not overlap
  std::vector<std::unique_ptr<slot>> slots_;
  std::vector<kept_graph> graphs_;
  std::size_t launches_ = 0;
};

}  // namespace chessnet
