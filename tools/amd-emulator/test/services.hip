// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What kernels ask of the host: printf() and memory for malloc(). Settings, in processes of their own.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.hpp"

#include <algorithm>
#include <sstream>

// ------------------------------------------------------------------------------------------------ malloc
// Each thread takes memory of its own size, some above 3 KiB, which the device library passes on to the host.
__device__ u32 words_of(u32 t) { return t % 7 == 0 ? 1000 + t : 3 + t % 50; }
__global__ void take(u32** blocks) {
  u32 const t = blockIdx.x * blockDim.x + threadIdx.x;
  if (t % 5 == 4) {  // these lanes take nothing
    blocks[t] = nullptr;
    return;
  }
  u32* const p = static_cast<u32*>(malloc(4 * words_of(t)));
  if (p)
    for (u32 i = 0; i < words_of(t); i++) p[i] = t * 1000 + i;
  blocks[t] = p;
}
__global__ void sum_and_free(u32** blocks, u32* sums) {
  u32 const t = blockIdx.x * blockDim.x + threadIdx.x;
  u32 s = 0;
  if (blocks[t])
    for (u32 i = 0; i < words_of(t); i++) s += blocks[t][i] - t * 1000;
  sums[t] = s;
  free(blocks[t]);
}
TEST(Malloc, blocks_of_all_threads_are_apart_and_outlive_the_kernel) {
  int const n = 4 * 96;
  Dev<u32*> blocks(n);
  Dev<u32> sums(n);
  for (int round = 0; round < 3; round++) {  // freed memory is taken again
    take<<<4, 96>>>(blocks.p);
    std::vector<u32*> const got = blocks.get();
    std::vector<std::pair<char*, char*>> spans;
    for (int t = 0; t < n; t++) {
      u32 const words = t % 7 == 0 ? 1000 + t : 3 + t % 50;
      EXPECT_EQ(got[t] == nullptr, t % 5 == 4) << t;
      EXPECT_EQ(reinterpret_cast<uintptr_t>(got[t]) % 8, 0) << t;
      if (got[t]) spans.emplace_back(reinterpret_cast<char*>(got[t]), reinterpret_cast<char*>(got[t] + words));
    }
    std::sort(spans.begin(), spans.end());
    for (size_t i = 1; i < spans.size(); i++) EXPECT_GE(spans[i].first, spans[i - 1].second);
    sum_and_free<<<4, 96>>>(blocks.p, sums.p);
    std::vector<u32> const s = sums.get();
    for (int t = 0; t < n; t++) {
      u32 const words = t % 7 == 0 ? 1000 + t : 3 + t % 50;
      EXPECT_EQ(s[t], t % 5 == 4 ? 0 : words * (words - 1) / 2) << t;
    }
  }
}
__global__ void too_much(int* null) { *null = malloc(1ull << 45) == nullptr; }
TEST(Malloc, returns_null_if_there_is_no_memory) {
  Dev<int> null(1);
  too_much<<<1, 1>>>(null.p);
  EXPECT_EQ(null.get()[0], 1);
}
__global__ void free_twice(char** p) {
  *p = static_cast<char*>(malloc(10000));
  free(*p);
  free(*p);
}
__global__ void keep(char** p) { *p = static_cast<char*>(malloc(10000)); }
TEST(Malloc, wrong_frees_are_named) {
  Dev<char*> p(1);
  ::testing::internal::CaptureStderr();
  free_twice<<<1, 1>>>(p.p);
  EXPECT_EQ(hipDeviceSynchronize(), hipSuccess);
  std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("free(0x"), std::string::npos) << text;
  keep<<<1, 1>>>(p.p);
  char* const kept = p.get()[0];
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(hipFree(kept), hipErrorInvalidValue);
  text = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("malloc() of kernels"), std::string::npos) << text;
  (void)hipGetLastError();
}

// ------------------------------------------------------------------------------------------------ printf
__global__ void print_some(char const* text) {
  u32 const t = threadIdx.x;
  if (t % 3 == 0)
    printf("a %u %s %.2f %llx\n", t, text, t * 0.5, 0x123456789abull + t);
  else if (t % 3 == 1)
    printf("b %d%%\n", -int(t));
  for (u32 i = 0; i < t % 4; i++) printf("c %u %u\n", t, i);
}
TEST(Printf, divergent_lanes) {
  std::string const text(300, 'x');
  Dev<char> d(std::vector<char>(text.c_str(), text.c_str() + text.size() + 1));
  ::testing::internal::CaptureStdout();
  print_some<<<1, 100>>>(d.p);
  CK(hipDeviceSynchronize());
  std::vector<std::string> want, got;
  char line[400];
  for (u32 t = 0; t < 100; t++) {
    if (t % 3 == 0) {
      std::snprintf(line, sizeof line, "a %u %s %.2f %llx", t, text.c_str(), t * 0.5, 0x123456789abull + t);
      want.push_back(line);
    } else if (t % 3 == 1) {
      std::snprintf(line, sizeof line, "b %d%%", -int(t));
      want.push_back(line);
    }
    for (u32 i = 0; i < t % 4; i++) want.push_back("c " + std::to_string(t) + " " + std::to_string(i));
  }
  std::istringstream in(::testing::internal::GetCapturedStdout());
  for (std::string s; std::getline(in, s);) got.push_back(s);
  std::sort(want.begin(), want.end());
  std::sort(got.begin(), got.end());
  EXPECT_EQ(got, want);
}
__global__ void print_long(char const* text) { printf("%s|%hhd|%5.1f\n", text, 300, 2.25); }
TEST(Printing, strings_of_any_length) {
  std::string const text(700, 'x');
  char* p;
  CK(hipMalloc(reinterpret_cast<void**>(&p), text.size() + 1));
  CK(hipMemcpy(p, text.c_str(), text.size() + 1, hipMemcpyHostToDevice));
  ::testing::internal::CaptureStdout();
  print_long<<<1, 1>>>(p);
  CK(hipDeviceSynchronize());
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), text + "|44|  2.2\n");
  CK(hipFree(p));
}

// ------------------------------------------------------------------------------------------------ settings
// Runs a test Child.<test> in a process of its own with these settings only, and returns what it printed.
static std::string child(std::string const& settings, std::string const& test, int* status = nullptr) {
  char path[4096];
  ssize_t const n = readlink("/proc/self/exe", path, sizeof path);
  std::string command = "env";
  for (char const* name : {"UNINIT", "BOUNDS", "RACE", "WAIT", "BARRIER", "LDS_OOB", "LEAKS", "REPORT"})
    command += std::string(" -u AMDEMU_") + name;
  command += " " + settings + " '" + std::string(path, size_t(std::max<ssize_t>(n, 0))) +
             "' --gtest_also_run_disabled_tests --gtest_filter=Child.DISABLED_" + test + " 2>&1";
  std::string text;
  FILE* const f = popen(command.c_str(), "r");
  char b[4096];
  while (fgets(b, sizeof b, f)) text += b;
  int const ended = pclose(f);
  if (status) *status = ended;
  return text;
}
static bool has(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

__global__ void read_unwritten(u32 const* p, u32* out) {
  __shared__ u32 s[64];
  out[0] = p[0];
  out[1] = *static_cast<u32 volatile*>(s + 5);
}
TEST(Child, DISABLED_fills) {
  u32* p;
  CK(hipMalloc(reinterpret_cast<void**>(&p), 64));
  Dev<u32> out(2);
  read_unwritten<<<1, 1>>>(p, out.p);
  std::vector<u32> const got = out.get();
  printf("memory %x, LDS %x\n", got[0], got[1]);
  CK(hipFree(p));
}
// Launches a kernel in its destructor.
static struct Late {
  u32* p = nullptr;
  ~Late() {
    if (p) read_unwritten<<<1, 1>>>(p, p + 2);
    (void)hipFree(p);
  }
} late;
TEST(Child, DISABLED_launches_late) {
  CK(hipMalloc(reinterpret_cast<void**>(&late.p), 64));
  read_unwritten<<<1, 1>>>(late.p, late.p + 2);
  CK(hipDeviceSynchronize());
}
TEST(Child, DISABLED_memory) {
  size_t free, total;
  printf("hipMemGetInfo: %s, ", hipGetErrorName(hipMemGetInfo(&free, &total)));
  printf("%zu bytes\n", total);
}
__global__ void store_at(char* p, long at) { p[at] = 1; }
TEST(Child, DISABLED_overrun) {
  char* p;
  CK(hipMalloc(reinterpret_cast<void**>(&p), 4096));
  store_at<<<1, 1>>>(p, 4096);
  printf("overrun: %s\n", hipGetErrorName(hipDeviceSynchronize()));
  CK(hipFree(p));
}
__managed__ int large[1 << 19];
__global__ void read_large(u32* out) { *out = u32(large[7]); }
TEST(Child, DISABLED_managed) {
  Dev<u32> out(1);
  read_large<<<1, 1>>>(out.p);
  printf("managed: %s\n", hipGetErrorName(hipGetLastError()));
}
TEST(Child, DISABLED_properties) {
  hipDeviceProp_t p;
  printf("properties: %s\n", hipGetErrorName(hipGetDeviceProperties(&p, 0)));
}
TEST(Settings, have_an_effect) {
  EXPECT_TRUE(has(child("AMDEMU_FILL=0xa5 AMDEMU_LDS_FILL=17", "fills"), "memory a5a5a5a5, LDS 11111111"));
  EXPECT_TRUE(has(child("AMDEMU_FILL=0", "fills"), "memory 0, LDS 0"));
  EXPECT_TRUE(has(child("AMDEMU_MEMORY=3M", "memory"), "hipMemGetInfo: hipSuccess, 3145728 bytes"));
  EXPECT_TRUE(has(child("AMDEMU_MEMORY=1T", "memory"), "hipMemGetInfo: hipSuccess, 1099511627776 bytes"));
  EXPECT_TRUE(has(child("AMDEMU_MEMORY=3M", "managed"), "managed: hipSuccess"));
  EXPECT_TRUE(has(child("AMDEMU_MEMORY=1M", "managed"), "no memory for the managed variable large of 2097152 bytes"));
  EXPECT_TRUE(has(child("AMDEMU_GUARD=1", "overrun"), "overrun: hipErrorIllegalAddress"));
  EXPECT_TRUE(has(child("AMDEMU_DEVICES=0", "memory"), "hipErrorNoDevice"));
  std::string text = child("AMDEMU_STATS=1 AMDEMU_LEAKS=error", "launches_late");
  EXPECT_TRUE(has(text, "read_unwritten") && has(text, ": 2 launches, ") && has(text, "leaks: none")) << text;
  text = child("AMDEMU_TRACE=1", "fills");
  EXPECT_TRUE(has(text, "S_ENDPGM exec=")) << text;
  int status = 0;
  text = child("AMDEMU_ABORT=1", "overrun", &status);
  EXPECT_TRUE(WIFEXITED(status) ? WEXITSTATUS(status) == 128 + SIGABRT : WTERMSIG(status) == SIGABRT) << status << text;
  EXPECT_FALSE(has(text, "overrun:")) << text;
}
TEST(Settings, that_are_invalid_are_named) {
  std::string const text =
      child("AMDEMU_MEMORY=8Q AMDEMU_FILL=300 AMDEMU_BARRIER=eror AMDEMU_RACES=1 AMDEMU_SEED=1.5 AMDEMU_TIMEOUT=1", "memory");
  for (char const* part :
       {"hipErrorNotInitialized",
        "AMDEMU_MEMORY=8Q: must be bytes, also with K, M, G or T behind the number, from 1048576 to 70368744177664",
        "AMDEMU_FILL=300: must be a whole number from 0 to 255", "AMDEMU_BARRIER=eror: must be one of: warning error",
        "AMDEMU_RACES=1: there is no setting of this name", "AMDEMU_SEED=1.5: must be a whole number from 0 to 4294967295"})
    EXPECT_TRUE(has(text, part)) << part << ":\n" << text;
  EXPECT_FALSE(has(text, "AMDEMU_TIMEOUT")) << text;
  EXPECT_TRUE(
      has(child("AMDEMU_ARCH=ab", "properties"), "AMDEMU_ARCH=ab: must be gfx and the number of an architecture, for example gfx1100"));
  EXPECT_TRUE(has(child("AMDEMU_ARCH=gfx1030", "properties"), "properties: hipSuccess"));
  // One that becomes invalid later fails launches.
  Dev<u32> d(4);
  ::testing::internal::CaptureStderr();
  {
    Setting const invalid("AMDEMU_UNINIT", "eror");
    read_unwritten<<<1, 1>>>(d.p, d.p + 2);
    EXPECT_EQ(hipDeviceSynchronize(), hipErrorNotInitialized);
  }
  (void)hipGetLastError();
  EXPECT_TRUE(has(::testing::internal::GetCapturedStderr(), "AMDEMU_UNINIT=eror: must be one of: 0 1 error"));
}
