// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The entry points of kernels and their launch, for CUDA and HIP.
#pragma once

#include <crosslane/backend/gpu/argument_pack.hpp>
#include <crosslane/backend/gpu/grid.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/platform/type_name.hpp>
#include <crosslane/runtime/contract.hpp>
#include <crosslane/runtime/launch_geometry.hpp>

#include <atomic>
#include <utility>

namespace crosslane::backend {

/// The primitives of a context; with the grid barrier if the kernel is cooperative.
template <class Intrinsics, class Shape>
using native_of = std::conditional_t<Shape::cooperative, grid_intrinsics<Intrinsics>, Intrinsics>;

/// The last parameter of an entry point, after the arguments.
template <class K>
using kernel_parameter = std::conditional_t<kernel_shape_of<K>::cooperative, cooperative_kernel<K>, K>;

/// Whether the shared struct exceeds the vendor's limit for static shared memory. It then occupies the dynamic memory of the launch alone.
template <class Backend, class K, class Ctx>
inline constexpr bool shared_is_dynamic = has_shared<K, Ctx> && sizeof(kernel_shared<K, Ctx>) > Backend::max_static_shared_bytes;

/// Calls the kernel. This fails to compile if the kernel lacks CROSSLANE_FN. The mark cannot be tested for, but compilers that refuse the
/// call print this name (nvcc) or the line (clang).
template <class Backend, unsigned Width, class K, class Native, class... A>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE void call_kernel_marked_CROSSLANE_FN(K const& kernel, Native const& native, A const&... arguments) {
  using ctx = typename Backend::template context<Width, kernel_shape_of<K>>;
  if constexpr (!has_shared<K, ctx>) {
    kernel(ctx{native}, arguments...);  // its operator() is marked CROSSLANE_FN?
  } else if constexpr (shared_is_dynamic<Backend, K, ctx>) {
    using own = crosslane::context<without_dynamic_shared<Native>, Width, kernel_shape_of<K>>;
    using shared = kernel_shared<K, own>;
    static_assert(alignof(shared) <= 1024, "crosslane: a shared struct of this size must be aligned to at most 1024 bytes");
    kernel(own{{native}}, *static_cast<shared*>(Backend::intrinsics::template dynamic_struct<alignof(shared)>()),
           arguments...);  // CROSSLANE_FN?
  } else {
    __shared__ kernel_shared<K, ctx> memory;
    kernel(ctx{native}, memory, arguments...);  // its operator() is marked CROSSLANE_FN?
  }
}

template <class Backend, unsigned Width, class K, class... A>
CROSSLANE_DEVICE_FN CROSSLANE_INLINE void run_kernel(kernel_parameter<K> const& kernel, A const&... arguments) {
  if constexpr (!Backend::template is_device_width<Width>)
    Backend::intrinsics::trap();  // another pass compiles this kernel; the launch never selects this instance for the architecture
  else if constexpr (kernel_shape_of<K>::cooperative)
    call_kernel_marked_CROSSLANE_FN<Backend, Width>(kernel.kernel, grid_intrinsics<typename Backend::intrinsics>{kernel.counter},
                                                    arguments...);
  else
    call_kernel_marked_CROSSLANE_FN<Backend, Width>(kernel, typename Backend::intrinsics{}, arguments...);
  // The next kernel may wait only for this one. So this one waits for those before it, whether its threads have called the wait or not.
  if constexpr (detail::kernel_overlaps_previous<K>()) Backend::intrinsics::wait_for_previous({});
}

/// Whether the kernel object has no members. It is then created where it runs and not passed, since a one-byte parameter makes launches
/// slower.
template <class K>
inline constexpr bool is_stateless = std::is_empty_v<K> && !kernel_shape_of<K>::cooperative;

/// Returns for how many blocks on a multiprocessor the registers are bounded: those that the kernel states, or fewer if the shared memory
/// has no room for them.
template <class Backend, unsigned Width, class K>
constexpr unsigned bounded_blocks() {
  using ctx = typename Backend::template context<Width, kernel_shape_of<K>>;
  constexpr unsigned stated = kernel_min_blocks<K>();
  if constexpr (stated > 1 && has_shared<K, ctx> && requires { Backend::multiprocessor_shared_bytes; }) {
    constexpr std::size_t fit = Backend::multiprocessor_shared_bytes / sizeof(kernel_shared<K, ctx>);
    return fit < stated ? (fit == 0 ? 1 : unsigned(fit)) : stated;
  } else {
    return stated;
  }
}

/// An instance of a kernel. The kernel object is the last parameter, so that the arguments lie where those of a hand-written kernel do.
template <class Backend, unsigned Width, class K, class... A>
struct instance {
  static constexpr unsigned blocks = bounded_blocks<Backend, Width, K>();
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void run(A const&... arguments, kernel_parameter<K> const& kernel) {
    run_kernel<Backend, Width, K>(kernel, arguments...);
  }
  static CROSSLANE_DEVICE_FN CROSSLANE_INLINE void run(A const&... arguments) requires is_stateless<K> {
    run_kernel<Backend, Width, K>(__builtin_bit_cast(K, char{}), arguments...);
  }
};

template <class Instance, class K, class... Parameters>
__global__ void entry(Parameters... parameters) {
  Instance::run(parameters...);
}

template <class Instance, unsigned Width, class K, class... Parameters>
__global__ void CROSSLANE_GPU_BOUNDS(Width, kernel_max_threads<K>(), Instance::blocks, kernel_shape_of<K>::fixed)
    bounded_entry(Parameters... parameters) {
  Instance::run(parameters...);
}

template <class Instance, class K, class Pack>
__global__ void constant_entry(CROSSLANE_GPU_CONSTANT Pack const pack) {
  pack.template call<Instance>();
}

template <class Instance, unsigned Width, class K, class Pack>
__global__ void CROSSLANE_GPU_BOUNDS(Width, kernel_max_threads<K>(), Instance::blocks, kernel_shape_of<K>::fixed)
    bounded_constant_entry(CROSSLANE_GPU_CONSTANT Pack const pack) {
  pack.template call<Instance>();
}

template <class Instance, unsigned Width, class K, class... Parameters>
constexpr auto entry_of() {
  if constexpr (takes_reference<Parameters...> && kernel_max_threads<K>() != 0)
    return &bounded_constant_entry<Instance, Width, K, argument_pack<Parameters...>>;
  else if constexpr (takes_reference<Parameters...>)
    return &constant_entry<Instance, K, argument_pack<Parameters...>>;
  else if constexpr (kernel_max_threads<K>() != 0)
    return &bounded_entry<Instance, Width, K, Parameters...>;
  else
    return &entry<Instance, K, Parameters...>;
}

/// An entry point that this library has used. Graphs look its name up.
struct kernel_entry {
  kernel_entry(void const* address_, void const* function_, char const* name_) noexcept;
  kernel_entry(kernel_entry const&) = delete;
  kernel_entry& operator=(kernel_entry const&) = delete;
  /// Returns the entry point with this address or function, or null.
  static kernel_entry const* find(void const* function) noexcept;
  bool is(void const* f) const noexcept {
    return f == address || f == function ||
           (__atomic_load_n(&loaded_for, __ATOMIC_ACQUIRE) != 0 && f == __atomic_load_n(&loaded, __ATOMIC_RELAXED));
  }

  void const* address;
  void const* function;  ///< by which the vendor's API knows it in launches
  char const* name;      ///< of the kernel
  kernel_entry const* next = nullptr;
  mutable void const* loaded = nullptr;       ///< the function as one context has it: for the backend
  mutable unsigned long long loaded_for = 0;  ///< that context
};
[[gnu::visibility("hidden")]] inline kernel_entry const* known_entries = nullptr;

inline kernel_entry::kernel_entry(void const* address_, void const* function_, char const* name_) noexcept
    : address{address_}, function{function_}, name{name_}, next{__atomic_load_n(&known_entries, __ATOMIC_RELAXED)} {
  while (!__atomic_compare_exchange_n(&known_entries, &next, static_cast<kernel_entry const*>(this), false, __ATOMIC_RELEASE,
                                      __ATOMIC_RELAXED)) {
  }
}
inline kernel_entry const* kernel_entry::find(void const* function) noexcept {
  kernel_entry const* e = __atomic_load_n(&known_entries, __ATOMIC_ACQUIRE);
  while (e != nullptr && !e->is(function)) e = e->next;
  return e;
}

/// Returns the entry point of the instance.
template <class Backend, unsigned Width, class K, class... A>
kernel_entry const& known_entry() {
  using of = instance<Backend, Width, K, A...>;
  constexpr auto address = [] {
    if constexpr (is_stateless<K>)
      return entry_of<of, Width, K, A...>();
    else
      return entry_of<of, Width, K, A..., kernel_parameter<K>>();
  }();
  static kernel_entry const known{reinterpret_cast<void const*>(address), Backend::kernel_handle(reinterpret_cast<void const*>(address)),
                                  type_name<K>()};
  return known;
}

/// Returns the function by which the vendor's API knows the instance in launches.
template <class Backend, unsigned Width, class K, class... A>
void const* function_of() {
  return known_entry<Backend, Width, K, A...>().function;
}

/// Sets `dynamic` to the dynamic shared memory of a launch, including a shared struct that lies there, and raises the function's limit if
/// needed. It remembers for which device it has done that last, as the call costs about as much as a launch. A... make one memory of
/// that for each function.
template <class Backend, unsigned Width, class K, class... A>
status reserve_dynamic_shared(device_properties const& p, void const* function, std::size_t& dynamic) {
  using ctx = typename Backend::template context<Width, kernel_shape_of<K>>;
  std::size_t fixed = 0;
  if constexpr (shared_is_dynamic<Backend, K, ctx>)
    dynamic = detail::dynamic_struct_bytes<kernel_shared<K, ctx>>;
  else if constexpr (has_shared<K, ctx>)
    fixed = sizeof(kernel_shared<K, ctx>);
  static std::atomic<device_properties const*> raised_for = nullptr;
  if (fixed + dynamic <= p.shared_per_block || raised_for.load(std::memory_order_relaxed) == &p) return {};
  // The static part takes whole units. A limit beyond what is left is refused.
  constexpr std::size_t unit = 128;
  std::size_t const most = p.shared_per_block_optin - (fixed + unit - 1) / unit * unit;
  status const s = Backend::allow_dynamic_shared(function, dynamic > most ? dynamic : most);
  if (s.code == 0) raised_for.store(&p, std::memory_order_relaxed);
  return s;
}

/// Whether the kernel may begin before the previous one has ended. Remembers the answer for the last device.
template <class Backend, unsigned Width, class K, class... A>
bool overlaps_on(device_properties const& p, void const* function) {
  static std::atomic<device_properties const*> does = nullptr, does_not = nullptr;
  if (!p.overlapping_launches || does_not.load(std::memory_order_relaxed) == &p) return false;
  if (does.load(std::memory_order_relaxed) == &p) return true;
  bool const answer = Backend::can_overlap(function);
  (answer ? does : does_not).store(&p, std::memory_order_relaxed);
  return answer;
}

/// Calls f with the pointers of a launch: to each argument and the kernel object, or to one object of all.
template <class K, class F, class Last, class... A>
status with_pointers(F const& f, Last const& last, A const&... arguments) {
  auto const pointer = [](auto const& argument) { return const_cast<void*>(static_cast<void const*>(&argument)); };
  if constexpr (takes_reference<A...> && is_stateless<K>) {
    argument_pack<A...> const pack{arguments...};
    void* pointers[] = {pointer(pack)};
    return f(pointers);
  } else if constexpr (takes_reference<A...>) {
    argument_pack<A..., Last> const pack{arguments..., last};
    void* pointers[] = {pointer(pack)};
    return f(pointers);
  } else {
    void* pointers[] = {pointer(arguments)..., pointer(last)};
    return f(pointers);
  }
}

template <class Backend, unsigned Width, class K, class... A>
status start(typename Backend::stream_handle stream, [[maybe_unused]] device_properties const& p,
             [[maybe_unused]] detail::launch_geometry const& g, kernel_entry const& entry, dim3 grid, dim3 block, void** pointers,
             std::size_t dynamic) {
  void const* const function = entry.function;
  if constexpr (detail::kernel_resident<K>())
    return Backend::from(CROSSLANE_GPU(LaunchCooperativeKernel)(function, grid, block, pointers, unsigned(dynamic), stream));
  if constexpr (requires { &Backend::launch_with_attributes; }) {
    using cluster = typename kernel_shape_of<K>::cluster;
    bool overlaps = false;
    if constexpr (detail::kernel_overlaps_previous<K>()) overlaps = overlaps_on<Backend, Width, K, A...>(p, function);
    if (cluster::blocks != 1 || overlaps || g.priority != stream_priority)
      return Backend::launch_with_attributes(function, grid, block, {cluster::x, cluster::y, cluster::z}, pointers, dynamic, stream,
                                             overlaps, g.priority);
  }
  if constexpr (requires { &Backend::launch_plain; })
    return Backend::launch_plain(entry, grid, block, pointers, dynamic, stream);
  else
    return Backend::from(CROSSLANE_GPU(LaunchKernel)(function, grid, block, pointers, dynamic, stream));
}

template <class Backend, unsigned Width, class K, class... A>
status launch_entry(typename Backend::stream_handle stream, device_properties const& p, detail::launch_geometry const& g, K const& kernel,
                    A const&... arguments) {
  kernel_entry const& entry = known_entry<Backend, Width, K, A...>();
  std::size_t dynamic = g.dynamic_shared;
  if (status const s = reserve_dynamic_shared<Backend, Width, K, A...>(p, entry.function, dynamic); s.code != 0) return s;
  dim3 const grid{g.grid.x, g.grid.y, g.grid.z}, block{g.block.x, g.block.y, g.block.z};
  auto const run = [&](void** pointers) { return start<Backend, Width, K, A...>(stream, p, g, entry, grid, block, pointers, dynamic); };
  if constexpr (kernel_shape_of<K>::cooperative) {
    // The counter of the barrier comes from the driver's pool on all backends, so that a capture makes it a part of the graph.
    void* counter = nullptr;
    if (status const s = Backend::allocate(memory_kind::device, &counter, sizeof(unsigned), stream, p.stream_ordered_memory, {});
        s.code != 0)
      return s;
    cooperative_kernel<K> const last{kernel, static_cast<unsigned*>(counter)};
    status answer = Backend::fill_bytes(counter, 0, sizeof(unsigned), stream, g.where);
    if (answer.code == 0) answer = with_pointers<K>(run, last, arguments...);
    status const freed = Backend::deallocate(memory_kind::device, counter, stream, p.stream_ordered_memory);
    return answer.code != 0 ? answer : freed;
  } else {
    return with_pointers<K>(run, kernel, arguments...);
  }
}

template <class Backend, unsigned Width, class K, class... A>
status entries_per_multiprocessor(device_properties const& p, unsigned threads, std::size_t dynamic, int* blocks) {
  void const* const function = function_of<Backend, Width, K, A...>();
  if (status const s = reserve_dynamic_shared<Backend, Width, K, A...>(p, function, dynamic); s.code != 0) return s;
  return Backend::from(CROSSLANE_GPU(OccupancyMaxActiveBlocksPerMultiprocessor)(blocks, function, int(threads), dynamic));
}

template <class Backend, unsigned Width, class K, class... A>
status resources_of_entry(device_properties const& p, unsigned threads, std::size_t dynamic, kernel_resources& out) {
  void const* const function = function_of<Backend, Width, K, A...>();
  if (status const s = reserve_dynamic_shared<Backend, Width, K, A...>(p, function, dynamic); s.code != 0) return s;
  CROSSLANE_GPU(FuncAttributes) facts{};
  if (status const s = Backend::from(CROSSLANE_GPU(FuncGetAttributes)(&facts, function)); s.code != 0) return s;
  out.registers = unsigned(facts.numRegs);
  out.local_bytes = facts.localSizeBytes;
  out.static_shared = facts.sharedSizeBytes;
  out.dynamic_shared = dynamic;
  Backend::vendor::add_resources(threads, out);
  return {};
}

}  // namespace crosslane::backend
