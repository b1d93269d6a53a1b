// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Notes of traces: the events of queued work, kept until the times of the work are known.
#pragma once

#include <crosslane/runtime/launch_geometry.hpp>
#include <crosslane/runtime/trace_file.hpp>

namespace crosslane::detail {

inline namespace CROSSLANE_CONFIGURATION {

/// A call of the library, as the trace shows it. Members that do not apply are null or 0.
struct traced_call {
  char const* category;  ///< "launch", "copy" ...: the name of the call
  char const* name;      ///< of the work: the kernel, for launches
  source_location where;
  std::size_t bytes = 0;
  launch_geometry const* geometry = nullptr;
};

}  // namespace CROSSLANE_CONFIGURATION

/// The range that the calling thread is in, for the trace.
struct trace_range {
  char const* name;
  trace_range const* outer;
};
[[gnu::visibility("hidden")]] inline thread_local trace_range const* current_trace_range = nullptr;

/// Writes one end of the arrow from a call to the work that it queued. `phase` is the event's value of "ph", and what may follow it.
inline void write_arrow(unsigned session, char const* phase, std::uint64_t arrow, trace_lane lane, std::int64_t time) noexcept {
  trace_file& file = the_trace();
  trace_text event;
  event.append("{\"ph\":\"%s\",\"cat\":\"queue\",\"name\":\"queued\",\"id\":%llu,\"pid\":%d,\"tid\":%ld", phase,
               static_cast<unsigned long long>(arrow), lane.process, lane.thread);
  event.append_time("ts", file.since_begin(time));
  event.append("}");
  file.write(session, event);
}

/// The event of a piece of work without its times.
struct trace_note {
  unsigned session = 0;
  trace_lane lane;
  std::uint64_t arrow = 0;
  unsigned size = 0;
  char* text = nullptr;

  /// Returns null without memory: the work is then missing in the trace.
  static trace_note* make(unsigned session, trace_lane lane, std::uint64_t arrow, trace_text const& text) noexcept {
    auto* const memory = static_cast<char*>(std::malloc(sizeof(trace_note) + text.size()));
    if (memory == nullptr) return nullptr;
    std::memcpy(memory + sizeof(trace_note), text.data(), text.size());
    return new (memory) trace_note{session, lane, arrow, text.size(), memory + sizeof(trace_note)};
  }
  static void drop(trace_note* note) noexcept { std::free(note); }

  /// Writes the event and the end of the arrow that leads to it.
  void write(std::int64_t begin, std::int64_t end) const noexcept {
    trace_file& file = the_trace();
    trace_text event;
    event.append("%.*s", int(size), text);
    event.append_time("ts", file.since_begin(begin));
    event.append_time("dur", end > begin ? end - begin : 0);
    event.append("}");
    file.write(session, event);
    write_arrow(session, "f\",\"bp\":\"e", arrow, lane, begin);
  }
};

/// The note of the work that the calling thread queues next, for backends whose streams measure their work themselves.
[[gnu::visibility("hidden")]] inline thread_local trace_note* next_trace_note = nullptr;

/// Gives the next note to a piece of work.
CROSSLANE_INLINE trace_note* take_trace_note() noexcept {
  if (!may_trace()) return nullptr;
  trace_note* const note = next_trace_note;
  next_trace_note = nullptr;
  return note;
}

/// Writes the note of the work that the calling thread runs while the object lives.
class traced_run {
 public:
  explicit traced_run(trace_note const* note) noexcept : note_{note}, begin_{note == nullptr ? 0 : trace_clock()} {}
  traced_run(traced_run const&) = delete;
  traced_run& operator=(traced_run const&) = delete;
  ~traced_run() {
    if (note_ != nullptr) note_->write(begin_, trace_clock());
  }

 private:
  trace_note const* note_;
  std::int64_t begin_;
};

/// Appends the parts of an event that describe a call: `"name":...,"cat":...` and the arguments.
template <class Call>
[[gnu::visibility("hidden"), gnu::cold, gnu::noinline]] void append_call(trace_text& text, Call const& call, bool as_work) noexcept {
  text.append("\"name\":");
  text.append_string(as_work ? call.name : call.category);
  text.append(",\"cat\":\"%s\",\"args\":{\"where\":", as_work ? call.category : "call");
  char place[320];
  std::snprintf(place, sizeof place, "%s:%u", call.where.file, call.where.line);
  text.append_string(place);
  if (!as_work && call.name != call.category) {
    text.append(",\"work\":");
    text.append_string(call.name);
  }
  if (current_trace_range != nullptr) {
    text.append(",\"range\":");
    text.append_string(current_trace_range->name, 127);
  }
  if (call.bytes != 0) text.append(",\"bytes\":%zu", call.bytes);
  if (auto const* const g = call.geometry)
    text.append(",\"grid\":[%u,%u,%u],\"block\":[%u,%u,%u],\"dynamic_shared\":%zu", g->grid.x, g->grid.y, g->grid.z, g->block.x, g->block.y,
                g->block.z, g->dynamic_shared);
  text.append("}");
}

}  // namespace crosslane::detail
