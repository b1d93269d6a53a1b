// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The contract of a backend: a struct of static functions and constants. No other part of the library depends on a vendor. The part
/// that kernels need is in `kernel/contract.hpp`.
#pragma once

#include <crosslane/core/device_link.hpp>
#include <crosslane/core/device_properties.hpp>
#include <crosslane/core/dlpack_device.hpp>
#include <crosslane/kernel/context.hpp>
#include <crosslane/kernel/contract.hpp>
#include <crosslane/platform/source_location.hpp>
#include <crosslane/runtime/launch_geometry.hpp>

#include <concepts>
#include <utility>

namespace crosslane {

/// The vendor's own error code; 0 is success.
struct status {
  int code = 0;  ///< the vendor's number
};

/// The kinds of a buffer's memory.
enum class memory_kind : unsigned char {
  device,   ///< device memory; stream-ordered if the device supports that
  pinned,   ///< page-locked host memory that the device can access; copies between it and the device are asynchronous and fast
  managed,  ///< memory that migrates to the side that accesses it. On AMD it can be 100 times slower than device memory: use it only where
            ///< measured
};

/// The places of the pages of managed memory.
enum class memory_location : unsigned char {
  device,  ///< the memory of the device that the call names
  host,    ///< the memory of the host
};

/// The uses of managed memory that the host can announce.
enum class memory_advice : unsigned char {
  read_mostly,         ///< read often, written rarely: each reader gets a copy of a page, and a write ends all other copies
  preferred_location,  ///< pages stay at a location as long as it is possible; others access them from there
  accessed_by,         ///< pages stay mapped for a location, which then accesses them without page faults
};

/// The resources of one instance of a kernel. A member is 0 if the backend does not know it.
struct kernel_resources {
  unsigned registers = 0;            ///< of a thread
  std::size_t local_bytes = 0;       ///< of a thread: registers that were spilled, arrays that are not in registers
  std::size_t static_shared = 0;     ///< bytes of a block: the shared struct, unless it lies in dynamic shared memory
  std::size_t dynamic_shared = 0;    ///< bytes of a block: of the launch, or the shared struct
  std::size_t reserved_shared = 0;   ///< bytes of a block that the vendor adds
  unsigned blocks_by_registers = 0;  ///< the blocks for which a multiprocessor has registers
};

/// The runtime part of the contract: the calls that the host makes. Calls without a device argument apply to the current device.
///
/// A backend may also offer, for traces and profilers: `push_range(name)`, `pop_range()` and `mark(name)` of its profiler;
/// `traces_its_work = true`, if its streams take the note of their work (trace_note.hpp); otherwise the type `capture_pause`, during whose
/// life no call breaks a capture.
template <class B>
concept runtime_backend = requires(int i, int* ip, bool* bp, float* fp, std::size_t n, std::size_t* np, void* p, void** pp, void const* cp,
                                   void (*callback)(void*), status s, device_properties& properties, device_link& link, memory_kind kind,
                                   typename B::stream_handle stream, typename B::stream_handle* stream_out, typename B::event_handle event,
                                   typename B::event_handle* event_out, unsigned long long* number, source_location where) {
  { B::name } -> std::convertible_to<char const*>;
  { B::text(s) } -> std::same_as<char const*>;
  { B::classify(s) } -> std::same_as<errc>;
  B::clear_last_error();

  { B::device_count(ip) } -> std::same_as<status>;
  { B::current_device(ip) } -> std::same_as<status>;
  { B::select_device(i) } -> std::same_as<status>;
  { B::device_synchronize() } -> std::same_as<status>;
  { B::properties(i, properties) } -> std::same_as<status>;
  { B::free_memory(np) } -> std::same_as<status>;
  { B::link(i, i, link) } -> std::same_as<status>;  // from one device to another one
  // Lets kernels on the current device access memory of another device, or ends that. The last flag: its memory pools too.
  { B::set_peer_access(i, true, true) } -> std::same_as<status>;

  { B::stream_create(stream_out, i) } -> std::same_as<status>;
  { B::stream_destroy(stream) } -> std::same_as<status>;
  { B::stream_synchronize(stream) } -> std::same_as<status>;
  { B::stream_query(stream, bp) } -> std::same_as<status>;
  { B::stream_wait_event(stream, event) } -> std::same_as<status>;
  { B::stream_callback(stream, callback, callback, p) } -> std::same_as<status>;  // the second function runs if the stream has failed
  { B::stream_capture(stream, number) } -> std::same_as<status>;  // the number of the capture that takes the stream's work; 0: none
  { B::is_of_capture(s) } -> std::same_as<bool>;                  // whether a call was refused because of a capture
  { B::key(stream) } -> std::same_as<void const*>;

  { B::event_create(event_out, true) } -> std::same_as<status>;
  { B::event_destroy(event) } -> std::same_as<status>;
  { B::event_record(event, stream) } -> std::same_as<status>;
  { B::event_synchronize(event) } -> std::same_as<status>;
  { B::event_query(event, bp) } -> std::same_as<status>;
  { B::event_elapsed(fp, event, event) } -> std::same_as<status>;

  { B::allocate(kind, pp, n, stream, true, where) } -> std::same_as<status>;  // aligned to 256 bytes; the flag: in stream order
  { B::deallocate(kind, p, stream, true) } -> std::same_as<status>;
  // Memory of pools, aligned to 256 bytes: available at once, and freed when nothing uses it any more.
  { B::allocate_chunk(kind, pp, n, where) } -> std::same_as<status>;
  { B::free_chunk(kind, p) } -> std::same_as<status>;
  { B::copy(p, cp, n, stream, where) } -> std::same_as<status>;                // between any two sides
  { B::copy_between(p, i, cp, i, n, stream, where) } -> std::same_as<status>;  // device memory of two devices
  { B::copy_2d(p, n, cp, n, n, n, stream, where) } -> std::same_as<status>;    // pitches, then width in bytes and height in rows
  { B::fill_bytes(p, i, n, stream, where) } -> std::same_as<status>;

  { B::register_host(p, n, pp) } -> std::same_as<status>;     // for all devices; returns the address for kernels
  { B::unregister_host(p, stream) } -> std::same_as<status>;  // waits for the stream
  { B::is_managed(cp, n, bp) } -> std::same_as<status>;       // whether the first and the last byte are managed memory
  { B::prefetch(cp, n, memory_location::host, i, stream) } -> std::same_as<status>;
  { B::advise(cp, n, memory_advice::read_mostly, true, memory_location::host, i) } -> std::same_as<status>;  // false withdraws the advice

  { B::place_in_dlpack(kind, i) } -> std::same_as<dlpack::device>;   // of memory that allocate() returns on device i
  { B::reaches_dlpack(dlpack::device{}, i) } -> std::same_as<bool>;  // whether kernels on device i can access it
};

namespace detail {

/// Whether a graph captures the work of the stream. If the backend cannot tell, the answer is yes: it is the default stream then, while
/// another stream is captured.
template <class B>
bool is_captured(typename B::stream_handle stream) noexcept {
  unsigned long long number = 0;
  if (B::stream_capture(stream, &number).code == 0) return number != 0;
  B::clear_last_error();
  return true;
}

/// Calls f(), which calls the backend, for functions that report no errors. Returns whether it succeeded. On the host calls may throw, such
/// as bad_alloc.
template <class B, class F>
bool succeeds(F const& f) noexcept {
  try {
    if (f().code == 0) return true;
    B::clear_last_error();
  } catch (...) {
  }
  return false;
}

template <class B, unsigned... Widths>
constexpr bool meets_kernel_contract(std::integer_sequence<unsigned, Widths...>) {
  return sizeof...(Widths) > 0 &&
         (backend::kernel_primitives<typename B::template context<Widths, kernel_shape<1, 0, 0, 0>>::native_type, Widths> && ...);
}

template <unsigned First, unsigned... Rest>
constexpr unsigned first_width(std::integer_sequence<unsigned, First, Rest...>) {
  return First;
}

/// Stands for any kernel.
struct no_work {
  template <class Ctx>
  CROSSLANE_FN void operator()(Ctx const&, int) const {}
};

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// The launch part of the contract: the wave sizes of the backend, the context that kernels get, limits, and the launch itself. The library
/// checks a launch against the device's properties before it calls these functions.
template <class B>
concept kernel_backend =
    requires(typename B::stream_handle stream, device_properties const& p, detail::launch_geometry const& g, detail::no_work const& kernel,
             unsigned threads, std::size_t dynamic_shared, int* blocks, kernel_resources& resources) {
      typename B::widths;  // std::integer_sequence<unsigned, ...>: 32, 64 or both. A kernel is compiled for each
      requires detail::meets_kernel_contract<B>(typename B::widths{});  // B::context<Width, Shape>, a crosslane::context

      // bytes: of shared memory without B's leave to use more, of any device's shared memory, of the arguments of a launch
      { B::max_static_shared_bytes } -> std::convertible_to<std::size_t>;
      { B::max_shared_bytes } -> std::convertible_to<std::size_t>;
      { B::max_argument_bytes } -> std::convertible_to<std::size_t>;
      { B::max_cluster_blocks } -> std::convertible_to<unsigned>;  // that kernels can state: 1 if some target of the file has no clusters
      { B::std_complex_computes } -> std::convertible_to<bool>;    // whether arithmetic of std::complex works in kernels

      // Queues kernel(context, [shared,] arguments...) for each thread; Width is the wave size of the device.
      { B::template launch<detail::first_width(typename B::widths{})>(stream, p, g, kernel, 1) } -> std::same_as<status>;
      // How many blocks of so many threads fit a multiprocessor at once.
      {
        B::template blocks_per_multiprocessor<detail::first_width(typename B::widths{}), detail::no_work, int>(p, threads, dynamic_shared,
                                                                                                               blocks)
      } -> std::same_as<status>;
      // Stores the resources of an instance.
      {
        B::template resources_of<detail::first_width(typename B::widths{}), detail::no_work, int>(p, threads, dynamic_shared, resources)
      } -> std::same_as<status>;
    };

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
