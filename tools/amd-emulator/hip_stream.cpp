// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Streams, events and stream capture. A command runs in the call that submits it. With AMDEMU_ASYNC=1 each stream has a thread that runs
/// its commands.
#include <thread>
#include "hip_api.hpp"

namespace shim {
struct Stream;
struct Capture {
  std::shared_ptr<Graph> g;
  hipStreamCaptureMode mode;
  std::thread::id thread;
  Stream* origin;
  bool invalid = false;
  unsigned long long id = 0;
  std::vector<Stream*> members;
};
struct Mark {
  bool done = false;
  double t = -1;
};
struct Job {
  Cmd c;
  std::vector<std::pair<Stream*, uint64_t>> after;
  std::shared_ptr<Mark> mark, until;
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

static std::set<void*>& handles() {
  static auto* s = new std::set<void*>;
  return *s;
}
static std::set<Stream*>& streams() {
  static auto* s = new std::set<Stream*>;
  return *s;
}
static std::vector<std::shared_ptr<Capture>>& captures() {
  static auto* v = new std::vector<std::shared_ptr<Capture>>;
  return *v;
}
// Each device has a null stream. Call with the lock held.
static Stream* null_stream(int dev) {
  static auto* all = new std::map<int, Stream*>;
  Stream*& s = (*all)[dev];
  if (!s) {
    s = new Stream;
    s->dev = dev;
    s->null = true;
    streams().insert(s);
  }
  return s;
}
static thread_local hipStreamCaptureMode t_mode = hipStreamCaptureModeGlobal;
static std::mutex& qmx() {
  static auto* m = new std::mutex;
  return *m;
}
static std::condition_variable& qcv() {
  static auto* c = new std::condition_variable;
  return *c;
}
static unsigned long long g_ids = 0;

bool async_on() {
  static bool const on = emu::enabled("AMDEMU_ASYNC");
  return on;
}
static Stream* stream_of(hipStream_t s) {
  Lock l;
  if (uintptr_t(s) == 2) {
    static thread_local Stream* mine = nullptr;
    if (!mine) {
      mine = new Stream;
      mine->dev = t_dev;
      mine->id = ++g_ids;
      streams().insert(mine);
    }
    return mine;
  }
  return uintptr_t(s) < 2 ? null_stream(t_dev) : reinterpret_cast<Stream*>(s);
}
int device_of(hipStream_t s) { return uintptr_t(s) <= 2 ? t_dev : stream_of(s)->dev; }
hipError_t stream_check(hipStream_t s) {
  Lock l;
  return uintptr_t(s) <= 2 || handles().count(s) ? hipSuccess : hipErrorContextIsDestroyed;
}
static bool ok_event(hipEvent_t e) {
  Lock l;
  return e && handles().count(e);
}
static Event* ev(hipEvent_t e) { return reinterpret_cast<Event*>(e); }

// ---- capture
static bool visible(Capture const& c) {  // whether this capture forbids unsafe calls on this thread
  if (c.mode == hipStreamCaptureModeRelaxed || t_mode == hipStreamCaptureModeRelaxed) return false;
  return c.thread == std::this_thread::get_id() || (c.mode == hipStreamCaptureModeGlobal && t_mode == hipStreamCaptureModeGlobal);
}
hipError_t unsafe() {
  Lock l;
  bool hit = false;
  for (auto& c : captures())
    if (visible(*c)) {
      hit = true;
      c->invalid = true;
    }
  return hit ? hipErrorStreamCaptureUnsupported : hipSuccess;
}
Graph* capturing(hipStream_t s) {
  Lock l;
  Stream* x = stream_of(s);
  return x->cap && !x->cap->invalid ? x->cap->g.get() : nullptr;
}
static hipError_t forbidden(Stream* s) {
  if (!s->cap) return hipSuccess;
  s->cap->invalid = true;
  return hipErrorStreamCaptureUnsupported;
}

// ---- worker threads
static bool ready(Job const& j) {
  for (auto& a : j.after)
    if (a.first->done < a.second) return false;
  return !j.until || j.until->done;
}
static void work(Stream* s) {
  std::unique_lock<std::mutex> l(qmx());
  for (;;) {
    qcv().wait(l, [&] { return s->stop || (!s->q.empty() && ready(s->q.front())); });
    if (s->q.empty() && s->stop) return;
    if (!ready(s->q.front())) {
      qcv().wait(l, [&] { return ready(s->q.front()); });
    }
    Job j = std::move(s->q.front());
    s->q.pop_front();
    l.unlock();
    hipError_t e = j.c.run();
    if (e != hipSuccess) set_async(e);
    l.lock();
    if (j.mark) {
      j.mark->done = true;
      j.mark->t = now();
    }
    s->done++;
    qcv().notify_all();
  }
}
static uint64_t enqueue(Stream* s, Job j) {
  static bool const once = [] {
    atexit([] { (void)wait_all(); });
    return true;
  }();
  (void)once;
  Lock g;
  std::unique_lock<std::mutex> l(qmx());
  if (s->null) {
    for (Stream* o : streams())
      if (o != s && o->dev == s->dev && !(o->flags & hipStreamNonBlocking)) j.after.emplace_back(o, o->put);
  } else if (!(s->flags & hipStreamNonBlocking))
    j.after.emplace_back(null_stream(s->dev), null_stream(s->dev)->put);
  s->q.push_back(std::move(j));
  uint64_t t = ++s->put;
  if (!s->worker) {
    s->worker = true;
    std::thread(work, s).detach();
  }
  qcv().notify_all();
  return t;
}
static void wait_for(Stream* s, uint64_t t) {
  std::unique_lock<std::mutex> l(qmx());
  qcv().wait(l, [&] { return s->done >= t; });
}

hipError_t submit(hipStream_t h, Cmd c, bool wait) {
  Stream* s = stream_of(h);
  {
    Lock l;
    if (s->cap) {
      if (s->cap->invalid) return hipErrorStreamCaptureInvalidated;
      s->tips = {s->cap->g->add(std::move(c), s->tips)};
      return hipSuccess;
    }
    if (s->null)
      for (auto& k : captures())
        if (visible(*k))
          for (Stream* m : k->members)
            if (!(m->flags & hipStreamNonBlocking)) {
              k->invalid = true;
              return hipErrorStreamCaptureImplicit;
            }
  }
  if (!async_on()) return c.run();
  Job j;
  j.c = std::move(c);
  uint64_t t = enqueue(s, std::move(j));
  if (wait) wait_for(s, t);
  return hipSuccess;
}
hipError_t wait_all(int dev) {
  if (async_on()) {
    std::vector<std::pair<Stream*, uint64_t>> v;
    {
      Lock g;
      std::unique_lock<std::mutex> l(qmx());
      for (Stream* s : streams())
        if (dev < 0 || s->dev == dev) v.emplace_back(s, s->put);
    }
    for (auto& x : v) wait_for(x.first, x.second);
  }
  return take_async();
}
static bool idle(Stream* s) {
  std::unique_lock<std::mutex> l(qmx());
  return s->done >= s->put;
}
}  // namespace shim
using namespace shim;

// ------------------------------------------------------------------------------------------------ streams
static hipError_t mk_stream(hipStream_t* s, unsigned f, int p) {
  if (!s || f > 1) return ret(hipErrorInvalidValue);
  Lock l;
  auto* x = new Stream;
  x->flags = f;
  x->prio = p;
  x->dev = t_dev;
  x->id = ++g_ids;
  handles().insert(x);
  streams().insert(x);
  *s = reinterpret_cast<hipStream_t>(x);
  return ret(hipSuccess);
}
API hipError_t hipStreamCreate(hipStream_t* s) { return mk_stream(s, 0, 0); }
API hipError_t hipStreamCreateWithFlags(hipStream_t* s, unsigned f) { return mk_stream(s, f, 0); }
API hipError_t hipStreamCreateWithPriority(hipStream_t* s, unsigned f, int p) { return mk_stream(s, f, std::max(-1, std::min(1, p))); }
API hipError_t hipDeviceGetStreamPriorityRange(int* lo, int* hi) {
  if (lo) *lo = 1;
  if (hi) *hi = -1;
  return ret(hipSuccess);
}
API hipError_t hipStreamDestroy(hipStream_t h) {
  {
    Lock l;
    if (uintptr_t(h) <= 2 || !handles().count(h))
      return ret(uintptr_t(h) <= 2 ? hipErrorInvalidResourceHandle : hipErrorContextIsDestroyed);
  }
  Stream* s = reinterpret_cast<Stream*>(h);
  wait_for(s, s->put);
  Lock l;
  handles().erase(h);
  streams().erase(s);
  if (s->cap) {
    s->cap->invalid = true;
    for (Stream* m : s->cap->members)
      if (m != s) {
        m->cap = nullptr;
        m->tips.clear();
      }
    auto& v = captures();
    v.erase(std::remove(v.begin(), v.end(), s->cap), v.end());
    s->cap = nullptr;
  }
  {
    std::unique_lock<std::mutex> q(qmx());
    s->stop = true;
    qcv().notify_all();
  }
  return ret(hipSuccess);  // not deleted: its thread and waiting jobs may still read it
}
API hipError_t hipStreamSynchronize(hipStream_t h) {
  STREAM(h);
  Stream* s = stream_of(h);
  {
    Lock l;
    if (hipError_t e = forbidden(s)) return ret(e);
  }
  if (s->null) {
    if (hipError_t e = unsafe()) return ret(e);
    if (async_on()) {
      Cmd c;
      (void)submit(h, c, true);
    }
  } else
    wait_for(s, s->put);
  return ret(take_async());
}
API hipError_t hipStreamQuery(hipStream_t h) {
  STREAM(h);
  Stream* s = stream_of(h);
  {
    Lock l;
    if (hipError_t e = forbidden(s)) return ret(e);
  }
  return ret(idle(s) ? take_async() : hipErrorNotReady);
}
API hipError_t hipDeviceSynchronize() {
  if (hipError_t e = unsafe()) return ret(e);
  return ret(wait_all(t_dev));
}
API hipError_t hipDeviceReset() {
  (void)wait_all();
  return ret(hipSuccess);
}
API hipError_t hipStreamGetFlags(hipStream_t s, unsigned* f) {
  STREAM(s);
  if (!f) return ret(hipErrorInvalidValue);
  *f = stream_of(s)->flags;
  return ret(hipSuccess);
}
API hipError_t hipStreamGetPriority(hipStream_t s, int* p) {
  STREAM(s);
  if (!p) return ret(hipErrorInvalidValue);
  *p = stream_of(s)->prio;
  return ret(hipSuccess);
}
API hipError_t hipStreamGetDevice(hipStream_t s, hipDevice_t* d) {
  STREAM(s);
  if (!d) return ret(hipErrorInvalidValue);
  *d = uintptr_t(s) <= 2 ? t_dev : stream_of(s)->dev;
  return ret(hipSuccess);
}
API hipError_t hipStreamGetId(hipStream_t s, unsigned long long* id) {
  STREAM(s);
  if (!id) return ret(hipErrorInvalidValue);
  *id = stream_of(s)->id;
  return ret(hipSuccess);
}
API hipError_t hipStreamAttachMemAsync(hipStream_t s, void* p, size_t, unsigned) {
  STREAM(s);
  return ret(p ? hipSuccess : hipErrorInvalidValue);
}
API hipError_t hipLaunchHostFunc(hipStream_t s, hipHostFn_t fn, void* u) {
  STREAM(s);
  if (!fn) return ret(hipErrorInvalidValue);
  Cmd c;
  c.type = Node::host;
  c.host_params = {fn, u};
  c.host = [fn, u] { fn(u); };
  return ret(submit(s, std::move(c)));
}
API hipError_t hipStreamAddCallback(hipStream_t s, hipStreamCallback_t cb, void* u, unsigned flags) {
  STREAM(s);
  if (!cb || flags) return ret(hipErrorInvalidValue);
  {
    Lock l;
    if (hipError_t e = forbidden(stream_of(s))) return ret(e);
  }
  Cmd c;
  c.type = Node::host;
  c.host = [=] { cb(s, hipSuccess, u); };
  return ret(submit(s, std::move(c)));
}

// ------------------------------------------------------------------------------------------------ events
API hipError_t hipEventCreateWithFlags(hipEvent_t* e, unsigned f) {
  if (!e || ((f & hipEventInterprocess) && !(f & hipEventDisableTiming))) return ret(hipErrorInvalidValue);
  Lock l;
  auto* x = new Event;
  x->flags = f;
  x->dev = t_dev;
  handles().insert(x);
  *e = reinterpret_cast<hipEvent_t>(x);
  return ret(hipSuccess);
}
API hipError_t hipEventCreate(hipEvent_t* e) { return hipEventCreateWithFlags(e, 0); }
API hipError_t hipEventDestroy(hipEvent_t e) {
  Lock l;
  if (!e) return ret(hipErrorInvalidHandle);
  if (!handles().erase(e)) return ret(hipErrorContextIsDestroyed);
  delete ev(e);
  return ret(hipSuccess);
}
static hipError_t record(Event* e, Stream* s) {
  {
    Lock l;
    if (s->cap) {
      if (s->cap->invalid) return hipErrorStreamCaptureInvalidated;
      e->cap = s->cap;
      e->nodes = s->tips;
      e->mark = nullptr;
      return hipSuccess;
    }
    e->cap = nullptr;
    e->nodes.clear();
    e->mark = std::make_shared<Mark>();
  }
  if (!async_on()) {
    e->mark->done = true;
    e->mark->t = now();
    return hipSuccess;
  }
  Job j;
  j.mark = e->mark;
  enqueue(s, std::move(j));
  return hipSuccess;
}
void shim::event_record_now(hipEvent_t e) {
  if (!ok_event(e)) return;
  auto m = std::make_shared<Mark>();
  m->done = true;
  m->t = now();
  Lock l;
  ev(e)->mark = m;
  ev(e)->cap = nullptr;
}
void shim::event_wait_now(hipEvent_t e) {
  if (!ok_event(e)) return;
  auto m = ev(e)->mark;
  if (!m) return;
  std::unique_lock<std::mutex> l(qmx());
  qcv().wait(l, [&] { return m->done; });
}
API hipError_t hipEventRecord(hipEvent_t e, hipStream_t s) {
  STREAM(s);
  if (!ok_event(e) || ev(e)->dev != device_of(s)) return ret(hipErrorInvalidHandle);
  return ret(record(ev(e), stream_of(s)));
}
API hipError_t hipEventRecord_spt(hipEvent_t e, hipStream_t s) { return hipEventRecord(e, s); }
API hipError_t hipEventRecordWithFlags(hipEvent_t e, hipStream_t s, unsigned f) {
  return f > 1 ? ret(hipErrorInvalidValue) : hipEventRecord(e, s);
}
// The host cannot wait for an event of a capture: this is an error and ends the capture.
static hipError_t captured(Event* x) {
  Lock l;
  if (!x->cap) return hipSuccess;
  for (auto& c : captures())
    if (c == x->cap) {
      c->invalid = true;
      return hipErrorCapturedEvent;
    }
  return hipSuccess;
}
API hipError_t hipEventSynchronize(hipEvent_t e) {
  if (!ok_event(e)) return ret(hipErrorInvalidHandle);
  if (hipError_t r = captured(ev(e))) return ret(r);
  auto m = ev(e)->mark;
  if (m) {
    std::unique_lock<std::mutex> l(qmx());
    qcv().wait(l, [&] { return m->done; });
  }
  return ret(take_async());
}
API hipError_t hipEventQuery(hipEvent_t e) {
  if (!ok_event(e)) return ret(hipErrorInvalidHandle);
  if (hipError_t r = captured(ev(e))) return ret(r);
  auto m = ev(e)->mark;
  std::unique_lock<std::mutex> l(qmx());
  bool done = !m || m->done;
  l.unlock();
  return ret(done ? hipSuccess : hipErrorNotReady);
}
API hipError_t hipEventElapsedTime(float* ms, hipEvent_t a, hipEvent_t b) {
  if (!ms) return ret(hipErrorInvalidValue);
  if (!ok_event(a) || !ok_event(b)) return ret(hipErrorInvalidHandle);
  auto x = ev(a)->mark, y = ev(b)->mark;
  if (ev(a)->dev != ev(b)->dev) return ret(hipErrorInvalidHandle);
  if (!x || !y || (ev(a)->flags | ev(b)->flags) & hipEventDisableTiming) return ret(hipErrorInvalidHandle);
  std::unique_lock<std::mutex> l(qmx());
  bool done = x->done && y->done;
  l.unlock();
  if (!done) return ret(hipErrorNotReady);
  *ms = float((y->t - x->t) * 1e3);
  return ret(hipSuccess);
}
API hipError_t hipStreamWaitEvent(hipStream_t h, hipEvent_t e, unsigned flags) {
  STREAM(h);
  if (!ok_event(e)) return ret(hipErrorInvalidHandle);
  if (flags > 1) return ret(hipErrorInvalidValue);
  Stream* s = stream_of(h);
  Event* x = ev(e);
  std::shared_ptr<Mark> m;
  {
    Lock l;
    bool live = false;
    for (auto& c : captures()) live = live || c == x->cap;
    if (x->cap && live) {
      if (x->cap->invalid) return ret(hipErrorStreamCaptureInvalidated);
      if (s->null) {
        x->cap->invalid = true;
        return ret(hipErrorStreamCaptureImplicit);
      }
      if (s->cap && s->cap != x->cap) {
        s->cap->invalid = x->cap->invalid = true;
        return ret(hipErrorStreamCaptureMerge);
      }
      if (!s->cap) {
        s->cap = x->cap;
        s->tips.clear();
        s->cap->members.push_back(s);
      }
      for (GNode* n : x->nodes)
        if (std::find(s->tips.begin(), s->tips.end(), n) == s->tips.end()) s->tips.push_back(n);
      return ret(hipSuccess);
    }
    if (s->cap) {
      if (s->cap->invalid) return ret(hipErrorStreamCaptureInvalidated);
      if (x->mark) {
        s->cap->invalid = true;
        return ret(hipErrorStreamCaptureIsolation);
      }
      return ret(hipSuccess);
    }
    m = x->mark;
  }
  if (m && async_on()) {
    {
      std::unique_lock<std::mutex> l(qmx());
      if (m->done) return ret(hipSuccess);
    }
    Job j;
    j.until = m;
    enqueue(s, std::move(j));
  }
  return ret(hipSuccess);
}

// ------------------------------------------------------------------------------------------------ capture
static hipError_t begin(hipStream_t h, hipStreamCaptureMode mode, std::shared_ptr<Graph> g, std::vector<GNode*> tips) {
  STREAM(h);
  if (uintptr_t(h) < 2) return ret(hipErrorStreamCaptureUnsupported);
  if (unsigned(mode) > hipStreamCaptureModeRelaxed) return ret(hipErrorInvalidValue);
  Lock l;
  Stream* s = stream_of(h);
  if (s->cap) return ret(hipErrorIllegalState);
  auto c = std::make_shared<Capture>();
  c->g = g;
  c->mode = mode;
  c->thread = std::this_thread::get_id();
  c->origin = s;
  c->id = ++g_ids;
  c->members = {s};
  s->cap = c;
  s->tips = tips;
  captures().push_back(c);
  return ret(hipSuccess);
}
API hipError_t hipStreamBeginCapture(hipStream_t s, hipStreamCaptureMode mode) { return begin(s, mode, std::make_shared<Graph>(), {}); }
API hipError_t hipStreamBeginCaptureToGraph(hipStream_t s, hipGraph_t g, hipGraphNode_t const* deps, void const*, size_t n,
                                            hipStreamCaptureMode mode) {
  auto gr = graph_of(g);
  if (!gr || (n && !deps)) return ret(hipErrorInvalidValue);
  std::vector<GNode*> t;
  for (size_t i = 0; i < n; i++) {
    t.push_back(node_of(deps[i]));
    if (!t.back()) return ret(hipErrorInvalidValue);
  }
  return begin(s, mode, gr, t);
}
API hipError_t hipStreamEndCapture(hipStream_t h, hipGraph_t* out) {
  if (!out) return ret(hipErrorInvalidValue);
  STREAM(h);
  Lock l;
  Stream* s = stream_of(h);
  auto c = s->cap;
  if (!c) return ret(hipErrorIllegalState);
  if (c->origin != s) {
    c->invalid = true;
    return ret(hipErrorStreamCaptureUnmatched);
  }
  if (c->mode != hipStreamCaptureModeRelaxed && c->thread != std::this_thread::get_id()) return ret(hipErrorStreamCaptureWrongThread);
  std::set<GNode*> seen;
  std::vector<GNode*> todo = s->tips;
  bool joined = true;
  while (!todo.empty()) {
    GNode* n = todo.back();
    todo.pop_back();
    if (seen.insert(n).second)
      for (GNode* d : n->deps) todo.push_back(d);
  }
  for (Stream* m : c->members)
    for (GNode* n : m->tips) joined = joined && seen.count(n);
  for (Stream* m : c->members) {
    m->cap = nullptr;
    m->tips.clear();
  }
  auto& v = captures();
  v.erase(std::remove(v.begin(), v.end(), c), v.end());
  *out = nullptr;
  if (c->invalid) return ret(hipErrorStreamCaptureInvalidated);
  if (!joined) return ret(hipErrorStreamCaptureUnjoined);
  *out = publish(c->g);
  return ret(hipSuccess);
}
static hipStreamCaptureStatus status_of(Stream* s) {
  return !s->cap ? hipStreamCaptureStatusNone : s->cap->invalid ? hipStreamCaptureStatusInvalidated : hipStreamCaptureStatusActive;
}
API hipError_t hipStreamIsCapturing(hipStream_t h, hipStreamCaptureStatus* st) {
  STREAM(h);
  if (!st) return ret(hipErrorInvalidValue);
  Lock l;
  Stream* s = stream_of(h);
  if (s->null)
    for (auto& k : captures())
      if (visible(*k))
        for (Stream* m : k->members)
          if (!(m->flags & hipStreamNonBlocking)) return ret(hipErrorStreamCaptureImplicit);
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
  if (status_of(s) != hipStreamCaptureStatusActive) return ret(hipErrorIllegalState);
  if ((n && !deps) || flags > 1) return ret(hipErrorInvalidValue);
  if (flags == 1) s->tips.clear();
  for (size_t i = 0; i < n; i++) {
    auto* x = node_of(deps[i]);
    if (x && std::find(s->tips.begin(), s->tips.end(), x) == s->tips.end()) s->tips.push_back(x);
  }
  return ret(hipSuccess);
}
API hipError_t hipThreadExchangeStreamCaptureMode(hipStreamCaptureMode* m) {
  if (!m || unsigned(*m) > hipStreamCaptureModeRelaxed) return ret(hipErrorInvalidValue);
  std::swap(*m, t_mode);
  return ret(hipSuccess);
}
