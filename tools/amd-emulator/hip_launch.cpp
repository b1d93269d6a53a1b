// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Registration by the compiler's code, code objects, launches, modules.
#include <fstream>
#include <iterator>
#include "hip_api.hpp"

namespace shim {
// ---- code objects
struct Var {
  std::string name;
  void* host;
  void** managed;
  void const* init;
  size_t size;
};
struct Module {
  void const* bundle = nullptr;
  size_t size = SIZE_MAX;  // its bytes, if it was loaded by a call; text has them
  std::string text;
  std::map<int, emu::CodeObject*> loaded;  // for each device: variables are its own
  std::vector<Var> vars;
};
struct Func {
  Module* m;
  std::string name;
};
struct Function {
  emu::CodeObject* co;
  emu::KernelInfo* k;
};
static std::vector<Module*>& modules() {
  static auto* v = new std::vector<Module*>;
  return *v;
}
static std::set<Module*>& loaded_modules() {  // those that hipModuleUnload accepts
  static auto* v = new std::set<Module*>;
  return *v;
}
static std::map<Function*, std::unique_ptr<Function>>&
functions() {  // those that hipModuleGetFunction and hipGetFuncBySymbol have returned
  static auto* m = new std::map<Function*, std::unique_ptr<Function>>;
  return *m;
}
static hipFunction_t function_handle(emu::CodeObject* co, emu::KernelInfo* k) {
  for (auto& f : functions())
    if (f.second->co == co && f.second->k == k) return reinterpret_cast<hipFunction_t>(f.first);
  auto f = std::make_unique<Function>(Function{co, k});
  auto* const handle = f.get();
  functions()[handle] = std::move(f);
  return reinterpret_cast<hipFunction_t>(handle);
}
static std::map<void const*, Func>& funcs() {
  static auto* v = new std::map<void const*, Func>;
  return *v;
}
static std::map<void const*, std::pair<Module*, std::string>>& symbols() {
  static auto* v = new std::map<void const*, std::pair<Module*, std::string>>;
  return *v;
}

struct Entry {
  std::string id;
  char const* data;
  size_t size;
};
static std::vector<Entry> entries(Module const& m, std::string& why) {
  std::vector<Entry> r;
  auto* b = static_cast<char const*>(m.bundle);
  auto starts = [&](char const* text, size_t n) { return m.size >= n && !memcmp(b, text, n); };
  if (starts("\177ELF", 4)) {
    why = "raw code object";
    return r;
  }
  if (starts("CCOB", 4)) {
    why = "compressed offload bundle: compile with --no-offload-compress";
    return r;
  }
  if (m.size < 32 || !starts("__CLANG_OFFLOAD_BUNDLE__", 24)) {
    why = "not a clang offload bundle";
    return r;
  }
  uint64_t n;
  memcpy(&n, b + 24, 8);
  size_t at = 32;
  for (uint64_t i = 0; i < n; i++) {
    uint64_t h[3];
    if (at + sizeof h > m.size) break;
    memcpy(h, b + at, sizeof h);
    at += sizeof h;
    if (h[2] > m.size - at || h[0] > m.size || h[1] > m.size - h[0]) {
      why = "damaged offload bundle: entry " + std::to_string(i) + " of " + std::to_string(n);
      r.clear();
      return r;
    }
    r.push_back({std::string(b + at, h[2]), b + h[0], h[1]});
    at += h[2];
  }
  return r;
}
// Returns gfx942 of "hipv4-amdgcn-amd-amdhsa--gfx942:sramecc+".
static std::string gfx_of(std::string const& id) {
  size_t p = id.find("gfx");
  if (p == std::string::npos || id.find("amdgcn") == std::string::npos) return "";
  return id.substr(p, id.find(':', p) == std::string::npos ? std::string::npos : id.find(':', p) - p);
}

std::string arch() {
  Lock l;
  static std::string a;
  static bool early = false;  // asked for before the program registered its kernels
  if (a.empty()) {
    a = emu::setting("AMDEMU_ARCH");
    std::string why, any;
    if (a.empty())
      for (auto* m : modules())
        for (auto& e : entries(*m, why)) {
          std::string g = gfx_of(e.id);
          if (a.empty() && e.size && emu::family(g))
            a = g;
          else if (any.empty() && !g.empty())
            any = g;
        }
    if (a.empty() && modules().empty()) {
      early = true;
      return "gfx942";
    }
    if (a.empty()) a = any.empty() ? "gfx942" : any;
    if (!emu::family(a)) say("architecture " + a + " is not emulated (gfx942, gfx1100..., gfx1200/1201 are); every launch will fail");
    if (early && a != "gfx942")
      say("a static constructor asked for the device before the kernels were registered and got gfx942, but they are of " + a +
          ": set AMDEMU_ARCH=" + a);
  }
  return a;
}

static emu::CodeObject* code_for(Module* m, std::string& why) {
  std::string g = arch();
  auto it = m->loaded.find(t_dev);
  if (it != m->loaded.end()) return it->second;
  if (!emu::family(g)) {
    why = g + " is not emulated";
    return nullptr;
  }
  std::string w;
  auto es = entries(*m, w);
  char const* data = nullptr;
  size_t size = 0;
  std::string have;
  for (auto& e : es) {
    std::string x = gfx_of(e.id);
    if (x == g && e.size) {
      data = e.data;
      size = e.size;
    }
    if (!x.empty()) have += " " + x;
  }
  if (!data && es.empty() && w == "raw code object") {
    data = static_cast<char const*>(m->bundle);
    size = m->size;
  }
  if (!data) {
    why = "no code object for " + g + " (" + (w.empty() ? "bundle has:" + have : w) + ")";
    return nullptr;
  }
  auto* co = emu::load(data, size, g, why);
  if (!co) return nullptr;
  for (auto& v : m->vars)
    if (v.managed) {
      if (!*v.managed) {
        if (alloc(v.managed, v.size, Mem::managed, 0, nullptr, true) != hipSuccess) {
          why = "no memory for the managed variable " + v.name + " of " + std::to_string(v.size) + " bytes";
          emu::unload(co);
          return nullptr;
        }
        memcpy(*v.managed, v.init, v.size);
      }
      auto s = co->symbols.find(v.name);
      if (s != co->symbols.end()) memcpy(reinterpret_cast<void*>(s->second.addr), v.managed, 8);
    }
  m->loaded[t_dev] = co;
  add_image(co->image, co->size, t_dev);
  return co;
}

static emu::KernelInfo* kernel_for(void const* f, emu::CodeObject** co, std::string& why) {
  auto it = funcs().find(f);
  if (it == funcs().end()) {
    why = "not a registered kernel function";
    return nullptr;
  }
  *co = code_for(it->second.m, why);
  if (!*co) return nullptr;
  auto k = (*co)->kernels.find(it->second.name);
  if (k == (*co)->kernels.end() || !k->second.kd) {
    why = "kernel " + it->second.name + " is not in the code object";
    return nullptr;
  }
  return &k->second;
}

static hipError_t symbol_addr(void const* s, uint64_t* addr, size_t* size, std::string& why) {
  auto it = symbols().find(s);
  if (it == symbols().end()) return hipErrorInvalidSymbol;
  auto* co = code_for(it->second.first, why);
  if (!co) return hipErrorNoBinaryForGpu;
  auto y = co->symbols.find(it->second.second);
  if (y == co->symbols.end()) return hipErrorInvalidSymbol;
  *addr = y->second.addr;
  *size = y->second.size;
  return hipSuccess;
}

uint32_t const lds_max = 65536;
static std::mutex g_engine;  // one kernel at a time

static hipError_t occ(int* n, int b, size_t shm, emu::KernelInfo* k) {
  if (!n || b <= 0) return hipErrorInvalidValue;
  if (b > 1024 || uint32_t(b) > k->max_flat) {
    *n = 0;
    return hipSuccess;
  }
  uint32_t w = k->wave, waves = (b + w - 1) / w, cap = (w == 64 ? 32 : 64) / waves;
  bool const too_much = shm > lds_max || k->lds + shm > lds_max;
  uint64_t const lds = k->lds + shm;
  *n = too_much ? 0 : lds ? int(std::min<uint64_t>(cap, lds_max / lds)) : int(cap);
  return hipSuccess;
}

// Checks a launch and copies its arguments.
hipError_t make_kernel(Kernel& o, emu::CodeObject* co, emu::KernelInfo* k, dim3 g, dim3 b, void** args, size_t shm, bool coop,
                       void** extra) {
  uint64_t const threads = b.x > 1024 || b.y > 1024 || b.z > 1024 ? UINT64_MAX : uint64_t(b.x) * b.y * b.z;
  if (!g.x || !g.y || !g.z || !threads || threads > 1024) return hipErrorInvalidConfiguration;
  if (threads > k->max_flat) {
    say("kernel " + k->name + " allows " + std::to_string(k->max_flat) + " threads per block, launch has " + std::to_string(threads));
    return hipErrorLaunchFailure;
  }
  if (uint64_t(g.x) * b.x > 0xffffffffull || uint64_t(g.y) * b.y > 0xffffffffull || uint64_t(g.z) * b.z > 0xffffffffull || g.y > 65535 ||
      g.z > 65535)
    return hipErrorInvalidConfiguration;
  if (shm > lds_max || k->lds + shm > lds_max) return hipErrorInvalidValue;
  if (coop) {
    int n = 0;
    (void)occ(&n, int(threads), shm, k);
    if (uint64_t(g.x) * g.y * g.z > uint64_t(n) * 8) return hipErrorCooperativeLaunchTooLarge;
  }
  size_t need = 0;
  bool any = false;
  for (auto& a : k->args)
    if (a.kind.rfind("hidden_", 0) != 0) {
      need = std::max<size_t>(need, a.offset + a.size);
      any = true;
    }
  o = {nullptr, co, k, g, b, shm, coop, std::vector<uint8_t>(need), t_dev};
  if (extra) {
    void const* p = nullptr;
    size_t n = 0;
    for (void** e = extra; *e != HIP_LAUNCH_PARAM_END; e += 2) {
      if (*e == HIP_LAUNCH_PARAM_BUFFER_POINTER) p = e[1];
      if (*e == HIP_LAUNCH_PARAM_BUFFER_SIZE) n = *static_cast<size_t*>(e[1]);
    }
    if (p) memcpy(o.args.data(), p, std::min(n, need));
  } else if (any) {
    if (!args) return hipErrorInvalidValue;
    size_t i = 0;
    for (auto& a : k->args)
      if (a.kind.rfind("hidden_", 0) != 0) memcpy(o.args.data() + a.offset, args[i++], a.size);
  }
  return hipSuccess;
}
hipError_t make_kernel(Kernel& o, void const* f, dim3 g, dim3 b, void** args, size_t shm, bool coop, void** extra) {
  Lock l;
  emu::CodeObject* co = nullptr;
  std::string why;
  auto* k = kernel_for(f, &co, why);
  if (!k) {
    say("ERROR: cannot launch: " + why);
    return funcs().count(f) ? hipErrorNoBinaryForGpu : hipErrorInvalidDeviceFunction;
  }
  hipError_t e = make_kernel(o, co, k, g, b, args, shm, coop, extra);
  o.func = f;
  return e;
}

hipError_t run_kernel(Kernel const& q) {
  if (!settings_ok()) {
    set_async(hipErrorNotInitialized);
    return hipErrorNotInitialized;
  }
  emu::Launch L{q.co,      q.k,   {q.g.x, q.g.y, q.g.z}, {q.b.x, q.b.y, q.b.z}, uint32_t(q.shm), q.args.data(), q.args.size(), q.dev,
                devices(), q.coop};
  static bool const verbose = emu::enabled("AMDEMU_VERBOSE");
  if (verbose)
    say("launch " + q.k->name + " <<<(" + std::to_string(q.g.x) + "," + std::to_string(q.g.y) + "," + std::to_string(q.g.z) + "),(" +
        std::to_string(q.b.x) + "," + std::to_string(q.b.y) + "," + std::to_string(q.b.z) + ")," + std::to_string(q.shm) + ">>>");
  std::string why;
  emu::Err e;
  {
    std::lock_guard<std::mutex> l(g_engine);
    g_running = q.dev;
    try {
      e = emu::run(L, why);
    } catch (std::exception& x) {
      e = emu::Err::internal;
      why = x.what();
    }
  }
  if (e == emu::Err::ok) return hipSuccess;
  say("ERROR: " + why);
  if (emu::enabled("AMDEMU_ABORT")) abort();
  hipError_t r = e == emu::Err::fault         ? hipErrorIllegalAddress
                 : e == emu::Err::timeout     ? hipErrorLaunchTimeOut
                 : e == emu::Err::unsupported ? hipErrorNotSupported
                                              : hipErrorLaunchFailure;
  set_async(r);
  return r;
}

struct Cfg {
  dim3 g, b;
  size_t shm;
  hipStream_t s;
};
static thread_local std::vector<Cfg> t_cfg;

static hipError_t launch(void const* f, dim3 g, dim3 b, void** a, size_t shm, hipStream_t s, bool coop,
                         char const* call = __builtin_FUNCTION()) {
  if (hipError_t e = stream_check(s)) return ret(e);
  OnDevice const device(device_of(s));
  Cmd c;
  c.type = Node::kernel;
  hipError_t e = make_kernel(c.kernel, f, g, b, a, shm, coop);
  return ret(e ? e : submit(s, std::move(c), false, call));
}
hipError_t sym_copy_range(void const* sym, size_t off, size_t n, char** at) {
  Lock l;
  uint64_t a;
  size_t sz;
  std::string why;
  hipError_t e = symbol_addr(sym, &a, &sz, why);
  if (e != hipSuccess) {
    if (!why.empty()) say(why);
    return e;
  }
  if (auto it = symbols().find(sym); it != symbols().end())
    for (auto& v : it->second.first->vars)
      if (v.managed && v.host == sym) {
        a = uint64_t(*v.managed);
        sz = v.size;
      }
  if (off + n > sz || off + n < off) return hipErrorInvalidValue;
  *at = reinterpret_cast<char*>(a + off);
  return hipSuccess;
}
}  // namespace shim
using namespace shim;

// ------------------------------------------------------------------------------------------------ registration
// The compiler's code calls these functions.
struct FatWrapper {
  unsigned magic, version;
  void const* binary;
  void* dummy;
};
API void** __hipRegisterFatBinary(void const* data) {
  Lock l;
  auto* m = new Module;
  m->bundle = static_cast<FatWrapper const*>(data)->binary;
  modules().push_back(m);
  return reinterpret_cast<void**>(m);
}
API void __hipUnregisterFatBinary(void**) {}
API void __hipRegisterFunction(void** m, void const* host, char*, char const* name, unsigned, void*, void*, dim3*, dim3*, int*) {
  Lock l;
  funcs()[host] = {reinterpret_cast<Module*>(m), name};
}
API void __hipRegisterVar(void** m, void* host, char*, char* name, int, size_t size, int, int) {
  Lock l;
  auto* mod = reinterpret_cast<Module*>(m);
  mod->vars.push_back({name, host, nullptr, nullptr, size});
  symbols()[host] = {mod, name};
}
API void __hipRegisterManagedVar(void** m, void** ptr, void* init, char const* name, size_t size, unsigned) {
  Lock l;
  auto* mod = reinterpret_cast<Module*>(m);
  mod->vars.push_back({name, ptr, ptr, init, size});
  (void)alloc(ptr, size, Mem::managed, 0, nullptr, true);
  if (*ptr) memcpy(*ptr, init, size);
  symbols()[ptr] = {mod, name};
}
API void __hipRegisterTexture(void**, void*, char*, char*, int, int, int) {}
API void __hipRegisterSurface(void**, void*, char*, char*, int, int) {}
API hipError_t __hipPushCallConfiguration(dim3 g, dim3 b, size_t shm, hipStream_t s) {
  t_cfg.push_back({g, b, shm, s});
  return hipSuccess;
}
API hipError_t __hipPopCallConfiguration(dim3* g, dim3* b, size_t* shm, hipStream_t* s) {
  if (t_cfg.empty()) return hipErrorInvalidValue;
  Cfg c = t_cfg.back();
  t_cfg.pop_back();
  *g = c.g;
  *b = c.b;
  *shm = c.shm;
  *s = c.s;
  return hipSuccess;
}

// ------------------------------------------------------------------------------------------------ launch
API hipError_t hipLaunchKernel(void const* f, dim3 g, dim3 b, void** a, size_t shm, hipStream_t s) {
  return launch(f, g, b, a, shm, s, false);
}
API hipError_t hipLaunchKernel_spt(void const* f, dim3 g, dim3 b, void** a, size_t shm, hipStream_t s) {
  return launch(f, g, b, a, shm, s, false);
}
API hipError_t hipExtLaunchKernel(void const* f, dim3 g, dim3 b, void** a, size_t shm, hipStream_t s, hipEvent_t e0, hipEvent_t e1, int) {
  if (e0) (void)hipEventRecord(e0, s);
  hipError_t e = launch(f, g, b, a, shm, s, false);
  if (e1) (void)hipEventRecord(e1, s);
  return ret(e);
}
API hipError_t hipLaunchByPtr(void const*) { return ret(hipErrorNotSupported); }
API hipError_t hipLaunchCooperativeKernel(void const* f, dim3 g, dim3 b, void** a, unsigned shm, hipStream_t s) {
  return launch(f, g, b, a, shm, s, true);
}
API hipError_t hipLaunchCooperativeKernel_spt(void const* f, dim3 g, dim3 b, void** a, unsigned shm, hipStream_t s) {
  return launch(f, g, b, a, shm, s, true);
}
// hipLaunchConfig_t of HIP 7. Only the attribute 2, cooperative, has a meaning here.
struct LaunchAttr {
  int id;
  char pad[4];
  char value[64];
};
struct LaunchConfig {
  dim3 g, b;
  size_t shm;
  hipStream_t s;
  LaunchAttr* attrs;
  unsigned n;
};
API hipError_t hipLaunchKernelExC(LaunchConfig const* c, void const* f, void** a) {
  if (!c || !f || (c->n && !c->attrs)) return ret(hipErrorInvalidValue);
  bool coop = false;
  for (unsigned i = 0; i < c->n; i++)
    if (c->attrs[i].id == 2) {
      int v;
      memcpy(&v, c->attrs[i].value, 4);
      coop = v;
    }
  return launch(f, c->g, c->b, a, c->shm, c->s, coop);
}
API hipError_t hipDrvLaunchKernelEx(void const*, hipFunction_t, void**, void**) {
  say("hipDrvLaunchKernelEx is not implemented: hipErrorNotSupported");
  return ret(hipErrorNotSupported);
}

API hipError_t hipFuncGetAttributes(hipFuncAttributes* a, void const* f) {
  if (!a || !f) return ret(hipErrorInvalidValue);
  Lock l;
  emu::CodeObject* co;
  std::string why;
  auto* k = kernel_for(f, &co, why);
  if (!k) {
    say(why);
    return ret(hipErrorInvalidDeviceFunction);
  }
  memset(a, 0, sizeof *a);
  a->binaryVersion = a->ptxVersion = 90;
  a->localSizeBytes = k->priv;
  a->maxThreadsPerBlock = k->max_flat;
  a->numRegs = k->vgprs;
  a->sharedSizeBytes = k->lds;
  a->maxDynamicSharedSizeBytes = int(lds_max - std::min(k->lds, lds_max));
  a->preferredShmemCarveout = 0;
  a->cacheModeCA = 0;
  a->constSizeBytes = 0;
  return ret(hipSuccess);
}
API hipError_t hipFuncSetAttribute(void const* f, hipFuncAttribute, int) {
  Lock l;
  return ret(f ? hipSuccess : hipErrorInvalidDeviceFunction);
}
API hipError_t hipFuncSetCacheConfig(void const*, hipFuncCache_t) { return ret(hipSuccess); }
API hipError_t hipFuncSetSharedMemConfig(void const*, hipSharedMemConfig) { return ret(hipSuccess); }
API hipError_t hipOccupancyMaxActiveBlocksPerMultiprocessor(int* n, void const* f, int b, size_t shm) {
  Lock l;
  emu::CodeObject* co;
  std::string why;
  auto* k = kernel_for(f, &co, why);
  return ret(k ? occ(n, b, shm, k) : hipErrorInvalidDeviceFunction);
}
API hipError_t hipOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* n, void const* f, int b, size_t shm, unsigned) {
  return hipOccupancyMaxActiveBlocksPerMultiprocessor(n, f, b, shm);
}
API hipError_t hipOccupancyMaxPotentialBlockSize(int* g, int* b, void const* f, size_t shm, int lim) {
  Lock l;
  emu::CodeObject* co;
  std::string why;
  auto* k = kernel_for(f, &co, why);
  if (!k || !g || !b) return ret(hipErrorInvalidValue);
  int x = std::min<int>(k->max_flat, 1024);
  if (lim > 0) x = std::min(x, lim);
  int n = 0;
  (void)occ(&n, x, shm, k);
  *b = x;
  *g = std::max(n, 1) * 8;
  return ret(hipSuccess);
}

// ------------------------------------------------------------------------------------------------ modules
static hipError_t load_module(hipModule_t* out, std::string text) {
  Lock l;
  auto m = std::make_unique<Module>();
  m->text = std::move(text);
  m->bundle = m->text.data();
  m->size = m->text.size();
  std::string why;
  if (!code_for(m.get(), why)) {
    say("ERROR: cannot load a module: " + why);
    return hipErrorNoBinaryForGpu;
  }
  loaded_modules().insert(m.get());
  *out = reinterpret_cast<hipModule_t>(m.release());
  return hipSuccess;
}
API hipError_t hipModuleLoadData(hipModule_t* out, void const* image) {
  return ret(out && image ? load_module(out, emu::read_image(image)) : hipErrorInvalidValue);
}
API hipError_t hipModuleLoadDataEx(hipModule_t* out, void const* image, unsigned, hipJitOption*, void**) {
  return hipModuleLoadData(out, image);
}
API hipError_t hipModuleLoad(hipModule_t* out, char const* file) {
  if (!out || !file) return ret(hipErrorInvalidValue);
  std::ifstream f(file, std::ios::binary);
  if (!f) return ret(hipErrorFileNotFound);
  return ret(load_module(out, std::string((std::istreambuf_iterator<char>(f)), {})));
}
API hipError_t hipModuleUnload(hipModule_t mod) {
  if (hipError_t e = wait_all()) set_async(e);  // the next call that synchronises reports it
  Lock l;
  auto* m = reinterpret_cast<Module*>(mod);
  if (!loaded_modules().erase(m)) return ret(hipErrorInvalidResourceHandle);
  for (auto& c : m->loaded) {
    for (auto f = functions().begin(); f != functions().end();) f = f->second->co == c.second ? functions().erase(f) : std::next(f);
    remove_image(c.second->image);
    emu::unload(c.second);
  }
  delete m;
  return ret(hipSuccess);
}
// Sets *co to the code of a module for the current device.
static hipError_t code_of(hipModule_t mod, emu::CodeObject** co) {
  auto* const m = reinterpret_cast<Module*>(mod);
  if (!loaded_modules().count(m)) return hipErrorInvalidResourceHandle;
  std::string why;
  *co = code_for(m, why);
  if (*co) return hipSuccess;
  say("ERROR: cannot load a module: " + why);
  return hipErrorNoBinaryForGpu;
}
API hipError_t hipModuleGetFunction(hipFunction_t* out, hipModule_t mod, char const* name) {
  if (!out || !mod || !name) return ret(hipErrorInvalidValue);
  Lock l;
  emu::CodeObject* co;
  if (hipError_t const e = code_of(mod, &co)) return ret(e);
  auto k = co->kernels.find(name);
  if (k == co->kernels.end() || !k->second.kd) return ret(hipErrorNotFound);
  *out = function_handle(co, &k->second);
  return ret(hipSuccess);
}
API hipError_t hipModuleGetGlobal(hipDeviceptr_t* p, size_t* n, hipModule_t mod, char const* name) {
  if (!mod || !name) return ret(hipErrorInvalidValue);
  Lock l;
  emu::CodeObject* co;
  if (hipError_t const e = code_of(mod, &co)) return ret(e);
  auto y = co->symbols.find(name);
  if (y == co->symbols.end()) return ret(hipErrorNotFound);
  if (p) *p = reinterpret_cast<hipDeviceptr_t>(y->second.addr);
  if (n) *n = y->second.size;
  return ret(hipSuccess);
}
static hipError_t launch_f(hipFunction_t f, dim3 g, dim3 b, unsigned shm, hipStream_t s, void** params, void** extra, bool coop,
                           char const* call = __builtin_FUNCTION()) {
  STREAM(s);
  OnDevice const device(device_of(s));
  Cmd c;
  c.type = Node::kernel;
  Function h;
  {
    Lock l;
    auto const it = functions().find(reinterpret_cast<Function*>(f));
    if (it == functions().end()) return ret(hipErrorInvalidResourceHandle);
    h = *it->second;
  }
  hipError_t e = make_kernel(c.kernel, h.co, h.k, g, b, params, shm, coop, extra);
  return ret(e ? e : submit(s, std::move(c), false, call));
}
API hipError_t hipModuleLaunchKernel(hipFunction_t f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                                     unsigned shm, hipStream_t s, void** params, void** extra) {
  return launch_f(f, dim3(gx, gy, gz), dim3(bx, by, bz), shm, s, params, extra, false);
}
API hipError_t hipModuleLaunchCooperativeKernel(hipFunction_t f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                                                unsigned bz, unsigned shm, hipStream_t s, void** params) {
  return launch_f(f, dim3(gx, gy, gz), dim3(bx, by, bz), shm, s, params, nullptr, true);
}
API hipError_t hipGetFuncBySymbol(hipFunction_t* out, void const* f) {
  if (!out || !f) return ret(hipErrorInvalidValue);
  Lock l;
  emu::CodeObject* co;
  std::string why;
  auto* k = kernel_for(f, &co, why);
  if (!k) return ret(hipErrorInvalidDeviceFunction);
  *out = function_handle(co, k);
  return ret(hipSuccess);
}
API hipError_t hipGetSymbolAddress(void** p, void const* sym) {
  Lock l;
  uint64_t a;
  size_t n;
  std::string w;
  hipError_t e = symbol_addr(sym, &a, &n, w);
  if (e == hipSuccess && p) *p = reinterpret_cast<void*>(a);
  return ret(e);
}
API hipError_t hipGetSymbolSize(size_t* p, void const* sym) {
  Lock l;
  uint64_t a;
  size_t n;
  std::string w;
  hipError_t e = symbol_addr(sym, &a, &n, w);
  if (e == hipSuccess && p) *p = n;
  return ret(e);
}
