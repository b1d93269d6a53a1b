// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Devices: counting, selecting, querying and synchronising them.
#pragma once

#include <crosslane/core/device_link.hpp>
#include <crosslane/core/device_properties.hpp>
#include <crosslane/runtime/active_captures.hpp>
#include <crosslane/runtime/async_errors.hpp>
#include <crosslane/runtime/host_callback.hpp>
#include <crosslane/runtime/peer_access.hpp>
#include <crosslane/runtime/traced_work.hpp>

namespace crosslane {
namespace detail {

/// Throws an error for a status of the vendor's runtime, with the library's own error code. An error of a kernel surfaces at a later call;
/// the text then lists the launches that can have caused it.
template <runtime_backend B>
[[noreturn, gnu::cold, gnu::noinline]] void throw_status(status answer, char const* call, error_text& object, source_location where) {
  B::clear_last_error();
  if (B::is_of_capture(answer)) active_captures<B>::failed(call, where);
  errc const code = B::classify(answer);
  if (code == errc::kernel_fault || code == errc::vendor) launches<B>().describe(object);
  throw error{code, object, where, {call, answer.code, B::text(answer)}};
}

/// Throws if `answer` is an error. `describe` fills an error_text and is called only on failure.
template <runtime_backend B, class Describe>
CROSSLANE_INLINE void check(status answer, char const* call, source_location where, Describe const& describe) {
  if (answer.code == 0) return;
  error_text object;
  describe(object);
  throw_status<B>(answer, call, object, where);
}

/// The index of a device that is known to exist.
struct known_device {
  int index;
};

}  // namespace detail

/// A device of a backend, by index. A small value, cheap to copy. The host backend has two devices: device 0 runs waves of 32 lanes, device
/// 1 waves of 64 lanes.
template <runtime_backend B>
class basic_device {
 public:
  using backend = B;  ///< the backend of the device

  /// Returns the number of devices on this machine; 0 without a driver.
  [[nodiscard]] static int count() noexcept {
    int n = 0;
    if (B::device_count(&n).code != 0) {
      B::clear_last_error();
      return 0;
    }
    return n;
  }

  /// Throws no_device if the machine has no device, and invalid_device if it has none of this index.
  explicit basic_device(int index, source_location where = source_location::current()) : index_{index} {
    detail::refuse_in_callback<B>("device", where);
    int n = 0;
    status const answer = B::device_count(&n);
    if (answer.code != 0 || n == 0) {
      error_text object;
      object.append("%s device %d: no driver or no device on this machine", B::name, index);
      B::clear_last_error();
      throw error{errc::no_device, object, where, {"device count", answer.code, B::text(answer)}};
    }
    if (index < 0 || index >= n)
      throw_error(errc::invalid_device, where, "%s device %d: this machine has devices 0 to %d", B::name, index, n - 1);
  }

  /// The device of a stream, which exists. Nothing is checked.
  explicit constexpr basic_device(detail::known_device known) noexcept : index_{known.index} {}

  /// Returns the device that is current for the calling thread.
  [[nodiscard]] static basic_device current(source_location where = source_location::current()) {
    int index = 0;
    basic_device const first{0, where};
    detail::check<B>(B::current_device(&index), "current device", where, [](error_text& t) { t.append("%s", B::name); });
    return basic_device{index, where};
  }

  [[nodiscard]] int index() const noexcept { return index_; }  ///< in [0, count())

  /// Returns the properties. They are read once per process; the reference stays valid.
  [[nodiscard]] device_properties const& properties(source_location where = source_location::current()) const {
    return properties_of(index_, where);
  }

  /// Returns how many bytes can still be allocated.
  [[nodiscard]] std::size_t free_memory(source_location where = source_location::current()) const {
    std::size_t bytes = 0;
    detail::refuse_in_callback<B>("free memory", where);
    guard const current{*this, where};
    detail::check<B>(B::free_memory(&bytes), "free memory", where, [this](error_text& t) { describe(t); });
    return bytes;
  }

  /// Returns how kernels on this device reach the memory of `other`. A link to the device itself has peer access, native atomics and the
  /// kind same_memory.
  [[nodiscard]] device_link link_to(basic_device other, source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("device link", where);
    device_link link{.from = index_, .to = other.index_};
    if (other.index_ == index_) {
      link.peer_access = link.native_atomics = true;
      link.performance_rank = 0;
      link.kind = link_kind::same_memory;
      return link;
    }
    detail::check<B>(B::link(index_, other.index_, link), "device link", where,
                     [&](error_text& t) { t.append("%s device %d to device %d", B::name, index_, other.index_); });
    return link;
  }

  /// Lets kernels on this device access device memory of `other`: launches on streams of this device then take its buffers. Memory that is
  /// allocated already is included. The access has one direction, and stays until disable_peer_access(). It does nothing if the access is
  /// enabled already. Throws not_supported if the devices cannot reach each other's memory. Each allocation on `other` costs more from then
  /// on.
  void enable_peer_access(basic_device other, source_location where = source_location::current()) const {
    if (!link_to(other, where).peer_access)
      throw_error(errc::not_supported, where,
                  "enable peer access: kernels on %s device %d cannot access memory of device %d on this machine: copy() works", B::name,
                  index_, other.index_);
    set_peer_access(other, true, where);
  }
  /// Ends the access that enable_peer_access() has enabled. Kernels that use it must have ended. It does nothing if the access is not
  /// enabled.
  void disable_peer_access(basic_device other, source_location where = source_location::current()) const {
    set_peer_access(other, false, where);
  }
  /// Returns whether enable_peer_access() has been called for `other`. A device has access to its own memory.
  [[nodiscard]] bool has_peer_access(basic_device other) const noexcept { return detail::peers<B>().allows(index_, other.index_); }

  /// Makes the device current for the calling thread. Calls of this library do not need that: they select the device of their stream.
  void select(source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("select device", where);
    detail::check<B>(B::select_device(index_), "select device", where, [this](error_text& t) { describe(t); });
  }

  /// Waits until all work of all streams of the device is done. Throws the oldest error of that work, if any, and invalid_call if a stream
  /// of the device is captured.
  void synchronize(source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("device synchronize", where);
    detail::active_captures<B>::refuse_on(index_, "synchronisation", where);
    detail::traced_wait<B> const traced{"device synchronize", where};
    guard const current{*this, where};
    detail::check<B>(B::device_synchronize(), "device synchronize", where, [this](error_text& t) { describe(t); });
    detail::launches<B>().synchronised(detail::stream_key::all_of(index_));
    detail::exceptions<B>().rethrow(detail::stream_key::all_of(index_));
  }

  /// Whether both are the same device.
  friend bool operator==(basic_device const&, basic_device const&) = default;

  /// Makes a device current for the calling thread while the guard lives.
  class guard {
   public:
    /// Selects the device; the destructor selects the previous one again. Throws vendor errors.
    explicit guard(basic_device device, source_location where = source_location::current())
        : guard{(detail::refuse_in_callback<B>("select device", where), device.index_), where} {}

    guard(guard const&) = delete;
    guard& operator=(guard const&) = delete;
    ~guard() {
      if (changed_) (void)B::select_device(previous_);
    }

   private:
    template <runtime_backend>
    friend class basic_stream_ref;
    friend class basic_device;
    CROSSLANE_INLINE guard(int device, source_location where) {
      // Asking for the current device costs about 30 ns per launch.
      if (__atomic_load_n(&machine_has_, __ATOMIC_RELAXED) != one) make_current(device, where);
    }
    [[gnu::noinline]] void make_current(int device, source_location where) {
      int has = __atomic_load_n(&machine_has_, __ATOMIC_RELAXED);
      if (has == unknown) __atomic_store_n(&machine_has_, has = count() == 1 ? one : not_one, __ATOMIC_RELAXED);
      if (has == one) return;
      detail::check<B>(B::current_device(&previous_), "current device", where,
                       [&](error_text& t) { t.append("%s device %d", B::name, device); });
      if (previous_ == device) return;
      detail::check<B>(B::select_device(device), "select device", where, [&](error_text& t) { t.append("%s device %d", B::name, device); });
      changed_ = true;
    }
    enum devices : int { unknown, one, not_one };
    static inline int machine_has_ = unknown;
    int previous_ = 0;
    bool changed_ = false;
  };

 private:
  template <runtime_backend>
  friend class basic_stream_ref;

  struct cached_properties {
    device_properties value;
    bool ready = false;
  };
  static inline cached_properties cache_[detail::most_devices];
  static inline detail::spin_lock cache_lock_;

  CROSSLANE_INLINE static device_properties const& properties_of(int index, source_location where) {
    if (index < detail::most_devices && __atomic_load_n(&cache_[index].ready, __ATOMIC_ACQUIRE)) return cache_[index].value;
    return read_properties(index, where);
  }
  [[gnu::cold, gnu::noinline]] static device_properties const& read_properties(int index, source_location where) {
    if (index >= detail::most_devices)
      throw_error(errc::limit_exceeded, where, "%s device %d: devices 0 to %d are supported", B::name, index, detail::most_devices - 1);
    cached_properties& entry = cache_[index];
    device_properties value;  // read without the lock: the vendor may initialise its driver here
    detail::check<B>(B::properties(index, value), "device properties", where,
                     [&](error_text& t) { t.append("%s device %d", B::name, index); });
    detail::spin_guard const lock{cache_lock_};
    if (entry.ready) return entry.value;
    entry.value = value;
    __atomic_store_n(&entry.ready, true, __ATOMIC_RELEASE);
    return entry.value;
  }

  void set_peer_access(basic_device other, bool allowed, source_location where) const {
    char const* const call = allowed ? "enable peer access" : "disable peer access";
    detail::refuse_in_callback<B>(call, where);
    if (other.index_ == index_) return;
    bool const pools = other.properties(where).stream_ordered_memory && properties(where).stream_ordered_memory;
    guard const current{*this, where};
    detail::check<B>(B::set_peer_access(other.index_, allowed, pools), call, where,
                     [&](error_text& t) { t.append("%s device %d to memory of device %d", B::name, index_, other.index_); });
    detail::peers<B>().set(index_, other.index_, allowed);
  }

  void describe(error_text& t) const noexcept { t.append("%s device %d", B::name, index_); }

  int index_;
};

}  // namespace crosslane
