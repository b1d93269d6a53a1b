// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// convert: the elements of a tensor in the order, and as the type, of another.
#pragma once

#include <crosslane/algorithm/fill.hpp>
#include <crosslane/runtime/copy.hpp>
#include <crosslane/tensor/convert_kernels.hpp>
#include <crosslane/tensor/tensor.hpp>

namespace crosslane {
namespace detail {

/// The axes of both sides in the destination's order of memory, without those of one index; neighbours that follow each other on both sides
/// are one.
template <class From, class To, class... A>
conversion_plan make_plan(From const& from, To const& to, axes<A...>) {
  std::int64_t const lengths[] = {std::int64_t{to.extents().template extent<A>()}...};
  std::int64_t const steps_from[] = {std::int64_t{from.template stride<A>()}...};
  std::int64_t const steps_to[] = {std::int64_t{to.template stride<A>()}...};
  conversion_plan p;
  for (int i = 0; i < int(sizeof...(A)); ++i) {
    if (lengths[i] == 1) continue;
    if (p.rank > 0) {
      conversion_axis& last = p.axis[p.rank - 1];
      if (last.from == lengths[i] * steps_from[i] && last.to == lengths[i] * steps_to[i]) {
        last = {last.extent * lengths[i], steps_from[i], steps_to[i]};
        continue;
      }
    }
    p.axis[p.rank++] = {lengths[i], steps_from[i], steps_to[i]};
  }
  return p;
}

/// Whether vectors of V elements along axis `along` are aligned on one side wherever the other axes stand.
template <unsigned V, class T>
bool whole_vectors(conversion_plan const& p, int along, T const* data, std::int64_t conversion_axis::* stride) {
  bool whole = p.axis[along].*stride == 1 && p.axis[along].extent % V == 0 && aligned_for<V>(data);
  for (int i = 0; i < p.rank; ++i) whole = whole && (i == along || p.axis[i].*stride % V == 0);
  return whole;
}

template <class... A, class From, class To>
void check_same_extents(axes<A...>, From const& from, To const& to, source_location where) {
  ((from.template extent<A>() == to.template extent<A>()
        ? void()
        : throw_error(errc::size_mismatch, where, "convert: axis %s has %lld in the source and %lld in the destination", axis_name<A>(),
                      static_cast<long long>(from.template extent<A>()), static_cast<long long>(to.template extent<A>()))),
   ...);
}

/// The message of a failed assertion shows both layouts as template arguments.
template <class From, class To>
struct convertible_layouts {
  static_assert(same_axes<typename From::extents_type::axes, typename To::extents_type::axes>,
                "crosslane: convert() takes two tensors of the same axes; see From and To of convertible_layouts. crosslane::rename, merge "
                "and fix make views with other axes");
  static_assert(To::is_unique, "crosslane: the destination of convert() has a place for each element");
};

inline namespace CROSSLANE_CONFIGURATION {

template <runtime_backend B, class T, class U, class F>
void convert_plan(basic_stream_ref<B> q, T const* from, U* to, conversion_plan p, F f, source_location where) {
  constexpr unsigned V = conversion_vector<T, U>;
  int along_from = -1, along_to = -1;
  std::int64_t count = 1;
  for (int i = 0; i < p.rank; ++i) {
    count *= p.axis[i].extent;
    if (p.axis[i].from == 1) along_from = i;
    if (p.axis[i].to == 1) along_to = i;
  }
  if (p.rank == 0 || (p.rank == 1 && along_from == 0 && along_to == 0)) {
    if constexpr (std::is_same_v<T, U> && std::is_same_v<F, cast_to<U>>)
      copy(q, span{from, std::size_t(count)}, span{to, std::size_t(count)}, where);
    else
      transform_views(q, where, f, span{to, std::size_t(count)}, span{from, std::size_t(count)});
    return;
  }
  if (p.rank >= 2 && along_from >= 0 && along_to >= 0 && along_from != along_to && p.axis[along_from].extent >= conversion_small &&
      p.axis[along_to].extent >= conversion_small) {
    bool const from_whole = whole_vectors<V>(p, along_from, from, &conversion_axis::from);
    bool const to_whole = whole_vectors<V>(p, along_to, to, &conversion_axis::to);
    tile_plan tiles{p.axis[along_from], p.axis[along_to], {}, 0, 0};
    std::int64_t blocks = 1;
    for (int i = 0; i < p.rank; ++i)
      if (i != along_from && i != along_to) {
        tiles.other.axis[tiles.other.rank++] = p.axis[i];
        blocks *= p.axis[i].extent;
      }
    tiles.tiles_from = (tiles.along_from.extent + conversion_tile - 1) / conversion_tile;
    tiles.tiles_to = (tiles.along_to.extent + conversion_tile - 1) / conversion_tile;
    blocks *= tiles.tiles_from * tiles.tiles_to;
    auto const run = [&]<bool FromWhole, bool ToWhole>(std::bool_constant<FromWhole>, std::bool_constant<ToWhole>) {
      std::uint64_t const most = most_blocks(q, where);
      for (std::uint64_t begin = 0; begin < std::uint64_t(blocks); begin += most) {
        std::uint64_t const left = std::uint64_t(blocks) - begin;
        launch(q, {.grid = unsigned(left < most ? left : most), .where = where}, transpose_kernel<U, FromWhole ? V : 1, ToWhole ? V : 1>{},
               from, to, tiles, f, begin);
      }
    };
    if (from_whole && to_whole)
      run(std::true_type{}, std::true_type{});
    else if (from_whole)
      run(std::true_type{}, std::false_type{});
    else if (to_whole)
      run(std::false_type{}, std::true_type{});
    else
      run(std::false_type{}, std::false_type{});
    return;
  }
  // Element by element in the destination's order, or by vectors where they are whole on both sides.
  int const inner = p.rank - 1;
  bool const vectors =
      V > 1 && whole_vectors<V>(p, inner, from, &conversion_axis::from) && whole_vectors<V>(p, inner, to, &conversion_axis::to);
  if (vectors) {
    for (int i = 0; i < inner; ++i) p.axis[i] = {p.axis[i].extent, p.axis[i].from / V, p.axis[i].to / V};
    p.axis[inner].extent /= V;
    count /= V;
  }
  for_each_grid(q, std::uint64_t(count), 1, where, [&](std::uint64_t begin, std::uint64_t n) {
    launch_config const config{.grid = cover(n, elementwise_block, where), .where = where};
    auto const run = [&]<unsigned N, class Index>(std::integral_constant<unsigned, N>, Index) {
      launch(q, config, gather_kernel<N, Index>{}, from, to, p, f, begin, n);
    };
    bool const narrow = count <= INT32_MAX;
    if (vectors && narrow)
      run(std::integral_constant<unsigned, V>{}, std::uint32_t{});
    else if (vectors)
      run(std::integral_constant<unsigned, V>{}, std::uint64_t{});
    else if (narrow)
      run(std::integral_constant<unsigned, 1>{}, std::uint32_t{});
    else
      run(std::integral_constant<unsigned, 1>{}, std::uint64_t{});
  });
}

template <runtime_backend B, class T, class From, class U, class To, class F>
void convert_views(basic_stream_ref<B> q, tensor_view<T, From> const& from, tensor_view<U, To> const& to, F const& f,
                   source_location where) {
  (void)sizeof(convertible_layouts<From, To>);
  static_assert(!std::is_const_v<U>, "crosslane: the destination of convert() has constant elements");
  check_same_extents(typename To::extents_type::axes{}, from, to, where);
  if (to.count() == 0) return;
  if constexpr (strided_layout<From> && strided_layout<To>) {
    convert_plan(q, static_cast<std::remove_const_t<T> const*>(from.data()), to.data(),
                 make_plan(from.layout(), to.layout(), typename To::order{}), f, where);
  } else {
    if constexpr (std::is_same_v<From, To> && std::is_same_v<std::remove_const_t<T>, U> && std::is_same_v<F, cast_to<U>>) {
      std::size_t const n = std::size_t(to.layout().span_size());
      copy(q, span{from.data(), n}, span{to.data(), n}, where);
    } else {
      if (to.layout().span_size() != to.count()) fill(q, span{to.data(), std::size_t(to.layout().span_size())}, U{}, where);
      for_each_grid(q, std::uint64_t(to.count()), 1, where, [&](std::uint64_t begin, std::uint64_t n) {
        launch(q, {.grid = cover(n, elementwise_block, where), .where = where}, place_kernel{}, from, to, f, begin, n);
      });
    }
  }
}

/// A tensor's view, or the view itself.
template <class T>
auto tensor_argument(T&& tensor, source_location where) {
  auto const view = kernel_argument(tensor, where);
  static_assert(is_tensor_view<std::remove_const_t<decltype(view)>>, "crosslane: convert() takes tensors and views of them");
  return view;
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues `destination(index) = source(index)` for every index: the same axes and extents, in any two layouts; axes go by name, in whatever
/// order each side declares them. Elements are converted as static_cast does. Gaps of a blocked destination become zero, those of other
/// layouts stay as they are. Both are tensors, or views of memory that the device reaches, and must not overlap. Throws size_mismatch where
/// an axis has different extents.
template <stream_like S, class Source, class Destination>
void convert(S const& stream, Source&& source, Destination&& destination, source_location where = source_location::current()) {
  auto const from = detail::tensor_argument(source, where);
  auto const to = detail::tensor_argument(destination, where);
  using U = typename std::remove_const_t<decltype(to)>::value_type;
  detail::convert_views(detail::ref_of(stream, where), from, to, detail::cast_to<U>{}, where);
}

/// The same, multiplied by `scale` on the way. Integers are rounded to the nearest, ties to even, and kept within their range: a float
/// tensor becomes an int8 one with scale 1 / step, and float again with scale step.
template <stream_like S, class Source, class Destination>
void convert_scaled(S const& stream, Source&& source, Destination&& destination, float scale,
                    source_location where = source_location::current()) {
  auto const from = detail::tensor_argument(source, where);
  auto const to = detail::tensor_argument(destination, where);
  using U = typename std::remove_const_t<decltype(to)>::value_type;
  detail::convert_views(detail::ref_of(stream, where), from, to, detail::scale_to<U>{scale}, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
