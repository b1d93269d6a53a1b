// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Shared by the files of the HIP API, hip_*.cpp. Kernels go to engine.hpp; memory of the device is memory of the host.
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
/// Guards all tables of these files. Not held while a kernel or a callback runs.
extern std::recursive_mutex g_mx;
struct Lock {
  std::lock_guard<std::recursive_mutex> l{g_mx};
};
extern thread_local int t_dev;
/// Makes a device the thread's current one for a scope.
struct OnDevice {
  int const before = t_dev;
  explicit OnDevice(int d) { t_dev = d; }
  ~OnDevice() { t_dev = before; }
};
/// Whether kernels of a device may access the memory of another.
bool may_access(int from, int to);
/// The device whose kernel runs now. Guarded by the engine's lock.
extern int g_running;
/// Keeps the last error and returns e. Every function of the HIP API returns by it.
hipError_t ret(hipError_t e);
/// 5, 6 or 7: the headers that the executable was compiled with.
int api();
/// Whether all settings are valid. Prints once which are not.
bool settings_ok();
int devices();
bool is_device(int d);
using emu::now;
/// Prints a line to stderr.
void say(std::string const& s);
std::string hex(void const* p);
/// Returns the error of an earlier launch once.
hipError_t take_async();
void set_async(hipError_t e);

// ---- memory (hip_memory.cpp)
enum class Mem { host, device, managed };
struct Pool;
/// Whether memory belongs to an allocation node of a graph, and whether the node has run and no free has.
enum class GraphMemory { no, free, live };

/// An allocation.
struct Block {
  size_t size, span;
  void* map;
  Mem type;
  unsigned flags;
  int dev;
  Pool* pool;
  uint8_t* shadow;
  GraphMemory graph = GraphMemory::no;
  bool heap = false;     // of malloc() in kernels
  bool runtime = false;  // of the runtime itself, for example a managed variable: no leak
};
/// Returns the allocation that contains p, and its address, or null.
Block* block_of(void const* p, uintptr_t* base = nullptr);
/// Whether HIP knows this memory, so that copies need not wait.
bool pinned(void const* p);
hipError_t alloc(void** out, size_t n, Mem ty, unsigned flags = 0, Pool* pool = nullptr, bool runtime = false);
/// Frees an allocation. who: the function to name in a message.
hipError_t release(void* p, char const* who);
/// Allocates the memory of a node of a graph. Only `start_graph_memory` makes it usable.
hipError_t alloc_graph_memory(void** out, size_t n, Pool* pool = nullptr);
/// Runs an allocation node. again: also if the memory is in use. Its old contents are lost.
hipError_t start_graph_memory(void* p, bool again);
/// Runs a node that frees; also frees outside of a graph.
hipError_t end_graph_memory(void* p, char const* who);
/// Whether p is memory of a graph.
bool is_graph_memory(void const* p);
size_t mem_total();
/// The memory of a loaded code object counts as an allocation of a device.
void add_image(void const* p, size_t n, int dev);
void remove_image(void const* p);
/// Whether written bytes are tracked: AMDEMU_UNINIT.
bool shadow_on();
void shadow_set(void* d, size_t n);
void shadow_copy(void* d, void const* s, size_t n);

// ---- commands, which streams execute and nodes of graphs hold
struct Kernel {
  void const* func = nullptr;
  emu::CodeObject* co = nullptr;
  emu::KernelInfo* k = nullptr;
  dim3 g{1, 1, 1}, b{1, 1, 1};
  size_t shm = 0;
  bool coop = false;
  std::vector<uint8_t> args;
  int dev = 0;
};
/// w: bytes, h: rows, z: slices; dp, sp: pitches; ds, ss: strides of slices.
struct Copy {
  char* d;
  char const* s;
  size_t w, h, z, dp, sp, ds, ss;
};
/// w: elements of a row, h: rows, z: slices.
struct Fill {
  char* d;
  unsigned v;
  int size;
  size_t w, h, z, pitch, slice;
};
enum class Node { kernel, copy, fill, host, graph, empty, wait, record, alloc, free };
struct Graph;
struct Mark;
struct Cmd {
  Node type = Node::empty;
  Kernel kernel;
  Copy cp{};
  Fill fl{};
  std::function<void()> host;
  hipHostNodeParams host_params{};
  std::shared_ptr<Graph> child;
  hipEvent_t event = nullptr;
  std::shared_ptr<Mark> mark;  // what a node records or waits for
  void* memory = nullptr;      // of nodes that allocate or free
  size_t bytes = 0;
  bool again = false;  // allocates although the memory was not freed
  /// Runs the command on the calling thread.
  hipError_t run() const;
};
/// Whether a value is one of the directions of copies.
bool kind_ok(hipMemcpyKind k);
hipError_t check_copy(Copy const& c);
hipError_t check_fill(Fill const& f);
hipError_t from3d_parms(hipMemcpy3DParms const* p, Copy& c);
hipError_t make_kernel(Kernel& out, void const* f, dim3 g, dim3 b, void** args, size_t shm, bool coop, void** extra = nullptr);
hipError_t make_kernel(Kernel& out, emu::CodeObject* co, emu::KernelInfo* k, dim3 g, dim3 b, void** args, size_t shm, bool coop,
                       void** extra);
hipError_t run_kernel(Kernel const& k);
/// Sets *at to the address of bytes [off, off + n) of a variable of the device.
hipError_t sym_copy_range(void const* sym, size_t off, size_t n, char** at);

// Returns an error from the function if s is no stream.
#define STREAM(s)                                        \
  do {                                                   \
    if (hipError_t e_ = stream_check(s)) return ret(e_); \
  } while (0)

// ---- streams (hip_stream.cpp)
/// Executes, queues or captures a command. wait: returns when it has ended. call: the function of the HIP API, for messages.
hipError_t submit(hipStream_t s, Cmd c, bool wait = false, char const* call = __builtin_FUNCTION());
/// Returns success if s is a live stream.
hipError_t stream_check(hipStream_t s);
/// Waits for all work of a device, or of all devices.
hipError_t wait_all(int dev = -1);
/// The device of a stream; of the null stream the current one.
int device_of(hipStream_t s);
bool async_on();
/// Event points of graph nodes: a launch waits for what was recorded before it, and expects its own records, each of which is reached when
/// its node runs.
std::shared_ptr<Mark> event_mark(hipEvent_t e);
std::shared_ptr<Mark> event_expect(hipEvent_t e);
void event_reached(std::shared_ptr<Mark> const& m);
void event_wait(std::shared_ptr<Mark> const& m);
bool is_event(hipEvent_t e);

// ---- captures (hip_capture.cpp)
/// Refuses a call that a capture forbids on this thread: returns the error, prints the call's name and invalidates the captures.
hipError_t unsafe(char const* call = __builtin_FUNCTION());
/// Refuses a call that a captured stream forbids, in the same way.
hipError_t forbidden(hipStream_t s, char const* call = __builtin_FUNCTION());
/// Returns the graph into which the stream is captured, or null.
Graph* capturing(hipStream_t s);
/// Whether a capture adds nodes to this graph.
bool captured_now(Graph const* g);

// ---- graphs (hip_graph.cpp)
/// The memory of a graph's allocation nodes. A graph, its clones and executables share it. What is in use then stays an allocation.
struct Owned {
  std::vector<void*> p;
  ~Owned();
};
/// An object that graphs keep alive.
struct UserObject;
struct GNode {
  Cmd c;
  std::vector<GNode*> deps;
  Graph* g = nullptr;
  int id = 0;                     // in the graph
  unsigned long long serial = 0;  // of all nodes; an address may be that of an earlier node
  unsigned long long origin = 0;  // the serial number of the node that this one is a copy of, or 0
  bool enabled = true;
  std::vector<void*> ptrs;
  ~GNode();
};
struct Graph {
  std::vector<std::unique_ptr<GNode>> nodes;
  int next = 0;
  std::shared_ptr<Owned> owned = std::make_shared<Owned>();
  std::map<UserObject*, unsigned> objects;  // references
  Graph() = default;
  Graph(Graph const&) = delete;
  ~Graph();
  GNode* add(Cmd c, std::vector<GNode*> const& deps);
  /// Returns a topological order. It is shorter than `nodes` if there is a cycle.
  std::vector<GNode*> order() const;
  hipError_t run() const;
};
std::shared_ptr<Graph> clone_graph(Graph const& g);
/// Makes a handle for the graph.
hipGraph_t publish(std::shared_ptr<Graph> g);
/// The same for the child of a node, which stays the node's.
hipGraph_t lend(std::shared_ptr<Graph> const& g);
std::shared_ptr<Graph> graph_of(hipGraph_t g);
/// Returns null for an unknown handle.
GNode* node_of(hipGraphNode_t n);
/// The same; null also for a node of another type.
GNode* node_of(hipGraphNode_t n, Node type);
/// Appends the nodes of n handles to *out. Returns false if one is no node of the graph or occurs twice.
bool nodes_of(Graph const* g, hipGraphNode_t const* handles, size_t n, std::vector<GNode*>* out);

/// Bytes of LDS that a block may use.
extern uint32_t const lds_max;
/// The architecture that is emulated.
std::string arch();
}  // namespace shim
