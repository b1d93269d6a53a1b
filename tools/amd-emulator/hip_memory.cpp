// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Allocations, queries of pointers, leaks.
#include "hip_memory.hpp"
#include <sys/mman.h>
#include <unistd.h>

namespace shim {
std::map<uintptr_t, Block>& blocks() {
  static auto* m = new std::map<uintptr_t, Block>;
  return *m;
}
static std::map<uintptr_t, size_t>& freed() {
  static auto* m = new std::map<uintptr_t, size_t>;
  return *m;
}
static std::map<uintptr_t, size_t>& registered() {
  static auto* m = new std::map<uintptr_t, size_t>;
  return *m;
}
// The memory of loaded code objects, which has variables of the device.
struct Image {
  size_t size;
  int dev;
};
static std::map<uintptr_t, Image>& images() {
  static auto* m = new std::map<uintptr_t, Image>;
  return *m;
}
void add_image(void const* p, size_t n, int dev) {
  Lock l;
  images()[uintptr_t(p)] = {n, dev};
}
void remove_image(void const* p) {
  Lock l;
  images().erase(uintptr_t(p));
}
struct Quarantined {
  void* map;
  size_t span;
};
static std::deque<Quarantined> g_quarantine;  // freed memory, kept without access for a while so that late accesses fault
static std::map<int, size_t> g_used;          // bytes of each device

size_t mem_total() {
  static size_t const n = size_t(emu::number("AMDEMU_MEMORY", "8G"));
  return n;
}
bool shadow_on() {
  static bool const on = emu::enabled("AMDEMU_UNINIT");
  return on;
}

Block* block_of(void const* p, uintptr_t* base) {
  auto& m = blocks();
  auto it = m.upper_bound(uintptr_t(p));
  if (it == m.begin()) return nullptr;
  --it;
  if (uintptr_t(p) >= it->first + std::max<size_t>(it->second.size, 1)) return nullptr;
  if (base) *base = it->first;
  return &it->second;
}
bool pinned(void const* p) {
  Lock l;
  if (block_of(p)) return true;
  auto it = registered().upper_bound(uintptr_t(p));
  return it != registered().begin() && uintptr_t(p) < std::prev(it)->first + std::prev(it)->second;
}

static bool find_region(uint64_t a, emu::Region& r) {
  Lock l;
  auto& m = blocks();
  auto it = m.upper_bound(a);
  if (it != m.begin()) {
    --it;
    uint64_t end = it->first + ((it->second.size + 255) & ~size_t(255));
    if (a < end && it->second.graph != GraphMemory::free) {
      Block const& b = it->second;
      r = {it->first, it->first + b.size, end, b.shadow};
      // Peer access does not include the memory of pools, for which hipMemPoolSetAccess() is.
      bool const reached = b.pool ? b.pool->access_of(g_running) != hipMemAccessFlagsProtNone : may_access(g_running, b.dev);
      if (b.type == Mem::device && !reached) {
        r.foreign = b.dev;
        r.in_pool = b.pool != nullptr;
      }
      return true;
    }
  }
  if (auto i = images().upper_bound(a); i != images().begin()) {
    --i;
    r = {i->first, i->first + i->second.size, i->first + i->second.size};
    if (!may_access(g_running, i->second.dev)) r.foreign = i->second.dev;
    if (a < r.end) return true;
    r.foreign = -1;
  }
  auto g = registered().upper_bound(a);
  if (g == registered().begin()) return false;
  --g;
  r = {g->first, g->first + g->second, g->first + g->second};
  return a < r.end;
}
static std::string describe_address(uint64_t a) {
  if (a < 4096) return "near the null pointer";
  Lock l;
  auto const near = [a](uintptr_t begin, size_t size) { return a < begin ? begin - a <= 4096 : a - begin < size + 4096; };
  auto const text = [](uintptr_t begin, size_t size) {
    return "the allocation " + hex(reinterpret_cast<void*>(begin)) + " of " + std::to_string(size) + " bytes";
  };
  auto f = freed().upper_bound(a);
  if (f != freed().begin() && (--f, a - f->first < f->second)) return "in " + text(f->first, f->second) + ", which was freed";
  auto const b = blocks().upper_bound(a);
  if (b != blocks().end() && near(b->first, b->second.size))
    return std::to_string(b->first - a) + " bytes before " + text(b->first, b->second.size);
  if (b != blocks().begin())
    if (auto const& [begin, block] = *std::prev(b); a >= begin + block.size && near(begin, block.size))
      return std::to_string(a - begin - block.size) + " bytes behind the end of " + text(begin, block.size);
  return "which is not memory that HIP allocated (a host pointer?)";
}
// The memory of malloc() in kernels: an allocation that is aligned to 2 MiB. Reads of unwritten bytes are not tracked: the device library
// reads its own fields in it.
static void* heap_allocate(size_t n) {
  Lock l;
  size_t const unit = 2 << 20, page = 4096;
  if (n > mem_total() || g_used[g_running] + n > mem_total()) return nullptr;
  size_t const span = ((n + page - 1) & ~(page - 1)) + page, all = span + unit;
  void* const m = mmap(nullptr, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m == MAP_FAILED) return nullptr;
  uintptr_t const p = (uintptr_t(m) + unit - 1) & ~(unit - 1);
  if (mprotect(reinterpret_cast<void*>(p), span - page, PROT_READ | PROT_WRITE)) {
    munmap(m, all);
    return nullptr;
  }
  freed().erase(p);
  Block b{n, all, m, Mem::device, 0, g_running, nullptr, nullptr};
  b.heap = b.runtime = true;
  blocks()[p] = b;
  g_used[g_running] += n;
  return reinterpret_cast<void*>(p);
}
static bool heap_free(void* p) {
  Lock l;
  auto const it = blocks().find(uintptr_t(p));
  return it != blocks().end() && it->second.heap && release(p, "free") == hipSuccess;
}
static bool const g_hooked = [] {
  emu::find_region = find_region;
  emu::describe_address = describe_address;
  emu::heap_allocate = heap_allocate;
  emu::heap_free = heap_free;
  return true;
}();

static bool g_lists_leaks = false;  // once there was an allocation
// After the destructors of static objects, which may free memory, and after the other reports.
__attribute__((destructor(101))) static void leak_report() {
  if (!g_lists_leaks) return;
  Lock l;
  size_t n = 0, bytes = 0, shown = 0;
  for (auto& b : blocks())
    if (!b.second.runtime) {
      n++;
      bytes += b.second.size;
    }
  if (!n) {
    say("leaks: none");
    return;
  }
  say("leaks: " + std::to_string(n) + " allocations, " + std::to_string(bytes) + " bytes were not freed");
  for (auto& b : blocks())
    if (!b.second.runtime && shown++ < 20)
      say("  " + hex(reinterpret_cast<void*>(b.first)) + " " + std::to_string(b.second.size) + " bytes, " +
          (b.second.type == Mem::device ? "device"
           : b.second.type == Mem::host ? "host"
                                        : "managed"));
  if (emu::is_error("AMDEMU_LEAKS")) {
    fflush(nullptr);
    _exit(1);
  }
}

hipError_t alloc(void** out, size_t n, Mem ty, unsigned flags, Pool* pool, bool runtime) {
  if (!out) return hipErrorInvalidValue;
  *out = nullptr;
  if (!n) return hipSuccess;
  Lock l;
  if (!g_lists_leaks) g_lists_leaks = emu::enabled("AMDEMU_LEAKS");
  if (ty != Mem::host && (n > mem_total() || g_used[t_dev] + n > mem_total())) return hipErrorOutOfMemory;
  if (pool && pool->maxSize && pool->used + n > pool->maxSize) return hipErrorOutOfMemory;
  static bool const guard = strcmp(emu::setting("AMDEMU_GUARD"), "0");
  size_t user = (n + 255) & ~size_t(255), page = 4096, span = ((user + page - 1) & ~(page - 1)) + (guard ? page : 0);
  void* m =
      n > (size_t(1) << 46) ? MAP_FAILED : mmap(nullptr, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m == MAP_FAILED) return hipErrorOutOfMemory;
  if (guard) mprotect(static_cast<char*>(m) + span - page, page, PROT_NONE);  // an overrun of more than 255 bytes faults
  char* p = static_cast<char*>(m) + span - (guard ? page : 0) - user;
  static int const fill = int(emu::number("AMDEMU_FILL", "0"));  // e.g. 165: uninitialised reads show up
  if (fill) memset(p, fill, user);
  uint8_t* shadow = nullptr;
  if (shadow_on() && ty == Mem::device) {
    void* s = mmap(nullptr, user, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (s == MAP_FAILED) {
      munmap(m, span);
      return hipErrorOutOfMemory;
    }
    shadow = static_cast<uint8_t*>(s);
  }
  freed().erase(uintptr_t(p));
  Block b{n, span, m, ty, flags, t_dev, pool, shadow};
  b.runtime = runtime;
  blocks()[uintptr_t(p)] = b;
  if (ty != Mem::host) g_used[t_dev] += n;
  if (pool) {
    pool->used += n;
    pool->used_high = std::max(pool->used_high, pool->used);
  }
  *out = p;
  return hipSuccess;
}

hipError_t release(void* p, char const* who) {
  if (!p) return hipSuccess;
  Lock l;
  auto it = blocks().find(uintptr_t(p));
  bool host_call = !strcmp(who, "hipHostFree");
  if (it != blocks().end() && it->second.heap && strcmp(who, "free")) {
    say(std::string("ERROR: ") + who + "(" + hex(p) + "): this memory belongs to malloc() of kernels");
    return hipErrorInvalidValue;
  }
  if (it != blocks().end() && host_call != (it->second.type == Mem::host)) {
    say(std::string("ERROR: ") + who + "(" + hex(p) + "): this is " + (host_call ? "device" : "host") + " memory, free it with " +
        (host_call ? "hipFree" : "hipHostFree"));
    return hipErrorInvalidValue;
  }
  if (it == blocks().end()) {
    uintptr_t base;
    std::string what = "not the address of an allocation";
    if (freed().count(uintptr_t(p)))
      what = "double free: this allocation of " + std::to_string(freed()[uintptr_t(p)]) + " bytes was freed before";
    else if (block_of(p, &base))
      what = "points " + std::to_string(uintptr_t(p) - base) + " bytes into the allocation " + hex(reinterpret_cast<void*>(base));
    say(std::string("ERROR: ") + who + "(" + hex(p) + "): " + what);
    return hipErrorInvalidValue;
  }
  (void)g_hooked;
  Block& b = it->second;
  if (b.graph != GraphMemory::no && strcmp(who, "graph")) return end_graph_memory(p, who);
  mprotect(b.map, b.span, PROT_NONE);
  madvise(b.map, b.span, MADV_DONTNEED);
  if (b.shadow) munmap(b.shadow, (b.size + 255) & ~size_t(255));
  g_quarantine.push_back({b.map, b.span});
  if (g_quarantine.size() > 512) {  // the host may get these addresses from now on
    Quarantined const q = g_quarantine.front();
    g_quarantine.pop_front();
    uintptr_t const lo = uintptr_t(q.map);
    freed().erase(freed().lower_bound(lo), freed().lower_bound(lo + q.span));
    munmap(q.map, q.span);
  }
  if (b.type != Mem::host) g_used[b.dev] -= b.size;
  if (b.pool) b.pool->used -= b.size;
  freed()[it->first] = b.size;
  blocks().erase(it);
  return hipSuccess;
}

void shadow_set(void* d, size_t n) {
  if (!shadow_on()) return;
  Lock l;
  uintptr_t b;
  Block* k = block_of(d, &b);
  if (k && k->shadow) memset(k->shadow + (uintptr_t(d) - b), 0xff, std::min<size_t>(n, b + k->size - uintptr_t(d)));
}
void shadow_copy(void* d, void const* s, size_t n) {
  if (!shadow_on()) return;
  Lock l;
  uintptr_t bd, bs;
  Block *kd = block_of(d, &bd), *ks = block_of(s, &bs);
  if (!kd || !kd->shadow) return;
  if (ks && ks->shadow)
    memmove(kd->shadow + (uintptr_t(d) - bd), ks->shadow + (uintptr_t(s) - bs), n);
  else
    memset(kd->shadow + (uintptr_t(d) - bd), 0xff, n);
}

bool is_freed(void const* p) {
  Lock l;
  if (block_of(p)) return false;
  auto it = freed().upper_bound(uintptr_t(p));
  if (it == freed().begin()) return false;
  --it;
  return uintptr_t(p) < it->first + it->second;
}
}  // namespace shim
using namespace shim;

static hipError_t malloc_in(void** p, size_t n, Mem m, unsigned fl = 0, char const* call = __builtin_FUNCTION()) {
  if (hipError_t e = unsafe(call)) return ret(e);
  return ret(alloc(p, n, m, fl));
}
API hipError_t hipMalloc(void** p, size_t n) { return malloc_in(p, n, Mem::device); }
API hipError_t hipExtMallocWithFlags(void** p, size_t n, unsigned) { return malloc_in(p, n, Mem::device); }
API hipError_t hipMallocManaged(void** p, size_t n, unsigned) { return malloc_in(p, n, Mem::managed); }
API hipError_t hipHostMalloc(void** p, size_t n, unsigned fl) { return malloc_in(p, n, Mem::host, fl); }
API hipError_t hipHostAlloc(void** p, size_t n, unsigned fl) { return hipHostMalloc(p, n, fl); }
API hipError_t hipExtHostAlloc(void** p, size_t n, unsigned fl) { return hipHostMalloc(p, n, fl); }
API hipError_t hipMallocHost(void** p, size_t n) { return hipHostMalloc(p, n, 0); }
API hipError_t hipMemAllocHost(void** p, size_t n) { return hipHostMalloc(p, n, 0); }
static hipError_t free_in(void* p, char const* who) {
  if (hipError_t e = unsafe(who)) return ret(e);
  hipError_t e = p ? wait_all() : hipSuccess;
  if (e != hipSuccess) set_async(e);  // the next call that synchronises reports it
  return ret(release(p, who));
}
API hipError_t hipFree(void* p) { return free_in(p, "hipFree"); }
API hipError_t hipHostFree(void* p) { return free_in(p, "hipHostFree"); }
API hipError_t hipFreeHost(void* p) { return free_in(p, "hipHostFree"); }
API hipError_t hipHostGetDevicePointer(void** d, void* h, unsigned) {
  if (!d || !h || !pinned(h)) return ret(hipErrorInvalidValue);
  *d = h;
  return ret(hipSuccess);
}
API hipError_t hipHostGetFlags(unsigned* f, void* h) {
  Lock l;
  Block* b = block_of(h);
  if (!f || !b || b->type != Mem::host) return ret(hipErrorInvalidValue);
  *f = b->flags;
  return ret(hipSuccess);
}
API hipError_t hipHostRegister(void* p, size_t n, unsigned) {
  Lock l;
  if (!p || !n || n > UINTPTR_MAX - uintptr_t(p)) return ret(hipErrorInvalidValue);
  auto const next = registered().lower_bound(uintptr_t(p));
  bool const after = next != registered().end() && next->first < uintptr_t(p) + n;
  bool const before = next != registered().begin() && std::prev(next)->first + std::prev(next)->second > uintptr_t(p);
  if (after || before) return ret(hipErrorHostMemoryAlreadyRegistered);  // also in part
  registered()[uintptr_t(p)] = n;
  return ret(hipSuccess);
}
API hipError_t hipHostUnregister(void* p) {
  Lock l;
  if (!p) return ret(hipErrorInvalidValue);
  return ret(registered().erase(uintptr_t(p)) ? hipSuccess : hipErrorHostMemoryNotRegistered);
}
// Returns the bytes from the start of a row of w bytes to the next one.
static size_t pitch_of(size_t w) { return sum(w, 255) & ~size_t(255); }
API hipError_t hipMallocPitch(void** p, size_t* pitch, size_t w, size_t h) {
  if (!p || !pitch) return ret(hipErrorInvalidValue);
  *pitch = pitch_of(w);
  return malloc_in(p, product(*pitch, h), Mem::device);
}
API hipError_t hipMemAllocPitch(hipDeviceptr_t* p, size_t* pitch, size_t w, size_t h, unsigned) { return hipMallocPitch(p, pitch, w, h); }
API hipError_t hipMalloc3D(hipPitchedPtr* p, hipExtent e) {
  if (!p) return ret(hipErrorInvalidValue);
  size_t const pitch = pitch_of(e.width);
  void* m;
  hipError_t r = malloc_in(&m, product(product(pitch, e.height), e.depth), Mem::device);
  if (r == hipSuccess) *p = {m, pitch, e.width, e.height};
  return r;
}
API hipError_t hipMemGetInfo(size_t* f, size_t* t) {
  if (!f || !t) return ret(hipErrorInvalidValue);
  Lock l;
  *t = mem_total();
  *f = mem_total() - g_used[t_dev];
  return ret(hipSuccess);
}
API hipError_t hipMemPtrGetInfo(void* p, size_t* n) {
  Lock l;
  Block* b = block_of(p);
  if (!b || !n) return ret(hipErrorInvalidValue);
  *n = b->size;
  return ret(hipSuccess);
}
API hipError_t hipMemGetAddressRange(hipDeviceptr_t* base, size_t* n, hipDeviceptr_t p) {
  Lock l;
  uintptr_t b;
  Block* k = block_of(p, &b);
  if (!k) return ret(hipErrorNotFound);
  if (base) *base = reinterpret_cast<hipDeviceptr_t>(b);
  if (n) *n = k->size;
  return ret(hipSuccess);
}
// HIP 6 kept the layout of hipPointerAttribute_t. It changed the numbers of memory types (host, device, managed: 0, 1, 3 to 1, 2, 3), and
// an unknown pointer became a success with the type 0.
API hipError_t hipPointerGetAttributes(hipPointerAttribute_t* a, void const* p) {
  if (!a) return ret(hipErrorInvalidValue);
  Lock l;
  uintptr_t base;
  Block* b = block_of(p, &base);
  bool const six = api() >= 6, reg = !b && pinned(p);
  memset(a, 0, sizeof *a);
  if (!b && !reg) {
    if (!six) return ret(hipErrorInvalidValue);
    a->device = -2;
    return ret(hipSuccess);
  }
  Mem m = reg ? Mem::host : b->type;
  int ty = six ? (m == Mem::host ? 1 : m == Mem::device ? 2 : 3) : (m == Mem::host ? 0 : 1);
  memcpy(&a->memoryType, &ty, sizeof ty);
  a->device = reg ? 0 : b->dev;
  a->devicePointer = const_cast<void*>(p);
  a->hostPointer = m == Mem::device ? nullptr : const_cast<void*>(p);
  a->isManaged = m == Mem::managed;
  a->allocationFlags = reg ? 0 : b->flags;
  return ret(hipSuccess);
}
API hipError_t hipMemPrefetchAsync(void const* p, size_t n, int d, hipStream_t s) {
  STREAM(s);
  if (!p || !n || !(is_device(d) || d == hipCpuDeviceId) || !pinned(p)) return ret(hipErrorInvalidValue);
  return ret(submit(s, Cmd{}));
}
API hipError_t hipMemPrefetchAsync_v2(void const* p, size_t n, hipMemLocation, unsigned, hipStream_t s) {
  return hipMemPrefetchAsync(p, n, 0, s);
}
API hipError_t hipMemAdvise(void const* p, size_t n, hipMemoryAdvise, int) {
  return ret(p && n && pinned(p) ? hipSuccess : hipErrorInvalidValue);
}
API hipError_t hipMemAdvise_v2(void const* p, size_t n, hipMemoryAdvise a, hipMemLocation) { return hipMemAdvise(p, n, a, 0); }
