// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Accesses out of bounds, and to freed memory.
#pragma once

#include "corpus.hpp"

namespace corpus {

struct no_guard {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int* const p = m.data.data() + 1000;
    p[ctx.thread_rank()] = 1;  // @no_guard
  }
};
struct with_guard {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int* const p = m.data.data() + 1000;
    if (ctx.thread_rank() < 24) p[ctx.thread_rank()] = 1;
  }
};

/// A stencil that does not handle the left edge.
struct left_edge {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int const* const p = m.data.data();
    unsigned const r = ctx.thread_rank();
    m.data[512 + r] = p[int(r) - 1];  // @left_edge
  }
};
struct left_edge_kept {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int const* const p = m.data.data();
    unsigned const r = ctx.thread_rank();
    m.data[512 + r] = r == 0 ? 0 : p[int(r) - 1];
  }
};

struct shared_too_small {
  struct shared {
    int value[48];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory) const {
    int* const p = s.value;
    p[ctx.thread_rank()] = 1;  // @shared_too_small
  }
};
struct shared_large_enough {
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory) const {
    int* const p = s.value;
    p[ctx.thread_rank()] = 1;
  }
};

/// A vector access whose end is out of bounds.
struct wide_tail {
  struct alignas(16) four {
    int v[4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    four* const p = reinterpret_cast<four*>(m.data.data()) + 193;
    p[ctx.thread_rank()] = {{1, 2, 3, 4}};  // @wide_tail
  }
};
struct wide_body {
  struct alignas(16) four {
    int v[4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    four* const p = reinterpret_cast<four*>(m.data.data()) + 192;
    p[ctx.thread_rank()] = {{1, 2, 3, 4}};
  }
};

struct writes_a_freed_buffer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.gone[ctx.thread_rank()] = 1;  // @writes_a_freed_buffer
  }
};
struct writes_a_living_buffer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.thread_rank()] = 1;
  }
};

struct reads_a_freed_buffer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.thread_rank()] = m.gone[ctx.thread_rank() / 2];  // @reads_a_freed_buffer
  }
};
struct reads_a_living_buffer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    m.data[ctx.thread_rank()] = m.data[512 + ctx.thread_rank() / 2];
  }
};

/// An unsigned index that wraps around below zero.
struct index_wraps_around {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int const* const p = m.data.data();
    unsigned const r = ctx.thread_rank();
    m.data[512 + r] = p[r - 1];  // @index_wraps_around
  }
};
struct index_stays {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int const* const p = m.data.data();
    unsigned const r = ctx.thread_rank();
    m.data[512 + r] = p[r == 0 ? r : r - 1];
  }
};

/// An access beyond the dynamic shared memory of the launch.
template <std::size_t Bytes>
struct one_word_for_each_thread {
  static constexpr std::size_t dynamic_bytes = Bytes;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    int* const p = xl::dynamic_shared<int>(ctx).data();
    p[ctx.thread_rank()] = 1;  // @one_word_for_each_thread
    m.data[ctx.thread_rank()] = 1;
  }
};

/// The kernel uses another pitch than the matrix has.
template <unsigned Pitch>
struct rows_of_another_pitch {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const row = ctx.global_rank() / 32, column = ctx.global_rank() % 32;
    int* const p = m.data.data();
    p[row * Pitch + column] = 1;  // @rows_of_another_pitch
  }
};

/// An index beyond the end of the view.
struct index_beyond_the_view {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const i = 1000 + ctx.thread_rank();
    m.data[i] = 1;  // @index_beyond_the_view
  }
};
struct index_below_the_size {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const i = 1000 + ctx.thread_rank();
    if (i < m.data.size()) m.data[i] = 1;
  }
};

struct counts_in_a_freed_buffer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    xl::atomic(ctx, m.gone[ctx.thread_rank() % 2]).fetch_add(1);  // @counts_in_a_freed_buffer
  }
};
struct counts_in_a_living_buffer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    xl::atomic(ctx, m.data[ctx.thread_rank() % 2]).fetch_add(1);
  }
};

}  // namespace corpus
