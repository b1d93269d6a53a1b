// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shared by the files of the HIP host API. Kernels go to the emulator (engine.h); memory is plain host memory.
#pragma once
#define __HIP_PLATFORM_AMD__ 1
#include <hip/hip_runtime_api.h>
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>
#include "engine.hpp"
#include "settings.hpp"

#define API extern "C" __attribute__((visibility("default")))

namespace shim {
// ---- common state (hip_device.cpp)
extern std::recursive_mutex g_mx;  // guards every table below; never held while a kernel or callback runs
struct Lock {
  std::lock_guard<std::recursive_mutex> l{g_mx};
};
extern thread_local int t_dev;
hipError_t ret(hipError_t e);  // every API function returns through it: it keeps the last error
int api();                     // 5, 6 or 7: which headers the executable was compiled with
int devices();
using emu::now;
void say(std::string const& s);
std::string hex(void const* p);
hipError_t takeAsync();  // error of an earlier launch, reported once
void setAsync(hipError_t e);

// ---- memory (hip_memory.cpp)
enum class Mem { host, device, managed };
struct Pool;
struct Block {
  size_t size, span;
  void* map;
  Mem type;
  unsigned flags;
  int dev;
  Pool* pool;
  uint8_t* shadow;
};
Block* blockOf(void const* p, uintptr_t* base = nullptr);
bool pinned(void const* p);  // known to the runtime: copies need not wait
hipError_t alloc(void** out, size_t n, Mem ty, unsigned flags = 0, Pool* pool = nullptr);
hipError_t release(void* p, char const* who);
size_t memTotal();
bool shadowOn();  // AMDEMU_UNINIT
void shadowSet(void* d, size_t n);
void shadowCopy(void* d, void const* s, size_t n);

// ---- commands: what a stream executes and a graph node holds
struct Kernel {
  void const* func = nullptr;
  emu::CodeObject* co = nullptr;
  emu::KernelInfo* k = nullptr;
  dim3 g{1, 1, 1}, b{1, 1, 1};
  size_t shm = 0;
  bool coop = false;
  std::vector<uint8_t> args;
};
struct Copy {
  char* d;
  char const* s;
  size_t w, h, z, dp, sp, ds, ss;
};  // bytes, rows, slices; pitches; slice strides
struct Fill {
  char* d;
  unsigned v;
  int size;
  size_t w, h, z, pitch, slice;
};  // elements per row, rows, slices
enum class Node { kernel, copy, fill, host, graph, empty, wait, record, alloc, free };
struct Graph;
struct Cmd {
  Node type = Node::empty;
  Kernel kernel;
  Copy cp{};
  Fill fl{};
  std::function<void()> host;
  hipHostNodeParams hostParams{};
  std::shared_ptr<Graph> child;
  hipEvent_t event = nullptr;
  hipError_t run() const;  // on the calling thread, now
};
hipError_t checkCopy(Copy const& c);
hipError_t checkFill(Fill const& f);
hipError_t from3dParms(hipMemcpy3DParms const* p, Copy& c);
hipError_t makeKernel(Kernel& out, void const* f, dim3 g, dim3 b, void** args, size_t shm, bool coop, void** extra = nullptr);
hipError_t makeKernel(Kernel& out, emu::CodeObject* co, emu::KernelInfo* k, dim3 g, dim3 b, void** args, size_t shm, bool coop,
                      void** extra);
hipError_t runKernel(Kernel const& k);
hipError_t symCopyRange(void const* sym, size_t off, size_t n, char** at);  // address of bytes of a device variable

// A function that a stream handle cannot be given to returns the error.
#define STREAM(s)                                       \
  do {                                                  \
    if (hipError_t e_ = streamCheck(s)) return ret(e_); \
  } while (0)

// ---- streams (hip_stream.cpp)
hipError_t submit(hipStream_t s, Cmd c, bool wait = false);  // execute, queue or capture
hipError_t unsafe();                                         // for calls that are illegal during a capture: error to return, or success
hipError_t streamCheck(hipStream_t s);                       // a live handle?
hipError_t waitAll();                                        // device synchronisation
bool asyncOn();
Graph* capturing(hipStream_t s);  // the graph that this stream is recorded into, or null

void eventRecordNow(hipEvent_t e);  // for graph nodes
void eventWaitNow(hipEvent_t e);

// ---- graphs (hip_graph.cpp)
struct Owned {
  std::vector<void*> p;
  ~Owned();
};  // memory that a graph's allocation nodes made
struct GNode {
  Cmd c;
  std::vector<GNode*> deps;
  Graph* g = nullptr;
  int id = 0;
  GNode* origin = nullptr;
  bool enabled = true;
  std::vector<void*> ptrs;
  ~GNode();
};
struct Graph {
  std::vector<std::unique_ptr<GNode>> nodes;
  int next = 0;
  std::shared_ptr<Owned> owned = std::make_shared<Owned>();
  GNode* add(Cmd c, std::vector<GNode*> const& deps);
  std::vector<GNode*> order() const;  // a topological order; shorter than nodes when there is a cycle
  hipError_t run() const;
};
std::shared_ptr<Graph> cloneGraph(Graph const& g);
hipGraph_t publish(std::shared_ptr<Graph> g);  // gives it a handle
std::shared_ptr<Graph> graphOf(hipGraph_t g);
GNode* nodeOf(hipGraphNode_t n);  // null when unknown

extern uint32_t const kLdsMax;
std::string arch();
}  // namespace shim
