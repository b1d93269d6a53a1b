// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Products, loads, stores and conversions of fragments against their definitions. Numbers are small integers, whose sums are exact in
/// every type and in any order.
#include <matrix/matrix_targets.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

using use = xl::matrix_use;

/// One product: its operands and its result, as doubles.
struct record {
  unsigned m, n, k;
  bool flushes;
  double smallest_operand, smallest_sum;  ///< normal numbers
  double a[32 * 32], b[32 * 32], c[32 * 32], d[32 * 32];
};

enum class numbers { integers, special };

/// A number between -8 and 8 that depends on a position without a pattern.
[[maybe_unused]] CROSSLANE_FN constexpr int hash(use u, unsigned row, unsigned col) {
  std::uint32_t x = (row * 64 + col) * 4 + unsigned(u) + 1;
  x *= 0x9e3779b1u;
  x ^= x >> 15;
  x *= 0x85ebca77u;
  x ^= x >> 13;
  return int(x % 17) - 8;
}

/// The smallest subnormal number of a type, and its smallest normal one.
template <class T>
CROSSLANE_FN constexpr double smallest(bool normal) {
  if constexpr (std::is_same_v<T, double>)
    return normal ? 0x1p-1022 : 0x1p-1074;
  else if constexpr (std::is_same_v<T, float>)
    return normal ? 0x1p-126 : 0x1p-149;
  else if constexpr (std::is_same_v<T, xl::tf32>)
    return normal ? 0x1p-126 : 0x1p-136;
  else if constexpr (!std::is_integral_v<T>)
    return normal ? std::ldexp(1.0, T::format::min_exponent) : std::ldexp(1.0, T::format::min_exponent - T::format::mantissa_bits);
  else
    return 1;
}

template <class T>
CROSSLANE_FN T number(double x) {
  if constexpr (std::is_same_v<T, xl::tf32>)
    return T(float(x));
  else
    return T(x);
}

/// Returns the element of a matrix. The special numbers of `a` are in column 0 and meet row 0 of b: 0, 1, 1, ... The sums begin with 0.
template <class T>
CROSSLANE_FN T element(numbers which, use u, unsigned row, unsigned col) {
  int const x = hash(u, row, col);
  if constexpr (!std::is_integral_v<T>) {
    if (which == numbers::special && row < 4) {
      if (u == use::accumulator) return number<T>(0);
      if (u == use::b) return number<T>(row == 0 && col > 0 ? 1 : 0);
      if (col > 0) return number<T>(0);
      if (row < 2) return number<T>(row == 0 ? __builtin_nan("") : __builtin_inf());
      return number<T>(row == 2 ? 3 * smallest<T>(false) : smallest<T>(true));
    }
    if (which == numbers::special && u == use::b) return number<T>(0);
    return number<T>(x);
  } else {
    return T(x);
  }
}

/// Multiplies once in each shape of a target. The wave is the block, and the rank of the block is the number of the shape.
template <class Target>
struct multiply_all {
  numbers which;

  template <use U, class Shape, class T, class Ctx>
  CROSSLANE_FN void write(Ctx const& ctx, double* to) const {
    constexpr unsigned rows = Shape::template rows<U>, cols = Shape::template cols<U>;
    for (unsigned i : ctx.block_stride(rows * cols)) to[i] = double(element<T>(which, U, i / cols, i % cols));
  }

  template <class T, class Shape, class Ctx>
  CROSSLANE_FN void run(Ctx const& ctx, record& out) const {
    using a_type = typename Shape::template element<use::a>;
    using b_type = typename Shape::template element<use::b>;
    using c_type = typename Shape::template element<use::accumulator>;
    xl::fragment<use::a, Shape, T> a{};
    xl::fragment<use::b, Shape, T> b{};
    xl::fragment<use::accumulator, Shape, T> c{};
    a.for_each(ctx, [&](unsigned row, unsigned col, a_type& x) { x = element<a_type>(which, use::a, row, col); });
    b.for_each(ctx, [&](unsigned row, unsigned col, b_type& x) { x = element<b_type>(which, use::b, row, col); });
    c.for_each(ctx, [&](unsigned row, unsigned col, c_type& x) { x = element<c_type>(which, use::accumulator, row, col); });
    auto const d = xl::multiply_add(ctx, a, b, c);
    d.for_each(ctx, [&](unsigned row, unsigned col, c_type const& x) { out.d[row * Shape::n + col] = double(x); });
    write<use::a, Shape, a_type>(ctx, out.a);
    write<use::b, Shape, b_type>(ctx, out.b);
    write<use::accumulator, Shape, c_type>(ctx, out.c);
    if (ctx.thread_rank() == 0) {
      out.m = Shape::m;
      out.n = Shape::n;
      out.k = Shape::k;
      out.flushes = T::template flushes_subnormals<Shape>;
      out.smallest_operand = smallest<a_type>(true);
      out.smallest_sum = smallest<c_type>(true);
    }
  }

  template <class T, class Ctx, class... Shapes>
  CROSSLANE_FN void run_one(Ctx const& ctx, record& out, xl::matrix_shapes<Shapes...>) const {
    unsigned i = 0;
    ((i++ == ctx.block_index() ? run<T, Shapes>(ctx, out) : void()), ...);
  }

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<record> out) const {
    if constexpr (runs_here<Target, Ctx>) {
      using T = target_in<Target, Ctx>;
      run_one<T>(ctx, out[ctx.block_index()], typename T::shapes{});
    }
  }
};

double flushed(double x, double smallest) { return std::fabs(x) < smallest ? 0 : x; }

template <class Target>
void check_products(xl::device d, numbers which) {
  constexpr unsigned most = 24;  // shapes of a target
  xl::stream const q{d};
  xl::buffer<record> out = upload(q, std::vector<record>(most));
  xl::launch(q, {.grid = most, .block = unsigned(d.properties().wave_size)}, multiply_all<Target>{which}, out);
  unsigned shapes = 0;
  for (record const& r : read(q, out)) {
    if (r.m == 0) continue;
    ++shapes;
    bool same = true;
    for (unsigned row = 0; row < r.m; ++row)
      for (unsigned col = 0; col < r.n; ++col) {
        double sum = r.c[row * r.n + col];
        for (unsigned i = 0; i < r.k; ++i) {
          double const a = r.a[row * r.k + i], b = r.b[i * r.n + col];
          sum += r.flushes ? flushed(a, r.smallest_operand) * flushed(b, r.smallest_operand) : a * b;
        }
        if (r.flushes) sum = flushed(sum, r.smallest_sum);
        double const got = r.d[row * r.n + col];
        if (!(got == sum || (got != got && sum != sum)) && same) {
          same = false;
          auto const text = [](auto x) { return std::to_string(x); };
          fail(std::string(xl::type_name<Target>()) + ", shape " + text(shapes - 1) + ", " + text(r.m) + " x " + text(r.n) + " x " +
                   text(r.k) + ": element " + text(row) + ", " + text(col) + " is " + text(got) + " instead of " + text(sum),
               xl::source_location::current());
        }
      }
  }
  CROSSLANE_CHECK(shapes >= 4);
}

}  // namespace

CROSSLANE_TEST(fragment, products) {
  for_each_target(d, [&]<class Target>() { check_products<Target>(d, numbers::integers); });
}

CROSSLANE_TEST(fragment, special_numbers) {
  for_each_target(d, [&]<class Target>() { check_products<Target>(d, numbers::special); });
}
