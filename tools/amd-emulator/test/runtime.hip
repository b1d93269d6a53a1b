// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The HIP API: memory, pools, cooperative launches, streams, error state. Compiles with the headers of HIP
/// 5.2, 6 and 7.
#include <unistd.h>

#include <atomic>
#include <thread>

#include "support.hpp"

#define OK(x) EXPECT_EQ((x), hipSuccess)

extern "C" __device__ void __ockl_grid_sync(void);

__global__ void add_to(int* p, int v, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] += v;
}
__global__ void scale(int* p, int v, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) p[i] *= v;
}
#if !defined(__gfx1200__) && !defined(__gfx1201__)  // the device library's grid barrier uses instructions that gfx12 lacks
__global__ void grid_rounds(int* p, int n, int rounds) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  for (int r = 0; r < rounds; r++) {
    int v = p[(i + 1) % n];
    __ockl_grid_sync();
    p[i] = v + 1;
    __ockl_grid_sync();
  }
}
#else
__global__ void grid_rounds(int* p, int n, int rounds) {}
#endif
__device__ unsigned arrived;
__global__ void atomic_barrier(int* p, int n) {  // a grid barrier by hand: all groups have to be resident
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  p[i] = i;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    atomicAdd(&arrived, 1);
    while (atomicAdd(&arrived, 0) < gridDim.x) {
    }
    __threadfence();
  }
  __syncthreads();
  int v = p[(i + blockDim.x) % n];
  __syncthreads();
  p[n + i] = v;
}
__global__ void split(int* p) {
  if (threadIdx.x % 2) {
    p[threadIdx.x] = 1;
    __syncthreads();
    p[threadIdx.x] = 2;
  }
  p[threadIdx.x] += 3;
}

__global__ void talk(int n, double d) {
  if (threadIdx.x == 65 || threadIdx.x == 3)
    printf("thread %d: %5.2f %s %lld|%c|%x%%\n", int(threadIdx.x), d,
           n > 3 ? "a rather long string argument that needs more than one packet of the buffer" : "short", 1ll << 40, 'z', 255);
}

struct Ints {
  int* p = nullptr;
  size_t n;
  explicit Ints(std::vector<int> v) : n(v.size()) {
    (void)hipMalloc(&p, n * 4);
    (void)hipMemcpy(p, v.data(), n * 4, hipMemcpyHostToDevice);
  }
  ~Ints() { (void)hipFree(p); }
  std::vector<int> get() {
    std::vector<int> v(n);
    (void)hipMemcpy(v.data(), p, n * 4, hipMemcpyDeviceToHost);
    return v;
  }
  std::string is(int want) {
    auto v = get();
    for (size_t i = 0; i < n; i++)
      if (v[i] != want) return "element " + std::to_string(i) + " is " + std::to_string(v[i]) + ", expected " + std::to_string(want) + "; ";
    return "";
  }
};
static void host_inc(void* p) { ++*static_cast<int*>(p); }

TEST(Runtime, devices) {
  (void)hipGetLastError();
  hipDeviceProp_t p;
  memset(&p, 0x55, sizeof p);
  int n = 0, v = 0;
  OK(hipGetDeviceProperties(&p, 0));
  EXPECT_TRUE(p.warpSize == 32 || p.warpSize == 64);
  EXPECT_TRUE(strncmp(p.gcnArchName, "gfx", 3) == 0);
  EXPECT_TRUE(p.maxThreadsPerBlock == 1024);
  EXPECT_TRUE(p.cooperativeLaunch == 1);
  EXPECT_TRUE(p.sharedMemPerBlock == 65536);
  EXPECT_TRUE(p.multiProcessorCount > 0 && p.maxGridSize[0] > 65535 && p.major >= 9 && p.managedMemory == 1 && p.isLargeBar == 1);
  OK(hipDeviceGetAttribute(&v, hipDeviceAttributeWarpSize, 0));
  EXPECT_TRUE(v == p.warpSize);
  OK(hipDeviceGetAttribute(&v, hipDeviceAttributeCooperativeLaunch, 0));
  EXPECT_TRUE(v == 1);
  OK(hipDeviceGetAttribute(&v, hipDeviceAttributeMemoryPoolsSupported, 0));
  EXPECT_TRUE(v == 1);
  OK(hipDeviceGetAttribute(&v, hipDeviceAttributeMultiprocessorCount, 0));
  EXPECT_TRUE(v == p.multiProcessorCount);
  EXPECT_EQ(hipGetDeviceProperties(&p, 99), hipErrorInvalidDevice);
  OK(hipChooseDevice(&n, &p));
  EXPECT_TRUE(n == 0);
  OK(hipRuntimeGetVersion(&v));
  EXPECT_TRUE(v / 10000000 == HIP_VERSION_MAJOR);
}
TEST(Runtime, last_error_across_a_successful_call) {
  (void)hipGetLastError();
  (void)hipGetLastError();
  void* q;
  int n;
  EXPECT_EQ(hipMalloc(nullptr, 4), hipErrorInvalidValue);
  OK(hipGetDeviceCount(&n));
  hipError_t want = HIP_VERSION_MAJOR >= 7 ? hipErrorInvalidValue : hipSuccess;  // up to HIP 6 a successful call replaces the last error
  EXPECT_EQ(hipPeekAtLastError(), want);
  EXPECT_EQ(hipGetLastError(), want);
  EXPECT_EQ(hipGetLastError(), hipSuccess);
  (void)q;
}
TEST(Runtime, memory) {
  (void)hipGetLastError();
  size_t f0, f1, f2, t;
  void *a, *b;
  hipPointerAttribute_t at;
  char stack[8];
  OK(hipMemGetInfo(&f0, &t));
  OK(hipMalloc(&a, 1 << 20));
  OK(hipMemGetInfo(&f1, &t));
  EXPECT_TRUE(f0 - f1 == 1 << 20);
  EXPECT_EQ(hipMalloc(&b, t + 1), hipErrorOutOfMemory);
  EXPECT_TRUE(b == nullptr);
  EXPECT_EQ(hipMalloc(&b, f1 + 1), hipErrorOutOfMemory);
  (void)hipGetLastError();
  OK(hipFree(a));
  OK(hipMemGetInfo(&f2, &t));
  EXPECT_TRUE(f2 == f0);

  EXPECT_EQ(hipFree(a), hipErrorInvalidValue);
  OK(hipMalloc(&a, 100));
  EXPECT_EQ(hipFree(static_cast<char*>(a) + 4), hipErrorInvalidValue);
  EXPECT_EQ(hipFree(stack), hipErrorInvalidValue);
  EXPECT_EQ(hipHostFree(a), hipErrorInvalidValue);
  OK(hipFree(a));
  OK(hipFree(nullptr));
  OK(hipMalloc(&a, 100));
  OK(hipPointerGetAttributes(&at, static_cast<char*>(a) + 5));
  EXPECT_TRUE(at.devicePointer == static_cast<char*>(a) + 5);
  int ty;
  memcpy(&ty, &at, 4);
  EXPECT_TRUE(ty == hipMemoryTypeDevice);
  OK(hipHostMalloc(&b, 64, 0));
  OK(hipPointerGetAttributes(&at, b));
  memcpy(&ty, &at, 4);
  EXPECT_TRUE(ty == hipMemoryTypeHost);
  EXPECT_TRUE(at.hostPointer == b);
  EXPECT_EQ(hipPointerGetAttributes(&at, stack), HIP_VERSION_MAJOR >= 6 ? hipSuccess : hipErrorInvalidValue);
  OK(hipHostFree(b));
  OK(hipFree(a));
  char h[4 * 5 * 6], o[4 * 5 * 6] = {};
  for (size_t i = 0; i < sizeof h; i++) h[i] = i;
  hipPitchedPtr d;
  OK(hipMalloc3D(&d, {6, 5, 4}));
  hipMemcpy3DParms m = {};
  m.srcPtr = {h, 6, 6, 5};
  m.dstPtr = d;
  m.extent = {6, 5, 4};
  m.kind = hipMemcpyHostToDevice;
  OK(hipMemcpy3D(&m));
  m.srcPtr = d;
  m.dstPtr = {o, 6, 6, 5};
  m.srcPos = {1, 1, 1};
  m.dstPos = {0, 0, 0};
  m.extent = {5, 4, 3};
  OK(hipMemcpy3D(&m));
  EXPECT_TRUE(o[0] == 37 && o[2 * 30 + 3 * 6 + 4] == 3 * 30 + 4 * 6 + 5);
  OK(hipMemset3D(d, 7, {6, 5, 4}));
  OK(hipMemcpy(o, static_cast<char*>(d.ptr) + 3 * d.pitch * 5 + 5, 1, hipMemcpyDeviceToHost));
  EXPECT_TRUE(o[0] == 7);
  OK(hipFree(d.ptr));
}
TEST(Runtime, flags_of_host_memory) {
  for (unsigned flags : {unsigned(hipHostMallocDefault), unsigned(hipHostMallocCoherent), unsigned(hipHostMallocNonCoherent)}) {
    void* p;
    unsigned got = 7;
    hipPointerAttribute_t a;
    OK(hipHostMalloc(&p, 64, flags));
    OK(hipHostGetFlags(&got, p));
    EXPECT_EQ(got, flags);
    OK(hipPointerGetAttributes(&a, p));
    EXPECT_EQ(unsigned(a.allocationFlags), flags);
    OK(hipHostFree(p));
  }
}
TEST(Runtime, sizes_beyond_all_memory) {
  char host[64] = {};
  size_t const most = SIZE_MAX;
  char* d;
  void* p;
  size_t pitch;
  hipPitchedPtr volume;
  OK(hipMalloc(reinterpret_cast<void**>(&d), 64));
  EXPECT_EQ(hipMemset(d, 0, most), hipErrorInvalidValue);
  EXPECT_EQ(hipMemset(d + 32, 0, most - 16), hipErrorInvalidValue);
  EXPECT_EQ(hipMemsetD16(d, 0, size_t(1) << 63), hipErrorInvalidValue);
  EXPECT_EQ(hipMemsetD32(d, 0, size_t(1) << 62), hipErrorInvalidValue);
  EXPECT_EQ(hipMemset2D(d, size_t(1) << 63, 0, 16, 3), hipErrorInvalidValue);
  EXPECT_EQ(hipMemset3D({d, size_t(1) << 33, 16, size_t(1) << 31}, 0, {16, 1, 2}), hipErrorInvalidValue);
  EXPECT_EQ(hipMemcpy(d, host, most, hipMemcpyHostToDevice), hipErrorInvalidValue);
  EXPECT_EQ(hipMemcpy(host, d, most, hipMemcpyDeviceToHost), hipErrorInvalidValue);
  EXPECT_EQ(hipMemcpy2D(d, most, host, most, 16, 2, hipMemcpyHostToDevice), hipErrorInvalidValue);
  EXPECT_EQ(hipMemcpy2D(d, size_t(1) << 63, host, size_t(1) << 63, 16, 3, hipMemcpyHostToDevice), hipErrorInvalidValue);
  hipMemcpy3DParms m = {};
  m.srcPtr = {host, 16, 16, 4};
  m.dstPtr = {d, 16, 16, 4};
  m.extent = {16, 1, 1};
  m.kind = hipMemcpyHostToDevice;
  m.dstPos = {0, size_t(1) << 60, 0};  // 2^64 bytes
  EXPECT_EQ(hipMemcpy3D(&m), hipErrorInvalidValue);
  EXPECT_EQ(hipMallocPitch(&p, &pitch, 256, (size_t(1) << 56) + 1), hipErrorOutOfMemory);
  EXPECT_EQ(hipMallocPitch(&p, &pitch, most, 1), hipErrorOutOfMemory);
  EXPECT_EQ(hipMalloc3D(&volume, {256, size_t(1) << 30, (size_t(1) << 26) + 1}), hipErrorOutOfMemory);
  EXPECT_EQ(hipHostRegister(host, most, 0), hipErrorInvalidValue);
  int n = 1, v = 0, blocks = -1;
  void* a[] = {&d, &v, &n};
  void const* const f = reinterpret_cast<void const*>(add_to);
  EXPECT_EQ(hipLaunchKernel(f, dim3(1), dim3(64), a, most, nullptr), hipErrorInvalidValue);
  EXPECT_EQ(hipLaunchKernel(f, dim3(1), dim3(1u << 31, 1u << 31, 4), a, 0, nullptr), hipErrorInvalidConfiguration);
  OK(hipOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, f, 64, most));
  EXPECT_EQ(blocks, 0);
  (void)hipGetLastError();
  OK(hipFree(d));
}
__device__ int symbol;
TEST(Runtime, directions_of_copies_that_do_not_exist) {
  int v = 0;
  auto const none = static_cast<hipMemcpyKind>(9);
  EXPECT_EQ(hipMemcpy(&v, &v, 4, none), hipErrorInvalidMemcpyDirection);
  EXPECT_EQ(hipMemcpyToSymbol(HIP_SYMBOL(symbol), &v, 4, 0, none), hipErrorInvalidMemcpyDirection);
  EXPECT_EQ(hipMemcpyFromSymbolAsync(&v, HIP_SYMBOL(symbol), 4, 0, none, nullptr), hipErrorInvalidMemcpyDirection);
  (void)hipGetLastError();
}
TEST(Runtime, devices_that_do_not_exist) {
  size_t n;
  char text[32];
  int a, b, d = 7;
  for (int device : {-3, -1, 1, 9}) {
    EXPECT_EQ(hipDeviceTotalMem(&n, device), hipErrorInvalidDevice);
    EXPECT_EQ(hipDeviceGetPCIBusId(text, sizeof text, device), hipErrorInvalidDevice);
    EXPECT_EQ(hipDeviceComputeCapability(&a, &b, device), hipErrorInvalidDevice);
  }
  EXPECT_EQ(hipDeviceGetByPCIBusId(&d, "0000:ffffffff:00.0"), hipErrorInvalidDevice);
  EXPECT_EQ(d, 7);
  OK(hipDeviceGetPCIBusId(text, sizeof text, 0));
  OK(hipDeviceGetByPCIBusId(&d, text));
  EXPECT_EQ(d, 0);
  (void)hipGetLastError();
}
TEST(Runtime, pools) {
  (void)hipGetLastError();
  hipStream_t s;
  OK(hipStreamCreate(&s));
  hipMemPool_t def, p;
  OK(hipDeviceGetDefaultMemPool(&def, 0));
  unsigned long long u = 77, big = 1 << 20;
  OK(hipMemPoolSetAttribute(def, hipMemPoolAttrReleaseThreshold, &big));
  OK(hipMemPoolGetAttribute(def, hipMemPoolAttrReleaseThreshold, &u));
  EXPECT_TRUE(u == big);
  hipMemPoolProps pr = {};
  pr.allocType = hipMemAllocationTypePinned;
  pr.location.type = hipMemLocationTypeDevice;
  OK(hipMemPoolCreate(&p, &pr));
  int *a = nullptr, *b = nullptr;
  OK(hipMallocFromPoolAsync(reinterpret_cast<void**>(&a), 4000, p, s));
  OK(hipMallocAsync(reinterpret_cast<void**>(&b), 400, s));
  OK(hipMemPoolGetAttribute(p, hipMemPoolAttrUsedMemCurrent, &u));
  EXPECT_TRUE(u == 4000);
  OK(hipMemsetAsync(a, 0, 4000, s));
  add_to<<<10, 100, 0, s>>>(a, 5, 1000);
  std::vector<int> h(1000);
  OK(hipMemcpyAsync(h.data(), a, 4000, hipMemcpyDeviceToHost, s));
  OK(hipFreeAsync(a, s));
  OK(hipFreeAsync(b, s));
  OK(hipStreamSynchronize(s));
  EXPECT_TRUE(h[999] == 5);
  OK(hipMemPoolGetAttribute(p, hipMemPoolAttrUsedMemCurrent, &u));
  EXPECT_TRUE(u == 0);
  OK(hipMemPoolGetAttribute(p, hipMemPoolAttrUsedMemHigh, &u));
  EXPECT_TRUE(u == 4000);
  OK(hipMemPoolTrimTo(p, 0));
  OK(hipDeviceSetMemPool(0, p));
  hipMemPool_t q;
  OK(hipDeviceGetMemPool(&q, 0));
  EXPECT_TRUE(q == p);
  OK(hipDeviceSetMemPool(0, def));
  OK(hipMemPoolDestroy(p));
  EXPECT_EQ(hipMemPoolDestroy(p), hipErrorInvalidValue);
  OK(hipStreamDestroy(s));
}
TEST(Runtime, cooperative_launches) {
  (void)hipGetLastError();
  std::string bad;
  hipDeviceProp_t p;
  OK(hipGetDeviceProperties(&p, 0));
  int n = 16 * 128, rounds = 3;
  if (strncmp(p.gcnArchName, "gfx12", 5)) {
    std::vector<int> v(n);
    for (int i = 0; i < n; i++) v[i] = i;
    Ints d(v);
    void* a[] = {&d.p, &n, &rounds};
    OK(hipLaunchCooperativeKernel(reinterpret_cast<void const*>(grid_rounds), dim3(16), dim3(128), a, 0, nullptr));
    OK(hipDeviceSynchronize());
    auto r = d.get();
    for (int i = 0; i < n; i++)
      if (r[i] != (i + rounds) % n + rounds) {
        bad += "element " + std::to_string(i) + " is " + std::to_string(r[i]);
        break;
      }
    line("cooperative launch, grid barrier", bad);
    bad.clear();
  }
  {
    Ints d(std::vector<int>(2 * n, 0));
    void* a[] = {&d.p, &n};
    OK(hipLaunchCooperativeKernel(reinterpret_cast<void const*>(atomic_barrier), dim3(16), dim3(128), a, 0, nullptr));
    OK(hipDeviceSynchronize());
    auto r = d.get();
    for (int i = 0; i < n; i++)
      if (r[n + i] != (i + 128) % n) {
        bad += "element " + std::to_string(i);
        break;
      }
    EXPECT_EQ(hipLaunchCooperativeKernel(reinterpret_cast<void const*>(atomic_barrier), dim3(1 << 20), dim3(128), a, 0, nullptr),
              hipErrorCooperativeLaunchTooLarge);
    (void)hipGetLastError();
    line("cooperative launch, own barrier; too large a grid", bad);
    bad.clear();
  }
  {
    Ints d(std::vector<int>(64, 0));
    ::testing::internal::CaptureStderr();
    split<<<1, 64>>>(d.p);
    OK(hipDeviceSynchronize());
    std::string const text = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(d.get()[1] == 5);
    EXPECT_NE(text.find("__syncthreads in kernel split"), std::string::npos) << text;
  }
}
TEST(Runtime, printing) {
  (void)hipGetLastError();
  std::string bad;
  fflush(stdout);  // captures stdout in a file
  FILE* t = tmpfile();
  int keep = dup(1);
  dup2(fileno(t), 1);
  talk<<<1, 128>>>(5, 2.5);
  OK(hipDeviceSynchronize());
  talk<<<2, 32>>>(1, -1e3);
  OK(hipDeviceSynchronize());
  fflush(stdout);
  dup2(keep, 1);
  close(keep);
  rewind(t);
  char b[200];
  std::vector<std::string> got;
  while (fgets(b, sizeof b, t)) got.push_back(b);
  fclose(t);
  std::string l = "a rather long string argument that needs more than one packet of the buffer 1099511627776|z|ff%\n",
              s = "thread 3: -1000.00 short 1099511627776|z|ff%\n";
  if (got.size() > 1 && got[0] > got[1]) std::swap(got[0], got[1]);  // waves print in any order
  if (got.size() != 4 || got[0] != "thread 3:  2.50 " + l || got[1] != "thread 65:  2.50 " + l || got[2] != s || got[3] != s) {
    bad = std::to_string(got.size()) + " lines: ";
    for (auto& g : got) bad += g;
  }
  line("device printf", bad);
}
TEST(Runtime, streams) {
  (void)hipGetLastError();
  std::string bad;
  hipStream_t s, t;
  OK(hipStreamCreate(&s));
  OK(hipStreamCreate(&t));
  hipEvent_t e;
  OK(hipEventCreate(&e));
  int n = 1000, calls = 0;
  Ints d(std::vector<int>(n, 1));
  for (int i = 0; i < 5; i++) {
    add_to<<<8, 128, 0, s>>>(d.p, 1, n);
    OK(hipEventRecord(e, s));
    OK(hipStreamWaitEvent(t, e, 0));
    scale<<<8, 128, 0, t>>>(d.p, 2, n);
    OK(hipLaunchHostFunc(t, host_inc, &calls));
    OK(hipEventRecord(e, t));
    OK(hipStreamWaitEvent(s, e, 0));
  }
  OK(hipStreamSynchronize(t));
  EXPECT_TRUE(calls == 5);
  bad += d.is(94);
  add_to<<<8, 128>>>(d.p, 1, n);
  scale<<<8, 128, 0, s>>>(d.p, 2, n);
  OK(hipStreamSynchronize(s));
  bad += d.is(190);
#if HIP_VERSION_MAJOR >= 6
  int dev = 9;
  OK(hipStreamGetDevice(s, &dev));
  EXPECT_TRUE(dev == 0);
#endif
  OK(hipStreamDestroy(s));
  OK(hipStreamDestroy(t));
  OK(hipEventDestroy(e));
  line("order across streams, events and the null stream", bad);
}
#if HIP_VERSION_MAJOR >= 7
TEST(Runtime, newer_calls) {
  (void)hipGetLastError();
  std::string bad;
  int n = 100, v = 4;
  Ints d(std::vector<int>(n, 1));
  void* a[] = {&d.p, &v, &n};
  hipLaunchAttribute at[1] = {};
  at[0].id = hipLaunchAttributeCooperative;
  at[0].val.cooperative = 1;
  hipLaunchConfig_t c = {};
  c.gridDim = dim3(1);
  c.blockDim = dim3(128);
  c.attrs = at;
  c.numAttrs = 1;
  OK(hipLaunchKernelExC(&c, reinterpret_cast<void const*>(add_to), a));
  c.numAttrs = 0;
  OK(hipLaunchKernelExC(&c, reinterpret_cast<void const*>(add_to), a));
  OK(hipDeviceSynchronize());
  bad += d.is(9);
  c.gridDim = dim3(1 << 20);
  c.numAttrs = 1;
  EXPECT_EQ(hipLaunchKernelExC(&c, reinterpret_cast<void const*>(add_to), a), hipErrorCooperativeLaunchTooLarge);
  EXPECT_EQ(hipExtGetLastError(), hipErrorCooperativeLaunchTooLarge);
  EXPECT_EQ(hipGetLastError(), hipErrorCooperativeLaunchTooLarge);
  unsigned long long id = 0;
  hipStream_t s;
  OK(hipStreamCreate(&s));
  OK(hipStreamGetId(s, &id));
  EXPECT_TRUE(id != 0);
  hipMemLocation l = {};
  l.type = hipMemLocationTypeDevice;
  OK(hipMemPrefetchAsync_v2(d.p, n * 4, l, 0, s));
  OK(hipStreamDestroy(s));
  line("hipLaunchKernelExC and other HIP 7 calls", bad);
}
#endif

// ---- host threads
__global__ void slow(int volatile* p, int n) {
  p[0] = p[0] + 1;
  for (int i = 0; i < n; i++) p[2] = i;
  p[1] = p[1] + 1;
}
// While a kernel runs, commands of other host threads on its stream, and on the null stream, wait.
TEST(Runtime, order_of_a_stream_that_two_threads_use) {
  (void)hipGetLastError();
  int *d, *h;
  hipStream_t s;
  OK(hipMalloc(reinterpret_cast<void**>(&d), 16));
  OK(hipMemset(d, 0, 16));
  OK(hipHostMalloc(reinterpret_cast<void**>(&h), 8, 0));
  OK(hipStreamCreate(&s));
  for (hipStream_t other : {s, hipStream_t()}) {
    std::atomic<bool> runs{true};
    std::thread launches([&] {
      for (int i = 0; i < 3; i++) {
        slow<<<1, 1, 0, s>>>(d, 20000);
        (void)hipStreamSynchronize(s);
      }
      runs = false;
    });
    int torn = 0;
    while (runs && !torn) {
      OK(hipMemcpyAsync(h, d, 8, hipMemcpyDeviceToHost, other));
      OK(hipStreamSynchronize(other));
      torn += h[0] != h[1];
    }
    launches.join();
    EXPECT_EQ(torn, 0) << (other ? "same stream" : "null stream");
  }
  OK(hipMemcpy(h, d, 8, hipMemcpyDeviceToHost));
  EXPECT_EQ(h[1], 6);
  OK(hipStreamDestroy(s));
  OK(hipHostFree(h));
  OK(hipFree(d));
}
// A function on the stream's way may call HIP.
static void copies_again(hipStream_t s, hipError_t, void* p) {
  EXPECT_EQ(hipMemcpyAsync(static_cast<int*>(p) + 1, p, 4, hipMemcpyDefault, s), hipSuccess);
}
TEST(Runtime, callbacks_that_use_their_stream) {
  hipStream_t s;
  int* p;
  OK(hipStreamCreate(&s));
  OK(hipHostMalloc(reinterpret_cast<void**>(&p), 8, 0));
  p[0] = 5;
  OK(hipStreamAddCallback(s, copies_again, p, 0));
  OK(hipStreamSynchronize(s));
  OK(hipStreamSynchronize(s));  // for what the function submitted
  EXPECT_EQ(p[1], 5);
  OK(hipStreamDestroy(s));
  OK(hipHostFree(p));
}
