// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Layer normalisation of rows of floats: (x - mean) / sqrt(variance + epsilon) * gamma + beta.
#pragma once

#include <crosslane/crosslane.hpp>

#include <cmath>
#include <cstddef>

namespace layernorm {

namespace xl = crosslane;

/// The mean and the variance of some values, in a form that can be combined. The variance is never a mean of squares minus a squared mean.
/// If the mean is large, that difference has no correct digit.
struct moments {
  float count;
  float mean;
  float spread;  // sum of squared distances from the mean: count * variance
};

/// Returns the moments of the values of both (Chan, Golub, LeVeque 1979; with one value on the right it is Welford's step). The operation
/// is associative up to rounding. `count` is 0 if there are no values.
struct combine {
  CROSSLANE_FN moments operator()(moments const& a, moments const& b) const {
    if (b.count == 0) return a;
    float const count = a.count + b.count, share = b.count / count, distance = b.mean - a.mean;
    return {count, a.mean + distance * share, a.spread + b.spread + distance * distance * a.count * share};
  }
};

/// Returns the moments of N values, computed from their distances to the first value.
template <unsigned N>
CROSSLANE_FN moments moments_of(xl::vec<float, N> const& x) {
  moments m{float(N), x[0], 0};
  for (unsigned k = 1; k < N; ++k) m.mean += (x[k] - x[0]) * (1.0f / N);
  for (unsigned k = 0; k < N; ++k) m.spread += (x[k] - m.mean) * (x[k] - m.mean);
  return m;
}

/// Returns the moments of a thread's share of a row: accesses of N values at first, first + step, ... N divides the row's length.
template <unsigned N>
CROSSLANE_FN moments moments_of(xl::span<float const> row, std::size_t first, std::size_t step) {
  moments m{};
  for (auto i = first; i < row.size() / N; i += step) m = combine{}(m, moments_of(xl::load_vec<N>(row, N * i)));
  return m;
}

/// Writes the same share of the row. `m` has the moments of the whole row. gamma and beta are as long as the row.
template <unsigned N>
CROSSLANE_FN void normalise(moments const& m, float epsilon, xl::span<float const> row, xl::span<float const> gamma,
                            xl::span<float const> beta, xl::span<float> out, std::size_t first, std::size_t step) {
  float const scale = 1 / std::sqrt(m.spread / m.count + epsilon);
  for (auto i = first; i < row.size() / N; i += step) {
    auto x = xl::load_vec<N>(row, N * i);
    auto const g = xl::load_vec<N>(gamma, N * i), b = xl::load_vec<N>(beta, N * i);
    for (unsigned k = 0; k < N; ++k) x[k] = (x[k] - m.mean) * scale * g[k] + b[k];
    xl::store_vec(out, N * i, x);
  }
}

/// out [rows x length] from in [rows x length], gamma [length], beta [length]. One wave for each row. Grid: blocks that cover the rows. An
/// access has N values; N divides the length.
template <unsigned N>
struct wave_per_row {
  static constexpr auto block = xl::block_size<256>;

  float epsilon;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> in, xl::span<float const> gamma, xl::span<float const> beta,
                               xl::span<float> out) const {
    auto const wave = xl::wave(ctx);
    std::size_t const length = gamma.size(), begin = (ctx.block_rank() * ctx.wave_count() + ctx.wave_rank()) * length;
    if (begin >= in.size()) return;  // the whole wave returns, and the block has no barrier

    auto const row = in.subspan(begin, length);
    moments const all = wave.reduce(moments_of<N>(row, wave.rank(), wave.size()), combine{});
    normalise<N>(all, epsilon, row, gamma, beta, out.subspan(begin, length), wave.rank(), wave.size());
  }
};

/// The same with one block for each row. Grid: rows.
template <unsigned N>
struct block_per_row {
  static constexpr auto block = xl::block_size<256>;

  template <class Ctx>
  struct shared {
    xl::block_scratch<moments, Ctx> reduce;
  };

  float epsilon;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> in, xl::span<float const> gamma,
                               xl::span<float const> beta, xl::span<float> out) const {
    std::size_t const length = gamma.size(), begin = ctx.block_rank() * length;
    auto const row = in.subspan(begin, length);
    moments const all = xl::block_reduce(ctx, s.reduce, moments_of<N>(row, ctx.thread_rank(), ctx.block_size()), combine{});
    normalise<N>(all, epsilon, row, gamma, beta, out.subspan(begin, length), ctx.thread_rank(), ctx.block_size());
  }
};

}  // namespace layernorm
