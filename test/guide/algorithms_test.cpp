// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The code of docs/guide/algorithms.md, with tests of it.
#include <crosslane/algorithm.hpp>

#include <support/target.hpp>

#include <numeric>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

// [sums]
struct squared {
  CROSSLANE_FN float operator()(float x) const { return x * x; }
};

/// Returns the sum of the squares. Waits for the stream.
float squared_norm(xl::stream const& q, xl::buffer<float> const& x) { return xl::reduce(q, xl::transformed(x, squared{}), xl::plus{}); }
// [sums]

// [compact]
struct is_positive {
  CROSSLANE_FN bool operator()(float x) const { return x > 0; }
};

/// mean[0] /= count[0], by one thread.
struct divide_by_count {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const&, xl::span<std::uint64_t const> count, xl::span<float> mean) const {
    mean[0] = count[0] == 0 ? 0 : mean[0] / float(count[0]);
  }
};
/// Queues mean[0] = the mean of the positive elements. Nothing waits: the number of kept elements stays on the device.
void mean_of_positive(xl::stream const& q, xl::buffer<float> const& x, xl::buffer<float>& mean) {
  xl::buffer<float> kept{q, x.size()};
  xl::buffer<std::uint64_t> count{q, 1};
  xl::copy_if(q, x, kept, count, is_positive{});
  xl::reduce(q, xl::counted(kept, count), mean, xl::plus{});
  xl::launch(q, {.grid = 1, .block = 1}, divide_by_count{}, count, mean);
}
// [compact]

// [workspace]
/// Computes offsets from counts again and again, without an allocation in the loop.
class offset_maker {
 public:
  offset_maker(xl::stream const& q, xl::buffer<unsigned> const& counts, xl::buffer<unsigned>& offsets)
      : q_{q}, counts_{counts}, offsets_{offsets}, memory_{q, xl::workspace_size([&](auto const& o) { scan(o); })} {}

  void run() { scan({.workspace = memory_}); }

 private:
  void scan(xl::options<> const& o) { xl::exclusive_scan(q_, counts_, offsets_, 0u, xl::plus{}, o); }

  xl::stream const& q_;
  xl::buffer<unsigned> const& counts_;
  xl::buffer<unsigned>& offsets_;
  xl::workspace memory_;
};
// [workspace]

CROSSLANE_TEST(guide_algorithms, sums) {
  xl::stream const q{d};
  std::vector<float> x(1000);
  std::iota(x.begin(), x.end(), -499.f);
  xl::buffer<float> data{q, x.size()}, mean{q, 1};
  xl::copy(q, x, data);
  double norm = 0;
  for (float const v : x) norm += double(v) * v;
  CROSSLANE_CHECK(std::abs(squared_norm(q, data) / norm - 1) < 1e-5);
  mean_of_positive(q, data, mean);
  CROSSLANE_CHECK_EQ(read(q, mean)[0], 250.5f);
}

CROSSLANE_TEST(guide_algorithms, workspace) {
  xl::stream const q{d};
  std::vector<unsigned> const ones(30000, 1);
  xl::buffer<unsigned> counts{q, ones.size()}, offsets{q, ones.size()};
  xl::copy(q, ones, counts);
  offset_maker maker{q, counts, offsets};
  for (int i = 0; i < 3; ++i) maker.run();
  CROSSLANE_CHECK_EQ(read(q, offsets)[29999], 29999u);
}

}  // namespace
