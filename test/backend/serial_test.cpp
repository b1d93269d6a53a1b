// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The library on a backend that implements only the contract: buffers, copies, launches, algorithms and tensors, and the errors of
/// kernels.
#include <backend/serial.hpp>
#include <crosslane/tensor.hpp>
#include <crosslane/tensor/print.hpp>
#include <crosslane/vector.hpp>
#include <support/target.hpp>

#include <numeric>

namespace xl = crosslane;
using namespace crosslane_test;
using serial_backend::serial;

namespace {

using device = xl::basic_device<serial>;
using stream = xl::basic_stream<serial>;
template <class T>
using buffer = xl::basic_buffer<T, xl::memory_kind::device, serial>;

struct sum_of_neighbours {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int const> in, xl::span<int> out, xl::span<unsigned> count) const {
    for (auto const i : ctx.grid_stride(in.size())) out[i] = in[i] + in[(i + 1) % in.size()];
    if (ctx.thread_rank() == 0) xl::atomic(ctx, count[0]).fetch_add(1);
  }
};

/// Blocks of one thread may use barriers, waves and shared memory.
struct alone {
  template <class Ctx>
  struct shared {
    xl::block_scratch<int, Ctx> scratch;
    alignas(64) int value;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<int> out) const {
    s.value = int(ctx.block_rank());
    ctx.sync_block();
    out[ctx.block_rank()] = xl::block_reduce(ctx, s.scratch, s.value, xl::plus{}) + int(xl::wave(ctx).size());
  }
};

struct waits {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx) const {
    ctx.sync_block();
  }
};

CROSSLANE_TEST_ONCE(serial_backend, memory_of_the_host) {
  stream const q{device{0}};
  std::vector<int> in(100, 3), out(100);
  std::vector<unsigned> count(1);
  xl::basic_host_registration<int, serial> const from{q, in}, to{q, out};
  xl::basic_host_registration<unsigned, serial> const counter{q, count};
  xl::launch(q, {.grid = 2, .block = 64}, sum_of_neighbours{}, from, to, counter);
  CROSSLANE_CHECK_SAME(out, std::vector<int>(100, 6));
  expect_error(xl::errc::not_supported, {"prefetch: serial device 0 cannot access managed memory"}, [&] { xl::prefetch(q, in); });
}

CROSSLANE_TEST_ONCE(serial_backend, kernels_and_copies) {
  stream const q{device{0}};
  std::vector<int> values(1000);
  std::iota(values.begin(), values.end(), 0);
  buffer<int> const in = xl::make_buffer(q, values);
  buffer<int> out{q, 1000};
  buffer<unsigned> count{q, 1};
  xl::fill(q, count, 0u);
  xl::launch(q, {.grid = 3, .block = 64}, sum_of_neighbours{}, in, out, count);
  std::vector<int> const got = xl::to_vector(q, out);
  for (int i = 0; i < 1000; ++i) CROSSLANE_CHECK_EQ(got[std::size_t(i)], i + (i + 1) % 1000);
  CROSSLANE_CHECK_EQ(xl::to_vector(q, count)[0], 3u);
}

CROSSLANE_TEST_ONCE(serial_backend, blocks_of_one_thread) {
  stream const q{device{0}};
  buffer<int> out{q, 5};
  xl::launch(q, {.grid = 5, .block = 1}, alone{}, out);
  std::vector<int> const got = xl::to_vector(q, out);
  for (int i = 0; i < 5; ++i) CROSSLANE_CHECK_EQ(got[std::size_t(i)], i + 1);
}

CROSSLANE_TEST_ONCE(serial_backend, algorithms_and_tensors) {
  stream const q{device{0}};
  buffer<float> x{q, 777};
  xl::fill(q, x, 1.5f);
  xl::for_each(q, x, [](float& v) { v *= 2; });
  for (float const v : xl::to_vector(q, x)) CROSSLANE_CHECK_EQ(v, 3.f);

  xl::basic_tensor<float, xl::nchw, xl::memory_kind::device, serial> t{q, {2, 3, 4, 5}};
  xl::fill(q, t, 2.5f);
  CROSSLANE_CHECK(xl::to_string(q, t).find("2.5") != std::string::npos);
}

CROSSLANE_TEST_ONCE(serial_backend, errors) {
  stream const q{device{0}};
  xl::launch(q, {.grid = 1, .block = 2}, waits{});
  xl::error const e = error_of([&] { q.synchronize(); });
  CROSSLANE_CHECK(contains(e.what(), "serial: a barrier of more than one thread"));
  CROSSLANE_CHECK(error_of([&] { buffer<char>{q, std::size_t{1} << 40}; }).code() == xl::errc::out_of_memory);
  CROSSLANE_CHECK(contains(error_of([&] { xl::launch(q, {.grid = 1, .block = 2048}, waits{}); }).what(), "1024"));
  CROSSLANE_CHECK(error_of([] { device{1}; }).code() == xl::errc::invalid_device);
}

}  // namespace
