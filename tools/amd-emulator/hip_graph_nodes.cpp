// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The nodes of graphs: how each kind is added, read and changed, in a graph and in an executable one.
#include "hip_graph.hpp"

namespace shim {
static hipError_t add(hipGraphNode_t* out, hipGraph_t g, hipGraphNode_t const* deps, size_t n, hipError_t made, Cmd c) {
  Lock l;
  auto gr = graph_of(g);
  if (!out || !gr) return ret(hipErrorInvalidValue);
  if (made != hipSuccess) return ret(made);
  std::vector<GNode*> d;
  if (!nodes_of(gr.get(), deps, n, &d)) return ret(hipErrorInvalidValue);
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
static hipError_t mk_copy1(void* d, void const* s, size_t n, hipMemcpyKind kind, Cmd& c) {
  if (!kind_ok(kind)) return hipErrorInvalidMemcpyDirection;
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
static hipError_t mk_symbol(void const* sym, void* dst, void const* src, size_t bytes, size_t offset, hipMemcpyKind kind,
                            Cmd& c) {  // dst or src is null
  char* at;
  if (!dst == !src) return hipErrorInvalidValue;
  if (hipError_t e = sym_copy_range(sym, offset, bytes, &at)) return e;
  return src ? mk_copy1(at, src, bytes, kind, c) : mk_copy1(dst, at, bytes, kind, c);
}
static hipError_t mk_child(hipGraph_t g, hipGraph_t within, Cmd& c) {
  auto child = graph_of(g);
  if (!child || g == within || captured_now(child.get())) return hipErrorInvalidValue;
  c.type = Node::graph;
  c.child = clone_graph(*child);
  return hipSuccess;
}
static hipError_t mk_event(Node type, hipEvent_t e, Cmd& c) {
  c.type = type;
  c.event = e;
  return is_event(e) ? hipSuccess : hipErrorInvalidValue;
}
static hipError_t mk_free(void* p, Cmd& c) {
  c.type = Node::free;
  c.memory = p;
  return is_graph_memory(p) ? hipSuccess : hipErrorInvalidValue;
}
struct AllocParams {
  hipMemPoolProps props;
  void const* access;
  size_t access_count, bytes;
  void* p;
};  // hipMemAllocNodeParams of HIP 6
static hipError_t add_alloc(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, AllocParams* p) {
  Lock l;
  auto gr = graph_of(g);
  if (!gr || !p || p->props.location.type != hipMemLocationTypeDevice || !is_device(p->props.location.id)) return ret(hipErrorInvalidValue);
  Cmd c;
  c.type = Node::alloc;
  c.bytes = p->bytes;
  OnDevice const device(p->props.location.id);
  if (hipError_t e = alloc_graph_memory(&c.memory, p->bytes)) return ret(e);
  void* const memory = c.memory;
  if (hipError_t e = add(o, g, d, n, hipSuccess, std::move(c))) {
    (void)release(memory, "graph");
    return e;
  }
  gr->owned->p.push_back(memory);
  p->p = memory;
  return hipSuccess;
}
// Replaces the command of a node of a graph by one of the same type. Nodes that allocate or free keep theirs.
template <class Make>
static hipError_t set(GNode* n, Make make) {
  Lock l;
  Cmd c;
  if (!n) return ret(hipErrorInvalidValue);
  if (hipError_t e = make(c)) return ret(e);
  if (n->c.type != c.type) return ret(hipErrorInvalidValue);
  if (c.type == Node::kernel) c.kernel.coop = n->c.kernel.coop;
  n->c = std::move(c);
  n->ptrs.clear();
  return ret(hipSuccess);
}
// The same in an executable graph, where less may change.
template <class Make>
static hipError_t set_exec(hipGraphExec_t e, hipGraphNode_t h, Make make) {
  Lock l;
  GNode* n = of_exec(e, h);
  Cmd c;
  if (!n) return ret(hipErrorInvalidValue);
  if (hipError_t r = make(c)) return ret(r);
  if (c.type == Node::kernel && n->c.type == c.type) c.kernel.coop = n->c.kernel.coop;
  if (may_become(n->c, c) != hipGraphExecUpdateSuccess) return ret(hipErrorInvalidValue);
  if (n->c.child) {
    GNode* bad;
    if (compare(*n->c.child, *c.child, &bad) != hipGraphExecUpdateSuccess) return ret(hipErrorInvalidValue);
    update(*n->c.child, *c.child);
    return ret(hipSuccess);
  }
  n->c = std::move(c);
  return ret(hipSuccess);
}
}  // namespace shim
using namespace shim;

API hipError_t hipGraphAddKernelNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipKernelNodeParams const* p) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_kernel(p, c); });
}
API hipError_t hipGraphKernelNodeSetParams(hipGraphNode_t n, hipKernelNodeParams const* p) {
  return set(node_of(n), [&](Cmd& c) { return mk_kernel(p, c); });
}
API hipError_t hipGraphExecKernelNodeSetParams(hipGraphExec_t x, hipGraphNode_t n, hipKernelNodeParams const* p) {
  return set_exec(x, n, [&](Cmd& c) { return mk_kernel(p, c); });
}
API hipError_t hipGraphKernelNodeGetParams(hipGraphNode_t n, hipKernelNodeParams* p) {
  Lock l;
  GNode* x = node_of(n, Node::kernel);
  if (!x || !p) return ret(hipErrorInvalidValue);
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
// The only attribute that has a meaning here is 2, cooperative. A value is a union that begins with an int.
API hipError_t hipGraphKernelNodeSetAttribute(hipGraphNode_t n, hipKernelNodeAttrID id, hipKernelNodeAttrValue const* v) {
  Lock l;
  GNode* x = node_of(n, Node::kernel);
  if (!x || !v) return ret(hipErrorInvalidValue);
  if (id != hipKernelNodeAttributeCooperative) {
    say("hipGraphKernelNodeSetAttribute: attribute " + std::to_string(int(id)) + " is not emulated: hipErrorNotSupported");
    return ret(hipErrorNotSupported);
  }
  x->c.kernel.coop = v->cooperative;
  return ret(hipSuccess);
}
API hipError_t hipGraphKernelNodeGetAttribute(hipGraphNode_t n, hipKernelNodeAttrID id, hipKernelNodeAttrValue* v) {
  Lock l;
  GNode* x = node_of(n, Node::kernel);
  if (!x || !v) return ret(hipErrorInvalidValue);
  if (id != hipKernelNodeAttributeCooperative) return ret(hipErrorNotSupported);
  v->cooperative = x->c.kernel.coop;
  return ret(hipSuccess);
}
API hipError_t hipGraphKernelNodeCopyAttributes(hipGraphNode_t from, hipGraphNode_t to) {
  Lock l;
  GNode *a = node_of(from, Node::kernel), *b = node_of(to, Node::kernel);
  if (!a || !b) return ret(hipErrorInvalidValue);
  b->c.kernel.coop = a->c.kernel.coop;
  return ret(hipSuccess);
}
API hipError_t hipGraphAddMemcpyNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipMemcpy3DParms const* p) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_copy3(p, c); });
}
API hipError_t hipGraphMemcpyNodeSetParams(hipGraphNode_t n, hipMemcpy3DParms const* p) {
  return set(node_of(n), [&](Cmd& c) { return mk_copy3(p, c); });
}
API hipError_t hipGraphExecMemcpyNodeSetParams(hipGraphExec_t x, hipGraphNode_t n, hipMemcpy3DParms* p) {
  return set_exec(x, n, [&](Cmd& c) { return mk_copy3(p, c); });
}
API hipError_t hipGraphAddMemcpyNode1D(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, void* dst, void const* src,
                                       size_t bytes, hipMemcpyKind kind) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_copy1(dst, src, bytes, kind, c); });
}
API hipError_t hipGraphMemcpyNodeSetParams1D(hipGraphNode_t n, void* dst, void const* src, size_t bytes, hipMemcpyKind kind) {
  return set(node_of(n), [&](Cmd& c) { return mk_copy1(dst, src, bytes, kind, c); });
}
API hipError_t hipGraphExecMemcpyNodeSetParams1D(hipGraphExec_t x, hipGraphNode_t n, void* dst, void const* src, size_t bytes,
                                                 hipMemcpyKind kind) {
  return set_exec(x, n, [&](Cmd& c) { return mk_copy1(dst, src, bytes, kind, c); });
}
API hipError_t hipGraphMemcpyNodeGetParams(hipGraphNode_t n, hipMemcpy3DParms* p) {
  Lock l;
  GNode* x = node_of(n, Node::copy);
  if (!x || !p) return ret(hipErrorInvalidValue);
  auto& c = x->c.cp;
  *p = {};
  p->dstPtr = {c.d, c.dp, c.w, c.dp ? c.ds / c.dp : c.h};
  p->srcPtr = {const_cast<char*>(c.s), c.sp, c.w, c.sp ? c.ss / c.sp : c.h};
  p->extent = {c.w, c.h, c.z};
  p->kind = hipMemcpyDefault;
  return ret(hipSuccess);
}
API hipError_t hipGraphAddMemcpyNodeFromSymbol(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, void* dst,
                                               void const* sym, size_t bytes, size_t offset, hipMemcpyKind kind) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_symbol(sym, dst, nullptr, bytes, offset, kind, c); });
}
API hipError_t hipGraphMemcpyNodeSetParamsFromSymbol(hipGraphNode_t n, void* dst, void const* sym, size_t bytes, size_t offset,
                                                     hipMemcpyKind kind) {
  return set(node_of(n), [&](Cmd& c) { return mk_symbol(sym, dst, nullptr, bytes, offset, kind, c); });
}
API hipError_t hipGraphExecMemcpyNodeSetParamsFromSymbol(hipGraphExec_t x, hipGraphNode_t n, void* dst, void const* sym, size_t bytes,
                                                         size_t offset, hipMemcpyKind kind) {
  return set_exec(x, n, [&](Cmd& c) { return mk_symbol(sym, dst, nullptr, bytes, offset, kind, c); });
}
API hipError_t hipGraphAddMemcpyNodeToSymbol(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, void const* sym,
                                             void const* src, size_t bytes, size_t offset, hipMemcpyKind kind) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_symbol(sym, nullptr, src, bytes, offset, kind, c); });
}
API hipError_t hipGraphMemcpyNodeSetParamsToSymbol(hipGraphNode_t n, void const* sym, void const* src, size_t bytes, size_t offset,
                                                   hipMemcpyKind kind) {
  return set(node_of(n), [&](Cmd& c) { return mk_symbol(sym, nullptr, src, bytes, offset, kind, c); });
}
API hipError_t hipGraphExecMemcpyNodeSetParamsToSymbol(hipGraphExec_t x, hipGraphNode_t n, void const* sym, void const* src, size_t bytes,
                                                       size_t offset, hipMemcpyKind kind) {
  return set_exec(x, n, [&](Cmd& c) { return mk_symbol(sym, nullptr, src, bytes, offset, kind, c); });
}
API hipError_t hipGraphAddMemsetNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipMemsetParams const* p) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_fill(p, c); });
}
API hipError_t hipGraphMemsetNodeSetParams(hipGraphNode_t n, hipMemsetParams const* p) {
  return set(node_of(n), [&](Cmd& c) { return mk_fill(p, c); });
}
API hipError_t hipGraphExecMemsetNodeSetParams(hipGraphExec_t x, hipGraphNode_t n, hipMemsetParams const* p) {
  return set_exec(x, n, [&](Cmd& c) { return mk_fill(p, c); });
}
API hipError_t hipGraphMemsetNodeGetParams(hipGraphNode_t n, hipMemsetParams* p) {
  Lock l;
  GNode* x = node_of(n, Node::fill);
  if (!x || !p) return ret(hipErrorInvalidValue);
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
  return set_exec(x, n, [&](Cmd& c) { return mk_host(p, c); });
}
API hipError_t hipGraphHostNodeGetParams(hipGraphNode_t n, hipHostNodeParams* p) {
  Lock l;
  GNode* x = node_of(n, Node::host);
  if (!x || !p) return ret(hipErrorInvalidValue);
  *p = x->c.host_params;
  return ret(hipSuccess);
}
API hipError_t hipGraphAddEmptyNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n) {
  return add(o, g, d, n, hipSuccess, Cmd{});
}
API hipError_t hipGraphAddChildGraphNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipGraph_t child) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_child(child, g, c); });
}
API hipError_t hipGraphChildGraphNodeGetGraph(hipGraphNode_t n, hipGraph_t* g) {
  Lock l;
  GNode* x = node_of(n);
  if (!x || !g || !x->c.child) return ret(hipErrorInvalidValue);
  *g = lend(x->c.child);
  return ret(hipSuccess);
}
API hipError_t hipGraphExecChildGraphNodeSetParams(hipGraphExec_t x, hipGraphNode_t n, hipGraph_t child) {
  return set_exec(x, n, [&](Cmd& c) { return mk_child(child, nullptr, c); });
}

// ---- events
static hipError_t event_of(hipGraphNode_t n, Node type, hipEvent_t* e) {
  Lock l;
  GNode* x = node_of(n);
  if (!x || !e || x->c.type != type) return ret(hipErrorInvalidValue);
  *e = x->c.event;
  return ret(hipSuccess);
}
API hipError_t hipGraphAddEventRecordNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipEvent_t e) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_event(Node::record, e, c); });
}
API hipError_t hipGraphEventRecordNodeGetEvent(hipGraphNode_t n, hipEvent_t* e) { return event_of(n, Node::record, e); }
API hipError_t hipGraphEventRecordNodeSetEvent(hipGraphNode_t n, hipEvent_t e) {
  return set(node_of(n), [&](Cmd& c) { return mk_event(Node::record, e, c); });
}
API hipError_t hipGraphExecEventRecordNodeSetEvent(hipGraphExec_t x, hipGraphNode_t n, hipEvent_t e) {
  return set_exec(x, n, [&](Cmd& c) { return mk_event(Node::record, e, c); });
}
API hipError_t hipGraphAddEventWaitNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, hipEvent_t e) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_event(Node::wait, e, c); });
}
API hipError_t hipGraphEventWaitNodeGetEvent(hipGraphNode_t n, hipEvent_t* e) { return event_of(n, Node::wait, e); }
API hipError_t hipGraphEventWaitNodeSetEvent(hipGraphNode_t n, hipEvent_t e) {
  return set(node_of(n), [&](Cmd& c) { return mk_event(Node::wait, e, c); });
}
API hipError_t hipGraphExecEventWaitNodeSetEvent(hipGraphExec_t x, hipGraphNode_t n, hipEvent_t e) {
  return set_exec(x, n, [&](Cmd& c) { return mk_event(Node::wait, e, c); });
}

// ---- memory
API hipError_t hipGraphAddMemAllocNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, AllocParams* p) {
  return add_alloc(o, g, d, n, p);
}
API hipError_t hipGraphMemAllocNodeGetParams(hipGraphNode_t n, AllocParams* p) {
  Lock l;
  GNode* x = node_of(n, Node::alloc);
  if (!x || !p) return ret(hipErrorInvalidValue);
  *p = {};
  p->props.allocType = hipMemAllocationTypePinned;
  p->props.location = {hipMemLocationTypeDevice, block_of(x->c.memory)->dev};
  p->bytes = x->c.bytes;
  p->p = x->c.memory;
  return ret(hipSuccess);
}
API hipError_t hipGraphAddMemFreeNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, void* p) {
  return add(o, g, d, n, [&](Cmd& c) { return mk_free(p, c); });
}
API hipError_t hipGraphMemFreeNodeGetParams(hipGraphNode_t n, void* p) {  // p: where the address goes
  Lock l;
  GNode* x = node_of(n, Node::free);
  if (!x || !p) return ret(hipErrorInvalidValue);
  memcpy(p, &x->c.memory, sizeof x->c.memory);
  return ret(hipSuccess);
}

// ---- any node: HIP 6 and newer
struct NodeParams {
  int type, reserved[3];
  union {
    long long all[29];
    hipKernelNodeParams kernel;
    struct {
      int flags, reserved[3];
      hipMemcpy3DParms params;
    } copy;
    hipMemsetParams fill;
    hipHostNodeParams host;
    hipGraph_t child;
    hipEvent_t event;
    AllocParams alloc;
    void* free;
  };
};
static hipError_t mk_any(NodeParams const* p, hipGraph_t within, Cmd& c) {
  if (!p) return hipErrorInvalidValue;
  switch (p->type) {
    case 0: return mk_kernel(&p->kernel, c);
    case 1: return p->copy.flags ? hipErrorInvalidValue : mk_copy3(&p->copy.params, c);
    case 2: return mk_fill(&p->fill, c);
    case 3: return mk_host(&p->host, c);
    case 4: return mk_child(p->child, within, c);
    case 5: return hipSuccess;
    case 6: return mk_event(Node::wait, p->event, c);
    case 7: return mk_event(Node::record, p->event, c);
    case 11: return mk_free(p->free, c);
    default: say("nodes of the type " + std::to_string(p->type) + " are not emulated: hipErrorNotSupported"); return hipErrorNotSupported;
  }
}
API hipError_t hipGraphAddNode(hipGraphNode_t* o, hipGraph_t g, hipGraphNode_t const* d, size_t n, NodeParams* p) {
  if (p && p->type == 10) return add_alloc(o, g, d, n, &p->alloc);
  return add(o, g, d, n, [&](Cmd& c) { return mk_any(p, g, c); });
}
API hipError_t hipGraphNodeSetParams(hipGraphNode_t n, NodeParams* p) {
  if (p && (p->type == 10 || p->type == 11)) return ret(hipErrorInvalidValue);
  return set(node_of(n), [&](Cmd& c) { return mk_any(p, nullptr, c); });
}
API hipError_t hipGraphExecNodeSetParams(hipGraphExec_t x, hipGraphNode_t n, NodeParams* p) {
  if (p && (p->type == 10 || p->type == 11)) return ret(hipErrorInvalidValue);
  return set_exec(x, n, [&](Cmd& c) { return mk_any(p, nullptr, c); });
}
API hipError_t hipGraphDestroyNode(hipGraphNode_t n) {
  Lock l;
  GNode* x = node_of(n);
  if (!x) return ret(hipErrorInvalidValue);
  if (captured_now(x->g)) {  // later calls of the capture depend on it
    say("ERROR: hipGraphDestroyNode: a stream is captured to the graph of this node: hipErrorInvalidValue");
    return ret(hipErrorInvalidValue);
  }
  auto& v = x->g->nodes;
  for (auto& o : v) o->deps.erase(std::remove(o->deps.begin(), o->deps.end(), x), o->deps.end());
  v.erase(std::find_if(v.begin(), v.end(), [&](auto& o) { return o.get() == x; }));
  return ret(hipSuccess);
}
API hipError_t hipGraphNodeGetType(hipGraphNode_t n, hipGraphNodeType* t) {
  Lock l;
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
  Lock l;
  GNode* x = of_exec(e, n);
  if (!x || !(x->c.type == Node::kernel || x->c.type == Node::copy || x->c.type == Node::fill)) return ret(hipErrorInvalidValue);
  x->enabled = on;
  return ret(hipSuccess);
}
API hipError_t hipGraphNodeGetEnabled(hipGraphExec_t e, hipGraphNode_t n, unsigned* on) {
  Lock l;
  GNode* x = of_exec(e, n);
  if (!x || !on) return ret(hipErrorInvalidValue);
  *on = x->enabled;
  return ret(hipSuccess);
}
