// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The code of docs/guide/devices.md, with tests of it.
#include <crosslane/crosslane.hpp>
#include <crosslane/runtime/device_links.hpp>
#include <support/target.hpp>

#include <cstdio>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

// [several-devices]
/// out[i] = the mean of x[i] and its successor. The successor of the last element is next[0].
struct smooth {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> x, xl::span<float const> next, xl::span<float> out) const {
    for (auto i : ctx.grid_stride(x.size())) out[i] = (x[i] + (i + 1 < x.size() ? x[i + 1] : next[0])) / 2;
  }
};

/// Two devices have one half of an array each. `first` is of the stream's device, `second` is of the device of `other`.
void smooth_first_half(xl::stream const& q, xl::stream const& other, xl::buffer<float> const& first, xl::buffer<float> const& second,
                       xl::buffer<float>& out) {
  xl::event written{other.device()};
  written.record(other);  // by the work that is queued on `other` so far
  q.wait(written);
  xl::launch_config const config{.grid = xl::cover(first.size(), 256), .block = 256};
  if (q.device().link_to(second.device()).peer_access) {
    q.device().enable_peer_access(second.device());
    xl::launch(q, config, smooth{}, first, second, out);  // the kernel reads the other device's memory
  } else {
    xl::buffer<float> here{q, second.size()};
    xl::copy(q, second, here);  // needs no peer access
    xl::launch(q, config, smooth{}, first, here, out);
  }
}
// [several-devices]

// [links]
void print_links() {
  for (xl::device_link const& link : xl::device_links<xl::default_backend>())
    std::printf("%d reaches %d: %s by %s, rank %d\n", link.from, link.to, link.peer_access ? "kernels and copies" : "copies",
                xl::to_string(link.kind), link.performance_rank);
}
// [links]

// [overlap]
/// x[i] *= weights[i % size]. No kernel before it in the stream writes the weights.
struct weigh {
  static constexpr bool overlaps_previous = true;  // may begin before the kernel before it has ended
  static constexpr auto block = xl::block_size<256>;

  template <class Ctx>
  struct shared {
    float weights[256];
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> weights, xl::span<float> x) const {
    s.weights[ctx.thread_rank()] = weights[ctx.thread_rank()];  // meanwhile the kernel before ends
    ctx.sync_block();
    ctx.wait_for_previous();
    for (auto i : ctx.grid_stride(x.size())) x[i] *= s.weights[i % 256];
    ctx.let_next_start();  // the next kernel may begin its own first part now
  }
};

void weigh_twice(xl::stream const& q, xl::buffer<float> const& weights, xl::buffer<float>& x) {
  xl::launch(q, {.grid = 64}, weigh{}, weights, x);
  xl::launch(q, {.grid = 64, .priority = 1}, weigh{}, weights, x);
}
// [overlap]

std::vector<float> numbers(std::size_t count) {
  std::vector<float> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(float(i % 97));
  return result;
}

CROSSLANE_TEST(guide_devices, several) {
  if (xl::device::count() < 2) skip("one device");
  xl::device const other{(d.index() + 1) % xl::device::count()};
  xl::stream const q{d}, there{other};
  std::vector<float> const a = numbers(1000), b = numbers(500);
  xl::buffer<float> const first = upload(q, a);
  xl::buffer<float> second{there, b.size()};
  xl::copy(there, b, second);
  xl::buffer<float> out{q, a.size()};
  smooth_first_half(q, there, first, second, out);
  std::vector<float> const got = read(q, out);
  for (std::size_t i = 0; i < a.size(); ++i) CROSSLANE_CHECK_EQ(got[i], (a[i] + (i + 1 < a.size() ? a[i + 1] : b[0])) / 2);
  d.disable_peer_access(other);
  print_links();
}

CROSSLANE_TEST(guide_devices, overlap) {
  xl::stream const q{d};
  std::vector<float> const w = numbers(256), values = numbers(10000);
  xl::buffer<float> const weights = upload(q, w);
  xl::buffer<float> x = upload(q, values);
  weigh_twice(q, weights, x);
  std::vector<float> const got = read(q, x);
  for (std::size_t i = 0; i < values.size(); ++i) CROSSLANE_CHECK_EQ(got[i], values[i] * w[i % 256] * w[i % 256]);
}

}  // namespace
