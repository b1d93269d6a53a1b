// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The interface that the HIP API (hip_*.cpp) calls: code objects, launches, and printf of kernels.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace emu {

struct Inst;
struct Block;

/// An argument of a kernel. kind: its value_kind in the code object's metadata; hidden ones are filled by the engine.
struct Arg {
  std::string kind;
  uint32_t offset = 0, size = 0;
};

/// A kernel, as the code object's metadata describes it.
struct KernelInfo {
  std::string name;  // mangled
  uint32_t lds = 0, priv = 0, kernarg_size = 0, max_flat = 1024, sgprs = 0, vgprs = 0, agprs = 0, wave = 64;
  bool dyn_stack = false;
  std::vector<Arg> args;
  uint64_t kd = 0;  // address of the kernel descriptor; 0: the code object lacks it
};

/// A loaded code object.
struct CodeObject {
  std::string arch;          // for example gfx942
  uint8_t* image = nullptr;  // its memory; virtual address 0 of the file
  size_t size = 0;
  std::map<std::string, KernelInfo> kernels;
  struct Sym {
    uint64_t addr;
    uint64_t size;
  };
  std::map<std::string, Sym> symbols;
  std::vector<uint8_t> debug;                     // the file, if it has source lines
  mutable std::map<uint64_t, std::string> lines;  // of source code, by address: those that were asked for (source_lines.cpp)
  uint64_t code = 0;                              // address of the first executable byte
  std::vector<Inst*> slots;                       // for each word of the executable part: its instruction, once decoded
  std::vector<Block*> blocks;                     // for each word: the block that begins there, once made
};

/// A launch.
struct Launch {
  CodeObject* co;
  KernelInfo* k;
  uint32_t grid[3], block[3], dyn_lds;  // grid: blocks; block: threads; dyn_lds: bytes
  void const* args;                     // the explicit arguments at their offsets
  size_t args_size;
  int device = 0, devices = 1;  // the device that runs it, and how many there are
  bool coop = false;            // all blocks are resident and the grid barrier may be used
};

enum class Err { ok, unsupported, fault, trap, timeout, internal };

/// Seconds of a steady clock.
double now();

// ---- code_object.cpp, decode.cpp
/// Returns "cdna", "rdna3" or "rdna4", or null if the architecture is not emulated.
char const* family(std::string const& gfx);
uint32_t wave_size(std::string const& gfx);
/// Loads an AMDGPU ELF file. Returns null and the reason if it is damaged.
CodeObject* load(void const* elf, size_t size, std::string const& gfx, std::string& why);
void unload(CodeObject* co);
/// Copies an ELF file or offload bundle of unknown size: what its headers say, as far as memory can be read.
std::string read_image(void const* image);

// ---- engine.cpp
/// Runs a launch to its end on the calling thread. One at a time. why: the message of an error.
Err run(Launch const&, std::string& why);

// ---- statistics.cpp
/// Counts a launch that ran to its end, for AMDEMU_STATS and AMDEMU_REPORT.
void count_launch(Launch const& launch, uint64_t instructions, double seconds);

// ---- hostcall.cpp: printf and malloc of kernels
/// Empties the buffer and returns its address, for a kernel's hidden argument.
uint64_t hostcall_buffer();
/// The memory that kernels use for it: begin and end of three ranges.
void hostcall_ranges(uint64_t r[3][2]);
/// Prints what kernels have put into the buffer, and gives them memory.
void hostcall_service();
/// The state of malloc() in kernels of a device, which runs now, for a hidden argument: zeros at first. AMD's device library keeps it.
void* malloc_state(int device);

// ---- the allocations, for the access checks

/// An allocation [lo, hi) with its padding up to end. shadow has for each of its bytes the bits that are defined; null if this is not
/// tracked. foreign: the other device that it belongs to, if the launch's device may not access that; else -1. in_pool:
/// whether it comes from a pool.
struct Region {
  uint64_t lo = 0, hi = 0, end = 0;
  uint8_t* shadow = nullptr;
  int foreign = -1;
  bool in_pool = false;
};
/// Finds the allocation whose bytes or padding contain an address. Set by hip_memory.cpp.
extern bool (*find_region)(uint64_t addr, Region&);
/// Says what an address outside all allocations is, for messages.
extern std::string (*describe_address)(uint64_t addr);
/// Allocates device memory for malloc() of kernels, zeroed, at a multiple of 2 MiB. Returns null if there is none. Set by hip_memory.cpp.
extern void* (*heap_allocate)(size_t bytes);
/// Frees what heap_allocate returned. Returns false for any other address.
extern bool (*heap_free)(void* p);

}  // namespace emu
