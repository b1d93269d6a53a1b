// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Streams and events. A command runs in the call that submits it, once those before it have run, which other threads may have submitted.
/// With AMDEMU_ASYNC=1 each stream has a thread that runs its commands.
#include "hip_stream.hpp"
#include <atomic>

namespace shim {
static std::set<void*>& handles() {
  static auto* s = new std::set<void*>;
  return *s;
}
static std::set<Stream*>& streams() {
  static auto* s = new std::set<Stream*>;
  return *s;
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
static std::mutex& qmx() {
  static auto* m = new std::mutex;
  return *m;
}
static std::condition_variable& qcv() {
  static auto* c = new std::condition_variable;
  return *c;
}
unsigned long long new_id() {
  static std::atomic<unsigned long long> last{0};
  return ++last;
}

bool async_on() {
  static bool const on = emu::enabled("AMDEMU_ASYNC");
  return on;
}
Stream* stream_of(hipStream_t s) {
  Lock l;
  if (uintptr_t(s) == 2) {
    static thread_local std::map<int, Stream*> of_device;
    Stream*& mine = of_device[t_dev];
    if (!mine) {
      mine = new Stream;
      mine->dev = t_dev;
      mine->id = new_id();
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
bool is_event(hipEvent_t e) {
  Lock l;
  return e && handles().count(e);
}

// ---- worker threads
static bool ready(Job const& j) {
  for (auto& a : j.after)
    if (a.first->done < a.second) return false;
  return !j.until || j.until->done;
}
// Whether the thread runs a command. A host function that calls HIP does not wait for the stream that waits for it.
static thread_local bool t_runs = false;
static void ended(Stream* s, Job const& j) {  // call with qmx() held
  if (j.mark) {
    j.mark->done = true;
    j.mark->t = now();
  }
  s->done++;
  qcv().notify_all();
}
static void work(Stream* s) {
  t_runs = true;
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
    ended(s, j);
  }
}
// Adds the commands of other streams that come before the next one of a stream. Call with the lock and qmx() held.
static void order_after(Stream* s, Job& j) {
  if (s->null) {
    for (Stream* o : streams())
      if (o != s && o->dev == s->dev && !(o->flags & hipStreamNonBlocking)) j.after.emplace_back(o, o->put);
  } else if (!(s->flags & hipStreamNonBlocking))
    j.after.emplace_back(null_stream(s->dev), null_stream(s->dev)->put);
}
// Gives a command that the calling thread will run its place in the order.
static void take_turn(Stream* s, Job& j) {
  if (t_runs) return;
  Lock g;
  std::unique_lock<std::mutex> l(qmx());
  order_after(s, j);
  j.after.emplace_back(s, s->put++);
  j.in_turn = true;
}
// Runs a command on the calling thread, once those before it have run.
static hipError_t run_in_turn(Stream* s, Job const& j) {
  if (!j.in_turn) {
    hipError_t const e = j.c.run();
    event_reached(j.mark);
    return e;
  }
  std::unique_lock<std::mutex> l(qmx());
  qcv().wait(l, [&] { return ready(j); });
  l.unlock();
  struct Turn {
    Stream* s;
    Job const& j;
    Turn(Stream* s, Job const& j) : s(s), j(j) { t_runs = true; }
    ~Turn() {
      t_runs = false;
      std::lock_guard<std::mutex> l(qmx());
      ended(s, j);
    }
  } const turn(s, j);
  return j.c.run();
}
static uint64_t enqueue(Stream* s, Job j) {
  static bool const once = [] {
    atexit([] { (void)wait_all(); });
    return true;
  }();
  (void)once;
  Lock g;
  std::unique_lock<std::mutex> l(qmx());
  order_after(s, j);
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
  if (t_runs) return;
  std::unique_lock<std::mutex> l(qmx());
  qcv().wait(l, [&] { return s->done >= t; });
}
// Waits for all that was submitted to a stream.
static void drain(Stream* s) {
  std::unique_lock<std::mutex> l(qmx());
  uint64_t const t = s->put;
  l.unlock();
  wait_for(s, t);
}

hipError_t submit(hipStream_t h, Cmd c, bool wait, char const* call) {
  Stream* s = stream_of(h);
  {
    Lock l;
    if (s->cap) return capture_node(s, std::move(c), call);
    if (hipError_t e = implicit(s, call)) return e;
  }
  Job j;
  j.c = std::move(c);
  if (!async_on()) {
    take_turn(s, j);
    return run_in_turn(s, j);
  }
  uint64_t t = enqueue(s, std::move(j));
  if (wait) wait_for(s, t);
  return hipSuccess;
}
hipError_t wait_all(int dev) {
  std::vector<std::pair<Stream*, uint64_t>> v;
  {
    Lock g;
    std::unique_lock<std::mutex> l(qmx());
    for (Stream* s : streams())
      if (dev < 0 || s->dev == dev) v.emplace_back(s, s->put);
  }
  for (auto& x : v) wait_for(x.first, x.second);
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
  x->id = new_id();
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
  drain(s);
  Lock l;
  handles().erase(h);
  streams().erase(s);
  drop_capture(s, "hipStreamDestroy");
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
    if (hipError_t e = forbidden(s, "hipStreamSynchronize")) return ret(e);
  }
  if (s->null) {
    if (hipError_t e = unsafe()) return ret(e);
    if (hipError_t const e = submit(h, Cmd{}, true)) return ret(e);
  } else
    drain(s);
  return ret(take_async());
}
API hipError_t hipStreamQuery(hipStream_t h) {
  STREAM(h);
  Stream* s = stream_of(h);
  {
    Lock l;
    if (hipError_t e = forbidden(s, "hipStreamQuery")) return ret(e);
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
    if (hipError_t e = forbidden(stream_of(s), "hipStreamAddCallback")) return ret(e);
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
static hipError_t record(hipEvent_t h, Stream* s, bool external, char const* call) {
  Job j;
  {
    Lock l;
    if (!is_event(h)) return hipErrorInvalidHandle;
    Event* e = ev(h);
    if (s->cap && external) {
      Cmd c;
      c.type = Node::record;
      c.event = h;
      return capture_node(s, std::move(c), call);
    }
    if (s->cap) {
      if (!s->cap->broken.empty()) return forbidden(s, call);
      e->cap = s->cap;
      e->nodes = s->tips;
      e->mark = nullptr;
      return hipSuccess;
    }
    if (hipError_t r = implicit(s, call)) return r;
    e->cap = nullptr;
    e->nodes.clear();
    j.mark = e->mark = std::make_shared<Mark>();
    if (async_on()) {
      enqueue(s, std::move(j));
      return hipSuccess;
    }
    take_turn(s, j);  // before another thread can wait for the event
  }
  return run_in_turn(s, j);
}
std::shared_ptr<Mark> shim::event_expect(hipEvent_t e) {
  Lock l;
  if (!is_event(e)) return nullptr;
  ev(e)->cap = nullptr;
  ev(e)->nodes.clear();
  return ev(e)->mark = std::make_shared<Mark>();
}
void shim::event_reached(std::shared_ptr<Mark> const& m) {
  if (!m) return;
  std::unique_lock<std::mutex> l(qmx());
  if (m->done) return;
  m->done = true;
  m->t = now();
  qcv().notify_all();
}
std::shared_ptr<Mark> shim::event_mark(hipEvent_t e) {
  Lock l;
  return is_event(e) ? ev(e)->mark : nullptr;
}
void shim::event_wait(std::shared_ptr<Mark> const& m) {
  if (!m) return;
  std::unique_lock<std::mutex> l(qmx());
  qcv().wait(l, [&] { return m->done; });
}
static hipError_t record_on(hipEvent_t e, hipStream_t s, bool external, char const* call = __builtin_FUNCTION()) {
  STREAM(s);
  {
    Lock l;
    if (!is_event(e) || ev(e)->dev != device_of(s)) return ret(hipErrorInvalidHandle);
  }
  return ret(record(e, stream_of(s), external, call));
}
API hipError_t hipEventRecord(hipEvent_t e, hipStream_t s) { return record_on(e, s, false); }
API hipError_t hipEventRecord_spt(hipEvent_t e, hipStream_t s) { return record_on(e, s, false); }
API hipError_t hipEventRecordWithFlags(hipEvent_t e, hipStream_t s, unsigned f) {
  return f > 1 ? ret(hipErrorInvalidValue) : record_on(e, s, f == 1);  // 1: hipEventRecordExternal
}
static hipError_t not_captured(hipEvent_t e, char const* call = __builtin_FUNCTION()) {
  Lock l;
  return is_event(e) ? captured(ev(e), call) : hipErrorInvalidHandle;
}
API hipError_t hipEventSynchronize(hipEvent_t e) {
  if (!is_event(e)) return ret(hipErrorInvalidHandle);
  if (hipError_t r = not_captured(e)) return ret(r);
  event_wait(event_mark(e));
  return ret(take_async());
}
API hipError_t hipEventQuery(hipEvent_t e) {
  if (!is_event(e)) return ret(hipErrorInvalidHandle);
  if (hipError_t r = not_captured(e)) return ret(r);
  auto const m = event_mark(e);
  std::unique_lock<std::mutex> l(qmx());
  bool const done = !m || m->done;
  l.unlock();
  return ret(done ? hipSuccess : hipErrorNotReady);
}
API hipError_t hipEventElapsedTime(float* ms, hipEvent_t a, hipEvent_t b) {
  if (!ms) return ret(hipErrorInvalidValue);
  if (!is_event(a) || !is_event(b)) return ret(hipErrorInvalidHandle);
  for (hipEvent_t e : {a, b})
    if (hipError_t r = not_captured(e)) return ret(r);
  std::shared_ptr<Mark> x, y;
  {
    Lock l;
    if (!is_event(a) || !is_event(b) || ev(a)->dev != ev(b)->dev) return ret(hipErrorInvalidHandle);
    x = ev(a)->mark;
    y = ev(b)->mark;
    if (!x || !y || (ev(a)->flags | ev(b)->flags) & hipEventDisableTiming) return ret(hipErrorInvalidHandle);
  }
  std::unique_lock<std::mutex> l(qmx());
  if (!x->done || !y->done) return ret(hipErrorNotReady);
  *ms = float((y->t - x->t) * 1e3);
  return ret(hipSuccess);
}
API hipError_t hipStreamWaitEvent(hipStream_t h, hipEvent_t e, unsigned flags) {
  STREAM(h);
  if (!is_event(e)) return ret(hipErrorInvalidHandle);
  if (flags > 1) return ret(hipErrorInvalidValue);
  Stream* s = stream_of(h);
  std::shared_ptr<Mark> m;
  {
    Lock l;
    if (!is_event(e)) return ret(hipErrorInvalidHandle);
    Event* x = ev(e);
    bool outside = false;
    hipError_t const r = capture_wait(s, x, flags == 1, "hipStreamWaitEvent", &outside);  // 1: hipEventWaitExternal
    if (r != hipSuccess || !outside) return ret(r);
    m = x->mark;
  }
  if (!m) return ret(hipSuccess);
  {
    std::unique_lock<std::mutex> l(qmx());
    if (m->done) return ret(hipSuccess);
  }
  Job j;
  j.until = m;
  if (async_on()) {
    enqueue(s, std::move(j));
    return ret(hipSuccess);
  }
  take_turn(s, j);
  return ret(run_in_turn(s, j));
}
