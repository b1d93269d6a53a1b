// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Two devices: each has its memory, variables, streams and events. Kernels access the other's memory only with peer access.
#include "support.hpp"

#include <thread>

static bool const two_devices = setenv("AMDEMU_DEVICES", "2", 1) == 0;  // before the first call of HIP

__device__ int variable = 5;
__global__ void set_variable(int v) { variable = v; }
__global__ void add(int* p, int n, int k) {
  int const i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] += k;
}
__global__ void copy(int const* from, int* to, int n) {
  int const i = threadIdx.x;
  if (i < n) to[i] = from[i];
}

__global__ void allocate(int* result) {
  int* p = static_cast<int*>(malloc(64));
  asm volatile("" : "+v"(p));  // the allocation stays
  if (p) *p = 6;
  *result = p ? *p : -1;
  free(p);
}

class Devices : public ::testing::Test {
 protected:
  void SetUp() override {
    int n = 0;
    CK(hipGetDeviceCount(&n));
    ASSERT_EQ(n, 2);
    CK(hipSetDevice(0));
  }
  void TearDown() override {
    for (int d : {0, 1}) {
      CK(hipSetDevice(d));
      (void)hipDeviceDisablePeerAccess(1 - d);
    }
    CK(hipSetDevice(0));
    (void)hipGetLastError();
  }
};
static int read_variable() {
  int v = 0;
  CK(hipMemcpyFromSymbol(&v, HIP_SYMBOL(variable), sizeof v));
  return v;
}

TEST_F(Devices, have_their_own_memory_and_variables) {
  size_t free0, free1, after0, after1, total;
  CK(hipMemGetInfo(&free0, &total));
  CK(hipSetDevice(1));
  CK(hipMemGetInfo(&free1, &total));
  int* p;
  CK(hipMalloc(reinterpret_cast<void**>(&p), 1 << 20));
  CK(hipMemGetInfo(&after1, &total));
  hipPointerAttribute_t a;
  CK(hipPointerGetAttributes(&a, p));
  EXPECT_EQ(a.device, 1);
  CK(hipSetDevice(0));
  CK(hipMemGetInfo(&after0, &total));
  EXPECT_EQ(after0, free0);
  EXPECT_EQ(after1, free1 - (1 << 20));
  CK(hipFree(p));  // of any device
  set_variable<<<1, 1>>>(7);
  EXPECT_EQ(read_variable(), 7);
  CK(hipSetDevice(1));
  EXPECT_EQ(read_variable(), 5);
  int current = 0;  // each thread has its own current device
  std::thread([&] { CK(hipGetDevice(&current)); }).join();
  EXPECT_EQ(current, 0);
  CK(hipGetDevice(&current));
  EXPECT_EQ(current, 1);
}

TEST_F(Devices, streams_and_events_belong_to_one) {
  hipStream_t s0, s1;
  hipEvent_t e0, e1;
  CK(hipStreamCreate(&s0));
  CK(hipEventCreate(&e0));
  CK(hipSetDevice(1));
  CK(hipStreamCreate(&s1));
  CK(hipEventCreate(&e1));
  Dev<int> on1(std::vector<int>(64, 1));
  CK(hipSetDevice(0));
  Dev<int> on0(std::vector<int>(64, 1));
  add<<<1, 64, 0, s1>>>(on1.p, 64, 10);  // the stream's device counts, not the current one
  EXPECT_EQ(hipStreamSynchronize(s1), hipSuccess);
  EXPECT_EQ(on1.get(), std::vector<int>(64, 11));
  EXPECT_EQ(hipEventRecord(e0, s1), hipErrorInvalidHandle);
  EXPECT_EQ(hipEventRecord(e1, s1), hipSuccess);
  EXPECT_EQ(hipStreamWaitEvent(s0, e1, 0), hipSuccess);  // streams wait for events of any device
  add<<<1, 64, 0, s0>>>(on0.p, 64, 20);
  EXPECT_EQ(hipEventRecord(e0, s0), hipSuccess);
  EXPECT_EQ(hipEventSynchronize(e0), hipSuccess);
  float ms;
  EXPECT_EQ(hipEventElapsedTime(&ms, e0, e1), hipErrorInvalidHandle);
  (void)hipGetLastError();
  EXPECT_EQ(on0.get(), std::vector<int>(64, 21));
  CK(hipStreamDestroy(s0));
  CK(hipStreamDestroy(s1));
  CK(hipEventDestroy(e0));
  CK(hipEventDestroy(e1));
}

TEST_F(Devices, peer_access_is_needed) {
  int can = 0;
  CK(hipDeviceCanAccessPeer(&can, 0, 1));
  EXPECT_EQ(can, 1);
  CK(hipDeviceCanAccessPeer(&can, 1, 1));
  EXPECT_EQ(can, 0);
  std::vector<int> numbers(64);
  for (int i = 0; i < 64; i++) numbers[i] = i * i;
  CK(hipSetDevice(1));
  Dev<int> on1(numbers);
  CK(hipSetDevice(0));
  Dev<int> on0(64);
  auto const refused = [&](std::function<void()> const& launch) {
    ::testing::internal::CaptureStderr();
    launch();
    EXPECT_EQ(hipDeviceSynchronize(), hipErrorIllegalAddress);
    (void)hipGetLastError();
    std::string const text = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("memory of device 1, by device 0 without peer access"), std::string::npos) << text;
  };
  refused([&] { copy<<<1, 64>>>(on1.p, on0.p, 64); });
  refused([&] { copy<<<1, 64>>>(on0.p, on1.p, 64); });
  // Also without checks, and if lanes are off.
  {
    Setting const uninit("AMDEMU_UNINIT", nullptr), bounds("AMDEMU_BOUNDS", nullptr), race("AMDEMU_RACE", nullptr);
    refused([&] { copy<<<1, 64>>>(on1.p, on0.p, 64); });
    refused([&] { copy<<<1, 64>>>(on1.p, on0.p, 40); });
    refused([&] { copy<<<1, 1>>>(on0.p, on1.p, 1); });
  }
  copy<<<1, 64>>>(on1.p, on0.p, 0);  // no access: no error
  EXPECT_EQ(hipDeviceSynchronize(), hipSuccess);

  EXPECT_EQ(hipDeviceEnablePeerAccess(0, 0), hipErrorInvalidDevice);
  EXPECT_EQ(hipDeviceEnablePeerAccess(2, 0), hipErrorInvalidDevice);
  EXPECT_EQ(hipDeviceEnablePeerAccess(1, 1), hipErrorInvalidValue);
  EXPECT_EQ(hipDeviceDisablePeerAccess(1), hipErrorPeerAccessNotEnabled);
  EXPECT_EQ(hipDeviceEnablePeerAccess(1, 0), hipSuccess);
  EXPECT_EQ(hipDeviceEnablePeerAccess(1, 0), hipErrorPeerAccessAlreadyEnabled);
  (void)hipGetLastError();
  copy<<<1, 64>>>(on1.p, on0.p, 64);
  EXPECT_EQ(on0.get(), numbers);
  CK(hipSetDevice(1));  // in one direction only
  ::testing::internal::CaptureStderr();
  copy<<<1, 64>>>(on0.p, on1.p, 64);
  EXPECT_EQ(hipDeviceSynchronize(), hipErrorIllegalAddress);
  (void)::testing::internal::GetCapturedStderr();
  (void)hipGetLastError();
  CK(hipSetDevice(0));
  EXPECT_EQ(hipDeviceDisablePeerAccess(1), hipSuccess);
  refused([&] { copy<<<1, 64>>>(on1.p, on0.p, 64); });
}

TEST_F(Devices, pools_allocate_on_their_device) {
  hipStream_t s1;
  CK(hipSetDevice(1));
  CK(hipStreamCreate(&s1));
  CK(hipSetDevice(0));
  hipMemPoolProps properties = {};
  properties.allocType = hipMemAllocationTypePinned;
  properties.location = {hipMemLocationTypeDevice, 1};
  hipMemPool_t pool;
  CK(hipMemPoolCreate(&pool, &properties));
  int *by_stream, *by_pool, *in_graph;
  CK(hipMallocAsync(reinterpret_cast<void**>(&by_stream), 256, s1));
  CK(hipMallocFromPoolAsync(reinterpret_cast<void**>(&by_pool), 256, pool, nullptr));
  hipGraph_t graph;
  CK(hipStreamBeginCapture(s1, hipStreamCaptureModeRelaxed));
  CK(hipMallocAsync(reinterpret_cast<void**>(&in_graph), 256, s1));
  CK(hipFreeAsync(in_graph, s1));
  CK(hipStreamEndCapture(s1, &graph));
  for (int* p : {by_stream, by_pool, in_graph}) {
    hipPointerAttribute_t a;
    CK(hipPointerGetAttributes(&a, p));
    EXPECT_EQ(a.device, 1);
  }
  CK(hipMemsetAsync(by_stream, 0, 256, s1));
  add<<<1, 64, 0, s1>>>(by_stream, 64, 1);
  EXPECT_EQ(hipStreamSynchronize(s1), hipSuccess);
  CK(hipFreeAsync(by_stream, s1));
  CK(hipFreeAsync(by_pool, nullptr));
  CK(hipDeviceSynchronize());
  CK(hipMemPoolDestroy(pool));
  CK(hipGraphDestroy(graph));
  CK(hipStreamDestroy(s1));
}

TEST_F(Devices, pools_have_their_own_access) {
  hipMemPool_t pool;
  CK(hipDeviceGetDefaultMemPool(&pool, 1));
  hipStream_t s1;
  CK(hipSetDevice(1));
  CK(hipStreamCreate(&s1));
  int* on1;
  CK(hipMallocAsync(reinterpret_cast<void**>(&on1), 256, s1));
  CK(hipMemsetAsync(on1, 0, 256, s1));
  CK(hipStreamSynchronize(s1));
  CK(hipSetDevice(0));
  Dev<int> on0(64);
  auto const copy_to_0 = [&] {
    ::testing::internal::CaptureStderr();
    copy<<<1, 64>>>(on1, on0.p, 64);
    hipError_t const answer = hipDeviceSynchronize();
    (void)hipGetLastError();
    std::string const text = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(answer != hipSuccess, text.find("memory of a pool of device 1, by device 0") != std::string::npos) << text;
    return answer;
  };
  hipMemLocation where = {hipMemLocationTypeDevice, 0};
  hipMemAccessFlags flags;
  EXPECT_EQ(hipMemPoolGetAccess(&flags, pool, &where), hipSuccess);
  EXPECT_EQ(flags, hipMemAccessFlagsProtNone);
  EXPECT_EQ(copy_to_0(), hipErrorIllegalAddress);
  CK(hipDeviceEnablePeerAccess(1, 0));
  EXPECT_EQ(copy_to_0(), hipErrorIllegalAddress);  // peer access is not for pools
  CK(hipDeviceDisablePeerAccess(1));

  hipMemAccessDesc access = {{hipMemLocationTypeDevice, 0}, hipMemAccessFlagsProtReadWrite};
  EXPECT_EQ(hipMemPoolSetAccess(pool, &access, 1), hipSuccess);
  EXPECT_EQ(hipMemPoolGetAccess(&flags, pool, &where), hipSuccess);
  EXPECT_EQ(flags, hipMemAccessFlagsProtReadWrite);
  EXPECT_EQ(copy_to_0(), hipSuccess);
  access.flags = hipMemAccessFlagsProtNone;
  EXPECT_EQ(hipMemPoolSetAccess(pool, &access, 1), hipSuccess);
  EXPECT_EQ(copy_to_0(), hipErrorIllegalAddress);

  access.location.id = 1;  // a device always has access to its own pools
  EXPECT_EQ(hipMemPoolSetAccess(pool, &access, 1), hipErrorInvalidValue);
  access.location.id = 2;
  EXPECT_EQ(hipMemPoolSetAccess(pool, &access, 1), hipErrorInvalidDevice);
  where.id = 2;
  EXPECT_EQ(hipMemPoolGetAccess(&flags, pool, &where), hipErrorInvalidDevice);
  CK(hipFreeAsync(on1, s1));
  CK(hipStreamSynchronize(s1));
  CK(hipStreamDestroy(s1));
}

TEST_F(Devices, have_links) {
  int value = -1;
  EXPECT_EQ(hipDeviceGetP2PAttribute(&value, hipDevP2PAttrAccessSupported, 0, 1), hipSuccess);
  EXPECT_EQ(value, 1);
  EXPECT_EQ(hipDeviceGetP2PAttribute(&value, hipDevP2PAttrNativeAtomicSupported, 0, 1), hipSuccess);
  EXPECT_EQ(value, 1);
  EXPECT_EQ(hipDeviceGetP2PAttribute(&value, hipDevP2PAttrPerformanceRank, 1, 0), hipSuccess);
  EXPECT_EQ(value, 0);
  EXPECT_EQ(hipDeviceGetP2PAttribute(&value, hipDevP2PAttrAccessSupported, 1, 1), hipErrorInvalidDevice);
  EXPECT_EQ(hipDeviceGetP2PAttribute(&value, hipDevP2PAttrAccessSupported, 0, 2), hipErrorInvalidDevice);
  uint32_t type = 0, hops = 0;
  EXPECT_EQ(hipExtGetLinkTypeAndHopCount(0, 1, &type, &hops), hipSuccess);
  EXPECT_EQ(type, 4u);  // XGMI
  EXPECT_EQ(hops, 1u);
  EXPECT_EQ(hipExtGetLinkTypeAndHopCount(0, 0, &type, &hops), hipErrorInvalidValue);
  EXPECT_EQ(hipExtGetLinkTypeAndHopCount(0, 2, &type, &hops), hipErrorInvalidDevice);
}

TEST_F(Devices, kernels_allocate_memory_of_their_device) {
  for (int d : {0, 1}) {
    CK(hipSetDevice(d));
    Dev<int> result(1);
    allocate<<<1, 1>>>(result.p);
    EXPECT_EQ(result.get()[0], 6) << d;
  }
}

TEST_F(Devices, copies_need_no_peer_access) {
  std::vector<int> numbers(100, 3);
  CK(hipSetDevice(1));
  Dev<int> on1(numbers);
  CK(hipSetDevice(0));
  Dev<int> on0(100), other(100);
  EXPECT_EQ(hipMemcpyPeer(on0.p, 0, on1.p, 1, 400), hipSuccess);
  EXPECT_EQ(on0.get(), numbers);
  EXPECT_EQ(hipMemcpy(other.p, on1.p, 400, hipMemcpyDefault), hipSuccess);
  EXPECT_EQ(other.get(), numbers);
  EXPECT_EQ(hipMemcpyPeer(on0.p, 0, on1.p, 2, 400), hipErrorInvalidDevice);
  EXPECT_EQ(hipMemcpyPeerAsync(on0.p, -1, on1.p, 1, 400, nullptr), hipErrorInvalidDevice);
  void* managed;
  CK(hipMallocManaged(&managed, 400, hipMemAttachGlobal));
  memset(managed, 0, 400);
  for (int d : {0, 1}) {  // managed memory belongs to all devices
    CK(hipSetDevice(d));
    add<<<1, 100>>>(static_cast<int*>(managed), 100, 1 + d);
    EXPECT_EQ(hipDeviceSynchronize(), hipSuccess);
  }
  EXPECT_EQ(static_cast<int*>(managed)[99], 3);
  CK(hipFree(managed));
}
