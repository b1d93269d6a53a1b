// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Events: marks in a stream that other streams and the host can wait for. Timed events also measure time.
#pragma once

#include <crosslane/runtime/stream.hpp>

namespace crosslane {

/// An owned event. Move-only.
template <runtime_backend B, bool Timed>
class basic_event {
 public:
  using backend = B;                               ///< the backend of the event
  using native_handle = typename B::event_handle;  ///< the vendor's handle type

  /// Creates an event that is not recorded yet. Throws vendor errors.
  explicit basic_event(basic_device<B> device, source_location where = source_location::current()) : device_{device.index()} {
    detail::refuse_in_callback<B>("event create", where);
    typename basic_device<B>::guard const current{device, where};
    detail::check<B>(B::event_create(&native_, Timed), "event create", where,
                     [&](error_text& t) { t.append("%s device %d", B::name, device.index()); });
    valid_ = true;
  }

  /// Takes ownership of an event that the vendor's API created on `device`.
  [[nodiscard]] static basic_event from_native(native_handle handle, basic_device<B> device) noexcept { return {handle, device.index()}; }

  /// Takes over the event. `other` becomes a moved-from event: its functions throw invalid_handle.
  basic_event(basic_event&& other) noexcept
      : native_{other.native_}, recorded_on_{other.recorded_on_}, device_{other.device_}, valid_{other.valid_} {
    other.valid_ = false;
  }
  /// Destroys this event and takes over that of `other`, which becomes a moved-from event.
  basic_event& operator=(basic_event&& other) noexcept {
    if (this != &other) {
      destroy();
      native_ = other.native_;
      recorded_on_ = other.recorded_on_;
      device_ = other.device_;
      valid_ = other.valid_;
      other.valid_ = false;
    }
    return *this;
  }
  ~basic_event() { destroy(); }

  [[nodiscard]] native_handle native() const noexcept { return native_; }  ///< the vendor's handle; this object still owns it
  /// Returns the device of the event.
  [[nodiscard]] basic_device<B> device() const noexcept { return basic_device<B>{detail::known_device{device_}}; }

  /// Records the work that is queued on the stream so far. Later waits refer to this record. Waits that were queued before still refer
  /// to the record that was the last one then. Throws invalid_argument if the stream belongs to another device than the event. Streams of
  /// other devices may wait for the event.
  template <stream_like S>
  void record(S const& on, source_location where = source_location::current()) {
    require(where);
    basic_stream_ref<B> const stream = detail::ref_of(on, where);
    if (device() != stream.device())
      throw_error(errc::invalid_argument, where, "event record: the %s event is of device %d, the stream is of device %d", B::name, device_,
                  stream.device().index());
    auto const current = stream.make_current("event record", where);
    detail::check<B>(B::event_record(native_, stream.native()), "event record", where, [&](error_text& t) { stream.describe(t); });
    recorded_on_ = stream.log_key();
  }

  /// Waits until the recorded work is done. Returns at once if nothing was recorded. Throws the error of the recorded stream's work, if
  /// any.
  void synchronize(source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("event synchronize", where);
    require(where);
    detail::traced_wait<B> const traced{"event synchronize", where};
    detail::check<B>(B::event_synchronize(native_), "event synchronize", where, [](error_text& t) { describe(t); });
    detail::exceptions<B>().rethrow(recorded_on_);
  }

  /// Returns whether the recorded work is done. Throws the error of the recorded stream's work, if any.
  [[nodiscard]] bool query(source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("event query", where);
    require(where);
    bool done = false;
    detail::check<B>(B::event_query(native_, &done), "event query", where, [](error_text& t) { describe(t); });
    detail::exceptions<B>().rethrow(recorded_on_);
    return done;
  }

  /// Throws invalid_handle if the event is moved-from.
  void require(source_location where) const {
    if (!valid_) throw_error(errc::invalid_handle, where, "%s event: moved from", B::name);
  }

 private:
  basic_event(native_handle native, int device) noexcept : native_{native}, device_{device}, valid_{true} {}
  void destroy() noexcept {
    if (!valid_) return;
    detail::note_in_callback<B>("the end of an event");
    (void)B::event_destroy(native_);
  }
  static void describe(error_text& t) noexcept { t.append("%s event", B::name); }
  native_handle native_{};
  detail::stream_key recorded_on_ = detail::stream_key::gone_from(-1);  ///< the stream of the last record
  int device_;
  bool valid_ = false;

  template <runtime_backend C>
  friend float elapsed_milliseconds(basic_event<C, true> const&, basic_event<C, true> const&, source_location);
};

/// Returns the milliseconds of device time between two recorded events. The work of both must be done; otherwise it throws vendor errors.
/// Throws invalid_argument if the events belong to two devices.
///
///   xl::timed_event from{d}, to{d};
///   from.record(q);
///   xl::launch(q, {.grid = blocks, .block = 256}, kernel, x);
///   to.record(q);
///   to.synchronize();
///   float const milliseconds = xl::elapsed_milliseconds(from, to);
template <runtime_backend B>
[[nodiscard]] float elapsed_milliseconds(basic_event<B, true> const& from, basic_event<B, true> const& to,
                                         source_location where = source_location::current()) {
  detail::refuse_in_callback<B>("event elapsed", where);
  from.require(where);
  to.require(where);
  if (from.device() != to.device())
    throw_error(errc::invalid_argument, where, "event elapsed: the %s events are of devices %d and %d but must be of one device", B::name,
                from.device_, to.device_);
  float milliseconds = 0;
  detail::check<B>(B::event_elapsed(&milliseconds, from.native(), to.native()), "event elapsed", where,
                   [](error_text& t) { t.append("%s events, which must both be recorded and complete", B::name); });
  return milliseconds;
}

}  // namespace crosslane
