// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Visits the elements of several tensors together, each in its own layout. transform() and convert() are built on this. Operand 0 is the
/// output. The others are inputs.
#pragma once

#include <crosslane/algorithm/elementwise.hpp>
#include <crosslane/tensor/blocked.hpp>
#include <crosslane/tensor/packed.hpp>
#include <crosslane/tensor/view.hpp>

namespace crosslane::detail {

/// An axis of a walk_plan. Each operand has a stride, in elements. The stride is 0 if an input is repeated along the axis.
template <int Operands>
struct walk_axis {
  std::int64_t extent;
  std::int64_t stride[std::size_t(Operands)];
};
/// The axes of a walk, at most 8. The last axis is the fastest.
template <int Operands>
struct walk_plan {
  int rank = 0;
  walk_axis<Operands> axis[8] = {};

  /// Returns the number of elements.
  std::int64_t size() const {
    std::int64_t result = 1;
    for (int i = 0; i < rank; ++i) result *= axis[i].extent;
    return result;
  }
};

/// Returns the quotient a / b and sets `a` to the remainder. Divides in 32 bits if both numbers fit.
CROSSLANE_FN inline std::uint64_t divide(std::uint64_t& a, std::uint64_t b) {
  std::uint64_t const q = ((a | b) >> 32) == 0 ? std::uint32_t(a) / std::uint32_t(b) : a / b;
  a -= q * b;
  return q;
}

CROSSLANE_FN inline std::uint32_t divide(std::uint32_t& a, std::uint32_t b) {
  std::uint32_t const q = a / b;
  a -= q * b;
  return q;
}

template <int Operands>
struct walk_offsets {
  std::int64_t at[std::size_t(Operands)];
};

/// Returns the offset of position k of a plan in each operand, in elements. A 32-bit Index is faster.
template <int Operands, class Index>
CROSSLANE_FN walk_offsets<Operands> offsets_of(walk_plan<Operands> const& p, Index k) {
  walk_offsets<Operands> result{};
  CROSSLANE_UNROLL
  for (int i = 7; i >= 0; --i) {
    if (i >= p.rank) continue;
    Index index = k;
    if (i > 0) k = divide(index, Index(p.axis[i].extent));
    CROSSLANE_UNROLL
    for (int j = 0; j < Operands; ++j) result.at[j] += std::int64_t(index) * p.axis[i].stride[j];
  }
  return result;
}

/// Returns the offset from index 0 of an axis to index i, in elements. Returns 0 if the layout lacks the axis.
template <class A, class L>
std::int64_t offset_along(L const& layout, [[maybe_unused]] std::int64_t i) {
  using extents_type = typename L::extents_type;
  if constexpr (!extents_type::axes::template contains<A>) {
    return 0;
  } else if constexpr (strided_layout<L>) {
    return i * layout.template stride<A>();
  } else {
    typename extents_type::multi_index at{};
    at[position_of<extents_type, A>] = typename extents_type::index_type(i);
    return layout.offset(at);
  }
}

template <class A, class First, class... Rest>
walk_axis<1 + int(sizeof...(Rest))> walk_axis_of(First const& first, Rest const&... rest) {
  return {std::int64_t{first.extents().template extent<A>()}, {offset_along<A>(first, 1), offset_along<A>(rest, 1)...}};
}

/// Appends an axis to the plan. Merges it with the last axis if, in every operand, a step along the last axis equals `extent` steps along
/// the new one. Skips an axis of extent 1.
template <int Operands>
void append(walk_plan<Operands>& p, walk_axis<Operands> const& next) {
  if (next.extent == 1) return;
  bool follows = p.rank > 0;
  for (int j = 0; j < Operands && follows; ++j) follows = p.axis[p.rank - 1].stride[j] == next.extent * next.stride[j];
  std::int64_t const outer = follows ? p.axis[--p.rank].extent : 1;
  p.axis[p.rank] = next;
  p.axis[p.rank++].extent *= outer;
}

/// Returns the plan of the given axes in the given order. The extents are those of the first layout. append() skips and merges axes.
template <class... A, class First, class... Rest>
walk_plan<1 + int(sizeof...(Rest))> make_walk(axes<A...>, First const& first, Rest const&... rest) {
  walk_plan<1 + int(sizeof...(Rest))> p;
  (append(p, walk_axis_of<A>(first, rest...)), ...);
  return p;
}

/// A layout that has a constant stride along each axis, or a blocked layout, which has constant strides within blocks and from block to
/// block.
template <class L>
concept walkable_layout = strided_layout<L> || is_blocked<L>;

/// The distinct extents of the operands' blocks along an axis, in ascending order, starting with 1. An index range splits into whole blocks
/// of the largest extent, then whole blocks of the next, and so on.
template <int Most>
struct block_extents {
  std::int64_t value[std::size_t(Most)] = {};
  int count = 0;
  bool nested = true;  ///< each divides the next
};
template <class A, class... L>
constexpr auto block_extents_along() {
  block_extents<1 + (number_of_blocks<L> + ... + 0)> result;
  auto const insert = [&](std::int64_t n) {
    int at = 0;
    while (at < result.count && result.value[at] < n) ++at;
    if (at < result.count && result.value[at] == n) return;
    for (int i = result.count++; i > at; --i) result.value[i] = result.value[i - 1];
    result.value[at] = n;
  };
  insert(1);
  (
      [&] {
        if constexpr (is_blocked<L>)
          for (int i = -1; i + 1 < number_of_blocks<L>; ++i) insert(L::template block_extent_after<A>(i));
      }(),
      ...);
  for (int i = 1; i < result.count; ++i) result.nested = result.nested && result.value[i] % result.value[i - 1] == 0;
  return result;
}

/// Returns whether for_each_box() supports the layouts: their blocks nest, and their axes split into at most 8 parts.
template <class... A, class... L>
constexpr bool has_boxes(axes<A...>, std::type_identity<L>...) {
  return (walkable_layout<L> && ... && true) && (block_extents_along<A, L...>().nested && ...) &&
         (block_extents_along<A, L...>().count + ... + 0) <= 8;
}

/// A range of indices in which every operand has a constant stride along each axis of the plan. `begin` is the offset of the first element
/// in each operand.
template <int Operands>
struct walk_box {
  std::int64_t begin[std::size_t(Operands)] = {};
  walk_plan<Operands> plan;
};

/// Returns the box with its axes in the order of the output's memory. Merges axes as append() does.
template <int Operands>
walk_box<Operands> in_order_of_output(walk_box<Operands> const& box) {
  walk_plan<Operands> sorted = box.plan;
  for (int i = 1; i < sorted.rank; ++i)
    for (int j = i; j > 0 && sorted.axis[j - 1].stride[0] < sorted.axis[j].stride[0]; --j) {
      walk_axis<Operands> const lower = sorted.axis[j - 1];
      sorted.axis[j - 1] = sorted.axis[j];
      sorted.axis[j] = lower;
    }
  walk_box<Operands> result = box;
  result.plan = {};
  for (int i = 0; i < sorted.rank; ++i) append(result.plan, sorted.axis[i]);
  return result;
}

template <int Operands, class Visit, class... L>
void for_each_box(axes<>, walk_box<Operands> const& box, Visit const& visit, L const&...) {
  visit(in_order_of_output(box));
}
/// Calls visit(box) for boxes that together cover all indices. There is one box if each extent is a multiple of the axis's largest block.
/// Otherwise the indices that are left along an axis form further boxes, of smaller blocks. `box` holds the result of the axes before A.
/// The first layout is the output's and has all axes.
template <class A, class... Rest, int Operands, class Visit, class To, class... From>
void for_each_box(axes<A, Rest...>, walk_box<Operands> const& box, Visit const& visit, To const& to, From const&... from) {
  constexpr auto blocks = block_extents_along<A, To, From...>();
  std::int64_t const extent = to.extents().template extent<A>();
  std::int64_t begin = 0;
  for (int largest = blocks.count - 1; largest >= 0; --largest) {
    std::int64_t const whole = (extent - begin) / blocks.value[largest];
    if (whole == 0) continue;
    walk_box<Operands> next = box;
    std::int64_t const to_begin[] = {offset_along<A>(to, begin), offset_along<A>(from, begin)...};
    for (int j = 0; j < Operands; ++j) next.begin[j] += to_begin[j];
    for (int i = largest; i >= 0; --i) {
      std::int64_t const n = i == largest ? whole : blocks.value[i + 1] / blocks.value[i];
      if (n > 1) next.plan.axis[next.plan.rank++] = {n, {offset_along<A>(to, blocks.value[i]), offset_along<A>(from, blocks.value[i])...}};
    }
    begin += whole * blocks.value[largest];
    for_each_box(axes<Rest...>{}, next, visit, to, from...);
  }
}

/// Returns whether the operand's strides along all axes except `save` and `and_save` are multiples of v.
template <int Operands>
bool whole_steps(walk_plan<Operands> const& p, unsigned v, int operand, int save = -1, int and_save = -1) {
  for (int i = 0; i < p.rank; ++i)
    if (i != save && i != and_save && p.axis[i].stride[operand] % std::int64_t{v} != 0) return false;
  return true;
}

/// Returns whether vectors of V elements along axis `along` are contiguous and aligned in the operand, for every index of the other axes.
template <unsigned V, class T, int Operands>
bool whole_vectors(walk_plan<Operands> const& p, int along, int operand, T const* data) {
  return p.axis[along].stride[operand] == 1 && p.axis[along].extent % V == 0 && aligned_for<V>(data) && whole_steps(p, V, operand, along);
}

/// Changes the unit of an axis from elements to vectors of v elements.
template <int Operands>
void count_in_vectors(walk_axis<Operands>& axis, std::int64_t v) {
  axis.extent /= v;
  for (std::int64_t& stride : axis.stride) stride *= v;
}

/// Returns the plan without the axes `save` and `and_save`.
template <int Operands>
walk_plan<Operands> without(walk_plan<Operands> const& p, int save, int and_save) {
  walk_plan<Operands> result;
  for (int i = 0; i < p.rank; ++i)
    if (i != save && i != and_save) result.axis[result.rank++] = p.axis[i];
  return result;
}

/// Takes the place of an input's pointer. Element i is the number first + i.
struct rising_positions {
  std::uint64_t first = 0;
  CROSSLANE_FN rising_positions operator+(std::int64_t i) const { return {first + std::uint64_t(i)}; }
};

/// An input whose element at each index is the position of that index. Positions count the indices in the order of declaration, the last
/// axis fastest.
template <class E>
struct index_positions;
template <class Index, class... D>
struct index_positions<extents<Index, D...>> {
  using wide = crosslane::extents<std::int64_t, D...>;
  using layout_type = packed<wide, typename wide::axes>;

  explicit index_positions(crosslane::extents<Index, D...> const& e) : layout_{wide{e.template extent<typename dimension<D>::axis>()...}} {}
  CROSSLANE_FN rising_positions data() const { return {}; }
  CROSSLANE_FN layout_type const& layout() const { return layout_; }
  wide const& extents() const { return layout_.extents(); }

 private:
  layout_type layout_;
};
template <class Index, class... D>
index_positions(extents<Index, D...> const&) -> index_positions<extents<Index, D...>>;

template <class T>
CROSSLANE_FN T const& read_at(T const* data, std::int64_t at) {
  return data[at];
}
CROSSLANE_FN inline std::uint64_t read_at(rising_positions numbers, std::int64_t at) { return numbers.first + std::uint64_t(at); }
/// Returns N neighbours, or one element N times if the step from vector to vector is 0.
template <unsigned N, class T>
CROSSLANE_FN vec<T, N> read_vector_at(T const* data, std::int64_t at, std::int64_t step) {
  return step == 0 ? vec<T, N>::filled(data[at]) : *reinterpret_cast<vec<T, N> const*>(data + at);
}
template <unsigned N>
CROSSLANE_FN vec<std::uint64_t, N> read_vector_at(rising_positions numbers, std::int64_t at, std::int64_t step) {
  vec<std::uint64_t, N> result;
  for (unsigned j = 0; j < N; ++j) result[j] = read_at(numbers, at + step / std::int64_t{N} * j);
  return result;
}

template <class U>
struct cast_to {
  template <class T>
  CROSSLANE_FN U operator()(T const& x) const {
    return element_cast<U>(x);
  }
};

/// Returns f of each element, converted to U. Conversions run in pairs, for which some targets have instructions. The loops are always
/// unrolled, so that no element is indexed at run time.
template <class U, unsigned N, class F, class... T>
CROSSLANE_FN vec<U, N> apply_to_vector(F const& f, vec<T, N> const&... x) {
  static_assert(check_function<F, T const&...>::ok);
  vec<U, N> y;
  if constexpr (std::is_same_v<F, cast_to<U>> && N > 1) {
    CROSSLANE_UNROLL
    for (unsigned j = 0; j < N; j += 2) {
      vec<U, 2> const two = vec_cast<U>(vec<T, 2>{x[j], x[j + 1]}...);
      y[j] = two[0];
      y[j + 1] = two[1];
    }
  } else {
    CROSSLANE_UNROLL
    for (unsigned j = 0; j < N; ++j) y[j] = element_cast<U>(f(x[j]...));
  }
  return y;
}

/// Each thread writes N neighbours along the last axis. Its position in the plan is `begin` plus its rank in the grid.
template <unsigned N>
struct walk_kernel {
  static constexpr auto block = block_size<elementwise_block>;

  template <kernel_context Ctx, class F, int Operands, class U, class... In>
  CROSSLANE_FN void operator()(Ctx const& ctx, F f, walk_plan<Operands> p, std::uint32_t begin, std::uint32_t n, U* to, In... from) const {
    std::uint64_t const rank = ctx.global_rank();
    if (rank >= n) return;
    std::uint32_t k = begin + std::uint32_t(rank);
    std::int64_t at[std::size_t(Operands)] = {}, step[std::size_t(Operands)] = {};
    CROSSLANE_UNROLL
    for (int i = 7; i >= 0; --i) {  // with constant indices the plan stays in the kernel's arguments
      if (i >= p.rank) continue;
      std::uint32_t const extent = std::uint32_t(p.axis[i].extent), rest = i == 0 ? 0 : k / extent;
      std::int64_t const index = k - rest * extent;
      k = rest;
      CROSSLANE_UNROLL
      for (int j = 0; j < Operands; ++j) {
        at[j] += index * p.axis[i].stride[j];
        if (i == p.rank - 1) step[j] = p.axis[i].stride[j];
      }
    }
    write(f, at, step, to, std::make_integer_sequence<int, Operands - 1>{}, from...);
  }

 private:
  template <class F, std::size_t Operands, class U, int... J, class... In>
  CROSSLANE_FN static void write(F const& f, std::int64_t const (&at)[Operands], [[maybe_unused]] std::int64_t const (&step)[Operands],
                                 U* to, std::integer_sequence<int, J...>, In... from) {
    static_assert(check_function<F, decltype(read_at(from, 0))...>::ok);
    if constexpr (N == 1)
      to[at[0]] = element_cast<U>(f(read_at(from, at[1 + J])...));
    else
      *reinterpret_cast<vec<U, N>*>(to + at[0]) = apply_to_vector<U, N>(f, read_vector_at<N>(from, at[1 + J], step[1 + J])...);
  }
};

/// Handles layouts without strides. Each layout maps every index.
struct place_kernel {
  static constexpr auto block = block_size<elementwise_block>;

  template <kernel_context Ctx, class F, class To, class... From>
  CROSSLANE_FN void operator()(Ctx const& ctx, F const f, std::uint64_t begin, std::uint64_t n, To to, From... from) const {
    static_assert(check_function<F, decltype(read_at(from.data(), 0))...>::ok);
    std::uint64_t const rank = ctx.global_rank();
    if (rank >= n) return;
    auto const i = to.memory_order(begin + rank);
    to[i] = element_cast<typename To::value_type>(f(read_at(from.data(), offset_of<typename To::extents_type>(from.layout(), i))...));
  }

 private:
  template <class E, class L>
  CROSSLANE_FN static std::int64_t offset_of(L const& layout, typename E::multi_index const& i) {
    using own = typename L::extents_type;
    return std::int64_t{layout.offset(index_by_names<own, E>(i, typename own::axes{}))};
  }
};

inline namespace CROSSLANE_CONFIGURATION {

/// Calls `queue(begin, count)` for the ranges of 0 ... blocks-1 that one grid covers. A block has at most elementwise_block threads.
template <runtime_backend B, class Queue>
void for_each_grid_of_blocks(basic_stream_ref<B> q, std::uint64_t blocks, source_location where, Queue const& queue) {
  std::uint64_t const most = most_blocks(q, where);
  for (std::uint64_t begin = 0; begin < blocks; begin += most) queue(begin, unsigned(blocks - begin < most ? blocks - begin : most));
}

template <unsigned V, int Operands, class T>
bool readable_by_vectors(walk_plan<Operands> const& p, int operand, T const* data) {
  return p.axis[p.rank - 1].stride[operand] == 0 || whole_vectors<V>(p, p.rank - 1, operand, data);
}
template <unsigned V, int Operands>
bool readable_by_vectors(walk_plan<Operands> const&, int, rising_positions) {
  return true;
}

/// Queues a walk in the order of the output's memory. Moves vectors if they are whole in all operands. Kernels count positions in 32 bits.
/// A plan of more than INT32_MAX positions is split along its slowest axis into several walks.
template <runtime_backend B, int Operands, class F, class U, class... In>
void run_walk(basic_stream_ref<B> q, walk_plan<Operands> p, F const& f, source_location where, U* to, In... from) {
  constexpr std::int64_t most = INT32_MAX;
  if (p.size() > most) {
    walk_axis<Operands> const slowest = p.axis[0];
    std::int64_t const inner = p.size() / slowest.extent, step = inner < most ? most / inner : 1;
    for (std::int64_t first = 0; first < slowest.extent; first += step) {
      walk_plan<Operands> part = p;
      part.axis[0].extent = slowest.extent - first < step ? slowest.extent - first : step;
      auto const run_part = [&]<std::size_t... J>(std::index_sequence<J...>) {
        run_walk(q, part.axis[0].extent == 1 ? without(part, 0, 0) : part, f, where, to + first * slowest.stride[0],
                 (from + first * slowest.stride[1 + J])...);
      };
      run_part(std::index_sequence_for<In...>{});
    }
    return;
  }
  constexpr unsigned V =
      elements_per_access<U, std::conditional_t<std::is_same_v<In, rising_positions>, U, decltype(read_at(from, 0))>...>();
  [[maybe_unused]] int operand = 0;
  bool const vectors = V > 1 && p.rank > 0 && whole_vectors<V>(p, p.rank - 1, 0, to) && (readable_by_vectors<V>(p, ++operand, from) && ...);
  if (vectors) count_in_vectors(p.axis[p.rank - 1], V);
  for_each_grid(q, std::uint64_t(p.size()), 1, where, [&](std::uint64_t begin, std::uint64_t n) {
    auto const run = [&](auto kernel) {
      launch(q, {.grid = cover(n, elementwise_block, where), .where = where}, kernel, f, p, std::uint32_t(begin), std::uint32_t(n), to,
             from...);
    };
    if constexpr (V > 1)
      if (vectors) return run(walk_kernel<V>{});
    run(walk_kernel<1>{});
  });
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane::detail
