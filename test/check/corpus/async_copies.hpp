// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Asynchronous copies: what may be accessed before the wait.
#pragma once

#include "corpus.hpp"

namespace corpus {

/// The target of a copy is read before the wait.
template <bool Early>
struct reads_a_target {
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    xl::async_copies copies{ctx};
    copies.copy(s.tile[r], m.data[r]);  // @reads_a_target
    copies.commit();
    if (!Early) copies.wait();
    m.data[64 + r] = s.tile[r];  // @reads_a_target
    if (Early) copies.wait();
  }
};
/// Nobody waits for a copy. The barrier does not wait for it either.
template <bool Wait>
struct never_waits {
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    xl::async_copies copies{ctx};
    copies.copy_block(xl::span<int>{s.tile, 64}, m.data.subspan(0, 64));  // @never_waits
    copies.commit();
    if (Wait) copies.wait();
    ctx.sync_block();
    m.data[64 + r] = s.tile[63 - r];  // @never_waits
  }
};
/// A thread writes to the target of its copy before the wait.
template <bool Early>
struct writes_a_target {
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    xl::async_copies copies{ctx};
    copies.copy(s.tile[r], m.data[r]);  // @writes_a_target
    copies.commit();
    if (!Early) copies.wait();
    s.tile[r] = 1;  // @writes_a_target
    if (Early) copies.wait();
  }
};
/// A thread writes to the source of its copy before the wait.
template <bool Early>
struct writes_a_source {
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    xl::async_copies copies{ctx};
    copies.copy(s.tile[r], m.data[r]);  // @writes_a_source
    copies.commit();
    if (!Early) copies.wait();
    m.data[r] = int(r) + 1;  // @writes_a_source
    if (Early) copies.wait();
    m.data[64 + r] = s.tile[r];
  }
};
/// Another thread writes to the source of a copy, after a barrier but before the wait.
template <bool Early>
struct writes_another_s_source {
  struct shared {
    int tile[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    xl::async_copies copies{ctx};
    copies.copy(s.tile[r], m.data[r]);  // @writes_another_s_source
    copies.commit();
    if (!Early) copies.wait();
    ctx.sync_block();
    m.data[63 - r] = int(r) + 1;  // @writes_another_s_source
    ctx.sync_block();
    if (Early) copies.wait();
    m.data[64 + r] = s.tile[r];
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
        copies.copy(s.tile[(t + 1) % 2][r], m.data[(t + 1) * 64 + r]);  // @two_stages
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
