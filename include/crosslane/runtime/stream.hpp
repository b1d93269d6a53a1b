// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Streams: queues of a device whose work runs in order, asynchronously to the program.
#pragma once

#include <crosslane/runtime/device.hpp>

#include <concepts>

namespace crosslane {
namespace detail {

/// Shared by a stream and the buffers that were allocated on it: the vendor's handle lives until the last of them is gone, so
/// that a buffer can be freed in stream order even after its stream object.
template <runtime_backend B>
struct stream_state {
  typename B::stream_handle native;
  int device;
  int references = 1;

  void retain() noexcept { __atomic_fetch_add(&references, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_sub_fetch(&references, 1, __ATOMIC_ACQ_REL) != 0) return;
    note_in_callback<B>("the end of a stream");
    stream_key const key{B::key(native), device};
    launches<B>().forget(key);  // before another thread can be given the same handle
    (void)B::stream_destroy(native);
    exceptions<B>().forget(key);  // after what was still to throw
    delete this;
  }
};

}  // namespace detail

template <runtime_backend B, bool Timed>
class basic_event;

/// Borrows a stream. A small value; what functions take.
template <runtime_backend B>
class basic_stream_ref {
 public:
  using backend = B;                                ///< whose stream it is
  using native_handle = typename B::stream_handle;  ///< the vendor's

  basic_stream_ref(std::nullptr_t) = delete;
  basic_stream_ref(int) = delete;

  /// A stream that the vendor's API made; it must outlive the reference and all buffers made with it. `device` is the one it belongs to.
  [[nodiscard]] static basic_stream_ref from_native(native_handle handle, basic_device<B> device) noexcept {
    return {handle, device.index(), nullptr};
  }

  [[nodiscard]] native_handle native() const noexcept { return native_; }            ///< the vendor's handle
  [[nodiscard]] basic_device<B> device() const { return basic_device<B>{device_}; }  ///< the one it belongs to
  /// Of its device.
  [[nodiscard]] device_properties const& properties(source_location where = source_location::current()) const {
    return basic_device<B>::properties_of(device_, where);
  }

  /// Waits until all work so far is done. Surfaces its errors.
  void synchronize(source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("stream synchronize", where);
    guard const current{device_, where};
    detail::check<B>(B::stream_synchronize(native_), "stream synchronize", where, [this](error_text& t) { describe(t); });
    detail::launches<B>().synchronised(log_key());
    detail::exceptions<B>().rethrow(log_key());
  }

  /// Whether all work so far is done. Surfaces its errors.
  [[nodiscard]] bool query(source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("stream query", where);
    bool done = false;
    guard const current{device_, where};
    detail::check<B>(B::stream_query(native_, &done), "stream query", where, [this](error_text& t) { describe(t); });
    detail::exceptions<B>().rethrow(log_key());
    return done;
  }

  /// Later work of this stream starts after what the event recorded. Nothing waits for an event that was never recorded.
  template <bool Timed>
  void wait(basic_event<B, Timed> const& event, source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("stream wait event", where);
    event.require(where);
    guard const current{device_, where};
    detail::check<B>(B::stream_wait_event(native_, event.native()), "stream wait event", where, [this](error_text& t) { describe(t); });
  }

  /// Calls `f()` on a thread of the runtime when all work so far is done; later work waits for it. `f` must not call the
  /// runtime: calls in it throw invalid_call. Nor may it own what does so when it goes, as buffers, events and streams do: that is an error
  /// of the stream. An exception from `f` surfaces at the next call that surfaces errors; later work runs all the same. Where the stream
  /// has failed before, `f` goes without having been called.
  template <class F>
  void host_callback(F f, source_location where = source_location::current()) const {
    struct package {
      F f;
      detail::running_callback facts;
      static void run(void* self) noexcept {
        detail::running_callback const here = static_cast<package*>(self)->facts;
        detail::callback_scope const scope{here};
        try {
          static_cast<package*>(self)->f();
        } catch (...) {
          detail::keep_exception<B>(here.key, std::current_exception());
        }
        drop(self);
      }
      static void drop(void* self) noexcept { delete static_cast<package*>(self); }
    };
    detail::refuse_in_callback<B>("host callback", where);
    package* const p = new package{static_cast<F&&>(f), {B::name, log_key(), where}};
    guard const current{device_, where};
    status const answer = B::stream_callback(native_, &package::run, &package::drop, p);
    if (answer.code != 0) delete p;
    detail::check<B>(answer, "host callback", where, [this](error_text& t) { describe(t); });
  }

  /// Text for errors.
  void describe(error_text& t) const noexcept { t.append("%s device %d, stream %p", B::name, device_, B::key(native_)); }
  [[nodiscard]] int device_index() const noexcept { return device_; }  ///< its device's
  /// What the launch log and pending exceptions know the stream by.
  [[nodiscard]] detail::stream_key log_key() const noexcept { return {B::key(native_), device_}; }

  using guard = typename basic_device<B>::guard;  ///< makes its device current for a scope
  /// While the guard lives, the stream's device is current for the calling thread. Throws vendor errors.
  /// `call` is what a host callback that makes it is told of.
  [[nodiscard]] guard make_current(char const* call, source_location where) const {
    detail::refuse_in_callback<B>(call, where);
    return guard{device_, where};
  }

 private:
  template <runtime_backend>
  friend class basic_stream;
  template <class, memory_kind, runtime_backend>
  friend class basic_buffer;

  basic_stream_ref(native_handle native, int device, detail::stream_state<B>* state) noexcept
      : native_{native}, device_{device}, state_{state} {}

  native_handle native_;
  int device_;
  detail::stream_state<B>* state_;
};

/// Owns a stream. Move-only. Work that was queued still runs: on a GPU destruction does not wait for it, on the host it does.
template <runtime_backend B>
class basic_stream {
 public:
  using backend = B;                                ///< whose stream it is
  using native_handle = typename B::stream_handle;  ///< the vendor's

  /// Higher `priority` runs earlier where the device can; values beyond the device's range are clamped. Throws vendor errors.
  explicit basic_stream(basic_device<B> device, int priority = 0, source_location where = source_location::current()) {
    detail::refuse_in_callback<B>("stream create", where);
    (void)detail::lists<B>();
    typename basic_device<B>::guard const current{device, where};
    native_handle native{};
    detail::check<B>(B::stream_create(&native, priority), "stream create", where,
                     [&](error_text& t) { t.append("%s device %d, priority %d", B::name, device.index(), priority); });
    state_ = new detail::stream_state<B>{native, device.index()};
  }

  /// Adopts a stream that the vendor's API made on `device`: it is destroyed with this object.
  [[nodiscard]] static basic_stream from_native(native_handle handle, basic_device<B> device) {
    (void)detail::lists<B>();
    return basic_stream{new detail::stream_state<B>{handle, device.index()}};
  }

  /// The other becomes a moved-from stream: its functions throw invalid_handle.
  basic_stream(basic_stream&& other) noexcept : state_{other.state_} { other.state_ = nullptr; }
  /// Likewise; lets go of what this one had, whose queued work still runs.
  basic_stream& operator=(basic_stream&& other) noexcept {
    if (this != &other) {
      if (state_ != nullptr) state_->release();
      state_ = other.state_;
      other.state_ = nullptr;
    }
    return *this;
  }
  ~basic_stream() {
    if (state_ != nullptr) state_->release();
  }

  /// Throws invalid_handle for a moved-from stream.
  [[nodiscard]] basic_stream_ref<B> ref(source_location where = source_location::current()) const {
    if (state_ == nullptr) throw_error(errc::invalid_handle, where, "%s stream: moved from", B::name);
    return {state_->native, state_->device, state_};
  }
  /// As ref(): what takes a basic_stream_ref takes a stream too.
  operator basic_stream_ref<B>() const { return ref(); }

  /// @{
  /// As of basic_stream_ref; throws invalid_handle for a moved-from stream.
  [[nodiscard]] native_handle native(source_location where = source_location::current()) const { return ref(where).native(); }
  [[nodiscard]] basic_device<B> device(source_location where = source_location::current()) const { return ref(where).device(); }
  void synchronize(source_location where = source_location::current()) const { ref(where).synchronize(where); }
  [[nodiscard]] bool query(source_location where = source_location::current()) const { return ref(where).query(where); }
  template <bool Timed>
  void wait(basic_event<B, Timed> const& event, source_location where = source_location::current()) const {
    ref(where).wait(event, where);
  }
  template <class F>
  void host_callback(F f, source_location where = source_location::current()) const {
    ref(where).host_callback(static_cast<F&&>(f), where);
  }
  /// @}

 private:
  explicit basic_stream(detail::stream_state<B>* state) noexcept : state_{state} {}
  detail::stream_state<B>* state_ = nullptr;
};

/// A stream or a reference to one.
template <class S>
concept stream_like = requires { typename S::backend; } && std::convertible_to<S const&, basic_stream_ref<typename S::backend>>;

namespace detail {

/// A reference to either; `where` is the place that the error of a moved-from stream names.
template <runtime_backend B>
basic_stream_ref<B> ref_of(basic_stream<B> const& stream, source_location where) {
  return stream.ref(where);
}
template <runtime_backend B>
basic_stream_ref<B> ref_of(basic_stream_ref<B> stream, source_location) {
  return stream;
}

}  // namespace detail

}  // namespace crosslane
