// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tensors from which and to which kernels copy tiles: between device memory, in the tensor's layout, and shared memory, in the tile's.
///
///   using matrix = xl::packed<xl::extents<std::int32_t, xl::axis::row, xl::axis::col>, xl::axes<xl::axis::row, xl::axis::col>>;
///   using tile = xl::packed<xl::extents<std::int32_t, xl::fixed<xl::axis::row, 32>, xl::fixed<xl::axis::col, 64>>, matrix::order>;
///
///   struct kernel {
///     template <class Ctx>
///     struct shared {
///       xl::pipeline_state<2, Ctx> state;
///       xl::shared_tile<float, tile> in[2];
///     };
///     template <xl::kernel_context Ctx>
///     CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::tiled_view<float const, matrix, tile> const& in, ...) const {
///       xl::pipeline pipe{ctx, s.state};
///       pipe.copy_tile(s.in[pipe.acquire()], in, {0, 0});
///       pipe.commit();
///       auto const t = s.in[pipe.wait()].view();  // t(y, x) is an element
///   ...
///   xl::launch(q, {...}, kernel{}, xl::make_tiled<tile>(q, tensor), ...);
#pragma once

#include <crosslane/core/tensor_map_facts.hpp>
#include <crosslane/kernel/shape.hpp>
#include <crosslane/tensor/packed.hpp>
#include <crosslane/tensor/swizzled.hpp>
#include <crosslane/tensor/tensor.hpp>
#include <crosslane/tensor/view.hpp>

namespace crosslane {
namespace detail {

/// The kinds of layouts of tiles. The bytes of a unit lie together.
template <class Tile>
struct tile_kind {
  static constexpr bool known = false, packed = false;
};
template <class Extents, class Order>
struct tile_kind<packed<Extents, Order>> {
  static constexpr bool known = true, packed = true;
  static constexpr unsigned unit_bytes = 16;
};
template <class Extents, class Order, unsigned ElementBytes, unsigned UnitBytes>
struct tile_kind<swizzled<Extents, Order, ElementBytes, UnitBytes>> {
  static constexpr bool known = true, packed = false;
  static constexpr unsigned unit_bytes = UnitBytes;
};

template <class Tile, class... A>
constexpr bool has_fixed_extents(axes<A...>) {
  return ((Tile::extents_type::template fixed_extent<A>() > 0) && ...);
}
template <class Tile, class... A>
constexpr bool has_extents_to_256(axes<A...>) {
  return ((Tile::extents_type::template fixed_extent<A>() <= 256) && ...);
}

/// The facts of tiles of T that are known at compile time.
template <class T, class Tile>
struct tile_facts {
  static_assert(tile_kind<Tile>::known, "crosslane: the layout of a tile must be packed or swizzled");
  static_assert(has_fixed_extents<Tile>(typename Tile::order{}), "crosslane: the layout of a tile must have fixed extents");
  static_assert(std::is_trivially_copyable_v<T>, "crosslane: the elements of a tile must be trivially copyable");
  using kind = tile_kind<Tile>;
  using last = axis_at<Tile::order::size - 1, typename Tile::order>;
  static constexpr unsigned row_elements = unsigned(Tile::extents_type::template fixed_extent<last>());
  static constexpr unsigned row_bytes = row_elements * unsigned(sizeof(T));
  static constexpr unsigned rows = unsigned(Tile{}.extents().size()) / row_elements;
  static constexpr unsigned bytes = rows * row_bytes;
  /// Whether the copy engine's permutation is the layout's: 16-byte units of rows of 128 bytes.
  static constexpr bool swizzled_by_engine = !kind::packed && kind::unit_bytes == 16 && row_bytes == 128;
  static constexpr bool by_engine = (kind::packed || swizzled_by_engine) && row_bytes % 16 == 0 && Tile::order::size <= 5 &&
                                    has_extents_to_256<Tile>(typename Tile::order{}) &&
                                    (sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8);
  static constexpr unsigned alignment = swizzled_by_engine ? 1024 : 128;
  /// The most bytes of a piece of a row that a thread copies: a power of two that divides rows, and at most a unit.
  static constexpr unsigned piece = [] {
    unsigned p = 16;
    while (row_bytes % p != 0 || kind::unit_bytes % p != 0) p /= 2;
    return p;
  }();
};

}  // namespace detail

/// A tile in shared memory: a member of a kernel's shared struct, aligned as copies need it. A tile whose layout is swizzled in units of 16
/// bytes with rows of 128 bytes is aligned to 1024 bytes, others to 128.
template <class T, tensor_layout Layout>
struct alignas(detail::tile_facts<T, Layout>::alignment) shared_tile {
  using value_type = T;                           ///< the type of the elements
  using layout_type = Layout;                     ///< the layout of the tile
  T elements[std::size_t(Layout{}.span_size())];  ///< in the order of the layout

  /// Returns a view of the tile.
  CROSSLANE_FN constexpr tensor_view<T, Layout> view() { return {elements, Layout{}}; }
  /// Returns a view of the tile with constant elements.
  CROSSLANE_FN constexpr tensor_view<T const, Layout> view() const { return {elements, Layout{}}; }
};

namespace detail {

/// Stands for a descriptor where no engine copies tiles.
struct no_tensor_map {};
template <class B, bool ByEngine>
struct tensor_map_of {
  using type = no_tensor_map;
};
template <class B>
requires requires { typename B::tensor_map; } struct tensor_map_of<B, true> {
  using type = typename B::tensor_map;
};

/// Whether the axes of Some are axes of All, in the same order.
template <class... All, class... Some>
constexpr bool keeps_order(axes<All...>, axes<Some...>) {
  int before = -1;
  bool result = true;
  ((result = result && axes<All...>::template contains<Some> && axes<All...>::template position<Some>() > before,
    before = axes<All...>::template position<Some>()),
   ...);
  return result;
}

}  // namespace detail

namespace detail {
struct tiled_view_maker;
}

/// A tensor in device memory that kernels copy in tiles of the layout `Tile`. make_tiled() makes one on the host. A kernel takes it by
/// const reference, because a copy engine reads the argument where it lies.
///
/// The axes of the tile are axes of the tensor, in the same order of memory, and have its contiguous axis. Along axes that the tile lacks a
/// copy takes one index.
template <runtime_backend B, class T, tensor_layout Layout, tensor_layout Tile>
class basic_tiled_view {
  using facts = detail::tile_facts<std::remove_const_t<T>, Tile>;
  using order = typename Layout::order;
  static_assert(strided_layout<Layout> && std::is_same_v<typename Layout::contiguous_axis, axis_at<order::size - 1, order>>,
                "crosslane: a tensor that is copied in tiles must have strides and a contiguous axis");
  static_assert(detail::keeps_order(order{}, typename Tile::order{}) && Tile::order::template contains<typename Layout::contiguous_axis>,
                "crosslane: the axes of a tile must be axes of the tensor in the same order of memory, with its contiguous axis");
  static_assert(order::size <= 5, "crosslane: a tensor that is copied in tiles has at most 5 axes");

 public:
  using element_type = T;                                          ///< the type of the elements, const if kernels only read them
  using tile_type = shared_tile<std::remove_const_t<T>, Tile>;     ///< a tile in shared memory
  using multi_index = typename Layout::extents_type::multi_index;  ///< an index of the tensor, in the order of its axes
  using by_reference = void;                                       ///< says that kernels must take it by const reference
  static constexpr bool by_engine = facts::by_engine;              ///< whether a copy engine, if there is one, knows the layout
  static constexpr unsigned tile_bytes = facts::bytes;             ///< bytes of a tile

  /// Copies the view. Explicit, so that a kernel cannot take it by value.
  explicit basic_tiled_view(basic_tiled_view const&) = default;
  /// Moves the view into the result of a function.
  basic_tiled_view(basic_tiled_view&&) = default;
  /// Copies another view.
  basic_tiled_view& operator=(basic_tiled_view const&) = default;

  /// Returns the view of the whole tensor.
  CROSSLANE_FN tensor_view<T, Layout> const& view() const { return view_; }

  /// Whether the copy engine can load the tile at `at`, if it knows the layout: it faults unless the index along the contiguous axis is a
  /// multiple of 16 bytes. For functions of the library.
  CROSSLANE_FN CROSSLANE_INLINE static bool engine_loads(multi_index const& at) {
    return unsigned(at[detail::position_of<typename Layout::extents_type, typename Layout::contiguous_axis>]) * unsigned(sizeof(T)) % 16 ==
           0;
  }
  /// Whether the copy engine can store the tile at `at`, if it knows the layout: it also writes whole 16 bytes, and would write behind rows
  /// that are no multiple of them. For functions of the library.
  CROSSLANE_FN CROSSLANE_INLINE bool engine_stores(multi_index const& at) const {
    return engine_loads(at) && unsigned(view_.template extent<typename Layout::contiguous_axis>()) * unsigned(sizeof(T)) % 16 == 0;
  }
  /// Calls start(map, at) for the copy engine: the descriptor, and the index with the contiguous axis first. For functions of the library.
  template <class F>
  CROSSLANE_FN CROSSLANE_INLINE void for_engine(multi_index const& at, F const& start) const {
    int reversed[order::size];
    reverse(at, reversed, order{});
    start(static_cast<void const*>(&map_), reversed);
  }
  /// Calls f(integral_constant<bytes>, place in the tile, place in the tensor, bytes within the tensor) for the calling thread's pieces of
  /// the tile at `at`. If no byte of a piece is within the tensor, its place there is the tensor's first. For functions of the library.
  template <class Ctx, class TileMemory, class F>
  CROSSLANE_FN CROSSLANE_INLINE void for_pieces(Ctx const& ctx, TileMemory* tile, multi_index const& at, F const& f) const {
    pieces_of<facts::piece>(ctx, tile, at, f);
  }

 private:
  friend struct detail::tiled_view_maker;

  explicit basic_tiled_view(tensor_view<T, Layout> const& view) : view_{view} {}

  template <class... A>
  CROSSLANE_FN static void reverse(multi_index const& at, int* to, axes<A...>) {
    int i = order::size;
    ((to[--i] = int(at[detail::position_of<typename Layout::extents_type, A>])), ...);
  }

  template <unsigned Bytes, class Ctx, class TileMemory, class F>
  CROSSLANE_FN CROSSLANE_INLINE void pieces_of(Ctx const& ctx, TileMemory* tile, multi_index const& at, F const& f) const {
    using E = typename Layout::extents_type;
    // Rows begin at multiples of 16 bytes, so the index along the contiguous axis decides which pieces are aligned.
    constexpr std::int64_t size = sizeof(T);
    std::int64_t const first = std::int64_t{at[detail::position_of<E, typename Layout::contiguous_axis>]} * size;
    if constexpr (sizeof(T) % Bytes != 0)
      if (first % std::int64_t{Bytes} != 0) return pieces_of<Bytes / 2>(ctx, tile, at, f);
    constexpr unsigned in_row = facts::row_bytes / Bytes;
    std::int64_t const length = std::int64_t{view_.template extent<typename Layout::contiguous_axis>()} * size;
    for (unsigned const i : ctx.block_stride(facts::rows * in_row)) {
      unsigned const byte = i % in_row * Bytes;
      typename Tile::extents_type::multi_index in_tile{};
      multi_index in_tensor = at;
      bool inside = true;
      unsigned row = i / in_row;
      outer_axes<Tile::order::size - 2>(row, in_tile, in_tensor);
      check_inside(in_tensor, inside, order{});
      in_tile[detail::position_of<typename Tile::extents_type, typename facts::last>] =
          typename Tile::index_type(byte / unsigned(sizeof(T)));
      in_tensor[detail::position_of<E, typename Layout::contiguous_axis>] = 0;
      std::int64_t const begin = first + byte, left = length - begin;
      unsigned const valid = !inside || begin < 0 || left <= 0 ? 0 : left < std::int64_t{Bytes} ? unsigned(left) : Bytes;
      auto* const there = reinterpret_cast<byte_of<T>*>(view_.data());
      auto* const here = reinterpret_cast<byte_of<std::remove_pointer_t<decltype(tile->elements + 0)>>*>(tile->elements);
      f(std::integral_constant<unsigned, Bytes>{}, here + std::size_t(Tile{}.offset(in_tile)) * sizeof(T) + byte % unsigned(sizeof(T)),
        valid == 0 ? there : there + std::size_t(view_.layout().offset(in_tensor)) * sizeof(T) + std::size_t(begin), valid);
    }
  }
  template <class U>
  using byte_of = std::conditional_t<std::is_const_v<U>, char const, char>;

  /// Splits the number of a row into indices along the tile's axes, from axis `Position` of its order on to slower ones.
  template <int Position>
  CROSSLANE_FN static void outer_axes(unsigned row, typename Tile::extents_type::multi_index& in_tile, multi_index& in_tensor) {
    if constexpr (Position >= 0) {
      using A = axis_at<Position, typename Tile::order>;
      constexpr unsigned extent = unsigned(Tile::extents_type::template fixed_extent<A>());
      unsigned const index = Position == 0 ? row : row % extent;
      in_tile[detail::position_of<typename Tile::extents_type, A>] = typename Tile::index_type(index);
      in_tensor[detail::position_of<typename Layout::extents_type, A>] += typename Layout::index_type(index);
      outer_axes<Position - 1>(row / extent, in_tile, in_tensor);
    }
  }
  /// Whether the index is within the extents of all axes but the contiguous one.
  template <class... A>
  CROSSLANE_FN void check_inside(multi_index const& i, bool& inside, axes<A...>) const {
    ((inside = inside && (std::is_same_v<A, typename Layout::contiguous_axis> ||
                          (i[detail::position_of<typename Layout::extents_type, A>] >= 0 &&
                           i[detail::position_of<typename Layout::extents_type, A>] < view_.template extent<A>()))),
     ...);
  }

  [[no_unique_address]] typename detail::tensor_map_of<B, facts::by_engine>::type map_{};
  tensor_view<T, Layout> view_;
};

/// A tensor of the default backend that kernels copy in tiles: the parameter `xl::tiled_view<float const, L, Tile> const&` of a kernel.
template <class T, tensor_layout Layout, tensor_layout Tile>
using tiled_view = basic_tiled_view<default_backend, T, Layout, Tile>;

namespace detail {

template <class T, class Layout, class Tile, class... A>
tensor_map_facts make_tensor_map_facts(tensor_view<T, Layout> const& view, axes<A...>, source_location where) {
  using E = typename Layout::extents_type;
  tensor_map_facts t;
  t.data = const_cast<std::remove_const_t<T>*>(view.data());
  t.element_bytes = sizeof(T);
  t.rank = sizeof...(A);
  t.swizzled = !tile_kind<Tile>::packed;
  if (reinterpret_cast<std::uintptr_t>(t.data) % 16 != 0)
    throw_error(errc::misaligned, where, "make_tiled: the tensor begins at %p, the address must be a multiple of 16", t.data);
  unsigned i = t.rank;
  [[maybe_unused]] auto const set = [&](auto tag) {
    using X = typename decltype(tag)::type;
    --i;
    t.extents[i] = std::uint64_t(view.template extent<X>());
    t.strides[i] = std::uint64_t(view.layout().template stride<X>()) * sizeof(T);
    if constexpr (Tile::extents_type::axes::template contains<X>)
      t.tile[i] = unsigned(Tile::extents_type::template fixed_extent<X>());
    else
      t.tile[i] = 1;
    if (t.extents[i] == 0)
      throw_error(errc::invalid_argument, where, "make_tiled: the extent of axis %s is 0 but must be at least 1", axis_name<X>());
    if (t.extents[i] > std::uint64_t{1} << 31)
      throw_error(errc::limit_exceeded, where, "make_tiled: the extent of axis %s is %llu, the limit is 2147483648", axis_name<X>(),
                  static_cast<unsigned long long>(t.extents[i]));
    if (i != 0 && t.extents[i] == 1) t.strides[i] = (t.strides[i] + 15) / 16 * 16;  // of one index no stride is used
    if (i != 0 && t.strides[i] % 16 != 0)
      throw_error(errc::misaligned, where,
                  "make_tiled: the stride of axis %s is %llu bytes but must be a multiple of 16: pad the rows (crosslane::make_padded)",
                  axis_name<X>(), static_cast<unsigned long long>(t.strides[i]));
    if (t.strides[i] >= std::uint64_t{1} << 40)
      throw_error(errc::limit_exceeded, where, "make_tiled: the stride of axis %s is %llu bytes, the limit is 2^40 - 1", axis_name<X>(),
                  static_cast<unsigned long long>(t.strides[i]));
  };
  static_assert(sizeof(E) != 0);
  (set(std::type_identity<A>{}), ...);
  return t;
}

/// Makes views and their descriptors.
struct tiled_view_maker {
  template <class Tile, class B, class T, class Layout>
  static basic_tiled_view<B, T, Layout, Tile> make(basic_stream_ref<B> q, tensor_view<T, Layout> const& view, source_location where) {
    basic_tiled_view<B, T, Layout, Tile> result{view};
    tensor_map_facts const t = make_tensor_map_facts<T, Layout, Tile>(view, typename Layout::order{}, where);
    if constexpr (!std::is_empty_v<decltype(result.map_)>) {
      auto const current = q.make_current("make_tiled", where);
      check<B>(B::make_tensor_map(q.properties(where), result.map_, t), "make_tiled", where,
               [&](error_text& text) { text.append("a tensor of %u axes at %p, elements of %u bytes", t.rank, t.data, t.element_bytes); });
    }
    return result;
  }
};

}  // namespace detail

/// Returns a tensor, or a view of one, for copies in tiles of the layout `Tile`, as an argument of launches on the stream's device. It does
/// not own the memory. Make it once and pass it to many launches: for a copy engine it costs a call of the driver.
///
/// A copy engine reads whole units of 16 bytes. If the last row of a padded tensor ends within one at the end of the memory, it reads up to
/// 15 bytes behind it. That cannot fault, but compute-sanitizer reports it.
///
/// Throws misaligned if the tensor does not begin at a multiple of 16 bytes, or if a stride of an axis other than the contiguous one is no
/// multiple of 16 bytes. Throws invalid_argument if the tensor has no elements, and if it belongs to another device. Throws limit_exceeded
/// if an extent exceeds 2^31 or a stride 2^40 - 1 bytes.
template <class Tile, stream_like S, class Tensor>
[[nodiscard]] auto make_tiled(S const& s, Tensor&& tensor, source_location where = source_location::current()) {
  auto const q = detail::ref_of(s, where);
  detail::require_on_device(q, "make_tiled", where, tensor);
  if constexpr (detail::is_tensor_view<std::remove_cvref_t<Tensor>>) {
    return detail::tiled_view_maker::make<Tile>(q, tensor, where);
  } else {
    tensor.require(where);
    return detail::tiled_view_maker::make<Tile>(q, tensor.view(), where);
  }
}

}  // namespace crosslane
