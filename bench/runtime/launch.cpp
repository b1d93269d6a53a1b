// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The cost of a launch on the host, against the vendor's own <<<>>>.
#include "../bench.hpp"

#include <string>

namespace bench {
namespace {

constexpr int batch = 1000;  // fewer than a stream's queue holds, so that no launch waits for the device
constexpr unsigned block = 256;

struct empty_kernel {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&) const {}
};
__global__ void raw_empty() {}

struct kernel_of_5 {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float const* in, float* out, float factor, int n, unsigned long seed) const {
    if (ctx.thread_rank() < unsigned(n)) out[ctx.thread_rank()] = factor * in[ctx.thread_rank()] + float(seed);
  }
};
__global__ void raw_of_5(float const* in, float* out, float factor, int n, unsigned long seed) {
  if (threadIdx.x < unsigned(n)) out[threadIdx.x] = factor * in[threadIdx.x] + float(seed);
}

/// Adds the time per launch: until a batch is queued, and until it is done.
template <class Launch>
void add_side(xl::stream_ref q, std::string const& group, char const* side, Launch launch) {
  for (bool const queued : {true, false}) {
    add({.name = group + (queued ? ", queued/" : ", done/") + side,
         .iterations = 3,
         .repetitions = 101,
         .seconds =
             [=] {
               stopwatch const time;
               for (int i = 0; i < batch; ++i) launch();
               double const until_queued = time.seconds();
               q.synchronize();
               return (queued ? until_queued : time.seconds()) / batch;
             },
         .prepare =
             [=] {
               for (int i = 0; i < 100; ++i) launch();
               q.synchronize();
             }});
  }
}

}  // namespace

void register_launch(xl::stream_ref q) {
  add_side(q, "launch, no arguments", "crosslane", [q] { xl::launch(q, {.grid = 1, .block = block}, empty_kernel{}); });
  add_side(q, "launch, no arguments", "rival", [s = q.native()] { raw_empty<<<1, block, 0, s>>>(); });

  float* const none = nullptr;
  add_side(q, "launch, 5 arguments", "crosslane",
           [=] { xl::launch(q, {.grid = 1, .block = block}, kernel_of_5{}, static_cast<float const*>(none), none, 2.f, 0, 3ul); });
  add_side(q, "launch, 5 arguments", "rival", [=, s = q.native()] { raw_of_5<<<1, block, 0, s>>>(none, none, 2.f, 0, 3ul); });
}

}  // namespace bench
