// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Accesses outside of memory, to freed memory, and at misaligned addresses.
#pragma once

#include "guise.hpp"

#include <cstdint>
#include <cstring>

namespace corpus {

struct one_too_many {
  static constexpr guise of{kind::out_of_bounds, "shared", "plain", "loop"};
  struct shared {
    int value[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    int* const v = s.value;
    if (ctx.thread_rank() == 0)
      for (int i = 0; i < 64 + (m.right ? 0 : 1); ++i) v[i] = i;
    ctx.sync_block();
    m.data[results + ctx.global_rank()] = v[ctx.thread_rank()];
  }
};
struct grid_covers_more {
  static constexpr guise of{kind::out_of_bounds, "device", "raw pointer", "branch", 65};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int* const p = m.data.data();
    std::uint64_t const i = ctx.global_rank();
    if (m.right ? i < m.data.size() : i <= m.data.size()) p[i] = 1;
  }
};
/// Dynamic shared memory that the launch does not give.
struct dynamic_forgotten {
  static constexpr guise of{kind::out_of_bounds, "dynamic shared", "plain", "straight line"};
  static constexpr std::size_t dynamic_bytes = 0, right_dynamic_bytes = 256;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int* const v = xl::dynamic_shared<int>(ctx).data();
    v[ctx.thread_rank()] = m.data[ctx.thread_rank()];
    ctx.sync_block();
    m.data[results + ctx.global_rank()] = v[63 - ctx.thread_rank()];
  }
};
/// The launch gives as many bytes as there are elements.
struct elements_for_bytes {
  static constexpr guise of{kind::out_of_bounds, "dynamic shared", "raw pointer", "loop"};
  static constexpr std::size_t dynamic_bytes = 64, right_dynamic_bytes = 256;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int* const v = xl::dynamic_shared<int>(ctx).data();
    for (unsigned i = ctx.thread_rank(); i < 64; i += 64) v[i] = m.data[i];
  }
};
/// The last vector reaches beyond the end.
struct tail_of_vectors {
  static constexpr guise of{kind::out_of_bounds, "device", "vector", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.global_rank() != 0) return;
    auto const* const v = reinterpret_cast<xl::vec<int, 4> const*>(m.unwritten.data() + m.unwritten.size());
    auto* const to = reinterpret_cast<xl::vec<int, 4>*>(&m.data[results]);
    auto const* const in = reinterpret_cast<xl::vec<int, 4> const*>(m.data.data());
    *to = m.right ? in[0] : v[0];
  }
};
/// A value of the data is the index.
struct histogram_of_large_values {
  static constexpr guise of{kind::out_of_bounds, "shared", "atomic", "branch"};
  struct shared {
    int bins[32];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    if (t < 32) s.bins[t] = 0;
    ctx.sync_block();
    int const bin = m.data[t];
    int* const bins = s.bins;
    if (!m.right || bin < 32) xl::atomic<xl::scope::block>(ctx, bins[bin]).fetch_add(1);
  }
};
/// A stencil at the first row.
struct row_above_the_first {
  static constexpr guise of{kind::out_of_bounds, "device", "raw pointer", "lambda"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int const* const p = m.data.data();
    auto const at = [&](int row, int col) { return m.right && row < 0 ? 0 : p[row * 16 + col]; };
    int const row = int(ctx.global_rank() / 16), col = int(ctx.global_rank() % 16);
    m.data[results + ctx.global_rank()] = at(row - 1, col) + at(row, col) + at(row + 1, col);
  }
};
struct memcpy_beyond_the_end {
  static constexpr guise of{kind::out_of_bounds, "device", "memcpy", "function"};
  CROSSLANE_FN static void move(int* to, int const* from, std::size_t n) { std::memcpy(to, from, n * sizeof(int)); }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.global_rank() == 0) move(m.data.data() + m.data.size() - 8, m.data.data(), m.right ? 8 : 9);
  }
};
/// The offset is computed in 32 bits and overflows.
struct offset_of_32_bits {
  static constexpr guise of{kind::out_of_bounds, "device", "raw pointer", "function"};
  CROSSLANE_FN static int offset(int row, int pitch) { return int(unsigned(row) * unsigned(pitch)); }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.global_rank() != 0) return;
    int const row = 2 + m.zero;
    m.data.data()[m.right ? row : offset(row, m.far) / 4] = 1;
  }
};
/// An unrolled loop that takes four elements in each round.
struct unrolled_by_four {
  static constexpr guise of{kind::out_of_bounds, "device", "raw pointer", "unrolled loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.global_rank() != 0) return;
    int const* const p = m.data.data();
    int const n = int(m.data.size()) - (m.right ? 0 : 2);
    int sum = 0;
    for (int i = m.right ? 0 : 2; i < n + (m.right ? 0 : 2); i += 4) sum += p[i] + p[i + 1] + p[i + 2] + p[i + 3];
    m.data[results] = sum;
  }
};
struct counts_beyond_the_end {
  static constexpr guise of{kind::out_of_bounds, "device", "atomic", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int* const p = m.data.data();
    if (ctx.thread_rank() == 0) xl::atomic(ctx, p[m.data.size() - (m.right ? 1 : 0)]).fetch_add(1);
  }
};
/// The index of a view that is a part of the buffer.
struct beyond_its_part {
  static constexpr guise of{kind::out_of_bounds,
                            "device",
                            "through a span",
                            "loop"
#ifdef NDEBUG
                            ,
                            2,
                            64,
                            0,
                            "without assertions a span has no bounds: only those of the buffer are checked"
#endif
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    xl::span<int> const part = m.data.subspan(results, 128);
    for (unsigned i = ctx.global_rank(); i < (m.right ? 128u : 256u); i += 128) part[i] = 1;
  }
};
/// An index that leaves an array and stays in the struct that has it.
struct into_the_next_member {
  static constexpr guise of{kind::out_of_bounds, "shared", "struct member", "loop", 2, 64, 0, "the next member belongs to the same object"};
  struct shared {
    int first[32], second[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    int* const p = s.first;
    unsigned const t = ctx.thread_rank();
    if (!m.right || t < 32) p[t] = 1;
  }
};
/// The same by an index of the member.
struct index_of_a_member {
  static constexpr guise of{kind::out_of_bounds, "shared", "index", "straight line"};
  struct shared {
    int first[32], second[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    unsigned const t = ctx.thread_rank();
    s.second[t] = 1;
    ctx.sync_block();
    if (!m.right || t < 32) s.first[t] = 1;
    m.data[results + ctx.global_rank()] = s.second[63 - t];
  }
};
/// A column too many of a table, by a wrong bound of a loop.
struct index_of_a_row {
  static constexpr guise of{kind::out_of_bounds, "local", "index", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    constexpr int weights[3][4] = {{1, 2, 1, 2}, {2, 4, 2, 4}, {1, 2, 1, 2}};
    int sum = 0;
    for (unsigned y = 0; y < 3; ++y)
      for (unsigned x = 0; x < unsigned(m.zero) + (m.right ? 4 : 5); ++x) sum += weights[y][x];
    m.data[results + ctx.global_rank()] = sum;
  }
};
struct index_of_a_local_array {
  static constexpr guise of{kind::out_of_bounds, "local", "index", "function"};
  template <unsigned N>
  CROSSLANE_FN static void count(int (&bins)[N], int value, int per_bin) {
    ++bins[value / per_bin];
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int bins[8] = {};
    for (unsigned i = 0; i < 64; ++i) count(bins, m.data[i], m.right ? 8 : 7);
    m.data[results + ctx.global_rank()] = bins[ctx.thread_rank() % 8];
  }
};
/// A local array.
struct local_array_too_small {
  static constexpr guise of{kind::out_of_bounds, "local", "plain", "loop", 2, 64, 0, "a thread may access all of its stack"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int local[16] = {};
    int volatile* const p = local;
    int sum = 0;
    for (int i = 0; i < 8 + (m.right ? 0 : 9); ++i) sum += p[i];
    m.data[results + ctx.global_rank()] = sum;
  }
};

// --- freed memory ---

/// The program's struct still has the address of a buffer that was made anew.
struct keeps_an_address {
  static constexpr guise of{kind::freed_memory, "device", "struct member", "function"};
  struct table {
    int const* entries;
    CROSSLANE_FN int at(unsigned i) const { return entries[i]; }
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    table const t{m.right ? m.data.data() : m.gone};
    m.data[results + ctx.global_rank()] = t.at(ctx.global_rank());
  }
};
struct vectors_of_a_freed_buffer {
  static constexpr guise of{kind::freed_memory, "device", "vector", "grid-stride loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto* const to = reinterpret_cast<xl::vec<int, 4>*>(m.right ? &m.data[results] : m.gone);
    for (unsigned i = ctx.global_rank(); i < 256; i += ctx.block_size() * ctx.block_count()) to[i] = {0, 0, 0, 0};
  }
};
struct copies_a_freed_buffer {
  static constexpr guise of{kind::freed_memory, "device", "memcpy", "branch"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    if (ctx.global_rank() == 0) std::memcpy(&m.data[results], m.right ? m.data.data() : m.gone, 64);
  }
};
struct flags_of_a_freed_buffer {
  static constexpr guise of{kind::freed_memory, "device", "compare-exchange", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int* const flags = m.right ? &m.data[results] : m.gone;
    int expected = 0;
    while (!xl::atomic(ctx, flags[ctx.block_rank()]).compare_exchange(expected, expected + 1)) {
    }
  }
};

// --- alignment ---

struct vectors_of_a_row {
  static constexpr guise of{kind::misaligned, "device", "vector", "loop"};
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int const pitch = m.right ? 8 : 7;
    int const* const row = m.data.data() + int(ctx.global_rank()) * pitch;
    int sum = 0;
    for (int i = 0; i < 2; ++i) {
      xl::vec<int, 2> const& v = reinterpret_cast<xl::vec<int, 2> const*>(row)[i];
      sum += v[0] + v[1];
    }
    m.data[results + ctx.global_rank()] = sum;
  }
};
/// Doubles behind an odd number of ints in dynamic shared memory.
struct doubles_behind_ints {
  static constexpr guise of{kind::misaligned, "dynamic shared", "plain", "function"};
  static constexpr std::size_t dynamic_bytes = 1024;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    int* const ints = xl::dynamic_shared<int>(ctx).data();
    double* const doubles = reinterpret_cast<double*>(ints + (m.right ? 64 : 63));
    doubles[ctx.thread_rank()] = 1.5;
    m.data[results + ctx.global_rank()] = int(doubles[ctx.thread_rank()]);
  }
};
struct wide_counter_in_a_struct {
  static constexpr guise of{kind::misaligned, "shared", "atomic", "branch"};
  struct shared {
    alignas(8) unsigned words[4];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, arguments m) const {
    if (ctx.thread_rank() < 4) s.words[ctx.thread_rank()] = 0;
    ctx.sync_block();
    auto& wide = *reinterpret_cast<std::uint64_t*>(s.words + (m.right ? 2 : 1));
    xl::atomic<xl::scope::block>(ctx, wide).fetch_add(std::uint64_t{1});
  }
};
struct words_of_a_packet {
  static constexpr guise of{kind::misaligned, "device", "single bytes", "function"};
  CROSSLANE_FN static int word(unsigned char const* bytes, bool right) {
    if (!right) return *reinterpret_cast<int const*>(bytes);
    int result = 0;
    for (unsigned i = 0; i < 4; ++i) result |= bytes[i] << (8 * i);
    return result;
  }
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, arguments m) const {
    auto const* const bytes = reinterpret_cast<unsigned char const*>(m.data.data());
    m.data[results + ctx.global_rank()] = word(bytes + ctx.global_rank() * 5 + 1, m.right);
  }
};

}  // namespace corpus
