// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// transform of tensors: output(index) = f(inputs(index)...), each operand in its own layout.
#pragma once

#include <crosslane/algorithm/transform.hpp>
#include <crosslane/runtime/copy.hpp>
#include <crosslane/tensor/interleave.hpp>
#include <crosslane/tensor/tensor.hpp>
#include <crosslane/tensor/transpose.hpp>
#include <crosslane/tensor/walk.hpp>

namespace crosslane {
namespace detail {

/// A tensor or a view of one.
template <class R>
concept tensor_like = is_tensor_view<std::remove_cvref_t<R>> ||
                      requires(std::remove_reference_t<R>& owner) { requires is_tensor_view<std::remove_cvref_t<decltype(owner.view())>>; };

/// A tensor's view, or the view itself.
template <class R>
auto tensor_argument(R&& tensor, source_location where) {
  static_assert(tensor_like<R>, "crosslane: this takes tensors and views of them");
  return kernel_argument(tensor, where);
}

template <class T, class L>
T const* input_data(tensor_view<T, L> const& view) {
  return view.data();
}
template <class E>
rising_positions input_data(index_positions<E> const& positions) {
  return positions.data();
}

/// All elements follow each other in every operand.
template <int Operands>
bool is_contiguous(walk_plan<Operands> const& p) {
  bool result = p.rank <= 1;
  if (p.rank == 1)
    for (std::int64_t const stride : p.axis[0].stride) result = result && stride == 1;
  return result;
}

/// The message of a failed assertion shows the axes as template arguments.
template <class Of, class In>
struct contained_axes;
template <class... A, class In>
struct contained_axes<axes<A...>, In> {
  static_assert((In::template contains<A> && ...),
                "crosslane: an input has an axis that the output lacks; see the axes of the input and those of the output in the arguments "
                "of contained_axes. crosslane::rename, merge and fix make views with other axes, crosslane::reduce removes one");
};

/// Calls `refuse(axis, n, m)` for an axis of which two operands have n and m.
template <class One, class Other, class Refuse, class... A>
void check_same_extents(One const& one, Other const& other, axes<A...>, Refuse const& refuse) {
  ((one.extents().template extent<A>() == other.extents().template extent<A>()
        ? void()
        : refuse(axis_name<A>(), static_cast<long long>(one.extents().template extent<A>()),
                 static_cast<long long>(other.extents().template extent<A>()))),
   ...);
}

template <class To, class From>
void check_input_extents(To const& to, From const& from, int input, source_location where) {
  check_same_extents(from, to, typename From::layout_type::extents_type::axes{}, [&](char const* axis, long long n, long long m) {
    throw_error(errc::size_mismatch, where, "transform: axis %s has %lld in input %d and %lld in the output", axis, n, input, m);
  });
}

inline namespace CROSSLANE_CONFIGURATION {

static_assert(conversion_block <= elementwise_block && "most_blocks() counts blocks of that size");
/// Calls `queue(begin, count)` for the ranges of 0 ... blocks-1 that one grid covers; of blocks of up to elementwise_block threads.
template <runtime_backend B, class Queue>
void for_each_grid_of_blocks(basic_stream_ref<B> q, std::uint64_t blocks, source_location where, Queue const& queue) {
  std::uint64_t const most = most_blocks(q, where);
  for (std::uint64_t begin = 0; begin < blocks; begin += most) queue(begin, unsigned(blocks - begin < most ? blocks - begin : most));
}

/// Between E neighbours and E planes. False where that is not what the plan is, or where vectors are not whole.
template <int E, runtime_backend B, class T, class U, class F>
bool run_interleave(basic_stream_ref<B> q, walk_plan<2> const& p, F const& f, U* to, T const* from, source_location where) {
  constexpr unsigned V = conversion_vector<T, U>;
  if constexpr (V > 1) {
    for (int const together : {0, 1}) {  // the operand whose neighbours are the other's planes
      int const apart = 1 - together;
      int neighbours = -1, places = -1;  // axes
      for (int i = 0; i < p.rank; ++i) {
        if (p.axis[i].stride[together] == 1 && p.axis[i].extent == E) neighbours = i;
        if (p.axis[i].stride[together] == E && p.axis[i].stride[apart] == 1) places = i;
      }
      if (neighbours < 0 || places < 0 || p.axis[places].extent % V != 0 || !aligned_for<V>(from) || !aligned_for<V>(to) ||
          !whole_steps<V>(p, apart, places) || !whole_steps<V>(p, together, neighbours, places))
        continue;
      interleave_plan planes{without(p, neighbours, places), p.axis[neighbours].stride[apart]};
      walk_axis<2>& last = planes.outer.axis[planes.outer.rank++] = p.axis[places];
      count_in_vectors(last, V);
      for_each_grid(q, std::uint64_t(planes.outer.count()), 1, where, [&](std::uint64_t begin, std::uint64_t n) {
        auto const run = [&](auto kernel) {
          launch(q, {.grid = cover(n, elementwise_block, where), .where = where}, kernel, f, planes, begin, n, to, from);
        };
        if (together == 1)
          run(interleave_kernel<V, E, true>{});
        else
          run(interleave_kernel<V, E, false>{});
      });
      return true;
    }
  }
  return false;
}

/// False where tiles are of no use.
template <runtime_backend B, class T, class U, class F>
bool run_tiles(basic_stream_ref<B> q, walk_plan<2> const& p, F const& f, U* to, T const* from, source_location where) {
  constexpr unsigned V = conversion_vector<T, U>;
  int along_from = -1, along_to = -1;
  for (int i = 0; i < p.rank; ++i) {
    if (p.axis[i].stride[0] == 1) along_to = i;
    if (p.axis[i].stride[1] == 1) along_from = i;
  }
  if (along_from < 0 || along_to < 0 || along_from == along_to || p.axis[along_to].stride[1] == 0) return false;
  tile_shape const shape = best_tile<T, U>(p.axis[along_from].extent, p.axis[along_to].extent);
  if (shape.mostly_empty<U>(p.axis[along_from].extent, p.axis[along_to].extent)) return false;
  tile_plan tiles{p.axis[along_from], p.axis[along_to], without(p, along_from, along_to), shape, 0, 0};
  bool const from_whole = whole_vectors<V>(p, along_from, 1, from);
  bool const to_whole = whole_vectors<V>(p, along_to, 0, to);
  if (!from_whole) tiles.run_from = inverse_of_rows(p, along_from, along_to, 1, shape.tiles_from, shape.extent_to<U>(), from);
  if (!to_whole) tiles.run_to = inverse_of_rows(p, along_to, along_from, 0, shape.tiles_to, shape.extent_from(), to);
  std::int64_t const blocks = tiles.other.count() * shape.count();
  auto const run = [&]<bool FromWhole, bool ToWhole>(std::bool_constant<FromWhole>, std::bool_constant<ToWhole>) {
    for_each_grid_of_blocks(q, std::uint64_t(blocks), where, [&](std::uint64_t begin, unsigned count) {
      launch(q, {.grid = count, .where = where}, transpose_kernel<U, FromWhole ? V : 1, ToWhole ? V : 1>{}, from, to, tiles, f, begin);
    });
  };
  if (from_whole && to_whole)
    run(std::true_type{}, std::true_type{});
  else if (from_whole)
    run(std::true_type{}, std::false_type{});
  else if (to_whole)
    run(std::false_type{}, std::true_type{});
  else
    run(std::false_type{}, std::false_type{});
  return true;
}

template <unsigned V, int Operands, class T>
bool readable_by_vectors(walk_plan<Operands> const& p, int operand, T const* data) {
  return p.axis[p.rank - 1].stride[operand] == 0 || whole_vectors<V>(p, p.rank - 1, operand, data);
}
template <unsigned V, int Operands>
bool readable_by_vectors(walk_plan<Operands> const&, int, rising_positions) {
  return true;
}

/// In the output's order, by vectors where they are whole in all operands.
template <runtime_backend B, int Operands, class F, class U, class... In>
void run_walk(basic_stream_ref<B> q, walk_plan<Operands> p, F const& f, source_location where, U* to, In... from) {
  constexpr unsigned V =
      elements_per_access<U, std::conditional_t<std::is_same_v<In, rising_positions>, U, decltype(read_at(from, 0))>...>();
  [[maybe_unused]] int operand = 0;
  bool const vectors = V > 1 && p.rank > 0 && whole_vectors<V>(p, p.rank - 1, 0, to) && (readable_by_vectors<V>(p, ++operand, from) && ...);
  if (vectors) count_in_vectors(p.axis[p.rank - 1], V);
  std::uint64_t const count = std::uint64_t(p.count());
  for_each_grid(q, count, 1, where, [&](std::uint64_t begin, std::uint64_t n) {
    auto const run = [&]<unsigned N, class Index>(std::integral_constant<unsigned, N>, Index) {
      launch(q, {.grid = cover(n, elementwise_block, where), .where = where}, walk_kernel<N, Index>{}, f, p, begin, n, to, from...);
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

/// One box of what transform_operands() queues; pointers are to its first elements.
template <runtime_backend B, int Operands, class F, class U, class... In>
void run_box(basic_stream_ref<B> q, walk_plan<Operands> const& p, F const& f, source_location where, U* to, In... from) {
  if constexpr ((std::is_pointer_v<In> && ... && true)) {
    if (is_contiguous(p)) {
      [[maybe_unused]] std::size_t const n = std::size_t(p.count());
      if constexpr (std::is_same_v<F, cast_to<U>> && (std::is_same_v<In, U const*> && ...))
        return copy(q, span{from, n}..., span{to, n}, where);
      else
        return transform_views(q, where, f, span{to, n}, span{from, n}...);
    }
    if constexpr (sizeof...(In) == 1)
      if constexpr ((has_tiles<std::remove_cvref_t<decltype(*from)>, U> && ...))
        if (run_interleave<2>(q, p, f, to, from..., where) || run_interleave<3>(q, p, f, to, from..., where) ||
            run_interleave<4>(q, p, f, to, from..., where) || run_tiles(q, p, f, to, from..., where))
          return;
  }
  run_walk(q, p, f, where, to, from...);
}

/// What transform() queues, and convert() with a cast. Inputs are views or positions of indices; an input is repeated along the axes that
/// it lacks.
template <runtime_backend B, class F, class U, class To, class... In>
void transform_operands(basic_stream_ref<B> q, source_location where, F const& f, tensor_view<U, To> const& to, In const&... from) {
  static_assert(!std::is_const_v<U>, "crosslane: constant elements cannot be written");
  static_assert(std::is_trivially_copyable_v<U>, "crosslane: elements of tensors are trivially copyable");
  ((void)sizeof(contained_axes<typename In::layout_type::extents_type::axes, typename To::extents_type::axes>), ...);
  [[maybe_unused]] int input = 0;
  (check_input_extents(to, from, input++, where), ...);
  if (to.count() == 0) return;
  if constexpr (has_boxes(typename To::order{}, std::type_identity<To>{}, std::type_identity<typename In::layout_type>{}...)) {
    constexpr int operands = 1 + int(sizeof...(In));
    auto const run = [&]<int... J>(walk_box<operands> const& box, std::integer_sequence<int, J...>) {
      run_box(q, box.plan, f, where, to.data() + box.begin[0], input_data(from) + box.begin[1 + J]...);
    };
    auto const visit = [&](walk_box<operands> const& box) { run(box, std::make_integer_sequence<int, operands - 1>{}); };
    for_each_box(typename To::order{}, walk_box<operands>{}, visit, to.layout(), from.layout()...);
  } else {
    for_each_grid(q, std::uint64_t(to.count()), 1, where, [&](std::uint64_t begin, std::uint64_t n) {
      launch(q, {.grid = cover(n, elementwise_block, where), .where = where}, place_kernel{}, f, begin, n, to, from...);
    });
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// `xl::transform(stream, output, f, inputs...)` of tensors or views of memory that the device reaches queues output(index) =
/// f(inputs(index)...) for every index, in the order of the output's memory; any number of inputs. Axes go by name: an input has axes of
/// the output in whatever order and layout, and is repeated along those that it lacks, as a bias of axis c is over images. An input may
/// be the output itself, but no other view of its memory. What lies in gaps of the output stays. `f` has no effects
/// but its result: it may be called for an element more than once. Elements move in the widest pieces where
/// the output's contiguous axis is each input's too, or is one that it lacks; of a single input through tiles in shared memory where it is
/// not. Throws size_mismatch where an input's axis has another extent than the output's.
template <stream_like S, detail::tensor_like Out, class F, class... In>
struct transform<S, Out, F, In...> {
  /// Queues the work.
  transform(S const& stream, Out&& output, F f, In&&... inputs, source_location where = source_location::current()) {
    static_assert(detail::check_argument<3, F>::ok);
    static_assert((detail::tensor_like<In> && ... && true), "crosslane: transform() of a tensor takes tensors and views of them as inputs");
    detail::transform_operands(detail::ref_of(stream, where), where, f, detail::tensor_argument(output, where),
                               detail::tensor_argument(inputs, where)...);
  }
};

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
