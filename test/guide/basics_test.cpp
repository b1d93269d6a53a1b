// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The code of docs/guide, with tests of it: a first kernel, indices, shared memory, tensors, sizes of blocks. test/pages.py writes the
/// regions between two marks of a name into the pages.
// [first-kernel]
#include <crosslane/crosslane.hpp>
#include <vector>
namespace xl = crosslane;

/// y[i] += a * x[i], with one thread for each element.
struct add_scaled {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float a, xl::span<float const> x, xl::span<float> y) const {
    auto const i = ctx.global_index();
    if (i < y.size()) y[i] += a * x[i];
  }
};

void add_on(xl::device d, float a, std::vector<float> const& x, std::vector<float>& y) {
  xl::stream q{d};
  xl::buffer<float> device_x{q, x.size()}, device_y{q, y.size()};
  xl::copy(q, x, device_x);
  xl::copy(q, y, device_y);
  xl::launch(q, {.grid = xl::cover(y.size(), 256), .block = 256}, add_scaled{}, a, device_x, device_y);
  xl::copy(q, device_y, y);
  q.synchronize();
}
// [first-kernel]
#include <crosslane/tensor.hpp>
#include <support/target.hpp>

#include <algorithm>
#include <numeric>

using namespace crosslane_test;

namespace {

/// 0, 1 ... count - 1.
template <class T = float>
std::vector<T> numbers(std::size_t count) {
  std::vector<T> result(count);
  std::iota(result.begin(), result.end(), T{});
  return result;
}

}  // namespace

CROSSLANE_TEST(guide, first_kernel) {
  for (std::size_t n : {std::size_t{1}, std::size_t{256}, std::size_t{1000}}) {
    std::vector<float> const x = numbers(n);
    std::vector<float> y(n, 1), expected(n);
    add_on(d, 2, x, y);
    for (std::size_t i = 0; i < n; ++i) expected[i] = 1 + 2 * float(i);
    CROSSLANE_CHECK_SAME(y, expected);
  }
}

// [no-kernel]
struct scaled_sum {
  float a;
  CROSSLANE_FN float operator()(float x, float y) const { return a * x + y; }
};

void add_without_a_kernel(xl::stream const& q, float a, xl::span<float const> x, xl::span<float> y) {
  xl::transform(q, x, y, y, scaled_sum{a});
}
// [no-kernel]

CROSSLANE_TEST(guide, transform) {
  xl::stream const q{d};
  xl::buffer<float> const x = upload(q, numbers(1000));
  xl::buffer<float> y = upload(q, std::vector<float>(1000, 1));
  add_without_a_kernel(q, 2, x, y);
  std::vector<float> expected(1000);
  for (std::size_t i = 0; i < 1000; ++i) expected[i] = 1 + 2 * float(i);
  CROSSLANE_CHECK_SAME(read(q, y), expected);
}

// [callable]
constexpr float half_of(float x) { return x / 2; }  // unmarked; kernels may call it because it is constexpr

CROSSLANE_FN float weight(int k) {
  static constexpr float weights[] = {0.25f, 0.5f, 0.25f};  // within the function, not at namespace scope
  return weights[k];
}

namespace {  // other files do not see these names

struct smooth {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> x, xl::span<float> y) const {
    auto const i = ctx.global_index(), last = x.size() - 1;
    if (i > last) return;
    float sum = 0;
    for (int k = 0; k < 3; ++k) sum += weight(k) * x[std::clamp<std::size_t>(i + k, 1, last + 1) - 1];
    y[i] = half_of(sum);
  }
};

}  // namespace
// [callable]

CROSSLANE_TEST(guide, callable) {
  xl::stream const q{d};
  xl::buffer<float> const x = upload(q, numbers(100));
  xl::buffer<float> y{q, 100};
  xl::launch(q, {.grid = 1, .block = 128}, smooth{}, x, y);
  std::vector<float> expected(100);
  for (std::size_t i = 0; i < 100; ++i) expected[i] = (i == 0 ? 0.25f : i == 99 ? 98.75f : float(i)) / 2;
  CROSSLANE_CHECK_SAME(read(q, y), expected);
}

// [two-dimensions]
/// out = right neighbour - pixel, and 0 in the last column. Images are row-major, of height rows and width columns.
struct slope {
  static constexpr auto block = xl::block_size<32, 8>;

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> in, unsigned width, unsigned height, xl::span<float> out) const {
    auto const [x, y] = ctx.global_index();
    if (x >= width || y >= height) return;
    auto const i = y * width + x;
    out[i] = x + 1 < width ? in[i + 1] - in[i] : 0;
  }
};

void slopes(xl::stream const& q, xl::span<float const> in, unsigned width, unsigned height, xl::span<float> out) {
  xl::launch(q, {.grid = xl::cover({width, height}, {32, 8})}, slope{}, in, width, height, out);
}
// [two-dimensions]

CROSSLANE_TEST(guide, two_dimensions) {
  xl::stream const q{d};
  unsigned const width = 70, height = 13;
  std::vector<float> in(width * height), expected(width * height);
  for (unsigned i = 0; i < in.size(); ++i) in[i] = float(i * i % 101);
  for (unsigned i = 0; i < in.size(); ++i) expected[i] = i % width + 1 < width ? in[i + 1] - in[i] : 0;
  xl::buffer<float> const from = upload(q, in);
  xl::buffer<float> out{q, in.size()};
  slopes(q, from, width, height, out);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

// [strides]
/// x[i] *= factor. The grid may have any size: its threads divide the elements among them.
struct scale {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, float factor, xl::span<float> x) const {
    for (auto i : ctx.grid_stride(x.size())) x[i] *= factor;
  }
};

/// out = in minus the first element of its row; both are row-major [blocks x cols]. One block for each row.
struct subtract_first {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned cols, xl::span<float const> in, xl::span<float> out) const {
    auto const first = std::size_t{ctx.block_index()} * cols;
    for (auto c : ctx.block_stride(cols)) out[first + c] = in[first + c] - in[first];
  }
};
// [strides]

CROSSLANE_TEST(guide, strides) {
  xl::stream const q{d};
  xl::buffer<float> x = upload(q, numbers(3000)), differences{q, 3000};
  xl::launch(q, {.grid = 3, .block = 128}, scale{}, 2.0f, x);
  xl::launch(q, {.grid = 10, .block = 128}, subtract_first{}, 300u, x, differences);
  std::vector<float> expected(3000);
  for (std::size_t i = 0; i < 3000; ++i) expected[i] = 2 * float(i % 300);
  CROSSLANE_CHECK_SAME(read(q, differences), expected);
}

// [shared-memory]
/// out = in transposed; in is row-major [rows x cols]. Blocks of 32 x 8 threads move tiles of 32 x 32 elements.
struct transpose {
  static constexpr auto block = xl::block_size<32, 8>;
  struct shared {
    float tile[32][33];  // one unused column, so that the elements of a column lie in different banks
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, xl::span<float const> in, unsigned rows, unsigned cols,
                               xl::span<float> out) const {
    auto const t = ctx.thread_index();
    unsigned const first_row = ctx.block_index().y * 32, first_col = ctx.block_index().x * 32;
    for (unsigned k = t.y; k < 32; k += 8)
      if (first_row + k < rows && first_col + t.x < cols) s.tile[k][t.x] = in[(first_row + k) * cols + first_col + t.x];
    ctx.sync_block();
    for (unsigned k = t.y; k < 32; k += 8)
      if (first_col + k < cols && first_row + t.x < rows) out[(first_col + k) * rows + first_row + t.x] = s.tile[t.x][k];
  }
};

void transposed(xl::stream const& q, xl::span<float const> in, unsigned rows, unsigned cols, xl::span<float> out) {
  xl::launch(q, {.grid = xl::cover({cols, rows}, {32, 32})}, transpose{}, in, rows, cols, out);
}
// [shared-memory]

CROSSLANE_TEST(guide, shared_memory) {
  xl::stream const q{d};
  unsigned const rows = 50, cols = 70;
  std::vector<float> const in = numbers(rows * cols);
  std::vector<float> expected(rows * cols);
  for (unsigned r = 0; r < rows; ++r)
    for (unsigned c = 0; c < cols; ++c) expected[c * rows + r] = in[r * cols + c];
  xl::buffer<float> const from = upload(q, in);
  xl::buffer<float> out{q, in.size()};
  transposed(q, from, rows, cols, out);
  CROSSLANE_CHECK_SAME(read(q, out), expected);
}

// [shared-by-width]
/// largest[b] = the largest element of block b's part of in. Each wave passes one value through shared memory.
struct largest_of_blocks {
  static constexpr auto block = xl::block_size<256>;
  template <class Ctx>
  struct shared {
    int of_wave[xl::max_waves<Ctx>];  // 8 if waves have 32 lanes, 4 if they have 64
  };

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<int const> in, xl::span<int> largest) const {
    auto const w = xl::wave(ctx);
    int const of_wave = w.reduce(in[ctx.global_index()], xl::maximum{});
    if (w.is_leader()) s.of_wave[ctx.wave_rank()] = of_wave;
    ctx.sync_block();
    if (ctx.thread_rank() == 0) {
      int result = s.of_wave[0];
      for (unsigned i = 1; i < ctx.wave_count(); ++i) result = xl::max(result, s.of_wave[i]);
      largest[ctx.block_index()] = result;
    }
  }
};
// [shared-by-width]

CROSSLANE_TEST(guide, shared_by_width) {
  xl::stream const q{d};
  std::vector<int> in(1024);
  for (int i = 0; i < 1024; ++i) in[std::size_t(i)] = i * 37 % 1009 - 500;
  std::vector<int> expected(4, -1000);
  for (std::size_t i = 0; i < 1024; ++i) expected[i / 256] = in[i] > expected[i / 256] ? in[i] : expected[i / 256];
  xl::buffer<int> const from = upload(q, in);
  xl::buffer<int> largest{q, 4};
  xl::launch(q, {.grid = 4}, largest_of_blocks{}, from, largest);
  CROSSLANE_CHECK_SAME(read(q, largest), expected);
}

// [dynamic-shared]
/// Reverses each row of a row-major [blocks x cols] matrix. One block for each row, with cols floats of shared memory.
struct reverse_rows {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, unsigned cols, xl::span<float> m) const {
    auto const row = m.subspan(std::size_t{ctx.block_index()} * cols, cols);
    auto const copy = xl::dynamic_shared<float>(ctx);
    for (auto c : ctx.block_stride(cols)) copy[c] = row[c];
    ctx.sync_block();
    for (auto c : ctx.block_stride(cols)) row[c] = copy[cols - 1 - c];
  }
};

void reversed(xl::stream const& q, unsigned rows, unsigned cols, xl::span<float> m) {
  xl::launch(q, {.grid = rows, .block = 128, .dynamic_shared = cols * sizeof(float)}, reverse_rows{}, cols, m);
}
// [dynamic-shared]

CROSSLANE_TEST(guide, dynamic_shared) {
  xl::stream const q{d};
  xl::buffer<float> m = upload(q, numbers(5 * 300));
  reversed(q, 5, 300, m);
  std::vector<float> expected(5 * 300);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = float(i / 300 * 300 + 299 - i % 300);
  CROSSLANE_CHECK_SAME(read(q, m), expected);
}

// [tensors]
/// x(n, c, h, w) += bias[c], for any layout: neighbouring threads access neighbours in memory.
struct add_bias {
  template <xl::kernel_context Ctx, class Layout>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> bias, xl::tensor_view<float, Layout> x) const {
    for (auto k : ctx.grid_stride(x.size())) {
      auto const index = x.memory_order(k);  // n, c, h, w
      x[index] += bias[index[1]];
    }
  }
};

void biased(xl::stream const& q, xl::span<float const> bias, xl::tensor<float, xl::nchw> const& planes,
            xl::tensor<float, xl::nhwc>& pixels) {
  xl::convert(q, planes, pixels);
  xl::launch(q, {.grid = 16, .block = 256}, add_bias{}, bias, pixels);
}
// [tensors]

CROSSLANE_TEST(guide, tensors) {
  xl::stream const q{d};
  int const n = 2, c = 3, h = 5, w = 7;
  xl::tensor<float, xl::nchw> planes{q, {n, c, h, w}};
  xl::tensor<float, xl::nhwc> pixels{q, {n, c, h, w}};
  std::vector<float> const values = numbers(std::size_t(n * c * h * w));
  xl::copy(q, values, planes.storage());
  xl::buffer<float> const bias = upload(q, std::vector<float>{1000, 2000, 3000});
  biased(q, bias, planes, pixels);
  std::vector<float> expected;
  for (int image = 0; image < n; ++image)
    for (int pixel = 0; pixel < h * w; ++pixel)
      for (int channel = 0; channel < c; ++channel)
        expected.push_back(values[std::size_t((image * c + channel) * h * w + pixel)] + 1000 * float(channel + 1));
  CROSSLANE_CHECK_SAME(read(q, pixels.storage()), expected);
}

// [block-sizes]
/// x[i] = the square root of its magnitude.
struct roots {
  static constexpr int max_threads = 256;  // no launch has larger blocks: the compiler may use more registers per thread
  static constexpr int min_blocks = 4;     // so many must fit on a multiprocessor: this limits the registers per thread

  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> x) const {
    for (auto i : ctx.grid_stride(x.size())) x[i] = xl::sqrt(xl::abs(x[i]));
  }
};

void run_on_the_whole_device(xl::stream const& q, xl::span<float> x) {
  xl::device const d = q.device();
  unsigned const block = xl::suggested_block_size(d, {}, roots{}, x);
  unsigned const resident = xl::blocks_per_multiprocessor(d, {.block = block}, roots{}, x);
  xl::launch(q, {.grid = resident * d.properties().multiprocessors, .block = block}, roots{}, x);
}
// [block-sizes]

CROSSLANE_TEST(guide, block_sizes) {
  xl::stream const q{d};
  std::vector<float> values(100000), expected(100000);
  for (std::size_t i = 0; i < values.size(); ++i) {
    expected[i] = float(i % 1000);
    values[i] = -expected[i] * expected[i];
  }
  xl::buffer<float> x = upload(q, values);
  run_on_the_whole_device(q, x);
  CROSSLANE_CHECK_SAME(read(q, x), expected);
}

// [neighbours]
/// sums[c] = sum of column c of a row-major [rows x cols] matrix. One thread for each column.
struct column_sums {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float const> m, unsigned rows, unsigned cols, xl::span<float> sums) const {
    auto const c = ctx.global_index();
    if (c >= cols) return;
    float sum = 0;
    for (unsigned r = 0; r < rows; ++r) sum += m[r * cols + c];  // the lanes of a wave read neighbouring elements: coalesced
    sums[c] = sum;
  }
};
// [neighbours]

CROSSLANE_TEST(guide, neighbours) {
  xl::stream const q{d};
  unsigned const rows = 20, cols = 300;
  xl::buffer<float> const m = upload(q, numbers(rows * cols));
  xl::buffer<float> sums{q, cols};
  xl::launch(q, {.grid = xl::cover(cols, 128), .block = 128}, column_sums{}, m, rows, cols, sums);
  std::vector<float> expected(cols);
  for (unsigned c = 0; c < cols; ++c) expected[c] = float(rows * c + cols * (rows * (rows - 1) / 2));
  CROSSLANE_CHECK_SAME(read(q, sums), expected);
}

// [registration]
void scale_twice(xl::stream const& q, std::vector<float>& values) {
  xl::host_registration<float> const registered{q, values};  // page-locks the memory
  xl::buffer<float> b{q, values.size()};
  xl::copy(q, registered, b);
  xl::launch(q, {.grid = 4, .block = 256}, scale{}, 2.0f, b);
  xl::copy(q, b, registered);
  xl::launch(q, {.grid = 4, .block = 256}, scale{}, 2.0f, registered);  // accesses `values` over the bus
}  // waits for q; the host may read `values` now
// [registration]

CROSSLANE_TEST(guide, registration) {
  xl::stream const q{d};
  std::vector<float> values = numbers(5000), expected = numbers(5000);
  for (float& x : expected) x *= 4;
  scale_twice(q, values);
  CROSSLANE_CHECK_SAME(values, expected);
}

// [native]
/// The rest of the program has a stream and memory of the vendor's own API. `handle` is a cudaStream_t or a hipStream_t.
template <class Handle>
void called_from_existing_code(Handle handle, float* x, std::size_t n) {
  auto const q = xl::stream_ref::from_native(handle, xl::device::current());  // borrows the stream; xl::stream::from_native() would own it
  xl::launch(q, {.grid = xl::cover(n, 256), .block = 256}, scale{}, 2.0f, xl::span{x, n});
}

/// The other direction: the vendor's handles of objects of this library.
void calls_existing_code(xl::stream const& q, xl::buffer<float>& x) { called_from_existing_code(q.native(), x.data(), x.size()); }
// [native]

CROSSLANE_TEST(guide, native) {
  d.select();
  xl::stream const q{d};
  xl::buffer<float> x = upload(q, numbers(1000));
  calls_existing_code(q, x);
  std::vector<float> expected = numbers(1000);
  for (float& e : expected) e *= 2;
  CROSSLANE_CHECK_SAME(read(q, x), expected);
}

// [silent-min]
/// x[i] = min(x[i], limit).
struct limit_from_above {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<float> x, float limit) const {
    auto const i = ctx.global_index();
    if (i < x.size()) x[i] = std::min(x[i], limit);
  }
};
// [silent-min]

CROSSLANE_TEST(silently_wrong, std_min) {
  xl::stream const q{d};
  xl::buffer<float> x = upload(q, numbers(100));
  xl::launch(q, {.grid = 1, .block = 128}, limit_from_above{}, x, 10.0f);
  std::vector<float> expected = numbers(100);
  for (float& e : expected) e = std::min(e, 10.0f);
  CROSSLANE_CHECK_SAME(read(q, x), expected);
}

// [silent-table]
/// y[i] = the median of row i of [n x 9000] numbers of 0 to 255, by one histogram per thread.
struct row_medians {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned char const> x, xl::span<int> y) const {
    std::size_t const row = ctx.global_index(), length = 9000;
    if (row >= y.size()) return;
    double count[length];  // 72,000 bytes of local memory
    for (std::size_t i = 0; i < length; ++i) count[i] = 0;
    for (std::size_t i = 0; i < length; ++i) count[x[row * length + i]] += 1;
    ctx.sync_block();  // on the host each waiting thread needs its own stack
    int value = 0;
    for (double below = count[0]; below < length / 2.0; below += count[value]) ++value;
    y[row] = value;
  }
};
// [silent-table]

CROSSLANE_TEST(silently_wrong, large_local_array) {
  xl::stream const q{d};
  unsigned const rows = 64, length = 9000;
  std::vector<unsigned char> x(rows * length);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<unsigned char>(i / length + i % 3);
  xl::buffer<unsigned char> const in = upload(q, x);
  xl::buffer<int> medians{q, rows};
  xl::launch(q, {.grid = 1, .block = rows}, row_medians{}, in, medians);
  std::vector<int> expected(rows);
  for (unsigned r = 0; r < rows; ++r) expected[r] = int(r + 1);
  CROSSLANE_CHECK_SAME(read(q, medians), expected);
}

// [silent-shift]
/// Moves all elements one place to the left, as memmove would.
template <class T>
void drop_first(xl::stream const& q, xl::buffer<T>& x) {
  xl::copy(q, x.view().subspan(1, x.size() - 1), x.view().subspan(0, x.size() - 1));
}
// [silent-shift]

CROSSLANE_TEST(silently_wrong, overlapping_copy) {
  xl::stream const q{d};
  xl::buffer<float> x = upload(q, numbers(100));
  std::string text;
  try {
    drop_first(q, x);
  } catch (xl::error const& e) {
    text = e.what();
  }
  CROSSLANE_CHECK(text.find("copy: the destination, 396 bytes") != std::string::npos);
}
