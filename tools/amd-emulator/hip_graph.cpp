// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs. A node holds a command; a launch runs the commands in a topological order on the stream.
#include <fstream>
#include "hip_api.hpp"

namespace shim {
static std::map<Graph*, std::shared_ptr<Graph>>& graphs() {
  static auto* m = new std::map<Graph*, std::shared_ptr<Graph>>;
  return *m;
}
static std::set<GNode*>& nodes() {
  static auto* s = new std::set<GNode*>;
  return *s;
}
struct Exec {
  std::shared_ptr<Graph> g;
  unsigned long long flags = 0;
};
static std::map<Exec*, std::shared_ptr<Exec>>& execs() {
  static auto* m = new std::map<Exec*, std::shared_ptr<Exec>>;
  return *m;
}

GNode::~GNode() {
  Lock l;
  nodes().erase(this);
}
GNode* node_of(hipGraphNode_t n) {
  Lock l;
  auto* x = reinterpret_cast<GNode*>(n);
  return nodes().count(x) ? x : nullptr;
}
GNode* Graph::add(Cmd c, std::vector<GNode*> const& deps) {
  Lock l;
  this->nodes.push_back(std::make_unique<GNode>());
  GNode* n = this->nodes.back().get();
  n->c = std::move(c);
  n->deps = deps;
  n->g = this;
  n->id = next++;
  shim::nodes().insert(n);
  return n;
}
// With AMDEMU_GRAPH_ORDER=reverse the node that was added last runs first, so that a missing dependency shows.
std::vector<GNode*> Graph::order() const {
  static bool const rev = !strcmp(emu::setting("AMDEMU_GRAPH_ORDER"), "reverse");
  std::vector<GNode*> out;
  std::set<GNode*> done, left;
  for (auto& n : nodes) left.insert(n.get());
  while (!left.empty()) {
    GNode* pick = nullptr;
    for (GNode* n : left) {
      bool ok = true;
      for (GNode* d : n->deps) ok = ok && (done.count(d) || !left.count(d));
      if (ok && (!pick || (rev ? n->id > pick->id : n->id < pick->id))) pick = n;
    }
    if (!pick) break;
    out.push_back(pick);
    done.insert(pick);
    left.erase(pick);
  }
  return out;
}
hipError_t Graph::run() const {
  for (GNode* n : order())
    if (n->enabled)
      if (hipError_t e = n->c.run()) return e;
  return hipSuccess;
}
std::shared_ptr<Graph> clone_graph(Graph const& g) {
  auto r = std::make_shared<Graph>();
  std::map<GNode*, GNode*> to;
  r->owned = g.owned;
  for (auto& n : g.nodes) {
    GNode* x = r->add(n->c, {});
    x->id = n->id;
    x->enabled = n->enabled;
    x->origin = n.get();
    to[n.get()] = x;
    if (x->c.child) x->c.child = clone_graph(*x->c.child);
  }
  for (auto& n : g.nodes)
    for (GNode* d : n->deps) to[n.get()]->deps.push_back(to[d]);
  r->next = g.next;
  return r;
}
hipGraph_t publish(std::shared_ptr<Graph> g) {
  Lock l;
  graphs()[g.get()] = g;
  return reinterpret_cast<hipGraph_t>(g.get());
}
std::shared_ptr<Graph> graph_of(hipGraph_t g) {
  Lock l;
  auto it = graphs().find(reinterpret_cast<Graph*>(g));
  return it == graphs().end() ? nullptr : it->second;
}
static std::shared_ptr<Exec> exec_of(hipGraphExec_t e) {
  Lock l;
  auto it = execs().find(reinterpret_cast<Exec*>(e));
  return it == execs().end() ? nullptr : it->second;
}
static GNode* in_exec(Exec& e, hipGraphNode_t n) {
  auto* o = reinterpret_cast<GNode*>(n);
  for (auto& x : e.g->nodes)
    if (x->origin == o) return x.get();
  return nullptr;
}
static hipGraphNode_t handle(GNode* n) { return reinterpret_cast<hipGraphNode_t>(n); }

static hipError_t add(hipGraphNode_t* out, hipGraph_t g, hipGraphNode_t const* deps, size_t n, hipError_t made, Cmd c) {
  Lock l;
  auto gr = graph_of(g);
  if (!out || !gr || (n && !deps)) return ret(hipErrorInvalidValue);
  if (made != hipSuccess) return ret(made);
  std::vector<GNode*> d;
  for (size_t i = 0; i < n; i++) {
    GNode* x = node_of(deps[i]);
    if (!x || x->g != gr.get() || std::find(d.begin(), d.end(), x) != d.end()) return ret(hipErrorInvalidValue);
    d.push_back(x);
  }
  *out = handle(gr->add(std::move(c), d));
  return ret(hipSuccess);
}
template <class Make>  // make: sets a command and returns an error
static hipError_t add(hipGraphNode_t* out, hipGraph_t g, hipGraphNode_t const* deps, size_t n, Make make) {
  Cmd c;
  hipError_t const made = make(c);
  return add(out, g, deps, n, made, std::move(c));
}
static hipError_t mk_kernel(hipKernelNodeParams const* p, Cmd& c) {
  if (!p || !p->func) return hipErrorInvalidValue;
  c.type = Node::kernel;
  return make_kernel(c.kernel, p->func, p->gridDim, p->blockDim, p->kernelParams, p->sharedMemBytes, false, p->extra);
}
static hipError_t mk_copy3(hipMemcpy3DParms const* p, Cmd& c) {
  c.type = Node::copy;
  hipError_t e = from3d_parms(p, c.cp);
  return e ? e : check_copy(c.cp);
}
static hipError_t mk_copy1(void* d, void const* s, size_t n, Cmd& c) {
  c.type = Node::copy;
  c.cp = {static_cast<char*>(d), static_cast<char const*>(s), n, 1, 1, n, n, n, n};
  return n ? check_copy(c.cp) : hipErrorInvalidValue;
}
static hipError_t mk_fill(hipMemsetParams const* p, Cmd& c) {
  if (!p || !p->dst || !p->width || !p->height) return hipErrorInvalidValue;
  c.type = Node::fill;
  c.fl = {static_cast<char*>(p->dst), p->value, int(p->elementSize), p->width, p->height, 1, p->pitch, p->pitch * p->height};
  return check_fill(c.fl);
}
static hipError_t mk_host(hipHostNodeParams const* p, Cmd& c) {
  if (!p || !p->fn) return hipErrorInvalidValue;
  c.type = Node::host;
  c.host_params = *p;
  c.host = [q = *p] { q.fn(q.userData); };
  return hipSuccess;
}
// Replaces the command of a node by one of the same type.
static hipError_t set(GNode* n, hipError_t made, Cmd c) {
  Lock l;
  if (!n || (made == hipSuccess && n->c.type != c.type)) return ret(hipErrorInvalidValue);
  if (made == hipSuccess) {
    n->c = std::move(c);
    n->ptrs.clear();
  }
  return ret(made);
}
template <class Make>
static hipError_t set(GNode* n, Make make) {
  Cmd c;
  hipError_t const made = make(c);
  return set(n, made, std::move(c));
}
static GNode* of_exec(hipGraphExec_t e, hipGraphNode_t n) {
  auto x = exec_of(e);
  return x ? in_exec(*x, n) : nullptr;
}
template <class T>
static hipError_t list(std::vector<GNode*> const& v, T* out, size_t* n) {  // the array, or the count if out is null
  if (!n) return ret(hipErrorInvalidValue);
  if (out)
    for (size_t i = 0; i < *n; i++) out[i] = i < v.size() ? handle(v[i]) : nullptr;
  if (!out || *n > v.size()) *n = v.size();
  return ret(hipSuccess);
}
}  // namespace shim
using namespace shim;

API hipError_t hipGraphCreate(hipGraph_t* g, unsigned flags) {
  if (!g || flags) return ret(hipErrorInvalidValue);
  *g = publish(std::make_shared<Graph>());
  return ret(hipSuccess);
}
API hipError_t hipGraphDestroy(hipGraph_t g) {
  Lock l;
  return ret(graphs().erase(reinterpret_cast<Graph*>(g)) ? hipSuccess : hipErrorInvalidValue);
}
API hipError_t hipGraphClone(hipGraph_t* out, hipGraph_t g) {
  auto x = graph_of(g);
  if (!out || !x) return ret(hipErrorInvalidValue);
  *out = publish(clone_graph(*x));
  return ret(hipSuccess);
}
API hipError_t hipGraphNodeFindInClone(hipGraphNode_t* out, hipGraphNode_t n, hipGraph_t clone) {
  auto x = graph_of(clone);
  if (!out || !x) return ret(hipErrorInvalidValue);
  for (auto& c : x->nodes)
    if (c->origin == reinterpret_cast<GNode*>(n)) {
      *out = handle(c.get());
      return ret(hipSuccess);
    }
  return ret(hipErrorInvalidValue);
}

// ---- nodes
API hipError_t hipGraphAddKernelNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipKernelNodeParams const* p) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_kernel(p, c); });
}
API hipError_t hipGraphKernelNodeSetParams(hipGraphNode_t n, hipKernelNodeParams const* p) {
  return set(node_of(n), [&](Cmd& c) { return mk_kernel(p, c); });
}
API hipError_t hipGraphExecKernelNodeSetParams(hipGraphExec_t x, hipGraphNode_t n, hipKernelNodeParams const* p) {
  return set(of_exec(x, n), [&](Cmd& c) { return mk_kernel(p, c); });
}
API hipError_t hipGraphKernelNodeGetParams(hipGraphNode_t n, hipKernelNodeParams* p) {
  Lock l;
  GNode* x = node_of(n);
  if (!x || !p || x->c.type != Node::kernel) return ret(hipErrorInvalidValue);
  auto& k = x->c.kernel;
  x->ptrs.clear();
  for (auto& a : k.k->args)
    if (a.kind.rfind("hidden_", 0)) x->ptrs.push_back(k.args.data() + a.offset);
  *p = {};
  p->func = const_cast<void*>(k.func);
  p->gridDim = k.g;
  p->blockDim = k.b;
  p->sharedMemBytes = k.shm;
  p->kernelParams = x->ptrs.data();
  return ret(hipSuccess);
}
API hipError_t hipGraphAddMemcpyNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipMemcpy3DParms const* p) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_copy3(p, c); });
}
API hipError_t hipGraphMemcpyNodeSetParams(hipGraphNode_t n, hipMemcpy3DParms const* p) {
  return set(node_of(n), [&](Cmd& c) { return mk_copy3(p, c); });
}
API hipError_t hipGraphExecMemcpyNodeSetParams(hipGraphExec_t x, hipGraphNode_t n, hipMemcpy3DParms* p) {
  return set(of_exec(x, n), [&](Cmd& c) { return mk_copy3(p, c); });
}
API hipError_t hipGraphAddMemcpyNode1D(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, void* dst, void const* src,
                                       size_t bytes, hipMemcpyKind) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_copy1(dst, src, bytes, c); });
}
API hipError_t hipGraphMemcpyNodeSetParams1D(hipGraphNode_t n, void* dst, void const* src, size_t bytes, hipMemcpyKind) {
  return set(node_of(n), [&](Cmd& c) { return mk_copy1(dst, src, bytes, c); });
}
API hipError_t hipGraphExecMemcpyNodeSetParams1D(hipGraphExec_t x, hipGraphNode_t n, void* dst, void const* src, size_t bytes,
                                                 hipMemcpyKind) {
  return set(of_exec(x, n), [&](Cmd& c) { return mk_copy1(dst, src, bytes, c); });
}
API hipError_t hipGraphAddMemsetNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipMemsetParams const* p) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_fill(p, c); });
}
API hipError_t hipGraphMemsetNodeSetParams(hipGraphNode_t n, hipMemsetParams const* p) {
  return set(node_of(n), [&](Cmd& c) { return mk_fill(p, c); });
}
API hipError_t hipGraphExecMemsetNodeSetParams(hipGraphExec_t x, hipGraphNode_t n, hipMemsetParams const* p) {
  return set(of_exec(x, n), [&](Cmd& c) { return mk_fill(p, c); });
}
API hipError_t hipGraphMemsetNodeGetParams(hipGraphNode_t n, hipMemsetParams* p) {
  Lock l;
  GNode* x = node_of(n);
  if (!x || !p || x->c.type != Node::fill) return ret(hipErrorInvalidValue);
  auto& f = x->c.fl;
  *p = {};
  p->dst = f.d;
  p->elementSize = f.size;
  p->height = f.h;
  p->pitch = f.pitch;
  p->value = f.v;
  p->width = f.w;
  return ret(hipSuccess);
}
API hipError_t hipGraphAddHostNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipHostNodeParams const* p) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_host(p, c); });
}
API hipError_t hipGraphHostNodeSetParams(hipGraphNode_t n, hipHostNodeParams const* p) {
  return set(node_of(n), [&](Cmd& c) { return mk_host(p, c); });
}
API hipError_t hipGraphExecHostNodeSetParams(hipGraphExec_t x, hipGraphNode_t n, hipHostNodeParams const* p) {
  return set(of_exec(x, n), [&](Cmd& c) { return mk_host(p, c); });
}
API hipError_t hipGraphHostNodeGetParams(hipGraphNode_t n, hipHostNodeParams* p) {
  Lock l;
  GNode* x = node_of(n);
  if (!x || !p || x->c.type != Node::host) return ret(hipErrorInvalidValue);
  *p = x->c.host_params;
  return ret(hipSuccess);
}
API hipError_t hipGraphAddEmptyNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n) {
  return add(o, g, d, n, hipSuccess, Cmd{});
}
API hipError_t hipGraphAddChildGraphNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipGraph_t child) {
  auto ch = graph_of(child);
  Cmd c;
  c.type = Node::graph;
  if (ch) c.child = clone_graph(*ch);
  return add(o, g, d, n, ch && child != g ? hipSuccess : hipErrorInvalidValue, std::move(c));
}
API hipError_t hipGraphChildGraphNodeGetGraph(hipGraphNode_t n, hipGraph_t* g) {
  GNode* x = node_of(n);
  if (!x || !g || !x->c.child) return ret(hipErrorInvalidValue);
  *g = publish(x->c.child);
  return ret(hipSuccess);
}
API hipError_t hipGraphExecChildGraphNodeSetParams(hipGraphExec_t x, hipGraphNode_t n, hipGraph_t child) {
  auto ch = graph_of(child);
  Cmd c;
  c.type = Node::graph;
  if (ch) c.child = clone_graph(*ch);
  return set(of_exec(x, n), ch ? hipSuccess : hipErrorInvalidValue, std::move(c));
}
API hipError_t hipGraphAddEventRecordNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipEvent_t e) {
  Cmd c;
  c.type = Node::record;
  c.event = e;
  return add(o, g, d, n, e ? hipSuccess : hipErrorInvalidValue, std::move(c));
}
API hipError_t hipGraphAddEventWaitNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipEvent_t e) {
  Cmd c;
  c.type = Node::wait;
  c.event = e;
  return add(o, g, d, n, e ? hipSuccess : hipErrorInvalidValue, std::move(c));
}
struct AllocParams {
  hipMemPoolProps props;
  void const* access;
  size_t access_count, bytes;
  void* p;
};  // hipMemAllocNodeParams of HIP 6
API hipError_t hipGraphAddMemAllocNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, AllocParams* p) {
  auto gr = graph_of(g);
  if (!gr || !p) return ret(hipErrorInvalidValue);
  hipError_t e = alloc(&p->p, p->bytes, Mem::device);
  if (e == hipSuccess) gr->owned->p.push_back(p->p);
  Cmd c;
  c.type = Node::alloc;
  return add(o, g, d, n, e, std::move(c));
}
API hipError_t hipGraphAddMemFreeNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, void* p) {
  Lock l;
  Cmd c;
  c.type = Node::free;
  return add(o, g, d, n, p && block_of(p) ? hipSuccess : hipErrorInvalidValue, std::move(c));
}
API hipError_t hipGraphDestroyNode(hipGraphNode_t n) {
  Lock l;
  GNode* x = node_of(n);
  if (!x) return ret(hipErrorInvalidValue);
  auto& v = x->g->nodes;
  for (auto& o : v) o->deps.erase(std::remove(o->deps.begin(), o->deps.end(), x), o->deps.end());
  v.erase(std::find_if(v.begin(), v.end(), [&](auto& o) { return o.get() == x; }));
  return ret(hipSuccess);
}
API hipError_t hipGraphNodeGetType(hipGraphNode_t n, hipGraphNodeType* t) {
  GNode* x = node_of(n);
  if (!x || !t) return ret(hipErrorInvalidValue);
  int v = x->c.type == Node::alloc    ? 10
          : x->c.type == Node::free   ? 11
          : x->c.type == Node::wait   ? 6
          : x->c.type == Node::record ? 7
                                      : int(x->c.type);
  if (api() < 6) v++;  // HIP 5 counts from 1
  memcpy(t, &v, sizeof v);
  return ret(hipSuccess);
}
API hipError_t hipGraphNodeSetEnabled(hipGraphExec_t e, hipGraphNode_t n, unsigned on) {
  GNode* x = of_exec(e, n);
  if (!x || !(x->c.type == Node::kernel || x->c.type == Node::copy || x->c.type == Node::fill)) return ret(hipErrorInvalidValue);
  x->enabled = on;
  return ret(hipSuccess);
}
API hipError_t hipGraphNodeGetEnabled(hipGraphExec_t e, hipGraphNode_t n, unsigned* on) {
  GNode* x = of_exec(e, n);
  if (!x || !on) return ret(hipErrorInvalidValue);
  *on = x->enabled;
  return ret(hipSuccess);
}

// ---- edges
API hipError_t hipGraphAddDependencies(hipGraph_t g, hipGraphNode_t const* from, hipGraphNode_t const* to, size_t n) {
  Lock l;
  auto gr = graph_of(g);
  if (!gr || (n && (!from || !to))) return ret(hipErrorInvalidValue);
  for (size_t i = 0; i < n; i++) {
    GNode *a = node_of(from[i]), *b = node_of(to[i]);
    if (!a || !b || a == b || a->g != gr.get() || b->g != gr.get() || std::find(b->deps.begin(), b->deps.end(), a) != b->deps.end())
      return ret(hipErrorInvalidValue);
  }
  for (size_t i = 0; i < n; i++) node_of(to[i])->deps.push_back(node_of(from[i]));
  return ret(hipSuccess);
}
API hipError_t hipGraphRemoveDependencies(hipGraph_t g, hipGraphNode_t const* from, hipGraphNode_t const* to, size_t n) {
  Lock l;
  auto gr = graph_of(g);
  if (!gr || (n && (!from || !to))) return ret(hipErrorInvalidValue);
  for (size_t i = 0; i < n; i++) {
    GNode *a = node_of(from[i]), *b = node_of(to[i]);
    if (!a || !b) return ret(hipErrorInvalidValue);
    auto it = std::find(b->deps.begin(), b->deps.end(), a);
    if (it == b->deps.end()) return ret(hipErrorInvalidValue);
    b->deps.erase(it);
  }
  return ret(hipSuccess);
}
API hipError_t hipGraphGetNodes(hipGraph_t g, hipGraphNode_t* out, size_t* n) {
  Lock l;
  auto gr = graph_of(g);
  if (!gr) return ret(hipErrorInvalidValue);
  std::vector<GNode*> v;
  for (auto& x : gr->nodes) v.push_back(x.get());
  return list(v, out, n);
}
API hipError_t hipGraphGetRootNodes(hipGraph_t g, hipGraphNode_t* out, size_t* n) {
  Lock l;
  auto gr = graph_of(g);
  if (!gr) return ret(hipErrorInvalidValue);
  std::vector<GNode*> v;
  for (auto& x : gr->nodes)
    if (x->deps.empty()) v.push_back(x.get());
  return list(v, out, n);
}
API hipError_t hipGraphNodeGetDependencies(hipGraphNode_t h, hipGraphNode_t* out, size_t* n) {
  Lock l;
  GNode* x = node_of(h);
  return x ? list(x->deps, out, n) : ret(hipErrorInvalidValue);
}
API hipError_t hipGraphNodeGetDependentNodes(hipGraphNode_t h, hipGraphNode_t* out, size_t* n) {
  Lock l;
  GNode* x = node_of(h);
  if (!x) return ret(hipErrorInvalidValue);
  std::vector<GNode*> v;
  for (auto& o : x->g->nodes)
    if (std::find(o->deps.begin(), o->deps.end(), x) != o->deps.end()) v.push_back(o.get());
  return list(v, out, n);
}
API hipError_t hipGraphGetEdges(hipGraph_t g, hipGraphNode_t* from, hipGraphNode_t* to, size_t* n) {
  Lock l;
  auto gr = graph_of(g);
  if (!gr || !n || !from != !to) return ret(hipErrorInvalidValue);
  std::vector<GNode*> a, b;
  for (auto& x : gr->nodes)
    for (GNode* d : x->deps) {
      a.push_back(d);
      b.push_back(x.get());
    }
  size_t k = *n;
  hipError_t e = list(a, from, &k);
  return e ? e : list(b, to, n);
}

// ---- execution
static hipError_t instantiate(hipGraphExec_t* out, hipGraph_t g, unsigned long long flags) {
  Lock l;
  auto gr = graph_of(g);
  if (!out || !gr) return ret(hipErrorInvalidValue);
  if (gr->order().size() != gr->nodes.size()) return ret(hipErrorInvalidValue);  // a cycle
  auto e = std::make_shared<Exec>();
  e->g = clone_graph(*gr);
  e->flags = flags;
  execs()[e.get()] = e;
  *out = reinterpret_cast<hipGraphExec_t>(e.get());
  return ret(hipSuccess);
}
API hipError_t hipGraphInstantiate(hipGraphExec_t* out, hipGraph_t g, hipGraphNode_t* err, char* log, size_t n) {
  if (err) *err = nullptr;
  if (log && n) *log = 0;
  return instantiate(out, g, 0);
}
API hipError_t hipGraphInstantiateWithFlags(hipGraphExec_t* out, hipGraph_t g, unsigned long long f) {
  return f & ~15ull ? ret(hipErrorInvalidValue) : instantiate(out, g, f);
}
API hipError_t hipGraphExecGetFlags(hipGraphExec_t e, unsigned long long* f) {
  auto x = exec_of(e);
  if (!x || !f) return ret(hipErrorInvalidValue);
  *f = x->flags;
  return ret(hipSuccess);
}
API hipError_t hipGraphExecDestroy(hipGraphExec_t e) {
  std::shared_ptr<Exec> keep;
  Lock l;
  keep = exec_of(e);
  return ret(keep && execs().erase(keep.get()) ? hipSuccess : hipErrorInvalidValue);
}
API hipError_t hipGraphUpload(hipGraphExec_t e, hipStream_t s) {
  STREAM(s);
  return ret(exec_of(e) ? hipSuccess : hipErrorInvalidValue);
}
API hipError_t hipGraphLaunch(hipGraphExec_t e, hipStream_t s) {
  auto x = exec_of(e);
  if (!x) return ret(hipErrorInvalidValue);
  STREAM(s);
  Cmd c;
  c.type = Node::graph;
  c.child = async_on() || capturing(s) ? clone_graph(*x->g) : x->g;  // later updates must not touch it
  return ret(submit(s, std::move(c)));
}
API hipError_t hipGraphLaunch_spt(hipGraphExec_t e, hipStream_t s) { return hipGraphLaunch(e, s); }
API hipError_t hipGraphExecUpdate(hipGraphExec_t e, hipGraph_t g, hipGraphNode_t* bad, hipGraphExecUpdateResult* res) {
  Lock l;
  auto x = exec_of(e);
  auto gr = graph_of(g);
  if (!x || !gr || !res) return ret(hipErrorInvalidValue);
  if (bad) *bad = nullptr;
  auto fail = [&](hipGraphExecUpdateResult r, GNode* n) {
    *res = r;
    if (bad) *bad = handle(n);
    return ret(hipErrorGraphExecUpdateFailure);
  };
  auto &a = x->g->nodes, &b = gr->nodes;
  if (a.size() != b.size()) return fail(hipGraphExecUpdateErrorTopologyChanged, nullptr);
  auto index = [](std::vector<std::unique_ptr<GNode>> const& v, GNode* n) {
    for (size_t i = 0; i < v.size(); i++)
      if (v[i].get() == n) return i;
    return v.size();
  };
  for (size_t i = 0; i < a.size(); i++) {
    if (a[i]->c.type != b[i]->c.type) return fail(hipGraphExecUpdateErrorNodeTypeChanged, b[i].get());
    std::set<size_t> da, db;
    for (GNode* d : a[i]->deps) da.insert(index(a, d));
    for (GNode* d : b[i]->deps) db.insert(index(b, d));
    if (da != db) return fail(hipGraphExecUpdateErrorTopologyChanged, b[i].get());
  }
  for (size_t i = 0; i < a.size(); i++) {
    a[i]->c = b[i]->c;
    if (a[i]->c.child) a[i]->c.child = clone_graph(*a[i]->c.child);
  }
  x->g->owned = gr->owned;
  *res = hipGraphExecUpdateSuccess;
  return ret(hipSuccess);
}
API hipError_t hipGraphDebugDotPrint(hipGraph_t g, char const* path, unsigned) {
  Lock l;
  auto gr = graph_of(g);
  if (!gr || !path) return ret(hipErrorInvalidValue);
  std::ofstream f(path);
  if (!f) return ret(hipErrorOperatingSystem);
  static char const* names[] = {"kernel", "memcpy", "memset", "host", "graph", "empty", "event wait", "event record", "alloc", "free"};
  f << "digraph graph_ {\n";
  for (auto& n : gr->nodes)
    f << "  n" << n->id << " [label=\"" << n->id << " " << names[int(n->c.type)]
      << (n->c.type == Node::kernel ? "\\n" + n->c.kernel.k->name : "") << "\"];\n";
  for (auto& n : gr->nodes)
    for (GNode* d : n->deps) f << "  n" << d->id << " -> n" << n->id << ";\n";
  f << "}\n";
  return ret(hipSuccess);
}
