// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The demo on one device of any backend.
#pragma once

#include "common/difference.hpp"
#include "common/recorder.hpp"
#include "kernels/blur.hpp"
#include "kernels/equalise.hpp"
#include "kernels/layout.hpp"
#include "kernels/sobel.hpp"
#include "reference.hpp"

#include <crosslane/crosslane.hpp>

#include <vector>

namespace photo {

/// The pictures that a device made, and what was measured on it.
struct outcome {
  image blurred;
  image edges;
  image equalised;
  std::vector<examples::row> rows;
};

/// Runs every kernel, measures it and compares what it gives with the reference. Throws crosslane::error, and std::runtime_error where
/// something differs by more than `tolerance`.
template <xl::runtime_backend Backend>
[[nodiscard]] outcome run_pipeline(xl::basic_device<Backend> device, image const& in, reference::results const& expected, double tolerance,
                                   int repeat, examples::progress& shown) {
  using examples::largest_difference;
  frame const f{in.width, in.height};
  std::size_t const n = in.pixels();
  std::size_t const plane = n * sizeof(float);
  xl::basic_stream<Backend> const q{device};
  auto const memory = [&]<class T>(T, std::size_t count) { return xl::basic_buffer<T, xl::memory_kind::device, Backend>{q, count}; };
  auto const three = 3 * std::size_t{f.pitch};

  auto bytes = memory(std::uint8_t{}, 3 * n);  // [height x width x 3]
  auto planes = memory(float{}, three);        // [3 x height x width], as are the next three
  auto across = memory(float{}, three);
  auto blurred = memory(float{}, three);
  auto equalised = memory(float{}, three);
  auto edges = memory(float{}, f.pitch);  // [height x width]
  auto counts = memory(unsigned{}, bins);
  auto curve = memory(float{}, bins);
  auto packed = memory(std::uint8_t{}, 3 * n);  // [height x width x 3]

  auto const download = [&](auto const& from) {
    std::vector<typename std::remove_cvref_t<decltype(from)>::value_type> to(from.size());
    xl::copy(q, from, to);
    q.synchronize();
    return to;
  };
  // Without the gaps between planes.
  auto const download_planes = [&](auto const& from) {
    std::vector<float> to(3 * n);
    xl::copy_2d(q, xl::rows{from, f.pitch, n, 3}, xl::rows{to, n, n, 3});
    q.synchronize();
    return to;
  };
  auto const one_plane = [&](auto const& from, unsigned channel) { return from.view().subspan(channel * std::size_t{f.pitch}, n); };

  examples::recorder<Backend> recorder{q, repeat, shown};
  xl::launch_config const elementwise{.grid = xl::cover(n, 256 * kernels::group), .block = 256};
  unsigned const resident_blocks = 8 * device.properties().multiprocessors;

  xl::copy(q, in.rgb, bytes);
  recorder.run("unpack", 3 * n + 3 * plane, [&] { xl::launch(q, elementwise, kernels::unpack{}, bytes, planes, f); });
  recorder.difference(largest_difference(download_planes(planes), expected.unpacked.value), tolerance);

  recorder.run("blur horizontal", 6 * plane, [&] {
    xl::launch(q, {.grid = kernels::blur_horizontal::grid(f)}, kernels::blur_horizontal{blur_weights}, planes, across, f);
  });
  recorder.difference(largest_difference(download_planes(across), expected.blurred_across.value), tolerance);

  recorder.run("blur vertical", 6 * plane,
               [&] { xl::launch(q, {.grid = kernels::blur_vertical::grid(f)}, kernels::blur_vertical{blur_weights}, across, blurred, f); });
  recorder.difference(largest_difference(download_planes(blurred), expected.blurred.value), tolerance);

  recorder.run("sobel", 4 * plane, [&] { xl::launch(q, {.grid = kernels::sobel::grid(f)}, kernels::sobel{}, planes, edges, f); });
  {
    auto made = download(edges);
    made.resize(n);
    recorder.difference(largest_difference(made, expected.edges), tolerance);
  }

  // A count is compared as a share of all pixels.
  auto const counting = xl::launch_config{.grid = std::min(xl::cover(n, 256 * kernels::group), resident_blocks)};
  recorder.run(
      "histogram", 3 * plane, [&] { xl::launch(q, counting, kernels::histogram{}, planes, counts, f); }, [&] { xl::fill(q, counts, 0u); });
  recorder.difference(largest_difference(download(counts), expected.counts, 1 / double(n)), tolerance);

  // It moves 2 KiB: bytes a second would say nothing.
  recorder.run("equalising curve", 0, [&] { xl::launch(q, {.grid = 1}, kernels::equalising_curve{}, counts, curve); });
  recorder.difference(largest_difference(download(curve), expected.curve), tolerance);

  recorder.run("equalise", 6 * plane, [&] { xl::launch(q, {.grid = elementwise.grid}, kernels::equalise{}, planes, curve, equalised, f); });
  recorder.difference(largest_difference(download_planes(equalised), expected.equalised.value), tolerance);

  auto const pack = [&](auto const& red, auto const& green, auto const& blue) {
    xl::launch(q, elementwise, kernels::pack{}, red, green, blue, packed, f);
  };
  outcome result;
  recorder.run("pack", 3 * plane + 3 * n, [&] { pack(one_plane(blurred, 0), one_plane(blurred, 1), one_plane(blurred, 2)); });
  result.blurred = {in.width, in.height, download(packed)};
  pack(one_plane(edges, 0), one_plane(edges, 0), one_plane(edges, 0));
  result.edges = {in.width, in.height, download(packed)};
  pack(one_plane(equalised, 0), one_plane(equalised, 1), one_plane(equalised, 2));
  result.equalised = {in.width, in.height, download(packed)};
  recorder.difference(std::max({largest_difference(result.blurred.rgb, expected.blurred_picture.rgb, 1 / 255.0),
                                largest_difference(result.edges.rgb, expected.edges_picture.rgb, 1 / 255.0),
                                largest_difference(result.equalised.rgb, expected.equalised_picture.rgb, 1 / 255.0)}),
                      tolerance);
  result.rows = recorder.rows();
  return result;
}

}  // namespace photo
