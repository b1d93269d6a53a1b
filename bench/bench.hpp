// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Declarations that the benchmarks share. A benchmark is named group/side or group/side/variant. The side is "crosslane", "rival" (the
/// code that it is compared with; the fastest variant counts) or "other" (for information). ratios.py compares by these names.
#pragma once

#include <crosslane/crosslane.hpp>

#include "harness.hpp"

#include <chrono>
#include <memory>

namespace bench {

namespace xl = crosslane;

// One function for each source file. main() calls those of its backend.
void register_transform(xl::stream_ref q);
void register_device_algorithms(xl::stream_ref q);
void register_launch(xl::stream_ref q);
void register_graph(xl::stream_ref q);
void register_memory(xl::stream_ref q);
void register_atomic(xl::stream_ref q);
void register_convert(xl::stream_ref q);
void register_tensor_convert(xl::stream_ref q);
void register_tensor_operations(xl::stream_ref q);
void register_barrier(xl::stream_ref q);
void register_host_kernels(xl::stream_ref q);
void register_waves(xl::stream_ref q);
void register_block_reduce(xl::stream_ref q);
void register_block_scan(xl::stream_ref q);
void register_block_sort(xl::stream_ref q);
void register_async_copy(xl::stream_ref q);
void register_tiles(xl::stream_ref q);
void register_check_cost();

/// Measures the seconds since its construction.
class stopwatch {
 public:
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Returns a function for measurement::seconds. It returns the device time of one of `launches` calls of `launch()`, which queues work on
/// the stream.
template <class Launch>
std::function<double()> device_seconds(xl::stream_ref q, int launches, Launch launch) {
  struct marks {
    xl::timed_event from, to;
  };
  auto const m = std::shared_ptr<marks>{new marks{xl::timed_event{q.device()}, xl::timed_event{q.device()}}};
  return [=] {
    m->from.record(q);
    for (int i = 0; i < launches; ++i) launch();
    m->to.record(q);
    m->to.synchronize();
    return double(xl::elapsed_milliseconds(m->from, m->to)) * 1e-3 / launches;
  };
}

}  // namespace bench
