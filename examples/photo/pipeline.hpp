// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The demo on one device of any backend.
#pragma once

#include "common/difference.hpp"
#include "common/recorder.hpp"
#include "kernels/blur.hpp"
#include "kernels/equalise.hpp"
#include "kernels/sobel.hpp"
#include "reference.hpp"

#include <crosslane/graph.hpp>
#include <crosslane/tensor.hpp>

#include <utility>
#include <vector>

namespace photo {

/// The pictures and the measurements of one device.
struct outcome {
  image blurred;
  image edges;
  image equalised;
  std::vector<examples::row> rows;
};

/// Runs every kernel, measures it and compares its result with the reference. Throws crosslane::error, and std::runtime_error if a result
/// differs by more than `tolerance`.
template <xl::runtime_backend Backend>
[[nodiscard]] outcome run_pipeline(xl::basic_device<Backend> device, image const& in, reference::results const& expected, double tolerance,
                                   int repeat, examples::progress& shown) {
  using examples::largest_difference;
  xl::basic_stream<Backend> const q{device};
  auto const tensor = [&]<class T, class Layout>(T, Layout const& layout) {
    return xl::basic_tensor<T, Layout, xl::memory_kind::device, Backend>{q, layout};
  };
  auto const table = [&]<class T>(T) { return xl::basic_buffer<T, xl::memory_kind::device, Backend>{q, bins}; };
  picture_extents const e = in.extents();
  std::size_t const n = in.pixels();
  std::size_t const plane_bytes = n * sizeof(float);

  auto bytes = tensor(std::uint8_t{}, interleaved{e});
  auto planes = tensor(float{}, make_planar(e));
  auto across = tensor(float{}, make_planar(e));
  auto blurred = tensor(float{}, make_planar(e));
  auto equalised = tensor(float{}, make_planar(e));
  auto edges = tensor(float{}, plane{{in.height, in.width}});
  auto counts = table(unsigned{});
  auto curve = table(float{});

  auto const download = [&](auto const& from) {
    std::vector<typename std::remove_cvref_t<decltype(from)>::value_type> to(from.size());
    xl::copy(q, from, to);
    q.synchronize();
    return to;
  };
  // Copies to planes without gaps between them.
  auto const download_planes = [&](auto const& from) {
    std::vector<float> to(3 * n);
    xl::copy_2d(q, xl::rows{from.storage(), std::size_t(from.view().template stride<axis::c>()), n, 3}, xl::rows{to, n, n, 3});
    q.synchronize();
    return to;
  };

  examples::recorder<Backend> recorder{q, repeat, shown};

  // The steps, each on any stream.
  auto const pixels = in_groups(std::as_const(planes).view());
  unsigned const resident_blocks = 8 * device.properties().multiprocessors;
  using stream = xl::basic_stream<Backend>;
  auto const unpack = [&](stream const& s) { xl::convert_scaled(s, bytes, planes, byte_step); };
  auto const blur_across = [&](stream const& s) {
    xl::launch(s, {.grid = kernels::blur_horizontal::grid(e)}, kernels::blur_horizontal{blur_weights}, planes, across);
  };
  auto const blur_down = [&](stream const& s) {
    xl::launch(s, {.grid = kernels::blur_vertical::grid(e)}, kernels::blur_vertical{blur_weights}, across, blurred);
  };
  auto const find_edges = [&](stream const& s) { xl::launch(s, {.grid = kernels::sobel::grid(e)}, kernels::sobel{}, planes, edges); };
  auto const clear_counts = [&](stream const& s) { xl::fill(s, counts, 0u); };
  auto const count = [&](stream const& s) {
    xl::launch(s, {.grid = std::min(pixels.blocks(), resident_blocks)}, kernels::histogram{}, pixels, counts);
  };
  auto const make_curve = [&](stream const& s) { xl::launch(s, {.grid = 1}, kernels::equalising_curve{}, counts, curve); };
  auto const apply_curve = [&](stream const& s) {
    xl::launch(s, {.grid = pixels.blocks()}, kernels::equalise{}, pixels, curve, in_groups(equalised.view()));
  };

  xl::copy(q, in.rgb, bytes.storage());
  recorder.run("unpack", 3 * n + 3 * plane_bytes, [&] { unpack(q); });
  recorder.difference(largest_difference(download_planes(planes), expected.unpacked.value), tolerance);

  recorder.run("blur horizontal", 6 * plane_bytes, [&] { blur_across(q); });
  recorder.difference(largest_difference(download_planes(across), expected.blurred_across.value), tolerance);

  recorder.run("blur vertical", 6 * plane_bytes, [&] { blur_down(q); });
  recorder.difference(largest_difference(download_planes(blurred), expected.blurred.value), tolerance);

  recorder.run("sobel", 4 * plane_bytes, [&] { find_edges(q); });
  recorder.difference(largest_difference(download(edges.storage()), expected.edges), tolerance);

  // The difference of a count is a share of all pixels.
  recorder.run("histogram", 3 * plane_bytes, [&] { count(q); }, [&] { clear_counts(q); });
  recorder.difference(largest_difference(download(counts), expected.counts, 1 / double(n)), tolerance);

  // The kernel moves 2 KiB, too few for a meaningful rate.
  recorder.run("equalising curve", 0, [&] { make_curve(q); });
  recorder.difference(largest_difference(download(curve), expected.curve), tolerance);

  recorder.run("equalise", 6 * plane_bytes, [&] { apply_curve(q); });
  recorder.difference(largest_difference(download_planes(equalised), expected.equalised.value), tolerance);

  // The same steps as one graph. Edges and equalisation need no blur, so they are captured on a second stream.
  stream const side{device};
  xl::basic_event<Backend, false> unpacked{device}, side_done{device};
  xl::basic_graph_capture<Backend> capture{q};
  unpack(q);
  unpacked.record(q);
  side.wait(unpacked);
  blur_across(q);
  blur_down(q);
  find_edges(side);
  clear_counts(side);
  count(side);
  make_curve(side);
  apply_curve(side);
  side_done.record(side);
  q.wait(side_done);
  xl::basic_executable_graph<Backend> graph = capture.end().instantiate();
  recorder.run(
      "all as a graph", 0, [&] { graph.launch(q); },
      [&] {
        xl::fill(q, blurred.storage(), 0.f);
        xl::fill(q, edges.storage(), 0.f);
        xl::fill(q, equalised.storage(), 0.f);
      });
  recorder.difference(std::max({largest_difference(download_planes(blurred), expected.blurred.value),
                                largest_difference(download(edges.storage()), expected.edges),
                                largest_difference(download_planes(equalised), expected.equalised.value)}),
                      tolerance);

  // A tensor without the axis of colours is repeated for each colour.
  auto const pack = [&](auto const& from) { xl::transform(q, from, bytes, kernels::to_byte{}); };
  outcome result;
  recorder.run("pack", 3 * plane_bytes + 3 * n, [&] { pack(blurred); });
  result.blurred = {in.width, in.height, download(bytes.storage())};
  pack(edges);
  result.edges = {in.width, in.height, download(bytes.storage())};
  pack(equalised);
  result.equalised = {in.width, in.height, download(bytes.storage())};
  recorder.difference(std::max({largest_difference(result.blurred.rgb, expected.blurred_picture.rgb, 1 / 255.0),
                                largest_difference(result.edges.rgb, expected.edges_picture.rgb, 1 / 255.0),
                                largest_difference(result.equalised.rgb, expected.equalised_picture.rgb, 1 / 255.0)}),
                      tolerance);
  result.rows = recorder.rows();
  return result;
}

}  // namespace photo
