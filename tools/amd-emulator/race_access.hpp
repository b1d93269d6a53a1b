// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Shared by races.cpp and race_order.cpp: lines of memory, and the access that is checked.
#pragma once
#include <cstdlib>
#include "races.hpp"

namespace emu {

/// The accesses to 64 bytes that may race with later ones. A few old reads are dropped if there are too many.
struct Races::Line {
  RaceCell* cells = nullptr;
  uint8_t n = 0, room = 0;
  bool published = false;  // an address of the line is in sync_
};
struct Races::Page {
  Line lines[64];
};

/// An access that is checked.
struct Races::Access {
  Wave& w;
  RaceWave& s;
  Inst const& I;
  RaceCell cell = {};
  bool lds = false;
  uint64_t exec = 0;
  uint8_t* const* p = nullptr;     // of each lane
  uint32_t n = 0;                  // bytes of each lane
  uint32_t const* data = nullptr;  // what a store writes
  int counter = 0;                 // that counts it
  bool late = false;               // an atomic load that was issued before
  bool synchronises = false;       // a plain load that may be an atomic one
  uint32_t last_wave = 0;          // what `ordered` found last
  Epochs last_epochs = {};
};

}  // namespace emu
