// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs. A node holds a command; a launch runs the commands in a topological order on the stream.
#include "hip_graph.hpp"
#include <fstream>
#include <random>

namespace shim {
static std::map<Graph*, std::shared_ptr<Graph>>& graphs() {
  static auto* m = new std::map<Graph*, std::shared_ptr<Graph>>;
  return *m;
}
static std::map<Graph*, std::weak_ptr<Graph>>& lent() {  // children of nodes, which have handles as long as their node is there
  static auto* m = new std::map<Graph*, std::weak_ptr<Graph>>;
  return *m;
}
static std::set<GNode*>& nodes() {
  static auto* s = new std::set<GNode*>;
  return *s;
}
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
GNode* node_of(hipGraphNode_t n, Node type) {
  GNode* const x = node_of(n);
  return x && x->c.type == type ? x : nullptr;
}
GNode* Graph::add(Cmd c, std::vector<GNode*> const& deps) {
  Lock l;
  this->nodes.push_back(std::make_unique<GNode>());
  GNode* n = this->nodes.back().get();
  n->c = std::move(c);
  n->deps = deps;
  n->g = this;
  n->id = next++;
  static unsigned long long serials = 0;
  n->serial = ++serials;
  shim::nodes().insert(n);
  return n;
}
bool nodes_of(Graph const* g, hipGraphNode_t const* handles, size_t n, std::vector<GNode*>* out) {
  if (n && !handles) return false;
  for (size_t i = 0; i < n; i++) {
    GNode* x = node_of(handles[i]);
    if (!x || x->g != g || std::find(out->begin(), out->end(), x) != out->end()) return false;
    out->push_back(x);
  }
  return true;
}
Graph::~Graph() {
  {
    Lock l;
    lent().erase(this);
  }
  for (auto& o : objects) release(o.first, o.second);
}

// Runs, of the ready nodes, the one added first; with AMDEMU_GRAPH_ORDER=reverse the one that was added last, with random
// any one, so that missing dependencies show. Each launch has another random order.
std::vector<GNode*> Graph::order() const {
  static std::string const way = emu::setting("AMDEMU_GRAPH_ORDER");
  static std::mt19937 random(uint32_t(emu::number("AMDEMU_SEED", "0")));
  auto const later = [](GNode* a, GNode* b) { return way == "reverse" ? a->id < b->id : a->id > b->id; };
  Lock l;
  std::map<GNode*, size_t> missing;
  std::map<GNode*, std::vector<GNode*>> next_of;
  std::vector<GNode*> out, ready;
  for (auto& n : nodes) {
    for (GNode* d : n->deps) next_of[d].push_back(n.get());
    if (n->deps.empty())
      ready.push_back(n.get());
    else
      missing[n.get()] = n->deps.size();
  }
  std::make_heap(ready.begin(), ready.end(), later);
  while (!ready.empty()) {
    if (way == "random")
      std::swap(ready[random() % ready.size()], ready.back());
    else
      std::pop_heap(ready.begin(), ready.end(), later);
    GNode* n = ready.back();
    ready.pop_back();
    out.push_back(n);
    for (GNode* x : next_of[n])
      if (!--missing[x]) {
        ready.push_back(x);
        if (way != "random") std::push_heap(ready.begin(), ready.end(), later);
      }
  }
  return out;
}
// Binds the nodes of a type to events: those that wait to what is recorded now, those that record to what the launch will reach.
static void bind_events(Graph& g, Node type) {
  for (auto& n : g.nodes) {
    if (n->c.type == type) n->c.mark = type == Node::record ? event_expect(n->c.event) : event_mark(n->c.event);
    if (n->c.child) bind_events(*n->c.child, type);
  }
}
// After an error nothing waits for them for ever.
static void reach_events(Graph const& g) {
  for (auto& n : g.nodes) {
    if (n->c.type == Node::record) event_reached(n->c.mark);
    if (n->c.child) reach_events(*n->c.child);
  }
}
hipError_t Graph::run() const {
  for (GNode* n : order())
    if (n->enabled)
      if (hipError_t e = n->c.run()) {
        reach_events(*this);
        return e;
      }
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
    x->origin = n->serial;
    to[n.get()] = x;
    if (x->c.child) x->c.child = clone_graph(*x->c.child);
  }
  for (auto& n : g.nodes)
    for (GNode* d : n->deps) to[n.get()]->deps.push_back(to[d]);
  r->next = g.next;
  r->objects = g.objects;
  for (auto& o : r->objects) retain(o.first, o.second);
  return r;
}
hipGraph_t publish(std::shared_ptr<Graph> g) {
  Lock l;
  graphs()[g.get()] = g;
  return reinterpret_cast<hipGraph_t>(g.get());
}
hipGraph_t lend(std::shared_ptr<Graph> const& g) {
  Lock l;
  lent()[g.get()] = g;
  return reinterpret_cast<hipGraph_t>(g.get());
}
std::shared_ptr<Graph> graph_of(hipGraph_t g) {
  Lock l;
  auto* const key = reinterpret_cast<Graph*>(g);
  if (auto const it = graphs().find(key); it != graphs().end()) return it->second;
  auto const it = lent().find(key);
  return it == lent().end() ? nullptr : it->second.lock();
}
static std::shared_ptr<Exec> exec_of(hipGraphExec_t e) {
  Lock l;
  auto it = execs().find(reinterpret_cast<Exec*>(e));
  return it == execs().end() ? nullptr : it->second;
}
static GNode* made_from(Graph const& g, GNode const* origin) {
  for (auto& x : g.nodes) {
    if (x->origin == origin->serial) return x.get();
    if (x->c.child)
      if (GNode* y = made_from(*x->c.child, origin)) return y;
  }
  return nullptr;
}
GNode* of_exec(hipGraphExec_t e, hipGraphNode_t n) {
  Lock l;
  auto x = exec_of(e);
  GNode* const node = node_of(n);
  return x && node ? made_from(*x->g, node) : nullptr;
}

// ---- updates
// The memory of an address: a device (0 and above) or the host (-1).
static int place(void const* p) {
  Block* b = block_of(p);
  return b && b->type != Mem::host ? b->dev : -1;
}
hipGraphExecUpdateResult may_become(Cmd const& from, Cmd const& to) {
  Lock l;
  if (from.type != to.type) return hipGraphExecUpdateErrorNodeTypeChanged;
  switch (from.type) {
    case Node::kernel:
      if (from.kernel.dev != to.kernel.dev) return hipGraphExecUpdateErrorUnsupportedFunctionChange;
      return from.kernel.coop == to.kernel.coop ? hipGraphExecUpdateSuccess : hipGraphExecUpdateErrorParametersChanged;
    case Node::copy:
      return place(from.cp.d) == place(to.cp.d) && place(from.cp.s) == place(to.cp.s) ? hipGraphExecUpdateSuccess
                                                                                      : hipGraphExecUpdateErrorParametersChanged;
    case Node::fill: return place(from.fl.d) == place(to.fl.d) ? hipGraphExecUpdateSuccess : hipGraphExecUpdateErrorParametersChanged;
    case Node::alloc:
    case Node::free: return from.memory == to.memory ? hipGraphExecUpdateSuccess : hipGraphExecUpdateErrorNotSupported;
    default: return hipGraphExecUpdateSuccess;
  }
}
static std::vector<std::set<size_t>> edges(Graph const& g) {
  std::map<GNode*, size_t> index;
  for (auto& n : g.nodes) index.emplace(n.get(), index.size());
  std::vector<std::set<size_t>> out;
  for (auto& n : g.nodes) {
    out.emplace_back();
    for (GNode* d : n->deps) out.back().insert(index[d]);
  }
  return out;
}
hipGraphExecUpdateResult compare(Graph const& g, Graph const& changed, GNode** bad) {
  *bad = nullptr;
  auto &a = g.nodes, &b = changed.nodes;
  if (a.size() != b.size()) return hipGraphExecUpdateErrorTopologyChanged;
  auto const ea = edges(g), eb = edges(changed);
  for (size_t i = 0; i < a.size(); i++) {
    *bad = b[i].get();
    if (a[i]->c.type != b[i]->c.type) return hipGraphExecUpdateErrorNodeTypeChanged;
    if (ea[i] != eb[i]) return hipGraphExecUpdateErrorTopologyChanged;
    if (auto r = may_become(a[i]->c, b[i]->c)) return r;
    if (a[i]->c.child) {
      GNode* inner;
      if (auto r = compare(*a[i]->c.child, *b[i]->c.child, &inner)) {
        if (inner) *bad = inner;
        return r;
      }
    }
  }
  *bad = nullptr;
  return hipGraphExecUpdateSuccess;
}
void update(Graph& g, Graph const& from) {
  for (size_t i = 0; i < g.nodes.size(); i++) {
    auto child = g.nodes[i]->c.child;
    bool const again = g.nodes[i]->c.again;
    g.nodes[i]->c = from.nodes[i]->c;
    g.nodes[i]->c.again = again;
    if (child) update(*child, *from.nodes[i]->c.child);
    g.nodes[i]->c.child = child;
  }
}

// ---- objects that graphs keep alive
struct UserObject {
  hipHostFn_t destroy;
  void* data;
  unsigned references;
};
static std::set<UserObject*>& user_objects() {
  static auto* s = new std::set<UserObject*>;
  return *s;
}
void retain(UserObject* o, unsigned n) {
  Lock l;
  o->references += n;
}
void release(UserObject* o, unsigned n) {
  {
    Lock l;
    if (o->references -= n) return;
    user_objects().erase(o);
  }
  o->destroy(o->data);
  delete o;
}
static UserObject* object_of(UserObject* handle) { return user_objects().count(handle) ? handle : nullptr; }

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
  std::shared_ptr<Graph> const keep = graph_of(g);  // its destructor may call the user's function: without the lock
  Lock l;
  return ret(graphs().erase(reinterpret_cast<Graph*>(g)) ? hipSuccess : hipErrorInvalidValue);
}
API hipError_t hipGraphClone(hipGraph_t* out, hipGraph_t g) {
  Lock l;
  auto x = graph_of(g);
  if (!out || !x) return ret(hipErrorInvalidValue);
  *out = publish(clone_graph(*x));
  return ret(hipSuccess);
}
API hipError_t hipGraphNodeFindInClone(hipGraphNode_t* out, hipGraphNode_t n, hipGraph_t clone) {
  auto x = graph_of(clone);
  if (!out || !x) return ret(hipErrorInvalidValue);
  Lock l;
  GNode* const original = node_of(n);
  GNode* const c = original ? made_from(*x, original) : nullptr;
  if (c) *out = handle(c);
  return ret(c ? hipSuccess : hipErrorInvalidValue);
}

// ---- edges
API hipError_t hipGraphAddDependencies(hipGraph_t g, hipGraphNode_t const* from, hipGraphNode_t const* to, size_t n) {
  Lock l;
  auto gr = graph_of(g);
  if (!gr || (n && (!from || !to))) return ret(hipErrorInvalidValue);
  std::set<std::pair<GNode*, GNode*>> added;
  for (size_t i = 0; i < n; i++) {
    GNode *a = node_of(from[i]), *b = node_of(to[i]);
    if (!a || !b || a == b || a->g != gr.get() || b->g != gr.get() || std::find(b->deps.begin(), b->deps.end(), a) != b->deps.end() ||
        !added.emplace(a, b).second)
      return ret(hipErrorInvalidValue);
  }
  for (size_t i = 0; i < n; i++) node_of(to[i])->deps.push_back(node_of(from[i]));
  return ret(hipSuccess);
}
API hipError_t hipGraphRemoveDependencies(hipGraph_t g, hipGraphNode_t const* from, hipGraphNode_t const* to, size_t n) {
  Lock l;
  auto gr = graph_of(g);
  if (!gr || (n && (!from || !to))) return ret(hipErrorInvalidValue);
  std::set<std::pair<GNode*, GNode*>> removed;
  for (size_t i = 0; i < n; i++) {
    GNode *a = node_of(from[i]), *b = node_of(to[i]);
    if (!a || !b || b->g != gr.get() || std::find(b->deps.begin(), b->deps.end(), a) == b->deps.end() || !removed.emplace(a, b).second)
      return ret(hipErrorInvalidValue);
  }
  for (auto& e : removed) e.second->deps.erase(std::find(e.second->deps.begin(), e.second->deps.end(), e.first));
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
// Returns a node of a cycle, also in child graphs, or null.
static GNode* cycle(Graph const& g) {
  auto const order = g.order();
  std::set<GNode*> const ordered(order.begin(), order.end());
  for (auto& n : g.nodes) {
    if (!ordered.count(n.get())) return n.get();
    if (n->c.child)
      if (GNode* x = cycle(*n->c.child)) return x;
  }
  return nullptr;
}
static void allocate_again(Graph& g) {
  for (auto& n : g.nodes) {
    n->c.again = n->c.type == Node::alloc;
    if (n->c.child) allocate_again(*n->c.child);
  }
}
static hipError_t instantiate(hipGraphExec_t* out, hipGraph_t g, unsigned long long flags, GNode** bad = nullptr) {
  Lock l;
  auto gr = graph_of(g);
  if (!out || !gr || flags & ~15ull) return hipErrorInvalidValue;
  if (captured_now(gr.get())) {
    say("ERROR: a graph to which a stream is still captured is instantiated: hipErrorInvalidValue");
    return hipErrorInvalidValue;
  }
  if (GNode* n = cycle(*gr)) {
    say("ERROR: a graph is instantiated that has a cycle through node " + std::to_string(n->id) + ": hipErrorInvalidValue");
    if (bad) *bad = n;
    return hipErrorInvalidValue;
  }
  auto e = std::make_shared<Exec>();
  e->g = clone_graph(*gr);
  e->flags = flags;
  if (flags & 1) allocate_again(*e->g);  // hipGraphInstantiateFlagAutoFreeOnLaunch
  execs()[e.get()] = e;
  *out = reinterpret_cast<hipGraphExec_t>(e.get());
  return hipSuccess;
}
API hipError_t hipGraphInstantiate(hipGraphExec_t* out, hipGraph_t g, hipGraphNode_t* err, char* log, size_t n) {
  GNode* bad = nullptr;
  hipError_t const e = instantiate(out, g, 0, &bad);
  if (err) *err = handle(bad);
  if (log && n) snprintf(log, n, "%s", bad ? "the graph has a cycle" : "");
  return ret(e);
}
struct InstantiateParams {
  hipGraphNode_t bad;
  unsigned long long flags;
  int result;
  hipStream_t upload;
};  // hipGraphInstantiateParams of HIP 6
API hipError_t hipGraphInstantiateWithParams(hipGraphExec_t* out, hipGraph_t g, InstantiateParams* p) {
  if (!p) return ret(hipErrorInvalidValue);
  if (p->flags & 2) STREAM(p->upload);
  GNode* bad = nullptr;
  hipError_t const e = instantiate(out, g, p->flags, &bad);
  p->bad = handle(bad);
  p->result = e == hipSuccess ? 0 : bad ? 2 : 1;  // hipGraphInstantiateInvalidStructure, hipGraphInstantiateError
  return ret(e);
}
API hipError_t hipGraphInstantiateWithFlags(hipGraphExec_t* out, hipGraph_t g, unsigned long long f) { return ret(instantiate(out, g, f)); }
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
static hipError_t launch(hipGraphExec_t e, hipStream_t s, char const* call = __builtin_FUNCTION()) {
  auto x = exec_of(e);
  if (!x) return ret(hipErrorInvalidValue);
  STREAM(s);
  Cmd c;
  c.type = Node::graph;
  bool const captured = capturing(s);
  {
    Lock l;
    c.child = async_on() || captured ? clone_graph(*x->g) : x->g;  // later updates must not touch it
    if (!captured) {
      bind_events(*c.child, Node::wait);
      bind_events(*c.child, Node::record);
    }
  }
  auto const graph = c.child;
  hipError_t const error = submit(s, std::move(c), false, call);
  if (error != hipSuccess) reach_events(*graph);
  return ret(error);
}
API hipError_t hipGraphLaunch(hipGraphExec_t e, hipStream_t s) { return launch(e, s); }
API hipError_t hipGraphLaunch_spt(hipGraphExec_t e, hipStream_t s) { return launch(e, s); }
API hipError_t hipGraphExecUpdate(hipGraphExec_t e, hipGraph_t g, hipGraphNode_t* bad, hipGraphExecUpdateResult* res) {
  Lock l;
  auto x = exec_of(e);
  auto gr = graph_of(g);
  if (!x || !gr || !res) return ret(hipErrorInvalidValue);
  GNode* node = nullptr;
  *res = compare(*x->g, *gr, &node);
  if (bad) *bad = handle(node);
  if (*res != hipGraphExecUpdateSuccess) return ret(hipErrorGraphExecUpdateFailure);
  update(*x->g, *gr);
  return ret(hipSuccess);
}
// A child graph is a cluster; its edges end at an empty node that stands for it.
static void print_dot(std::ostream& f, Graph const& g, std::string const& prefix) {
  static char const* names[] = {"kernel", "memcpy", "memset", "host", "graph", "empty", "event wait", "event record", "alloc", "free"};
  auto const name = [&](GNode const* n) { return prefix + std::to_string(n->id); };
  for (auto& n : g.nodes) {
    Cmd const& c = n->c;
    f << "  " << name(n.get()) << " [label=\"" << n->id << " " << names[int(c.type)];
    if (c.type == Node::kernel)
      f << "\\n"
        << c.kernel.k->name << "\\n"
        << c.kernel.g.x << "x" << c.kernel.g.y << "x" << c.kernel.g.z << " blocks of " << c.kernel.b.x << "x" << c.kernel.b.y << "x"
        << c.kernel.b.z;
    if (c.type == Node::copy) f << "\\n" << c.cp.w * c.cp.h * c.cp.z << " bytes";
    f << "\"];\n";
    if (c.child) {
      f << "  subgraph cluster_" << name(n.get()) << " {\n";
      print_dot(f, *c.child, name(n.get()) + "_");
      f << "  }\n";
    }
  }
  for (auto& n : g.nodes)
    for (GNode* d : n->deps) f << "  " << name(d) << " -> " << name(n.get()) << ";\n";
}
API hipError_t hipGraphDebugDotPrint(hipGraph_t g, char const* path, unsigned) {
  Lock l;
  auto gr = graph_of(g);
  if (!gr || !path) return ret(hipErrorInvalidValue);
  std::ofstream f(path);
  if (!f) return ret(hipErrorOperatingSystem);
  f << "digraph graph_ {\n";
  print_dot(f, *gr, "n");
  f << "}\n";
  return ret(f.flush() ? hipSuccess : hipErrorOperatingSystem);
}

// ---- objects that graphs keep alive
API hipError_t hipUserObjectCreate(UserObject** out, void* data, hipHostFn_t destroy, unsigned references, unsigned flags) {
  if (!out || !destroy || !references || flags != 1) return ret(hipErrorInvalidValue);  // 1: hipUserObjectNoDestructorSync
  Lock l;
  auto* o = new UserObject{destroy, data, references};
  user_objects().insert(o);
  *out = o;
  return ret(hipSuccess);
}
API hipError_t hipUserObjectRetain(UserObject* o, unsigned n) {
  Lock l;
  UserObject* x = object_of(o);
  if (!x || !n) return ret(hipErrorInvalidValue);
  retain(x, n);
  return ret(hipSuccess);
}
API hipError_t hipUserObjectRelease(UserObject* o, unsigned n) {
  UserObject* x;
  {
    Lock l;
    x = object_of(o);
    if (!x || !n || n > x->references) return ret(hipErrorInvalidValue);
  }
  release(x, n);
  return ret(hipSuccess);
}
API hipError_t hipGraphRetainUserObject(hipGraph_t g, UserObject* o, unsigned n, unsigned flags) {
  Lock l;
  auto gr = graph_of(g);
  UserObject* x = object_of(o);
  if (!gr || !x || !n || flags > 1) return ret(hipErrorInvalidValue);
  if (flags != 1) retain(x, n);  // 1: hipGraphUserObjectMove, the caller's references become the graph's
  gr->objects[x] += n;
  return ret(hipSuccess);
}
API hipError_t hipGraphReleaseUserObject(hipGraph_t g, UserObject* o, unsigned n) {
  UserObject* x;
  {
    Lock l;
    auto gr = graph_of(g);
    x = object_of(o);
    if (!gr || !x || !n || !gr->objects.count(x) || gr->objects[x] < n) return ret(hipErrorInvalidValue);
    if (!(gr->objects[x] -= n)) gr->objects.erase(x);
  }
  release(x, n);
  return ret(hipSuccess);
}
