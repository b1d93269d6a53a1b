// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Large tensors, most of a gibibyte, from one layout to another: xl::convert against a copy and against a hand-written transpose. The copy
/// moves as many bytes and is a lower bound for conversions of one element type. The transpose has tiles of 32 x 32 in padded shared
/// memory.
#include "../bench.hpp"

#include <crosslane/tensor.hpp>

#include <memory>
#include <stdexcept>
#include <string>

namespace bench {
namespace {

namespace axis = xl::axis;

/// The memory of all cases.
struct memory {
  explicit memory(xl::stream_ref q_) : q{q_}, in{q_, bytes}, out{q_, bytes}, wrong{q_, 1} {}
  static constexpr std::size_t bytes = std::size_t{5} << 28;
  xl::stream_ref q;
  xl::buffer<unsigned char> in, out;
  xl::buffer<unsigned> wrong;
};

template <class To, class From>
__global__ void __launch_bounds__(256) compare(To to, From from, float scale, unsigned* wrong) {
  using U = typename To::value_type;
  std::int64_t const count = to.size();
  for (std::int64_t k = blockIdx.x * std::int64_t{256} + threadIdx.x; k < count; k += gridDim.x * std::int64_t{256}) {
    auto const i = to.memory_order(typename To::index_type(k));
    if (float(to[i]) != float(static_cast<U>(float(from[i]) * scale))) atomicAdd(wrong, 1u);
  }
}

template <class T>
__global__ void __launch_bounds__(256) write_values(T* p, std::size_t n) {
  for (std::size_t i = blockIdx.x * std::size_t{256} + threadIdx.x; i < n; i += gridDim.x * std::size_t{256})
    p[i] = T(float((i * 0x9e3779b97f4a7c15u) >> 57));  // no two rows or images are alike
}

template <class T, class U, class From, class To>
struct conversion {
  std::shared_ptr<memory> m;
  From from;
  To to;
  float scale = 1;  // convert_scaled if not 1

  xl::tensor_view<T const, From> in() const { return {reinterpret_cast<T const*>(std::as_const(m->in).data()), from}; }
  xl::tensor_view<U, To> out() const { return {reinterpret_cast<U*>(m->out.data()), to}; }

  void convert() const {
    if constexpr (!std::is_same_v<T, U> && (std::is_integral_v<T> || std::is_integral_v<U>))
      xl::convert_scaled(m->q, in(), out(), scale);
    else
      xl::convert(m->q, in(), out());
  }
  /// Throws if `run` does not write every element to its place.
  template <class Run>
  void check(Run const& run) const {
    write_values<<<1024, 256, 0, m->q.native()>>>(reinterpret_cast<T*>(m->in.data()), std::size_t(from.span_size()));
    xl::fill(m->q, m->out, static_cast<unsigned char>(0xa5));
    xl::fill(m->q, m->wrong, 0u);
    run();
    compare<<<1024, 256, 0, m->q.native()>>>(out(), in(), scale, m->wrong.data());
    unsigned wrong = 0;
    xl::copy(m->q, std::as_const(m->wrong).view(), xl::span<unsigned>{&wrong, 1});
    m->q.synchronize();
    if (wrong > 0) throw std::runtime_error{std::to_string(wrong) + " wrong elements"};
  }
};

/// Adds both sides, and the sides that `add_others` adds. `add_others` gets a function that takes a name and the function to run.
template <class T, class U, class From, class To, class Others>
void add_case(std::shared_ptr<memory> const& m, std::string const& name, From const& from, To const& to, float scale,
              Others const& add_others) {
  conversion<T, U, From, To> const c{m, from, to, scale};
  double const bytes = double(sizeof(T)) * double(from.extents().size()) + double(sizeof(U)) * double(to.extents().size());
  auto const side = [&](std::string const& which, auto run, bool checked) {
    auto const to_check = std::make_shared<bool>(checked);
    add({.name = "tensor " + name + "/" + which,
         .iterations = 2,
         .repetitions = 9,
         .seconds = device_seconds(m->q, 8, run),
         .prepare =
             [=] {
               if (!*to_check) return;
               c.check(run);
               *to_check = false;
             },
         .bytes = bytes});
  };
  side("crosslane", [=] { c.convert(); }, true);
  std::size_t const half = std::size_t(bytes) / 2;
  side("rival/copy", [=] { xl::copy(m->q, std::as_const(m->in).view().subspan(0, half), m->out.view().subspan(0, half)); }, false);
  add_others(c, side);
}
struct nothing {
  template <class C, class Side>
  void operator()(C const&, Side const&) const {}
};

/// out[b][i][j] = in[b][j][i]: rows of `width` elements become columns. Blocks of 32 x 8 threads.
template <class T>
__global__ void __launch_bounds__(256) transpose_by_hand(T* out, T const* in, int height, int width, int tiles_down, int tiles_across) {
  __shared__ T tile[32][33];
  int const across = int(blockIdx.x) % tiles_across, down = int(blockIdx.x) / tiles_across % tiles_down;
  std::size_t const base = std::size_t(int(blockIdx.x) / tiles_across / tiles_down) * height * width;
  int const x = across * 32 + int(threadIdx.x), y0 = down * 32;
  for (int y = int(threadIdx.y); y < 32; y += 8)
    if (x < width && y0 + y < height) tile[y][threadIdx.x] = in[base + std::size_t(y0 + y) * width + x];
  __syncthreads();
  int const tx = y0 + int(threadIdx.x), ty0 = across * 32;
  for (int y = int(threadIdx.y); y < 32; y += 8)
    if (tx < height && ty0 + y < width) out[base + std::size_t(ty0 + y) * height + tx] = tile[threadIdx.x][y];
}
/// Transposes `batch` matrices of height x width.
struct by_hand {
  int batch, height, width;
  template <class C, class Side>
  void operator()(C const& c, Side const& side) const {
    side(
        "other/tiles by hand",
        [c, *this] {
          int const down = (height + 31) / 32, across = (width + 31) / 32;
          transpose_by_hand<<<unsigned(batch * down * across), dim3(32, 8), 0, c.m->q.native()>>>(c.out().data(), c.in().data(), height,
                                                                                                  width, down, across);
        },
        true);
  }
};

/// Returns the number of images that have at least a gibibyte of elements.
template <class T>
int batch_of(int channels, int side) {
  std::size_t const image = std::size_t(channels) * side * side * sizeof(T);
  return int(((std::size_t{1} << 30) + image - 1) / image);
}

std::string text_of(xl::image_extents const& e) {
  auto const number = [](auto n) { return std::to_string(n); };
  return number(e.extent<axis::n>()) + "x" + number(e.extent<axis::c>()) + "x" + number(e.extent<axis::h>()) + "x" +
         number(e.extent<axis::w>());
}

/// An element of 12 or 16 bytes.
template <int N>
struct floats {
  float x[N];
  floats() = default;
  CROSSLANE_FN explicit floats(float v) {
    for (float& element : x) element = v++;
  }
  /// The value that it was made from; -1 if its parts do not belong together.
  CROSSLANE_FN explicit operator float() const {
    for (int i = 0; i < N; ++i)
      if (x[i] != x[0] + float(i)) return -1;
    return x[0];
  }
};

template <class T>
void add_images(std::shared_ptr<memory> const& m, std::string const& type, xl::image_extents const& e) {
  std::string const shape = type + " " + text_of(e);
  int const batch = e.extent<axis::n>(), channels = e.extent<axis::c>(), plane = e.extent<axis::h>() * e.extent<axis::w>();
  add_case<T, T>(m, "nchw to nhwc, " + shape, xl::nchw{e}, xl::nhwc{e}, 1, by_hand{batch, channels, plane});
  add_case<T, T>(m, "nhwc to nchw, " + shape, xl::nhwc{e}, xl::nchw{e}, 1, by_hand{batch, plane, channels});
}
template <class T>
void add_images(std::shared_ptr<memory> const& m, std::string const& type, int channels, int side) {
  add_images<T>(m, type, {batch_of<T>(channels, side), channels, side, side});
}

/// Permutes an array of three axes. The orders have the numbers of PyTorch's permute().
template <class T>
void add_permutations(std::shared_ptr<memory> const& m, std::string const& type, int a, int b, int c) {
  using extents = xl::extents<int, axis::n, axis::h, axis::w>;
  using n = axis::n;
  using h = axis::h;
  using w = axis::w;
  extents const e{a, b, c};
  xl::packed<extents, xl::axes<n, h, w>> const from{e};
  auto const add_order = [&]<class... A>(std::string const& order, xl::axes<A...>) {
    add_case<T, T>(m, "permute " + order + ", " + type + " " + std::to_string(a) + "x" + std::to_string(b) + "x" + std::to_string(c), from,
                   xl::packed<extents, xl::axes<A...>>{e}, 1, nothing{});
  };
  add_order("0 2 1", xl::axes<n, w, h>{});
  add_order("1 0 2", xl::axes<h, n, w>{});
  add_order("1 2 0", xl::axes<h, w, n>{});
  add_order("2 0 1", xl::axes<w, n, h>{});
  add_order("2 1 0", xl::axes<w, h, n>{});
}
template <class T>
void add_blocked(std::shared_ptr<memory> const& m, std::string const& type) {
  xl::image_extents const e{batch_of<T>(256, 56), 256, 56, 56};
  std::string const shape = type + " " + text_of(e);
  add_case<T, T>(m, "nchw to nchw_c<16>, " + shape, xl::nchw{e}, xl::nchw_c<16>{e}, 1, nothing{});
  add_case<T, T>(m, "nchw_c<16> to nchw, " + shape, xl::nchw_c<16>{e}, xl::nchw{e}, 1, nothing{});
}

}  // namespace

void register_tensor_convert(xl::stream_ref q) {
  auto const m = std::make_shared<memory>(q);
  for (int const side : {8, 56})
    for (int const channels : {64, 256, 512}) {
      add_images<xl::half>(m, "half", channels, side);
      add_images<float>(m, "float", channels, side);
    }
  add_images<xl::half>(m, "half", {16384, 112, 8, 8});
  add_images<float>(m, "float", {16384, 112, 8, 8});

  // Planes that are not whole vectors. 9 x 9 and 19 x 19 are boards of shogi and go.
  for (auto const& [channels, side] : {std::pair{512, 7}, {64, 7}, {192, 9}, {256, 14}, {256, 19}, {128, 28}}) {
    add_images<xl::half>(m, "half", channels, side);
    add_images<float>(m, "float", channels, side);
    add_images<unsigned char>(m, "byte", channels, side);
  }
  add_images<unsigned char>(m, "byte", 64, 8);
  add_images<unsigned char>(m, "byte", {7200, 3, 223, 221});
  add_images<floats<3>>(m, "12 bytes", 64, 8);
  add_images<floats<4>>(m, "16 bytes", 64, 8);
  add_permutations<xl::half>(m, "half", 600, 512, 768);
  add_permutations<xl::half>(m, "half", 401, 499, 703);
  add_permutations<unsigned char>(m, "byte", 600, 512, 768);

  // The input of a network from pictures.
  xl::image_extents const e{batch_of<float>(3, 224), 3, 224, 224};
  std::string const shape = text_of(e);
  add_case<unsigned char, float>(m, "nhwc to nchw, bytes to floats scaled " + shape, xl::nhwc{e}, xl::nchw{e}, 1 / 255.f, nothing{});
  add_case<float, unsigned char>(m, "nchw to nhwc, floats to bytes scaled " + shape, xl::nchw{e}, xl::nhwc{e}, 2.f, nothing{});

  add_blocked<xl::half>(m, "half");
  add_blocked<float>(m, "float");
  int const n = 16384;
  add_case<float, float>(m, "matrix transposed, float 16384x16384", xl::row_major<>{{n, n}}, xl::column_major<>{{n, n}}, 1,
                         by_hand{1, n, n});
}

}  // namespace bench
