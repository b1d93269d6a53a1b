// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The cost of barriers and wave operations on the host: nanoseconds per lane, one block on one core.
#include "../../bench.hpp"

#include <memory>
#include <string>

#include <sched.h>

namespace bench {
namespace {

constexpr unsigned waits = 1000;

struct waiting_kernel {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx) const {
    for (unsigned i = 0; i < waits; ++i) ctx.sync_block();
  }
};

struct reducing_kernel {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> out) const {
    auto const w = xl::wave(ctx);
    unsigned sum = ctx.thread_rank();
    for (unsigned i = 0; i < waits; ++i) sum = w.reduce(sum, xl::plus{});
    out[ctx.thread_rank()] = sum;
  }
};
struct shuffling_kernel {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> out) const {
    auto const w = xl::wave(ctx);
    unsigned value = ctx.thread_rank();
    for (unsigned i = 0; i < waits; ++i) value = w.shuffle_xor(value, 1);
    out[ctx.thread_rank()] = value;
  }
};

struct passing_kernel {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> out) const {
    out[ctx.thread_rank()] = ctx.thread_rank();
  }
};

/// Returns a stream whose thread is pinned to one core. The other threads of the process are not pinned.
xl::stream pinned_stream(xl::device device) {
  xl::stream q{device};
  q.host_callback([] {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(sched_getcpu(), &set);
    sched_setaffinity(0, sizeof set, &set);
  });
  return q;
}

/// Adds a benchmark: the seconds for each of `steps` steps of each of `lanes` lanes. `run(stream)` queues all of them.
template <class Run>
void add_steps(xl::device device, std::string const& name, unsigned lanes, unsigned steps, Run run) {
  auto const q = std::make_shared<xl::stream>(pinned_stream(device));
  auto const seconds = [=] {
    stopwatch const time;
    run(*q);
    q->synchronize();
    return time.seconds() / (double(lanes) * steps);
  };
  add({.name = name, .iterations = 3, .repetitions = 31, .seconds = seconds, .prepare = [=] { seconds(); }});
}

}  // namespace

void register_barrier(xl::stream_ref stream) {
  for (unsigned const block : {32u, 256u, 1024u}) {
    add_steps(stream.device(), "barrier per lane and wait, block of " + std::to_string(block) + "/crosslane", block, waits,
              [=](xl::stream const& q) { xl::launch(q, {.grid = 1, .block = block}, waiting_kernel{}); });
  }
  for (int const index : {0, 1}) {
    xl::device const device{index};
    std::string const lanes = ", waves of " + std::to_string(device.properties().wave_size) + "/crosslane";
    constexpr unsigned block = 256;
    auto const out = std::make_shared<xl::buffer<unsigned>>(xl::stream{device}, block);
    add_steps(device, "wave reduce per lane" + lanes, block, waits,
              [=](xl::stream const& q) { xl::launch(q, {.grid = 1, .block = block}, reducing_kernel{}, *out); });
    add_steps(device, "wave shuffle per lane" + lanes, block, waits,
              [=](xl::stream const& q) { xl::launch(q, {.grid = 1, .block = block}, shuffling_kernel{}, *out); });
  }
  // For comparison: blocks one after another, whose lanes never wait.
  constexpr unsigned block = 256, launches = 1000;
  auto const out = std::make_shared<xl::buffer<unsigned>>(stream, block);
  add_steps(stream.device(), "lane that never waits, blocks of 256/crosslane", block, launches, [=](xl::stream const& q) {
    for (unsigned i = 0; i < launches; ++i) xl::launch(q, {.grid = 1, .block = block}, passing_kernel{}, *out);
  });
}

}  // namespace bench
