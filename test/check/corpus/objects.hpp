// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Objects with parts that are not written, and objects that code writes which the compiler does not instrument.
#pragma once

#include "corpus.hpp"

#include <cmath>

namespace corpus {

struct char_and_int {
  char a;
  int b;
};
struct char_and_short {
  char a;
  short b;
};
struct int_and_double {
  int a;
  double b;
};
struct alignas(16) three_ints {
  int a, b, c;
};
struct int_and_half {
  int a;
  short b;
};

template <class Object>
[[gnu::noinline]] int sum_of(Object const& o) {
  return int(o.a) + int(o.b);
}

/// The members of an object are written one by one, its padding is not. Then it is copied as a whole.
template <class Object, bool Write = true>
struct copies_with_padding {
  struct shared {
    Object from[64], to[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    if (Write) {
      s.from[r].a = 1;
      s.from[r].b = 2;
      if constexpr (requires { s.from[r].c; }) s.from[r].c = 3;
    }
    ctx.sync_block();
    s.to[r] = s.from[63 - r];  // @copies_with_padding
    if (!Write) return;
    Object const own = s.to[r];
    m.data[ctx.global_rank()] = sum_of(own);
  }
};

/// The values of a vector are written one by one, but not all of them.
template <class Vector, unsigned Written>
struct vectors_of_some_values {
  using value_type = typename Vector::value_type;
  struct shared {
    alignas(16) value_type values[64];
    Vector copies[64 / Vector::size];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    if (r < Written) s.values[r] = value_type(m.data[r]);
    ctx.sync_block();
    if (r < 64 / Vector::size) s.copies[r] = reinterpret_cast<Vector const*>(s.values)[r];  // @vectors_of_some_values
  }
};

struct small_matrix {
  float e[3][3];

  [[gnu::noinline]] friend small_matrix operator*(small_matrix const& a, small_matrix const& b) {
    small_matrix c{};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j)
        for (int k = 0; k < 3; ++k) c.e[i][j] += a.e[i][k] * b.e[k][j];
    return c;
  }
};
/// The compiler reports no store of a large result that a function returns to memory.
template <bool All>
struct products_of_matrices {
  struct shared {
    small_matrix of[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    small_matrix one{};
    for (int i = 0; i < 3; ++i) one.e[i][i] = float(r);
    if (All || r < 40) s.of[r] = one * one;
    ctx.sync_block();
    m.data[ctx.global_rank()] = int(s.of[63 - r].e[0][0] + s.of[63 - r].e[0][1]);  // @products_of_matrices
  }
};

/// The C library stores results by pointers.
template <bool All>
struct results_of_the_library {
  struct shared {
    int exponent[64], quotient[64];
    float whole[64];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, memory m) const {
    unsigned const r = ctx.thread_rank();
    float const x = float(m.data[ctx.global_rank()]) + float(r) / 64;
    float sum = 0;
    if (All || r < 40) sum = std::frexp(x, &s.exponent[r]) + std::modf(x, &s.whole[r]) + std::remquo(x, 0.5f, &s.quotient[r]);
    ctx.sync_block();
    int const others = s.exponent[63 - r] + int(s.whole[63 - r]) + s.quotient[63 - r];  // @results_of_the_library
    m.data[ctx.global_rank()] = others + int(sum);
  }
};

struct two_ints {
  int a, b;
};
struct two_doubles {
  double a, b;
};
/// Compilers load the elements of such a vector one by one, GPUs by one instruction.
struct alignas(16) four_ints {
  int x, y, z, w;
};
template <unsigned Bytes>
struct sums_a_vector {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const r = ctx.thread_rank();
    auto const& v = *reinterpret_cast<four_ints const*>(m.data.data() + r * 4 + Bytes / 4);  // @sums_a_vector
    m.data[512 + r] = v.x + v.y + v.z + v.w;
  }
};
/// An access needs an address that is a multiple of its size.
template <class T, unsigned Bytes>
struct loads_at_an_offset {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    unsigned const r = ctx.thread_rank();
    char const* const bytes = reinterpret_cast<char const*>(m.data.data()) + r * sizeof(T) + Bytes;
    reinterpret_cast<T*>(m.data.data() + 512)[r] = *reinterpret_cast<T const*>(bytes);  // @loads_at_an_offset
  }
};
template <class T, unsigned Bytes>
struct stores_at_an_offset {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    char* const bytes = reinterpret_cast<char*>(m.data.data()) + ctx.thread_rank() * sizeof(T) + Bytes;
    *reinterpret_cast<T*>(bytes) = T{};  // @stores_at_an_offset
  }
};
template <class T, unsigned Bytes>
struct counts_at_an_offset {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, memory m) const {
    char* const bytes = reinterpret_cast<char*>(m.data.data()) + ctx.thread_rank() * sizeof(T) + Bytes;
    xl::atomic(ctx, *reinterpret_cast<T*>(bytes)).fetch_add(T(1));  // @counts_at_an_offset
  }
};

}  // namespace corpus
