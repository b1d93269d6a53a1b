// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Captures of streams into graphs. Each call that a capture refuses prints one line with the call, the stream and the reason.
#include "hip_stream.hpp"

namespace shim {
static std::vector<std::shared_ptr<Capture>>& captures() {
  static auto* v = new std::vector<std::shared_ptr<Capture>>;
  return *v;
}
static thread_local hipStreamCaptureMode t_mode = hipStreamCaptureModeGlobal;

static std::string name_of(Stream const* s) {
  if (s->null) return "the null stream";
  return "stream " + hex(s) + " (id " + std::to_string(s->id) + ")";
}
static std::string name_of(Event const* e) { return "event " + hex(e); }
static char const* name_of(hipStreamCaptureMode m) {
  return m == hipStreamCaptureModeGlobal ? "global" : m == hipStreamCaptureModeThreadLocal ? "thread-local" : "relaxed";
}
// Prints why a call fails and returns its error.
static hipError_t refuse(char const* call, std::string const& why, hipError_t e) {
  say(std::string("ERROR: ") + call + ": " + why + ": " + hipGetErrorName(e));
  return e;
}
static hipError_t invalidate(Capture& c, char const* call, std::string const& why, hipError_t e) {
  if (c.broken.empty()) c.broken = call;
  return refuse(call, why + "; the capture of " + name_of(c.origin) + " is invalid from now on", e);
}
static hipError_t already_invalid(Capture const& c, char const* call) {
  return refuse(call, "the capture of " + name_of(c.origin) + " was invalidated by " + c.broken, hipErrorStreamCaptureInvalidated);
}
static bool alive(std::shared_ptr<Capture> const& c) { return c && std::find(captures().begin(), captures().end(), c) != captures().end(); }
static void forget(std::shared_ptr<Capture> const& c) {
  for (Stream* m : c->members) {
    m->cap = nullptr;
    m->tips.clear();
  }
  captures().erase(std::remove(captures().begin(), captures().end(), c), captures().end());
}
static bool forbids_unsafe(Capture const& c) {  // on this thread
  if (c.mode == hipStreamCaptureModeRelaxed || t_mode == hipStreamCaptureModeRelaxed) return false;
  return c.thread == std::this_thread::get_id() || (c.mode == hipStreamCaptureModeGlobal && t_mode == hipStreamCaptureModeGlobal);
}
static std::set<GNode*> before(std::vector<GNode*> todo) {  // these nodes and all that they depend on
  std::set<GNode*> seen;
  while (!todo.empty()) {
    GNode* n = todo.back();
    todo.pop_back();
    if (seen.insert(n).second) todo.insert(todo.end(), n->deps.begin(), n->deps.end());
  }
  return seen;
}
static bool joined(Capture const& c, Stream const* s) {
  auto const seen = before(c.origin->tips);
  return std::all_of(s->tips.begin(), s->tips.end(), [&](GNode* n) { return seen.count(n); });
}

hipError_t unsafe(char const* call) {
  Lock l;
  hipError_t e = hipSuccess;
  for (auto& c : captures())
    if (forbids_unsafe(*c))
      e = invalidate(*c, call, "not allowed while " + name_of(c->origin) + " is captured in the mode " + name_of(c->mode),
                     hipErrorStreamCaptureUnsupported);
  return e;
}
Graph* capturing(hipStream_t h) {
  Lock l;
  Stream* s = stream_of(h);
  return s->cap ? s->cap->g.get() : nullptr;
}
bool captured_now(Graph const* g) {
  Lock l;
  return std::any_of(captures().begin(), captures().end(), [&](auto& c) { return c->g.get() == g; });
}
hipError_t forbidden(hipStream_t h, char const* call) {
  Lock l;
  return forbidden(stream_of(h), call);
}
hipError_t forbidden(Stream* s, char const* call) {
  if (!s->cap) return hipSuccess;
  if (!s->cap->broken.empty()) return already_invalid(*s->cap, call);
  return invalidate(*s->cap, call, "not allowed on " + name_of(s) + ", which is captured", hipErrorStreamCaptureUnsupported);
}
static Capture* blocking_capture(Stream* s) {  // a capture whose streams wait for this null stream
  if (!s->null) return nullptr;
  for (auto& c : captures())
    for (Stream* m : c->members)
      if (!(m->flags & hipStreamNonBlocking) && m->dev == s->dev) return c.get();
  return nullptr;
}
hipError_t implicit(Stream* s, char const* call) {
  Capture* c = blocking_capture(s);
  return c ? invalidate(*c, call,
                        "uses the null stream, for which " + name_of(c->origin) +
                            " would wait although it is captured (hipStreamNonBlocking: "
                            "no wait)",
                        hipErrorStreamCaptureImplicit)
           : hipSuccess;
}
hipError_t captured(Event* x, char const* call) {
  if (!alive(x->cap)) return hipSuccess;
  return invalidate(*x->cap, call, name_of(x) + " was recorded in the capture of " + name_of(x->cap->origin) + " and never happens",
                    hipErrorCapturedEvent);
}
hipError_t capture_node(Stream* s, Cmd c, char const* call) {
  if (!s->cap->broken.empty()) return already_invalid(*s->cap, call);
  s->tips = {s->cap->g->add(std::move(c), s->tips)};
  return hipSuccess;
}
hipError_t capture_wait(Stream* s, Event* x, bool external, char const* call, bool* outside) {
  *outside = false;
  if (alive(x->cap)) {
    auto c = x->cap;
    if (!c->broken.empty()) return already_invalid(*c, call);
    if (s->null) return invalidate(*c, call, name_of(s) + " cannot join a capture by " + name_of(x), hipErrorStreamCaptureImplicit);
    if (s->cap && s->cap != c) {
      if (s->cap->broken.empty()) s->cap->broken = call;
      return invalidate(*c, call, name_of(s) + " is captured with " + name_of(s->cap->origin) + ", " + name_of(x) + " with another stream",
                        hipErrorStreamCaptureMerge);
    }
    if (!s->cap) {
      s->cap = c;
      s->tips.clear();
      c->members.push_back(s);
    }
    for (GNode* n : x->nodes)
      if (std::find(s->tips.begin(), s->tips.end(), n) == s->tips.end()) s->tips.push_back(n);
    return hipSuccess;
  }
  if (!s->cap) {
    *outside = true;
    return implicit(s, call);
  }
  if (external) {
    Cmd c;
    c.type = Node::wait;
    c.event = reinterpret_cast<hipEvent_t>(x);
    return capture_node(s, std::move(c), call);
  }
  if (!s->cap->broken.empty()) return already_invalid(*s->cap, call);
  if (x->mark)
    return invalidate(*s->cap, call, name_of(x) + " was recorded outside the capture of " + name_of(s), hipErrorStreamCaptureIsolation);
  return hipSuccess;
}
void drop_capture(Stream* s, char const* call) {
  auto c = s->cap;
  if (!c) return;
  if (c->origin == s) {
    c->broken = call;
    return forget(c);
  }
  if (!joined(*c, s)) (void)invalidate(*c, call, name_of(s) + " has captured work that is not joined", hipErrorStreamCaptureUnjoined);
  c->members.erase(std::remove(c->members.begin(), c->members.end(), s), c->members.end());
  s->cap = nullptr;
  s->tips.clear();
}

static hipError_t begin(hipStream_t h, hipStreamCaptureMode mode, std::shared_ptr<Graph> g, std::vector<GNode*> tips, char const* call) {
  if (unsigned(mode) > hipStreamCaptureModeRelaxed) return hipErrorInvalidValue;
  Lock l;
  Stream* s = stream_of(h);
  if (s->null) return refuse(call, "the null stream cannot be captured", hipErrorStreamCaptureUnsupported);
  if (s->cap) return refuse(call, name_of(s) + " is captured already", hipErrorIllegalState);
  if (captured_now(g.get())) return refuse(call, "another capture adds to this graph", hipErrorInvalidValue);
  auto c = std::make_shared<Capture>();
  c->g = std::move(g);
  c->mode = mode;
  c->thread = std::this_thread::get_id();
  c->origin = s;
  c->id = new_id();
  c->members = {s};
  s->cap = c;
  s->tips = std::move(tips);
  captures().push_back(c);
  return hipSuccess;
}
static hipStreamCaptureStatus status_of(Stream* s) {
  return !s->cap ? hipStreamCaptureStatusNone : s->cap->broken.empty() ? hipStreamCaptureStatusActive : hipStreamCaptureStatusInvalidated;
}
}  // namespace shim
using namespace shim;

API hipError_t hipStreamBeginCapture(hipStream_t s, hipStreamCaptureMode mode) {
  STREAM(s);
  return ret(begin(s, mode, std::make_shared<Graph>(), {}, "hipStreamBeginCapture"));
}
API hipError_t hipStreamBeginCaptureToGraph(hipStream_t s, hipGraph_t g, hipGraphNode_t const* deps, void const*, size_t n,
                                            hipStreamCaptureMode mode) {
  STREAM(s);
  Lock l;
  auto gr = graph_of(g);
  std::vector<GNode*> tips;
  if (!gr || !nodes_of(gr.get(), deps, n, &tips)) return ret(hipErrorInvalidValue);
  return ret(begin(s, mode, gr, tips, "hipStreamBeginCaptureToGraph"));
}
API hipError_t hipStreamEndCapture(hipStream_t h, hipGraph_t* out) {
  if (!out) return ret(hipErrorInvalidValue);
  STREAM(h);
  static char const* const call = "hipStreamEndCapture";
  Lock l;
  Stream* s = stream_of(h);
  auto c = s->cap;
  if (!c) return ret(refuse(call, name_of(s) + " is not captured", hipErrorIllegalState));
  if (c->origin != s)
    return ret(
        invalidate(*c, call, name_of(s) + " joined the capture that began on " + name_of(c->origin), hipErrorStreamCaptureUnmatched));
  if (c->mode != hipStreamCaptureModeRelaxed && c->thread != std::this_thread::get_id())
    return ret(refuse(call, "the capture of " + name_of(s) + " in the mode " + name_of(c->mode) + " was begun by another thread",
                      hipErrorStreamCaptureWrongThread));
  *out = nullptr;
  std::string open;
  for (Stream* m : c->members)
    if (!joined(*c, m)) open += (open.empty() ? "" : ", ") + name_of(m);
  forget(c);
  if (!c->broken.empty()) return ret(already_invalid(*c, call));
  if (!open.empty())
    return ret(
        refuse(call, open + " joined the capture of " + name_of(s) + ", which does not wait for its work", hipErrorStreamCaptureUnjoined));
  *out = publish(c->g);
  return ret(hipSuccess);
}
API hipError_t hipStreamIsCapturing(hipStream_t h, hipStreamCaptureStatus* st) {
  STREAM(h);
  if (!st) return ret(hipErrorInvalidValue);
  Lock l;
  Stream* s = stream_of(h);
  if (blocking_capture(s)) return ret(hipErrorStreamCaptureImplicit);
  *st = status_of(s);
  return ret(hipSuccess);
}
API hipError_t hipStreamGetCaptureInfo_v2(hipStream_t h, hipStreamCaptureStatus* st, unsigned long long* id, hipGraph_t* g,
                                          hipGraphNode_t const** deps, size_t* n) {
  STREAM(h);
  if (!st) return ret(hipErrorInvalidValue);
  Lock l;
  Stream* s = stream_of(h);
  *st = status_of(s);
  if (*st == hipStreamCaptureStatusActive) {
    if (id) *id = s->cap->id;
    if (g) *g = publish(s->cap->g);
    if (deps) *deps = reinterpret_cast<hipGraphNode_t const*>(s->tips.data());
    if (n) *n = s->tips.size();
  }
  return ret(hipSuccess);
}
API hipError_t hipStreamGetCaptureInfo(hipStream_t h, hipStreamCaptureStatus* st, unsigned long long* id) {
  return hipStreamGetCaptureInfo_v2(h, st, id, nullptr, nullptr, nullptr);
}
API hipError_t hipStreamUpdateCaptureDependencies(hipStream_t h, hipGraphNode_t* deps, size_t n, unsigned flags) {
  STREAM(h);
  Lock l;
  Stream* s = stream_of(h);
  if (status_of(s) != hipStreamCaptureStatusActive)
    return ret(refuse("hipStreamUpdateCaptureDependencies", name_of(s) + " is not captured", hipErrorIllegalState));
  std::vector<GNode*> v;
  if (flags > 1 || !nodes_of(s->cap->g.get(), deps, n, &v)) return ret(hipErrorInvalidValue);
  if (flags == hipStreamSetCaptureDependencies) s->tips.clear();
  for (GNode* x : v)
    if (std::find(s->tips.begin(), s->tips.end(), x) == s->tips.end()) s->tips.push_back(x);
  return ret(hipSuccess);
}
API hipError_t hipThreadExchangeStreamCaptureMode(hipStreamCaptureMode* m) {
  if (!m || unsigned(*m) > hipStreamCaptureModeRelaxed) return ret(hipErrorInvalidValue);
  std::swap(*m, t_mode);
  return ret(hipSuccess);
}
