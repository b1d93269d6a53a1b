// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The forward pass of a network on the device that the program is compiled for.
///
///   auto const pass = chessnet::make_forward(q, n, {.precision = chessnet::precision::half, .largest_batch = 256});
///   pass->queue(q, 32, memory);
#pragma once

#include "input/policy_index.hpp"
#include "reference.hpp"
#include "weights/network.hpp"

#include <crosslane/crosslane.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chessnet {

/// The type of weights and activations. Sums, biases and outputs are float.
enum class precision { float32, half, bfloat16 };

/// Returns "float", "half" or "bfloat16".
[[nodiscard]] std::string_view name_of(precision p);

/// The values of a batch in device memory: what a pass reads and what it writes.
struct batch_memory {
  xl::span<std::uint64_t const> masks;  // [batch][plane_count], see input_planes
  xl::span<float const> values;         // the same
  xl::span<float> policy;               // [batch][policy_size] logits
  xl::span<float> outcome;              // [batch][outcome_size]
};

/// The expected result, the probability of a draw and the moves left, 0 where the network does not have them.
inline constexpr std::size_t outcome_size = 3;

/// Is called with each layer's result for the whole batch, in the names and the order of reference::tracer. The extents begin with the
/// batch. What is not in memory is left out: embedding_input, attention_logits, promotion_raw, and embedding if gates follow it at once.
using layer_observer = std::function<void(std::string const& name, std::vector<int> const& extents, std::vector<float> const& values)>;

struct forward_options {
  chessnet::precision precision = precision::half;
  reference::heads heads = {};
  int largest_batch = 256;
};

class forward {
 public:
  virtual ~forward() = default;

  /// Queues the evaluation of `batch` positions, at most the largest batch. It does not wait and allocates nothing, so that it can be
  /// captured in a graph. Passes of one object must not run at the same time, because they share memory.
  void queue(xl::stream_ref q, int batch, batch_memory const& memory) { run(q, batch, memory, nullptr); }

  /// Runs the evaluation and waits after each layer to show its result.
  void trace(xl::stream_ref q, int batch, batch_memory const& memory, layer_observer const& observer) { run(q, batch, memory, &observer); }

 private:
  virtual void run(xl::stream_ref q, int batch, batch_memory const& memory, layer_observer const* observer) = 0;
};

/// Copies the weights of the network to the device, in the layouts and types of the kernels, and allocates the memory of the largest batch.
/// Throws weights_error if there is no head of such a name or a layer has sizes that the kernels do not take.
[[nodiscard]] std::unique_ptr<forward> make_forward(xl::stream_ref q, network const& n, forward_options const& options);

}  // namespace chessnet
