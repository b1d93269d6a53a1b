// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Asynchronous copies: what may be accessed before the wait.
#pragma once

#include "corpus.hpp"

namespace corpus {

/// What a kernel does while a copy is in flight.
enum class in_flight { nothing, reads_target, writes_target, writes_source, never_waits };
template <in_flight How>
struct copies_in_flight {
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    xl::async_copies copies{ctx};
    copies.copy(s.tile[r], m.data[r]);  // @copies_in_flight
    copies.commit();
    int early = 0;
    if (How == in_flight::reads_target) early = s.tile[r];        // @copies_in_flight_reads_target
    if (How == in_flight::writes_target) s.tile[r] = 1;           // @copies_in_flight_writes_target
    if (How == in_flight::writes_source) m.data[r] = int(r) + 1;  // @copies_in_flight_writes_source
    if (How != in_flight::never_waits) copies.wait();
    m.data[64 + r] = early + s.tile[r];  // @copies_in_flight_never_waits
  }
};

/// Two stages in turn. The last round must wait for all copies.
template <bool Right>
struct two_stages {
  struct shared {
    int tile[2][64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    xl::async_copies copies{ctx};
    int sum = 0;
    copies.copy(s.tile[0][r], m.data[r]);
    copies.commit();
    for (unsigned t = 0; t < 4; ++t) {
      if (t < 3) {
        copies.copy(s.tile[(t + 1) % 2][r], m.data[(t + 1) * 64 + r]);
        copies.commit();
      }
      if (t < 3 || !Right)
        copies.template wait<1>();
      else
        copies.wait();
      ctx.sync_block();
      sum += s.tile[t % 2][63 - r];  // @two_stages
      ctx.sync_block();
    }
    m.data[512 + r] = sum;
  }
};

/// The next copy to a stage starts while another wave may still read it.
template <bool Wait>
struct overwrites_a_stage {
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    xl::async_copies copies{ctx};
    int sum = 0;
    for (unsigned t = 0; t < 3; ++t) {
      copies.copy(s.tile[r], m.data[t * 64 + r]);  // @overwrites_a_stage
      copies.commit();
      copies.wait();
      ctx.sync_block();
      sum += s.tile[63 - r];  // @overwrites_a_stage
      if (Wait) ctx.sync_block();
    }
    m.data[512 + r] = sum;
  }
};

}  // namespace corpus
