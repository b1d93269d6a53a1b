// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// AMDEMU_WEAK and AMDEMU_WAIT: memory operations that are in flight until the wave has waited for them, and caches that are not coherent.
/// The rules are those of LLVM's AMDGPUUsage, section "Memory Model".
///
/// - An operation belongs to one or two counters of its wave from its issue until s_waitcnt or its like waits for it.
/// - Loads and atomics of global memory, and all operations on LDS, may be performed at any time in between. Those of a wave on LDS keep
///   their order, and so do accesses to the same address. They have read their registers at issue.
/// - A store to global memory is performed at issue in the cache of the compute unit. It reaches memory when it is waited for, or earlier.
/// - A random sequence, which the seed begins, chooses among what is allowed.
#pragma once
#include <memory>
#include <random>
#include <utility>
#include <vector>
#include "cache.hpp"
#include "exec.hpp"

namespace emu {

/// A memory operation that is to be performed later: its lanes and what it read from registers.
struct Access {
  uint64_t exec, lo, hi;  // the addresses lie in [lo, hi)
  uint8_t *p[64], *p2[64];
  uint32_t data[256], data1[128];
};

/// A memory operation in flight.
struct Pending {
  Inst const* inst = nullptr;
  RegisterUse::Range result = {0, 0, true, false};  // no registers: n is 0
  bool in_order = true;                             // completes in the order of its counter
  std::unique_ptr<Access> access;                   // not performed yet
  struct Dirty {
    uint64_t line, bytes;
  };
  std::vector<Dirty> dirty;  // what a store left in the cache
};

struct InFlight {
  std::vector<Pending> queue[COUNTERS];
  uint16_t busy[640] = {};         // for each register: operations in flight that write it
  uint8_t busy_counter[640] = {};  // the counter of the last one; COUNTERS: any other than a single counter in order
  uint32_t registers = 0;          // busy ones
  uint32_t later = 0;              // operations that are not performed yet
  uint32_t pause = 0;              // turns in which the wave does not run
  uint32_t unit = 0;               // the compute unit
};

class WeakMemory {
 public:
  /// weak: models what memory may do; otherwise only AMDEMU_WAIT is checked. kd: the kernel descriptor.
  WeakMemory(Exec& x, uint8_t const* kd, uint64_t launch);

  /// A wave begins, and ends.
  void begin(Wave& w);
  void end(Wave& w);
  /// Before each instruction: fails or prints if it uses a register that an operation in flight writes.
  void check(Wave& w, Inst const& I) {
    if (w.in_flight->registers) check_registers(w, I);
  }
  /// Executes WAIT, INVALIDATE or WRITE_BACK.
  void control(Wave& w, Inst const& I);
  /// An instruction that memory.cpp has performed is in flight: results: its registers are not valid yet.
  void issued(Wave& w, Inst const& I, bool results);
  /// Takes over a load, store or atomic. global: the lanes that access global memory; the others access LDS or scratch.
  template <uint32_t W>
  void issue(Wave& w, Inst const& I, uint64_t exec, uint64_t global, uint8_t* const* p, uint8_t* const* p2, uint32_t const* data,
             uint32_t const* data1);
  /// Performs a wave's operations of a counter.
  void perform_all(Wave& w, Counter c);
  /// A wave is about to run: what may happen meanwhile happens or not.
  void before_run(Wave& w);
  /// Whether a wave, whose turn it is, does not run.
  bool pauses(Wave& w);
  /// Whether the wave that runs shall stop at once, for others to see what it has done so far. Asking resets it.
  bool stops() { return std::exchange(stops_, false); }
  /// The wave of n that runs first.
  uint32_t first_of(size_t n) { return weak_ ? uint32_t(random_() % n) : 0; }
  /// The number of instructions that a wave runs before others do.
  uint64_t quantum() { return !weak_ ? 200000 : 1 + random_() % (chance(4) ? 400 : 16); }
  /// Performs everything and writes it to memory.
  void finish();
  bool weak() const { return weak_; }

 private:
  bool chance(uint32_t of) { return random_() % of == 0; }
  Cache& cache(Wave const& w);
  Counter counter(Inst const& I) const;
  void check_registers(Wave& w, Inst const& I);
  Pending& push(Wave& w, Counter c, Inst const& I, bool results, bool in_order);
  void complete(Wave& w, Pending& p);
  void perform(Wave& w, Pending& p);
  void wait(Wave& w, Counter c, uint32_t limit);
  void perform_overlapping(Wave& w, uint64_t lo, uint64_t hi);
  template <uint32_t W>
  void transfer_global(Wave& w, Inst const& I, uint64_t exec, uint64_t global, uint8_t* const* p, uint8_t* const* p2, uint32_t const* data,
                       uint32_t const* data1, std::vector<Pending::Dirty>* dirty);

  Exec& x_;
  bool weak_, rereads_, wait_, wait_is_error_, stops_ = false;
  bool shared_unit_;   // the waves of a block run on one compute unit
  bool two_levels_;    // a cache lies between those of the compute units and memory
  bool keeps_stores_;  // it does not pass stores on
  std::minstd_rand random_;
  Places places_;
  std::unique_ptr<Cache> units_[8], behind_[2];
};

}  // namespace emu
