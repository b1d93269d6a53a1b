// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// What kernels ask of the host: printf() and memory for malloc().
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
