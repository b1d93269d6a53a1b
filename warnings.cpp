#include <complex.h>
#include <crosslane/algorithm/elementwise.hpp>
#include <crosslane/algorithm/fill.hpp>
#include <crosslane/algorithm/for_each.hpp>
#include <crosslane/algorithm/transform.hpp>
#include <crosslane/backend/host/access_monitor.hpp>
#include <crosslane/backend/host/async_copy.hpp>
#include <crosslane/backend/host/atomic.hpp>
#include <crosslane/backend/host/backend.hpp>
#include <crosslane/backend/host/block.hpp>
#include <crosslane/backend/host/block_barrier.hpp>
#include <crosslane/backend/host/block_messages.hpp>
#include <crosslane/backend/host/block_shared_memory.hpp>
#include <crosslane/backend/host/block_task.hpp>
#include <crosslane/backend/host/faults.hpp>
#include <crosslane/backend/host/fiber.hpp>
#include <crosslane/backend/host/intrinsics.hpp>
#include <crosslane/backend/host/lane_operations.hpp>
#include <crosslane/backend/host/launch.hpp>
#include <crosslane/backend/host/launch_facts.hpp>
#include <crosslane/backend/host/memory_ranges.hpp>
#include <crosslane/backend/host/parallel.hpp>
#include <crosslane/backend/host/queue.hpp>
#include <crosslane/backend/host/runner_pool.hpp>
#include <crosslane/backend/host/runtime.hpp>
#include <crosslane/backend/host/schedule.hpp>
#include <crosslane/backend/host/sizes.hpp>
#include <crosslane/backend/host/stream_watch.hpp>
#include <crosslane/backend/host/thread_end.hpp>
#include <crosslane/backend/host/wave.hpp>
#include <crosslane/backend/native/host/access.hpp>
#include <crosslane/backend/native/host/math.hpp>
#include <crosslane/backend/native/host/numeric.hpp>
#include <crosslane/backend/native/math_hooks.hpp>
#include <crosslane/backend/native/numeric_hooks.hpp>
#include <crosslane/backend/native/select.hpp>
#include <crosslane/backend/select.hpp>
#include <crosslane/backend/wave_hooks.hpp>
#include <crosslane/check.hpp>
#include <crosslane/check/collect.hpp>
#include <crosslane/check/compare.hpp>
#include <crosslane/check/findings.hpp>
#include <crosslane/check/json.hpp>
#include <crosslane/check/report.hpp>
#include <crosslane/check/same_on_all_targets.hpp>
#include <crosslane/check/sarif.hpp>
#include <crosslane/core/access.hpp>
#include <crosslane/core/check_options.hpp>
#include <crosslane/core/device_properties.hpp>
#include <crosslane/core/dlpack_device.hpp>
#include <crosslane/core/error.hpp>
#include <crosslane/core/extent.hpp>
#include <crosslane/core/finding.hpp>
#include <crosslane/core/functional.hpp>
#include <crosslane/core/number_format.hpp>
#include <crosslane/core/span.hpp>
#include <crosslane/crosslane.hpp>
#include <crosslane/host.hpp>
#include <crosslane/kernel/aggregated.hpp>
#include <crosslane/kernel/async_copy.hpp>
#include <crosslane/kernel/atomic.hpp>
#include <crosslane/kernel/atomic_pair.hpp>
#include <crosslane/kernel/block.hpp>
#include <crosslane/kernel/block_exchange.hpp>
#include <crosslane/kernel/block_histogram.hpp>
#include <crosslane/kernel/block_load.hpp>
#include <crosslane/kernel/block_reduce.hpp>
#include <crosslane/kernel/block_scan.hpp>
#include <crosslane/kernel/block_scratch.hpp>
#include <crosslane/kernel/block_sort.hpp>
#include <crosslane/kernel/clock.hpp>
#include <crosslane/kernel/coalesced.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/kernel/contract.hpp>
#include <crosslane/kernel/diagnostics.hpp>
#include <crosslane/kernel/group.hpp>
#include <crosslane/kernel/index.hpp>
#include <crosslane/kernel/lane_mask.hpp>
#include <crosslane/kernel/math.hpp>
#include <crosslane/kernel/math/bits.hpp>
#include <crosslane/kernel/math/classify.hpp>
#include <crosslane/kernel/math/compare.hpp>
#include <crosslane/kernel/math/exponential.hpp>
#include <crosslane/kernel/math/fast.hpp>
#include <crosslane/kernel/math/integer.hpp>
#include <crosslane/kernel/math/power.hpp>
#include <crosslane/kernel/math/real.hpp>
#include <crosslane/kernel/math/rounding.hpp>
#include <crosslane/kernel/math/special.hpp>
#include <crosslane/kernel/math/trigonometric.hpp>
#include <crosslane/kernel/memory_order.hpp>
#include <crosslane/kernel/numeric.hpp>
#include <crosslane/kernel/numeric/limits.hpp>
#include <crosslane/kernel/numeric/saturate_cast.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/kernel/pipeline.hpp>
#include <crosslane/kernel/radix_key.hpp>
#include <crosslane/kernel/random.hpp>
#include <crosslane/kernel/shape.hpp>
#include <crosslane/kernel/shared_arrays.hpp>
#include <crosslane/kernel/tile.hpp>
#include <crosslane/kernel/vec.hpp>
#include <crosslane/kernel/vec_access.hpp>
#include <crosslane/platform/annotations.hpp>
#include <crosslane/platform/bits.hpp>
#include <crosslane/platform/captures_this.hpp>
#include <crosslane/platform/compiler.hpp>
#include <crosslane/platform/config.hpp>
#include <crosslane/platform/min_max.hpp>
#include <crosslane/platform/number_text.hpp>
#include <crosslane/platform/source_location.hpp>
#include <crosslane/platform/type_name.hpp>
#include <crosslane/runtime/async_errors.hpp>
#include <crosslane/runtime/buffer.hpp>
#include <crosslane/runtime/contract.hpp>
#include <crosslane/runtime/copy.hpp>
#include <crosslane/runtime/device.hpp>
#include <crosslane/runtime/event.hpp>
#include <crosslane/runtime/launch.hpp>
#include <crosslane/runtime/launch_geometry.hpp>
#include <crosslane/runtime/managed.hpp>
#include <crosslane/runtime/occupancy.hpp>
#include <crosslane/runtime/operands.hpp>
#include <crosslane/runtime/process.hpp>
#include <crosslane/runtime/stream.hpp>
#include <crosslane/tensor.hpp>
#include <crosslane/tensor/axis.hpp>
#include <crosslane/tensor/blocked.hpp>
#include <crosslane/tensor/convert.hpp>
#include <crosslane/tensor/derived_layout.hpp>
#include <crosslane/tensor/dlpack.hpp>
#include <crosslane/tensor/dlpack_abi.hpp>
#include <crosslane/tensor/dlpack_export.hpp>
#include <crosslane/tensor/dlpack_fit.hpp>
#include <crosslane/tensor/dlpack_managed.hpp>
#include <crosslane/tensor/dlpack_type.hpp>
#include <crosslane/tensor/extents.hpp>
#include <crosslane/tensor/generate.hpp>
#include <crosslane/tensor/interleave.hpp>
#include <crosslane/tensor/layout.hpp>
#include <crosslane/tensor/mdspan.hpp>
#include <crosslane/tensor/packed.hpp>
#include <crosslane/tensor/part.hpp>
#include <crosslane/tensor/print.hpp>
#include <crosslane/tensor/reduce.hpp>
#include <crosslane/tensor/reduce_kernels.hpp>
#include <crosslane/tensor/reduce_loops.hpp>
#include <crosslane/tensor/reshape.hpp>
#include <crosslane/tensor/row_tile_plan.hpp>
#include <crosslane/tensor/row_tiles.hpp>
#include <crosslane/tensor/slice.hpp>
#include <crosslane/tensor/strided.hpp>
#include <crosslane/tensor/swizzled.hpp>
#include <crosslane/tensor/tensor.hpp>
#include <crosslane/tensor/transform.hpp>
#include <crosslane/tensor/transpose.hpp>
#include <crosslane/tensor/vectorised.hpp>
#include <crosslane/tensor/view.hpp>
#include <crosslane/tensor/walk.hpp>
#include <crosslane/tensor/walk_loops.hpp>
#include <crosslane/vector.hpp>
#include <crosslane/version.hpp>
namespace xl = crosslane;
struct kernel {
  template <class Ctx>
  struct shared {
    xl::block_scratch<float, Ctx> sum;
  };
  static constexpr auto block = xl::block_size<64>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float> x, xl::span<unsigned> n) const {
    float const sum = xl::block_reduce(ctx, s.sum, xl::wave(ctx).reduce(x[0], xl::plus{}), xl::plus{});
    for (auto const i : ctx.grid_stride(x.size())) x[i] = sum + xl::tile<8>(ctx).shuffle(sum, 1);
    xl::atomic(ctx, n[0]).fetch_add(xl::saturate_cast<unsigned>(sum), xl::acq_rel{});
    xl::print(ctx, "%g\n", double(sum));
  }
};
void use(xl::stream const& q, xl::buffer<float>& x, xl::buffer<unsigned>& n) {
  xl::launch(q, {.grid = 4}, kernel{}, x, n);
  xl::transform(q, x, x, x, xl::plus{});
  xl::for_each(q, x, [](float& f) { f += 1; });
  xl::fill(q, n, 3u);
  q.host_callback([] {});
}
