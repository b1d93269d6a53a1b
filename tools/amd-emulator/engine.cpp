// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Runs launches: sets up waves, lets them run in turn, and turns faults into errors.
#include <immintrin.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include "exec.hpp"
#include "names.hpp"
#include "races.hpp"
#include "settings.hpp"
#include "source_lines.hpp"
#include "undefined.hpp"
#include "weak_memory.hpp"

namespace emu {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
std::string name_of(KernelInfo const& k) { return kernel_name(k.name); }
std::string place(Exec const& x) {
  uint64_t const pc = x.inst ? x.inst->pc : x.cur ? rd64(x.cur->s + PC) : 0;
  char b[100];
  snprintf(b, sizeof b, " at code offset 0x%lx, group %u,%u,%u", (unsigned long)(pc - reinterpret_cast<uint64_t>(x.co->image)),
           x.grp ? x.grp->id[0] : 0, x.grp ? x.grp->id[1] : 0, x.grp ? x.grp->id[2] : 0);
  return "kernel " + name_of(*x.L->k) + ", instruction " + (x.inst ? x.inst->name : "?") + b + source_line(*x.co, pc);
}
static Isa const& isa_of(std::string const& gfx) {
  static std::map<std::string, std::unique_ptr<Isa>> m;
  auto& p = m[gfx];
  if (!p) p = std::make_unique<Isa>(gfx);
  return *p;
}

static uint64_t const no_printf = 0x5EAD00000000ull;  // unmapped: OpenCL's printf, which HIP does not use

bool (*find_region)(uint64_t, Region&) = nullptr;
std::string (*describe_address)(uint64_t) = nullptr;
void* (*heap_allocate)(size_t) = nullptr;
bool (*heap_free)(void*) = nullptr;

static thread_local Exec* t_x = nullptr;
static thread_local sigjmp_buf t_jmp;
static thread_local uint64_t volatile t_faultAddr;
static struct sigaction g_oldSegv, g_oldBus;

static void on_fault(int sig, siginfo_t* si, void* uc) {
  if (!t_x) {
    struct sigaction& o = sig == SIGBUS ? g_oldBus : g_oldSegv;
    if (o.sa_flags & SA_SIGINFO && o.sa_sigaction) {
      o.sa_sigaction(sig, si, uc);
      return;
    }
    if (o.sa_handler != SIG_DFL && o.sa_handler != SIG_IGN && o.sa_handler) {
      o.sa_handler(sig);
      return;
    }
    signal(sig, SIG_DFL);
    raise(sig);
    return;
  }
  t_faultAddr = reinterpret_cast<uint64_t>(si->si_addr);
  siglongjmp(t_jmp, 1);
}

// The waves and groups of a thread, also those of earlier launches.
struct Pool {
  std::vector<Wave*> waves, idle_waves;
  std::vector<std::unique_ptr<Group>> groups;
  std::vector<Group*> idle_groups, active;

  Wave* take_wave();
  Group* take_group(uint32_t waves);
  void release_all();
};

[[noreturn]] static void* fail_of_memory(size_t bytes, char const* what) {
  fail(Err::internal, "no memory of the host for " + std::string(what) + ": " + std::to_string(bytes) + " bytes");
}
Wave* Pool::take_wave() {
  Wave* w;
  if (idle_waves.empty()) {
    size_t const bytes = 64 * ROWS * 4;
    auto const memory = [](size_t n) {
      void* const p = aligned_alloc(64, (n + 63) & ~size_t(63));
      return p ? p : fail_of_memory(n, "the state of a wave");
    };
    w = new (memory(sizeof(Wave))) Wave;
    w->v = static_cast<uint32_t*>(memory(bytes));
    w->acc = static_cast<uint32_t*>(memory(bytes));
    w->scratch = nullptr;
    memset(w->v, 0, bytes);
    memset(w->acc, 0, bytes);
    waves.push_back(w);
  } else {
    w = idle_waves.back();
    idle_waves.pop_back();
  }
  free(w->scratch);
  w->scratch = nullptr;
  return w;
}

// Returns null if the groups of all threads have taken all windows.
Group* Pool::take_group(uint32_t n) {
  Group* g;
  if (idle_groups.empty()) {
    static std::atomic<uint64_t> windows{0};
    uint64_t window = windows;
    do {
      if (window >= lds_windows) return nullptr;
    } while (!windows.compare_exchange_weak(window, window + 1));
    uint64_t const at = lds_base + (window << 32);
    void* const p =
        mmap(reinterpret_cast<void*>(at), lds_span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (p == MAP_FAILED) {
      char b[120];
      snprintf(b, sizeof b, "cannot map %u bytes at 0x%lx for the LDS of a group: %s", lds_span, (unsigned long)at, strerror(errno));
      fail(Err::internal, b);
    }
    groups.push_back(std::make_unique<Group>());
    g = groups.back().get();
    g->lds = static_cast<uint8_t*>(p);
  } else {
    g = idle_groups.back();
    idle_groups.pop_back();
  }
  while (g->w.size() < n) g->w.push_back(take_wave());
  return g;
}

// Makes all waves and groups idle, also those of a launch that failed.
void Pool::release_all() {
  active.clear();
  idle_groups.clear();
  idle_waves = waves;
  for (auto& g : groups) {
    g->w.clear();
    idle_groups.push_back(g.get());
  }
}

// Writes the explicit and the hidden arguments.
static void fill_kernargs(Launch const& L, uint8_t* ka, uint64_t mg_arg) {
  for (auto& a : L.k->args) {
    uint8_t* p = ka + a.offset;
    if (a.kind.rfind("hidden_", 0) != 0) {
      if (a.offset < L.args_size)
        memcpy(p, static_cast<uint8_t const*>(L.args) + a.offset, std::min<size_t>(a.size, L.args_size - a.offset));
      continue;
    }
    std::string k = a.kind.substr(7);
    int d = k.back() == 'y' ? 1 : k.back() == 'z' ? 2 : 0;
    if (k.rfind("block_count_", 0) == 0)
      memcpy(p, &L.grid[d], 4);
    else if (k.rfind("group_size_", 0) == 0) {
      uint16_t v = L.block[d];
      memcpy(p, &v, 2);
    } else if (k == "grid_dims") {
      uint16_t v = L.grid[2] * L.block[2] > 1 ? 3 : L.grid[1] * L.block[1] > 1 ? 2 : 1;
      memcpy(p, &v, 2);
    } else if (k == "dynamic_lds_size")
      memcpy(p, &L.dyn_lds, 4);
    else if (k == "private_base") {
      uint32_t v = priv_hi;
      memcpy(p, &v, 4);
    } else if (k == "hostcall_buffer") {
      uint64_t v = hostcall_buffer();
      memcpy(p, &v, 8);
    } else if (k == "heap_v1") {
      void* const state = malloc_state(L.device);
      memcpy(p, &state, 8);
    } else if (k == "printf_buffer")
      memcpy(p, &no_printf, 8);
    else if (k == "multigrid_sync_arg")
      memcpy(p, &mg_arg, 8);
  }
}

// The structure behind the hidden argument multigrid_sync_arg, which newer device libraries read.
struct MultiGrid {
  uint64_t sync;
  uint32_t id, grids;
  uint64_t before, all;
  uint32_t single[2], groups;
};

struct Packet {
  uint16_t header, setup, wg[3], r0;
  uint32_t grid[3], priv, group;
  uint64_t obj, kernarg, r2, signal;
};

// Seconds that the calling thread has run.
static double thread_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}
static uint64_t g_launches = 0, g_instructions = 0;

// The values that registers of a wave begin with.
struct Start {
  uint64_t entry, kernarg, packet, queue;
  uint8_t const* kd;
};

static void init_wave(Exec& x, Wave& w, Group& g, uint32_t first, uint32_t total, Start const& start) {
  Launch const& L = *x.L;
  uint32_t const W = x.wave, lanes = std::min(W, total - first);
  memset(w.s, 0, sizeof w.s);
  uint32_t nv = std::min<uint32_t>(256, std::max<uint32_t>(L.k->vgprs, 8) + 8);
  memset(w.v, 0, size_t(nv) * W * 4);
  if (L.k->agprs) memset(w.acc, 0, 256 * size_t(W) * 4);
  for (int i = 0; i <= 64; i++) w.s[128 + i] = i;
  for (int i = 1; i <= 16; i++) w.s[192 + i] = uint32_t(-i);
  static uint32_t const f[9] = {0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000, 0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983};
  memcpy(w.s + 240, f, sizeof f);
  uint64_t e = lanes == 64 ? ~0ull : (1ull << lanes) - 1;
  w.s[EXEC] = uint32_t(e);
  if (x.wide) w.s[EXEC + 1] = uint32_t(e >> 32);
  wr64(w.s + PC, start.entry);
  uint32_t rsrc2 = rd<uint32_t>(start.kd + 52);
  uint16_t props = rd<uint16_t>(start.kd + 56);
  int s = 0;
  if (props & 1) {
    w.s[s + 2] = ~0u;
    w.s[s + 3] = 1u << 23;
    s += 4;
  }
  if (props & 2) {
    wr64(w.s + s, start.packet);
    s += 2;
  }
  if (props & 4) {
    wr64(w.s + s, start.queue);
    s += 2;
  }
  if (props & 8) {
    wr64(w.s + s, start.kernarg);
    s += 2;
  }
  if (props & 16) {
    wr64(w.s + s, g_launches);
    s += 2;
  }
  if (props & 32) s += 2;
  if (props & 64) {
    w.s[s] = x.stride;
    s += 1;
  }
  s = rsrc2 >> 1 & 31;
  if (L.co->arch.rfind("gfx12", 0) == 0) {
    w.s[117] = g.id[0];
    w.s[115] = (g.id[1] & 0xffff) | g.id[2] << 16;
  } else {
    if (rsrc2 >> 7 & 1) w.s[s++] = g.id[0];
    if (rsrc2 >> 8 & 1) w.s[s++] = g.id[1];
    if (rsrc2 >> 9 & 1) w.s[s++] = g.id[2];
    if (rsrc2 >> 10 & 1) w.s[s++] = 0;
  }
  for (uint32_t l = 0; l < lanes; l++) {
    uint32_t t = first + l, X = L.block[0], Y = L.block[1];
    w.v[l] = t % X | (t / X % Y) << 10 | (t / X / Y) << 20;
  }
  if (x.stride && !w.scratch) {
    size_t const bytes = size_t(x.stride) * W;
    w.scratch = static_cast<uint8_t*>(malloc(bytes));
    if (!w.scratch) fail_of_memory(bytes, "scratch of a wave");
  }
  w.done = w.barrier = w.gws = false;
  w.gpr_idx = 0;
  w.init = e;
  w.missing = 0;
  w.idx = first / W;
  w.x = &x;
  w.flush = x.flush;
  memcpy(w.scales, x.scales, sizeof w.scales);
  w.vin = w.mask = 0;
  memset(w.rows, 0xff, sizeof w.rows);
  w.lds = reinterpret_cast<uint64_t>(g.lds);
  if (w.undefined) w.undefined->clear();
  if (x.weak) {
    x.grp = &g;
    x.weak->begin(w);
  }
}

// State that the threads of a launch share.
struct Shared {
  Start start;
  std::vector<std::unique_ptr<Pool>>& pools;  // one for each thread
  std::atomic<uint64_t> next{0};              // the next group
  std::atomic<bool> stop{false};              // a thread has failed
  uint32_t threads = 1;                       // that may run; 1 once all have been started
  struct Helper {
    Exec x;
    double seconds = 0;
    Err result = Err::ok;
    std::string why;
    std::thread thread;
  };
  std::vector<std::unique_ptr<Helper>> helpers;
};
static void start_helpers(Exec const& x, Shared& shared);

static void run_all(Exec& x, Pool& pool, Shared& shared) {
  Launch const& L = *x.L;
  uint64_t const total = uint64_t(L.grid[0]) * L.grid[1] * L.grid[2];
  uint32_t const threads = L.block[0] * L.block[1] * L.block[2], nw = (threads + x.wave - 1) / x.wave;
  auto& next = shared.next;
  bool const several = shared.threads > 1 || x.helper;
  auto& act = pool.active;
  pool.release_all();
  while ((next < total || !act.empty()) && !shared.stop) {
    // A launch of some length gets more threads.
    if (!x.helper && shared.threads > 1 && x.count > 1000000 && next < total) start_helpers(x, shared);
    // Groups run one after another. If a group seems to spin, for example on another group's result, the next one starts too.
    bool starving = !act.empty();
    bool const weak = x.weak && x.weak->weak();  // waves run for short times then
    for (Group* g : act) starving = starving && g->spins >= (!weak ? 4 : act.size() < 32 ? 40 : 2000);
    size_t const together = weak ? 4 : 1;
    while (next < total && (L.coop || act.size() < together || (starving && act.size() < 512))) {
      Group* const g = pool.take_group(nw);
      if (!g && !act.empty() && !L.coop) break;
      if (!g && x.helper) return;  // other threads run all groups that are left
      if (!g) fail(Err::internal, "more than " + std::to_string(lds_windows) + " resident groups in a launch of " + std::to_string(total));
      uint64_t const number = next++;
      if (number >= total) {  // another thread took the last one
        pool.idle_groups.push_back(g);
        break;
      }
      g->id[0] = number % L.grid[0];
      g->id[1] = number / L.grid[0] % L.grid[1];
      g->id[2] = number / L.grid[0] / L.grid[1];
      g->spins = 0;
      static int const fill = int(emu::number("AMDEMU_LDS_FILL", "0"));
      memset(g->lds, fill, std::min<size_t>((x.lds_size + 255) & ~255u, lds_span));
      if (x.uninit) g->written.assign(x.lds_size + 16, 0);
      g->computed.clear();
      g->deferred.clear();
      for (uint32_t i = 0; i < nw; i++) init_wave(x, *g->w[i], *g, i * x.wave, threads, shared.start);
      if (x.race) x.race->begin_group(*g, uint32_t(number));
      act.push_back(g);
      for (Group* o : act) o->spins = 0;
      starving = false;
    }
    if (L.coop) {  // the grid's barrier opens when a wave of each group has reached it
      size_t at = 0;
      for (Group* g : act)
        for (Wave* w : g->w) at += w->gws;
      if (at == total) {
        if (x.race) x.race->open_grid(act);
        for (Group* g : act)
          for (Wave* w : g->w) w->gws = false;
      } else if (at && act.size() < total) {
        bool stuck = true;
        for (Group* g : act)
          for (Wave* w : g->w) stuck = stuck && (w->done || w->gws || w->barrier);
        if (stuck) fail(Err::trap, "deadlock: some groups wait at the grid barrier and the others have ended");
      }
    }
    for (size_t k = 0; k < act.size();) {
      Group& g = *act[k];
      x.grp = &g;
      bool all = true, moved = false;
      uint32_t alive = 0, waiting = 0;
      uint32_t const first = x.weak ? x.weak->first_of(g.w.size()) : 0;
      for (size_t n = 0; n < g.w.size(); n++) {
        Wave* const w = g.w[(n + first) % g.w.size()];
        if (w->done || w->barrier || w->gws || (x.weak && x.weak->pauses(*w))) continue;
        run_wave(x, *w, x.weak ? x.weak->quantum() : several ? 10000 : 200000);
        if (x.hostcall) hostcall_service();
        if (w->done || w->barrier || w->gws) moved = true;
      }
      for (Wave* w : g.w)
        if (!w->done) {
          all = false;
          alive++;
          waiting += w->barrier;
        }
      if (all) {
        if (x.race) x.race->end_group(g);
        pool.idle_groups.push_back(act[k]);
        act.erase(act.begin() + k);
        continue;
      }
      if (waiting == alive) {
        Wave* f = nullptr;
        for (Wave* w : g.w)
          if (w->barrier) {
            if (f && f->barrier_pc != w->barrier_pc)
              divergent_barrier(x, *w, "while other waves of the group waited at another one", ~0ull);
            f = w;
          }
        for (Wave* w : g.w) w->barrier = false;
        if (x.race) x.race->open(g);
      }
      if (!moved) {
        g.spins++;
        if (several) std::this_thread::yield();  // perhaps the group waits for another thread's
      }
      if (x.deadline && now() > x.deadline)
        fail(Err::timeout, std::string("launch exceeded AMDEMU_TIMEOUT, ") + setting("AMDEMU_TIMEOUT", "600") + " seconds");
      k++;
    }
  }
  if (x.weak) x.weak->finish();
}

// Runs groups until there are none or a thread fails.
static Err run_guarded(Exec& x, Pool& pool, Shared& shared, std::string& why) {
  Err result = Err::ok;
  if (sigsetjmp(t_jmp, 1) == 0) {
    t_x = &x;
    try {
      run_all(x, pool, shared);
    } catch (Error const& e) {
      result = e.e;
      why = e.has_place ? e.what() : std::string(e.what()) + " [" + place(x) + "]";
    } catch (std::bad_alloc const&) {
      result = Err::internal;
      why = "no memory of the host [" + place(x) + "]";
    } catch (std::exception const& e) {
      result = Err::internal;
      why = std::string(e.what()) + " [" + place(x) + "]";
    }
  } else {
    result = Err::fault;
    char b[128];
    snprintf(b, sizeof b, "memory fault at address 0x%lx", (unsigned long)t_faultAddr);
    why = b;
    why += " [" + place(x) + "]";
  }
  t_x = nullptr;
  if (result != Err::ok) shared.stop = true;
  return result;
}

static void start_helpers(Exec const& x, Shared& shared) {
  unsigned const mode = _mm_getcsr();
  for (size_t k = 1; k < shared.threads; k++) {
    if (shared.pools.size() <= k) shared.pools.push_back(std::make_unique<Pool>());
    auto h = std::make_unique<Shared::Helper>();
    h->x = x;
    h->x.helper = true;
    h->x.count = 0;
    auto const work = [h = h.get(), &shared, &pool = *shared.pools[k], mode] {
      _mm_setcsr(mode);
      h->result = run_guarded(h->x, pool, shared, h->why);
      h->seconds = thread_seconds();
    };
    try {
      h->thread = std::thread(work);
    } catch (std::system_error const&) {
      break;  // the system has no more threads
    }
    shared.helpers.push_back(std::move(h));
  }
  shared.threads = 1;  // no more
}

Err run(Launch const& L, std::string& why) {
  static bool handlers = false;
  if (!handlers) {
    handlers = true;
    struct sigaction sa = {};
    sa.sa_sigaction = on_fault;
    sa.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &sa, &g_oldSegv);
    sigaction(SIGBUS, &sa, &g_oldBus);
  }
  char const* fam = family(L.co->arch);
  Exec x;
  x.L = &L;
  x.isa = &isa_of(L.co->arch);
  x.co = L.co;
  x.wave = wave_size(L.co->arch);
  x.cdna = !strcmp(fam, "cdna");
  x.wide = x.wave == 64;
  if (L.k->wave != x.wave) {
    why = "kernel " + name_of(*L.k) + " was compiled for waves of " + std::to_string(L.k->wave) + " lanes" +
          (L.k->wave == 64 ? " (-mwavefrontsize64)" : "") + ". On " + L.co->arch + " the emulator runs waves of " + std::to_string(x.wave) +
          " only";
    return Err::unsupported;
  }
  uint8_t const* kd = reinterpret_cast<uint8_t const*>(L.k->kd);
  uint32_t priv = std::max(rd<uint32_t>(kd + 4), L.k->priv);
  if (priv > 16 << 20) {
    why = "kernel " + name_of(*L.k) + " asks for " + std::to_string(priv) + " bytes of scratch for each lane, more than 16 MiB";
    return Err::unsupported;
  }
  x.stride = priv ? ((priv + 15) & ~15u) + (L.k->dyn_stack ? 16384 : 0) : 0;
  x.lds_size = L.k->lds + L.dyn_lds;
  x.before = g_instructions;
  x.trace = enabled("AMDEMU_TRACE");
  double const tmo = number("AMDEMU_TIMEOUT", "600");
  x.deadline = tmo > 0 ? now() + tmo : 0;
  uint64_t entry = L.k->kd + rd<int64_t>(kd + 16);
  std::vector<uint8_t> ka(std::max<size_t>(L.k->kernarg_size, 8) + 256 + 64, 0);
  uint8_t* kap = reinterpret_cast<uint8_t*>((reinterpret_cast<uint64_t>(ka.data()) + 63) & ~63ull);
  MultiGrid mg = {};
  uint64_t mg_sync[2] = {};
  mg.sync = reinterpret_cast<uint64_t>(mg_sync);
  mg.grids = 1;
  mg.groups = L.grid[0] * L.grid[1] * L.grid[2];
  mg.all = uint64_t(mg.groups) * L.block[0] * L.block[1] * L.block[2];
  if (L.coop) x.mg_arg = reinterpret_cast<uint64_t>(&mg);
  for (auto& a : L.k->args) x.hostcall = x.hostcall || a.kind == "hidden_hostcall_buffer";
  fill_kernargs(L, kap, x.mg_arg);
  alignas(64) Packet pk = {};
  alignas(64) static uint8_t queue[512];
  pk.setup = L.grid[2] * L.block[2] > 1 ? 3 : L.grid[1] * L.block[1] > 1 ? 2 : 1;
  for (int i = 0; i < 3; i++) {
    pk.wg[i] = L.block[i];
    pk.grid[i] = L.grid[i] * L.block[i];
  }
  pk.priv = x.stride;
  pk.group = x.lds_size;
  pk.obj = L.k->kd;
  pk.kernarg = reinterpret_cast<uint64_t>(kap);
  x.uninit = enabled("AMDEMU_UNINIT");
  x.bounds = enabled("AMDEMU_BOUNDS");
  std::unique_ptr<Races> race;
  if (enabled("AMDEMU_RACE")) {
    uint32_t const threads = L.block[0] * L.block[1] * L.block[2];
    race = std::make_unique<Races>(x, kd, (threads + x.wave - 1) / x.wave, uint64_t(L.grid[0]) * L.grid[1] * L.grid[2]);
  }
  x.race = race.get();
  x.check = x.uninit || x.bounds || x.race || L.devices > 1;
  std::unique_ptr<WeakMemory> weak;
  if (enabled("AMDEMU_WEAK") || enabled("AMDEMU_WAIT")) weak = std::make_unique<WeakMemory>(x, kd, g_launches);
  x.weak = weak.get();
  x.yield = L.coop || x.hostcall || (x.weak && x.weak->weak());
  x.by_lane = x.weak && x.weak->weak();
  std::pair<void const*, size_t> const own[4] = {{ka.data(), ka.size()}, {L.co->image, L.co->size}, {&pk, sizeof pk}, {&mg, sizeof mg}};
  for (int i = 0; i < 4; i++) {
    x.own[i][0] = reinterpret_cast<uint64_t>(own[i].first);
    x.own[i][1] = x.own[i][0] + own[i].second;
  }
  if (x.hostcall) hostcall_ranges(x.own + 4);
  uint32_t const rsrc1 = rd<uint32_t>(kd + 48);
  struct FloatMode {
    unsigned const before = _mm_getcsr();
    ~FloatMode() { _mm_setcsr(before); }
  } const float_mode;
  unsigned const mx = float_mode.before;
  double const t0 = thread_seconds();
  Err res = Err::ok;
  x.flush = ((rsrc1 >> 16) & 3) == 0;
  bool const ieee = x.isa->fam != Family::rdna4 && (rsrc1 >> 23 & 1);  // gfx12 has no IEEE mode
  x.scales[0] = !ieee && !(rsrc1 >> 17 & 1);
  x.scales[1] = !ieee && !(rsrc1 >> 19 & 1);
  if (x.flush)
    _mm_setcsr(mx | 0x8040);
  else
    _mm_setcsr(mx & ~0x8040u);                      // denormals of 32-bit floats as the kernel's mode says
  static std::vector<std::unique_ptr<Pool>> pools;  // kernels run one at a time
  if (pools.empty()) pools.push_back(std::make_unique<Pool>());
  Shared shared{{entry, pk.kernarg, reinterpret_cast<uint64_t>(&pk), reinterpret_cast<uint64_t>(queue), kd}, pools, {}, {}, 1, {}};
  bool const alone = L.coop || x.hostcall || x.check || x.weak || x.trace;  // these have one order of groups
  shared.threads = alone ? 1 : uint32_t(number("AMDEMU_THREADS", "1"));
  res = run_guarded(x, *pools[0], shared, why);
  double seconds = thread_seconds() - t0;
  for (auto& h : shared.helpers) {
    h->thread.join();
    x.count += h->x.count;
    seconds += h->seconds;
    if (res == Err::ok && h->result != Err::ok) {
      res = h->result;
      why = h->why;
    }
  }
  auto const tell_count = [&](long count, char const* one, char const* several) {
    if (count != 0)
      fprintf(stderr, "[amd-emulator] kernel %s: %ld %s in this launch\n", name_of(*L.k).c_str(), count, count == 1 ? one : several);
  };
  tell_count(x.uninit_reads, "uninitialised read", "uninitialised reads");
  tell_count(x.races, "race", "races");
  g_launches++;
  g_instructions += x.count;
  if (res == Err::ok) count_launch(L, x.count, seconds);
  return res;
}

}  // namespace emu
