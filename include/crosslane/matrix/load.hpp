// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads and stores of fragments in tensors of two axes, in shared or device memory. The layout of the tensor is part of its type, so that
/// row-major and column-major matrices need no flag.
#pragma once

#include <crosslane/backend/native/select.hpp>
#include <crosslane/kernel/vec.hpp>
#include <crosslane/matrix/fragment.hpp>
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
template <layout_in_units L>
struct adjacent_elements<L> {
  using axis = typename L::unit_axis;
  static constexpr unsigned unit = L::unit;
};

template <class L, int Axis>
using matrix_index = tensor_index<axis_at<Axis, typename L::extents_type::axes>, typename L::extents_type::index_type>;

inline namespace CROSSLANE_CONFIGURATION {

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
  /// The axis of the matrix along which elements are adjacent in memory, or -1.
  static constexpr int contiguous = is_adjacent<0> ? 0 : is_adjacent<1> ? 1 : -1;
  static constexpr int along = layout::map.along_columns ? 1 : 0;

 public:
  using value_type = std::remove_const_t<T>;
  using index_type = typename E::index_type;
  using multi_index = typename E::multi_index;

  /// The bytes of a line of the fragment that are adjacent in memory, at most 16.
  static constexpr unsigned line_bytes = [] {
    unsigned const bytes = unsigned(sizeof(T)) * (contiguous == 0 ? F::rows : contiguous == 1 ? F::cols : 1);
    return bytes < 16 ? bytes : 16u;
  }();
  /// Whether the type of the layout tells that lines are aligned to line_bytes if the first one is. Accesses are wide then, without a test.
  static constexpr bool has_aligned_lines = [] {
    if constexpr (contiguous < 0)
      return false;
    else if constexpr (strided_layout<L>) {
      constexpr std::int64_t stride = L::template fixed_stride<axis_at<1 - contiguous, typename E::axes>>();
      return stride != dynamic && stride * std::int64_t{sizeof(T)} % line_bytes == 0;
    } else
      return adjacent_elements<L>::unit * sizeof(T) % line_bytes == 0;
  }();
  /// Whether lines are across the axis *along*.
  static constexpr bool lines_across = contiguous != along;

  /// The largest number of adjacent elements of a lane that one access can move: a power of two.
  static constexpr unsigned width = [] {
    unsigned result = 1;
    while (contiguous == along && layout::map.neighbours % (2 * result) == 0 && 2 * result * sizeof(T) <= 16 &&
           adjacent_elements<L>::unit % (2 * result) == 0)
      result *= 2;
    return result;
  }();
  using vector = vec<value_type, width>;

  CROSSLANE_FN fragment_access(tensor_view<T, L> const& matrix, index_type row, index_type col) : matrix_{matrix}, row_{row}, col_{col} {}

  CROSSLANE_FN T* address(matrix_position at) const {
    return matrix_.data() +
           matrix_.layout().offset(multi_index{{index_type(row_ + index_type(at.row)), index_type(col_ + index_type(at.col))}});
  }
  /// Whether a position of the fragment is inside the matrix. Right for all positions of the fragment that are not negative: no sum
  /// overflows.
  CROSSLANE_FN bool contains(matrix_position at) const {
    return row_ < rows() && at.row < unsigned_index(rows() - row_) && col_ < cols() && at.col < unsigned_index(cols() - col_);
  }
  CROSSLANE_FN bool contains_all() const {
    return rows() >= index_type(F::rows) && row_ <= index_type(rows() - index_type(F::rows)) && cols() >= index_type(F::cols) &&
           col_ <= index_type(cols() - index_type(F::cols));
  }

  /// Whether the lines of the fragment are aligned to `bytes`, a power of two. The same in the whole wave.
  CROSSLANE_FN bool is_aligned(unsigned bytes) const {
    auto address_bits = reinterpret_cast<std::uintptr_t>(matrix_.data());
    if constexpr (strided_layout<L>) {
      address_bits = reinterpret_cast<std::uintptr_t>(address({0, 0}));
      if constexpr (!has_aligned_lines)
        address_bits |= std::uintptr_t(matrix_.layout().template stride<axis_at<contiguous == 0, typename E::axes>>()) * sizeof(T);
    } else {
      address_bits |= std::uintptr_t(contiguous == 0 ? row_ : col_) * sizeof(T);
    }
    return (address_bits & (bytes - 1)) == 0;
  }

  /// Tells the checker that the next operation of the wave must have the same matrix and position in all lanes.
  template <class Native>
  CROSSLANE_FN void expect_same(Native const& n) const {
    n.expect_in_group("matrix", static_cast<void const*>(matrix_.data()));
    n.expect_in_group("row", row_);
    n.expect_in_group("column", col_);
  }

  /// Throws out_of_bounds on the host, if bounds or accesses are checked and the position of the fragment is negative.
  CROSSLANE_FN void expect_not_negative([[maybe_unused]] char const* what, [[maybe_unused]] source_location where) const {
#if (CROSSLANE_CONFIG_BOUNDS_CHECKS || CROSSLANE_CONFIG_ACCESS_CHECKS) && !CROSSLANE_DEVICE_PASS()
    auto const row = static_cast<long long>(row_), col = static_cast<long long>(col_);
    if (row < 0 || col < 0)
      throw_error(errc::out_of_bounds, where,
                  "%s of a part of a fragment of %u x %u elements from row %lld and column %lld on: neither may be negative, at %s:%u",
                  what, F::rows, F::cols, row, col, where.file, where.line);
#endif
  }

  /// Throws out_of_bounds or misaligned on the host, if bounds or accesses are checked and the fragment is not wholly inside the matrix, or
  /// its lines are not aligned although those of the layout are.
  CROSSLANE_FN void expect_inside([[maybe_unused]] char const* what, [[maybe_unused]] source_location where) const {
#if (CROSSLANE_CONFIG_BOUNDS_CHECKS || CROSSLANE_CONFIG_ACCESS_CHECKS) && !CROSSLANE_DEVICE_PASS()
    auto const row = static_cast<long long>(row_), col = static_cast<long long>(col_);
    if (row < 0 || col < 0 || !contains_all()) {
      error_text extents;
      matrix_.extents().describe(extents);
      throw_error(errc::out_of_bounds, where,
                  "%s of a fragment of %u x %u elements from row %lld and column %lld on is outside a tensor of %s, at %s:%u", what,
                  F::rows, F::cols, row, col, extents.c_str(), where.file, where.line);
    }
    if (has_aligned_lines && !is_aligned(line_bytes))
      throw_error(
          errc::misaligned, where,
          "%s of a fragment of %u x %u elements from row %lld and column %lld on: the address %p must be a multiple of %u, because the "
          "layout has lines of such pieces; %s_partial_fragment() takes any position, at %s:%u",
          what, F::rows, F::cols, row, col, static_cast<void const*>(address({0, 0})), line_bytes, what, where.file, where.line);
#endif
  }

 private:
  using unsigned_index = std::make_unsigned_t<index_type>;
  CROSSLANE_FN index_type rows() const { return matrix_.template extent<axis_at<0, typename E::axes>>(); }
  CROSSLANE_FN index_type cols() const { return matrix_.template extent<axis_at<1, typename E::axes>>(); }

  tensor_view<T, L> const& matrix_;
  index_type row_, col_;
};

}  // namespace CROSSLANE_CONFIGURATION

/// Moves a fragment that is wholly inside the matrix. `aligned` is whether its lines are aligned to line_bytes. `Shared` is whether the
/// memory is known to be shared; otherwise it is tested at run time.
template <class Backend, bool Shared = false, class F, class Access>
CROSSLANE_FN void load_inside(unsigned lane, F& to, Access const& from, bool aligned) {
  using value = typename Access::value_type;
  using layout = typename F::layout_type;
  constexpr bool has_instruction =
      Backend::template has_load<layout, value, Access::lines_across> && (Shared || Access::has_aligned_lines) && Access::line_bytes == 16;
  if constexpr (has_instruction) {
    if (Shared || (aligned && Backend::is_shared(from.address({0, 0})))) {
      auto const line = [&](matrix_position at) { return from.address(at); };
      if constexpr (std::is_same_v<value, typename F::value_type>) {
        Backend::template load<layout, Access::lines_across>(lane, to.data, line);
      } else {
        value some[F::size];
        Backend::template load<layout, Access::lines_across>(lane, some, line);
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < F::size; ++i) to.data[i] = static_cast<typename F::value_type>(some[i]);
      }
      if constexpr (!Shared) return;
    }
  }
  if constexpr (!(has_instruction && Shared)) {
    if constexpr (Access::width > 1) {
      if (aligned) {
        CROSSLANE_UNROLL
        for (unsigned i = 0; i < F::size; i += Access::width) {
          auto const some = backend::native_access::load<access::plain>(
              reinterpret_cast<typename Access::vector const*>(from.address(layout::position(lane, i))));
          CROSSLANE_UNROLL
          for (unsigned j = 0; j < Access::width; ++j) to.data[i + j] = static_cast<typename F::value_type>(some[j]);
        }
        return;
      }
    }
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < F::size; ++i) to.data[i] = static_cast<typename F::value_type>(*from.address(layout::position(lane, i)));
  }
}

template <class Backend, class F, class Access>
CROSSLANE_FN void store_inside(unsigned lane, F const& from, Access const& to, bool aligned) {
  using value = typename Access::value_type;
  using layout = typename F::layout_type;
  if constexpr (Backend::template has_store<layout, value, Access::lines_across> && Access::has_aligned_lines && Access::line_bytes == 16) {
    if (aligned && Backend::is_shared(to.address({0, 0})))
      return Backend::template store<layout, Access::lines_across>(lane, from.data, [&](matrix_position at) { return to.address(at); });
  }
  if constexpr (Access::width > 1) {
    if (aligned) {
      CROSSLANE_UNROLL
      for (unsigned i = 0; i < F::size; i += Access::width) {
        typename Access::vector some{};
        CROSSLANE_UNROLL
        for (unsigned j = 0; j < Access::width; ++j) some[j] = static_cast<value>(from.data[i + j]);
        backend::native_access::store<access::plain>(reinterpret_cast<typename Access::vector*>(to.address(layout::position(lane, i))),
                                                     some);
      }
      return;
    }
  }
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < F::size; ++i) *to.address(layout::position(lane, i)) = static_cast<value>(from.data[i]);
}

/// The lanes whose elements the calling lane moves. On a GPU they are its own. On the host they are another lane's, and not the same in
/// loads and stores: which lane moves an element differs among targets, and the checker must see what is not synchronised on one of them.
/// Lanes exchange their elements in pairs. No pairs have the same distance everywhere, so that fragments at other columns meet other lanes.
template <class F, class Ctx>
class fragment_mover {
  using backend = matrix_backend<Ctx>;
  static_assert(sizeof(kernel_runs_target<typename F::target, backend>) > 0);
  static constexpr unsigned width = Ctx::wave_size;

 public:
  CROSSLANE_FN explicit fragment_mover(Ctx const& ctx) : ctx_{ctx} {}

  CROSSLANE_FN unsigned loads_for() const { return ctx_.lane_rank() ^ (backend::moves_for_others ? width - 1 : 0); }
  CROSSLANE_FN unsigned stores_for() const { return ctx_.lane_rank() ^ (backend::moves_for_others ? width / 2 + 1 : 0); }

  /// Returns the calling lane's elements from what the lanes have loaded.
  template <class Access>
  CROSSLANE_FN F after_load(F const& loaded, Access const& from, source_location where) const {
    return exchanged(loaded, loads_for(), from, where);
  }
  /// Returns the elements that the calling lane stores.
  template <class Access>
  CROSSLANE_FN F before_store(F const& own, Access const& to, source_location where) const {
    return exchanged(own, stores_for(), to, where);
  }

 private:
  template <class Access>
  CROSSLANE_FN F exchanged(F const& f, [[maybe_unused]] unsigned partner, [[maybe_unused]] Access const& access,
                           [[maybe_unused]] source_location where) const {
    if constexpr (backend::moves_for_others) {
      if constexpr (Ctx::native_type::checks_arguments) access.expect_same(ctx_.native());
      return ctx_.native().template shuffle<width>(lane_mask<width>::all(), f, partner, where);
    } else {
      return f;
    }
  }
  Ctx const& ctx_;
};

/// load_fragment(). `Shared` is whether the matrix is known to lie in shared memory, and the position to be aligned.
template <class F, bool Shared, class Ctx, class T, class L>
CROSSLANE_FN F load_whole_fragment(Ctx const& ctx, tensor_view<T, L> const& from, matrix_index<L, 0> row, matrix_index<L, 1> col,
                                   source_location where) {
  fragment_mover<F, Ctx> const mover{ctx};
  fragment_access<F, T, L> const access{from, row, col};
  access.expect_inside("load", where);
  F result{};
  load_inside<matrix_backend<Ctx>, Shared>(mover.loads_for(), result, access,
                                           Shared || access.has_aligned_lines || access.is_aligned(access.line_bytes));
  return mover.after_load(result, access, where);
}

}  // namespace detail

/// Returns a fragment from a matrix, from position (row, col) of it on. All lanes of the wave must call it, at the same place and with the
/// same arguments, and the wave must be full. It orders nothing, and any lane may read any of the elements: if a lane writes them before or
/// after, the wave must synchronise in between, as by xl::wave(ctx).sync().
///
///   auto const a = xl::load_fragment<xl::fragment<xl::matrix_use::a, shape, target>>(ctx, tile, 0, k);
///
/// The first axis of the tensor counts rows, the second one columns, whatever the order in memory. Elements are of the fragment's type, or
/// float for tf32. Elements of a lane that are adjacent in memory are loaded together, up to 16 bytes.
///
/// Preconditions: the fragment is wholly inside the matrix. If the type of the layout fixes lines of a multiple of 16 bytes, or of the
/// fragment if that is smaller, the fragment begins at such a multiple: the strides of a packed or strided layout, the units of a
/// layout_in_units. Otherwise the host throws out_of_bounds or misaligned, if bounds or accesses are checked. With other layouts the
/// alignment is tested at run time. NVIDIA GPUs load from aligned lines of shared memory by ldmatrix, but elements of 1 and of 4 bytes only
/// if the lines lie along the fragment's runs.
template <matrix_fragment F, kernel_context Ctx, class T, tensor_layout L>
CROSSLANE_FN F load_fragment(Ctx const& ctx, tensor_view<T, L> const& from, detail::matrix_index<L, 0> row, detail::matrix_index<L, 1> col,
                             source_location where = source_location::current()) {
  return detail::load_whole_fragment<F, false>(ctx, from, row, col, where);
}

/// Returns a fragment like load_fragment(), but elements outside the matrix are zero. The position may lie outside, but it must not be
/// negative: else the host throws out_of_bounds, if bounds or accesses are checked.
template <matrix_fragment F, kernel_context Ctx, class T, tensor_layout L>
CROSSLANE_FN F load_partial_fragment(Ctx const& ctx, tensor_view<T, L> const& from, detail::matrix_index<L, 0> row,
                                     detail::matrix_index<L, 1> col, source_location where = source_location::current()) {
  detail::fragment_mover<F, Ctx> const mover{ctx};
  detail::fragment_access<F, T, L> const access{from, row, col};
  access.expect_not_negative("load", where);
  F result{};
  unsigned const lane = mover.loads_for();
  if (access.contains_all()) {
    detail::load_inside<detail::matrix_backend<Ctx>>(lane, result, access, access.is_aligned(access.line_bytes));
  } else {
    CROSSLANE_UNROLL
    for (unsigned i = 0; i < F::size; ++i) {
      auto const at = F::layout_type::position(lane, i);
      if (access.contains(at)) result.data[i] = static_cast<typename F::value_type>(*access.address(at));
    }
  }
  return mover.after_load(result, access, where);
}

/// Stores a fragment to a matrix, from position (row, col) of it on, with the preconditions of load_fragment(). All lanes of the wave must
/// call it. An element that several lanes have is stored by one of them. NVIDIA GPUs from compute capability 9.0 on store elements of 2
/// bytes in aligned lines of shared memory by stmatrix.
///
///   xl::store_fragment(ctx, out, 0, 0, sum);
template <kernel_context Ctx, class T, tensor_layout L, matrix_fragment F>
CROSSLANE_FN void store_fragment(Ctx const& ctx, tensor_view<T, L> const& to, detail::matrix_index<L, 0> row,
                                 detail::matrix_index<L, 1> col, F const& from, source_location where = source_location::current()) {
  static_assert(!std::is_const_v<T>, "crosslane: store_fragment() needs a tensor whose elements are not constant");
  detail::fragment_mover<F, Ctx> const mover{ctx};
  detail::fragment_access<F, T, L> const access{to, row, col};
  access.expect_inside("store", where);
  unsigned const lane = mover.stores_for();
  F const elements = mover.before_store(from, access, where);
  if (F::layout_type::is_first_copy(lane))
    detail::store_inside<detail::matrix_backend<Ctx>>(lane, elements, access,
                                                      access.has_aligned_lines || access.is_aligned(access.line_bytes));
}

/// Stores a fragment like store_fragment(), at any position that is not negative. Elements outside the matrix are not stored.
template <kernel_context Ctx, class T, tensor_layout L, matrix_fragment F>
CROSSLANE_FN void store_partial_fragment(Ctx const& ctx, tensor_view<T, L> const& to, detail::matrix_index<L, 0> row,
                                         detail::matrix_index<L, 1> col, F const& from,
                                         source_location where = source_location::current()) {
  static_assert(!std::is_const_v<T>, "crosslane: store_partial_fragment() needs a tensor whose elements are not constant");
  detail::fragment_mover<F, Ctx> const mover{ctx};
  detail::fragment_access<F, T, L> const access{to, row, col};
  access.expect_not_negative("store", where);
  unsigned const lane = mover.stores_for();
  F const elements = mover.before_store(from, access, where);
  if (!F::layout_type::is_first_copy(lane)) return;
  if (access.contains_all())
    return detail::store_inside<detail::matrix_backend<Ctx>>(lane, elements, access, access.is_aligned(access.line_bytes));
  CROSSLANE_UNROLL
  for (unsigned i = 0; i < F::size; ++i)
    if (auto const at = F::layout_type::position(lane, i); access.contains(at)) *access.address(at) = static_cast<T>(elements.data[i]);
}

}  // namespace crosslane
