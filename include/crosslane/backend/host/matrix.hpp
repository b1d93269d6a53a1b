// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Matrix products on the CPU. Each lane offers its elements. The last lane to arrive computes the product for all lanes, by its
/// definition.
#pragma once

#include <crosslane/backend/matrix_hooks.hpp>
#include <crosslane/kernel/lane_mask.hpp>
#include <crosslane/platform/source_location.hpp>

#include <cstdint>

namespace crosslane::backend {

/// Primitives of the host. A file for a GPU need not include them.
template <class N>
concept host_native = requires(N const& n) { n.block().collective(n.rank(), 32u, {}); };

template <host_native Native, unsigned W>
struct matrix_of<Native, W> {
  using target = matrix_target::portable<W>;
  /// The host runs the maps of all targets with as many lanes.
  template <class Target>
  static constexpr bool runs = Target::wave_size == W;
  template <class Layout, class T>
  static constexpr bool has_load = false;

  static void meet(Native const& n, source_location where) {
    offer(n, nullptr, where, [](auto*, std::uint64_t) {});
  }

  template <class Shape, class Target, class A, class B, class C>
  static void multiply_add(Native const& n, unsigned, A const* a, B const* b, C* c, source_location where) {
    operands<A, B, C> const mine{a, b, c};
    offer(n, &mine, where, [](auto* wave, std::uint64_t) { multiply_add_all<Shape, Target, operands<A, B, C>>(wave); });
  }

 private:
  template <class A, class B, class C>
  struct operands {
    A const* a;
    B const* b;
    C* c;
    using accumulator = C;
  };

  template <class Complete>
  static void offer(Native const& n, void const* in, source_location where, Complete complete) {
    n.block().collective(n.rank(), W, {in, nullptr, 0, lane_mask<W>::all().to_word(), where, false, false, complete});
  }

  template <matrix_use Use, class Shape, class Target, class F>
  static void for_each(F const& f) {
    constexpr unsigned rows = Shape::template rows<Use>, cols = Shape::template cols<Use>;
    constexpr fragment_map map = Target::template map<Use, Shape>();
    for (unsigned lane = 0; lane < W; ++lane)
      for (unsigned i = 0; i < map.size(rows, cols); ++i) f(lane, i, map.position(rows, cols, {lane, i}));
  }

  template <class Shape, class Target, class Operands, class Slot>
  static void multiply_add_all(Slot* wave) {
    constexpr unsigned m = Shape::m, n = Shape::n, k = Shape::k;
    constexpr bool flush = Target::template flushes_subnormals<Shape>;
    using accumulator = typename Operands::accumulator;
    using arithmetic = detail::matrix_arithmetic<accumulator>;
    using sum = typename arithmetic::sum;
    auto const of = [wave](unsigned lane) -> Operands const& { return *static_cast<Operands const*>(wave[lane].in); };
    sum a[m][k], b[k][n], c[m][n];
    for_each<matrix_use::a, Shape, Target>(
        [&](unsigned lane, unsigned i, matrix_position at) { a[at.row][at.col] = arithmetic::template widen<flush>(of(lane).a[i]); });
    for_each<matrix_use::b, Shape, Target>(
        [&](unsigned lane, unsigned i, matrix_position at) { b[at.row][at.col] = arithmetic::template widen<flush>(of(lane).b[i]); });
    for_each<matrix_use::accumulator, Shape, Target>(
        [&](unsigned lane, unsigned i, matrix_position at) { c[at.row][at.col] = arithmetic::template widen<flush>(of(lane).c[i]); });
    for (unsigned row = 0; row < m; ++row)
      for (unsigned i = 0; i < k; ++i)
        for (unsigned col = 0; col < n; ++col) c[row][col] = arithmetic::step(a[row][i], b[i][col], c[row][col]);
    for_each<matrix_use::accumulator, Shape, Target>([&](unsigned lane, unsigned i, matrix_position at) {
      of(lane).c[i] = static_cast<accumulator>(arithmetic::template widen<flush>(c[at.row][at.col]));
    });
  }
};

}  // namespace crosslane::backend
