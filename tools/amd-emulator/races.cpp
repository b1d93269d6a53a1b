// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// AMDEMU_RACE: the accesses that were made to each line of memory, and which pairs of accesses are a race.
#include <cstdio>
#include <set>
#include "race_access.hpp"
#include "settings.hpp"
#include "source_lines.hpp"

namespace emu {

// ------------------------------------------------------------------------------------------------ lines of memory
// Lines are kept from launch to launch: cells of earlier launches have lower numbers of waves.
namespace {
constexpr int most_cells = 20;  // of a line: 960 bytes for 64
size_t g_bytes = 0;             // of all pages and cells
uint32_t g_next_wave = 1;
}  // namespace

struct RacePages {
  std::unordered_map<uint64_t, Races::Page> map;
  uint64_t number[64];  // of the pages used last
  Races::Page* page[64];
  RacePages() { forget(); }
  void forget() { std::fill(number, number + 64, ~0ull); }
};
static RacePages& pages() {
  static RacePages* const p = new RacePages;  // never destroyed: kernels may run while the process ends
  return *p;
}

Races::Races(Exec& x, uint8_t const* kd, uint32_t waves_of_group, uint64_t groups) : x_(x), waves_of_group_(waves_of_group) {
  uint64_t const waves = waves_of_group * groups;
  Clock::set_waves(waves);
  if (g_next_wave + waves > ~0u || g_bytes > size_t(256) << 20) clear();
  stopped_ = waves >= ~0u;
  first_ = g_next_wave;
  g_next_wave += uint32_t(waves);
  auto bit = [kd](int at, int n) { return rd<uint32_t>(kd + at) >> n & 1; };
  // compute_pgm_rsrc3 of gfx90a and gfx942: TG_SPLIT; compute_pgm_rsrc1 of later chips: WGP_MODE
  group_in_order_ = x.cdna ? !bit(44, 16) : !bit(48, 29);
  bool const gfx90a = x.isa->gfx == "gfx90a", rdna3 = x.isa->fam == Family::rdna3;
  plain_group_loads_ = group_in_order_ && (gfx90a || !x.cdna);
  writes_back_ = store_bits_ = !gfx90a && !rdna3;
  strict_ = enabled("AMDEMU_RACE_STRICT");
}
void Races::clear() {
  for (auto& p : pages().map)
    for (Line& l : p.second.lines) free(l.cells);
  pages().map.clear();
  pages().forget();
  g_bytes = 0;
  g_next_wave = 1;
}
void Races::stop(char const* why) {
  if (stopped_) return;
  stopped_ = true;
  fprintf(stderr, "[amd-emulator] RACE: the rest of kernel %s is not checked: %s\n", name_of(*x_.L->k).c_str(), why);
}

Races::Line& Races::line(uint64_t number) {
  RacePages& all = pages();
  uint64_t const page = number >> 6, at = page & 63;
  if (all.number[at] != page) {
    auto const made = all.map.try_emplace(page);
    if (made.second) g_bytes += sizeof(Page) + 32;
    all.number[at] = page;
    all.page[at] = &made.first->second;
  }
  return all.page[at]->lines[number & 63];
}
void Races::insert(Line& l, RaceCell const& c) {
  for (RaceCell *o = l.cells, *const end = o + l.n; o != end; o++)
    if (o->wave == c.wave && o->epoch == c.epoch && o->code == c.code && o->kind == c.kind) {
      o->bytes |= c.bytes;
      return;
    }
  if (l.n == most_cells) {  // an old read is the least loss
    int k = 0;
    while (k < l.n - 1 && l.cells[k].kind & RaceCell::write) k++;
    std::copy(l.cells + k + 1, l.cells + l.n, l.cells + k);
    l.n--;
  }
  if (l.n == l.room) {
    uint8_t const room = l.room ? std::min(2 * l.room, most_cells) : 2;
    g_bytes += (room - l.room) * sizeof(RaceCell);
    l.cells = static_cast<RaceCell*>(realloc(l.cells, room * sizeof(RaceCell)));
    l.room = room;
    if (g_bytes > size_t(2) << 30) stop("what is known of its accesses needs more than 2 GiB");
  }
  l.cells[l.n++] = c;
}

// ------------------------------------------------------------------------------------------------ pairs of accesses
bool Races::ordered(Access& a, RaceCell const& c) {
  if (c.wave != a.last_wave) {
    a.last_wave = c.wave;
    a.last_epochs = (a.lds ? a.s.lds : a.s.known).get(c.wave - first_);
    // Only reads depend on caches.
    if (!a.lds && a.cell.kind & RaceCell::write) a.last_epochs = a.last_epochs.join(a.s.complete.get(c.wave - first_));
  }
  return a.last_epochs.n[c.clock] >= c.epoch;
}
// Whether a store leaves the bytes of a line as they are.
bool Races::stores_same(Access const& a, uint64_t number, uint64_t bytes) const {
  uint32_t const W = x_.wave;
  if (!a.data) return false;
  for (uint64_t m = a.exec; m; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    for (uint32_t i = 0; i < a.n; i++) {
      uint64_t const at = reinterpret_cast<uint64_t>(a.p[l]) + i;
      if (at >> 6 != number || !(bytes >> (at & 63) & 1)) continue;
      uint32_t const word = a.data[size_t(i / 4) * W + l] >> (a.I.md16 == 2 ? 16 : 0);
      if (uint8_t(word >> 8 * (i & 3)) != a.p[l][i]) return false;
    }
  }
  return true;
}
// Whether a plain store to these bytes is probably an atomic one.
bool Races::is_flag(Access const& a, Line const& l, uint64_t bytes) const {
  for (RaceCell const *c = l.cells, *const end = c + l.n; c != end; c++)
    if (c->wave == a.s.id && c->bytes & bytes && c->kind & RaceCell::atomic) return true;
  uint32_t const n = a.s.issued[x_.cdna ? LOAD_COUNT : STORE_COUNT];
  return !a.lds && a.s.released_at && a.s.released_at + 1 == n;
}

// Returns the fault of two unordered accesses to the same bytes, or null. c came first.
char const* Races::race(Access& a, RaceCell const& mine, RaceCell const& c, uint64_t number) {
  using C = RaceCell;
  bool const same_group = group_of(c.wave) == group_of(mine.wave);
  bool const c_writes = c.kind & C::write, writes = mine.kind & C::write;
  uint64_t const both = c.bytes & mine.bytes;
  // Operations on objects of 8 and 16 bits load and compare their word.
  bool const part = (c.kind & C::part && both != mine.bytes) || (mine.kind & C::part && both != c.bytes);
  if (c.kind & mine.kind & C::atomic)
    return same_group || part || !((c.kind | mine.kind) & C::group) ? nullptr
                                                                    : "atomic access for the own block only, and access of another block";
  bool const loose_stores = !strict_ && (a.lds || !store_bits_);                       // plain stores may be atomic
  bool const loose_loads = !strict_ && (a.lds || (plain_group_loads_ && same_group));  // and so may plain loads
  if (c.kind & C::atomic) {
    if (!writes) {  // a plain load
      if (loose_loads && (!a.lds || mine.kind & C::uniform)) {
        a.synchronises = true;
        return nullptr;
      }
      return "read after atomic access";
    }
    // A plain store. A word may be read atomically for one of its bytes.
    if (c.kind & C::update ? loose_stores && mine.kind & C::flag : loose_stores || (!c_writes && both != c.bytes)) return nullptr;
    // A wave's accesses to one address keep their order: the last block to count itself may set the counter back.
    if (c.kind & C::update && !(c.kind & C::group) && c.turn < mine.turn) return nullptr;
    return c_writes && !(c.kind & C::update) && stores_same(a, number, both) && !strict_ ? nullptr : "write after atomic access";
  }
  if (mine.kind & C::atomic) {
    if (!c_writes) return loose_loads && (!a.lds || c.kind & C::uniform) ? nullptr : "atomic access after read";
    if (mine.kind & C::update) return loose_stores && c.kind & C::flag ? nullptr : "atomic access after write";
    return loose_stores || (!writes && both != mine.bytes) ? nullptr : "atomic access after write";
  }
  if (writes && c_writes) {
    if (loose_stores && c.kind & mine.kind & C::flag) return nullptr;
    return stores_same(a, number, both) && !strict_ ? nullptr : "write after write";
  }
  if (loose_loads && !a.lds && a.n <= 8) {  // both may be atomic
    a.synchronises = a.synchronises || !writes;
    return nullptr;
  }
  if ((mine.kind | c.kind) & C::early && !strict_) return nullptr;
  return writes ? "write after read" : "read after write";
}

void Races::touch(Access& a, uint64_t number, uint64_t bytes, uint32_t lane) {
  using C = RaceCell;
  if (stopped_) return;
  Line& l = line(number);
  RaceCell mine = a.cell;
  mine.bytes = bytes;
  mine.lane = uint8_t(lane);
  bool const writes = mine.kind & C::write, plain = !(mine.kind & C::atomic);
  if (writes && plain) {
    if (is_flag(a, l, bytes)) mine.kind |= C::flag;
    for (RaceCell const *c = l.cells, *const end = c + l.n; c != end; c++)
      if (c->wave == mine.wave && c->kind & C::update && !(c->kind & C::group) && !(bytes & ~c->bytes))
        mine.turn = std::max(mine.turn, c->turn);
  }
  int alike = 0;
  uint64_t merged = 0;
  uint32_t const frozen = a.s.frozen[a.counter];
  for (int k = l.n; k-- > 0;) {
    RaceCell& c = l.cells[k];
    bool const own = c.wave == mine.wave;
    if (!own && (c.wave < first_ || (a.lds && group_of(c.wave) != group_of(mine.wave)))) {
      l.cells[k] = l.cells[--l.n];
      continue;
    }
    uint64_t const both = c.bytes & bytes;
    bool const reads_only = !((c.kind | mine.kind) & C::write);
    if (own && (c.code == mine.code || (reads_only && l.n > 6)) && c.kind == mine.kind && c.epoch > frozen && c.epoch != mine.epoch) {
      merged |= c.bytes;  // nobody can tell the two apart: nothing was published in between
      l.cells[k] = l.cells[--l.n];
      continue;
    }
    if (!both) continue;
    if (own) {
      bool const same = c.epoch == mine.epoch && c.code == mine.code && c.second == mine.second;
      if (same && writes && plain) two_lanes(a, number, both);
    } else if (reads_only) {
      if (c.bytes != bytes || ++alike < 3) continue;
    } else if (!ordered(a, c)) {
      if (char const* const what = race(a, mine, c, number)) report(a, mine, c, number, both, what);
      continue;
    }
    // The new access says all that the old one did: what races with the old one later races with the new one.
    if ((writes || !(c.kind & C::write)) && (plain || c.kind & C::atomic)) {
      c.bytes &= ~bytes;
      if (!c.bytes) l.cells[k] = l.cells[--l.n];
    }
  }
  mine.bytes |= merged;
  insert(l, mine);
  if (writes && plain && l.published)
    for (uint64_t m = a.exec; m; m &= m - 1) {
      uint64_t const at = reinterpret_cast<uint64_t>(a.p[__builtin_ctzll(m)]);
      if (at >> 6 == number && sync_.count(at & ~3ull)) publish(a, at, false);
    }
}

// ------------------------------------------------------------------------------------------------ instructions
RaceCell Races::cell_of(Access& a, Exec const& x, bool write, Epochs const& done) {
  Inst const& I = a.I;
  RaceCell c;
  c.wave = a.s.id;
  c.code = uint32_t((I.pc - x.co->code) >> 2);
  c.kind = write ? RaceCell::write : 0;
  c.done[0] = done.n[0];
  c.done[1] = done.n[1];
  c.lds_done = a.s.done[LDS_COUNT];
  a.counter = a.lds ? LDS_COUNT : !x.cdna && (I.op == ST || I.op == ST2 || (I.op == AT && !I.rtn)) ? STORE_COUNT : LOAD_COUNT;
  c.clock = a.lds ? 0 : x.cdna ? write : a.counter;
  c.epoch = a.s.issued[a.counter];
  return c;
}

void Races::access(Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, uint32_t n, bool write, uint32_t const* data, bool second) {
  if (stopped_) return;
  RaceWave& s = *w.race;
  uint32_t const first = __builtin_ctzll(exec);
  bool const lds = in_lds(reinterpret_cast<uint64_t>(p[first]));
  Access a{w, s, I};
  a.lds = lds;
  a.exec = exec;
  a.p = p;
  a.data = data;
  a.n = n;
  a.cell = cell_of(a, x_, write, device_epochs(s));
  a.cell.second = second;
  bool one_address = true;
  for (uint64_t m = exec; m && one_address; m &= m - 1) one_address = p[__builtin_ctzll(m)] == p[first];
  if (one_address) a.cell.kind |= RaceCell::uniform;
  if (!write && follows(s, I)) a.cell.kind |= RaceCell::early;
  if (I.scope)  // a flat one of LDS, too
    a.cell.kind |= I.scope == 1 || lds ? RaceCell::atomic | RaceCell::group : RaceCell::atomic;
  else if (!write && !strict_ && (lds || plain_group_loads_) && polls(I))
    a.cell.kind |= RaceCell::atomic | RaceCell::group;

  auto const mask = [](uint32_t at, uint32_t n) { return (n == 64 ? ~0ull : (1ull << n) - 1) << at; };
  if (a.cell.kind & RaceCell::atomic) {
    if (!write) s.last_read = I.pc;
    uint64_t last = 0;
    for (uint64_t m = exec; m; m &= m - 1) {
      uint32_t const l = __builtin_ctzll(m);
      uint64_t const at = reinterpret_cast<uint64_t>(p[l]);
      if (at == last) continue;
      last = at;
      uint32_t const here = std::min<uint32_t>(n, 64 - (at & 63));
      touch(a, at >> 6, mask(at & 63, here), l);
      if (here < n) touch(a, (at >> 6) + 1, mask(0, n - here), l);
      if (write) {
        publish(a, at, false);
        line(at >> 6).published = true;
      } else
        acquire(a, at);
    }
    return;
  }
  // The lines that the instruction accesses, each once
  struct {
    uint64_t number, bytes, twice;
    uint32_t lane;
  } lines[128];
  int count = 0, last = 0;
  auto const add = [&](uint64_t number, uint64_t bytes, uint32_t lane) {
    if (!count || lines[last].number != number) {
      for (last = count - 1; last >= std::max(0, count - 8) && lines[last].number != number;) last--;
      if (last < std::max(0, count - 8)) {
        last = count++;
        lines[last] = {number, bytes, 0, lane};
        return;
      }
    }
    lines[last].twice |= lines[last].bytes & bytes;
    lines[last].bytes |= bytes;
  };
  for (uint64_t m = exec; m; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    uint64_t const at = reinterpret_cast<uint64_t>(p[l]);
    uint32_t const here = std::min<uint32_t>(n, 64 - (at & 63));
    add(at >> 6, mask(at & 63, here), l);
    if (here < n) add((at >> 6) + 1, mask(0, n - here), l);
  }
  for (int k = 0; k < count; k++) {
    if (write && lines[k].twice) two_lanes(a, lines[k].number, lines[k].twice);
    touch(a, lines[k].number, lines[k].bytes, lines[k].lane);
  }
  if (a.synchronises)
    for (uint64_t m = exec; m; m &= m - 1) {
      acquire(a, reinterpret_cast<uint64_t>(p[__builtin_ctzll(m)]));
      if (one_address) break;
    }
}

bool Races::consecutive(Wave& w, Inst const& I, uint8_t* p, uint32_t bytes, bool same) {
  if (stopped_) return true;
  RaceWave& s = *w.race;
  uint64_t at = reinterpret_cast<uint64_t>(p);
  Access a{w, s, I};
  a.lds = in_lds(at);
  a.n = I.n;
  bool const write = I.op == ST;
  if (I.scope) return false;
  if (!write && !strict_ && (a.lds || plain_group_loads_) && polls(I)) return false;
  a.cell = cell_of(a, x_, write, device_epochs(s));
  if (same) a.cell.kind |= RaceCell::uniform;
  if (!write && follows(s, I)) a.cell.kind |= RaceCell::early;
  uint32_t const W = x_.wave;
  uint8_t* each[64];
  for (uint32_t l = 0; l < W; l++) each[l] = p + (same ? 0 : size_t(l) * I.n);
  a.exec = W == 64 ? ~0ull : 0xffffffffull;
  a.p = each;
  a.data = (I.acc ? w.acc : w.v) + size_t(I.v) * W;
  for (uint64_t const end = at + bytes; at < end;) {
    uint64_t const n = std::min<uint64_t>(64 - (at & 63), end - at);
    touch(a, at >> 6, (n == 64 ? ~0ull : (1ull << n) - 1) << (at & 63), same ? 0 : uint32_t((at - reinterpret_cast<uint64_t>(p)) / I.n));
    at += n;
  }
  if (a.synchronises)
    for (uint32_t l = 0; l < (same ? 1 : W); l++) acquire(a, reinterpret_cast<uint64_t>(each[l]));
  return true;
}

void Races::atomic(Wave& w, Inst const& I, uint32_t lane, uint8_t const* p, uint8_t const* after, uint32_t n) {
  if (stopped_) return;
  RaceWave& s = *w.race;
  uint64_t const address = reinterpret_cast<uint64_t>(p);
  Access a{w, s, I};
  a.lds = in_lds(address);
  a.cell = cell_of(a, x_, true, device_epochs(s));
  a.cell.kind |= RaceCell::atomic | RaceCell::update;
  a.cell.turn = ++turn_;
  if (!a.lds && x_.isa->fam == Family::rdna4 && I.scope < 2) a.cell.kind |= RaceCell::group;
  uint64_t changed = 0;
  for (uint32_t i = 0; i < n; i++) changed |= uint64_t(p[i] != after[i]) << i;
  bool const cas = is_cas(I);
  // Bytes that do not change are another object's, perhaps: objects of 8 and 16 bits are updated by operations on their word.
  bool const parts = cas || I.at == AND || I.at == OR || I.at == XOR || I.at == MSKOR;
  uint64_t bytes = parts && changed ? changed : (1ull << n) - 1;
  if (!changed) a.cell.kind &= ~(RaceCell::update | RaceCell::write);
  s.last_read = I.pc;
  if (cas && changed) {
    bool const low = changed & 3, high = changed & 12, other = changed >> 4;
    I.whole = I.whole || low + high + other > 1;
    if (!I.whole) a.cell.kind |= RaceCell::part;
  }
  if (cas) {
    forgive(x_, w, address, address + n);
    Line& l = line(address >> 6);
    for (RaceCell *c = l.cells, *const end = c + l.n; c != end; c++)  // the load before gave the first value to compare
      if (c->wave == s.id && !(c->kind & RaceCell::write) && c->bytes & bytes << (address & 63)) {
        c->kind |= RaceCell::atomic;
        // Other waves may see a value with which they do not try.
        if (a.lds && c->epoch > s.frozen[a.counter]) x_.co->slots[c->code]->polls = 2;
      }
  }
  if (changed || !cas) touch(a, address >> 6, bytes << (address & 63), lane);
  if (I.rtn || I.op != AT) acquire(a, address);  // else nobody looks at the value
  if (!changed && cas) return;
  publish(a, address, true);
  line(address >> 6).published = true;
}

void Races::scalar(Wave& w, Inst const& I, uint8_t const* p, uint32_t n) {
  uint64_t const at = reinterpret_cast<uint64_t>(p);
  if (stopped_ || (at >= x_.own[0][0] && at < x_.own[0][1])) return;  // the arguments
  RaceWave& s = *w.race;
  Access a{w, s, I};
  a.n = n;
  a.cell = cell_of(a, x_, false, {});
  uint32_t const here = std::min<uint32_t>(n, 64 - (at & 63));
  touch(a, at >> 6, (here == 64 ? ~0ull : (1ull << here) - 1) << (at & 63), 0);
  if (here < n) touch(a, (at >> 6) + 1, (1ull << (n - here)) - 1, 0);
}

// Whether a load runs behind an atomic one without a branch in between: compilers move loads before a test of what the atomic one has read.
bool Races::follows(RaceWave const& s, Inst const& I) {
  if (s.last_read >= I.pc || s.last_read + 200 < I.pc) return false;
  if (I.read_before == s.last_read) return true;
  if (I.read_before == 1) return false;
  for (uint64_t pc = s.last_read; pc < I.pc;) {
    Inst const& o = *instruction_at(x_, pc);
    if (o.kind == BR || o.kind == END || o.kind == BARRIER || o.kind == PCOP || o.kind == CALL || o.kind == BAD) {
      I.read_before = 1;
      return false;
    }
    pc += o.size;
  }
  I.read_before = s.last_read;
  return true;
}
// Whether a load is repeated until it reads what is waited for: a loop around it, or behind a first load of the same address, has no
// store and no barrier, and does not change the load's address. Or whether a compare-and-swap of the wave on the same bytes has followed
// it.
bool Races::polls(Inst const& I) {
  if (I.polls) return I.polls == 2;
  I.polls = 1;
  CodeObject const& co = *x_.co;
  uint64_t const end = std::min(I.pc + 400, co.code + 4 * co.slots.size());
  auto const loop = [&](Inst const& load) {  // the end of a loop around the load, or null
    for (uint64_t pc = load.pc; pc < end;) {
      Inst const& o = *instruction_at(x_, pc);
      if (o.kind == END || o.kind == BAD || o.kind == BARRIER) return static_cast<Inst const*>(nullptr);
      if (o.kind == BR && o.off < 0 && pc + o.size + o.off <= load.pc) return &o;
      pc += o.size;
    }
    return static_cast<Inst const*>(nullptr);
  };
  auto const overlap = [](int a, int n, int b, int m) { return a < b + m && b < a + n; };
  auto const idle = [&](Inst const& load, Inst const& branch) {
    int const words = load.sp == 'd' || load.sa >= 0 ? 1 : 2;
    for (uint64_t pc = branch.pc + branch.size + branch.off; pc <= branch.pc;) {
      Inst& o = *instruction_at(x_, pc);
      pc += o.size;
      if (o.kind == BARRIER || o.kind == CALL || o.kind == PCOP || o.kind == BAD) return false;
      bool const scratch = o.sp == 's' || o.sp == 'b';
      if (o.kind == MEM && (o.op == ST || o.op == ST2 || o.op == AT) && !scratch) return false;
      if (o.kind == MEM && (o.op == LD || o.op == LD2) && !o.acc && overlap(o.d, (o.n + 3) / 4, load.a, words)) return false;
      if ((o.kind == FAST || o.kind == LANE) && o.md < 0 && overlap(o.d, o.dw, load.a, words)) return false;
      if (load.sa >= 0 && (o.kind == SCALAR || o.kind == SMEM) && overlap(o.d, o.kind == SMEM ? (o.n + 3) / 4 : o.dw, load.sa, 2))
        return false;
    }
    return true;
  };
  for (uint64_t pc = I.pc; pc < end;) {
    Inst const& o = *instruction_at(x_, pc);
    if (o.kind == END || o.kind == BAD || o.kind == BARRIER) return false;
    pc += o.size;
    if (o.kind != MEM || o.op != LD || o.sp != I.sp || o.a != I.a || o.sa != I.sa || o.off != I.off || o.n != I.n) continue;
    Inst const* const branch = loop(o);
    if (branch && idle(o, *branch)) {
      I.polls = 2;
      return true;
    }
  }
  return false;
}

// ------------------------------------------------------------------------------------------------ findings
std::string Races::describe(RaceCell const& c) const {
  uint64_t const pc = x_.co->code + 4ull * c.code;
  Inst const* const I = x_.co->slots[c.code];
  uint32_t const group = group_of(c.wave), *const grid = x_.L->grid;
  char b[160];
  snprintf(b, sizeof b, " at code offset 0x%lx, group %u,%u,%u, wave %u, lane %u",
           (unsigned long)(pc - reinterpret_cast<uint64_t>(x_.co->image)), group % grid[0], group / grid[0] % grid[1],
           group / grid[0] / grid[1], (c.wave - first_) % waves_of_group_, c.lane);
  return (I ? I->name : "?") + b + source_line(*x_.co, pc);
}
// Whether this is the first finding of a pair of instructions.
static bool first_of(uint64_t pc1, uint64_t pc2) {
  static std::set<std::pair<uint64_t, uint64_t>> seen;
  return seen.emplace(pc1, pc2).second;
}
void Races::report(Access const& a, RaceCell const& mine, RaceCell const& c, uint64_t number, uint64_t both, char const* what) {
  uint64_t const address = (number << 6) + __builtin_ctzll(both);
  auto const tell = [this, mine, c, address, what, lds = a.lds] {
    for (RaceCell const* o : {&mine, &c})
      if (lds && !strict_ && !(o->kind & (RaceCell::write | RaceCell::atomic)) && x_.co->slots[o->code]->polls == 2) return;
    // The load of a word for one of its halves, perhaps, which the other half's compare-and-swap has changed.
    for (RaceCell const* o : {&mine, &c})
      if (o->kind & RaceCell::part && !x_.co->slots[o->code]->whole && !((o == &c ? mine : c).kind & RaceCell::write)) return;
    x_.races++;
    static bool const hard = is_error("AMDEMU_RACE");
    if (!first_of(x_.co->code + 4ull * mine.code, x_.co->code + 4ull * c.code) && !hard) return;
    char b[200];
    Region const* const r = lds ? nullptr : region(x_, address);
    if (lds)
      snprintf(b, sizeof b, "LDS byte %lu of %u", (unsigned long)(address & 0xffffffff), x_.lds_size);
    else if (r)
      snprintf(b, sizeof b, "0x%lx, byte %lu of an allocation of %lu", (unsigned long)address, (unsigned long)(address - r->lo),
               (unsigned long)(r->hi - r->lo));
    else
      snprintf(b, sizeof b, "0x%lx", (unsigned long)address);
    std::string const text = std::string(what) + " of " + b + " by two waves of kernel " + name_of(*x_.L->k) +
                             " without an order between them\n    now:    " + describe(mine) + "\n    before: " + describe(c);
    if (hard) fail(Err::trap, "race: " + text, true);
    fprintf(stderr, "[amd-emulator] RACE: %s\n", text.c_str());
  };
  // The load before a compare-and-swap may read anything.
  bool const load = !(mine.kind & (RaceCell::write | RaceCell::update)), cas = is_cas(a.I);
  auto const before = active_.find(c.wave);
  if (load && (a.n == 4 || a.n == 8))
    defer(*x_.grp, a.w.idx, address & ~uint64_t(a.n - 1), a.n, tell);
  else if (cas && !(c.kind & RaceCell::write) && before != active_.end())
    defer(*before->second->group, before->second->rank, address, 1, tell);
  else
    tell();
}
// Two lanes of a store have one address. Hardware keeps one of the values.
void Races::two_lanes(Access& a, uint64_t number, uint64_t bytes) {
  uint32_t const W = x_.wave;
  int16_t value[64], lane[64];
  std::fill(value, value + 64, int16_t(-1));
  for (uint64_t m = a.exec; m; m &= m - 1) {
    uint32_t const l = __builtin_ctzll(m);
    for (uint32_t i = 0; i < a.n; i++) {
      uint64_t const at = reinterpret_cast<uint64_t>(a.p[l]) + i;
      if (at >> 6 != number || !(bytes >> (at & 63) & 1)) continue;
      uint32_t const word = a.data[size_t(i / 4) * W + l] >> (a.I.md16 == 2 ? 16 : 0);
      int16_t const v = uint8_t(word >> 8 * (i & 3));
      if (value[at & 63] >= 0 && value[at & 63] != v) {
        x_.races++;
        static bool const hard = is_error("AMDEMU_RACE");
        if (!first_of(a.I.pc, a.I.pc) && !hard) return;
        char b[200];
        snprintf(b, sizeof b, "lanes %d and %u of one store write different values to byte 0x%lx", lane[at & 63], l, (unsigned long)at);
        RaceCell c = a.cell;
        c.lane = uint8_t(l);
        std::string const text = std::string(b) + "\n    now:    " + describe(c);
        if (hard) fail(Err::trap, "race: " + text);
        fprintf(stderr, "[amd-emulator] RACE: kernel %s: %s\n", name_of(*x_.L->k).c_str(), text.c_str());
        return;
      }
      value[at & 63] = v;
      lane[at & 63] = int16_t(l);
    }
  }
}

}  // namespace emu
