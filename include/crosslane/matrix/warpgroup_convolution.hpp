// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Convolutions by the schedule of warpgroup_kernel.hpp: the copy engine finds the patches in the images.
#pragma once

#include <crosslane/matrix/convolution_problem.hpp>
#include <crosslane/matrix/warpgroup_gemm.hpp>

#include <cstdint>
#include <type_traits>

namespace crosslane::detail {

/// Operand A of a convolution: the patches of pixels, one after another. See warpgroup_matrix. A step along k is 128 bytes of channels of
/// one pixel of the patches.
template <class Map, class T>
struct warpgroup_patches {
  using value_type = T;
  static constexpr unsigned k = 128 / sizeof(T);
  static constexpr bool along_k = true;

  template <unsigned Outer, class Copies>
  CROSSLANE_DEVICE_FN CROSSLANE_INLINE void copy(Copies& copies, unsigned stage, unsigned char* to, std::int32_t outer, std::int32_t step,
                                                 std::int32_t) const {
    pixel_index const p = pixel_index::of(outer, height, width);
    std::int32_t const pixel = step % (rows * cols), channel = step / (rows * cols) * std::int32_t(k);
    copies.copy_pixels(stage, to, &map, channel, p.x - left, p.y - top, p.image, static_cast<unsigned short>(pixel % cols),
                       static_cast<unsigned short>(pixel / cols), Outer * 128);
  }

  Map map;
  std::int32_t height, width;  ///< of an image of the output
  std::int32_t rows, cols;     ///< of a patch
  std::int32_t top, left;      ///< rows and columns of zeros before the image
};

/// Operand B of a convolution: a line has the elements of an output channel.
template <class Map, class T>
struct warpgroup_filter {
  using value_type = T;
  static constexpr unsigned k = 128 / sizeof(T);
  static constexpr bool along_k = true;

  template <unsigned Outer, class Copies>
  CROSSLANE_DEVICE_FN CROSSLANE_INLINE void copy(Copies& copies, unsigned stage, unsigned char* to, std::int32_t outer, std::int32_t step,
                                                 std::int32_t) const {
    copies.template copy_tile<3>(stage, to, &map, {int(step / pixels) * int(k), int(step % pixels), int(outer)}, Outer * 128);
  }

  Map map;
  std::int32_t pixels;  ///< of a patch
};

inline namespace CROSSLANE_CONFIGURATION {

/// Makes the descriptors for these sizes and queues the schedule. Returns false, and queues nothing, if the copy engine does not take the
/// tensors.
template <class Sizes, class Operand, runtime_backend Backend, class A, class C, class E>
bool queue_warpgroup_convolution(basic_stream_ref<Backend> q, convolution_problem<A, A, C> const& p, E const& epilogue,
                                 source_location where) {
  using map = typename Backend::tensor_map;
  using source_a = warpgroup_patches<map, A>;
  using source_b = warpgroup_filter<map, A>;
  constexpr unsigned k = source_a::k;
  patch_operand<A> const& from = p.patches;
  image_memory<A const> const& images = from.images;
  auto const bytes = [](std::int64_t elements) { return std::uint64_t(elements) * sizeof(A); };
  tensor_map_facts a;
  a.data = const_cast<A*>(images.data);
  a.element_bytes = sizeof(A);
  a.rank = 4;
  std::int64_t const extents[] = {images.channels, images.width, images.height, images.images};
  std::int64_t const strides[] = {1, images.pixel, images.row, images.image};
  for (int i = 0; i < 4; ++i) {
    a.extents[i] = std::uint64_t(extents[i]);
    a.strides[i] = i != 0 && extents[i] == 1 ? a.extents[i - 1] * a.strides[i - 1] + 15 & ~std::uint64_t{15} : bytes(strides[i]);
  }
  a.tile[0] = k;
  a.tile[1] = Sizes::tile_rows;
  a.swizzled = a.takes_pixels = true;
  a.first[0] = -from.left;
  a.first[1] = -from.top;
  a.last[0] = from.width - images.width - from.left;
  a.last[1] = from.height - images.height - from.top;
  tensor_map_facts b = warpgroup_map_facts(p.filter, images.channels, from.rows * from.cols, p.n, images.channels, p.k, 1);
  b.tile[2] = Sizes::cols;
  tensor_map_facts const c = warpgroup_map_facts(p.out.data, p.n, p.m, 1, p.out.pixel, 0, 16);
  for (int i = 1; i < 4; ++i)
    if (a.strides[i] % 16 != 0 || a.strides[i] >= std::uint64_t{1} << 40) return false;
  if (reinterpret_cast<std::uintptr_t>(a.data) % 16 != 0 || !fits_copy_engine(b)) return false;
  warpgroup_problem<map, source_a, source_b, C> w{};
  auto const make = [&](map& to, tensor_map_facts const& facts) {
    return Backend::make_tensor_map(q.properties(where), to, facts).code == 0;
  };
  if (!make(w.a.map, a) || !make(w.b.map, b)) return false;
  w.c_by_engine = sizeof(C) >= 2 && fits_copy_engine(c) && p.n * sizeof(C) % 16 == 0 && make(w.c_map, c);
  w.a.height = from.height;
  w.a.width = from.width;
  w.a.rows = from.rows;
  w.a.cols = from.cols;
  w.a.top = from.top;
  w.a.left = from.left;
  w.b.pixels = from.rows * from.cols;
  w.c = p.out.data;
  w.c_pitch = p.out.pixel;
  w.m = p.m;
  w.n = p.n;
  w.steps = from.rows * from.cols * pieces_of(images.channels, std::int32_t(k));
  launch_warpgroup_gemm<Sizes, Operand, Operand>(q, w, 1, epilogue, where);
  return true;
}

/// Queues a convolution by the schedule if the device, the types and the tensors allow it. Returns false otherwise.
template <bool AlongA, bool AlongB, bool AsTf32, runtime_backend Backend, class A, class B, class C, class E>
bool try_warpgroups(basic_stream_ref<Backend> q, convolution_problem<A, B, C> const& p, E const& epilogue, source_location where) {
  using operand = typename warpgroup_operand<A, AsTf32>::type;
  if constexpr (std::is_same_v<A, B> && sizeof(A) == 2 && !std::is_void_v<operand> && sizeof(C) <= 4 && has_warpgroup_code<Backend>) {
    patch_operand<A> const& from = p.patches;
    image_memory<A const> const& images = from.images;
    std::int32_t const pixels = from.height * from.width;
    constexpr std::int32_t most = 127;  // rows and columns that the engine takes beside an image
    bool const out_is_matrix = (p.out.images == 1 || p.out.image == pixels * p.out.pixel) &&
                               (p.out.height == 1 || p.out.row == from.width * p.out.pixel) && p.out.in_block >= p.out.channels;
    if (p.k == 0 || !out_is_matrix || images.in_block < images.channels || from.rows > most || from.cols > most ||
        !has_warpgroups(q, where))
      return false;
    unsigned const processors = q.properties(where).multiprocessors;
    auto const time = [&](auto sizes, double cost) { return warpgroup_time<decltype(sizes)>(p.m, p.n, 1, processors, cost); };
    auto const run = [&](auto sizes) { return queue_warpgroup_convolution<decltype(sizes), operand>(q, p, epilogue, where); };
    warpgroup_sizes<128, 192, 5, 1> const wide;
    warpgroup_sizes<64, 256, 4, 2, false> const shared;
    warpgroup_sizes<128, 128, 6, 1> const square;
    warpgroup_sizes<128, 64, 6, 1> const narrow;
    double const times[] = {time(wide, 1.0), time(shared, 1.0 + 150.0 / p.k), time(square, 1.25), time(narrow, 1.45)};
    unsigned best = 0;
    for (unsigned i = 1; i < 4; ++i)
      if (times[i] < times[best]) best = i;
    return best == 0 ? run(wide) : best == 1 ? run(shared) : best == 2 ? run(square) : run(narrow);
  } else {
    return false;
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
