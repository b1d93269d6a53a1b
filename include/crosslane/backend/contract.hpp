// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What a backend must offer. A backend is a struct of static functions and constants; nothing else of the library knows vendors.
#pragma once

#include <crosslane/platform/source_location.hpp>
#include <crosslane/runtime/device_properties.hpp>
#include <crosslane/runtime/dlpack_device.hpp>

#include <concepts>

namespace crosslane {

/// The vendor's own error code; 0 is success.
struct status {
  int code = 0;  ///< the vendor's number
};

/// Where a buffer's memory lies.
enum class memory_kind : unsigned char {
  device,   ///< the device's own; stream-ordered where the device can
  pinned,   ///< the program's, locked: both sides reach it, copies to the device are asynchronous and fast
  managed,  ///< moves to whoever touches it. On AMD it can be 100 times slower than device memory: opt in only where measured
};

/// The runtime contract: the calls of the program's side. Those that take no device act on the current one.
template <class B>
concept runtime_backend = requires(int i, int* ip, bool* bp, float* fp, std::size_t n, std::size_t* np, void* p, void** pp, void const* cp,
                                   void (*callback)(void*), status s, device_properties& properties, memory_kind kind,
                                   typename B::stream_handle stream, typename B::stream_handle* stream_out, typename B::event_handle event,
                                   typename B::event_handle* event_out, source_location where) {
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

  { B::stream_create(stream_out, i) } -> std::same_as<status>;
  { B::stream_destroy(stream) } -> std::same_as<status>;
  { B::stream_synchronize(stream) } -> std::same_as<status>;
  { B::stream_query(stream, bp) } -> std::same_as<status>;
  { B::stream_wait_event(stream, event) } -> std::same_as<status>;
  { B::stream_callback(stream, callback, callback, p) } -> std::same_as<status>;  // the second instead where the stream has failed
  { B::key(stream) } -> std::same_as<void const*>;

  { B::event_create(event_out, true) } -> std::same_as<status>;
  { B::event_destroy(event) } -> std::same_as<status>;
  { B::event_record(event, stream) } -> std::same_as<status>;
  { B::event_synchronize(event) } -> std::same_as<status>;
  { B::event_query(event, bp) } -> std::same_as<status>;
  { B::event_elapsed(fp, event, event) } -> std::same_as<status>;

  { B::allocate(kind, pp, n, stream, true) } -> std::same_as<status>;  // last: in stream order
  { B::deallocate(kind, p, stream, true) } -> std::same_as<status>;
  { B::copy(p, cp, n, stream, where) } -> std::same_as<status>;                // between any two sides
  { B::copy_between(p, i, cp, i, n, stream, where) } -> std::same_as<status>;  // device memory of two devices
  { B::copy_2d(p, n, cp, n, n, n, stream, where) } -> std::same_as<status>;    // pitches and width in bytes, rows
  { B::fill_bytes(p, i, n, stream, where) } -> std::same_as<status>;

  { B::place_in_dlpack(kind, i) } -> std::same_as<dlpack::device>;   // of the memory that allocate() gives on device i
  { B::reaches_dlpack(dlpack::device{}, i) } -> std::same_as<bool>;  // whether kernels of device i do
};

}  // namespace crosslane
