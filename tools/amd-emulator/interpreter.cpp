// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The interpreter loop. Code is decoded once, to blocks: arrays of steps that are executed one after another, and an instruction that may
/// continue elsewhere.
#include <cstdio>
#include <memory>
#include <mutex>
#include "exec.hpp"
#include "races.hpp"
#include "undefined.hpp"
#include "weak_memory.hpp"

namespace emu {

static uint64_t active_lanes(Exec const& x, Wave const& w) { return x.wide ? rd64(w.s + EXEC) : w.s[EXEC]; }

// ------------------------------------------------------------------------------------------------ instructions besides operations
static void run_memory(Wave& w, Step const& t) {
  if (w.x->wide)
    mem_op<64>(*w.x, w, *t.inst);
  else
    mem_op<32>(*w.x, w, *t.inst);
}
static void memory(Wave& w, Step const& t) {
  if (w.x->race) w.x->race->issue(w, *t.inst);
  run_memory(w, t);
}
static void rows_of_memory(Wave& w, Step const& t) {
  Inst const& I = *t.inst;
  if (w.x->race) w.x->race->issue(w, I);
  if (!(w.x->wide ? coalesced<64>(*w.x, w, I) : coalesced<32>(*w.x, w, I)))
    run_memory(w, t);
  else if (w.x->weak)
    w.x->weak->issued(w, I, I.op == LD);
}
static void scalar_memory(Wave& w, Step const& t) { smem(*w.x, w, *t.inst); }
static void indexed_move(Wave& w, Step const& t) {
  Inst const& I = *t.inst;
  if (w.x->wide)
    mov_rel<64>(w, I.d, I.s[0], I.w, w.s[M0_C]);
  else
    mov_rel<32>(w, I.d, I.s[0], I.w, w.s[M0_R]);
}
// SH_MEM_BASES, in which code of clang before 16 finds the apertures, and SHADER_CYCLES: instructions and how often they were read. Others
// read 0.
static void get_register(Wave& w, Step const& t) {
  Exec& x = *w.x;
  uint32_t const imm = uint32_t(t.inst->imm), id = imm & 63, bits = (imm >> 11 & 31) + 1,
                 v = id == 15 && x.cdna ? old_lds_hi | old_priv_hi >> 16
                     : id == 29         ? uint32_t(x.count + ++x.before) & 0xfffff
                                        : 0;
  w.s[t.inst->d] = v >> (imm >> 6 & 31) & (bits == 32 ? ~0u : (1u << bits) - 1);
  overwrite_undefined(w, *t.inst);
}
// Clocks are the host's. With AMDEMU_WEAK s_memtime counts instructions, so that a seed gives the same run again; the wall clock stays.
static void time(Wave& w, Step const& t) {
  Exec& x = *w.x;
  wr64(w.s + t.inst->d, x.weak && x.weak->weak() && t.inst->name == "S_MEMTIME" ? ++x.before + x.count : uint64_t(now() * 1e8));
  if (x.weak) x.weak->issued(w, *t.inst, true);
  overwrite_undefined(w, *t.inst);
}
static void zero(Wave& w, Step const& t) {
  w.s[t.inst->d] = 0;
  if (w.x->weak) w.x->weak->issued(w, *t.inst, true);
  overwrite_undefined(w, *t.inst);
}
static void memory_order(Wave& w, Step const& t) {
  if (w.x->race) w.x->race->order(w, *t.inst);
  if (w.x->weak) w.x->weak->control(w, *t.inst);
}

// Returns the function that runs an instruction, or null if it ends a block.
static Run step_of(Inst const& I) {
  switch (I.kind) {
    case MEM: return can_coalesce(I) ? rows_of_memory : memory;
    case SMEM: return scalar_memory;
    case MOVREL: return indexed_move;
    case GETREG: return get_register;
    case TIME: return time;
    case ZERO: return zero;
    case WAIT:
    case INVALIDATE:
    case WRITE_BACK: return memory_order;
    default: return nullptr;
  }
}

// ------------------------------------------------------------------------------------------------ blocks
Inst* instruction_at(Exec& x, uint64_t pc) {
  CodeObject& co = *x.co;
  uint64_t const idx = (pc - co.code) >> 2;
  if (__builtin_expect(idx >= co.slots.size(), 0)) {
    char b[160];
    snprintf(b, sizeof b, "jump to 0x%lx, outside the %lu bytes of code at 0x%lx", (unsigned long)pc, (unsigned long)(4 * co.slots.size()),
             (unsigned long)co.code);
    fail(Err::fault, b);
  }
  Inst*& I = co.slots[idx];
  if (__builtin_expect(!I, 0)) {
    I = x.isa->decode(reinterpret_cast<uint8_t const*>(pc), co.code + co.slots.size() * 4 - pc);
    I->pc = pc;
    if (I->second) I->second->pc = pc;
  }
  return I;
}
// The block that begins at an address, made once.
static Block* block_at(Exec& x, uint64_t pc) {
  CodeObject const& co = *x.co;
  uint64_t const index = (pc - co.code) >> 2;
  if (index < co.blocks.size())
    if (Block* const known = __atomic_load_n(&co.blocks[index], __ATOMIC_ACQUIRE)) return known;
  static std::mutex mutex;  // several threads run a launch
  std::lock_guard<std::mutex> lock(mutex);
  Inst* I = instruction_at(x, pc);
  Block*& made = x.co->blocks[index];
  if (made) return made;
  auto b = std::make_unique<Block>();
  b->pc = pc;
  for (;; I = instruction_at(x, I->pc + I->size)) {
    b->last = I;
    cover(*x.isa, *I);
    if (I->kind == NOP || (!x.weak && !x.race && (I->kind == WAIT || I->kind == INVALIDATE || I->kind == WRITE_BACK))) continue;
    b->count++;  // waits and the like that nothing looks at are not counted
    if (I->kind <= MATRIX) {
      b->steps.push_back(I->step);
      if (I->kind == VOPD && I->in_turn) b->steps.push_back(I->second->step);
    } else if (Run const run = step_of(*I)) {
      b->steps.push_back({});
      b->steps.back().run = run;
      b->steps.back().inst = I;
      b->issues = true;
    } else
      break;
    // Memory that is weak shows where waves take turns.
    if (x.weak && x.weak->weak() && (I->kind == MEM || I->kind == INVALIDATE || I->kind == WRITE_BACK)) break;
    if (b->count == 1000 || I->pc + I->size >= x.co->code + 4 * x.co->slots.size()) break;
  }
  Block* const result = b.release();
  __atomic_store_n(&made, result, __ATOMIC_RELEASE);
  return result;
}

// Executes the steps of a block one by one, for a trace, for AMDEMU_WAIT and AMDEMU_UNINIT, and for gfx9's indexing of VGPRs.
static void with_care(Exec& x, Wave& w, Block const& b) {
  auto const trace = [&](Inst const& I) {
    if (x.trace)
      fprintf(stderr, "[amd-emulator] %06lx %s exec=%08x%08x\n", (unsigned long)(I.pc - reinterpret_cast<uint64_t>(x.co->image)),
              I.name.c_str(), x.wide ? w.s[EXEC + 1] : 0, w.s[EXEC]);
  };
  for (Step const& t : b.steps) {
    Inst const& I = *t.inst;
    x.inst = &I;
    trace(I);
    if (x.weak) x.weak->check(w, I);
    if (w.gpr_idx && I.kind <= MATRIX && I.name[0] == 'V') {
      // Compilers put only v_mov_b32 between s_set_gpr_idx_on and s_set_gpr_idx_off.
      if (I.name != "V_MOV_B32" || I.kind != FAST) fail(Err::unsupported, "VGPR indexing mode with an instruction other than v_mov_b32");
      if (has_undefined(w)) run_undefined(x, w, t);
      mov_rel<64>(w, I.d, I.s[0], w.gpr_idx, w.s[M0_C] & 0xff);
    } else if (has_undefined(w) && (I.kind <= MATRIX || I.kind == MOVREL))
      run_undefined(x, w, t);
    else
      t.run(w, t);
  }
  if (b.steps.empty() || b.steps.back().inst != b.last) {
    trace(*b.last);
    if (x.weak) x.weak->check(w, *b.last);
  }
}

static bool taken(Exec const& x, Wave const& w, Cond c) {
  auto const is_zero = [&](int r) { return x.wide ? !rd64(w.s + r) : !w.s[r]; };
  switch (c) {
    case ALWAYS: return true;
    case SCC0: return !w.s[SCC];
    case SCC1: return w.s[SCC];
    case VCCZ: return is_zero(VCC);
    case VCCNZ: return !is_zero(VCC);
    case EXECZ: return is_zero(EXEC);
    case EXECNZ: return !is_zero(EXEC);
  }
  return false;
}

void run_wave(Exec& x, Wave& w, uint64_t quantum) {
  uint64_t const end = x.count + quantum;
  x.cur = &w;
  x.inst = nullptr;
  if (x.weak) x.weak->before_run(w);
  Block* b = block_at(x, rd64(w.s + PC));
  for (;;) {
    x.count += b->count;
    bool const pending = x.weak && (b->issues || w.in_flight->registers), undefined = x.uninit && (b->issues || has_undefined(w));
    if (__builtin_expect(x.trace || pending || undefined || w.gpr_idx, 0))
      with_care(x, w, *b);
    else
      for (Step const *t = b->steps.data(), *const last = t + b->steps.size(); t != last; t++) {
        x.inst = t->inst;
        t->run(w, *t);
      }
    Inst const& I = *b->last;
    x.inst = &I;
    if (__builtin_expect(undefined, 0) && I.kind == BR && has_undefined(w)) branch_undefined(x, w, I);
    uint64_t const after = I.pc + I.size;
    auto const to = [&](Block*& link, uint64_t pc) {
      Block* known = __atomic_load_n(&link, __ATOMIC_ACQUIRE);
      if (!known) __atomic_store_n(&link, known = block_at(x, pc), __ATOMIC_RELEASE);
      return known;
    };
    switch (I.kind) {
      case BR: b = taken(x, w, I.c) ? to(b->target, after + I.off) : to(b->next, after); break;
      case END:
        if (!x.grp->deferred.empty()) tell_deferred(x, w);
        if (x.race) x.race->end(w);
        if (x.weak) x.weak->end(w);
        w.done = true;
        return;
      case BARRIER:
        if (!x.grp->deferred.empty()) tell_deferred(x, w);
        wr64(w.s + PC, after);
        w.barrier = true;
        w.barrier_pc = I.pc;
        // No lane is on: compilers put a barrier before the instruction that turns lanes on again after a loop. A barrier in a branch
        // that not all lanes take is skipped if none takes it.
        w.missing = active_lanes(x, w) ? w.init & ~active_lanes(x, w) : 0;
        return;
      case GWS:
        if (!x.L->coop) fail(Err::unsupported, "grid barrier in a kernel that was not launched cooperatively");
        wr64(w.s + PC, after);
        w.gws = true;
        return;
      case SLEEP:
        if (x.yield) {
          wr64(w.s + PC, after);
          return;
        }
        b = to(b->next, after);
        break;
      case GPRIDX:
        if (I.base >= 0) w.s[M0_C] = (w.s[M0_C] & ~0xffu) | (w.s[I.base] & 0xff);
        if (I.imm >= 0) {
          w.gpr_idx = I.imm & 15;
          if (I.base >= 0) w.s[M0_C] = (w.s[M0_C] & ~0xf000u) | uint32_t(w.gpr_idx) << 12;
        }
        b = to(b->next, after);
        break;
      case PCOP: {  // s_getpc / s_setpc / s_swappc
        uint64_t const pc = I.v >= 0 ? rd64(w.s + I.v) : after;
        if (I.d >= 0) wr64(w.s + I.d, after);
        b = block_at(x, pc);
        break;
      }
      case CALL:
        wr64(w.s + I.d, after);
        b = to(b->target, after + I.off);
        break;
      case TRAP: fail(Err::trap, "s_trap / abort executed (device assert, __builtin_trap or unreachable code)"); break;
      case BAD: fail(Err::unsupported, "unsupported instruction"); break;
      default: b = to(b->next, after); break;  // a long block
    }
    if (__builtin_expect(x.count >= end || (x.weak && x.weak->stops()), 0)) {
      wr64(w.s + PC, b->pc);
      return;
    }
  }
}

}  // namespace emu
