// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// transform() of tensors: queues output(index) = f(inputs(index)...) for every index.
///
///   // y(n, c, h, w) = x(n, c, h, w) + bias(c)
///   xl::transform(q, x, bias, y, [] CROSSLANE_LAMBDA(float xi, float b) { return xi + b; });
///
/// The inputs and the output are tensors or views of memory that the device can access, each in its own layout. Axes match by name, in any
/// order of declaration. An input is repeated along the axes of the output that it lacks. Gaps of the output keep their values. An input
/// may be the output, but must not overlap it otherwise. `f` must have no side effects: it may be called more than once for an element.
///
/// The work follows the order of the output's memory. Elements move in the widest accesses if the output's contiguous axis is also
/// contiguous in each input, or is missing from it. Otherwise the elements of a single input move through tiles in shared memory.
///
/// Throws size_mismatch if an axis has different extents in an input and in the output. Throws invalid_argument if an input overlaps the
/// output without being the output. If a tensor has gaps, only its first element is checked. Throws invalid_argument if a tensor is of
/// another device than the stream.
#pragma once

#include <crosslane/algorithm/transform.hpp>
#include <crosslane/runtime/copy.hpp>
#include <crosslane/tensor/interleave.hpp>
#include <crosslane/tensor/row_tiles.hpp>
#include <crosslane/tensor/tensor.hpp>
#include <crosslane/tensor/tiled_loops.hpp>
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
  static_assert(tensor_like<R>, "crosslane: the argument must be a tensor or a view of a tensor");
  return kernel_argument(tensor, where);
}

/// Returns whether the output is the input: the same elements at the same places. Layouts that cannot be compared count as equal.
template <class U, class To, class T, class From>
bool is_in_place(tensor_view<U, To> const& to, tensor_view<T, From> const& from) {
  if constexpr (std::is_same_v<To, From> && sizeof(T) == sizeof(U)) {
    bool same = static_cast<void const*>(to.data()) == from.data();
    if constexpr (requires { to.layout() == from.layout(); }) same = same && to.layout() == from.layout();
    return same;
  } else {
    return false;
  }
}

/// Returns whether the view has no gaps.
template <class T, class L>
bool fills_its_memory(tensor_view<T, L> const& view) {
  return std::int64_t(view.size()) == view.layout().span_size();
}

/// Throws invalid_argument if the output overlaps an input. Views with gaps may lie in each other's gaps, so only the first element of such
/// a view is checked.
template <class U, class To, class T, class From>
void require_views_disjoint(char const* call, tensor_view<U, To> const& to, tensor_view<T, From> const& from, source_location where) {
  if (to.size() == 0 || from.size() == 0) return;
  auto const known = [](auto const& view) { return fills_its_memory(view) ? std::size_t(view.size()) : 1; };
  require_apart(call, to.data(), known(to) * sizeof(U), from.data(), known(from) * sizeof(T), where);
}
/// The same, but the output may be the same view as the input.
template <class U, class To, class T, class From>
void require_views_apart(char const* call, tensor_view<U, To> const& to, tensor_view<T, From> const& from, source_location where) {
  if (to.size() != 0 && from.size() != 0 && !is_in_place(to, from)) require_views_disjoint(call, to, from, where);
}

template <class T, class L>
T const* input_data(tensor_view<T, L> const& view) {
  return view.data();
}
template <class E>
rising_positions input_data(index_positions<E> const& positions) {
  return positions.data();
}

/// Returns whether the elements are contiguous in every operand.
template <int Operands>
bool is_contiguous(walk_plan<Operands> const& p) {
  bool result = p.rank <= 1;
  if (p.rank == 1)
    for (std::int64_t const stride : p.axis[0].stride) result = result && stride == 1;
  return result;
}

/// A failed assertion shows the axes as template arguments.
template <class Of, class In>
struct contained_axes;
template <class... A, class In>
struct contained_axes<axes<A...>, In> {
  static_assert((In::template contains<A> && ...),
                "crosslane: an input has an axis that the output lacks; see the axes of the input and those of the output in the arguments "
                "of contained_axes. crosslane::rename, merge and fix make views with other axes, crosslane::reduce removes one");
};

/// Calls `refuse(axis, n, m)` for each axis that has different extents n and m in the two operands.
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
    throw_error(errc::size_mismatch, where, "transform: the extent of axis %s is %lld in input %d and %lld in the output", axis, n, input,
                m);
  });
}

inline namespace CROSSLANE_CONFIGURATION {

/// Queues the work of one box for transform_operands(). The pointers point to its first elements.
template <runtime_backend B, int Operands, class F, class U, class... In>
void run_box(basic_stream_ref<B> q, walk_plan<Operands> const& p, F const& f, source_location where, U* to, In... from) {
  if constexpr ((std::is_pointer_v<In> && ... && true)) {
    if (is_contiguous(p)) {
      [[maybe_unused]] std::size_t const n = std::size_t(p.size());
      if constexpr (std::is_same_v<F, cast_to<U>> && (std::is_same_v<In, U const*> && ...))
        return copy(q, span{from, n}..., span{to, n}, where);
      else
        return transform_views(q, where, f, span{to, n}, span{from, n}...);
    }
    if constexpr (sizeof...(In) == 1 && !loop_backend<B>) {
      if constexpr ((has_interleave<std::remove_cvref_t<decltype(*from)>, U> && ...))
        if (run_interleave<2>(q, p, f, to, from..., where) || run_interleave<3>(q, p, f, to, from..., where) ||
            run_interleave<4>(q, p, f, to, from..., where))
          return;
      if constexpr ((has_tiles<std::remove_cvref_t<decltype(*from)>, U> && ...))
        if (run_transpose(q, p, f, to, from..., where)) return;
      if constexpr ((has_row_tiles<std::remove_cvref_t<decltype(*from)>, U> && ...))
        if (run_row_tiles(q, p, f, to, from..., where)) return;
    }
  }
  if constexpr (loop_backend<B>)
    run_tiled_loops(q, p, f, where, to, from...);
  else
    run_walk(q, p, f, where, to, from...);
}

/// Queues the work of transform(), and of convert() with a cast as `f`. Inputs are views or index_positions. An input is repeated along the
/// axes that it lacks.
template <runtime_backend B, class F, class U, class To, class... In>
void transform_operands(basic_stream_ref<B> q, source_location where, F const& f, tensor_view<U, To> const& to, In const&... from) {
  static_assert(!std::is_const_v<U>, "crosslane: the output of transform() must not have constant elements");
  static_assert(std::is_trivially_copyable_v<U>, "crosslane: the elements of a tensor must be trivially copyable");
  ((void)sizeof(contained_axes<typename In::layout_type::extents_type::axes, typename To::extents_type::axes>), ...);
  [[maybe_unused]] int input = 0;
  (check_input_extents(to, from, input++, where), ...);
  if (to.size() == 0) return;
  if constexpr (has_boxes(typename To::order{}, std::type_identity<To>{}, std::type_identity<typename In::layout_type>{}...)) {
    constexpr int operands = 1 + int(sizeof...(In));
    auto const run = [&]<int... J>(walk_box<operands> const& box, std::integer_sequence<int, J...>) {
      run_box(q, box.plan, f, where, to.data() + box.begin[0], input_data(from) + box.begin[1 + J]...);
    };
    auto const visit = [&](walk_box<operands> const& box) { run(box, std::make_integer_sequence<int, operands - 1>{}); };
    for_each_box(typename To::order{}, walk_box<operands>{}, visit, to.layout(), from.layout()...);
  } else if constexpr (loop_backend<B>) {
    run_loops<F>(
        q, std::uint64_t(to.size()), [=](std::uint64_t begin, std::uint64_t end) { write_places(begin, end, f, to, from...); }, where);
  } else {
    for_each_grid(q, std::uint64_t(to.size()), 1, where, [&](std::uint64_t begin, std::uint64_t n) {
      launch(q, {.grid = cover(n, elementwise_block, where), .where = where}, place_kernel{}, f, begin, n, to, from...);
    });
  }
}

template <tensor_like Out>
struct transform_to<Out> {
  template <runtime_backend B, class F, class... In>
  static void queue(basic_stream_ref<B> q, source_location where, F const& f, Out& output, In&... inputs) {
    static_assert((tensor_like<In> && ...),
                  "crosslane: the inputs of transform() must be tensors or views of tensors, as the output is one");
    if constexpr ((tensor_like<In> && ...)) queue_views(q, where, f, tensor_argument(output, where), tensor_argument(inputs, where)...);
  }

 private:
  template <runtime_backend B, class F, class O, class... In>
  static void queue_views(basic_stream_ref<B> q, source_location where, F const& f, O const& output, In const&... inputs) {
    (require_views_apart("transform", output, inputs, where), ...);
    transform_operands(q, where, f, output, inputs...);
  }
};

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail

}  // namespace crosslane
