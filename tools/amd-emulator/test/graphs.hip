// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Graphs and captures of streams: what each call does, and each refusal with its message. Compiles with the headers of HIP 5.2, 6 and 7.
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "support.hpp"

#define OK(x) EXPECT_EQ((x), hipSuccess)

#if HIP_VERSION_MAJOR < 6  // what HIP 5.2 does not declare
struct hipMemAllocNodeParams {
  hipMemPoolProps poolProps;
  hipMemAccessDesc const* accessDescs;
  size_t accessDescCount, bytesize;
  void* dptr;
};
struct hipMemcpyNodeParams {
  int flags, reserved[3];
  hipMemcpy3DParms copyParams;
};
struct hipGraphNodeParams {
  hipGraphNodeType type;
  int reserved0[3];
  union {
    long long reserved1[29];
    hipKernelNodeParams kernel;
    hipMemcpyNodeParams memcpy;
  };
  long long reserved2;
};
using UserObject = void*;
extern "C" {
hipError_t hipGraphAddMemAllocNode(hipGraphNode_t*, hipGraph_t, hipGraphNode_t const*, size_t, hipMemAllocNodeParams*);
hipError_t hipGraphAddMemFreeNode(hipGraphNode_t*, hipGraph_t, hipGraphNode_t const*, size_t, void*);
hipError_t hipGraphMemAllocNodeGetParams(hipGraphNode_t, hipMemAllocNodeParams*);
hipError_t hipGraphMemFreeNodeGetParams(hipGraphNode_t, void*);
hipError_t hipGraphAddNode(hipGraphNode_t*, hipGraph_t, hipGraphNode_t const*, size_t, hipGraphNodeParams*);
hipError_t hipGraphExecNodeSetParams(hipGraphExec_t, hipGraphNode_t, hipGraphNodeParams*);
hipError_t hipGraphNodeSetEnabled(hipGraphExec_t, hipGraphNode_t, unsigned);
hipError_t hipGraphNodeGetEnabled(hipGraphExec_t, hipGraphNode_t, unsigned*);
hipError_t hipGraphDebugDotPrint(hipGraph_t, char const*, unsigned);
hipError_t hipUserObjectCreate(UserObject*, void*, hipHostFn_t, unsigned, unsigned);
hipError_t hipUserObjectRelease(UserObject, unsigned);
hipError_t hipGraphRetainUserObject(hipGraph_t, UserObject, unsigned, unsigned);
hipError_t hipEventRecordWithFlags(hipEvent_t, hipStream_t, unsigned);
hipError_t hipDeviceGetGraphMemAttribute(int, int, void*);
}
#else
using UserObject = hipUserObject_t;
inline hipError_t hipDeviceGetGraphMemAttribute(int device, int attribute, void* value) {
  return hipDeviceGetGraphMemAttribute(device, hipGraphMemAttributeType(attribute), value);
}
#endif

__device__ int symbol[4];
__global__ void add(int* p, int v) { p[threadIdx.x + blockIdx.x * blockDim.x] += v; }
__global__ void multiply(int* p, int v) { p[threadIdx.x] *= v; }
__global__ void read_all(int* to, int const* from) { to[threadIdx.x] = from[threadIdx.x]; }

/// A kernel node's parameters, which own the arguments.
struct KernelNode : hipKernelNodeParams {
  int* p;
  int v;
  void* pointers[2] = {&p, &v};
  KernelNode(void (*f)(int*, int), int* p, int v, unsigned blocks = 1) : hipKernelNodeParams{}, p(p), v(v) {
    func = reinterpret_cast<void*>(f);
    gridDim = dim3(blocks);
    blockDim = dim3(4);
    kernelParams = pointers;
  }
};
using Ints = std::vector<int>;
static Ints values(Dev<int>& array) {
  (void)hipGetLastError();  // from HIP 7 on it keeps the error of a call that was refused
  return array.get();
}
static void count(void* n) { ++*static_cast<int*>(n); }

class Graphs : public ::testing::Test {
 protected:
  hipGraph_t g = nullptr;
  hipGraphExec_t x = nullptr;
  Dev<int> d{4}, e{4};
  void SetUp() override { OK(hipGraphCreate(&g, 0)); }
  void TearDown() override {
    if (x) OK(hipGraphExecDestroy(x));
    if (g) OK(hipGraphDestroy(g));
    (void)hipGetLastError();
  }
  void instantiate() { OK(hipGraphInstantiate(&x, g, nullptr, nullptr, 0)); }
  void launch() {
    OK(hipGraphLaunch(x, nullptr));
    OK(hipDeviceSynchronize());
  }
  hipGraphNode_t kernel(void (*f)(int*, int), int v, hipGraphNode_t after = nullptr) {
    KernelNode const k(f, d.p, v);
    hipGraphNode_t n = nullptr;
    OK(hipGraphAddKernelNode(&n, g, &after, after ? 1 : 0, &k));
    return n;
  }
};

TEST_F(Graphs, every_kind_of_node) {
  int calls = 0;
  hipMemsetParams fill{};
  fill.dst = d.p;
  fill.elementSize = 4;
  fill.width = 4;
  fill.height = 1;
  fill.value = 5;
  hipHostNodeParams host{count, &calls};
  hipEvent_t before, after, other;
  for (hipEvent_t* v : {&before, &after, &other}) OK(hipEventCreate(v));
  hipGraphNode_t n[10];
  hipGraph_t child;
  OK(hipGraphCreate(&child, 0));
  KernelNode const inner(multiply, d.p, 3);
  OK(hipGraphAddKernelNode(&n[0], child, nullptr, 0, &inner));
  OK(hipGraphAddEventRecordNode(&n[0], g, nullptr, 0, before));
  OK(hipGraphAddMemsetNode(&n[1], g, &n[0], 1, &fill));
  OK(hipGraphAddChildGraphNode(&n[2], g, &n[1], 1, child));
  OK(hipGraphAddMemcpyNodeToSymbol(&n[3], g, &n[2], 1, HIP_SYMBOL(symbol), d.p, 16, 0, hipMemcpyDeviceToDevice));
  OK(hipGraphAddMemcpyNodeFromSymbol(&n[4], g, &n[3], 1, e.p, HIP_SYMBOL(symbol), 8, 8, hipMemcpyDeviceToDevice));
  OK(hipGraphAddMemcpyNode1D(&n[5], g, &n[4], 1, e.p + 2, d.p, 4, hipMemcpyDeviceToDevice));
  hipMemcpy3DParms three{};
  three.srcPtr = make_hipPitchedPtr(d.p, 8, 4, 2);
  three.dstPtr = make_hipPitchedPtr(e.p + 3, 4, 4, 1);
  three.extent = make_hipExtent(4, 1, 1);
  three.srcPos = {0, 1, 0};
  three.kind = hipMemcpyDeviceToDevice;
  OK(hipGraphAddMemcpyNode(&n[6], g, &n[5], 1, &three));
  OK(hipGraphAddHostNode(&n[7], g, &n[6], 1, &host));
  OK(hipGraphAddEventWaitNode(&n[8], g, &n[7], 1, before));
  OK(hipGraphAddEventRecordNode(&n[9], g, &n[8], 1, after));
  instantiate();
  launch();
  EXPECT_EQ(values(d), Ints(4, 15));
  EXPECT_EQ(values(e), Ints(4, 15));
  EXPECT_EQ(calls, 1);
  float ms = -1;
  OK(hipEventElapsedTime(&ms, before, after));
  EXPECT_GE(ms, 0.f);
  EXPECT_EQ(hipEventElapsedTime(&ms, before, other), hipErrorInvalidHandle);
  OK(hipGraphExecEventRecordNodeSetEvent(x, n[9], other));
  launch();
  OK(hipEventElapsedTime(&ms, before, other));
  hipEvent_t got = nullptr;
  OK(hipGraphEventRecordNodeGetEvent(n[9], &got));
  EXPECT_EQ(got, after);
  EXPECT_EQ(hipGraphEventWaitNodeGetEvent(n[9], &got), hipErrorInvalidValue);
  hipMemcpy3DParms read{};
  OK(hipGraphMemcpyNodeGetParams(n[6], &read));
  EXPECT_EQ(read.srcPtr.ptr, d.p + 2);
  EXPECT_EQ(read.extent.width, 4u);
  EXPECT_EQ(hipGraphAddMemcpyNodeToSymbol(&n[3], g, nullptr, 0, HIP_SYMBOL(symbol), d.p, 16, 4, hipMemcpyDeviceToDevice),
            hipErrorInvalidValue);  // beyond the symbol's end
  hipGraphNodeParams any{};
  any.type = hipGraphNodeTypeKernel;
  KernelNode const one(add, d.p, 1);
  any.kernel = one;
  if (HIP_VERSION_MAJOR >= 6) {  // the numbers of types are those of HIP 6
    OK(hipGraphAddNode(&n[0], g, &n[9], 1, &any));
    OK(hipGraphExecDestroy(x));
    instantiate();
    launch();
    EXPECT_EQ(values(d), Ints(4, 16));
    KernelNode const two(add, d.p, 2);
    any.kernel = two;
    OK(hipGraphExecNodeSetParams(x, n[0], &any));
    launch();
    EXPECT_EQ(values(d), Ints(4, 17));
  }
  OK(hipGraphDestroy(child));
  for (hipEvent_t v : {before, after, other}) OK(hipEventDestroy(v));
}

TEST_F(Graphs, executable_nodes_change) {
  hipGraph_t child, changed;
  hipGraphNode_t inner, child_node, copy, host;
  int calls[2] = {};
  OK(hipGraphCreate(&child, 0));
  KernelNode const one(add, d.p, 1), two(add, d.p, 2);
  OK(hipGraphAddKernelNode(&inner, child, nullptr, 0, &one));
  hipGraphNode_t const k = kernel(add, 10);
  OK(hipGraphAddChildGraphNode(&child_node, g, &k, 1, child));
  OK(hipGraphAddMemcpyNode1D(&copy, g, &child_node, 1, e.p, d.p, 16, hipMemcpyDeviceToDevice));
  hipHostNodeParams h{count, calls};
  OK(hipGraphAddHostNode(&host, g, &copy, 1, &h));
  instantiate();
  // the geometry and the arguments of a kernel
  KernelNode bigger(add, d.p, 100, 1);
  bigger.blockDim = dim3(2);
  OK(hipGraphExecKernelNodeSetParams(x, k, &bigger));
  // the node of a child graph, found in the graph
  hipGraph_t within;
  size_t n = 1;
  OK(hipGraphChildGraphNodeGetGraph(child_node, &within));
  OK(hipGraphGetNodes(within, &inner, &n));
  OK(hipGraphExecKernelNodeSetParams(x, inner, &two));
  OK(hipGraphExecMemcpyNodeSetParams1D(x, copy, e.p, d.p, 12, hipMemcpyDeviceToDevice));
  h.userData = calls + 1;
  OK(hipGraphExecHostNodeSetParams(x, host, &h));
  launch();
  EXPECT_EQ(values(d), (Ints{102, 102, 2, 2}));
  EXPECT_EQ(values(e), (Ints{102, 102, 2, 0}));
  EXPECT_EQ(calls[0], 0);
  EXPECT_EQ(calls[1], 1);
  // a child graph as a whole; its nodes can be changed afterwards
  OK(hipGraphClone(&changed, child));
  OK(hipGraphExecChildGraphNodeSetParams(x, child_node, changed));
  OK(hipGraphExecKernelNodeSetParams(x, inner, &one));
  launch();
  EXPECT_EQ(values(d), (Ints{203, 203, 3, 3}));
  // refusals
  hipGraphNode_t extra;
  OK(hipGraphAddEmptyNode(&extra, changed, nullptr, 0));
  EXPECT_EQ(hipGraphExecChildGraphNodeSetParams(x, child_node, changed), hipErrorInvalidValue);
  EXPECT_EQ(hipGraphExecKernelNodeSetParams(x, extra, &one), hipErrorInvalidValue);
  EXPECT_EQ(hipGraphExecHostNodeSetParams(x, k, &h), hipErrorInvalidValue);
  Ints on_host(4);
  EXPECT_EQ(hipGraphExecMemcpyNodeSetParams1D(x, copy, on_host.data(), d.p, 12, hipMemcpyDeviceToHost), hipErrorInvalidValue);
  EXPECT_EQ(hipGraphExecMemcpyNodeSetParams1D(x, copy, e.p, d.p, 20, hipMemcpyDeviceToDevice), hipErrorInvalidValue);
  // a node that was destroyed, and one that may have its address
  OK(hipGraphDestroyNode(copy));
  EXPECT_EQ(hipGraphExecMemcpyNodeSetParams1D(x, copy, e.p, d.p, 4, hipMemcpyDeviceToDevice), hipErrorInvalidValue);
  for (int i = 0; i < 8; i++) {
    OK(hipGraphAddMemcpyNode1D(&copy, g, nullptr, 0, e.p, d.p, 16, hipMemcpyDeviceToDevice));
    EXPECT_EQ(hipGraphExecMemcpyNodeSetParams1D(x, copy, e.p, d.p, 4, hipMemcpyDeviceToDevice), hipErrorInvalidValue);
  }
  KernelNode empty(add, d.p, 1, 0);
  EXPECT_NE(hipGraphExecKernelNodeSetParams(x, k, &empty), hipSuccess);
  launch();
  EXPECT_EQ(values(d), (Ints{304, 304, 4, 4}));
  OK(hipGraphDestroy(child));
  OK(hipGraphDestroy(changed));
}

TEST_F(Graphs, update_of_the_whole_says_why_not) {
  hipGraph_t changed;
  hipGraphNode_t const a = kernel(add, 1), b = kernel(multiply, 2, a);
  hipGraphNode_t copy, bad, child_node, c[4];
  OK(hipGraphAddMemcpyNode1D(&copy, g, &b, 1, e.p, d.p, 16, hipMemcpyDeviceToDevice));
  hipGraph_t child;
  OK(hipGraphCreate(&child, 0));
  KernelNode const inner(add, d.p, 1);
  OK(hipGraphAddKernelNode(&bad, child, nullptr, 0, &inner));
  OK(hipGraphAddChildGraphNode(&child_node, g, &copy, 1, child));
  instantiate();
  hipGraphExecUpdateResult why;
  auto const update = [&](hipGraphExecUpdateResult want, hipGraphNode_t node, int line) {
    EXPECT_EQ(hipGraphExecUpdate(x, changed, &bad, &why), want == hipGraphExecUpdateSuccess ? hipSuccess : hipErrorGraphExecUpdateFailure)
        << line;
    EXPECT_EQ(int(why), int(want)) << line;
    EXPECT_EQ(bad, node) << line;
    OK(hipGraphDestroy(changed));
    OK(hipGraphClone(&changed, g));
    size_t n = 4;
    OK(hipGraphGetNodes(changed, c, &n));
  };
  OK(hipGraphClone(&changed, g));
  update(hipGraphExecUpdateSuccess, nullptr, __LINE__);
  KernelNode const ten(add, d.p, 10);
  OK(hipGraphKernelNodeSetParams(c[0], &ten));
  update(hipGraphExecUpdateSuccess, nullptr, __LINE__);
  launch();
  EXPECT_EQ(values(e), Ints(4, 20));
  OK(hipGraphDestroyNode(c[3]));
  update(hipGraphExecUpdateErrorTopologyChanged, nullptr, __LINE__);
  OK(hipGraphRemoveDependencies(changed, &c[0], &c[1], 1));
  update(hipGraphExecUpdateErrorTopologyChanged, c[1], __LINE__);
  OK(hipGraphDestroyNode(c[3]));
  OK(hipGraphAddEmptyNode(&c[3], changed, &c[2], 1));
  hipGraphNode_t const empty = c[3];
  update(hipGraphExecUpdateErrorNodeTypeChanged, empty, __LINE__);
  Ints on_host(4);
  OK(hipGraphMemcpyNodeSetParams1D(c[2], on_host.data(), d.p, 16, hipMemcpyDeviceToHost));
  update(hipGraphExecUpdateErrorParametersChanged, c[2], __LINE__);
  hipKernelNodeAttrValue cooperative{};
  cooperative.cooperative = 1;
  OK(hipGraphKernelNodeSetAttribute(c[0], hipKernelNodeAttributeCooperative, &cooperative));
  update(hipGraphExecUpdateErrorParametersChanged, c[0], __LINE__);
  // a node within the child graph
  hipGraph_t within;
  OK(hipGraphChildGraphNodeGetGraph(c[3], &within));
  size_t n = 1;
  hipGraphNode_t deep, extra;
  OK(hipGraphGetNodes(within, &deep, &n));
  OK(hipGraphDestroyNode(deep));
  OK(hipGraphAddEmptyNode(&extra, within, nullptr, 0));
  EXPECT_EQ(hipGraphDestroy(within), hipErrorInvalidValue);  // it is the node's
  OK(hipGraphGetNodes(within, nullptr, &n));
  update(hipGraphExecUpdateErrorNodeTypeChanged, extra, __LINE__);
  EXPECT_EQ(hipGraphGetNodes(within, nullptr, &n), hipErrorInvalidValue);  // it went with its node
  launch();                                                                // what is refused changes nothing
  EXPECT_EQ(values(d), Ints(4, (20 + 1 + 10) * 2 + 1));
  OK(hipGraphDestroy(changed));
  OK(hipGraphDestroy(child));
}

TEST_F(Graphs, queries_clones_and_dot) {
  hipGraphNode_t const a = kernel(add, 1), b = kernel(add, 2, a), c = kernel(multiply, 3, b);
  hipGraphNode_t nodes[4] = {}, to[4] = {};
  size_t n = 4;
  OK(hipGraphGetNodes(g, nodes, &n));
  EXPECT_EQ(n, 3u);
  EXPECT_EQ(nodes[3], nullptr);
  n = 4;
  OK(hipGraphGetRootNodes(g, nodes, &n));
  EXPECT_TRUE(n == 1 && nodes[0] == a);
  n = 4;
  OK(hipGraphGetEdges(g, nodes, to, &n));
  EXPECT_TRUE(n == 2 && nodes[1] == b && to[1] == c);
  n = 1;
  OK(hipGraphNodeGetDependentNodes(a, nodes, &n));
  EXPECT_TRUE(n == 1 && nodes[0] == b);
  n = 0;
  OK(hipGraphNodeGetDependencies(c, nullptr, &n));
  EXPECT_EQ(n, 1u);
  // an edge twice: nothing is added
  hipGraphNode_t const from[] = {a, a}, twice[] = {c, c};
  EXPECT_EQ(hipGraphAddDependencies(g, from, twice, 2), hipErrorInvalidValue);
  EXPECT_EQ(hipGraphRemoveDependencies(g, from, twice, 1), hipErrorInvalidValue);
  n = 0;
  OK(hipGraphGetEdges(g, nullptr, nullptr, &n));
  EXPECT_EQ(n, 2u);
  hipGraph_t clone;
  hipGraphNode_t of_clone;
  OK(hipGraphClone(&clone, g));
  OK(hipGraphNodeFindInClone(&of_clone, b, clone));
  EXPECT_EQ(hipGraphNodeFindInClone(&of_clone, of_clone, g), hipErrorInvalidValue);
  EXPECT_EQ(hipGraphAddDependencies(g, &of_clone, &a, 1), hipErrorInvalidValue);  // a node of another graph
  KernelNode const other(add, d.p, 5);
  OK(hipGraphNodeFindInClone(&of_clone, b, clone));
  OK(hipGraphKernelNodeSetParams(of_clone, &other));
  instantiate();
  unsigned on = 0;
  OK(hipGraphNodeGetEnabled(x, a, &on));
  EXPECT_EQ(on, 1u);
  OK(hipGraphNodeSetEnabled(x, a, 0));
  launch();
  EXPECT_EQ(values(d), Ints(4, 6));  // the clone's change is not the graph's
  OK(hipGraphNodeSetEnabled(x, a, 1));
  launch();
  EXPECT_EQ(values(d), Ints(4, 27));
  EXPECT_EQ(hipGraphNodeSetEnabled(x, of_clone, 0), hipErrorInvalidValue);
  hipGraphNode_t child_node;
  OK(hipGraphAddChildGraphNode(&child_node, g, &c, 1, clone));
  std::string const path = ::testing::TempDir() + "graphs." + std::to_string(getpid()) + ".dot";
  OK(hipGraphDebugDotPrint(g, path.c_str(), 0));
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::remove(path.c_str());
  for (char const* part : {"digraph", "multiply", "1x1x1 blocks of 4x1x1", "subgraph cluster_n3", "n0 -> n1", "n3_1 -> n3_2"})
    EXPECT_NE(text.str().find(part), std::string::npos) << part << " is not in\n" << text.str();
  EXPECT_NE(hipGraphDebugDotPrint(g, "/no/such/folder/graph.dot", 0), hipSuccess);
  OK(hipGraphDestroy(clone));
}

TEST_F(Graphs, a_cycle_is_named) {
  hipGraphNode_t const a = kernel(add, 1), b = kernel(add, 1, a);
  OK(hipGraphAddDependencies(g, &b, &a, 1));
  hipGraphNode_t bad = nullptr;
  char log[64] = "";
  hipGraphExec_t y;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(hipGraphInstantiate(&y, g, &bad, log, sizeof log), hipErrorInvalidValue);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("cycle through node 0"), std::string::npos);
  EXPECT_EQ(bad, a);
  EXPECT_STREQ(log, "the graph has a cycle");
}

// Nodes that do not depend on each other run in the order of AMDEMU_GRAPH_ORDER.
TEST_F(Graphs, order_of_ready_nodes) {
  struct Call {
    std::string* order;
    char name;
  };
  std::string order;
  std::set<std::string> orders;
  Call calls[6];
  hipGraphNode_t n;
  for (int i = 0; i < 6; i++) {
    calls[i] = {&order, char('a' + i)};
    hipHostNodeParams const h{[](void* p) { *static_cast<Call*>(p)->order += static_cast<Call*>(p)->name; }, &calls[i]};
    OK(hipGraphAddHostNode(&n, g, nullptr, 0, &h));
  }
  instantiate();
  for (int i = 0; i < 4; i++) {
    order.clear();
    launch();
    orders.insert(order);
  }
  std::string const way = getenv("AMDEMU_GRAPH_ORDER") ? getenv("AMDEMU_GRAPH_ORDER") : "";
  if (way == "random") {
    EXPECT_GT(orders.size(), 1u);
  } else {
    EXPECT_EQ(orders, std::set<std::string>{way == "reverse" ? "fedcba" : "abcdef"});
  }
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, "abcdef");
}

TEST_F(Graphs, user_objects_live_as_long_as_a_graph) {
  int destroyed = 0;
  UserObject o;
  OK(hipUserObjectCreate(&o, &destroyed, count, 1, 1));
  OK(hipGraphRetainUserObject(g, o, 1, 1));  // moved: the graph has the only reference
  instantiate();
  OK(hipGraphDestroy(g));
  g = nullptr;
  EXPECT_EQ(destroyed, 0);
  OK(hipGraphExecDestroy(x));
  x = nullptr;
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(hipUserObjectRelease(o, 1), hipErrorInvalidValue);
}

// ---- memory of graphs
TEST_F(Graphs, allocation_and_free_nodes) {
  hipMemAllocNodeParams p{}, got{};
  p.poolProps.allocType = hipMemAllocationTypePinned;
  p.poolProps.location = {hipMemLocationTypeDevice, 0};
  p.bytesize = 16;
  hipGraphNode_t a, fill, copy, f;
  OK(hipGraphAddMemAllocNode(&a, g, nullptr, 0, &p));
  OK(hipGraphMemAllocNodeGetParams(a, &got));
  EXPECT_TRUE(got.bytesize == 16 && got.dptr == p.dptr);
  hipMemsetParams m{};
  m.dst = p.dptr;
  m.elementSize = 4;
  m.width = 4;
  m.height = 1;
  m.value = 3;
  OK(hipGraphAddMemsetNode(&fill, g, &a, 1, &m));
  OK(hipGraphAddMemcpyNode1D(&copy, g, &fill, 1, d.p, p.dptr, 16, hipMemcpyDeviceToDevice));
  instantiate();
  launch();
  EXPECT_EQ(values(d), Ints(4, 3));
  auto const attribute = [](int which) {
    u64 n = 0;
    OK(hipDeviceGetGraphMemAttribute(0, which, &n));
    return n;
  };
  EXPECT_EQ(attribute(0), 16u);
  auto const fails = [](hipError_t e, char const* part) {
    hipError_t const later = hipDeviceSynchronize();  // with a thread for each stream
    EXPECT_TRUE(e == hipErrorInvalidValue || later == hipErrorInvalidValue) << part;
    std::string const text = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find(part), std::string::npos) << "not '" << part << "' but: " << text;
    (void)hipGetLastError();
  };
  ::testing::internal::CaptureStderr();
  fails(hipGraphLaunch(x, nullptr), "was not freed since");
  OK(hipFree(p.dptr));  // ends its use, the graph keeps it
  EXPECT_EQ(attribute(0), 0u);
  EXPECT_EQ(attribute(2), 16u);
  EXPECT_EQ(attribute(1), 16u);
  ::testing::internal::CaptureStderr();
  fails(hipFree(p.dptr), "no node has allocated yet or which was freed");
  ::testing::internal::CaptureStderr();
  fails(hipMemcpy(d.p, p.dptr, 16, hipMemcpyDeviceToDevice), "no node has allocated yet or which was freed");
  launch();
  OK(hipFreeAsync(p.dptr, nullptr));
  OK(hipDeviceSynchronize());
  OK(hipGraphExecDestroy(x));
  OK(hipGraphAddMemFreeNode(&f, g, &copy, 1, p.dptr));
  void* address = nullptr;
  OK(hipGraphMemFreeNodeGetParams(f, &address));
  EXPECT_EQ(address, p.dptr);
  EXPECT_EQ(hipGraphAddMemFreeNode(&f, g, nullptr, 0, d.p), hipErrorInvalidValue);  // not a graph's memory
  instantiate();
  launch();
  launch();
  // A kernel reads what only an earlier launch wrote.
  int* to = e.p;
  void* arguments[] = {&to, &p.dptr};
  hipKernelNodeParams k{};
  k.func = reinterpret_cast<void*>(read_all);
  k.gridDim = dim3(1);
  k.blockDim = dim3(4);
  k.kernelParams = arguments;
  hipGraphNode_t reader;
  OK(hipGraphAddKernelNode(&reader, g, &a, 1, &k));
  OK(hipGraphAddDependencies(g, &reader, &f, 1));
  OK(hipGraphDestroyNode(fill));
  OK(hipGraphDestroyNode(copy));
  OK(hipGraphExecDestroy(x));
  instantiate();
  hipError_t const launched = hipGraphLaunch(x, nullptr), later = hipDeviceSynchronize();
  EXPECT_TRUE(launched != hipSuccess || later != hipSuccess);
  OK(hipGraphExecDestroy(x));
  OK(hipGraphDestroyNode(f));
  OK(hipGraphDestroyNode(reader));
  x = nullptr;
  (void)hipGetLastError();
  // The launch after the failed one: the flag frees what is in use.
  OK(hipGraphInstantiateWithFlags(&x, g, 1));
  launch();
  launch();
  OK(hipFree(p.dptr));
}

// ---- captures
class Captures : public ::testing::Test {
 protected:
  hipStream_t s = nullptr, t = nullptr, blocking = nullptr;
  hipEvent_t f = nullptr, j = nullptr;
  hipGraph_t g = nullptr;
  Dev<int> d{4};
  void SetUp() override {
    OK(hipStreamCreateWithFlags(&s, hipStreamNonBlocking));
    OK(hipStreamCreateWithFlags(&t, hipStreamNonBlocking));
    OK(hipStreamCreate(&blocking));
    OK(hipEventCreate(&f));
    OK(hipEventCreate(&j));
  }
  void TearDown() override {
    for (hipStream_t v : {s, t, blocking}) OK(hipStreamDestroy(v));
    for (hipEvent_t v : {f, j}) OK(hipEventDestroy(v));
    (void)hipGetLastError();
  }
  void begin(hipStream_t v, hipStreamCaptureMode mode = hipStreamCaptureModeGlobal) { OK(hipStreamBeginCapture(v, mode)); }
  void fork() {
    OK(hipEventRecord(f, s));
    OK(hipStreamWaitEvent(t, f, 0));
  }
  static std::string name(hipStream_t v) {
    char text[32];
    snprintf(text, sizeof text, "%p", static_cast<void*>(v));
    return text;
  }
  /// Runs a call that has to fail with a message that has all parts.
  static void refused(hipError_t want, std::function<hipError_t()> const& call, std::vector<std::string> const& parts) {
    ::testing::internal::CaptureStderr();
    hipError_t const got = call();
    std::string const text = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(got, want) << hipGetErrorName(got) << " instead of " << hipGetErrorName(want) << " " << parts[0] << ": " << text;
    for (auto& part : parts) EXPECT_NE(text.find(part), std::string::npos) << "not '" << part << "' but: " << text;
    (void)hipGetLastError();
  }
  /// Ends a capture that `call` invalidated. The stream works afterwards.
  void ends_invalid(hipStream_t v, std::string const& call) {
    hipStreamCaptureStatus status;
    OK(hipStreamIsCapturing(v, &status));
    EXPECT_EQ(status, hipStreamCaptureStatusInvalidated) << call;
    refused(hipErrorStreamCaptureInvalidated, [&] { return hipMemsetAsync(d.p, 0, 16, v); }, {"hipMemsetAsync", call, name(v)});
    refused(hipErrorStreamCaptureInvalidated, [&] { return hipStreamEndCapture(v, &g); }, {"hipStreamEndCapture", call, name(v)});
    EXPECT_EQ(g, nullptr);
    OK(hipMemsetAsync(d.p, 0, 16, v));
    OK(hipStreamSynchronize(v));
  }
};

TEST_F(Captures, calls_that_are_not_allowed) {
  void *p = nullptr, *held = nullptr, *pinned = nullptr;
  size_t pitch;
  int word = 0;
  OK(hipMalloc(&held, 16));
  OK(hipHostMalloc(&pinned, 16, 0));
  struct Case {
    char const* call;
    hipError_t want;
    std::function<hipError_t()> run;
  };
  hipError_t const no = hipErrorStreamCaptureUnsupported, implicit = hipErrorStreamCaptureImplicit;
  std::vector<Case> const cases = {
      {"hipMalloc", no, [&] { return hipMalloc(&p, 4); }},
      {"hipMallocManaged", no, [&] { return hipMallocManaged(&p, 4, hipMemAttachGlobal); }},
      {"hipMallocPitch", no, [&] { return hipMallocPitch(&p, &pitch, 4, 4); }},
      {"hipHostMalloc", no, [&] { return hipHostMalloc(&p, 4, 0); }},
      {"hipFree", no, [&] { return hipFree(held); }},
      {"hipHostFree", no, [&] { return hipHostFree(pinned); }},
      {"hipDeviceSynchronize", no, [&] { return hipDeviceSynchronize(); }},
      {"hipStreamSynchronize", no, [&] { return hipStreamSynchronize(s); }},
      {"hipStreamQuery", no, [&] { return hipStreamQuery(s); }},
      {"hipStreamAddCallback", no, [&] { return hipStreamAddCallback(s, [](hipStream_t, hipError_t, void*) {}, nullptr, 0); }},
      {"hipMemcpyWithStream", no, [&] { return hipMemcpyWithStream(d.p, &word, 4, hipMemcpyHostToDevice, s); }},
      {"hipMemcpy", implicit, [&] { return hipMemcpy(d.p, &word, 4, hipMemcpyHostToDevice); }},
      {"hipMemcpy2D", implicit, [&] { return hipMemcpy2D(d.p, 4, &word, 4, 4, 1, hipMemcpyHostToDevice); }},
      {"hipMemset", implicit, [&] { return hipMemset(d.p, 0, 4); }},
      {"hipMemcpyToSymbol", implicit, [&] { return hipMemcpyToSymbol(HIP_SYMBOL(symbol), &word, 4, 0, hipMemcpyHostToDevice); }},
  };
  for (auto& c : cases) {
    begin(s);
    refused(c.want, c.run, {c.call, name(s), "invalid from now on"});
    ends_invalid(s, c.call);
  }
  // In the relaxed mode, and on a thread that asks for it, memory may be allocated.
  begin(s, hipStreamCaptureModeRelaxed);
  OK(hipMalloc(&p, 4));
  OK(hipFree(p));
  OK(hipStreamEndCapture(s, &g));
  OK(hipGraphDestroy(g));
  hipStreamCaptureMode mode = hipStreamCaptureModeRelaxed;
  begin(s);
  OK(hipThreadExchangeStreamCaptureMode(&mode));
  EXPECT_EQ(mode, hipStreamCaptureModeGlobal);
  OK(hipMalloc(&p, 4));
  OK(hipThreadExchangeStreamCaptureMode(&mode));
  OK(hipStreamEndCapture(s, &g));
  OK(hipGraphDestroy(g));
  OK(hipFree(p));
  OK(hipFree(held));
  OK(hipHostFree(pinned));
}

TEST_F(Captures, other_threads) {
  auto const on_thread = [](std::function<void()> const& f) { std::thread(f).join(); };
  void* p = nullptr;
  begin(s);
  on_thread([&] { refused(hipErrorStreamCaptureUnsupported, [&] { return hipMalloc(&p, 4); }, {"hipMalloc", name(s), "global"}); });
  ends_invalid(s, "hipMalloc");
  begin(s, hipStreamCaptureModeThreadLocal);
  on_thread([&] { OK(hipMalloc(&p, 4)); });
  on_thread([&] {
    refused(hipErrorStreamCaptureWrongThread, [&] { return hipStreamEndCapture(s, &g); },
            {"hipStreamEndCapture", name(s), "another thread"});
  });
  refused(hipErrorStreamCaptureUnsupported, [&] { return hipFree(p); }, {"hipFree", name(s), "thread-local"});
  ends_invalid(s, "hipFree");
  OK(hipFree(p));
  begin(s);
  on_thread([&] {
    hipStreamCaptureMode mode = hipStreamCaptureModeThreadLocal;
    OK(hipThreadExchangeStreamCaptureMode(&mode));
    OK(hipMalloc(&p, 4));
    OK(hipFree(p));
  });
  OK(hipStreamEndCapture(s, &g));
  OK(hipGraphDestroy(g));
  begin(s, hipStreamCaptureModeRelaxed);
  on_thread([&] { OK(hipStreamEndCapture(s, &g)); });
  OK(hipGraphDestroy(g));
}

TEST_F(Captures, null_stream) {
  refused(hipErrorStreamCaptureUnsupported, [&] { return hipStreamBeginCapture(nullptr, hipStreamCaptureModeGlobal); },
          {"hipStreamBeginCapture", "null stream"});
  begin(s);  // a stream that does not wait for the null stream
  OK(hipMemsetAsync(d.p, 0, 16, nullptr));
  add<<<1, 4>>>(d.p, 1);
  OK(hipGetLastError());
  OK(hipEventRecord(j, nullptr));
  OK(hipStreamEndCapture(s, &g));
  OK(hipGraphDestroy(g));
  for (hipStreamCaptureMode mode : {hipStreamCaptureModeGlobal, hipStreamCaptureModeRelaxed}) {
    struct Case {
      char const* call;
      std::function<hipError_t()> run;
    };
    std::vector<Case> const cases = {{"hipMemsetAsync", [&] { return hipMemsetAsync(d.p, 0, 16, nullptr); }},
                                     {"hipLaunchKernel",
                                      [&] {
                                        add<<<1, 4>>>(d.p, 1);
                                        return hipGetLastError();
                                      }},
                                     {"hipEventRecord", [&] { return hipEventRecord(j, nullptr); }},
                                     {"hipStreamWaitEvent", [&] { return hipStreamWaitEvent(nullptr, j, 0); }},
                                     {"hipMemcpyAsync", [&] { return hipMemcpyAsync(d.p, d.p, 0, hipMemcpyDeviceToDevice, nullptr); }}};
    for (auto& c : cases) {
      begin(blocking, mode);
      refused(hipErrorStreamCaptureImplicit, c.run, {c.call, "null stream", name(blocking)});
      hipStreamCaptureStatus status;
      EXPECT_EQ(hipStreamIsCapturing(nullptr, &status), hipErrorStreamCaptureImplicit);
      EXPECT_EQ(hipStreamEndCapture(blocking, &g), hipErrorStreamCaptureInvalidated);
    }
  }
  // a refused launch of a graph leaves no event that never happens
  hipGraphExec_t x;
  hipGraphNode_t n;
  OK(hipGraphCreate(&g, 0));
  OK(hipGraphAddEventRecordNode(&n, g, nullptr, 0, j));
  OK(hipGraphInstantiate(&x, g, nullptr, nullptr, 0));
  begin(blocking, hipStreamCaptureModeRelaxed);
  refused(hipErrorStreamCaptureImplicit, [&] { return hipGraphLaunch(x, nullptr); }, {"hipGraphLaunch", "null stream", name(blocking)});
  hipGraph_t none;
  EXPECT_EQ(hipStreamEndCapture(blocking, &none), hipErrorStreamCaptureInvalidated);
  OK(hipEventSynchronize(j));
  OK(hipGraphExecDestroy(x));
  OK(hipGraphDestroy(g));
  OK(hipDeviceSynchronize());
}

TEST_F(Captures, forks_and_joins) {
  begin(s);
  fork();
  add<<<1, 4, 0, t>>>(d.p, 1);
  refused(hipErrorStreamCaptureUnmatched, [&] { return hipStreamEndCapture(t, &g); }, {"hipStreamEndCapture", name(t), name(s)});
  ends_invalid(s, "hipStreamEndCapture");
  begin(s);
  fork();
  add<<<1, 4, 0, t>>>(d.p, 1);
  refused(hipErrorStreamCaptureUnjoined, [&] { return hipStreamEndCapture(s, &g); }, {"hipStreamEndCapture", name(t), name(s)});
  refused(hipErrorIllegalState, [&] { return hipStreamEndCapture(s, &g); }, {"hipStreamEndCapture", name(s), "not captured"});
  // the host waits for an event of the capture
  for (bool query : {false, true}) {
    char const* const call = query ? "hipEventQuery" : "hipEventSynchronize";
    begin(s);
    OK(hipEventRecord(f, s));
    refused(hipErrorCapturedEvent, [&] { return query ? hipEventQuery(f) : hipEventSynchronize(f); }, {call, name(s)});
    ends_invalid(s, call);
  }
  // an event from outside
  OK(hipEventRecord(j, t));
  begin(s);
  refused(hipErrorStreamCaptureIsolation, [&] { return hipStreamWaitEvent(s, j, 0); }, {"hipStreamWaitEvent", name(s)});
  ends_invalid(s, "hipStreamWaitEvent");
  // two captures
  begin(s);
  begin(t);
  OK(hipEventRecord(f, s));
  refused(hipErrorStreamCaptureMerge, [&] { return hipStreamWaitEvent(t, f, 0); }, {"hipStreamWaitEvent", name(t), name(s)});
  ends_invalid(s, "hipStreamWaitEvent");
  ends_invalid(t, "hipStreamWaitEvent");
  begin(s);
  refused(hipErrorIllegalState, [&] { return hipStreamBeginCapture(s, hipStreamCaptureModeGlobal); }, {"hipStreamBeginCapture", name(s)});
  OK(hipStreamEndCapture(s, &g));
  OK(hipGraphDestroy(g));
  // streams that are destroyed: one that is joined, one that is not, the first of a capture
  hipStream_t u;
  for (bool join : {true, false}) {
    OK(hipStreamCreateWithFlags(&u, hipStreamNonBlocking));
    begin(s);
    OK(hipEventRecord(f, s));
    OK(hipStreamWaitEvent(u, f, 0));
    add<<<1, 4, 0, u>>>(d.p, 1);
    OK(hipEventRecord(j, u));
    if (join) {
      OK(hipStreamWaitEvent(s, j, 0));
      OK(hipStreamDestroy(u));
      OK(hipStreamEndCapture(s, &g));
      OK(hipGraphDestroy(g));
    } else {
      ::testing::internal::CaptureStderr();
      OK(hipStreamDestroy(u));
      EXPECT_NE(::testing::internal::GetCapturedStderr().find("not joined"), std::string::npos);
      ends_invalid(s, "hipStreamDestroy");
    }
  }
  OK(hipStreamCreateWithFlags(&u, hipStreamNonBlocking));
  begin(u);
  OK(hipEventRecord(f, u));
  OK(hipStreamWaitEvent(t, f, 0));
  OK(hipStreamDestroy(u));
  OK(hipStreamSynchronize(t));
}

TEST_F(Captures, memory_external_events_and_a_graph_launch) {
  hipGraphExec_t x, y;
  int *p = nullptr, *q = nullptr;
  begin(s);
  OK(hipMallocAsync(reinterpret_cast<void**>(&p), 16, s));
  OK(hipMemsetAsync(p, 0, 16, s));
  add<<<1, 4, 0, s>>>(p, 7);
  OK(hipMemcpyAsync(d.p, p, 16, hipMemcpyDeviceToDevice, s));
  OK(hipEventRecordWithFlags(f, s, 1));  // external: a node
  OK(hipFreeAsync(p, s));
  OK(hipStreamEndCapture(s, &g));
  size_t n = 0;
  OK(hipGraphGetNodes(g, nullptr, &n));
  EXPECT_EQ(n, 6u);
  OK(hipGraphInstantiate(&x, g, nullptr, nullptr, 0));
  OK(hipGraphDestroy(g));
  for (int i = 0; i < 2; i++) OK(hipGraphLaunch(x, s));
  OK(hipEventSynchronize(f));
  EXPECT_EQ(values(d), Ints(4, 7));
  // memory that a graph did not allocate
  begin(s);
  refused(hipErrorInvalidValue, [&] { return hipFreeAsync(d.p, s); }, {"hipFreeAsync", "captured"});
  OK(hipStreamEndCapture(s, &g));
  OK(hipGraphDestroy(g));
  // an invalid capture allocates nothing
  begin(s);
  EXPECT_NE(hipDeviceSynchronize(), hipSuccess);
  refused(hipErrorStreamCaptureInvalidated, [&] { return hipMallocAsync(reinterpret_cast<void**>(&q), 16, s); },
          {"hipMallocAsync", "hipDeviceSynchronize"});
  EXPECT_EQ(q, nullptr);
  EXPECT_EQ(hipStreamEndCapture(s, &g), hipErrorStreamCaptureInvalidated);
  // a launch of a graph becomes a node; a wait for an event from outside too
  begin(s);
  OK(hipStreamWaitEvent(s, f, 1));
  OK(hipGraphLaunch(x, s));
  add<<<1, 4, 0, s>>>(d.p, 1);
  OK(hipStreamEndCapture(s, &g));
  OK(hipGraphGetNodes(g, nullptr, &n));
  EXPECT_EQ(n, 3u);
  OK(hipGraphInstantiate(&y, g, nullptr, nullptr, 0));
  OK(hipGraphLaunch(y, s));
  OK(hipStreamSynchronize(s));
  EXPECT_EQ(values(d), Ints(4, 8));
  OK(hipGraphExecDestroy(x));
  OK(hipGraphExecDestroy(y));
  OK(hipGraphDestroy(g));
}

TEST_F(Captures, graph_and_nodes_of_a_capture) {
  hipStreamCaptureStatus status;
  u64 id = 0;
  hipGraph_t within = nullptr;
  hipGraphNode_t const* tips = nullptr;
  hipGraphNode_t extra;
  size_t n = 0;
  begin(s);
  OK(hipMemsetAsync(d.p, 1, 16, s));
  OK(hipStreamGetCaptureInfo_v2(s, &status, &id, &within, &tips, &n));
  EXPECT_TRUE(status == hipStreamCaptureStatusActive && within && n == 1);
  OK(hipGraphAddEmptyNode(&extra, within, tips, 1));
  OK(hipStreamUpdateCaptureDependencies(s, &extra, 1, hipStreamSetCaptureDependencies));
  refused(hipErrorInvalidValue, [&] { return hipGraphDestroyNode(extra); }, {"hipGraphDestroyNode", "captured"});
  hipGraphExec_t x;
  refused(hipErrorInvalidValue, [&] { return hipGraphInstantiate(&x, within, nullptr, nullptr, 0); }, {"captured"});
  OK(hipMemsetAsync(d.p, 2, 16, s));
  OK(hipStreamEndCapture(s, &g));
  OK(hipGraphGetEdges(g, nullptr, nullptr, &n));
  EXPECT_EQ(n, 2u);
  refused(hipErrorIllegalState, [&] { return hipStreamUpdateCaptureDependencies(s, &extra, 1, 0); },
          {"hipStreamUpdateCaptureDependencies", name(s)});
  OK(hipGraphDestroy(g));
}
