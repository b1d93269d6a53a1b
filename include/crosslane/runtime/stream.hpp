// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Streams: queues of work on a device. Work of one stream runs in order and asynchronously to the host.
#pragma once

#include <crosslane/runtime/device.hpp>

#include <concepts>

namespace crosslane {
namespace detail {

template <runtime_backend B>
struct stream_state;

/// An object that must know when streams end, such as a memory pool.
template <runtime_backend B>
struct stream_observer {
  void (*ends)(stream_observer*, stream_state<B> const&) noexcept;  ///< called while the stream can still be used
  stream_observer* next = nullptr;
};

/// The observers of the process.
template <runtime_backend B>
class stream_observers {
 public:
  [[gnu::visibility("hidden")]] static stream_observers& get() noexcept {
    static stream_observers& list = of_process();
    return list;
  }
  void add(stream_observer<B>& added) noexcept {
    spin_guard const guard{lock_};
    added.next = first_;
    __atomic_store_n(&first_, &added, __ATOMIC_RELEASE);
  }
  void remove(stream_observer<B>& removed) noexcept {
    spin_guard const guard{lock_};
    stream_observer<B>** link = &first_;
    while (*link != &removed) link = &(*link)->next;
    __atomic_store_n(link, removed.next, __ATOMIC_RELEASE);
  }
  void stream_ends(stream_state<B> const& state) noexcept {
    if (__atomic_load_n(&first_, __ATOMIC_ACQUIRE) == nullptr) return;
    spin_guard const guard{lock_};
    for (stream_observer<B>* o = first_; o != nullptr; o = o->next) o->ends(o, state);
  }

 private:
  static stream_observers& of_process() noexcept {
    char name[64];
    std::snprintf(name, sizeof name, "%s stream observers 1", B::name);
    return process_wide<stream_observers>(name);
  }
  spin_lock lock_;
  stream_observer<B>* first_ = nullptr;
};

/// The state that a stream shares with the buffers allocated on it. The vendor's handle lives until the last of them is destroyed. So a
/// buffer can be freed in stream order after its stream object is gone.
template <runtime_backend B>
struct stream_state {
  typename B::stream_handle native;
  int device;
  int references = 1;

  void retain() noexcept { __atomic_fetch_add(&references, 1, __ATOMIC_RELAXED); }
  void release() noexcept {
    if (__atomic_sub_fetch(&references, 1, __ATOMIC_ACQ_REL) != 0) return;
    note_in_callback<B>("the end of a stream");
    stream_observers<B>::get().stream_ends(*this);
    stream_key const key{B::key(native), device};
    launches<B>().forget(key);  // before another thread can be given the same handle
    (void)B::stream_destroy(native);
    exceptions<B>().forget(key);  // after the last work that can throw
    delete this;
  }
};

/// Calls f() while the device is current, for destructors: ignores errors.
template <runtime_backend B, class F>
void while_current(int device, F const& f) noexcept {
  int previous = device;
  (void)B::current_device(&previous);
  if (previous != device) (void)B::select_device(device);
  f();
  if (previous != device) (void)B::select_device(previous);
}

}  // namespace detail

template <runtime_backend B, bool Timed>
class basic_event;

namespace detail {
template <runtime_backend B>
class stream_hold;
}

/// A reference to a stream. A small value; functions take streams as this type. It does not own the stream.
template <runtime_backend B>
class basic_stream_ref {
 public:
  using backend = B;                                ///< the backend of the stream
  using native_handle = typename B::stream_handle;  ///< the vendor's handle type

  basic_stream_ref(std::nullptr_t) = delete;
  basic_stream_ref(int) = delete;

  /// Refers to a stream that the vendor's API created on `device`. The stream must outlive the reference and all buffers made with it.
  [[nodiscard]] static basic_stream_ref from_native(native_handle handle, basic_device<B> device) noexcept {
    return {handle, device.index(), nullptr};
  }

  [[nodiscard]] native_handle native() const noexcept { return native_; }  ///< the vendor's handle
  /// Returns the device of the stream.
  [[nodiscard]] basic_device<B> device() const noexcept { return basic_device<B>{detail::known_device{device_}}; }
  /// Returns the properties of the stream's device.
  [[nodiscard]] device_properties const& properties(source_location where = source_location::current()) const {
    return device().properties(where);
  }

  /// Waits until all work queued so far is done. Throws the first error of that work, if any.
  void synchronize(source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("stream synchronize", where);
    detail::traced_wait<B> const traced{"stream synchronize", where};
    guard const current{device_, where};
    detail::check<B>(B::stream_synchronize(native_), "stream synchronize", where, [this](error_text& t) { describe(t); });
    detail::launches<B>().synchronised(log_key());
    detail::exceptions<B>().rethrow(log_key());
  }

  /// Returns whether all work queued so far is done. Throws the first error of that work, if any.
  [[nodiscard]] bool query(source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("stream query", where);
    bool done = false;
    guard const current{device_, where};
    detail::check<B>(B::stream_query(native_, &done), "stream query", where, [this](error_text& t) { describe(t); });
    detail::exceptions<B>().rethrow(log_key());
    return done;
  }

  /// Queues a wait: later work of this stream starts after the work that the event recorded. Does nothing if the event was never recorded.
  template <bool Timed>
  void wait(basic_event<B, Timed> const& event, source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("stream wait event", where);
    event.require(where);
    guard const current{device_, where};
    detail::traced_work<B> const traced{*this, [&] { return detail::traced_call{"wait", "wait for an event", where}; }};
    detail::check<B>(B::stream_wait_event(native_, event.native()), "stream wait event", where, [this](error_text& t) { describe(t); });
  }

  /// Queues a call of `f()`. A thread of the runtime runs it when all work queued so far is done. Later work waits for it.
  ///
  /// `f` must not call the runtime: such calls throw invalid_call. `f` must not own buffers, events or streams either, because their
  /// destructors call the runtime: that is an error of the stream. An exception from `f` surfaces at the next synchronising call; later
  /// work still runs. If the stream has already failed, `f` is destroyed without being called. In a capture the graph owns `f`, and calls
  /// it each time that it runs.
  template <class F>
  void host_callback(F f, source_location where = source_location::current()) const {
    detail::refuse_in_callback<B>("host callback", where);
    guard const current{device_, where};
    unsigned long long capture = 0;
    detail::check<B>(B::stream_capture(native_, &capture), "host callback", where, [this](error_text& t) { describe(t); });
    if (capture != 0) {
      detail::kept_function* const kept =
          detail::active_captures<B>::keep(capture, new detail::kept_call<F>{static_cast<F&&>(f), where}, where);
      detail::check<B>(B::stream_callback(native_, &detail::kept_function::run<B>, &detail::kept_function::drop, kept), "host callback",
                       where, [this](error_text& t) { describe(t); });
      return;
    }
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
    package* const p = new package{static_cast<F&&>(f), {B::name, log_key(), where}};
    detail::traced_work<B> const traced{*this, [&] { return detail::traced_call{"callback", "host callback", where}; }};
    status const answer = B::stream_callback(native_, &package::run, &package::drop, p);
    if (answer.code != 0) delete p;
    detail::check<B>(answer, "host callback", where, [this](error_text& t) { describe(t); });
  }

  /// Appends a description of the stream, for errors.
  void describe(error_text& t) const noexcept { t.append("%s device %d, stream %p", B::name, device_, B::key(native_)); }
  /// Returns the key of the stream in the launch log and in the list of pending exceptions.
  [[nodiscard]] detail::stream_key log_key() const noexcept { return {B::key(native_), device_}; }

  using guard = typename basic_device<B>::guard;  ///< makes a device current while it lives
  /// Makes the stream's device current for the calling thread while the guard lives. Throws vendor errors. `call` names the calling
  /// function in the error that a host callback gets.
  [[nodiscard]] guard make_current(char const* call, source_location where) const {
    detail::refuse_in_callback<B>(call, where);
    return guard{device_, where};
  }

 private:
  template <runtime_backend>
  friend class basic_stream;
  template <class, memory_kind, runtime_backend>
  friend class basic_buffer;
  template <memory_kind, runtime_backend>
  friend class basic_memory_pool;
  template <class, runtime_backend>
  friend class basic_host_registration;
  template <runtime_backend>
  friend class detail::stream_hold;

  basic_stream_ref(native_handle native, int device, detail::stream_state<B>* state) noexcept
      : native_{native}, device_{device}, state_{state} {}

  native_handle native_;
  int device_;
  detail::stream_state<B>* state_;
};

/// An owned stream. Move-only. Queued work still runs after destruction. The destructor waits for that work on the host, but not on a GPU.
template <runtime_backend B>
class basic_stream {
 public:
  using backend = B;                                ///< the backend of the stream
  using native_handle = typename B::stream_handle;  ///< the vendor's handle type

  /// Creates a stream on the device that is current for the calling thread, which is device 0 unless something has selected another.
  basic_stream() : basic_stream{basic_device<B>::current()} {}

  /// Creates a stream. A stream of higher `priority` runs earlier if the device supports priorities; values outside the device's range are
  /// clamped. Throws vendor errors.
  explicit basic_stream(basic_device<B> device, int priority = 0, source_location where = source_location::current()) {
    detail::refuse_in_callback<B>("stream create", where);
    (void)detail::lists<B>();
    typename basic_device<B>::guard const current{device, where};
    native_handle native{};
    detail::check<B>(B::stream_create(&native, priority), "stream create", where,
                     [&](error_text& t) { t.append("%s device %d, priority %d", B::name, device.index(), priority); });
    state_ = new detail::stream_state<B>{native, device.index()};
  }

  /// Takes ownership of a stream that the vendor's API created on `device`.
  [[nodiscard]] static basic_stream from_native(native_handle handle, basic_device<B> device) {
    (void)detail::lists<B>();
    return basic_stream{new detail::stream_state<B>{handle, device.index()}};
  }

  /// Takes over the stream. `other` becomes a moved-from stream: its functions throw invalid_handle.
  basic_stream(basic_stream&& other) noexcept : state_{other.state_} { other.state_ = nullptr; }
  /// Releases this stream, whose queued work still runs, and takes over that of `other`, which becomes a moved-from stream.
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

  /// Returns a reference to the stream. Throws invalid_handle if the stream is moved-from.
  [[nodiscard]] basic_stream_ref<B> ref(source_location where = source_location::current()) const {
    if (state_ == nullptr) throw_error(errc::invalid_handle, where, "%s stream: moved from", B::name);
    return {state_->native, state_->device, state_};
  }
  /// Converts to a reference, as ref() does: functions that take a basic_stream_ref also take a stream.
  operator basic_stream_ref<B>() const { return ref(); }

  /// @{
  /// Calls the function of the same name of basic_stream_ref. Throws invalid_handle if the stream is moved-from.
  [[nodiscard]] native_handle native(source_location where = source_location::current()) const { return ref(where).native(); }
  [[nodiscard]] basic_device<B> device(source_location where = source_location::current()) const { return ref(where).device(); }
  [[nodiscard]] device_properties const& properties(source_location where = source_location::current()) const {
    return ref(where).properties(where);
  }
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

/// A stream or a reference to a stream.
template <class S>
concept stream_like = requires { typename S::backend; } && std::convertible_to<S const&, basic_stream_ref<typename S::backend>>;

namespace detail {

/// Returns a reference to the stream. The error for a moved-from stream names `where`.
template <runtime_backend B>
basic_stream_ref<B> ref_of(basic_stream<B> const& stream, source_location where) {
  return stream.ref(where);
}
template <runtime_backend B>
basic_stream_ref<B> ref_of(basic_stream_ref<B> stream, source_location) {
  return stream;
}

/// Throws invalid_call if the stream is captured. `advice` says what to do instead.
template <runtime_backend B>
void refuse_in_capture(basic_stream_ref<B> const& q, char const* call, char const* advice, source_location where) {
  unsigned long long capture = 0;
  check<B>(B::stream_capture(q.native(), &capture), call, where, [&](error_text& t) { q.describe(t); });
  if (capture == 0) return;
  error_text t;
  t.append("%s: ", call);
  q.describe(t);
  t.append(" is captured: %s", advice);
  throw error{errc::invalid_call, t, where};
}

}  // namespace detail

}  // namespace crosslane
