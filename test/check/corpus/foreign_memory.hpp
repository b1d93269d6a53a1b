// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels that access memory of the host program or of other threads, that run into a trap, or whose index overflows. In the right kernels
/// the memory only looks as if it were the program's.
#pragma once

#include "corpus.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace corpus {

/// The arguments of the kernels.
struct mixed_memory {
  xl::span<int> data;                         ///< device memory: 1024 zeros
  xl::span<int> vector;                       ///< a std::vector of 1024 zeros
  xl::span<int> pinned, managed, registered;  ///< memory that both sides may access, 1024 zeros each
  int* local;                                 ///< a variable on the program's stack
  char const* text;                           ///< a string literal
  int *null, *nowhere;                        ///< a null pointer, and an address where no memory is
  long long far;                              ///< 2^32
  int zero;                                   ///< 0
};

// --- memory of the host program ---

struct reads_a_vector {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.data[ctx.thread_rank()] = m.vector[ctx.thread_rank()];  // @reads_a_vector
  }
};
struct reads_a_copy_of_the_vector {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.data[ctx.thread_rank()] = m.data[512 + ctx.thread_rank()];
  }
};

/// The vector is not changed: the thread ends before the write.
struct writes_a_vector {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.vector[ctx.thread_rank()] = 1;  // @writes_a_vector
  }
};
struct copies_from_a_vector {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    if (ctx.thread_rank() == 0) std::memcpy(m.data.data(), m.vector.data(), 64);  // @copies_from_a_vector
  }
};
struct counts_in_a_vector {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    xl::atomic(ctx, m.vector[0]).fetch_add(1);  // @counts_in_a_vector
  }
};
struct reads_the_program_s_stack {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.data[ctx.thread_rank()] = *m.local;  // @reads_the_program_s_stack
  }
};

/// A pointer in a member that the program has set, as in a class with options.
struct settings {
  int const* factors;
};
struct has_a_pointer_to_the_heap {
  settings s{};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.data[ctx.thread_rank()] = s.factors[1];  // @has_a_pointer_to_the_heap
  }
};
struct has_the_factors {
  int factors[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.data[ctx.thread_rank()] = factors[ctx.thread_rank() % 8];
  }
};

inline int steps_of_all = 3;
struct reads_a_global_variable {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.data[ctx.thread_rank()] = steps_of_all;  // @reads_a_global_variable
  }
};
struct writes_a_global_variable {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory) const {
    if (ctx.thread_rank() == 7) steps_of_all = 4;  // @writes_a_global_variable
  }
};
inline constexpr int primes[8] = {2, 3, 5, 7, 11, 13, 17, 19};
struct reads_a_constant_table {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    static constexpr int squares[4] = {0, 1, 4, 9};
    m.data[ctx.thread_rank()] = primes[ctx.thread_rank() % 8] + squares[ctx.thread_rank() % 4] + "digits"[ctx.thread_rank() % 6];
  }
};

struct counts_in_a_static_variable {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    static int calls = 1;
    m.data[ctx.thread_rank()] = calls * int(ctx.thread_rank());  // @counts_in_a_static_variable
    if (m.zero != 0) ++calls;
  }
};
struct reads_a_literal_of_the_program {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.data[ctx.thread_rank()] = m.text[ctx.thread_rank() % 4];  // @reads_a_literal_of_the_program
  }
};

/// Thread 0 publishes the address of its local array.
template <bool InShared>
struct reads_a_neighbour_s_local_array {
  struct shared {
    int const* address;
    int values[4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, mixed_memory m) const {
    int local[4] = {m.zero, 1, 2, 3};
    if (ctx.thread_rank() == 0) {
      for (int i = 0; i < 4; ++i) s.values[i] = local[i];
      s.address = InShared ? s.values : local;
    }
    ctx.sync_block();
    m.data[ctx.thread_rank()] = s.address[ctx.thread_rank() % 4];  // @reads_a_neighbour_s_local_array
    ctx.sync_block();
  }
};

/// Memory that looks like the program's and is not.
struct reads_its_own_memory {
  template <class T>
  [[gnu::noinline]] static CROSSLANE_FN int sum_of(T const* p, int n) {
    int sum = 0;
    for (int i = 0; i < n; ++i) sum += p[i];
    return sum;
  }
  struct alignas(64) wide {
    int value = 1;
  };
  [[gnu::noinline]] static int own_memory_of_each_kind() {
    wide* const aligned = new wide[2];
    int* const nothrow = new (std::nothrow) int[4]{};
    auto* const zeros = static_cast<int*>(std::calloc(4, sizeof(int)));
    auto* const page = static_cast<int*>(std::aligned_alloc(64, 64));
    page[0] = 0;
    std::stable_sort(nothrow, nothrow + 4);
    int const sum = aligned[1].value + nothrow[3] + zeros[3] + page[0];
    delete[] aligned;
    operator delete[](nothrow, std::nothrow);
    std::free(zeros);
    std::free(page);
    return sum - 1;
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory const& m) const {
    int local[16];
    for (int& i : local) i = m.zero;
    int* const own = new int[8];
    for (int i = 0; i < 8; ++i) own[i] = i;
    auto const f = &sum_of<int>;
    ctx.sync_block();
    m.data[ctx.thread_rank()] = f(local, 16) + f(own, 8) + sum_of(m.pinned.data(), 8) + sum_of(m.managed.data(), 8);
    m.registered[ctx.thread_rank()] = sum_of(m.registered.data() + 512, 8) + own_memory_of_each_kind();
    delete[] own;
  }
};

// --- addresses where no memory is ---

struct index_overflows {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.data.data()[m.far + ctx.thread_rank()] = 1;  // @index_overflows
  }
};
struct index_overflows_below {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.data[ctx.thread_rank()] = m.data.data()[-m.far + ctx.thread_rank()];  // @index_overflows_below
  }
};
struct vectors_overflow {
  struct alignas(16) four {
    int v[4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    auto* const p = reinterpret_cast<four*>(m.data.data());
    p[-m.far + 1] = p[ctx.thread_rank()];  // @vectors_overflow
  }
};
struct reads_through_null {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.data[ctx.thread_rank()] = m.null[ctx.thread_rank()];  // @reads_through_null
  }
};
struct counts_nowhere {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    xl::atomic(ctx, m.nowhere[0]).fetch_add(1);  // @counts_nowhere
  }
};

// --- traps ---

struct divides_by_zero {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    m.data[ctx.thread_rank()] = 7 / m.zero;  // @divides_by_zero
  }
};
struct traps_in_one_thread {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    ctx.sync_block();
    if (ctx.thread_rank() == 40 && m.zero == 0) __builtin_trap();  // @traps_in_one_thread
    ctx.sync_block();
  }
};
struct asserts_in_one_thread {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    ctx.sync_block();
    if (ctx.thread_rank() == 40 && m.zero == 0) std::abort();  // @asserts_in_one_thread
    ctx.sync_block();
  }
};
struct needs_a_large_stack {
  [[gnu::noinline]] static int deep(int n) {
    int volatile room[1024];
    for (int i = 0; i < 1024; i += 512) room[i] = n;
    return n == 0 ? 0 : deep(n - 1) + room[512];
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    ctx.sync_block();
    m.data[ctx.thread_rank()] = deep(m.zero + 100000);
  }
};
struct needs_a_small_stack {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, mixed_memory m) const {
    ctx.sync_block();
    m.data[ctx.thread_rank()] = needs_a_large_stack::deep(m.zero + 20) / (m.zero + 1);
  }
};

}  // namespace corpus
