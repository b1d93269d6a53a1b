// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The kernels of layer_norm(): some lanes, a wave or a block for each row.
#pragma once

#include <crosslane/backend/native/select.hpp>
#include <crosslane/kernel/block_reduce.hpp>
#include <crosslane/kernel/math/fast.hpp>
#include <crosslane/kernel/tile.hpp>
#include <crosslane/kernel/vec.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane {

/// Stands for an operand that a function does without.
struct no_operand {};

namespace detail {

/// The threads of a block.
inline constexpr unsigned norm_block = 256;

/// What the kernels compute: out = norm(scale * f(x + bias) + skip) * gamma + beta.
template <class T, class Weight, class Bias, class Skip, class F>
struct norm_problem {
  T* out;
  T const* x;
  Skip const* skip;
  Bias const* bias;
  Weight const *gamma, *beta;
  /// Elements from one row to the next in the output, in x and in skip; and from one row to the one `inner` rows further. If `inner` is 0,
  /// all rows have the same distance.
  std::int64_t step[3], outer_step[3];
  std::uint32_t inner;
  std::uint32_t row_count, length;
  float epsilon, scale;
  F f;
};

/// Vectors of a row: addresses of the row in the operands.
template <class T, class Weight, class Bias, class Skip, class F, unsigned V>
class norm_row {
  using problem = norm_problem<T, Weight, Bias, Skip, F>;

 public:
  CROSSLANE_FN norm_row(problem const& p, std::uint32_t row) : p_{p} {
    std::uint32_t outer = 0;
    if (p.inner != 0) {
      outer = row / p.inner;
      row -= outer * p.inner;
    }
    std::int64_t at[3];
    CROSSLANE_UNROLL
    for (int j = 0; j < 3; ++j) at[j] = row * p.step[j] + outer * p.outer_step[j];
    out_ = p.out + at[0];
    x_ = p.x + at[1];
    if constexpr (!std::is_same_v<Skip, no_operand>) skip_ = p.skip + at[2];
  }

  /// Returns elements V * i, V * i + 1, ... of what is normalised.
  CROSSLANE_FN vec<float, V> load(std::uint32_t i) const {
    auto const x = at(x_, i);
    vec<float, V> result;
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < V; ++k) result[k] = float(x[k]);
    if constexpr (!std::is_same_v<Bias, no_operand>) {
      auto const b = at(p_.bias, i);
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < V; ++k) result[k] += float(b[k]);
    }
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < V; ++k) result[k] = p_.f(result[k]) * p_.scale;
    if constexpr (!std::is_same_v<Skip, no_operand>) {
      auto const s = at(skip_, i);
      CROSSLANE_UNROLL
      for (unsigned k = 0; k < V; ++k) result[k] += float(s[k]);
    }
    return result;
  }
  /// Stores the same elements, normalised.
  CROSSLANE_FN void store(std::uint32_t i, vec<float, V> const& x, float mean, float factor) const {
    auto const g = at(p_.gamma, i), b = at(p_.beta, i);
    vec<T, V> result;
    CROSSLANE_UNROLL
    for (unsigned k = 0; k < V; ++k) result[k] = T((x[k] - mean) * factor * float(g[k]) + float(b[k]));
    backend::native_access::store<V == 1 ? access::plain : access::streaming>(reinterpret_cast<vec<T, V>*>(out_) + i, result);
  }

 private:
  template <class U>
  CROSSLANE_FN static vec<U, V> at(U const* from, std::uint32_t i) {
    return backend::native_access::load<access::plain>(reinterpret_cast<vec<U, V> const*>(from) + i);
  }

  problem const& p_;
  T* out_;
  T const* x_;
  Skip const* skip_ = nullptr;
};

/// Rows of at most Lanes * Vectors vectors of V elements. `Lanes` lanes normalise a row, or a block if Lanes is norm_block. The row stays
/// in registers. Each does `Rows` rows at a time.
template <unsigned Lanes, unsigned Vectors, unsigned V, unsigned Rows>
struct norm_rows_kernel {
  static constexpr auto block = block_size<norm_block>;
  static constexpr bool by_blocks = Lanes == norm_block;

  template <class Ctx>
  struct shared {
    block_scratch<float, Ctx> scratch;
  };

  template <kernel_context Ctx, class T, class Weight, class Bias, class Skip, class F>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, norm_problem<T, Weight, Bias, Skip, F> const p) const {
    constexpr unsigned groups = norm_block / Lanes;
    unsigned const lane = ctx.thread_rank() % Lanes, group = ctx.thread_rank() / Lanes, vectors = p.length / V;
    auto const sum_of_lanes = [&](float x) {
      if constexpr (by_blocks) {
        float const sum = block_reduce(ctx, s.scratch, x, plus{});
        ctx.sync_block();
        return sum;
      } else if constexpr (Lanes > 1) {
        return wave(ctx).template reduce_parts<Lanes>(x, plus{});
      } else {
        return x;
      }
    };
    float const inverse = 1 / float(p.length);
    std::uint32_t const step = std::uint32_t(ctx.block_count()) * groups * Rows;
    for (std::uint64_t first = ctx.block_rank() * (groups * Rows); first < p.row_count; first += step) {
      vec<float, V> x[Rows][Vectors];
      float mean[Rows], factor[Rows];
      CROSSLANE_UNROLL
      for (unsigned r = 0; r < Rows; ++r) {
        std::uint32_t const row = std::uint32_t(first) + r * groups + group;
        float sum = 0;
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < Vectors; ++k) x[r][k] = {};
        if (row < p.row_count) {
          norm_row<T, Weight, Bias, Skip, F, V> const at{p, row};
          CROSSLANE_UNROLL
          for (unsigned k = 0; k < Vectors; ++k)
            if (lane + k * Lanes < vectors) x[r][k] = at.load(lane + k * Lanes);
        }
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < Vectors; ++k) {
          CROSSLANE_UNROLL
          for (unsigned j = 0; j < V; ++j) sum += x[r][k][j];
        }
        mean[r] = sum;
      }
      CROSSLANE_UNROLL
      for (unsigned r = 0; r < Rows; ++r) {
        mean[r] = sum_of_lanes(mean[r]) * inverse;
        float squares = 0;
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < Vectors; ++k)
          if (lane + k * Lanes < vectors) {
            CROSSLANE_UNROLL
            for (unsigned j = 0; j < V; ++j) squares += (x[r][k][j] - mean[r]) * (x[r][k][j] - mean[r]);
          }
        factor[r] = fast::rsqrt(sum_of_lanes(squares) * inverse + p.epsilon);
      }
      CROSSLANE_UNROLL
      for (unsigned r = 0; r < Rows; ++r) {
        std::uint32_t const row = std::uint32_t(first) + r * groups + group;
        if (row >= p.row_count) continue;
        norm_row<T, Weight, Bias, Skip, F, V> const at{p, row};
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < Vectors; ++k)
          if (lane + k * Lanes < vectors) at.store(lane + k * Lanes, x[r][k], mean[r], factor[r]);
      }
    }
  }
};

/// The number, the mean and the sum of squared distances from the mean of some values.
struct norm_moments {
  float count, mean, spread;
};
/// Returns the moments of the values of both (Chan, Golub, LeVeque 1979).
struct combine_moments {
  CROSSLANE_FN norm_moments operator()(norm_moments const& a, norm_moments const& b) const {
    if (b.count == 0) return a;
    float const count = a.count + b.count, share = b.count / count, distance = b.mean - a.mean;
    return {count, a.mean + distance * share, a.spread + b.spread + distance * distance * a.count * share};
  }
};

/// Rows of any length. A block normalises a row. It reads the row twice.
template <unsigned V>
struct norm_long_rows_kernel {
  static constexpr auto block = block_size<norm_block>;

  template <class Ctx>
  struct shared {
    block_scratch<norm_moments, Ctx> scratch;
  };

  template <kernel_context Ctx, class T, class Weight, class Bias, class Skip, class F>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, norm_problem<T, Weight, Bias, Skip, F> const p) const {
    std::uint32_t const vectors = p.length / V;
    for (std::uint64_t row = ctx.block_rank(); row < p.row_count; row += ctx.block_count()) {
      norm_row<T, Weight, Bias, Skip, F, V> const at{p, std::uint32_t(row)};
      norm_moments own{};
      for (std::uint32_t i = ctx.thread_rank(); i < vectors; i += norm_block) {
        auto const x = at.load(i);
        norm_moments m{float(V), 0, 0};
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < V; ++k) m.mean += (x[k] - x[0]) * (1.0f / V);
        m.mean += x[0];
        CROSSLANE_UNROLL
        for (unsigned k = 0; k < V; ++k) m.spread += (x[k] - m.mean) * (x[k] - m.mean);
        own = combine_moments{}(own, m);
      }
      norm_moments const all = block_reduce(ctx, s.scratch, own, combine_moments{});
      float const factor = fast::rsqrt(all.spread / float(p.length) + p.epsilon);
      for (std::uint32_t i = ctx.thread_rank(); i < vectors; i += norm_block) at.store(i, at.load(i), all.mean, factor);
      ctx.sync_block();
    }
  }
};

}  // namespace detail

}  // namespace crosslane
