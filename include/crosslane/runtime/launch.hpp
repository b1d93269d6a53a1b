// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernel launches. launch_requirements.hpp has what must hold at compile time.
#pragma once

#include <crosslane/kernel/shape.hpp>
#include <crosslane/platform/config.hpp>
#include <crosslane/platform/type_name.hpp>
#include <crosslane/runtime/launch_geometry.hpp>
#include <crosslane/runtime/launch_requirements.hpp>
#include <crosslane/runtime/operands.hpp>
#include <crosslane/runtime/traced_work.hpp>

#include <atomic>
#include <utility>

namespace crosslane {

/// The geometry of a launch: the grid in blocks and the block in threads, each a number or {x, y, z}. If any size is 0, nothing is
/// launched.
struct launch_config {
  extent3 grid = 1;                 ///< blocks
  extent3 block = block_of_kernel;  ///< threads; can be omitted if the kernel fixes it
  std::size_t dynamic_shared = 0;   ///< bytes per block in addition to the kernel's shared struct
  /// The priority of this launch in place of that of its stream, in the numbers of basic_stream's constructor. Values outside the device's
  /// range are clamped. A hint, for CUDA and ordinary kernels: AMD GPUs, the host, and resident kernels keep that of the stream.
  int priority = stream_priority;
  source_location where = source_location::current();  ///< the place of the launch, for errors
};

namespace detail {

/// A type that owns memory and is passed to a kernel as a view: a buffer or a tensor.
template <class A>
concept memory_owner = requires(A& owner, source_location where) {
  owner.require(where);
  owner.view();
};

/// Returns what a kernel receives for an argument: the view of an owner, a copy of anything else.
template <class A>
auto kernel_argument(A&& argument, [[maybe_unused]] source_location where) {
  if constexpr (memory_owner<std::remove_reference_t<A>>) {
    argument.require(where);
    return argument.view();
  } else {
    return std::decay_t<A>(static_cast<A&&>(argument));
  }
}

/// Whether a launch is within all limits. A false answer may be wrong: check_geometry() decides.
template <class K>
CROSSLANE_INLINE bool surely_fits(device_properties const& p, launch_geometry const& g, std::size_t static_shared, bool dynamic_struct) {
  using shape = kernel_shape_of<K>;
  if constexpr (shape::cluster::blocks != 1) return false;
  auto const axis_fits = [&p](unsigned grid, unsigned block, unsigned max_grid, unsigned max_block) {
    return grid <= max_grid && block <= max_block && std::uint64_t{grid} * block <= p.max_threads_per_axis;
  };
  bool const x = axis_fits(g.grid.x, g.block.x, p.max_grid.x, p.max_block.x);
  bool const y = shape::dimensions < 2 ? g.grid.y == 1 && g.block.y == 1 : axis_fits(g.grid.y, g.block.y, p.max_grid.y, p.max_block.y);
  bool const z = shape::dimensions < 3 ? g.grid.z == 1 && g.block.z == 1 : axis_fits(g.grid.z, g.block.z, p.max_grid.z, p.max_block.z);
  unsigned const most = kernel_max_threads<K>() != 0 ? kernel_max_threads<K>() : 1024;
  std::uint64_t const threads = g.block.size();
  if (!x || !y || !z || threads > most || threads > p.max_threads_per_block) return false;
  if constexpr (shape::fixed)
    if (g.block != extent3{shape::x, shape::y, shape::z}) return false;
  return static_shared <= p.shared_per_block_optin && g.dynamic_shared <= p.shared_per_block_optin - static_shared &&
         (!dynamic_struct || g.dynamic_shared == 0);
}

/// Throws if the geometry exceeds what the kernel states or what the device supports.
template <class K>
[[gnu::cold, gnu::noinline]] void check_geometry(char const* backend, int device, device_properties const& p, launch_geometry const& g,
                                                 std::size_t static_shared, bool dynamic_struct) {
  constexpr char const* axes = "xyz";
  unsigned const grid[3] = {g.grid.x, g.grid.y, g.grid.z}, block[3] = {g.block.x, g.block.y, g.block.z};
  unsigned const max_grid[3] = {p.max_grid.x, p.max_grid.y, p.max_grid.z}, max_block[3] = {p.max_block.x, p.max_block.y, p.max_block.z};
  char const* const kernel = type_name<K>();
  for (int i = 0; i < 3; ++i) {
    if (i >= kernel_shape_of<K>::dimensions && (grid[i] != 1 || block[i] != 1))
      throw_error(errc::invalid_argument, g.where,
                  "launch of %s: grid (%u, %u, %u) block (%u, %u, %u), but the kernel is written for %d dimension(s): it would need "
                  "'static constexpr int dimensions = %d;'",
                  kernel, grid[0], grid[1], grid[2], block[0], block[1], block[2], kernel_shape_of<K>::dimensions, i + 1);
    if (grid[i] > max_grid[i])
      throw_error(errc::limit_exceeded, g.where, "launch of %s: grid.%c is %u%s, the limit of %s device %d is %u", kernel, axes[i], grid[i],
                  grid[i] > 0x7fffffffu ? " (made from a negative number?)" : "", backend, device, max_grid[i]);
    if (block[i] > max_block[i])
      throw_error(errc::limit_exceeded, g.where, "launch of %s: block.%c is %u%s, the limit of %s device %d is %u", kernel, axes[i],
                  block[i], block[i] > 0x7fffffffu ? " (made from a negative number?)" : "", backend, device, max_block[i]);
    if (std::uint64_t{grid[i]} * block[i] > p.max_threads_per_axis)
      throw_error(errc::limit_exceeded, g.where,
                  "launch of %s: grid.%c of %u blocks of %u threads, the limit of %s device %d is %llu threads", kernel, axes[i], grid[i],
                  block[i], backend, device, static_cast<unsigned long long>(p.max_threads_per_axis));
  }
  if constexpr (kernel_shape_of<K>::cluster::blocks != 1) {
    using cluster = typename kernel_shape_of<K>::cluster;
    unsigned const extents[3] = {cluster::x, cluster::y, cluster::z};
    for (int i = 0; i < 3; ++i)
      if (grid[i] % extents[i] != 0)
        throw_error(errc::invalid_argument, g.where,
                    "launch of %s: grid.%c is %u blocks but must be a multiple of %u: the kernel states clusters of (%u, %u, %u) blocks",
                    kernel, axes[i], grid[i], extents[i], extents[0], extents[1], extents[2]);
    if (cluster::blocks > p.max_cluster_blocks)
      throw_error(errc::not_supported, g.where, "launch of %s: a cluster of %u blocks, the limit of %s device %d is %u%s", kernel,
                  cluster::blocks, backend, device, p.max_cluster_blocks, p.max_cluster_blocks == 1 ? ": it has no clusters" : "");
  }
  std::uint64_t const threads = g.block.size();
  if (threads > p.max_threads_per_block)
    throw_error(errc::limit_exceeded, g.where, "launch of %s: a block of %llu threads, the limit of %s device %d is %u", kernel,
                static_cast<unsigned long long>(threads), backend, device, p.max_threads_per_block);
  if constexpr (kernel_max_threads<K>() != 0) {
    if (threads > kernel_max_threads<K>())
      throw_error(errc::limit_exceeded, g.where, "launch of %s: a block of %llu threads, the kernel states at most %u", kernel,
                  static_cast<unsigned long long>(threads), kernel_max_threads<K>());
  }
  if constexpr (kernel_shape_of<K>::fixed) {
    using shape = kernel_shape_of<K>;
    if (g.block != extent3{shape::x, shape::y, shape::z})
      throw_error(errc::invalid_argument, g.where, "launch of %s: block (%u, %u, %u), the kernel fixes (%u, %u, %u)", kernel, block[0],
                  block[1], block[2], shape::x, shape::y, shape::z);
  }
  if (dynamic_struct && g.dynamic_shared != 0)
    throw_error(errc::limit_exceeded, g.where,
                "launch of %s: %zu bytes of dynamic shared memory, the limit is 0 as the shared struct of %zu bytes is itself in dynamic "
                "shared memory",
                kernel, g.dynamic_shared, static_shared);
  if (dynamic_struct && static_shared > p.shared_per_block_optin)
    throw_error(errc::limit_exceeded, g.where,
                "launch of %s: the shared struct, with what its alignment can take, has %zu bytes, the limit of %s device %d is %zu",
                kernel, static_shared, backend, device, p.shared_per_block_optin);
  if (static_shared > p.shared_per_block_optin || g.dynamic_shared > p.shared_per_block_optin - static_shared)
    throw_error(errc::limit_exceeded, g.where,
                "launch of %s: %zu + %zu bytes of static and dynamic shared memory, the limit of %s device %d is %zu", kernel,
                static_shared, g.dynamic_shared, backend, device, p.shared_per_block_optin);
}

/// Calls f with the wave size as an integral constant, which selects the instance of the kernel and all sizes that depend on it. Returns
/// false if the backend was not built for this wave size.
template <class F, unsigned... Widths>
bool with_wave_size(unsigned wave_size, std::integer_sequence<unsigned, Widths...>, F const& f) {
  return ((wave_size == Widths && (f(std::integral_constant<unsigned, Widths>{}), true)) || ...);
}

inline namespace CROSSLANE_CONFIGURATION {

/// Adds a launch to the log. Throws if the backend refused the launch. With CROSSLANE_CONFIG_SYNC_LAUNCHES it also waits for the kernel and
/// throws if the kernel failed.
template <class B>
void note_launch(basic_stream_ref<B> q, status answer, launch_record const& record, std::size_t dynamic_shared = 0) {
  if (answer.code == 0) launches<B>().record(record);
  char const* call = "launch";
  if (CROSSLANE_CONFIG_SYNC_LAUNCHES && answer.code == 0 && !is_captured<B>(q.native())) {
    answer = B::stream_synchronize(q.native());
    call = "launch and synchronize";
    exceptions<B>().rethrow(q.log_key());
  }
  check<B>(answer, call, record.where, [&](error_text& t) {
    t.append("launch of %s, grid (%u, %u, %u) block (%u, %u, %u), %zu bytes of dynamic shared memory, on ", record.kernel, record.grid.x,
             record.grid.y, record.grid.z, record.block.x, record.block.y, record.block.z, dynamic_shared);
    q.describe(t);
    // All other limits were checked before. Registers are left.
    if (B::classify(answer) == errc::limit_exceeded)
      t.append(" (more registers than a block of %llu threads can have; the kernel can limit them by a max_threads)",
               static_cast<unsigned long long>(record.block.size()));
  });
}

}  // namespace CROSSLANE_CONFIGURATION

/// Checks the kernel, its arguments and the geometry for the instance of the device's wave size. Then calls f with that wave size as an
/// integral constant.
template <class B, class K, class... A, class F>
void with_instance(int device, device_properties const& p, launch_geometry const& g, F const& f) {
  bool const width_known = with_wave_size(p.wave_size, typename B::widths{}, [&](auto width) {
    using ctx = typename B::template context<width, kernel_shape_of<K>>;
    static_assert(check_kernel<B, K, ctx, A...>());
    constexpr std::size_t struct_bytes = has_shared<K, ctx> ? sizeof(kernel_shared<K, ctx>) : 0;
    constexpr bool dynamic_struct = struct_bytes > B::max_static_shared_bytes;
    constexpr std::size_t shared_bytes = dynamic_struct ? dynamic_struct_bytes<kernel_shared<K, ctx>> : struct_bytes;
    if (!surely_fits<K>(p, g, shared_bytes, dynamic_struct)) check_geometry<K>(B::name, device, p, g, shared_bytes, dynamic_struct);
    f(width);
  });
  if (!width_known)
    throw_error(errc::not_supported, g.where, "launch of %s: %s device %d has waves of %u lanes, for which this backend was not built",
                type_name<K>(), B::name, device, p.wave_size);
}

/// Returns how many blocks of an instance fit a multiprocessor of the current device at once.
template <class B, unsigned Width, class K, class... A>
unsigned resident_blocks(int device, device_properties const& p, launch_geometry const& g) {
  // The answer for a fixed block is remembered for each device, as the call costs about as much as a launch.
  static std::atomic<unsigned> known[most_devices];  // blocks + 1, or 0
  bool const same_each_time = kernel_shape_of<K>::fixed && g.dynamic_shared == 0 && device < most_devices;
  if (same_each_time)
    if (unsigned const answer = known[device].load(std::memory_order_relaxed)) return answer - 1;
  int blocks = 0;
  unsigned const threads = unsigned(g.block.size());
  check<B>(B::template blocks_per_multiprocessor<Width, K, A...>(p, threads, g.dynamic_shared, &blocks), "blocks per multiprocessor",
           g.where, [&](error_text& t) {
             t.append("%s, a block of %u threads, %zu bytes of dynamic shared memory, on %s device %d", type_name<K>(), threads,
                      g.dynamic_shared, B::name, device);
           });
  if (same_each_time) known[device].store(unsigned(blocks) + 1, std::memory_order_relaxed);
  return unsigned(blocks);
}

/// Throws if the blocks of a resident or cooperative kernel cannot all be on the device at once.
template <class B, unsigned Width, class K, class... A>
void check_resident(int device, device_properties const& p, launch_geometry const& g) {
  constexpr char const* kind = kernel_shape_of<K>::cooperative ? "cooperative" : "resident";
  if (!p.cooperative_launch)
    throw_error(errc::not_supported, g.where, "launch of %s: the kernel is %s, but %s device %d does not support cooperative launches",
                type_name<K>(), kind, B::name, device);
  unsigned const resident = resident_blocks<B, Width, K, A...>(device, p, g);
  std::uint64_t const fit = std::uint64_t{resident} * p.multiprocessors;
  if (g.grid.size() > fit)
    throw_error(errc::limit_exceeded, g.where,
                "launch of %s: a %s grid of %llu blocks, the limit of %s device %d is %llu: %u per multiprocessor x %u "
                "multiprocessors",
                type_name<K>(), kind, static_cast<unsigned long long>(g.grid.size()), B::name, device, static_cast<unsigned long long>(fit),
                resident, p.multiprocessors);
}

template <class B, class K, class... A>
void check_and_launch(basic_stream_ref<B> q, launch_geometry const& g, K const& kernel, A const&... arguments) {
  static_assert(check_argument_bytes<argument_bytes<K, A...>(), B::max_argument_bytes>::ok);
  device_properties const& p = q.properties(g.where);
  auto const current = q.make_current("launch", g.where);
  with_instance<B, K, A...>(q.device().index(), p, g, [&](auto width) {
    if constexpr (kernel_resident<K>()) check_resident<B, width, K, A...>(q.device().index(), p, g);
    traced_work<B> const traced{q, [&] { return traced_call{"launch", type_name<K>(), g.where, 0, &g}; }};
    note_launch(q, B::template launch<width>(q.native(), p, g, kernel, arguments...),
                {type_name<K>(), q.log_key(), g.grid, g.block, g.where}, g.dynamic_shared);
  });
}

/// Returns the block size of the configuration, or the one that the kernel fixes. Throws invalid_argument if neither gives one.
template <class K>
extent3 block_extent(launch_config const& config) {
  if (config.block != block_of_kernel) return config.block;
  using shape = kernel_shape_of<K>;
  if constexpr (!shape::fixed)
    throw_error(errc::invalid_argument, config.where, "launch of %s: no block size given, and the kernel fixes none", type_name<K>());
  return {shape::x, shape::y, shape::z};
}

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues `kernel(context, [shared,] arguments...)` for every thread of the grid. Buffers and tensors are passed as views; everything else
/// is copied.
///
/// Throws at once if the kernel or the device does not support the geometry. Throws invalid_argument if a buffer belongs to another device
/// than the stream. For a resident or cooperative kernel it throws not_supported if the device has no cooperative launches, and
/// limit_exceeded if the blocks cannot all be on the device at once. Errors of the kernel itself surface at the next synchronising call.
///
///   xl::buffer<float> x{q, n};
///   xl::launch(q, {.grid = xl::cover(n, 256), .block = 256}, scale{}, x, 2.f);
///   q.synchronize();  // throws if the kernel failed
template <stream_like S, class K, class... A>
void launch(S const& stream, launch_config config, K const& kernel, A&&... arguments) {
  using B = typename S::backend;
  static_assert(detail::check_arguments<K, decltype(detail::kernel_argument(static_cast<A&&>(arguments), config.where))...>(
      std::make_integer_sequence<int, int(sizeof...(A)) + 1>{}));
  static_assert(detail::check_arithmetics<B, K, decltype(detail::kernel_argument(static_cast<A&&>(arguments), config.where))...>());
  auto const q = detail::ref_of(stream, config.where);
  detail::launch_geometry const g{config.grid, detail::block_extent<K>(config), config.dynamic_shared, config.where, config.priority};
  if (g.grid.x == 0 || g.grid.y == 0 || g.grid.z == 0 || g.block.x == 0 || g.block.y == 0 || g.block.z == 0) return;
  detail::require_on_device(q, "launch", config.where, arguments...);
  detail::check_and_launch<B>(q, g, kernel, detail::kernel_argument(static_cast<A&&>(arguments), config.where)...);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
