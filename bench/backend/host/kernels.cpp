// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels on the CPU, whose lanes run one by one, against plain C++ for the same: OpenMP loops with as many threads.
#include "../../bench.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr unsigned block = 256, tile = 16;
constexpr unsigned side = 1024, count = side * side;
constexpr unsigned matrix = 256, row = 16384;

struct arrays {
  explicit arrays(xl::stream_ref q_) : q{q_}, in{q_, count}, more{q_, count}, out{q_, count} {
    std::vector<float> values(count);
    for (unsigned i = 0; i < count; ++i) values[i] = float(i * 7 % 13) / 16;  // sums are exact in any order
    xl::copy(q, values, in);
    xl::copy(q, values, more);
    q.synchronize();
  }
  xl::stream_ref q;
  xl::buffer<float> in, more, out;
};

// Kernels without barriers.

struct triad {
  static constexpr auto block = xl::block_size<bench::block>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> in, xl::span<float const> more, xl::span<float> out) const {
    std::size_t const i = ctx.global_rank();
    if (i < out.size()) out[i] = in[i] + 3 * more[i];
  }
};
void plain_triad(float* out, float const* in, float const* more, int n) {
#pragma omp parallel for
  for (int i = 0; i < n; ++i) out[i] = in[i] + 3 * more[i];
}

CROSSLANE_FN inline float series(float x) {
  float y = 0;
  for (int k = 0; k < 32; ++k) y = y * x + 0.5f;
  return y;
}
struct polynomial {
  static constexpr auto block = xl::block_size<bench::block>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> in, xl::span<float> out) const {
    std::size_t const i = ctx.global_rank();
    if (i < out.size()) out[i] = series(in[i]);
  }
};
void plain_polynomial(float* out, float const* in, int n) {
#pragma omp parallel for simd
  for (int i = 0; i < n; ++i) out[i] = series(in[i]);
}

// Kernels with barriers.

struct transposition {
  static constexpr auto block = xl::block_size<tile, tile>;
  struct shared {
    float x[tile][tile + 1];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<float const> in, xl::span<float> out) const {
    unsigned const x = ctx.thread_index().x, y = ctx.thread_index().y, left = ctx.block_index().x * tile, top = ctx.block_index().y * tile;
    s.x[y][x] = in[(top + y) * side + left + x];
    ctx.sync_block();
    out[(left + y) * side + top + x] = s.x[x][y];
  }
};
void plain_transposition(float* out, float const* in, int n) {
#pragma omp parallel for
  for (int top = 0; top < n; top += int(tile))
    for (int left = 0; left < n; left += int(tile))
      for (int y = 0; y < int(tile); ++y)
        for (int x = 0; x < int(tile); ++x) out[(left + y) * n + top + x] = in[(top + x) * n + left + y];
}

struct product {
  static constexpr auto block = xl::block_size<tile, tile>;
  struct shared {
    float a[tile][tile], b[tile][tile];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<float const> a, xl::span<float const> b, xl::span<float> out) const {
    unsigned const x = ctx.thread_index().x, y = ctx.thread_index().y;
    unsigned const column = ctx.block_index().x * tile + x, r = ctx.block_index().y * tile + y;
    float sum = 0;
    for (unsigned k = 0; k < matrix; k += tile) {
      s.a[y][x] = a[r * matrix + k + x];
      s.b[y][x] = b[(k + y) * matrix + column];
      ctx.sync_block();
      for (unsigned j = 0; j < tile; ++j) sum += s.a[y][j] * s.b[j][x];
      ctx.sync_block();
    }
    out[r * matrix + column] = sum;
  }
};
void plain_product(float* out, float const* a, float const* b, int n) {
#pragma omp parallel for
  for (int r = 0; r < n; ++r) {
    for (int c = 0; c < n; ++c) out[r * n + c] = 0;
    for (int k = 0; k < n; ++k)
#pragma omp simd
      for (int c = 0; c < n; ++c) out[r * n + c] += a[r * n + k] * b[k * n + c];
  }
}

struct sum_of_row {
  static constexpr auto block = xl::block_size<bench::block>;
  template <class Ctx>
  struct shared {
    xl::block_scratch<float, Ctx> scratch;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> in, xl::span<float> out) const {
    float own = 0;
    for (unsigned i = ctx.thread_rank(); i < row; i += bench::block) own += in[ctx.block_rank() * row + i];
    float const sum = xl::block_reduce_to_leader(ctx, s.scratch, own, xl::plus{});
    if (ctx.thread_rank() == 0) out[ctx.block_rank()] = sum;
  }
};
struct sum_by_library {
  static constexpr auto block = xl::block_size<bench::block>;
  template <class Ctx>
  struct shared {
    xl::block_scratch<float, Ctx> scratch;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> in, xl::span<float> out) const {
    float const sum = xl::block_reduce_to_leader(ctx, s.scratch, in[ctx.global_rank()], xl::plus{});
    if (ctx.thread_rank() == 0) out[ctx.block_rank()] = sum;
  }
};
struct sum_by_tree {
  static constexpr auto block = xl::block_size<bench::block>;
  struct shared {
    float x[bench::block];
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<float const> in, xl::span<float> out) const {
    unsigned const rank = ctx.thread_rank();
    s.x[rank] = in[ctx.global_rank()];
    for (unsigned half = bench::block / 2; half > 0; half /= 2) {
      ctx.sync_block();
      if (rank < half) s.x[rank] += s.x[rank + half];
    }
    if (rank == 0) out[ctx.block_rank()] = s.x[0];
  }
};
void plain_sums(float* out, float const* in, int n, int row_length) {
#pragma omp parallel for
  for (int i = 0; i < n / row_length; ++i) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int k = 0; k < row_length; ++k) sum += in[i * row_length + k];
    out[i] = sum;
  }
}

/// Adds both sides. Their results must be equal. The rival runs on the stream's thread (see algorithm/transform_host.cpp).
template <class Run, class Rival>
void add_both(std::shared_ptr<arrays> const& data, std::string const& group, std::size_t results, Run run, Rival rival) {
  auto const ours = [=] {
    stopwatch const time;
    run(*data);
    data->q.synchronize();
    return time.seconds();
  };
  auto const theirs = [=] {
    double result = 0;
    data->q.host_callback([&] {
      stopwatch const time;
      rival(*data);
      result = time.seconds();
    });
    data->q.synchronize();
    return result;
  };
  auto const check = [=] {
    std::vector<float> a(results), b(results);
    auto const read = [&](std::vector<float>& to) {
      xl::copy(data->q, xl::span<float const>{data->out}.subspan(0, results), to);
      xl::fill(data->q, data->out, -1.f);
      data->q.synchronize();
    };
    ours();
    read(a);
    theirs();
    read(b);
    if (a != b) throw std::runtime_error{"the sides differ"};
  };
  auto const add_side = [&](std::string const& side_of, std::function<double()> seconds) {
    add({.name = "kernel on the host, " + group + side_of, .iterations = 3, .repetitions = 15, .seconds = seconds, .prepare = [=] {
           check();
           seconds();
         }});
  };
  add_side("/crosslane", ours);
  add_side("/rival/OpenMP", theirs);
}

}  // namespace

void register_host_kernels(xl::stream_ref q) {
  auto const data = std::make_shared<arrays>(q);
  constexpr unsigned grid = count / block;
  auto const sums = [](arrays& d) { plain_sums(d.out.data(), d.in.data(), int(count), int(block)); };
  add_both(
      data, "triad, no barrier", count, [](arrays& d) { xl::launch(d.q, {.grid = grid}, triad{}, d.in, d.more, d.out); },
      [](arrays& d) { plain_triad(d.out.data(), d.in.data(), d.more.data(), int(count)); });
  add_both(
      data, "polynomial of degree 31, no barrier", count, [](arrays& d) { xl::launch(d.q, {.grid = grid}, polynomial{}, d.in, d.out); },
      [](arrays& d) { plain_polynomial(d.out.data(), d.in.data(), int(count)); });
  add_both(
      data, "transposition by tiles, 1 barrier", count,
      [](arrays& d) { xl::launch(d.q, {.grid = {side / tile, side / tile}}, transposition{}, d.in, d.out); },
      [](arrays& d) { plain_transposition(d.out.data(), d.in.data(), int(side)); });
  add_both(
      data, "product of matrices of 256 x 256 by tiles, 32 barriers", matrix * matrix,
      [](arrays& d) { xl::launch(d.q, {.grid = {matrix / tile, matrix / tile}}, product{}, d.in, d.more, d.out); },
      [](arrays& d) { plain_product(d.out.data(), d.in.data(), d.more.data(), int(matrix)); });
  add_both(
      data, "sums of 16384, 64 a thread, by block_reduce_to_leader", count / row,
      [](arrays& d) { xl::launch(d.q, {.grid = count / row}, sum_of_row{}, d.in, d.out); },
      [](arrays& d) { plain_sums(d.out.data(), d.in.data(), int(count), int(row)); });
  add_both(
      data, "sums of 256 by block_reduce_to_leader", grid,
      [](arrays& d) { xl::launch(d.q, {.grid = grid}, sum_by_library{}, d.in, d.out); }, sums);
  add_both(
      data, "sums of 256 by a tree, 8 barriers", grid, [](arrays& d) { xl::launch(d.q, {.grid = grid}, sum_by_tree{}, d.in, d.out); },
      sums);
}

}  // namespace bench
