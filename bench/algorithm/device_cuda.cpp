// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Algorithms on whole arrays against those of CUB: the memory, the check that both sides do the same, and the registration.
#include "device.hpp"

#include <cuda/std/version>

#include <stdexcept>

namespace bench {
namespace {

constexpr int logarithms[] = {12, 16, 20, 24, 28};

/// Pseudo-random numbers, different ones for different i below 2^32.
struct hashed {
  CROSSLANE_FN unsigned operator()(std::uint64_t i) const {
    unsigned x = unsigned(i) * 2654435761u;
    x ^= x >> 15;
    x *= 2246822519u;
    return x ^ x >> 13;
  }
};
struct hashed_wide {
  CROSSLANE_FN std::uint64_t operator()(std::uint64_t i) const { return std::uint64_t{hashed{}(i)} << 32 | hashed{}(~i); }
};
struct one_of_eight {
  CROSSLANE_FN unsigned operator()(std::uint64_t i) const { return hashed{}(hashed{}(i) % 8); }
};
struct runs_of_eight {
  CROSSLANE_FN unsigned operator()(std::uint64_t i) const { return unsigned(i / 8); }
};
struct between_ones {
  CROSSLANE_FN float operator()(std::uint64_t i) const { return float(int(hashed{}(i))) * 0x1p-31f; }
};
/// Random multiples of 1 / Denominator around 0, so that sums stay small.
template <class T, int Denominator>
struct small {
  CROSSLANE_FN T operator()(std::uint64_t i) const { return T(int(hashed{}(i) % 17) - 8) / T(Denominator); }
};
struct low_byte {
  CROSSLANE_FN unsigned char operator()(std::uint64_t i) const { return static_cast<unsigned char>(hashed{}(i)); }
};
struct zero {
  CROSSLANE_FN unsigned char operator()(std::uint64_t) const { return 0; }
};

void check(cudaError_t error) {
  if (error != cudaSuccess) throw std::runtime_error(cudaGetErrorString(error));
}

__global__ void count_differences(std::uint64_t const* a, std::uint64_t const* b, std::size_t n, unsigned long long* count) {
  std::size_t const stride = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += stride)
    if (a[i] != b[i]) atomicAdd(count, 1ull);
}

/// A benchmark with one size.
struct sized_case {
  std::string group;
  std::size_t n;
  our_call ours;
  cub_call cub;
  case_details details;
  std::size_t temporary_bytes = 0;
  bool is_ready = false;

  void call_ours(arrays& a) const { ours(a, n, {.workspace = a.workspace}); }
  void call_cub(arrays& a) const {
    std::size_t bytes = temporary_bytes;
    check(cub(a.temporary.data(), bytes, a, int(n)));
  }

  /// Makes the memory that both sides work in, and compares their results.
  void prepare(xl::stream_ref q, arrays& a) {
    if (is_ready) return;
    std::size_t const bytes = xl::workspace_size([&](xl::options<> const& o) { ours(a, n, o); });
    if (bytes > a.workspace.size_bytes()) a.workspace = xl::workspace{q, bytes};
    check(cub(nullptr, temporary_bytes, a, int(n)));
    if (temporary_bytes > a.temporary.size()) a.temporary = xl::buffer<std::byte>{q, temporary_bytes};

    // The words of the outputs that a call on n elements can write.
    struct part {
      std::uint64_t* data;
      std::size_t size;
    };
    part const parts[] = {{a.out<std::uint64_t>().data(), n}, {a.more<std::uint64_t>().data(), n / 2}, {a.count.data(), a.count.size()}};
    xl::buffer<std::uint64_t> kept{q, 2 * n + a.count.size()};
    xl::buffer<unsigned long long> differences{q, 1};
    auto const clear = [&] {
      for (part const& p : parts) check(cudaMemsetAsync(p.data, 0xcc, p.size * sizeof(std::uint64_t), q.native()));
    };
    auto const finish = [&] {
      if (details.finish) details.finish(a, n);
    };
    clear();
    call_ours(a);
    finish();
    std::size_t place = 0;
    for (part const& p : parts) {
      check(cudaMemcpyAsync(kept.data() + place, p.data, p.size * sizeof(std::uint64_t), cudaMemcpyDeviceToDevice, q.native()));
      place += p.size;
    }
    clear();
    call_cub(a);
    finish();
    check(cudaMemsetAsync(differences.data(), 0, sizeof(unsigned long long), q.native()));
    place = 0;
    for (part const& p : parts) {
      count_differences<<<1024, 256, 0, q.native()>>>(kept.data() + place, p.data, p.size, differences.data());
      check(cudaGetLastError());
      place += p.size;
    }
    unsigned long long count = 0;
    check(cudaMemcpyAsync(&count, differences.data(), sizeof count, cudaMemcpyDeviceToHost, q.native()));
    q.synchronize();
    if (count != 0) throw std::runtime_error(group + ": the results of both sides differ in " + std::to_string(count) + " words");
    is_ready = true;
  }
};

}  // namespace

arrays::arrays(xl::stream_ref q)
    : random{q, largest},
      few{q, largest},
      runs{q, largest},
      sorted{q, largest},
      wide{q, largest},
      random_floats{q, largest},
      floats{q, largest},
      ints{q, largest},
      doubles{q, largest},
      bytes{q, largest},
      zeros{q, largest},
      outputs{q, largest + largest / 2},
      count{q, 4},
      ignored{q, 1},
      workspace{q, 0},
      temporary{q, 256} {
  xl::generate(q, random, hashed{});
  xl::generate(q, few, one_of_eight{});
  xl::generate(q, runs, runs_of_eight{});
  for (std::size_t const begin : {std::size_t{0}, largest / 2})
    xl::radix_sort(q, random.subspan(begin, largest / 2), sorted.subspan(begin, largest / 2));
  xl::generate(q, wide, hashed_wide{});
  xl::generate(q, random_floats, between_ones{});
  xl::generate(q, floats, small<float, 16>{});
  xl::generate(q, ints, small<int, 1>{});
  xl::generate(q, doubles, small<double, 16>{});
  xl::generate(q, bytes, low_byte{});
  xl::generate(q, zeros, zero{});
}

void cases::add(std::string const& name, double bytes_per_element, our_call const& ours, cub_call const& cub,
                case_details const& details) const {
  std::string const rival = "/rival/cub_" + std::to_string(CCCL_MAJOR_VERSION) + "." + std::to_string(CCCL_MINOR_VERSION) + details.rival;
  for (int const log : logarithms) {
    std::size_t const n = std::size_t{1} << log;
    if (n < details.least) continue;
    auto const c = std::make_shared<sized_case>(sized_case{name + "_2^" + std::to_string(log), n, ours, cub, details});
    int const launches = log >= 24 ? 4 : 50;
    auto const memory = memory_;
    auto const q = q_;
    auto const prepare = [memory, q, c] {
      if (!*memory) *memory = std::make_unique<arrays>(q);
      c->prepare(q, **memory);
    };
    double const bytes = bytes_per_element * double(n);
    bench::add({c->group + "/crosslane", 3, 5, device_seconds(q, launches, [=] { c->call_ours(**memory); }), prepare, bytes});
    bench::add({c->group + rival, 3, 5, device_seconds(q, launches, [=] { c->call_cub(**memory); }), prepare, bytes});
  }
}

void register_device_algorithms(xl::stream_ref q) {
  cases const c{q};
  add_device_reductions(c);
  add_device_scans(c);
  add_device_selections(c);
  add_device_sorts(c);
  add_device_merges(c);
  add_device_segments(c);
}

}  // namespace bench
