// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Measures what the steps of a launch cost on the host: the library's launch, launches in which one of its steps is left out, its last
/// step alone and with one other step, and the ways to launch that the vendor offers. Built on demand: launch_steps.cuda [launches per
/// batch] [batches]. Prints the time until a launch is queued, the median and the tenth percentile of all batches, and the difference to
/// <<<>>>.
#include <crosslane/crosslane.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <cuda.h>

namespace xl = crosslane;
using B = xl::cuda;

namespace {

struct kernel_of_5 {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float const* in, float* out, float factor, int n, unsigned long seed) const {
    if (ctx.thread_rank() < unsigned(n)) out[ctx.thread_rank()] = factor * in[ctx.thread_rank()] + float(seed);
  }
};
/// The same, which may overlap the previous launch.
struct overlapping_kernel : kernel_of_5 {
  static constexpr bool overlaps_previous = true;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float const* in, float* out, float factor, int n, unsigned long seed) const {
    ctx.wait_for_previous();
    kernel_of_5::operator()(ctx, in, out, factor, n, seed);
  }
};
__global__ void raw_of_5(float const* in, float* out, float factor, int n, unsigned long seed) {
  if (threadIdx.x < unsigned(n)) out[threadIdx.x] = factor * in[threadIdx.x] + float(seed);
}

void require(cudaError_t s, char const* call) {
  if (s == cudaSuccess) return;
  std::fprintf(stderr, "launch_steps: %s: %s\n", call, cudaGetErrorString(s));
  std::exit(1);
}

/// The arguments of all launches.
struct arguments {
  float const* in = nullptr;
  float* out = nullptr;
  float factor = 2;
  int n = 0;
  unsigned long seed = 3;
  void* pointers[5] = {&in, &out, &factor, &n, &seed};
};

struct variant {
  char const* name;
  std::function<void(int)> launch;  ///< launches so many times
  std::vector<double> nanoseconds;
};

/// Calls `f()` for each launch of a batch. The loop is in each variant, so that no call of a std::function is measured.
template <class F>
std::function<void(int)> batch(F f) {
  return [f](int launches) {
    for (int i = 0; i < launches; ++i) f();
  };
}

void* driver_function(char const* name) {
  void* result = nullptr;
  cudaDriverEntryPointQueryResult found{};
#if CUDART_VERSION >= 12050
  require(cudaGetDriverEntryPointByVersion(name, &result, 12000, cudaEnableDefault, &found), name);
#else
  require(cudaGetDriverEntryPoint(name, &result, cudaEnableDefault, &found), name);
#endif
  return result;
}

std::vector<variant> variants(xl::stream const& stream, arguments& a) {
  xl::stream_ref const q = stream.ref();
  xl::device_properties const& p = q.properties();
  xl::source_location const where = xl::source_location::current();
  xl::detail::launch_geometry const g{1, 256, 0, where};
  cudaStream_t const s = q.native();
  char const* const name = xl::type_name<kernel_of_5>();
  kernel_of_5 const kernel{};
  auto const in = a.in;
  auto const out = a.out;
  auto const backend = [=, &p] { return B::launch<32>(s, p, g, kernel, in, out, 2.f, 0, 3ul); };
  auto const checked = [=, &p](auto const& f) {
    xl::detail::with_instance<B, kernel_of_5, float const*, float*, float, int, unsigned long>(0, p, g, [&](auto) { f(); });
  };
  auto const noted = [=](xl::status answer) { xl::detail::note_launch(q, answer, {name, q.log_key(), g.grid, g.block, where}, 0); };

  void const* const entry = reinterpret_cast<void const*>(&raw_of_5);
  cudaKernel_t handle{};
  require(cudaGetKernel(&handle, entry), "cudaGetKernel");
  void const* const by_handle = reinterpret_cast<void const*>(handle);
  cudaFunction_t function{};
  require(cudaGetFuncBySymbol(&function, entry), "cudaGetFuncBySymbol");
  auto const cu_launch = reinterpret_cast<decltype(&cuLaunchKernel)>(driver_function("cuLaunchKernel"));
  auto const cu_launch_ex = reinterpret_cast<decltype(&cuLaunchKernelEx)>(driver_function("cuLaunchKernelEx"));
  cudaLaunchConfig_t config{};
  config.gridDim = 1;
  config.blockDim = 256;
  config.stream = s;
  static cudaLaunchAttribute overlap{}, priority{};
  overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  overlap.val.programmaticStreamSerializationAllowed = 1;
  priority.id = cudaLaunchAttributePriority;
  auto const with = [config](cudaLaunchAttribute* attribute) {
    cudaLaunchConfig_t c = config;
    c.attrs = attribute;
    c.numAttrs = 1;
    return c;
  };
  CUlaunchConfig prepared{};
  prepared.gridDimX = prepared.gridDimY = prepared.gridDimZ = prepared.blockDimY = prepared.blockDimZ = 1;
  prepared.blockDimX = 256;
  prepared.hStream = s;
  void** const pointers = a.pointers;

  return {
      {"<<<>>>", batch([=] { raw_of_5<<<1, 256, 0, s>>>(in, out, 2.f, 0, 3ul); }), {}},
      {"xl::launch", batch([=] { xl::launch(q, {.grid = 1, .block = 256}, kernel_of_5{}, in, out, 2.f, 0, 3ul); }), {}},
      {"xl::launch, of a kernel that overlaps",
       batch([=] { xl::launch(q, {.grid = 1, .block = 256}, overlapping_kernel{}, in, out, 2.f, 0, 3ul); }),
       {}},
      {"xl::launch, with a priority",
       batch([=] { xl::launch(q, {.grid = 1, .block = 256, .priority = 0}, kernel_of_5{}, in, out, 2.f, 0, 3ul); }),
       {}},
      {"without the log",
       batch([=] {
         auto const current = q.make_current("launch", where);
         checked([&] { (void)backend(); });
       }),
       {}},
      {"without the current device", batch([=] { checked([&] { noted(backend()); }); }), {}},
      {"without the checks",
       batch([=] {
         auto const current = q.make_current("launch", where);
         noted(backend());
       }),
       {}},
      {"the backend alone", batch([=] { (void)backend(); }), {}},
      {"the backend and the log", batch([=] { noted(backend()); }), {}},
      {"the backend and the current device",
       batch([=] {
         auto const current = q.make_current("launch", where);
         (void)backend();
       }),
       {}},
      {"the backend and the checks", batch([=] { checked([&] { (void)backend(); }); }), {}},
      {"the backend and cudaGetDevice",
       batch([=] {
         int device = 0;
         (void)cudaGetDevice(&device);
         (void)backend();
       }),
       {}},
      {"cudaLaunchKernel, by the kernel's handle", batch([=] { (void)cudaLaunchKernel(by_handle, 1, 256, pointers, 0, s); }), {}},
      {"cudaLaunchKernel, by the entry point", batch([=] { (void)cudaLaunchKernel(entry, 1, 256, pointers, 0, s); }), {}},
      {"cudaLaunchKernelExC, no attributes, by the handle", batch([=] { (void)cudaLaunchKernelExC(&config, by_handle, pointers); }), {}},
      {"cudaLaunchKernelExC, no attributes, by the entry point", batch([=] { (void)cudaLaunchKernelExC(&config, entry, pointers); }), {}},
      {"cudaLaunchKernelExC, overlapping", batch([=, c = with(&overlap)] { (void)cudaLaunchKernelExC(&c, by_handle, pointers); }), {}},
      {"cudaLaunchKernelExC, with a priority", batch([=, c = with(&priority)] { (void)cudaLaunchKernelExC(&c, by_handle, pointers); }), {}},
      {"cuLaunchKernel",
       batch([=] { (void)cu_launch(reinterpret_cast<CUfunction>(function), 1, 1, 1, 256, 1, 1, 0, s, pointers, nullptr); }),
       {}},
      {"cuLaunchKernel, by the kernel's handle",
       batch([=] { (void)cu_launch(reinterpret_cast<CUfunction>(handle), 1, 1, 1, 256, 1, 1, 0, s, pointers, nullptr); }),
       {}},
      {"cuLaunchKernelEx, no attributes",
       batch([=] { (void)cu_launch_ex(&prepared, reinterpret_cast<CUfunction>(function), pointers, nullptr); }),
       {}},
  };
}

double percentile(std::vector<double>& values, double part) {
  auto const at = values.begin() + std::ptrdiff_t(part * double(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

int main(int count, char** argument) {
  if (xl::device::count() == 0) {
    std::fprintf(stderr, "launch_steps: no device\n");
    return 77;
  }
  int const launches = count > 1 ? std::atoi(argument[1]) : 1000;  // fewer than a stream's queue holds
  int const batches = count > 2 ? std::atoi(argument[2]) : 201;
  xl::stream const q{xl::device{0}};
  arguments a;
  std::vector<variant> all = variants(q, a);
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937 random{1};
  for (int b = 0; b < batches; ++b) {
    std::shuffle(order.begin(), order.end(), random);
    for (std::size_t const i : order) {
      all[i].launch(100);
      q.synchronize();
      auto const start = std::chrono::steady_clock::now();
      all[i].launch(launches);
      auto const end = std::chrono::steady_clock::now();
      q.synchronize();
      require(cudaGetLastError(), all[i].name);
      all[i].nanoseconds.push_back(std::chrono::duration<double, std::nano>(end - start).count() / launches);
    }
  }
  double const rival = percentile(all[0].nanoseconds, 0.5);
  std::printf("%-58s %9s %9s %9s\n", "nanoseconds per launch", "median", "10 %", "to <<<>>>");
  for (variant& v : all) {
    double const median = percentile(v.nanoseconds, 0.5);
    std::printf("%-58s %9.0f %9.0f %+9.0f\n", v.name, median, percentile(v.nanoseconds, 0.1), median - rival);
  }
}
