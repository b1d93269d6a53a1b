// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Pools, stream-ordered allocation, memory of graphs.
#include "hip_memory.hpp"

namespace shim {
static std::set<Pool*>& pools() {
  static auto* m = new std::set<Pool*>;
  return *m;
}
static Pool* default_pool(int dev) {
  static std::map<int, Pool*> m;
  Pool*& p = m[dev];
  if (!p) {
    p = new Pool;
    p->dev = dev;
    pools().insert(p);
  }
  return p;
}
static std::map<int, Pool*> g_current;
static Pool* current_pool(int dev) {
  auto it = g_current.find(dev);
  return it == g_current.end() ? default_pool(dev) : it->second;
}
static bool pool_ok(hipMemPool_t p) { return pools().count(reinterpret_cast<Pool*>(p)); }

// ---- memory of graphs
static size_t g_graph_used_high = 0, g_graph_reserved_high = 0;  // of all devices
static size_t graph_memory(int dev, bool live) {
  size_t n = 0;
  for (auto& b : blocks())
    if (b.second.graph == GraphMemory::live || (b.second.graph == GraphMemory::free && !live))
      if (dev < 0 || b.second.dev == dev) n += b.second.size;
  return n;
}
hipError_t alloc_graph_memory(void** out, size_t n, Pool* pool) {
  if (!n) return hipErrorInvalidValue;
  Lock l;
  hipError_t const e = alloc(out, n, Mem::device, 0, pool);
  if (e == hipSuccess) block_of(*out)->graph = GraphMemory::free;
  g_graph_reserved_high = std::max(g_graph_reserved_high, graph_memory(-1, false));
  return e;
}
hipError_t start_graph_memory(void* p, bool again) {
  Lock l;
  Block* b = block_of(p);
  if (!b) return hipErrorInvalidValue;
  if (b->graph == GraphMemory::live && !again) {
    say("ERROR: a graph allocates its memory at " + hex(p) + " (" + std::to_string(b->size) +
        " bytes), which was not freed since it did so before");
    return hipErrorInvalidValue;
  }
  b->graph = GraphMemory::live;
  if (b->shadow) memset(b->shadow, 0, b->size);
  g_graph_used_high = std::max(g_graph_used_high, graph_memory(-1, true));
  return hipSuccess;
}
hipError_t end_graph_memory(void* p, char const* who) {
  Lock l;
  Block* b = block_of(p);
  if (!b || b->graph == GraphMemory::no) return hipErrorInvalidValue;
  if (b->graph == GraphMemory::free) {
    say(std::string("ERROR: ") + who + "(" + hex(p) + "): memory of a graph, which no node has allocated yet or which was freed");
    return hipErrorInvalidValue;
  }
  b->graph = GraphMemory::free;
  return hipSuccess;
}
bool is_graph_memory(void const* p) {
  Lock l;
  uintptr_t base;
  Block* b = block_of(p, &base);
  return b && base == uintptr_t(p) && b->graph != GraphMemory::no;
}
Owned::~Owned() {
  for (void* x : p) {
    Lock l;
    uintptr_t b;
    Block* k = block_of(x, &b);
    if (!k || b != uintptr_t(x)) continue;
    if (k->graph == GraphMemory::live)
      k->graph = GraphMemory::no;
    else
      (void)release(x, "graph");
  }
}
}  // namespace shim
using namespace shim;

// ------------------------------------------------------------------------------------------------ stream-ordered allocation
// In a capture the memory gets its address at once and becomes a node of the graph.
static hipError_t malloc_from(void** p, size_t n, Pool* pool, hipStream_t s, char const* call = __builtin_FUNCTION()) {
  Graph* g = capturing(s);
  Cmd c;
  c.type = Node::alloc;
  c.bytes = n;
  {
    OnDevice const device(pool->dev);
    if (!g || !n) return alloc(p, n, Mem::device, 0, pool);
    if (hipError_t e = alloc_graph_memory(&c.memory, n, pool)) return e;
  }
  void* const memory = c.memory;
  if (hipError_t e = submit(s, std::move(c), false, call)) {
    (void)release(memory, "graph");
    return e;
  }
  g->owned->p.push_back(memory);
  *p = memory;
  return hipSuccess;
}
API hipError_t hipMallocFromPoolAsync(void** p, size_t n, hipMemPool_t pool, hipStream_t s) {
  STREAM(s);
  if (!p) return ret(hipErrorInvalidValue);
  Lock l;
  return ret(pool_ok(pool) ? malloc_from(p, n, reinterpret_cast<Pool*>(pool), s) : hipErrorInvalidValue);
}
API hipError_t hipMallocAsync(void** p, size_t n, hipStream_t s) {
  STREAM(s);
  if (!p) return ret(hipErrorInvalidValue);
  Lock l;
  return ret(malloc_from(p, n, current_pool(device_of(s)), s));
}
API hipError_t hipFreeAsync(void* p, hipStream_t s) {
  STREAM(s);
  if (!p) return ret(hipErrorInvalidValue);
  {
    Lock l;
    uintptr_t b;
    if (!block_of(p, &b) || b != uintptr_t(p)) return ret(release(p, "hipFreeAsync"));
  }
  Cmd c;
  c.type = Node::free;
  c.memory = p;
  if (capturing(s)) {
    if (!is_graph_memory(p)) {
      say("ERROR: hipFreeAsync(" + hex(p) + ") is captured, but no allocation node of a graph made this memory: hipErrorInvalidValue");
      return ret(hipErrorInvalidValue);
    }
  }
  return ret(submit(s, std::move(c)));
}
API hipError_t hipMemPoolCreate(hipMemPool_t* out, hipMemPoolProps const* p) {
  if (!out || !p || p->allocType != hipMemAllocationTypePinned || p->location.type != hipMemLocationTypeDevice ||
      !is_device(p->location.id))
    return ret(hipErrorInvalidValue);
  Lock l;
  auto* x = new Pool;
  x->dev = p->location.id;
  if (api() >= 6) memcpy(&x->maxSize, reinterpret_cast<char const*>(p) + 24, 8);  // maxSize is new in HIP 6
  pools().insert(x);
  *out = reinterpret_cast<hipMemPool_t>(x);
  return ret(hipSuccess);
}
API hipError_t hipMemPoolDestroy(hipMemPool_t p) {
  Lock l;
  auto* x = reinterpret_cast<Pool*>(p);
  if (!pool_ok(p) || x == default_pool(x->dev)) return ret(hipErrorInvalidValue);
  for (auto& c : g_current)
    if (c.second == x) c.second = default_pool(c.first);
  pools().erase(x);
  return ret(hipSuccess);  // kept in memory: blocks may still point to it
}
API hipError_t hipDeviceGetDefaultMemPool(hipMemPool_t* p, int d) {
  if (!p) return ret(hipErrorInvalidValue);
  if (!is_device(d)) return ret(hipErrorInvalidDevice);
  Lock l;
  *p = reinterpret_cast<hipMemPool_t>(default_pool(d));
  return ret(hipSuccess);
}
API hipError_t hipDeviceGetMemPool(hipMemPool_t* p, int d) {
  if (!p) return ret(hipErrorInvalidValue);
  if (!is_device(d)) return ret(hipErrorInvalidDevice);
  Lock l;
  *p = reinterpret_cast<hipMemPool_t>(current_pool(d));
  return ret(hipSuccess);
}
API hipError_t hipDeviceSetMemPool(int d, hipMemPool_t p) {
  Lock l;
  if (!is_device(d)) return ret(hipErrorInvalidDevice);
  if (!pool_ok(p)) return ret(hipErrorInvalidValue);
  g_current[d] = reinterpret_cast<Pool*>(p);
  return ret(hipSuccess);
}
// The attributes, from 0: used, highest used, reserved, highest reserved, in bytes. The highest ones are those of all devices together.
API hipError_t hipDeviceGetGraphMemAttribute(int dev, int attribute, void* value) {
  if (!is_device(dev)) return ret(hipErrorInvalidDevice);
  if (!value || unsigned(attribute) > 3) return ret(hipErrorInvalidValue);
  Lock l;
  uint64_t const n = attribute == 0   ? graph_memory(dev, true)
                     : attribute == 1 ? g_graph_used_high
                     : attribute == 2 ? graph_memory(dev, false)
                                      : g_graph_reserved_high;
  memcpy(value, &n, sizeof n);
  return ret(hipSuccess);
}
API hipError_t hipDeviceSetGraphMemAttribute(int dev, int attribute, void* value) {  // sets the highest ones back to the present ones
  if (!is_device(dev)) return ret(hipErrorInvalidDevice);
  uint64_t n = 1;
  if (value) memcpy(&n, value, sizeof n);
  if (n || (attribute != 1 && attribute != 3)) return ret(hipErrorInvalidValue);
  Lock l;
  (attribute == 1 ? g_graph_used_high : g_graph_reserved_high) = graph_memory(-1, attribute == 1);
  return ret(hipSuccess);
}
API hipError_t hipDeviceGraphMemTrim(int dev) { return ret(!is_device(dev) ? hipErrorInvalidDevice : hipSuccess); }
API hipError_t hipMemPoolTrimTo(hipMemPool_t p, size_t) {
  Lock l;
  return ret(pool_ok(p) ? hipSuccess : hipErrorInvalidValue);
}
API hipError_t hipMemPoolSetAccess(hipMemPool_t p, hipMemAccessDesc const* d, size_t n) {
  Lock l;
  if (!pool_ok(p) || (!d && n)) return ret(hipErrorInvalidValue);
  auto* x = reinterpret_cast<Pool*>(p);
  for (size_t i = 0; i < n; i++) {
    if (d[i].location.type != hipMemLocationTypeDevice || !is_device(d[i].location.id)) return ret(hipErrorInvalidDevice);
    bool const known =
        d[i].flags == hipMemAccessFlagsProtNone || d[i].flags == hipMemAccessFlagsProtRead || d[i].flags == hipMemAccessFlagsProtReadWrite;
    if (!known || (d[i].location.id == x->dev && d[i].flags != hipMemAccessFlagsProtReadWrite)) return ret(hipErrorInvalidValue);
  }
  for (size_t i = 0; i < n; i++)
    if (d[i].location.id != x->dev) x->peers[d[i].location.id] = d[i].flags;
  return ret(hipSuccess);
}
API hipError_t hipMemPoolGetAccess(hipMemAccessFlags* f, hipMemPool_t p, hipMemLocation* w) {
  Lock l;
  if (!f || !w || !pool_ok(p)) return ret(hipErrorInvalidValue);
  if (w->type != hipMemLocationTypeDevice || !is_device(w->id)) return ret(hipErrorInvalidDevice);
  *f = reinterpret_cast<Pool*>(p)->access_of(w->id);
  return ret(hipSuccess);
}
API hipError_t hipMemPoolSetAttribute(hipMemPool_t p, hipMemPoolAttr a, void* v) {
  Lock l;
  if (!pool_ok(p) || !v) return ret(hipErrorInvalidValue);
  auto* x = reinterpret_cast<Pool*>(p);
  uint64_t u = 0;
  int i = 0;
  memcpy(&i, v, 4);
  if (a >= hipMemPoolAttrReleaseThreshold) memcpy(&u, v, 8);
  switch (a) {
    case hipMemPoolReuseFollowEventDependencies:
    case hipMemPoolReuseAllowOpportunistic:
    case hipMemPoolReuseAllowInternalDependencies: x->reuse[a] = i; break;
    case hipMemPoolAttrReleaseThreshold: x->threshold = u; break;
    case hipMemPoolAttrReservedMemHigh:
    case hipMemPoolAttrUsedMemHigh:
      if (u) return ret(hipErrorInvalidValue);
      x->used_high = x->used;
      break;
    default: return ret(hipErrorInvalidValue);
  }
  return ret(hipSuccess);
}
API hipError_t hipMemPoolGetAttribute(hipMemPool_t p, hipMemPoolAttr a, void* v) {
  Lock l;
  if (!pool_ok(p) || !v) return ret(hipErrorInvalidValue);
  auto* x = reinterpret_cast<Pool*>(p);
  uint64_t u;
  switch (a) {
    case hipMemPoolReuseFollowEventDependencies:
    case hipMemPoolReuseAllowOpportunistic:
    case hipMemPoolReuseAllowInternalDependencies: memcpy(v, &x->reuse[a], 4); return ret(hipSuccess);
    case hipMemPoolAttrReleaseThreshold: u = x->threshold; break;
    case hipMemPoolAttrReservedMemCurrent:
    case hipMemPoolAttrUsedMemCurrent: u = x->used; break;
    case hipMemPoolAttrReservedMemHigh:
    case hipMemPoolAttrUsedMemHigh: u = x->used_high; break;
    default: return ret(hipErrorInvalidValue);
  }
  memcpy(v, &u, 8);
  return ret(hipSuccess);
}
