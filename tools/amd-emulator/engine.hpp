// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Wave execution engine: runs AMDGPU code objects on the CPU. Instructions: isa.h.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace emu {

struct Inst;

struct Arg {
  std::string kind;
  uint32_t offset = 0, size = 0;
};

struct KernelInfo {
  std::string name;
  uint32_t lds = 0, priv = 0, kernargSize = 0, maxFlat = 1024, sgprs = 0, vgprs = 0, agprs = 0, wave = 64;
  bool dynStack = false;
  std::vector<Arg> args;
  uint64_t kd = 0;  // address of the kernel descriptor in the loaded image, 0 when not loaded
};

struct CodeObject {
  std::string arch;          // "gfx942"
  uint8_t* image = nullptr;  // loaded at image, vaddr 0 == image
  size_t size = 0;
  std::map<std::string, KernelInfo> kernels;
  struct Sym {
    uint64_t addr;
    uint64_t size;
  };
  std::map<std::string, Sym> symbols;
  uint64_t code = 0;         // address of the first executable byte
  std::vector<Inst*> slots;  // for each word of the executable part: its instruction, once decoded
};

struct Launch {
  CodeObject* co;
  KernelInfo* k;
  uint32_t grid[3], block[3], dynLds;
  void** args;  // one pointer per explicit argument, or null with packed
  void const* packed;
  size_t packedSize;
  bool coop = false;  // all groups resident, grid barrier usable
};

enum class Err { ok, unsupported, fault, trap, timeout, internal };

double now();                                // seconds of a steady clock
char const* family(std::string const& gfx);  // "cdna", "rdna3", "rdna4" or null
uint32_t waveSize(std::string const& gfx);
void unload(CodeObject* co);  // decode.cpp
CodeObject* load(void const* elf, size_t size, std::string const& gfx, std::string& why);
Err run(Launch const&, std::string& why);
bool inLds(uint64_t addr);
uint64_t hostcallBuffer();  // hostcall.cpp: address for a kernel's hidden argument
void hostcallRanges(uint64_t r[3][2]);
void hostcallService();

// For the optional access checks: the allocation that contains or, within its padding, precedes an address. shadow has one
// byte per byte, nonzero once written; null when that is not tracked.
struct Region {
  uint64_t lo = 0, hi = 0, end = 0;
  uint8_t* shadow = nullptr;
};
extern bool (*findRegion)(uint64_t addr, Region&);

}  // namespace emu
