// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Races: each wrong kernel is found, and a right one that differs in what orders the accesses is not. Waves that wait for others do so
/// without end, so that they also do it if they run first.
#include <unistd.h>

#include "support.hpp"

namespace {
constexpr int group_scope = __HIP_MEMORY_SCOPE_WORKGROUP, device_scope = __HIP_MEMORY_SCOPE_AGENT;
constexpr int threads = 256;  // 4 or 8 waves

template <int Order, int Scope>
__device__ int get(int* p) {
  return __hip_atomic_load(p, Order, Scope);
}
template <int Order, int Scope>
__device__ void set(int* p, int v) {
  __hip_atomic_store(p, v, Order, Scope);
}
template <int Order, int Scope>
__device__ int add(int* p, int v) {
  return __hip_atomic_fetch_add(p, v, Order, Scope);
}
__device__ int wave() { return int(threadIdx.x) / warpSize; }
}  // namespace

// ---- blocks
__global__ void write_write(int* d, int*, int right) { d[threadIdx.x + (right ? blockIdx.x * threads : 0)] = int(blockIdx.x); }
__global__ void same_value(int* d, int*, int right) { d[right ? threadIdx.x : 0] = 7; }
__global__ void read_write(int* d, int*, int right) {
  int const i = int(blockIdx.x * threads + threadIdx.x), n = int(gridDim.x) * threads;
  d[i] = d[right ? i : (i + threads) % n] + 1;
}
__global__ void sum(int* d, int*, int right) {
  if (right)
    atomicAdd(d, 1);
  else
    *d += 1;
}
// A value and a flag: block 0 hands over to the others.
template <int Release, int Acquire, int Scope>
__global__ void message(int* d, int* f, int) {
  if (blockIdx.x == 0) {
    if (wave()) return;
    d[threadIdx.x] = int(threadIdx.x);
    set<Release, Scope>(f, 1);
  } else {
    while (!get<Acquire, Scope>(f)) __builtin_amdgcn_s_sleep(1);
    d[blockIdx.x * threads + threadIdx.x] = d[threadIdx.x % warpSize];
  }
}
// The block that comes last adds what all have written.
template <bool Release, bool Acquire>
__global__ void last_block(int* d, int* f, int) {
  d[blockIdx.x * threads + threadIdx.x] = int(blockIdx.x);
  __shared__ int last;
  if (Release) __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) last = __hip_atomic_fetch_add(f, 1, __ATOMIC_RELAXED, device_scope) == int(gridDim.x) - 1;
  __syncthreads();
  if (!last) return;
  if (Acquire) __threadfence();
  int s = 0;
  for (unsigned b = 0; b < gridDim.x; b++) s += d[b * threads + threadIdx.x];
  f[1 + threadIdx.x] = s;
}
// The block that counts itself last sets the counter back, by a plain store.
__global__ void counter_set_back(int* d, int* f, int right) {
  if (threadIdx.x) return;
  d[blockIdx.x] = atomicAdd(f, 1);
  if (!right || d[blockIdx.x] == int(gridDim.x) - 1) *f = 0;
}
// A lock around a sum.
template <int Release>
__global__ void lock(int* d, int* f, int) {
  if (threadIdx.x) return;
  while (atomicCAS(f, 0, 1)) __builtin_amdgcn_s_sleep(1);
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "agent");
  *d += 1;
  set<Release, device_scope>(f, 0);
}
__global__ void unset_counter(int* d, int* f, int right) {
  int* const counter = right ? f : d;
  if (!right && threadIdx.x == 0 && blockIdx.x == 0) *counter = 0;
  atomicAdd(counter, 1);
}
// Each block passes a sum on to the next one.
template <int Order>
__global__ void chain(int* d, int* f, int) {
  if (threadIdx.x) return;
  int const b = int(blockIdx.x);
  int before = 0;
  if (b) {
    while (!get < Order == __ATOMIC_RELEASE ? __ATOMIC_ACQUIRE : Order, device_scope > (f + b - 1)) __builtin_amdgcn_s_sleep(1);
    before = d[b - 1];
  }
  d[b] = before + b;
  set<Order, device_scope>(f + b, 1);
}

// ---- waves of a block
__global__ void hand_over(int* d, int* f, int right) {
  d[threadIdx.x] = 1;
  if (right) __syncthreads();
  f[threadIdx.x] = d[(threadIdx.x + 64) % threads];
}
__global__ void overwrite(int* d, int* f, int right) {
  f[threadIdx.x] = d[(threadIdx.x + 64) % threads];
  if (right) __syncthreads();
  d[threadIdx.x] = 1;
}
template <int Order>
__global__ void group_message(int* d, int* f, int) {
  if (wave() == 0) {
    d[threadIdx.x] = 1;
    set<Order, group_scope>(f, 1);
  } else if (wave() == 1) {
    while (!get < Order == __ATOMIC_RELEASE ? __ATOMIC_ACQUIRE : Order, group_scope > (f)) __builtin_amdgcn_s_sleep(1);
    f[1 + threadIdx.x] = d[threadIdx.x - warpSize];
  }
}
__global__ void lds_hand_over(int* d, int*, int right) {
  __shared__ int s[threads];
  s[threadIdx.x] = 0;
  __syncthreads();
  s[threadIdx.x] = int(threadIdx.x);
  if (right) __syncthreads();
  d[threadIdx.x] = s[(threadIdx.x + 64) % threads];
}
__global__ void lds_one_value(int* d, int*, int right) {
  __shared__ int s;
  if (threadIdx.x == 0) s = d[0];
  if (right) __syncthreads();
  d[threadIdx.x + threads] = s;
}
__global__ void lds_reused(int* d, int*, int right) {
  __shared__ int s[threads];
  for (int k = 0; k < 2; k++) {
    s[threadIdx.x] = k;
    __syncthreads();
    d[threadIdx.x] = s[(threadIdx.x + 64) % threads];
    if (right) __syncthreads();
  }
}
__global__ void lds_counts(int* d, int*, int right) {
  __shared__ int s[64];
  if (threadIdx.x < 64) s[threadIdx.x] = 0;
  __syncthreads();
  atomicAdd(&s[threadIdx.x % 64], 1);
  if (right) __syncthreads();
  if (threadIdx.x >= threads - 64) d[threadIdx.x] = s[threadIdx.x % 64];
}
__global__ void lds_counts_unset(int* d, int*, int right) {
  __shared__ int s[64];
  if (threadIdx.x < 64) s[threadIdx.x] = 0;
  if (right) __syncthreads();
  atomicAdd(&s[threadIdx.x % 64], 1);
  __syncthreads();
  d[threadIdx.x] = s[threadIdx.x % 64];
}
// A table whose slots are taken by compare-and-swap. A slot that is taken already is only read. If wrong, its owner is stored plainly.
template <bool Right>
__global__ void lds_slots(int* d, int*, int) {
  __shared__ int owner[16], count[16];
  if (threadIdx.x < 16) owner[threadIdx.x] = count[threadIdx.x] = 0;
  __syncthreads();
  int const place = int(threadIdx.x * 7 % 16), key = place + 0x1010101;
  int* const slot = owner + place;
  int found = get<__ATOMIC_RELAXED, group_scope>(slot);
  if (Right) {
    if (found == 0 && __hip_atomic_compare_exchange_strong(slot, &found, key, __ATOMIC_RELAXED, __ATOMIC_RELAXED, group_scope)) found = key;
  } else if (found == 0) {
    *slot = found = key + int(threadIdx.x);
  }
  if (found == key) atomicAdd(count + place, 1);
  __syncthreads();
  if (threadIdx.x < 16) d[threadIdx.x] = count[threadIdx.x];
}
__global__ void lds_total(int* d, int*, int) {
  __shared__ int s;
  if (threadIdx.x == 0) s = 0;
  __syncthreads();
  atomicAdd(&s, 1);
  d[threadIdx.x] = s;
}
template <bool Wait>
__global__ void lds_message(int* d, int*, int) {
  __shared__ int s[64], flag;
  if (threadIdx.x == 0) flag = 0;
  __syncthreads();
  if (wave() == 0) {
    if (threadIdx.x < 64) s[threadIdx.x] = int(threadIdx.x);
    set<__ATOMIC_RELEASE, group_scope>(&flag, 1);
  } else if (wave() == 1) {
    if (Wait)
      while (!get<__ATOMIC_ACQUIRE, group_scope>(&flag)) __builtin_amdgcn_s_sleep(1);
    d[threadIdx.x] = s[threadIdx.x % warpSize];
  }
}
// Accesses to volatile variables of LDS are flat ones, whose bits of coherence plain accesses to LDS do not have.
template <bool Right>
__global__ void lds_volatile_flags(int* d, int*, int) {
  __shared__ int s[64];
  __shared__ int volatile full, empty;
  int const w = int(threadIdx.x) / warpSize, l = int(threadIdx.x) % warpSize;
  if (threadIdx.x == 0) {
    full = 0;
    empty = 0;
  }
  if (threadIdx.x < 64) s[threadIdx.x] = 0;
  __syncthreads();
  if (w > 1) return;
  for (int k = 0; k < 3; k++)
    if (w == 0) {
      while (empty < k) {
      }
      __threadfence_block();
      s[l] = k;
      __threadfence_block();
      if (l == 0) full = k + 1;
    } else {
      if (Right)
        while (full < k + 1) {
        }
      __threadfence_block();
      d[l] = s[l];
      __threadfence_block();
      if (l == 0) empty = k + 1;
    }
}
// Objects of 8 bits: an update of one compares the word that contains the others, which other waves store to.
__global__ void bytes(int* d, int*, int right) {
  __shared__ int word;
  __shared__ unsigned char one[3];
  auto* const of_d = reinterpret_cast<unsigned char*>(d);
  if (threadIdx.x == 0) word = 0;
  if (threadIdx.x < 3) one[threadIdx.x] = 0;
  __syncthreads();
  auto* const b = reinterpret_cast<unsigned char*>(&word);
  auto const update = [](unsigned char* p) {  // adds 1
    auto const address = reinterpret_cast<unsigned long long>(p);
    auto* const w = reinterpret_cast<int*>(p - address % 4);
    int const shift = 8 * int(address % 4);
    int before = get<__ATOMIC_RELAXED, device_scope>(w), now;
    do {
      now = (before & ~(255 << shift)) | (((before >> shift) + 1) & 255) << shift;
    } while (!__hip_atomic_compare_exchange_strong(w, &before, now, __ATOMIC_RELAXED, __ATOMIC_RELAXED, device_scope));
  };
  if (threadIdx.x % warpSize == 0) {
    if (wave() == 0) {
      b[0] = 5;
      of_d[0] = 5;
      if (!right) one[2] = 6;
    } else {
      update(b + 1);
      update(of_d + 1);
      update(one + 2);
    }
  }
  __syncthreads();
  if (threadIdx.x == 0) d[1] = word + one[2];
}

// ---- lanes of a wave
__global__ void lanes(int* d, int*, int right) {
  if (threadIdx.x < 32) d[right ? threadIdx.x : threadIdx.x / 2] = int(threadIdx.x);
}
__global__ void lanes_lds(int* d, int*, int right) {
  __shared__ int s[32];
  if (threadIdx.x < 32) s[threadIdx.x / 2] = right ? int(threadIdx.x / 2) : int(threadIdx.x);
  __syncthreads();
  if (threadIdx.x < 16) d[threadIdx.x] = s[threadIdx.x];
}

namespace {
class Races : public ::testing::Test {
 protected:
  using Kernel = void (*)(int*, int*, int);
  void SetUp() override {
    if (!getenv("AMDEMU_RACE") || strcmp(getenv("AMDEMU_RACE"), "error")) GTEST_SKIP() << "needs AMDEMU_RACE=error";
  }
  // Runs a kernel on 4 blocks, or on 1. Returns the message of a finding.
  static std::string run(Kernel k, int blocks, int right = 0) {
    Dev<int> d(8 * threads), f(8 * threads);
    ::testing::internal::CaptureStderr();
    k<<<blocks, threads>>>(d.p, f.p, right);
    hipError_t const e = hipDeviceSynchronize();
    (void)hipGetLastError();
    std::string const text = ::testing::internal::GetCapturedStderr();
    EXPECT_TRUE(e == hipSuccess || e == hipErrorLaunchFailure) << hipGetErrorName(e) << text;
    return e == hipSuccess ? "" : text;
  }
  static void found(std::string const& text, char const* what) {
    EXPECT_NE(text.find("race: " + std::string(what)), std::string::npos) << "expected \"" << what << "\": " << text;
  }
  // The kernel with right = 0 has the race, that with 1 has none.
  static void twins(Kernel k, int blocks, char const* what) {
    found(run(k, blocks, 0), what);
    EXPECT_EQ(run(k, blocks, 1), "");
  }
};
constexpr int relaxed = __ATOMIC_RELAXED, release = __ATOMIC_RELEASE, acquire = __ATOMIC_ACQUIRE;
}  // namespace

TEST_F(Races, messages_have_source_lines) {
  if (std::system("command -v llvm-symbolizer llvm-symbolizer-19 > /dev/null")) GTEST_SKIP() << "needs llvm-symbolizer";
  std::string const text = run(write_write, 4);
  size_t const place = text.find(", races.hip:");
  EXPECT_NE(place, std::string::npos) << text;
  EXPECT_NE(text.find(" (write_write)", place), std::string::npos) << text;
}
TEST_F(Races, writes_of_blocks) { twins(write_write, 4, "write after write"); }
TEST_F(Races, stores_of_the_same_value_are_none) {
  EXPECT_EQ(run(same_value, 4), "");
  EXPECT_EQ(run(same_value, 1, 1), "");
}
TEST_F(Races, reads_and_writes_of_blocks) { twins(read_write, 4, "write after read"); }
TEST_F(Races, sum_without_atomics) { twins(sum, 4, ""); }
TEST_F(Races, message_to_other_blocks) {
  EXPECT_EQ(run(message<release, acquire, device_scope>, 4), "");
  found(run(message<relaxed, acquire, device_scope>, 4), "read after write");
  found(run(message<release, relaxed, device_scope>, 4), "read after write");
}
TEST_F(Races, message_at_block_scope_to_other_blocks) { found(run(message<release, acquire, group_scope>, 4), ""); }
TEST_F(Races, last_block) {
  EXPECT_EQ(run(last_block<true, true>, 4), "");
  if (!is("gfx11")) found(run(last_block<false, true>, 4), "read after write");  // there, __syncthreads() waits for the stores
  found(run(last_block<true, false>, 4), "read after write");
}
TEST_F(Races, counter_that_is_set_back) {
  EXPECT_EQ(run(counter_set_back, 4, 1), "");
  if (!is("gfx90a") && !is("gfx11")) found(run(counter_set_back, 4, 0), "atomic access after write");  // there, the store may be atomic
}
TEST_F(Races, lock) {
  EXPECT_EQ(run(lock<release>, 4), "");
  found(run(lock<relaxed>, 4), "");
}
TEST_F(Races, counter_that_is_set_too_late) { twins(unset_counter, 4, "atomic access after write"); }
TEST_F(Races, chain_of_blocks) {
  EXPECT_EQ(run(chain<release>, 8), "");
  found(run(chain<relaxed>, 8), "read after write");
}
// On gfx90a, plain accesses to global memory are the machine code of atomic ones of the block.
TEST_F(Races, hand_over_in_a_block) {
  if (is("gfx90a")) setenv("AMDEMU_RACE_STRICT", "1", 1);
  twins(hand_over, 1, "write after read");
  twins(overwrite, 1, "write after read");
  unsetenv("AMDEMU_RACE_STRICT");
}
TEST_F(Races, message_in_a_block) {
  EXPECT_EQ(run(group_message<release>, 1), "");
  // On gfx9 this is the same machine code.
  if (!is("gfx9")) found(run(group_message<relaxed>, 1), "read after write");
}
TEST_F(Races, lds) {
  twins(lds_hand_over, 1, "write after read");
  twins(lds_one_value, 1, "read after write");
  twins(lds_reused, 1, "write after read");
}
TEST_F(Races, counts_in_lds) {
  twins(lds_counts, 1, "read after atomic access");
  twins(lds_counts_unset, 1, "atomic access after write");
}
// A plain load is the machine code of an atomic one.
TEST_F(Races, value_that_may_be_loaded_atomically) {
  EXPECT_EQ(run(lds_slots<true>, 1), "");
  found(run(lds_slots<false>, 1), "");
  EXPECT_EQ(run(lds_total, 1), "");
  setenv("AMDEMU_RACE_STRICT", "1", 1);
  found(run(lds_total, 1), "atomic access after read");
  found(run(same_value, 4), "write after write");
  unsetenv("AMDEMU_RACE_STRICT");
}
TEST_F(Races, message_in_lds) {
  EXPECT_EQ(run(lds_message<true>, 1), "");
  found(run(lds_message<false>, 1), "read after write");
}
TEST_F(Races, volatile_flags_in_lds) {
  if (!is("gfx90a") && !is("gfx11")) setenv("AMDEMU_RACE_STRICT", "1", 1);  // there, stores have no such bits
  EXPECT_EQ(run(lds_volatile_flags<true>, 1), "");
  unsetenv("AMDEMU_RACE_STRICT");
  found(run(lds_volatile_flags<false>, 1), "read after write");
}
TEST_F(Races, parts_of_a_word) { twins(bytes, 1, "atomic access after write"); }
TEST_F(Races, lanes_of_a_store) {
  twins(lanes, 1, "lanes 0 and 1 of one store");
  twins(lanes_lds, 1, "lanes 0 and 1 of one store");
}

// A process of its own: the program is looked for once.
TEST(SymbolizerDeathTest, that_is_missing_is_named) {
  auto const launch = [] {
    setenv("AMDEMU_SYMBOLIZER", "/no/such/program", 1);
    write_write<<<1, 1>>>(nullptr, nullptr, 1);
    _exit(hipDeviceSynchronize() == hipErrorIllegalAddress ? 0 : 1);
  };
  EXPECT_EXIT(launch(), ::testing::ExitedWithCode(0), "/no/such/program was not found, therefore messages have no source lines");
}
