// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// How calls of the library are traced: an object that lives as long as the call. Without a trace it costs one branch.
#pragma once

#include <crosslane/runtime/contract.hpp>
#include <crosslane/runtime/trace_note.hpp>

namespace crosslane::detail {

/// Whether the streams of a backend measure their work themselves: they take its note and write it.
template <class B>
concept traces_its_work = requires { requires B::traces_its_work; };

/// Measures the work of streams by an event before and an event after it. The times are read when the work is done.
///
/// The clock of a device is tied to that of the host once, at the first work of the device. A later time is that of the anchor, which
/// is an event whose time is known, and the time between the two events. The vendors give this as a float of milliseconds, which is exact
/// to half a microsecond up to four seconds. Then another event becomes the anchor.
template <runtime_backend B>
class trace_timer {
 public:
  struct event_pair {
    typename B::event_handle begin{}, end{};
    int device = 0;
    unsigned session = 0;
  };

  /// Returns the timer of this library. It is never destroyed: the vendor's runtime may end before it.
  [[gnu::visibility("hidden")]] static trace_timer& of_this_library() noexcept {
    static trace_timer& timer = []() -> trace_timer& {
      auto* const made = new trace_timer;
      made->late_.drain = [](bool wait) noexcept { of_this_library().drain(wait); };
      spin_guard const guard{late_traces_lock};
      made->late_.next = late_traces;
      late_traces = &made->late_;
      return *made;
    }();
    return timer;
  }

  /// Records the beginning of work. The device of the stream must be current. Returns false if the work cannot be measured.
  bool begin(typename B::stream_handle stream, int device, unsigned session, event_pair& events) noexcept {
    if (is_captured<B>(stream)) return false;  // the events would become nodes of a graph
    spin_guard const guard{lock_};
    [[maybe_unused]] pause const allowed{};
    if (process_ == 0) process_ = this_process();
    if (process_ != this_process()) return false;  // no GPU works in the child of a fork()
    if (count_ >= most_unfinished) finish_oldest();
    if (!anchored(device, session)) return false;
    events.device = device;
    events.session = session;
    events.begin = take_event(device);
    events.end = take_event(device);
    if (ok(B::event_record(events.begin, stream))) return true;
    give_back(events);
    return false;
  }

  /// Records the end of work, and takes the note. Returns false if the work cannot be measured: a wait has joined the stream to a capture.
  bool end(typename B::stream_handle stream, event_pair const& events, trace_note* note) noexcept {
    bool const captured = is_captured<B>(stream);
    spin_guard const guard{lock_};
    [[maybe_unused]] pause const allowed{};
    auto* const added = captured ? nullptr : new (std::nothrow) unfinished{events, note};
    if (added == nullptr || !ok(B::event_record(events.end, stream))) {
      delete added;
      give_back(events);
      trace_note::drop(note);
      return false;
    }
    *last_ = added;
    last_ = &added->next;
    ++count_;
    poll(4);
    return true;
  }

  /// Writes the work that is done. With `wait`, waits for up to five seconds for the rest.
  void drain(bool wait) noexcept {
    spin_guard const guard{lock_};
    if (process_ != this_process()) return;
    [[maybe_unused]] pause const allowed{};
    poll(~0u);
    for (int tries = 0; wait && first_ != nullptr && tries < 5000; ++tries) {
      timespec const millisecond{0, 1'000'000};
      nanosleep(&millisecond, nullptr);
      poll(~0u);
    }
  }

 private:
  static constexpr auto pause_of() {
    if constexpr (requires { typename B::capture_pause; })
      return std::type_identity<typename B::capture_pause>{};
    else
      return std::type_identity<char>{};
  }
  using pause = typename decltype(pause_of())::type;

  struct unfinished {
    event_pair events;
    trace_note* note;
    unfinished* next = nullptr;
  };
  struct device_state {
    unsigned session = 0;  ///< the trace that the anchor belongs to
    typename B::event_handle anchor{};
    std::int64_t time = 0;  ///< of the anchor, by the host's clock
    typename B::event_handle free[128];
    unsigned free_count = 0;
  };
  static constexpr unsigned most_unfinished = 4096, most_ends = 256;

  static bool ok(status answer) noexcept {
    if (answer.code != 0) B::clear_last_error();
    return answer.code == 0;
  }

  typename B::event_handle take_event(int device) noexcept {
    device_state& d = devices_[device];
    if (d.free_count != 0) return d.free[--d.free_count];
    typename B::event_handle event{};
    (void)ok(B::event_create(&event, true));
    return event;
  }
  void give_back(event_pair const& events) noexcept {
    give_back(events.device, events.begin);
    give_back(events.device, events.end);
  }
  void give_back(int device, typename B::event_handle event) noexcept {
    if (event == typename B::event_handle{}) return;  // it could not be made
    device_state& d = devices_[device];
    if (d.free_count < sizeof d.free / sizeof d.free[0])
      d.free[d.free_count++] = event;
    else
      (void)ok(B::event_destroy(event));
  }

  /// Ties the device's clock to the host's: of some events that are recorded on an idle stream, the one that took the shortest time.
  bool anchored(int device, unsigned session) noexcept {
    if (device < 0 || device >= most_devices) return false;
    device_state& d = devices_[device];
    if (d.session == session) return true;
    typename B::stream_handle stream{};
    if (!ok(B::stream_create(&stream, 0))) return false;
    std::int64_t shortest = INT64_MAX;
    for (int i = 0; i < 8; ++i) {
      typename B::event_handle const event = take_event(device);
      std::int64_t const before = trace_clock();
      bool const known = ok(B::event_record(event, stream)) && ok(B::event_synchronize(event));
      std::int64_t const after = trace_clock();
      if (known && after - before < shortest) {
        if (d.session == session) give_back(device, d.anchor);
        shortest = after - before;
        d.anchor = event;
        d.time = before + shortest / 2;
        d.session = session;
      } else {
        give_back(device, event);
      }
    }
    (void)ok(B::stream_destroy(stream));
    return d.session == session;
  }

  /// Writes what is done of the first `most` pieces of work.
  void poll(unsigned most) noexcept {
    for (unfinished** link = &first_; *link != nullptr && most != 0; --most) {
      bool done = false;
      bool const answered = ok(B::event_query((*link)->events.end, &done));
      if (answered && !done) {
        link = &(*link)->next;
        continue;
      }
      finish(link, answered);
    }
  }
  void finish_oldest() noexcept {
    poll(~0u);
    if (count_ >= most_unfinished) finish(&first_, ok(B::event_synchronize(first_->events.end)));
  }
  void finish(unfinished** link, bool done) noexcept {
    unfinished* const piece = *link;
    *link = piece->next;
    if (piece->next == nullptr) last_ = link;
    --count_;
    if (done) write(*piece);
    give_back(piece->events);
    trace_note::drop(piece->note);
    delete piece;
  }

  void write(unfinished& piece) noexcept {
    device_state& d = devices_[piece.events.device];
    if (d.session != piece.events.session) return;
    float since_anchor = 0, duration = 0;
    if (!ok(B::event_elapsed(&since_anchor, d.anchor, piece.events.begin))) return;
    if (!ok(B::event_elapsed(&duration, piece.events.begin, piece.events.end))) return;
    std::int64_t begin = d.time + std::int64_t(double(since_anchor) * 1e6);
    if (since_anchor > 4000) {
      typename B::event_handle const old = d.anchor;
      d.anchor = piece.events.begin;
      d.time = begin;
      piece.events.begin = old;
    }
    std::int64_t end = begin + std::int64_t(double(duration) * 1e6);
    // Rounding must not make pieces of one stream overlap.
    lane_end& last = ends_[(unsigned(piece.note->lane.process) * 61 + unsigned(piece.note->lane.thread)) % most_ends];
    bool const known = last.session == piece.events.session && last.lane.process == piece.note->lane.process &&
                       last.lane.thread == piece.note->lane.thread;
    if (known && begin < last.end) begin = last.end;
    if (end < begin) end = begin;
    last = {piece.events.session, piece.note->lane, end};
    piece.note->write(begin, end);
  }

  struct lane_end {
    unsigned session = 0;
    trace_lane lane;
    std::int64_t end = 0;
  };
  late_trace late_{};
  spin_lock lock_;
  int process_ = 0;
  unsigned count_ = 0;
  unfinished* first_ = nullptr;
  unfinished** last_ = &first_;
  device_state devices_[most_devices];
  lane_end ends_[most_ends];
};

/// Writes a call of the calling thread: the time that it took, and the beginning of the arrow to the work that it queued, if any.
template <class Call>
[[gnu::visibility("hidden"), gnu::cold, gnu::noinline]] void write_call(unsigned session, Call const& call, std::int64_t begin,
                                                                        std::uint64_t arrow) noexcept {
  trace_file& file = the_trace();
  std::int64_t const end = trace_clock();
  trace_lane const lane = file.thread(session, thread_named_in);
  trace_text event;
  event.append("{\"ph\":\"X\",\"pid\":%d,\"tid\":%ld,", lane.process, lane.thread);
  append_call(event, call, false);
  event.append_time("ts", file.since_begin(begin));
  event.append_time("dur", end - begin);
  event.append("}");
  file.write(session, event);
  if (arrow != 0) write_arrow(session, "s", arrow, lane, begin);
}

/// Traces a call that queues one piece of work, and the work. `describe()` returns the traced_call; it is called only if there is a trace.
///
///   detail::traced_work<B> const traced{q, [&] { return detail::traced_call{"copy", "copy", where, bytes}; }};
template <runtime_backend B>
class traced_work {
 public:
  template <class Stream, class Describe>
  CROSSLANE_INLINE traced_work(Stream const& q, Describe const& describe) {
    if (may_trace()) begin(q, describe());
  }
  traced_work(traced_work const&) = delete;
  traced_work& operator=(traced_work const&) = delete;
  CROSSLANE_INLINE ~traced_work() {
    if (__builtin_expect(session_ != 0, 0)) end();
  }

 private:
  template <class Stream>
  [[gnu::cold, gnu::noinline]] void begin(Stream const& q, traced_call const& call) {
    if (!is_tracing()) return;
    trace_file& file = the_trace();
    unsigned const session = file.session();
    if (session == 0) return;
    call_ = call;
    stream_ = q.native();
    trace_lane const lane = file.stream(session, B::name, q.properties(call.where).name, q.log_key());
    arrow_ = file.new_arrow();
    trace_text text;
    text.append("{\"ph\":\"X\",\"pid\":%d,\"tid\":%ld,", lane.process, lane.thread);
    append_call(text, call, true);
    note_ = trace_note::make(session, lane, arrow_, text);
    begin_ = trace_clock();
    if constexpr (traces_its_work<B>)
      next_trace_note = note_;
    else
      measured_ = note_ != nullptr && trace_timer<B>::of_this_library().begin(stream_, q.device().index(), session, events_);
    session_ = session;
  }

  [[gnu::cold, gnu::noinline]] void end() noexcept {
    if constexpr (traces_its_work<B>) {
      bool const taken = next_trace_note == nullptr;  // otherwise nothing was queued
      if (!taken) {
        next_trace_note = nullptr;
        trace_note::drop(note_);
      }
      write_call(session_, call_, begin_, taken && !is_captured<B>(stream_) ? arrow_ : 0);
    } else {
      if (measured_)
        measured_ = trace_timer<B>::of_this_library().end(stream_, events_, note_);
      else
        trace_note::drop(note_);
      write_call(session_, call_, begin_, measured_ ? arrow_ : 0);
    }
  }

  unsigned session_ = 0;
  // Set if there is a trace.
  bool measured_;
  std::int64_t begin_;
  std::uint64_t arrow_;
  trace_note* note_;
  typename B::stream_handle stream_;
  union {
    traced_call call_;
  };
  union {
    typename trace_timer<B>::event_pair events_;
  };
};

/// Traces a call that waits, or that queues nothing that the trace shows.
template <runtime_backend B>
class traced_wait {
 public:
  CROSSLANE_INLINE traced_wait(char const* call, source_location where, std::size_t bytes = 0) {
    if (may_trace()) begin(call, where, bytes);
  }
  traced_wait(traced_wait const&) = delete;
  traced_wait& operator=(traced_wait const&) = delete;
  CROSSLANE_INLINE ~traced_wait() {
    if (__builtin_expect(session_ != 0, 0)) end();
  }

 private:
  [[gnu::cold, gnu::noinline]] void begin(char const* call, source_location where, std::size_t bytes) noexcept {
    if (!is_tracing()) return;
    session_ = the_trace().session();
    call_ = {call, call, where, bytes};
    begin_ = trace_clock();
  }
  [[gnu::cold, gnu::noinline]] void end() noexcept {
    write_call(session_, call_, begin_, 0);
    if constexpr (!traces_its_work<B>) trace_timer<B>::of_this_library().drain(false);
  }

  unsigned session_ = 0;
  std::int64_t begin_;
  union {
    traced_call call_;
  };
};

template <class Device>
[[gnu::visibility("hidden"), gnu::cold, gnu::noinline]] void write_memory(Device device, std::int64_t change) noexcept {
  if (!is_tracing()) return;
  trace_file& file = the_trace();
  unsigned const session = file.session();
  if (session == 0) return;
  try {
    file.memory(session, Device::backend::name, device.properties().name, device.index(), change);
  } catch (...) {  // the properties are known: a buffer of the device exists
  }
}

/// Traces a change of the memory that the buffers of a device use, in bytes.
template <class Device>
CROSSLANE_INLINE void trace_memory(Device device, std::size_t bytes, bool allocated) noexcept {
  if (may_trace()) write_memory(device, allocated ? std::int64_t(bytes) : -std::int64_t(bytes));
}

}  // namespace crosslane::detail
