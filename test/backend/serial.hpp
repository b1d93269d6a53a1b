// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The smallest backend that meets the contract: the calling thread does all work at once, and the threads of a block run one after
/// another. So threads that wait for each other are an error of the kernel. It is an example of what a new backend writes, see
/// docs/adding-a-backend.md.
#pragma once

#include <crosslane/crosslane.hpp>

#include "contract_parts.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <tuple>

namespace serial_backend {

namespace xl = crosslane;
using xl::status;

/// The stream and the event of the backend. A stream counts its work, an event keeps a time.
struct queue {
  int device;
};
struct event {
  std::chrono::steady_clock::time_point time;
};

// [runtime]
/// The runtime contract. Work is done when a call returns, so nothing has to wait.
struct runtime {
  using stream_handle = queue*;
  using event_handle = event*;
  enum code { success, invalid_device, out_of_memory };

  static char const* text(status s) noexcept {
    constexpr char const* texts[] = {"success", "invalid device", "out of memory"};
    return texts[s.code];
  }
  static xl::errc classify(status s) noexcept { return s.code == invalid_device ? xl::errc::invalid_device : xl::errc::out_of_memory; }
  static void clear_last_error() noexcept {}

  static status device_count(int* count) noexcept { return *count = 1, status{}; }
  static status current_device(int* index) noexcept { return *index = 0, status{}; }
  static status select_device(int index) noexcept { return {index == 0 ? success : invalid_device}; }
  static status device_synchronize() noexcept { return {}; }
  static status properties(int index, xl::device_properties& p) noexcept {
    if (index != 0) return {invalid_device};
    std::snprintf(p.name, sizeof p.name, "serial");
    std::snprintf(p.architecture, sizeof p.architecture, "serial");
    p.wave_size = 32;
    p.multiprocessors = p.simds_per_multiprocessor = 1;
    p.max_threads_per_block = p.max_threads_per_multiprocessor = 1024;
    p.max_block = {1024, 1024, 1024};
    p.max_grid = {0x7fffffff, 65535, 65535};
    p.shared_per_block = p.shared_per_block_optin = 48 * 1024;
    p.memory = std::size_t{1} << 32;
    return {};
  }
  static status free_memory(std::size_t* bytes) noexcept { return *bytes = std::size_t{1} << 32, status{}; }
  // [runtime]

  static status link(int, int, xl::device_link&) noexcept { return {}; }  // there is one device
  static status set_peer_access(int, bool, bool) noexcept { return {}; }

  static status stream_create(stream_handle* q, int device) { return *q = new queue{device}, status{}; }
  static status stream_destroy(stream_handle q) noexcept { return delete q, status{}; }
  static status stream_synchronize(stream_handle) noexcept { return {}; }
  static status stream_query(stream_handle, bool* done) noexcept { return *done = true, status{}; }
  static status stream_wait_event(stream_handle, event_handle) noexcept { return {}; }
  static status stream_callback(stream_handle, void (*call)(void*), void (*)(void*), void* argument) { return call(argument), status{}; }
  static status stream_capture(stream_handle, unsigned long long* number) noexcept {
    *number = 0;
    return {};
  }
  static bool is_of_capture(status) noexcept { return false; }
  static void const* key(stream_handle q) noexcept { return q; }

  static status event_create(event_handle* e, bool) { return *e = new event{}, status{}; }
  static status event_destroy(event_handle e) noexcept { return delete e, status{}; }
  static status event_record(event_handle e, stream_handle) noexcept { return e->time = std::chrono::steady_clock::now(), status{}; }
  static status event_synchronize(event_handle) noexcept { return {}; }
  static status event_query(event_handle, bool* done) noexcept { return *done = true, status{}; }
  static status event_elapsed(float* milliseconds, event_handle from, event_handle to) noexcept {
    *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
    return {};
  }

  static status allocate(xl::memory_kind, void** memory, std::size_t bytes, stream_handle, bool, xl::source_location) noexcept {
    *memory = bytes > std::size_t{1} << 32 ? nullptr : std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    return {*memory == nullptr ? out_of_memory : success};
  }
  static status deallocate(xl::memory_kind, void* memory, stream_handle, bool) noexcept { return std::free(memory), status{}; }
  static status allocate_chunk(xl::memory_kind kind, void** memory, std::size_t bytes, xl::source_location where) noexcept {
    return allocate(kind, memory, bytes, {}, false, where);
  }
  static status free_chunk(xl::memory_kind, void* memory) noexcept { return std::free(memory), status{}; }
  static status copy(void* to, void const* from, std::size_t bytes, stream_handle, xl::source_location) noexcept {
    return std::memcpy(to, from, bytes), status{};
  }
  static status copy_between(void* to, int, void const* from, int, std::size_t bytes, stream_handle q, xl::source_location where) noexcept {
    return copy(to, from, bytes, q, where);
  }
  static status copy_2d(void* to, std::size_t to_pitch, void const* from, std::size_t from_pitch, std::size_t width, std::size_t height,
                        stream_handle, xl::source_location) noexcept {
    for (std::size_t y = 0; y < height; ++y)
      std::memcpy(static_cast<char*>(to) + y * to_pitch, static_cast<char const*>(from) + y * from_pitch, width);
    return {};
  }
  static status fill_bytes(void* to, int byte, std::size_t bytes, stream_handle, xl::source_location) noexcept {
    return std::memset(to, byte, bytes), status{};
  }

  static status register_host(void* memory, std::size_t, void** for_kernels) noexcept { return *for_kernels = memory, status{}; }
  static status unregister_host(void*, stream_handle) noexcept { return {}; }
  // The device has no concurrent_managed_access, so the library calls none of these.
  static status is_managed(void const*, std::size_t, bool* managed) noexcept { return *managed = false, status{}; }
  static status prefetch(void const*, std::size_t, xl::memory_location, int, stream_handle) noexcept { return {}; }
  static status advise(void const*, std::size_t, xl::memory_advice, bool, xl::memory_location, int) noexcept { return {}; }

  static constexpr xl::dlpack::device place_in_dlpack(xl::memory_kind, int) noexcept { return {xl::dlpack::cpu, 0}; }
  static constexpr bool reaches_dlpack(xl::dlpack::device place, int) noexcept { return place.device_type == xl::dlpack::cpu; }
};

// [primitives]
/// The kernel contract: one thread's view of its launch. Operations that wait for another thread are errors.
class primitives : public xl::backend::wave_hooks {
 public:
  /// The state that all threads of a block share.
  struct block_state {
    xl::extent3 grid, extent, index;
    void* dynamic_shared;
    std::size_t dynamic_shared_bytes;
  };
  primitives(block_state const& block, xl::extent3 thread) : block_{&block}, thread_{thread} {}

  template <int Axis>
  unsigned thread_index() const {
    return along<Axis>(thread_);
  }
  template <int Axis>
  unsigned block_index() const {
    return along<Axis>(block_->index);
  }
  template <int Axis>
  unsigned block_extent() const {
    return along<Axis>(block_->extent);
  }
  template <int Axis>
  unsigned grid_extent() const {
    return along<Axis>(block_->grid);
  }

  void sync_block(xl::source_location where) const {
    if (block_->extent.size() != 1) fail("serial: a barrier of more than one thread", where);
  }
  void wait_for_previous(xl::source_location) const {}  // each launch has ended when the next one is queued
  void let_next_start() const {}
  void* dynamic_shared() const { return block_->dynamic_shared; }
  std::size_t dynamic_shared_bytes() const { return block_->dynamic_shared_bytes; }

  template <unsigned W>
  void sync_lanes(xl::lane_mask<W> members, xl::source_location where) const {
    if (members.count() != 1) fail("serial: an operation of more than one lane", where);
  }
  template <unsigned W, class T>
  T shuffle(xl::lane_mask<W> members, T const& value, unsigned, xl::source_location where) const {
    return sync_lanes(members, where), value;
  }
  template <unsigned W>
  xl::lane_mask<W> ballot(xl::lane_mask<W> members, bool predicate, xl::source_location where) const {
    return sync_lanes(members, where), predicate ? members : xl::lane_mask<W>::none();
  }
  template <unsigned W, class T>
  xl::lane_mask<W> match_any(xl::lane_mask<W> members, T const&, xl::source_location where) const {
    return sync_lanes(members, where), members;
  }
  template <unsigned W, unsigned Bits>
  xl::lane_mask<W> match_bits(xl::lane_mask<W> members, unsigned, xl::source_location where) const {
    return sync_lanes(members, where), members;
  }
  // [primitives]

  template <xl::scope, class Order, class T>
  T atomic_load(T const* target) const {
    return *target;
  }
  template <xl::scope, class Order, class T>
  void atomic_store(T* target, T value) const {
    *target = value;
  }
  template <xl::scope, class Order, class T>
  T atomic_exchange(T* target, T value) const {
    return std::exchange(*target, value);
  }
  template <xl::scope, class Order, class T>
  bool atomic_compare_exchange(T* target, T& expected, T desired) const {
    bool const same = std::memcmp(target, &expected, sizeof(T)) == 0;
    same ? * target = desired : expected = *target;
    return same;
  }
  template <xl::scope, class Order, class Op, class T>
  T atomic_fetch(T* target, T value) const {
    return std::exchange(*target, Op{}(*target, value));
  }
  template <xl::scope S, class T>
  T atomic_add_coarse_grained(T* target, T value) const {
    return atomic_fetch<S, xl::relaxed, xl::plus>(target, value);
  }
  template <class Format, xl::scope>
  static constexpr bool has_atomic_add_pair = false;
  template <class Format>
  static constexpr bool has_atomic_add_pair_coarse_grained = false;
  template <xl::scope, class Order>
  void fence() const {}
  void pause() const {}

  /// Copies at the call.
  struct async_copies {
    template <unsigned Bytes>
    void copy(void* to, void const* from, xl::source_location) {
      std::memcpy(to, from, Bytes);
    }
    template <unsigned Bytes>
    void copy_some(void* to, void const* from, unsigned valid, xl::source_location) {
      std::memcpy(to, from, valid);
      std::memset(static_cast<char*>(to) + valid, 0, Bytes - valid);
    }
    void commit() {}
    template <unsigned Pending>
    void wait() {}
  };
  struct tile_stores : async_copies {
    static constexpr bool available = false;
  };
  template <unsigned Stages>
  struct bulk_copies {
    static constexpr bool available = false;
  };

  std::uint64_t clock() const { return timer_ns(); }
  std::uint64_t timer_ns() const {
    return std::uint64_t(std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
  }
  [[noreturn]] void fail(char const* text, xl::source_location where) const { xl::throw_error(xl::errc::kernel_fault, where, "%s", text); }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  template <class... Args>
  void print(char const* format, Args... arguments) const {
    std::printf(format, arguments...);
  }
#pragma GCC diagnostic pop

 private:
  template <int Axis>
  static unsigned along(xl::extent3 const& e) {
    return Axis == 0 ? e.x : Axis == 1 ? e.y : e.z;
  }
  block_state const* block_;
  xl::extent3 thread_;
};

// [backend]
/// The backend: both contracts, limits, and the launch.
struct serial : runtime {
  static constexpr char const* name = "serial";
  using widths = std::integer_sequence<unsigned, 32>;
  template <unsigned Width, class Shape>
  using context = xl::context<primitives, Width, Shape>;

  static constexpr std::size_t max_static_shared_bytes = 48 * 1024, max_shared_bytes = 48 * 1024, max_argument_bytes = 4096;
  static constexpr unsigned max_cluster_blocks = 1;
  static constexpr bool std_complex_computes = true;

  template <unsigned Width, class K, class... A>
  static status launch(stream_handle q, xl::device_properties const& p, xl::detail::launch_geometry const& g, K const& kernel,
                       A const&... arguments) {
    using ctx = context<Width, xl::kernel_shape_of<K>>;
    auto* const memory = static_cast<std::byte*>(std::aligned_alloc(128, p.shared_per_block));
    if (memory == nullptr) return {out_of_memory};
    try {
      for_each_index(g.grid, [&](xl::extent3 block) {
        primitives::block_state const state{g.grid, g.block, block, memory, g.dynamic_shared};
        for_each_index(g.block, [&](xl::extent3 thread) {
          if constexpr (xl::has_shared<K, ctx>)
            kernel(ctx{primitives{state, thread}}, *reinterpret_cast<xl::kernel_shared<K, ctx>*>(memory + dynamic_bytes(g)), arguments...);
          else
            kernel(ctx{primitives{state, thread}}, arguments...);
        });
      });
    } catch (...) {  // an error of the kernel surfaces at the next synchronising call
      xl::detail::keep_exception<serial>({key(q), q->device}, std::current_exception());
    }
    std::free(memory);
    return {};
  }
  template <unsigned Width, class K, class... A>
  static status blocks_per_multiprocessor(xl::device_properties const&, unsigned, std::size_t, int* blocks) noexcept {
    return *blocks = 1, status{};
  }
  template <unsigned Width, class K, class... A>
  static status resources_of(xl::device_properties const&, unsigned, std::size_t dynamic_shared, xl::kernel_resources& out) noexcept {
    return out.dynamic_shared = dynamic_shared, status{};
  }
  // [backend]

 private:
  /// The dynamic memory of a block comes first, then its shared struct.
  static std::size_t dynamic_bytes(xl::detail::launch_geometry const& g) { return (g.dynamic_shared + 127) / 128 * 128; }
  template <class F>
  static void for_each_index(xl::extent3 const& e, F const& f) {
    for (unsigned z = 0; z < e.z; ++z)
      for (unsigned y = 0; y < e.y; ++y)
        for (unsigned x = 0; x < e.x; ++x) f(xl::extent3{x, y, z});
  }
};

static_assert(crosslane_test::has_all_parts<serial>());

}  // namespace serial_backend
