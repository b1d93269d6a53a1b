// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The clocks that a kernel can read.
#include <support/target.hpp>

#include <chrono>
#include <string>
#include <thread>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

constexpr unsigned most_reads = 1u << 20;

/// Reads `now`, masked by `mask`, until it has advanced by `least`. Returns the backward steps, the number of reads, and the difference.
template <class Now>
CROSSLANE_FN void watch(std::uint64_t least, std::uint64_t mask, xl::span<std::uint64_t> out, Now const& now) {
  std::uint64_t const begin = now();
  std::uint64_t last = begin, backwards = 0, reads = 0;
  while (((last - begin) & mask) < least && reads < most_reads) {
    std::uint64_t const next = now();
    if (((next - last) & mask) > mask / 2) ++backwards;
    last = next;
    ++reads;
  }
  out[0] = backwards;
  out[1] = reads;
  out[2] = (last - begin) & mask;
}

struct watch_clock {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, std::uint64_t least, std::uint64_t mask, xl::span<std::uint64_t> out) const {
    watch(least, mask, out, [&] { return xl::clock(ctx); });
  }
};
struct watch_timer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, std::uint64_t least, std::uint64_t mask, xl::span<std::uint64_t> out) const {
    watch(least, mask, out, [&] { return xl::timer_ns(ctx); });
  }
};

struct read_timer {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<std::uint64_t> out) const {
    out[0] = xl::timer_ns(ctx);
  }
};

template <class Kernel>
void check_goes_on(xl::device d, std::uint64_t least, std::uint64_t mask = ~std::uint64_t{0}) {
  xl::stream const q{d};
  xl::buffer<std::uint64_t> out{q, 3};
  xl::launch(q, {.grid = 1, .block = 1}, Kernel{}, least, mask, out);
  std::vector<std::uint64_t> const got = read(q, out);
  CROSSLANE_CHECK_EQ(got[0], 0u);
  CROSSLANE_CHECK(got[1] < most_reads);
  CROSSLANE_CHECK(got[2] >= least);
}

}  // namespace

CROSSLANE_TEST(clock, cycles_go_on) {
  bool const narrow = contains(d.properties().architecture, "gfx11");
  check_goes_on<watch_clock>(d, 1000, narrow ? (1u << 20) - 1 : ~std::uint64_t{0});
}
CROSSLANE_TEST(clock, nanoseconds_go_on) { check_goes_on<watch_timer>(d, 5000); }

/// Between two kernels the clock of the device advances as much as that of the host; on AMD's chips with 25 MHz a quarter of it.
CROSSLANE_TEST(clock, nanoseconds_are_nanoseconds) {
  xl::stream const q{d};
  xl::buffer<std::uint64_t> out{q, 1};
  auto const read_both = [&](std::uint64_t& device_time) {
    xl::launch(q, {.grid = 1, .block = 1}, read_timer{}, out);
    device_time = read(q, out)[0];
    return std::chrono::steady_clock::now();
  };
  std::uint64_t begin_there, end_there;
  read_both(begin_there);
  auto const begin = read_both(begin_there);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  auto const end = read_both(end_there);
  double const here = std::chrono::duration<double, std::nano>(end - begin).count(), there = double(end_there - begin_there);
  CROSSLANE_CHECK(there > here * (contains(d.properties().architecture, "gfx") ? 0.2 : 0.6) && there < here * 1.6);
}
