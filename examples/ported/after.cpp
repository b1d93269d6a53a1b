// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "after.hpp"

#include <utility>

namespace after {

namespace xl = crosslane;

/// Sets every cell within the border to the mean of its four neighbours.
struct jacobi {
  static constexpr auto block = xl::block_size<32, 16>;
  template <class Ctx>
  struct shared {
    float cells[18][34];
    xl::block_scratch<float, Ctx> change;
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> from, xl::span<float> to, int width, int height,
                               xl::span<float> change) const {
    auto const [tx, ty] = ctx.thread_index();
    int const left = int(ctx.block_index().x) * 32, top = int(ctx.block_index().y) * 16, x = left + int(tx), y = top + int(ty);
    for (int i : ctx.block_stride(18 * 34)) {
      int const cx = left + i % 34 - 1, cy = top + i / 34 - 1;
      if (cx >= 0 && cx < width && cy >= 0 && cy < height) s.cells[i / 34][i % 34] = from[cy * width + cx];
    }
    ctx.sync_block();
    float difference = 0;
    if (x > 0 && x < width - 1 && y > 0 && y < height - 1) {
      float const mean = 0.25f * (s.cells[ty][tx + 1] + s.cells[ty + 2][tx + 1] + s.cells[ty + 1][tx] + s.cells[ty + 1][tx + 2]);
      difference = xl::abs(mean - s.cells[ty + 1][tx + 1]);
      to[y * width + x] = mean;
    }
    difference = xl::block_reduce_to_leader(ctx, s.change, difference, xl::maximum{});
    if (ctx.thread_rank() == 0) xl::atomic(ctx, change[0]).fetch_max(difference);
  }
};

heat::solution solve(xl::device device, heat::plate const& plate, float tolerance, int most_steps) {
  heat::solution result{plate.cells, 0, 0, 0};
  xl::stream const q{device};
  xl::timed_event begin{device}, end{device};
  xl::buffer<float> from{q, plate.cells.size()}, to{q, plate.cells.size()}, change{q, 1};
  xl::copy(q, plate.cells, from);
  xl::copy(q, from, to);

  begin.record(q);
  do {
    for (int i = 0; i < heat::steps_between_looks; ++i) {
      xl::fill(q, change, 0.0f);
      xl::launch(q, {.grid = xl::cover({plate.width, plate.height}, {32, 16})}, jacobi{}, from, to, plate.width, plate.height, change);
      std::swap(from, to);
    }
    result.steps += heat::steps_between_looks;
    xl::copy(q, change, xl::span{&result.change, 1});
    q.synchronize();
  } while (result.change > tolerance && result.steps < most_steps);
  end.record(q);

  xl::copy(q, from, result.cells);
  q.synchronize();
  result.milliseconds = xl::elapsed_milliseconds(begin, end);
  return result;
}

}  // namespace after
