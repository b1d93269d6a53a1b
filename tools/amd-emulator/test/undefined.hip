// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// AMDEMU_UNINIT: what may be done with unwritten bits, and what is a finding. Each kernel has a right and a wrong form, which differ in
/// what they use.
#include "support.hpp"

enum class Uses { written, unwritten };
template <Uses Of>
constexpr bool wrong = Of == Uses::unwritten;

// in: 64 pairs of words, whose first words are the numbers of the pairs, and whose second ones are unwritten. out: 256 words, of which 64 are
// written. Loads of `volatile` stay as they are.
struct Arguments {
  int* in;
  int* out;
};
template <Uses Of>
__device__ int loaded(Arguments a) {
  return static_cast<int volatile*>(a.in)[2 * threadIdx.x + wrong<Of>];
}

struct is_copied {  // a pair with one written half is copied like padding; a word of its own is not
  template <Uses Of>
  static __device__ void run(Arguments a) {
    if constexpr (wrong<Of>)
      a.out[threadIdx.x] = loaded<Of>(a);
    else
      reinterpret_cast<int2*>(a.out)[threadIdx.x] = reinterpret_cast<int2*>(a.in)[threadIdx.x];
  }
};
struct is_added {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    a.out[threadIdx.x] = loaded<Of>(a) + 3;
  }
};
struct is_added_beside_a_written_one {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    int2 pair = reinterpret_cast<int2*>(a.in)[threadIdx.x];
    if constexpr (wrong<Of>) pair.y = pair.y * 5;
    reinterpret_cast<int2*>(a.out)[threadIdx.x] = pair;
  }
};
struct decides_a_branch {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    if (loaded<Of>(a) > 17) a.out[threadIdx.x] = 1;
  }
};
struct decides_a_branch_of_the_wave {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    if (a.in[wrong<Of>] > 17) a.out[threadIdx.x] = 1;
    if (__builtin_amdgcn_readfirstlane(loaded<Of>(a)) == 40) a.out[threadIdx.x] = 2;
  }
};
struct decides_an_address {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    a.out[loaded<Of>(a) & 63] = 1;
  }
};
struct decides_an_address_in_lds {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    __shared__ int s[64];
    s[threadIdx.x] = 1;
    __syncthreads();
    a.out[threadIdx.x] = s[loaded<Of>(a) & 63];
  }
};
struct goes_into_an_atomic {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    atomicAdd(a.out, loaded<Of>(a));
  }
};
struct is_changed_by_an_atomic {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    atomicAdd(a.in + 2 * threadIdx.x + wrong<Of>, 1);
  }
};
struct is_exchanged {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    int const before = atomicExch(a.in + 2 * threadIdx.x + 1, 4);
    if constexpr (wrong<Of>) a.out[threadIdx.x] = before;
    a.out[threadIdx.x] = atomicAdd(a.in + 2 * threadIdx.x + 1, 1);
  }
};
// Lanes get their neighbour's word, of which every other one is unwritten.
struct passes_through_lanes {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    int const word = static_cast<int volatile*>(a.in)[threadIdx.x];
    int const other = __builtin_amdgcn_ds_bpermute(int(threadIdx.x * 4 + 4), word);
    int const swapped = __builtin_amdgcn_update_dpp(0, word, 0xb1 /* quad_perm 1 0 3 2 */, 0xf, 0xf, true);
    if ((threadIdx.x & 1) != wrong<Of>) a.out[threadIdx.x] = other + swapped;
  }
};
struct is_chosen {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    int const word = static_cast<int volatile*>(a.in)[threadIdx.x];
    unsigned const choose = wrong<Of> ? 3 : 1;
    a.out[threadIdx.x] = (threadIdx.x & choose) == 0 || (wrong<Of> && threadIdx.x == 5) ? word + 1 : 7;
  }
};
// Only the first two bytes of each word are written.
struct bytes_beside {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    __shared__ uchar4 s[64];
    s[threadIdx.x].x = (unsigned char)(threadIdx.x);
    s[threadIdx.x].y = 3;
    __syncthreads();
    unsigned const word = *reinterpret_cast<unsigned volatile*>(s + (63 - threadIdx.x));
    unsigned const low = word & (wrong<Of> ? 0x1ffff : 0xffff);
    a.out[threadIdx.x] = int((low >> 8) * 10 + (word & 0xff));
  }
};
struct equal_decides {  // words whose written byte differs from the constant's are different, whatever the rest is
  template <Uses Of>
  static __device__ void run(Arguments a) {
    auto* const bytes = reinterpret_cast<unsigned char volatile*>(a.out + 64);
    bytes[4 * threadIdx.x] = wrong<Of> ? 4 : 9;
    int const word = static_cast<int volatile*>(a.out)[64 + threadIdx.x];
    a.out[threadIdx.x] = word == 0x01020304 ? 5 : 6;
  }
};
struct bit_field {
  struct Fields {
    unsigned a : 3, b : 9, c : 20;
  };
  template <Uses Of>
  static __device__ void run(Arguments a) {
    __shared__ Fields s[64];
    s[threadIdx.x].a = threadIdx.x & 7;
    s[threadIdx.x].c = threadIdx.x;
    __syncthreads();
    Fields const f = s[63 - threadIdx.x];
    a.out[threadIdx.x] = int(f.a + f.c + (wrong<Of> ? f.b : 0));
  }
};
// Through the stack.
struct local_array {
  template <Uses Of>
  static __device__ void run(Arguments a) {
    int volatile words[4];
    for (int i = 0; i < 4; i++) words[i] = static_cast<int volatile*>(a.in)[2 * i + (wrong<Of> && i == 3)];
    a.out[threadIdx.x] = words[threadIdx.x & 3] + 1;
  }
};
// Sums of structs with padding in shared memory, by halves of the block and between lanes; the sums are stored as two words.
struct small_sums {
  struct Sum {
    unsigned char key;
    bool begins;
    unsigned short count;
    unsigned sum;
    unsigned char last;
  };
  template <Uses Of>
  static __device__ void run(Arguments a) {
    __shared__ Sum s[64];
    Sum mine;
    mine.key = (unsigned char)(threadIdx.x / 4);
    mine.begins = threadIdx.x % 4 == 0;
    mine.count = 1;
    mine.sum = unsigned(static_cast<int volatile*>(a.in)[2 * threadIdx.x]);
    if constexpr (!wrong<Of>) mine.last = 1;
    s[threadIdx.x].key = mine.key;
    s[threadIdx.x].begins = mine.begins;
    s[threadIdx.x].count = mine.count;
    s[threadIdx.x].sum = mine.sum;
    if constexpr (!wrong<Of>) s[threadIdx.x].last = mine.last;
    for (unsigned width = 32; width; width /= 2) {
      __syncthreads();
      if (threadIdx.x < width) {
        Sum const x = s[threadIdx.x], y = s[threadIdx.x + width];
        Sum z = x.key < y.key ? y : x;
        z.count = (unsigned short)(x.count + y.count);
        z.sum = x.begins ? y.sum : x.sum + y.sum;
        z.last = (unsigned char)(x.last + y.last);
        s[threadIdx.x] = z;
      }
    }
    __syncthreads();
    reinterpret_cast<Sum*>(a.out)[threadIdx.x] = s[0];
  }
};

template <class Kernel, Uses Of>
__global__ void run(Arguments a) {
  Kernel::template run<Of>(a);
}

template <class Kernel>
class Undefined : public ::testing::Test {};
using Kernels =
    ::testing::Types<is_copied, is_added, is_added_beside_a_written_one, decides_a_branch, decides_a_branch_of_the_wave, decides_an_address,
                     decides_an_address_in_lds, goes_into_an_atomic, is_changed_by_an_atomic, is_exchanged, passes_through_lanes, is_chosen,
                     bytes_beside, equal_decides, bit_field, local_array, small_sums>;
TYPED_TEST_SUITE(Undefined, Kernels);

template <class Kernel, Uses Of>
static std::string finding() {
  Arguments a;
  CK(hipMalloc(reinterpret_cast<void**>(&a.in), 128 * sizeof(int)));
  CK(hipMalloc(reinterpret_cast<void**>(&a.out), 256 * sizeof(int)));
  for (int i = 0; i < 64; i++) CK(hipMemcpy(a.in + 2 * i, &i, sizeof i, hipMemcpyHostToDevice));
  CK(hipMemset(a.out, 0, 64 * sizeof(int)));
  ::testing::internal::CaptureStderr();
  run<Kernel, Of><<<1, 64>>>(a);
  hipError_t const e = hipDeviceSynchronize();
  (void)hipGetLastError();
  std::string const text = ::testing::internal::GetCapturedStderr();
  CK(hipFree(a.in));
  CK(hipFree(a.out));
  EXPECT_EQ(e, wrong<Of> ? hipErrorIllegalAddress : hipSuccess) << text;
  return text;
}
TYPED_TEST(Undefined, written_bits_may_be_used_and_unwritten_ones_not) {
  if (!getenv("AMDEMU_UNINIT") || strcmp(getenv("AMDEMU_UNINIT"), "error")) GTEST_SKIP() << "needs AMDEMU_UNINIT=error";
  EXPECT_EQ((finding<TypeParam, Uses::written>()), "");
  std::string const text = finding<TypeParam, Uses::unwritten>();
  EXPECT_NE(text.find("read of uninitialised"), std::string::npos) << text;
}
