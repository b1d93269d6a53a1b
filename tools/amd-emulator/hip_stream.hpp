// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Streams, events and captures, shared by hip_stream.cpp and hip_capture.cpp. All of it is guarded by Lock, except the queues.
#pragma once
#include <thread>
#include "hip_api.hpp"

namespace shim {
struct Stream;
/// A capture of one or more streams into a graph.
struct Capture {
  std::shared_ptr<Graph> g;
  hipStreamCaptureMode mode;
  std::thread::id thread;
  Stream* origin;
  std::string broken;  // the call that invalidated it, empty: active
  unsigned long long id = 0;
  std::vector<Stream*> members;
};
/// A point in a stream: whether it was reached, and when.
struct Mark {
  bool done = false;
  double t = -1;
};
struct Job {
  Cmd c;
  std::vector<std::pair<Stream*, uint64_t>> after;
  std::shared_ptr<Mark> mark, until;
  bool in_turn = false;  // `after` has what comes before it on its stream
};
struct Stream {
  unsigned flags = 0;
  int prio = 0, dev = 0;
  unsigned long long id = 0;
  std::shared_ptr<Capture> cap;
  std::vector<GNode*> tips;  // capture: the nodes that the next command depends on
  std::deque<Job> q;
  uint64_t put = 0, done = 0;
  bool stop = false, worker = false, null = false;
};
struct Event {
  unsigned flags = 0;
  int dev = 0;
  std::shared_ptr<Mark> mark;
  std::shared_ptr<Capture> cap;
  std::vector<GNode*> nodes;
};

Stream* stream_of(hipStream_t s);
/// A new number, which differs from those of all streams and captures.
unsigned long long new_id();
inline Event* ev(hipEvent_t e) { return reinterpret_cast<Event*>(e); }

// ---- Questions of the other calls to captures (hip_capture.cpp). Call with the lock held. Each prints what it refuses, with the names of
// the
// ---- call and the stream, and invalidates the capture.
/// Refuses a call on a stream whose capture forbids it, for example a wait of the host.
hipError_t forbidden(Stream* s, char const* call);
/// Refuses work on a null stream while a stream is captured that waits for null streams.
hipError_t implicit(Stream* s, char const* call);
/// Refuses a host's wait for an event of a capture.
hipError_t captured(Event* x, char const* call);
/// Adds a node to the capture of a stream.
hipError_t capture_node(Stream* s, Cmd c, char const* call);
/// A wait for an event by a captured stream, or for an event of a capture. *outside: neither of them, nothing was done.
hipError_t capture_wait(Stream* s, Event* x, bool external, char const* call, bool* outside);
/// Ends the capture of a stream that is destroyed.
void drop_capture(Stream* s, char const* call);
}  // namespace shim
