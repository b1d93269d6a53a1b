// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// AMDEMU_RACE: two waves access the same byte, one of them writes, and nothing orders the accesses. Orders are found as FastTrack does it
/// (Flanagan, Freund: FastTrack: efficient and precise dynamic race detection, PLDI 2009): each access has an epoch, the number of the
/// operation in its wave, and a wave knows up to which epoch the others' accesses are ordered before its own.
///
/// These instructions make an order (LLVM's AMDGPUUsage, section "Memory Model"):
///
/// - A wave releases what it has waited for and, where caches must be written back, what it has written back since.
/// - An atomic operation or a store publishes what its wave has released. An atomic operation or load takes it over. This counts once the
///   wave has waited for it and has invalidated its caches.
/// - A barrier of the group does the same for the group's waves, and that of the grid for all.
#pragma once
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>
#include "exec.hpp"
#include "race_clock.hpp"

namespace emu {

/// An access of an instruction to a line of 64 bytes.
struct RaceCell {
  enum : uint8_t {
    write = 1,
    atomic = 2,    // an atomic operation, or a load or store with bits of coherence
    group = 4,     // atomic for the group only
    update = 8,    // an atomic operation that changed the value
    flag = 16,     // a store by a wave that has used the bytes atomically, or has just waited for its stores
    uniform = 32,  // all lanes have the same address
    early = 64,    // a load that the compiler has perhaps moved before the test of a flag
    part = 128     // a compare-and-swap that changed half a word or less
  };
  uint64_t bytes = 0;  // of the line, one bit each
  uint32_t wave = 0, epoch = 0;
  uint32_t code = 0;           // the instruction's offset in words
  uint32_t done[2] = {0, 0};   // operations that the wave had released to the device
  uint32_t lds_done = 0;       // and those on LDS that it had waited for
  uint8_t kind = 0, lane = 0;  // lane: the first
  uint8_t clock = 0;           // the index in Epochs
  bool second = false;         // the second address of the instruction
  uint32_t turn = 0;           // the number of the atomic operation; of a plain store, that of the wave's last one on all its bytes
};

/// Accesses that a wave publishes: those that it has made, or that are ordered before them.
struct Published {
  Clock device;           // for waves of other groups
  Clock group, complete;  // for waves of its group, as RaceWave::known and complete
  Clock lds;
};

/// The state of a wave.
struct RaceWave {
  /// Knowledge that the wave takes over once it has waited for its operation `number` of a counter, and has invalidated its caches.
  struct Taken {
    Clock device, group, complete;
    uint32_t number = 0;
    uint8_t counter = 0;
    bool outer = false;  // the outer one of two caches is invalidated
  };
  uint32_t id = 0;  // in the launch
  Group* group = nullptr;
  uint8_t rank = 0;                // in the group
  uint32_t issued[3] = {0, 0, 0};  // operations, by LOAD_COUNT, STORE_COUNT, LDS_COUNT
  uint32_t done[3] = {0, 0, 0};    // those that the wave has waited for
  uint32_t released_at = 0;        // the number of operations when the wave waited for its stores
  bool last_is_store = false;
  uint64_t last_read = 0;     // the atomic load that it has executed last
  uint32_t written_back = 0;  // stores that a write-back covers
  Clock known;                // accesses to global memory that are ordered before the wave's next one
  Clock complete;             // accesses that were waited for, as far as the wave knows
  Clock released;             // those of them that are written back, where this is needed
  Clock lds;                  // accesses to LDS that are ordered before the next one
  std::vector<Taken> taken;
  /// An atomic load in flight, which may read a value that is written after its issue (AMDEMU_WEAK).
  struct Late {
    Inst const* inst;
    uint64_t address;
    uint32_t number;
    uint8_t counter;
    bool lds, group;
  };
  std::vector<Late> late;
  uint32_t frozen[3] = {0, 0, 0};        // operations before the last one that published something, or the last barrier
  uint64_t instructions = 0;             // of memory
  std::shared_ptr<Published const> own;  // what it publishes, made at the instruction own_at
  uint64_t own_at = 0;
};

class Races {
 public:
  Races(Exec& x, uint8_t const* kd, uint32_t waves_of_group, uint64_t groups);

  void begin_group(Group& g, uint32_t number);
  void end_group(Group& g);
  /// Counts a memory instruction. Call it before the others.
  void issue(Wave& w, Inst const& I);
  /// Checks the active lanes' loads or stores of n bytes. data: the words that are stored, if they are in registers. second: the other
  /// address of the same instruction.
  void access(Wave& w, Inst const& I, uint64_t exec, uint8_t* const* p, uint32_t n, bool write, uint32_t const* data, bool second);
  /// The same for all lanes that access `bytes` consecutive bytes at p, or the same I.n bytes. Returns false, and does nothing, if access()
  /// must do it.
  bool consecutive(Wave& w, Inst const& I, uint8_t* p, uint32_t bytes, bool same);
  /// Checks a lane's atomic operation on n bytes at p, which become those at `after`.
  void atomic(Wave& w, Inst const& I, uint32_t lane, uint8_t const* p, uint8_t const* after, uint32_t n);
  /// Checks a scalar load.
  void scalar(Wave& w, Inst const& I, uint8_t const* p, uint32_t n);
  /// Executes WAIT, INVALIDATE, WRITE_BACK.
  void order(Wave& w, Inst const& I);
  void end(Wave& w);
  /// All waves of a group, or of the grid, have come to their barrier.
  void open(Group& g);
  void open_grid(std::vector<Group*> const& groups);

 private:
  friend struct RacePages;
  struct Line;
  struct Page;
  struct Access;
  /// What those that acquire an address take over.
  struct Sync {
    Published all;
    uint32_t group_number = ~0u;  // of the waves that published all but all.device
    struct Recent {
      std::shared_ptr<Published const> what;
      uint32_t wave;
      bool device;
    };
    std::vector<Recent> recent;  // not joined to `all` yet
  };

  // ---- races.cpp
  void clear();
  static RaceCell cell_of(Access& a, Exec const& x, bool write, Epochs const& done);
  Line& line(uint64_t address);
  void insert(Line& l, RaceCell const& c);
  void touch(Access& a, uint64_t address, uint64_t bytes, uint32_t lane);
  void check(Access& a, RaceCell& mine, RaceCell const& c, uint64_t address);
  bool ordered(Access& a, RaceCell const& c);
  char const* race(Access& a, RaceCell const& mine, RaceCell const& c, uint64_t address);
  bool is_flag(Access const& a, Line const& l, uint64_t bytes) const;
  bool stores_same(Access const& a, uint64_t address, uint64_t bytes) const;
  void two_lanes(Access& a, uint64_t address, uint64_t bytes);
  bool polls(Inst const& I);
  bool follows(RaceWave const& s, Inst const& I);
  void report(Access const& a, RaceCell const& mine, RaceCell const& c, uint64_t address, uint64_t both, char const* what);
  std::string describe(RaceCell const& c) const;
  uint32_t group_of(uint32_t wave) const { return (wave - first_) / waves_of_group_; }
  /// Gives the checks of this launch up.
  void stop(char const* why);

  // ---- race_order.cpp
  Epochs group_epochs(RaceWave const& s) const;
  Epochs device_epochs(RaceWave const& s) const;
  Clock const& device_clock(RaceWave const& s) const { return writes_back_ ? s.released : s.complete; }
  void publish(Access& a, uint64_t address, bool add);
  void acquire(Access& a, uint64_t address);
  void acquire_late(Wave& w);
  void join_recent(Sync& y);
  Sync* from_stores(Access& a, uint64_t address);
  void take(RaceWave& s, bool outer, bool device);

  Exec& x_;
  uint32_t first_;  // the first wave of this launch
  uint32_t const waves_of_group_;
  bool group_in_order_;     // a group's waves see each other's accesses to global memory without waits
  bool plain_group_loads_;  // atomic loads for the group are plain loads
  bool writes_back_;        // releases to the device need a write-back
  bool store_bits_;         // atomic stores have bits of coherence
  bool strict_;             // reports accesses that look plain but may be atomic, and stores of the value that is there
  bool stopped_ = false;
  uint32_t turn_ = 0;  // the number of atomic operations
  std::unordered_map<Group*, std::unique_ptr<RaceWave[]>> waves_;
  std::unordered_map<uint64_t, Sync> sync_;  // by the address of the word
  std::unordered_map<uint32_t, RaceWave*> active_;
  std::unordered_map<uint32_t, Clock> ended_;  // what waves of ended groups had released
  std::deque<uint32_t> ended_order_;
};

}  // namespace emu
