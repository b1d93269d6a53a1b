// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Orders of accesses for AMDEMU_RACE: waits, caches, barriers, and values that waves publish and acquire.
#include "race_access.hpp"

namespace emu {

// Operations that another wave of the group may rely on.
Epochs Races::group_epochs(RaceWave const& s) const {
  uint32_t const* const n = group_in_order_ ? s.issued : s.done;
  return {{n[LOAD_COUNT], x_.cdna ? n[LOAD_COUNT] : n[STORE_COUNT]}};
}
// Operations that a wave of another group may rely on.
Epochs Races::device_epochs(RaceWave const& s) const {
  uint32_t const stores = x_.cdna ? s.done[LOAD_COUNT] : s.done[STORE_COUNT];
  return {{s.done[LOAD_COUNT], writes_back_ ? std::min(stores, s.written_back) : stores}};
}

void Races::issue(Wave& w, Inst const& I) {
  RaceWave& s = *w.race;
  s.instructions++;
  if (I.sp == 'd' || I.sp == 'f') s.issued[LDS_COUNT]++;
  if (I.sp == 'd') return;
  bool const store = I.op == ST || (I.op == AT && !I.rtn);
  s.issued[store && !x_.cdna ? STORE_COUNT : LOAD_COUNT]++;
  s.last_is_store = store;
}
void Races::order(Wave& w, Inst const& I) {
  RaceWave& s = *w.race;
  bool const gfx12 = x_.isa->fam == Family::rdna4;
  int const own = x_.cdna ? LOAD_COUNT : STORE_COUNT;  // of stores
  switch (I.kind) {
    case WAIT:
      // Compilers wait for stores only where the program releases.
      if (I.limit[own] == 0 && (s.last_is_store || !x_.cdna) && s.issued[own] > s.done[own]) s.released_at = s.issued[own];
      for (int c : {LOAD_COUNT, STORE_COUNT, LDS_COUNT})
        if (I.limit[c] != 255 && s.issued[c] > I.limit[c]) s.done[c] = std::max(s.done[c], s.issued[c] - I.limit[c]);
      if (!s.late.empty()) acquire_late(w);
      break;
    case INVALIDATE:
      if (x_.isa->gfx != "gfx90a" && x_.isa->fam != Family::rdna3 && !I.scope) break;
      if (gfx12)
        take(s, true, I.scope >= 2);
      else if (x_.isa->fam == Family::rdna3 && I.levels == 2) {
        for (auto& t : s.taken) t.outer = t.outer || t.number <= s.done[t.counter];
      } else if (x_.isa->fam == Family::rdna3)
        take(s, false, true);
      else if (x_.isa->gfx == "gfx90a")
        take(s, true, I.levels & 1);
      else
        take(s, true, I.scope >= 2);
      if (gfx12) s.issued[LOAD_COUNT]++;
      break;
    case WRITE_BACK:
      if (writes_back_ && I.scope >= 2) {
        s.written_back = s.issued[gfx12 ? STORE_COUNT : LOAD_COUNT];
        s.released.join(gfx12 ? s.known : s.complete);  // that of gfx12 also covers stores of the group that are in flight
      }
      if (gfx12) s.issued[STORE_COUNT]++;
      break;
    default: break;
  }
}
// Caches are invalidated. outer: all of them; device: for values of other groups, too.
void Races::take(RaceWave& s, bool outer, bool device) {
  for (size_t k = 0; k < s.taken.size();) {
    auto& t = s.taken[k];
    if (t.number > s.done[t.counter]) {
      k++;
      continue;
    }
    s.known.join(t.group);
    s.complete.join(t.complete);
    t.group = t.complete = Clock();
    if (device && (outer || t.outer)) {
      s.known.join(t.device);
      s.complete.join(t.device);
      if (writes_back_) s.released.join(t.device);
      t.device = Clock();
    }
    if (t.device)
      k++;
    else {
      t = std::move(s.taken.back());
      s.taken.pop_back();
    }
  }
}

// ------------------------------------------------------------------------------------------------ barriers
void Races::begin_group(Group& g, uint32_t number) {
  auto& all = waves_[&g];
  all = std::make_unique<RaceWave[]>(waves_of_group_);
  for (Wave* w : g.w) {
    w->race = &all[w->idx];
    w->race->id = first_ + number * waves_of_group_ + w->idx;
    w->race->group = &g;
    w->race->rank = w->idx;
    active_[w->race->id] = w->race;
  }
}
void Races::end_group(Group& g) {
  for (Wave* w : g.w) {
    RaceWave& s = *w->race;
    active_.erase(s.id);
    if (!device_clock(s)) continue;
    ended_[s.id] = device_clock(s);
    ended_order_.push_back(s.id);
    if (ended_order_.size() <= 65536) continue;
    ended_.erase(ended_order_.front());
    ended_order_.pop_front();
  }
  waves_.erase(&g);
}
void Races::end(Wave& w) {
  for (int c : {LOAD_COUNT, STORE_COUNT, LDS_COUNT}) w.race->done[c] = w.race->issued[c];
}
void Races::open(Group& g) {
  Clock known, complete, released, lds, device;
  for (Wave* w : g.w) {
    RaceWave& s = *w->race;
    // Another wave of the group may invalidate the caches for a value that this one has read.
    for (auto const& t : s.taken)
      if (t.number <= s.done[t.counter]) device.join(t.device);
    uint32_t const id = s.id - first_;
    known.join(s.known);
    complete.join(s.complete);
    lds.join(s.lds);
    if (writes_back_) released.join(s.released);
    known.add(id, group_epochs(s));
    complete.add(id, {{s.done[LOAD_COUNT], x_.cdna ? s.done[LOAD_COUNT] : s.done[STORE_COUNT]}});
    lds.add(id, {{s.done[LDS_COUNT], 0}});
    if (writes_back_) released.add(id, device_epochs(s));
  }
  for (Wave* w : g.w) {
    RaceWave& s = *w->race;
    s.lds = lds;
    std::copy(s.issued, s.issued + 3, s.frozen);
    s.released = released;
    s.complete = complete;
    if (group_in_order_) s.known = known;
    if (group_in_order_ && !device) continue;
    s.taken.emplace_back();
    s.taken.back().device = device;
    if (group_in_order_) continue;
    s.taken.back().group = known;
  }
  if (Clock::bytes() > size_t(512) << 20) stop("waves that synchronise need more than 512 MiB");
}
void Races::open_grid(std::vector<Group*> const& groups) {
  Clock all;
  for (Group* g : groups)
    for (Wave* w : g->w) {
      all.join(device_clock(*w->race));
      all.add(w->race->id - first_, device_epochs(*w->race));
    }
  // One wave of each group waits here, and the others at the group's barrier behind it. The device library invalidates caches before: as
  // all waves do so after their last load, no cache has old values then.
  for (Group* g : groups)
    for (Wave* w : g->w) {
      RaceWave& s = *w->race;
      s.known.join(all);
      s.complete.join(all);
      if (writes_back_) s.released.join(all);
    }
}

// ------------------------------------------------------------------------------------------------ values
// The wave writes a value that others may acquire. add: an atomic operation, which also passes on what the value before had published.
void Races::publish(Access& a, uint64_t address, bool add) {
  RaceWave& s = a.s;
  if (s.own_at != s.instructions) {
    s.own_at = s.instructions;
    std::copy(s.issued, s.issued + 3, s.frozen);
    auto p = std::make_shared<Published>();
    uint32_t const id = s.id - first_;
    p->device = device_clock(s);
    p->device.add(id, device_epochs(s));
    p->group = s.known;
    p->group.add(id, group_epochs(s));
    p->complete = s.complete;
    p->complete.add(id, {{s.done[LOAD_COUNT], x_.cdna ? s.done[LOAD_COUNT] : s.done[STORE_COUNT]}});
    p->lds = s.lds;
    // A wave's operations on LDS stay in order: one that publishes needs no wait for those before.
    p->lds.add(id, {{a.lds ? s.issued[LDS_COUNT] - 1 : s.done[LDS_COUNT], 0}});
    bool const any = p->device || p->group || p->lds;
    s.own = any ? std::move(p) : nullptr;
    if (Clock::bytes() > size_t(512) << 20) stop("waves that synchronise need more than 512 MiB");
  }
  if (!s.own && add) return;
  Sync& y = sync_[address & ~3ull];
  if (!add) y = Sync();
  if (!s.own) return;
  bool const device = !a.lds && !(a.cell.kind & RaceCell::group);
  for (auto& r : y.recent)
    if (r.wave == s.id) {  // says more than what the wave published before
      r.what = s.own;
      r.device = r.device || device;
      return;
    }
  if (y.recent.size() == 32) join_recent(y);
  y.recent.push_back({s.own, s.id, device});
}
void Races::join_recent(Sync& y) {
  for (auto const& r : y.recent) {
    if (r.device) y.all.device.join(r.what->device);
    if (y.group_number != group_of(r.wave)) {
      y.group_number = group_of(r.wave);
      y.all.group = y.all.complete = y.all.lds = Clock();
    }
    y.all.group.join(r.what->group);
    y.all.complete.join(r.what->complete);
    y.all.lds.join(r.what->lds);
  }
  y.recent.clear();
}

// Values published by plain stores, which may have been atomic ones. Null if there is none.
Races::Sync* Races::from_stores(Access& a, uint64_t address) {
  if (strict_ || (store_bits_ && !a.lds)) return nullptr;
  Line& l = line(address >> 6);
  uint64_t const byte = 1ull << (address & 63);
  Sync y;
  bool found = false;
  for (RaceCell const *c = l.cells, *const last = c + l.n; c != last; c++) {
    if (!(c->bytes & byte) || (c->kind & (RaceCell::write | RaceCell::atomic)) != RaceCell::write) continue;
    if (c->wave < first_ || c->wave == a.s.id) continue;
    found = true;
    uint32_t const id = c->wave - first_;
    Epochs const done = {{c->done[0], c->done[1]}};
    auto const it = active_.find(c->wave);
    RaceWave const* const from = it == active_.end() ? nullptr : it->second;
    if (!a.lds) {
      auto const ended = ended_.find(c->wave);
      if (from)
        y.all.device.join(device_clock(*from));
      else if (ended != ended_.end())
        y.all.device.join(ended->second);
      y.all.device.add(id, done);
    }
    if (!from || (y.all.group && y.group_number != group_of(c->wave))) continue;
    y.group_number = group_of(c->wave);
    y.all.group.join(from->known);
    y.all.complete.join(from->complete);
    y.all.lds.join(from->lds);
    y.all.group.add(id, group_in_order_ ? group_epochs(*from) : done);
    y.all.complete.add(id, done);
    y.all.lds.add(id, {{a.lds ? c->epoch : c->lds_done, 0}});
  }
  if (!found) return nullptr;
  l.published = true;
  return &(sync_[address & ~3ull] = y);
}
// Atomic loads that the wave has waited for have read what was published until now.
void Races::acquire_late(Wave& w) {
  RaceWave& s = *w.race;
  std::vector<RaceWave::Late> all;
  all.swap(s.late);
  for (auto const& o : all) {
    if (o.number > s.done[o.counter]) {
      s.late.push_back(o);
      continue;
    }
    Access a{w, s, *o.inst};
    a.lds = o.lds;
    a.late = true;
    a.cell.kind = o.group ? RaceCell::group : 0;
    acquire(a, o.address);
  }
}
// The wave reads a value, atomically.
void Races::acquire(Access& a, uint64_t address) {
  int const counter = a.lds ? LDS_COUNT : !x_.cdna && a.I.op == AT && !a.I.rtn ? STORE_COUNT : LOAD_COUNT;
  if (x_.weak && !a.late)
    a.s.late.push_back({&a.I, address, a.s.issued[counter], uint8_t(counter), a.lds, (a.cell.kind & RaceCell::group) != 0});
  auto const it = sync_.find(address & ~3ull);
  Sync* const y = it != sync_.end() ? &it->second : from_stores(a, address);
  if (!y) return;
  join_recent(*y);
  RaceWave& s = a.s;
  RaceWave::Taken t;
  if (y->group_number == group_of(s.id)) {
    s.lds.join(y->all.lds);
    if (group_in_order_) {
      s.known.join(y->all.group);
      s.complete.join(y->all.complete);
    } else {
      t.group = y->all.group;
      t.complete = y->all.complete;
    }
  }
  if (!a.lds && !(a.cell.kind & RaceCell::group)) t.device = y->all.device;
  if (!t.device && !t.group && !t.complete) return;
  t.counter = uint8_t(counter);
  if (!a.lds && !a.late) t.number = s.issued[counter];  // else what is read is used at once, or was waited for
  if (!s.taken.empty()) {
    auto& last = s.taken.back();
    if (last.counter == t.counter && last.device == t.device && last.group == t.group && last.complete == t.complete && !last.outer) {
      last.number = t.number;
      return;
    }
  }
  if (s.taken.size() >= 32)  // the wave has not invalidated its caches for long
    for (auto& o : s.taken)
      if (o.counter == t.counter) {
        o.device.join(t.device);
        o.group.join(t.group);
        o.complete.join(t.complete);
        o.number = std::max(o.number, t.number);
        o.outer = false;
        return;
      }
  s.taken.push_back(std::move(t));
}

}  // namespace emu
