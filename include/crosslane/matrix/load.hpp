// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads and stores of fragments in tensors of two axes, in shared or device memory. The layout of the tensor is part of its type, so that
/// row-major and column-major matrices need no flag.
#pragma once

#include <crosslane/backend/native/select.hpp>
#include <crosslane/kernel/vec.hpp>
#include <crosslane/matrix/fragment.hpp>
#include <crosslane/tensor/swizzled.hpp>
#include <crosslane/tensor/view.hpp>

#include <cstdint>

namespace crosslane {
namespace detail {

/// The axis along which a layout has adjacent elements, and how many of them: `unit`, from a multiple of it on.
template <class L>
struct adjacent_elements {
  using axis = no_axis;
  static constexpr unsigned unit = 1;
};
template <strided_layout L>
struct adjacent_elements<L> {
  using axis = typename L::contiguous_axis;
  static constexpr unsigned unit = 16;
};
template <class E, class Order, unsigned ElementBytes, unsigned UnitBytes>
struct adjacent_elements<swizzled<E, Order, ElementBytes, UnitBytes>> {
  using axis = axis_at<1, Order>;
  static constexpr unsigned unit = UnitBytes / ElementBytes;
};

template <class L, int Axis>
using matrix_index = tensor_index<axis_at<Axis, typename L::extents_type::axes>, typename L::extents_type::index_type>;

/// Accesses of a fragment F to a matrix of elements T. `row` and `col` are the position of the fragment in the matrix.
template <class F, class T, class L>
class fragment_access {
  using E = typename L::extents_type;
  using layout = typename F::layout_type;
  static_assert(E::rank == 2, "crosslane: a fragment is loaded from and stored to a tensor of two axes, rows and columns");
  static_assert(
      std::is_same_v<typename F::value_type, std::remove_const_t<T>> ||
          (std::is_same_v<typename F::value_type, tf32> && std::is_same_v<std::remove_const_t<T>, float>),
      "crosslane: the tensor must have elements of the fragment's type, or of float for tf32; fragment_cast<T>() converts fragments");

  template <int Axis>
  static constexpr bool is_adjacent = std::is_same_v<typename adjacent_elements<L>::axis, axis_at<Axis, typename E::axes>>;
  static constexpr int along = layout::map.along_columns ? 1 : 0;

 public:
  using value_type = std::remove_const_t<T>;
  using index_type = typename E::index_type;
  using multi_index = typename E::multi_index;

  /// The largest number of elements that each access can move: a power of two.
  static constexpr unsigned width = [] {
    unsigned result = 1;
    while (is_adjacent<along> && layout::map.neighbours % (2 * result) == 0 && 2 * result * sizeof(T) <= 16 &&
           adjacent_elements<L>::unit % (2 * result) == 0)
      result *= 2;
    return result;
  }();
  using vector = vec<value_type, width>;

  /// Whether lines of 16 bytes are in one piece along the axis *along*, or across it.
  static constexpr bool has_lines = is_adjacent<along> && adjacent_elements<L>::unit * sizeof(T) >= 16;
  static constexpr bool has_lines_across = is_adjacent<1 - along> && adjacent_elements<L>::unit * sizeof(T) >= 16;

  CROSSLANE_FN fragment_access(tensor_view<T, L> const& matrix, index_type row, index_type col) : matrix_{matrix}, row_{row}, col_{col} {}

  CROSSLANE_FN T* address(matrix_position at) const {
    return matrix_.data() +
           matrix_.layout().offset(multi_index{{index_type(row_ + index_type(at.row)), index_type(col_ + index_type(at.col))}});
  }
  CROSSLANE_FN bool contains(matrix_position at) const {
    return index_type(row_ + index_type(at.row)) < rows() && index_type(col_ + index_type(at.col)) < cols();
  }
  CROSSLANE_FN bool contains_all() const {
    return rows() >= index_type(F::rows) && row_ <= index_type(rows() - index_type(F::rows)) && cols() >= index_type(F::cols) &&
           col_ <= index_type(cols() - index_type(F::cols));
  }

  /// Whether adjacent elements of the fragment are at multiples of `bytes`, a power of two. The same in the whole wave.
  CROSSLANE_FN bool is_aligned(unsigned bytes) const {
    if constexpr (strided_layout<L>) {
      constexpr int other = is_adjacent<0> ? 1 : 0;
      auto const stride = std::uintptr_t(matrix_.layout().template stride<axis_at<other, typename E::axes>>()) * sizeof(T);
      return ((reinterpret_cast<std::uintptr_t>(address({0, 0})) | stride) & (bytes - 1)) == 0;
    } else {
      auto const first = std::uintptr_t(is_adjacent<0> ? row_ : col_) * sizeof(T);
      return ((reinterpret_cast<std::uintptr_t>(matrix_.data()) | first) & (bytes - 1)) == 0;
    }
  }

  /// Throws out_of_bounds on the host, if bounds are checked and the fragment is not wholly inside the matrix.
  CROSSLANE_FN void expect_inside([[maybe_unused]] char const* what, [[maybe_unused]] source_location where) const {
#if CROSSLANE_CONFIG_BOUNDS_CHECKS && !CROSSLANE_DEVICE_PASS()
    if (row_ < 0 || col_ < 0 || !contains_all()) {
      error_text extents;
      matrix_.extents().describe(extents);
      throw_error(errc::out_of_bounds, where,
                  "%s of a fragment of %u x %u elements from row %lld and column %lld on is outside a tensor of %s, at %s:%u", what,
                  F::rows, F::cols, static_cast<long long>(row_), static_cast<long long>(col_), extents.c_str(), where.file, where.line);
    }
#endif
  }

 private:
  CROSSLANE_FN index_type rows() const { return matrix_.template extent<axis_at<0, typename E::axes>>(); }
  CROSSLANE_FN index_type cols() const { return matrix_.template extent<axis_at<1, typename E::axes>>(); }

  tensor_view<T, L> const& matrix_;
  index_type row_, col_;
};

template <class Backend, class F, class Access>
CROSSLANE_FN void load_inside(unsigned lane, F& to, Access const& from) {
  using value = typename Access::value_type;
  if constexpr (Backend::template has_load<typename F::layout_type, value> && (Access::has_lines || Access::has_lines_across)) {
    if (Backend::is_shared(from.address({0, 0})) && from.is_aligned(16)) {
      Backend::template load<typename F::layout_type, Access::has_lines_across>(lane, to.data,
                                                                                [&](matrix_position at) { return from.address(at); });
      return;
    }
  }
  if constexpr (Access::width > 1) {
    using vector = typename Access::vector;
    if (from.is_aligned(alignof(vector))) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < F::size; i += Access::width) {
        auto const some =
            backend::native_access::load<access::plain>(reinterpret_cast<vector const*>(from.address(F::layout_type::position(lane, i))));
        CROSSLANE_UNROLL
        for (unsigned j = 0; j < Access::width; ++j) to.data[i + j] = static_cast<typename F::value_type>(some[j]);
      }
      return;
    }
  }
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < F::size; ++i) to.data[i] = static_cast<typename F::value_type>(*from.address(F::layout_type::position(lane, i)));
}

template <class F, class Access>
CROSSLANE_FN void store_inside(unsigned lane, F const& from, Access const& to) {
  using value = typename Access::value_type;
  if constexpr (Access::width > 1) {
    using vector = typename Access::vector;
    if (to.is_aligned(alignof(vector))) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < F::size; i += Access::width) {
        vector some{};
        CROSSLANE_UNROLL
        for (unsigned j = 0; j < Access::width; ++j) some[j] = static_cast<value>(from.data[i + j]);
        backend::native_access::store<access::plain>(reinterpret_cast<vector*>(to.address(F::layout_type::position(lane, i))), some);
      }
      return;
    }
  }
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < F::size; ++i) *to.address(F::layout_type::position(lane, i)) = static_cast<value>(from.data[i]);
}

template <class F, class Ctx>
CROSSLANE_FN void begin_fragment_access(Ctx const& ctx, source_location where) {
  static_assert(sizeof(kernel_runs_target<typename F::target, matrix_backend<Ctx>>) > 0);
  matrix_backend<Ctx>::meet(ctx.native(), where);
}

}  // namespace detail

/// Returns a fragment from a matrix, from position (row, col) of it on. All lanes of the wave must call it, at the same place and with the
/// same arguments, and the wave must be full. Precondition: the fragment is wholly inside the matrix; otherwise the host throws
/// out_of_bounds, if bounds are checked. Accesses to memory are ordered as for plain loads: write shared memory before a barrier.
///
///   auto const a = xl::load_fragment<xl::fragment<xl::matrix_use::a, shape, target>>(ctx, tile, 0, k);
///
/// The first axis of the tensor counts rows, the second one columns, whatever the order in memory. Elements are of the fragment's type, or
/// float for tf32. If adjacent elements of a lane are adjacent in memory and aligned, they are loaded together, up to 16 bytes. NVIDIA GPUs
/// load elements of 2 bytes from shared memory by ldmatrix, if lines of 8 are aligned to 16 bytes.
template <matrix_fragment F, kernel_context Ctx, class T, tensor_layout L>
CROSSLANE_FN F load_fragment(Ctx const& ctx, tensor_view<T, L> const& from, detail::matrix_index<L, 0> row, detail::matrix_index<L, 1> col,
                             source_location where = source_location::current()) {
  detail::begin_fragment_access<F>(ctx, where);
  detail::fragment_access<F, T, L> const access{from, row, col};
  access.expect_inside("load", where);
  F result{};
  detail::load_inside<detail::matrix_backend<Ctx>>(ctx.lane_rank(), result, access);
  return result;
}

/// Returns a fragment like load_fragment(), but elements outside the matrix are zero. The position must not be negative; it may lie
/// outside.
template <matrix_fragment F, kernel_context Ctx, class T, tensor_layout L>
CROSSLANE_FN F load_partial_fragment(Ctx const& ctx, tensor_view<T, L> const& from, detail::matrix_index<L, 0> row,
                                     detail::matrix_index<L, 1> col, source_location where = source_location::current()) {
  detail::begin_fragment_access<F>(ctx, where);
  detail::fragment_access<F, T, L> const access{from, row, col};
  F result{};
  unsigned const lane = ctx.lane_rank();
  if (access.contains_all()) {
    detail::load_inside<detail::matrix_backend<Ctx>>(lane, result, access);
  } else {
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < F::size; ++i) {
      auto const at = F::layout_type::position(lane, i);
      if (access.contains(at)) result.data[i] = static_cast<typename F::value_type>(*access.address(at));
    }
  }
  return result;
}

/// Stores a fragment to a matrix, from position (row, col) of it on, with the preconditions of load_fragment(). All lanes of the wave must
/// call it. An element that several lanes have is stored by one of them.
///
///   xl::store_fragment(ctx, out, 0, 0, sum);
template <kernel_context Ctx, class T, tensor_layout L, matrix_fragment F>
CROSSLANE_FN void store_fragment(Ctx const& ctx, tensor_view<T, L> const& to, detail::matrix_index<L, 0> row,
                                 detail::matrix_index<L, 1> col, F const& from, source_location where = source_location::current()) {
  static_assert(!std::is_const_v<T>, "crosslane: store_fragment() needs a tensor whose elements are not constant");
  detail::begin_fragment_access<F>(ctx, where);
  detail::fragment_access<F, T, L> const access{to, row, col};
  access.expect_inside("store", where);
  unsigned const lane = ctx.lane_rank();
  if (F::layout_type::is_first_copy(lane)) detail::store_inside(lane, from, access);
}

/// Stores a fragment like store_fragment(), but not the elements outside the matrix.
template <kernel_context Ctx, class T, tensor_layout L, matrix_fragment F>
CROSSLANE_FN void store_partial_fragment(Ctx const& ctx, tensor_view<T, L> const& to, detail::matrix_index<L, 0> row,
                                         detail::matrix_index<L, 1> col, F const& from,
                                         source_location where = source_location::current()) {
  static_assert(!std::is_const_v<T>, "crosslane: store_partial_fragment() needs a tensor whose elements are not constant");
  detail::begin_fragment_access<F>(ctx, where);
  detail::fragment_access<F, T, L> const access{to, row, col};
  unsigned const lane = ctx.lane_rank();
  if (!F::layout_type::is_first_copy(lane)) return;
  if (access.contains_all()) return detail::store_inside(lane, from, access);
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < F::size; ++i)
    if (auto const at = F::layout_type::position(lane, i); access.contains(at)) *access.address(at) = static_cast<T>(from.data[i]);
}

}  // namespace crosslane
