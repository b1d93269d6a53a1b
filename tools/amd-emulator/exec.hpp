// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The state of a launch that runs. engine.cpp makes it, interpreter.cpp runs the waves; memory.cpp has the memory instructions and
/// checks.cpp the access checks.
#pragma once
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>
#include "isa.hpp"

namespace emu {

constexpr uint32_t lds_span = 160 << 10;          // bytes of LDS that are mapped for a group
constexpr uint64_t lds_base = 0x200000000000ull;  // the LDS of slot i lies at lds_base + i * 4 GiB: flat and host address agree
constexpr uint64_t lds_windows = 1024;            // groups that may be resident
inline bool in_lds(uint64_t address) { return address - lds_base < lds_windows << 32; }
constexpr uint32_t old_lds_hi = 0x10000, old_priv_hi = 0x20000;  // high halves of the apertures for code that reads SH_MEM_BASES

/// A resident group. Its memory is kept for later groups.
struct Group {
  /// A finding that is none if the wave's compare-and-swap on the same bytes follows.
  struct Deferred {
    uint8_t wave;
    uint64_t lo, hi;
    std::function<void()> tell;
  };
  uint8_t* lds = nullptr;
  std::vector<Wave*> w;
  uint32_t id[3];
  long spins = 0;                 // rounds in which no wave ended or reached a barrier
  std::vector<uint8_t> written;   // for each byte of LDS the bits that are defined
  std::vector<uint8_t> computed;  // and the undefined ones that were computed; empty: none
  std::vector<Deferred> deferred;
};

class WeakMemory;
class Races;

/// A launch.
struct Exec {
  Launch const* L;
  Isa const* isa;
  CodeObject* co;
  uint32_t wave;    // lanes of a wave
  bool cdna, wide;  // wide: 64 lanes
  uint32_t stride;  // bytes of scratch per lane
  uint32_t lds_size;
  Wave* cur = nullptr;  // what runs now
  Inst const* inst = nullptr;
  Group* grp = nullptr;
  uint64_t count = 0;   // instructions executed, those of a block as it begins
  uint64_t before = 0;  // those of earlier launches, and how often a clock was read in this one
  bool lds_warned = false, div_warned = false;
  bool trace = false;
  bool helper = false;                                 // runs in a thread that the launch has started
  bool flush = false;                                  // the kernel flushes denormals of 32-bit floats
  bool scales[2] = {};                                 // output modifiers have an effect: on 32-bit floats, on others
  bool by_lane = false;                                // something must see each lane's access to memory
  bool yield = false;                                  // s_sleep lets other waves run
  bool hostcall = false;                               // the kernel prints
  bool uninit = false, bounds = false, check = false;  // access checks; check: any of them, or races
  Region near[4];                                      // the allocations used last
  uint32_t near_next = 0;
  WeakMemory* weak = nullptr;  // of AMDEMU_WEAK and AMDEMU_WAIT
  uint64_t own[7][2] = {};     // address ranges that belong to the launch itself
  long uninit_reads = 0, races = 0;
  uint64_t mg_arg = 0;  // what __ockl_grid_* and __ockl_multi_grid_* read
  double deadline = 0;
  Races* race = nullptr;  // of AMDEMU_RACE
};

template <class T>
T rd(uint8_t const* p) {
  T v;
  memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
void wr(uint8_t* p, T v) {
  memcpy(p, &v, sizeof v);
}

/// The kernel's name for messages.
std::string name_of(KernelInfo const& k);
/// Kernel, instruction, code offset and group of what runs now.
std::string place(Exec const& x);

// ---- checks.cpp
/// Warns once per launch, or fails the launch with AMDEMU_BARRIER=error.
void divergent_barrier(Exec& x, Wave& w, char const* what, uint64_t lanes);
/// Reports an instruction that uses a register before it is loaded. hard: fails the launch.
void missing_wait(Exec& x, std::string const& what, bool hard);
inline bool is_cas(Inst const& I) { return I.op == AT && (I.at == CAS || I.at == CAS_DS9 || I.at == CAS_DS11); }
/// Keeps a finding of a load of n bytes until the wave's compare-and-swap on the same bytes follows: then it is none. A wave that updates
/// an object of 8 or 16 bits loads the word that contains it, and compares all of it.
void defer(Group& g, uint8_t wave, uint64_t address, uint32_t n, std::function<void()> tell);
/// Drops the wave's findings of bytes [lo, hi).
void forgive(Exec& x, Wave const& w, uint64_t lo, uint64_t hi);
/// Tells the wave's findings. Call it at a barrier and at the wave's end.
void tell_deferred(Exec& x, Wave const& w);
/// Whether an instruction may access an aligned word for the sake of some of its bytes.
bool may_be_part(Inst const& I, uint64_t address);
/// The allocation that contains an address, or null.
Region const* region(Exec& x, uint64_t address);
/// Checks that n bytes at p lie in an allocation. Written ones count as defined.
void access(Exec& x, Wave& w, Inst const& I, uint8_t const* p, uint32_t n, bool wr);
/// A compare-and-swap of the active lanes on LDS drops findings, as forgive() says.
void check_lds(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p);
/// Checks the active lanes' accesses to global memory.
void check_global(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, bool wr);

// ---- interpreter.cpp
/// Runs a wave until it ends, waits at a barrier or has executed `quantum` instructions.
void run_wave(Exec& x, Wave& w, uint64_t quantum);
/// The instruction at an address, decoded once.
Inst* instruction_at(Exec& x, uint64_t pc);

// ---- statistics.cpp
/// Keeps the name of an instruction, for AMDEMU_COVERAGE. Blocks run as a whole: it is called once for each instruction of a block.
void cover(Isa const& isa, Inst const& inst);

// ---- buffer.cpp
/// Sets the addresses of the lanes of a buffer instruction. Returns the lanes that remain to be done: an access that is not wholly inside
/// the buffer is done here. zeros: lanes of a load to LDS that get an address of zeros instead.
template <uint32_t W>
uint64_t buffer_addresses(Exec& x, Wave& w, Inst const& I, uint64_t exec, uint8_t** p, uint64_t& zeros);
void scalar_buffer_load(Exec& x, Wave& w, Inst const& I);

// ---- coalesced.cpp
/// Whether coalesced() may execute an instruction.
bool can_coalesce(Inst const& I);
/// Executes a load or store of consecutive addresses at once. Does nothing and returns false if lanes are off, addresses are others or
/// there may be a finding: then mem_op() has to do it.
template <int W>
bool coalesced(Exec& x, Wave& w, Inst const& I);

// ---- memory.cpp
/// Loads, stores or updates the active lanes' data at p, and at p2 for an instruction with two addresses.
template <uint32_t W>
void transfer(Inst const& I, uint64_t exec, uint8_t* const* p, uint8_t* const* p2, uint32_t const* data, uint32_t const* data1,
              uint32_t* dst);
template <uint32_t W>
void mem_op(Exec& x, Wave& w, Inst const& I);
void smem(Exec& x, Wave& w, Inst const& I);

}  // namespace emu
