// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The access checks. With the settings of crosslane_use_amd_emulator() each finding is an error that the host sees.
#include <sys/wait.h>
#include <unistd.h>

#include "support.hpp"

__global__ void copy_kernel(int const* a, int* b, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) b[i] = a[i];
}
__global__ void rotate(int const* a, int* b, int n, int sync) {
  __shared__ int s[256];
  int t = threadIdx.x;
  s[t] = a[t];
  if (sync) __syncthreads();
  b[t] = s[(t + 64) % n];
}
__global__ void shift(int const* a, int* b, int n) {
  __shared__ int s[256];
  int t = threadIdx.x;
  s[t] = 0;
  __syncthreads();
  s[t] = a[t];
  b[t] = s[(t + 64) % n];
}
__global__ void lds_unset(int* b) {
  __shared__ int s[128];
  if (threadIdx.x < 64) s[threadIdx.x] = threadIdx.x;
  __syncthreads();
  b[threadIdx.x] = s[threadIdx.x];
}
__global__ void hist(int* b) {
  __shared__ int s[8];
  if (threadIdx.x < 8) s[threadIdx.x] = 0;
  __syncthreads();
  atomicAdd(&s[threadIdx.x % 8], 1);
  __syncthreads();
  if (threadIdx.x < 8) b[threadIdx.x] = s[threadIdx.x];
}
__global__ void add_double(double* b) {
  __shared__ double s;
  if (!threadIdx.x) s = 0;
  __syncthreads();
  atomicAdd(&s, 1.0);
  __syncthreads();
  if (!threadIdx.x) *b = s;
}
// Adds 1 to an object of 8 bits by compare-and-swap of its word, of which other bytes are not written or lie outside.
__device__ void update(unsigned char* p) {
  auto const address = reinterpret_cast<unsigned long long>(p);
  auto* const word = reinterpret_cast<unsigned*>(p - address % 4);
  unsigned const shift = 8 * unsigned(address % 4);
  unsigned before = __hip_atomic_load(word, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT), now;
  do {
    now = (before & ~(255u << shift)) | (((before >> shift) + 1) & 255) << shift;
  } while (!__hip_atomic_compare_exchange_strong(word, &before, now, __ATOMIC_RELAXED, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT));
}
__global__ void bytes(unsigned char* b, int n, int k, int only_read) {
  extern __shared__ unsigned char s[];
  if (int(threadIdx.x) < n) {
    b[threadIdx.x] = 1;
    s[threadIdx.x] = 1;
  }
  __syncthreads();
  if (only_read)
    b[0] = (unsigned char)(*reinterpret_cast<unsigned*>(b) % 251);
  else {
    update(b + k);
    update(s + k);
  }
  __syncthreads();
  if (threadIdx.x == 0) b[0] = s[k];
}
// Copies of structs with padding, which nobody writes. use: reads an unwritten member.
struct Padded {
  char c;
  int i;
  char d;
  double x;
  short s;
};
__global__ void pad(Padded* a, Padded* b, int use) {
  __shared__ Padded s[64];
  int const t = int(threadIdx.x);
  for (Padded* p : {a + t, s + t}) {
    p->c = char(t);
    if (!use) p->i = t;
    p->d = 1;
    p->x = t;
    p->s = 2;
  }
  __syncthreads();
  b[t] = a[63 - t];
  b[64 + t] = s[63 - t];
  if (use) b[t].i = a[63 - t].i + 1;
}
// Blocks read without order what the first one writes. out gets a number for what each has seen.
__global__ void read_unordered(int* a, int* b, u32* out, int n) {
  if (threadIdx.x) return;
  u32 seen = 0;
  for (int round = 1; round <= 30; round++)
    for (int i = 0; i < n; i++) {
      if (blockIdx.x == 0) {
        a[i * 1040] = round;
        asm volatile("" ::: "memory");
        b[i * 1552] = round;
      } else {
        seen = seen * 31 + u32(a[i * 1040]);
        asm volatile("" ::: "memory");
        seen = seen * 31 + u32(b[i * 1552]);
      }
      asm volatile("" ::: "memory");
    }
  out[blockIdx.x] = seen * 31 + u32(clock64());
}
__attribute__((noinline)) __device__ void store_at(int* p, int i, int v) { p[i] = v; }
__attribute__((noinline)) __device__ int load_at(int const* p, int i) { return p[i]; }
// Accesses element i of LDS by its own instructions, or by flat ones.
__global__ void lds_at(int* out, int i, int flat) {
  extern __shared__ int elements[];
  elements[threadIdx.x] = 1;
  __syncthreads();
  if (flat) {
    store_at(elements, i, 7);
    out[threadIdx.x] = load_at(elements, i);
  } else {
    *static_cast<int volatile*>(elements + i) = 7;
    out[threadIdx.x] = *static_cast<int volatile*>(elements + i);
  }
}
// Stores by instructions of LDS, loads by flat ones.
__global__ void lds_turns(int* out, int rounds) {
  __shared__ int elements[128];
  int const t = int(threadIdx.x);
  int sum = 0;
  for (int r = 1; r <= rounds; r++) {
    elements[t] = r;
    __syncthreads();
    sum += load_at(elements, (t + 64) % 128);
    __syncthreads();
  }
  out[t] = sum;
}
// Adds 1 to bytes at odd addresses, each a lane's, the waves in turn.
__global__ void odd_bytes(unsigned char* b) {
  b[2 * threadIdx.x + 1] = 1;
  __syncthreads();
  update(b + 2 * threadIdx.x + 1);
}
__global__ void add_at(int* p) { atomicAdd(p, 1); }
__global__ void say() { printf("(printed by lane %d)\n", int(threadIdx.x)); }
__device__ int var[4] = {1, 2, 3, 4};
__global__ void use_var(int* b) {
  b[threadIdx.x] = var[threadIdx.x % 4];
  var[threadIdx.x % 4] = 7;
}

// Only odd lanes reach the barrier, and the even ones run on.
__global__ void divergent(int* b) {
  if (threadIdx.x % 2) {
    b[threadIdx.x] = 1;
    __syncthreads();
  }
  b[threadIdx.x] = 2;
}
// The code that compilers make for a loop and a barrier after it: no lane is on at the barrier.
__global__ void barrier_before_join(int* b) {
#if defined(__GFX9__)
  asm volatile("s_mov_b64 s[20:21], exec\ns_mov_b64 exec, 0\ns_barrier\ns_or_b64 exec, exec, s[20:21]" ::: "s20", "s21", "memory");
#elif defined(__GFX12__)
  asm volatile("s_mov_b32 s20, exec_lo\ns_mov_b32 exec_lo, 0\ns_barrier_signal -1\ns_barrier_wait -1\ns_or_b32 exec_lo, exec_lo, s20" ::
                   : "s20", "memory");
#else
  asm volatile("s_mov_b32 s20, exec_lo\ns_mov_b32 exec_lo, 0\ns_barrier\ns_or_b32 exec_lo, exec_lo, s20" ::: "s20", "memory");
#endif
  b[threadIdx.x] = 1;
}

// Adds 1 to an element that was loaded, with or without the wait for it.
#if defined(__GFX9__)
#define WAIT_FOR_LOADS "s_waitcnt vmcnt(0)\n"
#define WAIT_FOR_LDS "s_waitcnt lgkmcnt(0)\n"
#define LOAD "global_load_dword"
#define LDS_LOAD "ds_read_b32"
#define SCALAR_LOAD "s_load_dword"
#define WAIT_FOR_SCALARS WAIT_FOR_LDS
#define ADD_1 "v_add_u32"
#elif defined(__GFX12__)
#define WAIT_FOR_LOADS "s_wait_loadcnt 0x0\n"
#define WAIT_FOR_LDS "s_wait_dscnt 0x0\n"
#define LOAD "global_load_b32"
#define LDS_LOAD "ds_load_b32"
#define SCALAR_LOAD "s_load_b32"
#define WAIT_FOR_SCALARS "s_wait_kmcnt 0x0\n"
#define ADD_1 "v_add_nc_u32"
#else
#define WAIT_FOR_LOADS "s_waitcnt vmcnt(0)\n"
#define WAIT_FOR_LDS "s_waitcnt lgkmcnt(0)\n"
#define LOAD "global_load_b32"
#define LDS_LOAD "ds_load_b32"
#define SCALAR_LOAD "s_load_b32"
#define WAIT_FOR_SCALARS WAIT_FOR_LDS
#define ADD_1 "v_add_nc_u32"
#endif
// Copies an element of an array in registers, another element of which was loaded; reads that one before its wait if `wrong`.
__global__ void indexed_before_wait(int const* a, int* b, int wrong) {
#if __HIP_DEVICE_COMPILE__
  int const* p = a + threadIdx.x;
  int r = 0;
  int const i = __builtin_amdgcn_readfirstlane(1 + wrong);
#if defined(__GFX9__)
#define ELEMENT "s_set_gpr_idx_on %2, gpr_idx(SRC0)\nv_mov_b32 %0, v20\ns_set_gpr_idx_off\n"
#else
#define ELEMENT "s_mov_b32 m0, %2\nv_movrels_b32 %0, v20\n"
#endif
  asm volatile("v_mov_b32 v21, 5\n" LOAD " v22, %1, off\n" ELEMENT WAIT_FOR_LOADS
               : "=&v"(r)
               : "v"(p), "s"(i)
               : "v20", "v21", "v22", "memory");
  b[threadIdx.x] = r;
#endif
}
enum { with_waits = 0, no_wait_for_load = 1, no_wait_for_lds = 2, no_wait_for_scalar = 4, write_without_wait = 8 };
template <int Left_out>
__global__ void add_loaded(int const* a, int* b) {
  __shared__ int s[64];
  int const* p = a + threadIdx.x;
  s[threadIdx.x] = 1;
  __syncthreads();
  int r = 0, q = 0, c = 0, at = 0;
  asm volatile(LOAD " %0, %1, off" : "+&v"(r) : "v"(p) : "memory");
  if constexpr (Left_out & write_without_wait) asm volatile("v_mov_b32 %0, 0" : "+v"(r));
  if constexpr (!(Left_out & no_wait_for_load)) asm volatile(WAIT_FOR_LOADS : "+v"(r));
  asm volatile(ADD_1 " %0, 1, %0" : "+v"(r));
  asm volatile(LDS_LOAD " %0, %1" : "=&v"(q) : "v"(at) : "memory");
  if constexpr (!(Left_out & no_wait_for_lds)) asm volatile(WAIT_FOR_LDS : "+v"(q));
  asm volatile(ADD_1 " %0, 1, %0" : "+v"(q));
  asm volatile(SCALAR_LOAD " %0, %1, 0x0" : "=&s"(c) : "s"(a) : "memory");
  if constexpr (!(Left_out & no_wait_for_scalar)) asm volatile(WAIT_FOR_SCALARS : "+s"(c));
  asm volatile("s_add_i32 %0, %0, 1" : "+s"(c));
  asm volatile(WAIT_FOR_LOADS WAIT_FOR_LDS WAIT_FOR_SCALARS ::: "memory");
  b[threadIdx.x] = r + q + c;
}

// States that the work before ended without a finding, or with one.
static void expect(bool ok) {
  hipError_t const e = hipDeviceSynchronize();
  (void)hipGetLastError();
  EXPECT_EQ(e == hipSuccess, ok) << hipGetErrorName(e);
}

class Checks : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!getenv("AMDEMU_UNINIT") || strcmp(getenv("AMDEMU_UNINIT"), "error"))
      GTEST_SKIP() << "needs the checks: AMDEMU_UNINIT=error and others";
    CK(hipMalloc(reinterpret_cast<void**>(&a), 1000));
    CK(hipMalloc(reinterpret_cast<void**>(&b), 1024));
  }
  void TearDown() override {
    (void)hipFree(a);
    (void)hipFree(b);
  }
  int *a = nullptr, *b = nullptr, h[300] = {};
};
TEST_F(Checks, reads_of_unwritten_memory) {
  copy_kernel<<<1, 256>>>(a, b, 250);
  expect(false);
  CK(hipMemcpy(a, h, 500, hipMemcpyHostToDevice));
  copy_kernel<<<1, 256>>>(a, b, 125);
  expect(true);
  copy_kernel<<<1, 256>>>(a, b, 126);
  expect(false);  // one element past the part that was copied
  CK(hipMemset(a, 0, 1000));
  copy_kernel<<<1, 256>>>(a, b, 250);
  expect(true);
  copy_kernel<<<1, 256>>>(b, a, 250);
  expect(true);  // what a kernel wrote
}
TEST_F(Checks, padding_may_be_copied) {
  for (int use : {0, 1}) {
    Padded *p, *q;
    CK(hipMalloc(reinterpret_cast<void**>(&p), 64 * sizeof *p));
    CK(hipMalloc(reinterpret_cast<void**>(&q), 128 * sizeof *q));
    pad<<<1, 64>>>(p, q, use);
    expect(!use);
    CK(hipFree(p));
    CK(hipFree(q));
  }
}
TEST_F(Checks, messages_say_what_an_address_is) {
  auto const message = [](int* p) {
    ::testing::internal::CaptureStderr();
    add_at<<<1, 1>>>(p);
    expect(false);
    return ::testing::internal::GetCapturedStderr();
  };
  CK(hipMemset(a, 0, 1000));
  int* gone;
  CK(hipMalloc(reinterpret_cast<void**>(&gone), 100));
  CK(hipFree(gone));
  EXPECT_NE(message(gone + 3).find("of 100 bytes, which was freed"), std::string::npos);
  EXPECT_NE(message(a - 2).find(", 8 bytes before the allocation"), std::string::npos);
  EXPECT_NE(message(nullptr).find("near the null pointer"), std::string::npos);
  EXPECT_NE(message(reinterpret_cast<int*>(reinterpret_cast<char*>(a) + 2)).find("not a multiple of 4"), std::string::npos);
}
TEST_F(Checks, bounds) {
  CK(hipMemset(a, 0, 1000));
  copy_kernel<<<1, 256>>>(a, b, 251);
  expect(false);
  copy_kernel<<<1, 256>>>(h, b, 10);
  expect(false);  // memory of the host
}
TEST_F(Checks, races_on_lds) {
  CK(hipMemset(b, 0, 1024));
  rotate<<<1, 128>>>(b, b, 128, 1);
  expect(true);
  rotate<<<1, 128>>>(b, b, 128, 0);
  expect(false);
  shift<<<1, 128>>>(b, b, 128);
  expect(false);
}
TEST_F(Checks, reads_of_unwritten_lds) {
  lds_unset<<<1, 128>>>(b);
  expect(false);
}
TEST_F(Checks, accesses_outside_the_lds_of_the_block) {
  for (int flat : {0, 1}) {
    lds_at<<<1, 32, 256>>>(b, 63, flat);
    expect(true);
    for (int i : {64, 200, 20000}) {
      ::testing::internal::CaptureStderr();
      lds_at<<<1, 32, 256>>>(b, i, flat);
      expect(false);
      std::string const text = ::testing::internal::GetCapturedStderr();
      EXPECT_NE(text.find("access to 4 bytes at LDS byte " + std::to_string(4 * i) + ", outside the group's 256 bytes"), std::string::npos)
          << text;
    }
    Setting const only_print("AMDEMU_LDS_OOB", "warning");
    ::testing::internal::CaptureStderr();
    lds_at<<<1, 32, 256>>>(b, 200, flat);
    expect(true);
    std::string const text = ::testing::internal::GetCapturedStderr();
    size_t const first = text.find("LDS byte 800");
    EXPECT_NE(first, std::string::npos) << text;
    EXPECT_EQ(text.find("LDS byte", first + 1), std::string::npos) << "once: " << text;
    CK(hipMemcpy(h, b, 128, hipMemcpyDeviceToHost));
    for (int t = 0; t < 32; t++) EXPECT_EQ(h[t], 0) << t;
  }
}
TEST_F(Checks, atomics_on_lds_are_no_races) {
  hist<<<1, 256>>>(b);
  expect(true);
  add_double<<<1, 256>>>(reinterpret_cast<double*>(b));
  expect(true);  // by compare-and-swap
}
TEST_F(Checks, bytes_beside_one_that_is_updated) {
  unsigned char* c;
  CK(hipMalloc(reinterpret_cast<void**>(&c), 3));
  bytes<<<1, 64, 3>>>(c, 3, 2, 0);
  expect(true);  // the word ends behind the allocation
  bytes<<<1, 64, 3>>>(c, 3, 0, 1);
  expect(false);
  (void)hipFree(c);
  bytes<<<1, 64, 4>>>(reinterpret_cast<unsigned char*>(a), 2, 1, 0);
  expect(true);  // half of the word is not written
  bytes<<<1, 64, 4>>>(reinterpret_cast<unsigned char*>(b), 2, 1, 1);
  expect(false);
  // The same if races are not looked for, and if many waves do so at a time.
  Setting const race("AMDEMU_RACE", "0");
  bytes<<<1, 64, 4>>>(reinterpret_cast<unsigned char*>(a) + 4, 2, 1, 0);
  expect(true);
  Setting const weak("AMDEMU_WEAK", "1");
  odd_bytes<<<1, 256>>>(reinterpret_cast<unsigned char*>(a) + 8);
  expect(true);
}
// What the blocks of read_unordered() see in a process of its own, in which `pages` lie between the arrays.
static std::vector<u32> seen_with(char const* seed, size_t pages) {
  int channel[2];
  EXPECT_EQ(pipe(channel), 0);
  pid_t const child = fork();
  if (!child) {
    setenv("AMDEMU_RACE", "0", 1);
    setenv("AMDEMU_WEAK", "1", 1);
    setenv("AMDEMU_SEED", seed, 1);
    int const n = 40;
    Dev<int> a(1040 * n);
    Dev<char> between(pages * 4096);
    Dev<int> b(1552 * n);
    Dev<u32> out(4);
    read_unordered<<<4, 64>>>(a.p, b.p, out.p, n);
    std::vector<u32> const seen = out.get();
    _exit(write(channel[1], seen.data(), 16) != 16);
  }
  std::vector<u32> seen(4);
  EXPECT_EQ(read(channel[0], seen.data(), 16), 16);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  close(channel[0]);
  close(channel[1]);
  return seen;
}
TEST(WeakMemory, a_seed_gives_the_same_run_whatever_the_addresses_are) {
  std::vector<u32> const seen = seen_with("3", 1);
  for (size_t pages : {2, 7, 40}) EXPECT_EQ(seen_with("3", pages), seen) << pages;
  EXPECT_NE(seen_with("4", 1), seen);
}
TEST(WeakMemory, flat_loads_of_lds_need_no_invalidation) {
  Dev<int> out(128);
  Setting const race("AMDEMU_RACE", "0"), weak("AMDEMU_WEAK", "1");
  lds_turns<<<1, 128>>>(out.p, 20);
  EXPECT_EQ(out.get(), std::vector<int>(128, 210));
}
TEST_F(Checks, divergent_barriers) {
  divergent<<<1, 128>>>(b);
  expect(false);
  barrier_before_join<<<1, 128>>>(b);
  expect(true);
}
TEST_F(Checks, registers_used_before_the_wait) {
  CK(hipMemset(a, 0, 1000));
  add_loaded<with_waits><<<1, 32>>>(a, b);
  expect(true);
  add_loaded<no_wait_for_load><<<1, 32>>>(a, b);
  expect(false);
  add_loaded<no_wait_for_lds><<<1, 32>>>(a, b);
  expect(false);
  add_loaded<no_wait_for_scalar><<<1, 32>>>(a, b);
  expect(false);
  add_loaded<write_without_wait><<<1, 32>>>(a, b);
  expect(false);
  for (int wrong : {0, 1}) {
    indexed_before_wait<<<1, 32>>>(a, b, wrong);
    expect(!wrong);
  }
}
TEST_F(Checks, printf_and_variables_of_the_device) {
  ::testing::internal::CaptureStdout();
  say<<<1, 1>>>();
  expect(true);
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "(printed by lane 0)\n");
  use_var<<<1, 32>>>(b);
  expect(true);
}
// Frees memory in its destructor.
static struct Keeper {
  void* p = nullptr;
  ~Keeper() { (void)hipFree(p); }
} keeper;
TEST_F(Checks, leaks_fail_the_process) {
  (void)hipFree(a);
  (void)hipFree(b);
  a = b = nullptr;
  auto const leak = [] {
    void* p;
    CK(hipMalloc(&p, 100));
    std::exit(0);
  };
  EXPECT_EXIT(leak(), ::testing::ExitedWithCode(1), "leaks: 1 allocations, 100 bytes");
  EXPECT_EXIT(std::exit(0), ::testing::ExitedWithCode(0), "leaks: none");
  auto const free_late = [] {
    CK(hipMalloc(&keeper.p, 100));
    std::exit(0);
  };
  EXPECT_EXIT(free_late(), ::testing::ExitedWithCode(0), "leaks: none");
}
