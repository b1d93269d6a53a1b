// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Traces of a program: what its streams and threads did when. A trace is a file of JSON that ui.perfetto.dev shows.
///
/// The environment variable `CROSSLANE_TRACE=file.json` traces a whole program; start_trace() and stop_trace() trace a part. `%p` in the
/// name is replaced by the number of the process. Ranges and marks also appear in the vendor's profiler.
#pragma once

#include <crosslane/runtime/traced_work.hpp>

namespace crosslane {

/// Begins a trace of the process. A trace that is running ends. Throws invalid_argument if the file cannot be written.
inline void start_trace(char const* path, source_location where = source_location::current()) {
  detail::trace_registration::once();
  detail::the_trace().drain_all(true);
  error_text text;
  if (!detail::the_trace().open(path, text)) {
    detail::the_trace().set_state(detail::trace_off);
    throw error{errc::invalid_argument, text, where};
  }
  detail::the_trace().set_state(detail::trace_on);
}

/// Ends the trace and closes its file. Waits until GPUs have finished the work that is traced, five seconds at most. Does nothing if there
/// is no trace. The end of the program does the same.
inline void stop_trace() noexcept {
  detail::trace_registration::once();
  detail::the_trace().drain_all(true);
  detail::the_trace().set_state(detail::trace_off);
  detail::the_trace().close();
}

/// A range of the calling thread, from the construction to the destruction, with a name. Traces show it, and so does the vendor's profiler:
/// as a range of NVTX on NVIDIA GPUs, of roctx on AMD GPUs if its library is installed. Work that the thread queues meanwhile has the name
/// of the innermost range in the trace. Ranges of a thread must nest. Costs about a nanosecond if nothing records.
///
///   {
///     xl::scoped_range const step{"blur"};
///     xl::launch(q, {.grid = blocks, .block = 256}, blur{}, x, y);
///   }
template <runtime_backend B>
class basic_scoped_range {
 public:
  /// Begins the range. The name must stay valid until the end of the range. A trace shows its first 127 bytes.
  explicit basic_scoped_range(char const* name) noexcept {
    if constexpr (requires { B::push_range(name); }) B::push_range(name);
    if (detail::may_trace()) begin(name);
  }
  basic_scoped_range(basic_scoped_range const&) = delete;
  basic_scoped_range& operator=(basic_scoped_range const&) = delete;
  ~basic_scoped_range() {
    if constexpr (requires { B::pop_range(); }) B::pop_range();
    if (session_ != 0) end();
  }

 private:
  [[gnu::cold, gnu::noinline]] void begin(char const* name) noexcept {
    if (!detail::is_tracing()) return;
    detail::trace_file& file = detail::the_trace();
    session_ = file.session();
    if (session_ == 0) return;
    range_ = {name, detail::current_trace_range};
    detail::current_trace_range = &range_;
    detail::trace_lane const lane = file.thread(session_, detail::thread_named_in);
    detail::trace_text event;
    event.append("{\"ph\":\"B\",\"cat\":\"range\",\"pid\":%d,\"tid\":%ld,\"name\":", lane.process, lane.thread);
    event.append_string(name, 127);
    event.append_time("ts", file.since_begin(detail::trace_clock()));
    event.append("}");
    file.write(session_, event);
  }
  [[gnu::cold, gnu::noinline]] void end() noexcept {
    detail::current_trace_range = range_.outer;
    detail::trace_file& file = detail::the_trace();
    std::int64_t const now = detail::trace_clock();
    if (file.session() != session_) return;  // the trace has ended, or fork() made this process
    detail::trace_lane const lane = file.thread(session_, detail::thread_named_in);
    detail::trace_text event;
    event.append("{\"ph\":\"E\",\"pid\":%d,\"tid\":%ld", lane.process, lane.thread);
    event.append_time("ts", file.since_begin(now));
    event.append("}");
    file.write(session_, event);
  }

  unsigned session_ = 0;
  detail::trace_range range_;
};

namespace detail {

/// Writes a mark of the calling thread to the trace.
[[gnu::visibility("hidden"), gnu::cold, gnu::noinline]] inline void write_mark(char const* name) noexcept {
  if (!is_tracing()) return;
  trace_file& file = the_trace();
  unsigned const session = file.session();
  if (session == 0) return;
  trace_lane const lane = file.thread(session, thread_named_in);
  trace_text event;
  event.append("{\"ph\":\"i\",\"s\":\"t\",\"cat\":\"mark\",\"pid\":%d,\"tid\":%ld,\"name\":", lane.process, lane.thread);
  event.append_string(name);
  event.append_time("ts", file.since_begin(trace_clock()));
  event.append("}");
  file.write(session, event);
}

}  // namespace detail

/// Marks a moment of the calling thread in traces and in the profiler of the backend's vendor.
///
///   xl::mark("the picture is loaded");
template <runtime_backend B>
void mark(char const* name) noexcept {
  if constexpr (requires { B::mark(name); }) B::mark(name);
  if (detail::may_trace()) detail::write_mark(name);
}

}  // namespace crosslane
