// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Launches that fail, and code objects that are damaged: each is one clear error, and the program goes on.
#include <elf.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "support.hpp"

template <int... I>
struct numbers {};
template <class T>
__global__ void write_to(int* p) {
  p[threadIdx.x] = 1;
}
using LongName = numbers<100000001, 100000002, 100000003, 100000004, 100000005, 100000006, 100000007, 100000008, 100000009, 100000010,
                         100000011, 100000012, 100000013, 100000014, 100000015, 100000016, 100000017, 100000018, 100000019, 100000020,
                         100000021, 100000022, 100000023, 100000024, 100000025, 100000026, 100000027, 100000028, 100000029, 100000030>;
TEST(Faults, message_names_the_place_whatever_the_kernel_is_called) {
  ::testing::internal::CaptureStderr();
  write_to<LongName><<<1, 4>>>(reinterpret_cast<int*>(0x1000));
  EXPECT_EQ(hipDeviceSynchronize(), hipErrorIllegalAddress);
  (void)hipGetLastError();
  std::string const text = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("write_to<numbers<100000001"), std::string::npos) << text;
  EXPECT_NE(text.find("at code offset 0x"), std::string::npos) << text;
  EXPECT_NE(text.find("group 0,0,0"), std::string::npos) << text;
}

static long resident_megabytes() {
  std::ifstream f("/proc/self/statm");
  long pages, resident;
  f >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE) >> 20;
}
TEST(Faults, failed_launches_keep_no_memory) {
  ::testing::internal::CaptureStderr();
  auto const launch = [] {
    write_to<int><<<1, 1024>>>(reinterpret_cast<int*>(0x1000));
    EXPECT_EQ(hipDeviceSynchronize(), hipErrorIllegalAddress);
    (void)hipGetLastError();
  };
  launch();
  long const before = resident_megabytes();
  for (int i = 0; i < 100; ++i) launch();
  EXPECT_LT(resident_megabytes() - before, 50);
  (void)::testing::internal::GetCapturedStderr();
}

// Runs `launch` and returns what it printed. The launch must fail with an error.
static std::string failing(hipError_t error, std::function<void()> const& launch) {
  ::testing::internal::CaptureStderr();
  launch();
  EXPECT_EQ(hipDeviceSynchronize(), error);
  (void)hipGetLastError();
  std::string const text = ::testing::internal::GetCapturedStderr();
  size_t const first = text.find("ERROR:");
  EXPECT_NE(first, std::string::npos) << text;
  EXPECT_EQ(text.find("ERROR:", first + 1), std::string::npos) << "one error, not more: " << text;
  return text;
}
__device__ int number = 42;
__global__ void load_from(int const* p, int* out) { *out = *p; }
__global__ void atomic_at(int* p) { atomicAdd(p, 1); }

// ---- code objects: that of this program, damaged
// A bundle with one entry, as the compiler makes them.
static std::vector<char> bundle(std::string const& id, std::string const& code) {
  std::vector<char> b(4096 + code.size());
  u64 const header[4] = {1, 4096, code.size(), id.size()};
  memcpy(b.data(), "__CLANG_OFFLOAD_BUNDLE__", 24);
  memcpy(b.data() + 24, header, sizeof header);
  memcpy(b.data() + 24 + sizeof header, id.data(), id.size());
  memcpy(b.data() + 4096, code.data(), code.size());
  return b;
}
class CodeObjects : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file("/proc/self/exe", std::ios::binary);
    std::string const program((std::istreambuf_iterator<char>(file)), {});
    std::string arch = properties().gcnArchName;
    arch = arch.substr(0, arch.find(':'));
    for (size_t at = 0; (at = program.find("__CLANG_OFFLOAD_BUNDLE__", at)) != std::string::npos; ++at) {
      char const* const start = program.data() + at;
      u64 n;
      memcpy(&n, start + 24, 8);
      char const* p = start + 32;
      for (u64 i = 0; n < 100 && i < n; ++i) {
        u64 h[3];
        memcpy(h, p, sizeof h);
        std::string const name(p + 24, h[2]);
        p += 24 + h[2];
        if (name.find(arch) == std::string::npos || name.find("amdgcn") == std::string::npos) continue;
        id = name;
        code.assign(start + h[0], h[1]);
        return;
      }
    }
    FAIL() << "no code object for " << arch << " in this program";
  }
  hipError_t load(std::string const& damaged) {
    std::vector<char> const b = bundle(id, damaged);
    hipModule_t m;
    hipError_t const e = hipModuleLoadData(&m, b.data());
    (void)hipGetLastError();
    if (e == hipSuccess) (void)hipModuleUnload(m);
    return e;
  }
  std::string id, code;
};
TEST_F(CodeObjects, whole_one_loads) { EXPECT_EQ(load(code), hipSuccess); }
TEST_F(CodeObjects, cut_off_is_an_error) {
  for (size_t part : {0, 10, 63, 64, 100, 200, 500, 1000}) EXPECT_EQ(load(code.substr(0, part)), hipErrorNoBinaryForGpu) << part;
  for (int tenth = 1; tenth < 10; ++tenth) EXPECT_EQ(load(code.substr(0, code.size() * tenth / 10)), hipErrorNoBinaryForGpu) << tenth;
}
TEST_F(CodeObjects, damaged_is_no_crash) {
  ::testing::internal::CaptureStderr();
  u32 random = 1;
  int errors = 0;
  for (int i = 0; i < 500; ++i) {
    std::string damaged = code;
    for (int k = 0; k < 4; ++k) {
      random = random * 1664525 + 1013904223;
      // The headers, notes, symbols and relocations lie at the beginning, the sections' table at the end.
      size_t const range = std::min<size_t>(code.size(), 4096), at = (random >> 8) % range;
      damaged[i % 2 ? at : code.size() - 1 - at] = char(random >> 24);
    }
    errors += load(damaged) != hipSuccess;
  }
  (void)::testing::internal::GetCapturedStderr();
  EXPECT_GT(errors, 10);
}

// An ELF file without a bundle, at the very end of readable memory.
TEST_F(CodeObjects, without_a_bundle_are_read_to_their_end_only) {
  size_t const page = 4096, span = (code.size() + page - 1) / page * page;
  char* const memory = static_cast<char*>(mmap(nullptr, span + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  ASSERT_EQ(mprotect(memory + span, page, PROT_NONE), 0);
  auto const load_raw = [&](std::string const& text) {
    char* const at = memory + span - text.size();
    memcpy(at, text.data(), text.size());
    hipModule_t m;
    hipError_t const e = hipModuleLoadData(&m, at);
    (void)hipGetLastError();
    if (e == hipSuccess) CK(hipModuleUnload(m));
    return e;
  };
  EXPECT_EQ(load_raw(code), hipSuccess);
  ::testing::internal::CaptureStderr();
  for (size_t part : {size_t(1), size_t(63), size_t(64), size_t(1000), code.size() / 2, code.size() - 1})
    EXPECT_EQ(load_raw(code.substr(0, part)), hipErrorNoBinaryForGpu) << part;
  u32 random = 7;
  for (int i = 0; i < 1000; ++i) {
    std::string damaged = code;
    for (int k = 0; k < 2; ++k) {
      random = random * 1664525 + 1013904223;
      damaged[(random >> 8) % (i % 3 ? 64 : 2048)] = char(random >> 24);
    }
    (void)load_raw(damaged);
  }
  (void)::testing::internal::GetCapturedStderr();
  munmap(memory, span + page);
}
TEST_F(CodeObjects, of_another_architecture_are_refused) {
  std::string other = code;
  other[48] = char(other[48] == 0x3f ? 0x4c : 0x3f);  // the machine in the flags
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(load(other), hipErrorNoBinaryForGpu);
  std::string const text = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("a code object for gfx9"), std::string::npos) << text;
}
TEST_F(CodeObjects, of_other_versions_are_refused) {
  for (int version : {2, 3, 7}) {
    std::string other = code;
    other[EI_ABIVERSION] = char(version - 2);
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(load(other), hipErrorNoBinaryForGpu);
    std::string const text = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("a code object of version " + std::to_string(version) + "; 4 to 6 are read"), std::string::npos) << text;
  }
}
TEST_F(CodeObjects, without_a_descriptor_have_no_kernel) {
  std::string damaged = code;
  for (size_t at = 0; (at = damaged.find("_Z9load_fromPKiPi.kd", at)) != std::string::npos;) damaged[at + 1] = 'X';
  std::vector<char> const b = bundle(id, damaged);
  hipModule_t m;
  hipFunction_t f;
  CK(hipModuleLoadData(&m, b.data()));
  EXPECT_EQ(hipModuleGetFunction(&f, m, "_Z9load_fromPKiPi"), hipErrorNotFound);
  EXPECT_EQ(hipModuleGetFunction(&f, m, "_Z9atomic_atPi"), hipSuccess);
  CK(hipModuleUnload(m));
  (void)hipGetLastError();
}
TEST_F(CodeObjects, waves_of_no_lanes_are_refused) {
  std::string damaged = code;
  for (size_t at = 0; (at = damaged.find(".wavefront_size", at)) != std::string::npos; at += 15) damaged[at + 15] = 0;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(load(damaged), hipErrorNoBinaryForGpu);
  std::string const text = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("has waves of 0 lanes, not 32 or 64"), std::string::npos) << text;
}
TEST_F(CodeObjects, handles_that_are_none) {
  std::vector<char> const b = bundle(id, code);
  hipModule_t m;
  hipFunction_t f;
  hipDeviceptr_t p;
  size_t n;
  CK(hipModuleLoadData(&m, b.data()));
  CK(hipModuleGetFunction(&f, m, "_Z9atomic_atPi"));
  EXPECT_EQ(hipModuleGetGlobal(&p, &n, nullptr, "number"), hipErrorInvalidValue);
  EXPECT_EQ(hipModuleGetGlobal(&p, &n, m, nullptr), hipErrorInvalidValue);
  EXPECT_EQ(hipModuleGetGlobal(&p, &n, m, "no such variable"), hipErrorNotFound);
  hipModule_t const none = reinterpret_cast<hipModule_t>(&n);
  EXPECT_EQ(hipModuleGetGlobal(&p, &n, none, "number"), hipErrorInvalidResourceHandle);
  EXPECT_EQ(hipModuleGetFunction(&f, none, "_Z9atomic_atPi"), hipErrorInvalidResourceHandle);
  EXPECT_EQ(hipModuleUnload(none), hipErrorInvalidResourceHandle);
  auto const launch = [](hipFunction_t g) {
    void *q = nullptr, *args[] = {&q};
    return hipModuleLaunchKernel(g, 1, 1, 1, 1, 1, 1, 0, nullptr, args, nullptr);
  };
  EXPECT_EQ(launch(nullptr), hipErrorInvalidResourceHandle);
  EXPECT_EQ(launch(reinterpret_cast<hipFunction_t>(&n)), hipErrorInvalidResourceHandle);
  CK(hipModuleUnload(m));
  EXPECT_EQ(launch(f), hipErrorInvalidResourceHandle);  // it went with its module
  EXPECT_EQ(hipModuleGetGlobal(&p, &n, m, "number"), hipErrorInvalidResourceHandle);
  (void)hipGetLastError();
}
// Another module's variable is memory that kernels may access, as long as the module is loaded.
TEST_F(CodeObjects, variables_of_other_modules) {
  std::vector<char> const b = bundle(id, code);
  hipModule_t m;
  hipDeviceptr_t p;
  size_t n;
  CK(hipModuleLoadData(&m, b.data()));
  CK(hipModuleGetGlobal(&p, &n, m, "number"));
  EXPECT_EQ(n, sizeof number);
  Dev<int> out(1);
  load_from<<<1, 1>>>(static_cast<int const*>(p), out.p);
  EXPECT_EQ(out.get()[0], 42);
  CK(hipModuleUnload(m));
  failing(hipErrorIllegalAddress, [&] { load_from<<<1, 1>>>(static_cast<int const*>(p), out.p); });
}
TEST_F(CodeObjects, waves_of_64_lanes_are_refused_on_rdna) {
  if (W == 64) GTEST_SKIP() << "not on " << properties().gcnArchName;
  std::string wide = code;
  for (size_t at = 0; (at = wide.find(".wavefront_size", at)) != std::string::npos; at += 15)
    if (wide[at + 15] == 32) wide[at + 15] = 64;
  std::vector<char> const b = bundle(id, wide);
  hipModule_t m;
  hipFunction_t f;
  CK(hipModuleLoadData(&m, b.data()));
  CK(hipModuleGetFunction(&f, m, "_Z7endlessPVi"));
  ::testing::internal::CaptureStderr();
  void* p = nullptr;
  void* args[] = {&p};
  EXPECT_EQ(hipModuleLaunchKernel(f, 1, 1, 1, 64, 1, 1, 0, nullptr, args, nullptr), hipErrorNotSupported);
  (void)hipDeviceSynchronize();
  (void)hipGetLastError();
  std::string const text = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("endless"), std::string::npos) << text;
  EXPECT_NE(text.find("-mwavefrontsize64"), std::string::npos) << text;
  CK(hipModuleUnload(m));
}

// 2^16 bytes of scratch for each lane.
__global__ void large_frame(int* out, int n) {
  int frame[1 << 14];
  for (int i = 0; i < n; i++) frame[(i * 997) & 0x3fff] = i;
  *out = frame[n];
}
TEST(Faults, too_little_memory_of_the_host_is_no_fault_of_the_kernel) {
  auto const launch = [] {
    Dev<int> out(1);
    load_from<<<1, 1>>>(out.p, out.p);  // loads the code object
    rlimit limit{};
    limit.rlim_cur = limit.rlim_max = 1;  // no more from now on
    setrlimit(RLIMIT_AS, &limit);
    large_frame<<<1, 64>>>(out.p, 1);
    hipError_t const e = hipDeviceSynchronize();
    _exit(e == hipErrorLaunchFailure ? 3 : 4);
  };
  EXPECT_EXIT(launch(), ::testing::ExitedWithCode(3), "no memory of the host");
}
__global__ void endless(int volatile* p) {
  while (!p || *p == 0) {
  }
}
TEST(Faults, endless_kernels_time_out) {
  Setting const timeout("AMDEMU_TIMEOUT", "0.3");
  std::string const text = failing(hipErrorLaunchTimeOut, [] { endless<<<1, 64>>>(nullptr); });
  EXPECT_NE(text.find("AMDEMU_TIMEOUT"), std::string::npos) << text;
  EXPECT_NE(text.find("endless"), std::string::npos) << text;
}
__global__ void jump(u64 to) {
#if __HIP_DEVICE_COMPILE__
  u32 const lo = __builtin_amdgcn_readfirstlane(u32(to)), hi = __builtin_amdgcn_readfirstlane(u32(to >> 32));
  asm volatile("s_mov_b32 s8, %0\n s_mov_b32 s9, %1\n s_setpc_b64 s[8:9]" ::"s"(lo), "s"(hi) : "s8", "s9");
#endif
}
TEST(Faults, jumps_to_where_no_code_is) {
  Dev<int> data(4);
  for (u64 to : {0ull, 0x1000ull, 2ull, ~3ull, u64(reinterpret_cast<uintptr_t>(data.p))}) {
    std::string const text = failing(hipErrorIllegalAddress, [&] { jump<<<1, 1>>>(to); });
    EXPECT_NE(text.find("jump to 0x"), std::string::npos) << text;
  }
}
__global__ void store_bytes(char* p) { p[threadIdx.x] = 1; }
TEST(Faults, wild_pointers) {
  Dev<int> out(1);
  char* reserved = static_cast<char*>(mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (u64 address : {u64(0), u64(8), u64(0xdeadbeef000), ~u64(7), u64(0x8000000000000000), u64(reinterpret_cast<uintptr_t>(reserved))}) {
    failing(hipErrorIllegalAddress, [&] { load_from<<<1, 1>>>(reinterpret_cast<int const*>(address), out.p); });
    failing(hipErrorIllegalAddress, [&] { atomic_at<<<1, 1>>>(reinterpret_cast<int*>(address)); });
    failing(hipErrorIllegalAddress, [&] { store_bytes<<<2, 64>>>(reinterpret_cast<char*>(address)); });
  }
  load_from<<<1, 1>>>(out.p, out.p);  // the next launch runs
  EXPECT_EQ(hipDeviceSynchronize(), hipSuccess);
  munmap(reserved, 4096);
}

// Kernels whose instructions are damaged: whatever they do, the program goes on. Bounds are checked, so that they cannot write to it.
TEST_F(CodeObjects, damaged_instructions_are_no_crash) {
  char const* const bounds = getenv("AMDEMU_BOUNDS");
  if (!bounds || !*bounds || !strcmp(bounds, "0")) GTEST_SKIP() << "needs AMDEMU_BOUNDS";
  Setting const timeout("AMDEMU_TIMEOUT", "0.05");
  ::testing::internal::CaptureStderr();
  Dev<int> memory(4096);
  u32 random = 3;
  int failures = 0;
  Elf64_Ehdr header;
  memcpy(&header, code.data(), sizeof header);
  Elf64_Phdr text{};  // the instructions
  for (int i = 0; i < header.e_phnum && !(text.p_flags & PF_X); ++i)
    memcpy(&text, code.data() + header.e_phoff + i * sizeof text, sizeof text);
  ASSERT_GT(text.p_filesz, 0);
  for (int i = 0; i < 150; ++i) {
    std::string damaged = code;
    for (size_t k = 0; k < text.p_filesz / 32; ++k) {
      random = random * 1664525 + 1013904223;
      damaged[text.p_offset + (random >> 4) % text.p_filesz] ^= char(1 << (random >> 29));
    }
    std::vector<char> const b = bundle(id, damaged);
    hipModule_t m;
    if (hipModuleLoadData(&m, b.data()) != hipSuccess) continue;
    for (char const* name : {"_Z9load_fromPKiPi", "_Z9atomic_atPi", "_Z11store_bytesPc"}) {
      hipFunction_t f;
      if (hipModuleGetFunction(&f, m, name) != hipSuccess) continue;
      void *p = memory.p, *args[] = {&p, &p};
      failures += hipModuleLaunchKernel(f, 2, 1, 1, 64, 1, 1, 0, nullptr, args, nullptr) != hipSuccess;
      (void)hipDeviceSynchronize();
    }
    CK(hipModuleUnload(m));
  }
  (void)hipGetLastError();
  (void)::testing::internal::GetCapturedStderr();
  EXPECT_GT(failures, 0);
}

TEST(Registration, of_overlapping_ranges_is_refused) {
  std::vector<char> host(8192);
  EXPECT_EQ(hipHostRegister(host.data() + 1024, 4096, 0), hipSuccess);
  for (auto [from, size] : {std::pair{1024, 4096}, {0, 1025}, {0, 8192}, {2000, 10}, {5119, 100}})
    EXPECT_EQ(hipHostRegister(host.data() + from, size, 0), hipErrorHostMemoryAlreadyRegistered) << from << " " << size;
  EXPECT_EQ(hipHostRegister(host.data(), 1024, 0), hipSuccess);  // beside it
  EXPECT_EQ(hipHostRegister(host.data() + 5120, 100, 0), hipSuccess);
  for (int from : {0, 1024, 5120}) EXPECT_EQ(hipHostUnregister(host.data() + from), hipSuccess);
  EXPECT_EQ(hipHostUnregister(host.data() + 1024), hipErrorHostMemoryNotRegistered);
  (void)hipGetLastError();
}
