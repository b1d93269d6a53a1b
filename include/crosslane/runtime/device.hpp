// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Devices: counting, selecting, querying and synchronising them.
#pragma once

#include <crosslane/core/device_properties.hpp>
#include <crosslane/runtime/async_errors.hpp>
#include <crosslane/runtime/host_callback.hpp>
#include <crosslane/runtime/traced_work.hpp>

namespace crosslane {
namespace detail {

/// Throws an error for a status of the vendor's runtime, with the library's own error code. An error of a kernel surfaces at a later call;
/// the text then lists the launches that can have caused it.
template <runtime_backend B>
[[noreturn, gnu::cold, gnu::noinline]] void throw_status(status answer, char const* call, error_text& object, source_location where) {
  B::clear_last_error();
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

  /// Makes the device current for the calling thread. Calls of this library do not need that: they select the device of their stream.
  void select(source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("select device", where);
    detail::check<B>(B::select_device(index_), "select device", where, [this](error_text& t) { describe(t); });
  }

  /// Waits until all work of all streams of the device is done. Throws the oldest error of that work, if any.
  void synchronize(source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("device synchronize", where);
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
    explicit guard(basic_device device, source_location where = source_location::current()) : guard{device.index_, where} {
      detail::refuse_in_callback<B>("select device", where);
    }

    guard(guard const&) = delete;
    guard& operator=(guard const&) = delete;
    ~guard() {
      if (changed_) (void)B::select_device(previous_);
    }

   private:
    template <runtime_backend>
    friend class basic_stream_ref;
    friend class basic_device;
    guard(int device, source_location where) {
      static bool const only_one = count() == 1;  // asking for the current device costs about 30 ns per launch
      if (only_one) return;
      detail::check<B>(B::current_device(&previous_), "current device", where,
                       [&](error_text& t) { t.append("%s device %d", B::name, device); });
      if (previous_ == device) return;
      detail::check<B>(B::select_device(device), "select device", where, [&](error_text& t) { t.append("%s device %d", B::name, device); });
      changed_ = true;
    }
    int previous_ = 0;
    bool changed_ = false;
  };

 private:
  template <runtime_backend>
  friend class basic_stream_ref;

  static constexpr int max_devices = 64;
  struct cached_properties {
    bool ready = false;
    device_properties value;
  };
  static inline cached_properties cache_[max_devices];
  static inline detail::spin_lock cache_lock_;

  static device_properties const& properties_of(int index, source_location where) {
    if (index >= max_devices)
      throw_error(errc::limit_exceeded, where, "%s device %d: devices 0 to %d are supported", B::name, index, max_devices - 1);
    cached_properties& entry = cache_[index];
    if (__atomic_load_n(&entry.ready, __ATOMIC_ACQUIRE)) return entry.value;
    device_properties value;  // read without the lock: the vendor may initialise its driver here
    detail::check<B>(B::properties(index, value), "device properties", where,
                     [&](error_text& t) { t.append("%s device %d", B::name, index); });
    detail::spin_guard const lock{cache_lock_};
    if (entry.ready) return entry.value;
    entry.value = value;
    __atomic_store_n(&entry.ready, true, __ATOMIC_RELEASE);
    return entry.value;
  }

  void describe(error_text& t) const noexcept { t.append("%s device %d", B::name, index_); }

  int index_;
};

}  // namespace crosslane
