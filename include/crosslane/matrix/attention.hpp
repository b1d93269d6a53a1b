// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// attention: softmax(queries * keys^T) * values for each head of each sequence, in one kernel.
#pragma once

#include <crosslane/matrix/attention_kernel.hpp>
#include <crosslane/tensor/tensor.hpp>
#include <crosslane/tensor/transform.hpp>

#include <cmath>

namespace crosslane {

/// The options of attention().
struct attention_options {
  float scale = 0;      ///< the factor of the scores; 0 stands for 1 / sqrt(the channels of a head)
  bool causal = false;  ///< a query sees only keys of its own and of earlier positions
};

namespace detail {

/// A failed assertion shows the layout.
template <class L>
struct attention_layout {
  using E = typename L::extents_type;
  static constexpr bool has_axes = same_axes<typename E::axes, axes<axis::n, axis::head, axis::position, axis::c>>;
  static_assert(has_axes, "crosslane: the operands of attention() have the axes n, head, position and c, in any order");
  static constexpr bool contiguous = layout_with_contiguous<L, axis::c> && strided_layout<L>;
  static_assert(
      !has_axes || contiguous,
      "crosslane: the operands of attention() are packed or strided, and c is their contiguous axis: the last one in the order of "
      "memory, with a fixed stride of 1");
  static constexpr std::int64_t channels = [] {
    if constexpr (has_axes)
      return E::template fixed_extent<axis::c>();
    else
      return std::int64_t{16};
  }();
  static_assert(channels >= 16 && channels <= 128 && channels % 16 == 0,
                "crosslane: attention() needs the channels of a head as a fixed extent, a multiple of 16 from 16 to 128: "
                "xl::fixed<xl::axis::c, 64>");
};

template <class L>
struct attention_bias_layout {
  using A = typename L::extents_type::axes;
  static constexpr bool has_axes = A::template contains<axis::row> && A::template contains<axis::col> &&
                                   A::size == 2 + A::template contains<axis::n> + A::template contains<axis::head>;
  static_assert(has_axes,
                "crosslane: the bias of attention() has the axes row, for queries, and col, for keys. It may have n and head; without such "
                "an axis it is the same for all");
  static_assert(!has_axes || (layout_with_contiguous<L, axis::col> && strided_layout<L>),
                "crosslane: the bias of attention() is packed or strided, and col is its contiguous axis");
};

/// Returns the rows of an operand.
template <class RowAxis, class T, class Index, class U, class L>
attention_rows<T, Index> attention_rows_of(tensor_view<U, L> const& view) {
  using A = typename L::extents_type::axes;
  auto const stride = [&](auto tag) -> Index {
    using X = typename decltype(tag)::type;
    if constexpr (A::template contains<X>)
      return view.template extent<X>() == 1 ? Index(0) : Index(view.template stride<X>());
    else
      return 0;
  };
  attention_rows<T, Index> r{view.data(), stride(std::type_identity<axis::n>{}), stride(std::type_identity<axis::head>{}),
                             stride(std::type_identity<RowAxis>{}), false};
  auto const bits = reinterpret_cast<std::uintptr_t>(r.data) | std::uintptr_t(r.batch | r.head | r.position) * sizeof(T);
  r.aligned = bits % 16 == 0;
  return r;
}

inline namespace CROSSLANE_CONFIGURATION {

template <class A, class T, class L, class U, class M>
void check_attention_extent(char const* name, tensor_view<T, L> const& view, char const* other_name, tensor_view<U, M> const& other,
                            source_location where) {
  auto const a = static_cast<long long>(view.template extent<A>()), b = static_cast<long long>(other.template extent<A>());
  if (a != b)
    throw_error(errc::size_mismatch, where, "attention: the extent of axis %s is %lld in the %s and %lld in the %s", axis_name<A>(), b,
                other_name, a, name);
}

/// Throws if an axis of the bias has neither the extent of the scores nor 1.
template <class A, class T, class L>
void check_attention_bias(tensor_view<T, L> const& bias, std::int64_t wanted, source_location where) {
  if constexpr (L::extents_type::axes::template contains<A>) {
    auto const found = static_cast<long long>(bias.template extent<A>());
    constexpr bool repeats = std::is_same_v<A, axis::n> || std::is_same_v<A, axis::head>;
    if (found != wanted && !(repeats && found == 1))
      throw_error(errc::size_mismatch, where, "attention: the extent of axis %s is %lld in the bias but must be %lld%s", axis_name<A>(),
                  found, static_cast<long long>(wanted), repeats ? ", or 1" : "");
  }
}

template <int Rows, int Keys, bool Whole, int Channels, class B, class T, class Bias, class Index>
void launch_attention(basic_stream_ref<B> q, std::int64_t all_heads, attention_problem<T, Bias, Index> p, source_location where) {
  p.row_blocks = (p.query_count + Rows - 1) / Rows;
  p.items = all_heads * p.row_blocks;
  constexpr std::int64_t most = 0x7fffffff;
  if (p.items > most)
    throw_error(errc::limit_exceeded, where, "attention: %lld heads with %d queries are %lld blocks of %d queries, the limit is %lld",
                static_cast<long long>(all_heads), p.query_count, static_cast<long long>(p.items), Rows, static_cast<long long>(most));
  std::int64_t blocks = p.items;
  if constexpr (Whole) {
    // Several items of a block overlap their copies. There are still enough blocks for an even distribution.
    constexpr std::int64_t most_items = std::is_same_v<Bias, no_bias> ? 4 : 2;
    std::int64_t const share = p.items / (std::int64_t{q.properties(where).multiprocessors} * 16);
    std::int64_t const items = share < 1 ? 1 : share > most_items ? most_items : share;
    blocks = (p.items + items - 1) / items;
  }
  p.step = {int(blocks / p.row_blocks / p.heads), int(blocks / p.row_blocks % p.heads), int(blocks % p.row_blocks)};
  launch(q, {.grid = unsigned(blocks), .where = where}, attention_kernel<T, Bias, Channels, Rows, Keys, Whole>{}, p);
}

template <class B, class T, class QL, class U, class KL, class V, class VL, class Bias, class Index, class O, class OL>
void queue_attention(basic_stream_ref<B> q, tensor_view<T, QL> const& queries, tensor_view<U, KL> const& keys,
                     tensor_view<V, VL> const& values, attention_rows<Bias const, Index> const& bias, tensor_view<O, OL> const& out,
                     attention_options const& options, source_location where) {
  using element = std::remove_const_t<T>;
  constexpr int channels = int(attention_layout<QL>::channels);
  if (out.size() == 0) return;
  float const scale = options.scale == 0 ? 1 / std::sqrt(float(channels)) : options.scale;
  attention_problem<element, Bias, Index> const p{attention_rows_of<axis::position, element const, Index>(queries),
                                                  attention_rows_of<axis::position, element const, Index>(keys),
                                                  attention_rows_of<axis::position, element const, Index>(values),
                                                  bias,
                                                  attention_rows_of<axis::position, element, Index>(out),
                                                  int(queries.template extent<axis::head>()),
                                                  int(queries.template extent<axis::position>()),
                                                  int(keys.template extent<axis::position>()),
                                                  0,
                                                  0,
                                                  {},
                                                  scale * 1.44269504f,
                                                  1 / scale,
                                                  options.causal};
  std::int64_t const heads = std::int64_t{queries.template extent<axis::n>()} * queries.template extent<axis::head>();
  if (p.key_count <= 64) return launch_attention<64, 64, true, channels>(q, heads, p, where);
  constexpr std::int64_t fixed_keys = KL::extents_type::template fixed_extent<axis::position>();
  if constexpr (fixed_keys == dynamic || fixed_keys > 64) {
    // The faster kernel needs more shared memory than some devices have.
    constexpr int rows = channels <= 64 ? 64 : 128, fewer_rows = 192 - rows, keys_at_once = channels <= 64 ? 128 : 64;
    constexpr int fewer_keys = channels <= 64 ? 64 : 32;
    using fastest = attention_kernel<element, Bias, channels, rows, keys_at_once, false>;
    if constexpr (fastest::shared_bytes > 65536) {
      if (q.properties(where).shared_per_block_optin < fastest::shared_bytes)
        return launch_attention<fewer_rows, fewer_keys, false, channels>(q, heads, p, where);
    }
    launch_attention<rows, keys_at_once, false, channels>(q, heads, p, where);
  }
}

template <class S, class Q, class K, class V, class Bias, class O>
void start_attention(S const& stream, Q const& queries_, K const& keys_, V const& values_, Bias const& bias_, O&& out_,
                     attention_options const& options, source_location where) {
  auto const queries = tensor_argument(queries_, where);
  auto const keys = tensor_argument(keys_, where);
  auto const values = tensor_argument(values_, where);
  auto const out = tensor_argument(out_, where);
  using QL = typename decltype(queries)::layout_type;
  using KL = typename decltype(keys)::layout_type;
  using VL = typename decltype(values)::layout_type;
  using OL = typename decltype(out)::layout_type;
  using T = typename decltype(queries)::value_type;
  static_assert(sizeof(attention_layout<QL>) + sizeof(attention_layout<KL>) + sizeof(attention_layout<VL>) + sizeof(attention_layout<OL>) >
                0);
  static_assert(attention_layout<QL>::channels == attention_layout<KL>::channels &&
                    attention_layout<QL>::channels == attention_layout<VL>::channels &&
                    attention_layout<QL>::channels == attention_layout<OL>::channels,
                "crosslane: the operands of attention() have the same number of channels");
  static_assert(std::is_same_v<T, half> || std::is_same_v<T, bfloat16>, "crosslane: attention() takes elements of half or bfloat16");
  static_assert(std::is_same_v<T, typename decltype(keys)::value_type> && std::is_same_v<T, typename decltype(values)::value_type> &&
                    std::is_same_v<T, typename decltype(out)::value_type>,
                "crosslane: the operands of attention() have the same type of elements");
  static_assert(!std::is_const_v<typename decltype(out)::element_type>, "crosslane: the output of attention() must not be constant");
  check_attention_extent<axis::n>("keys", keys, "queries", queries, where);
  check_attention_extent<axis::head>("keys", keys, "queries", queries, where);
  check_attention_extent<axis::n>("values", values, "keys", keys, where);
  check_attention_extent<axis::head>("values", values, "keys", keys, where);
  check_attention_extent<axis::position>("values", values, "keys", keys, where);
  check_attention_extent<axis::n>("output", out, "queries", queries, where);
  check_attention_extent<axis::head>("output", out, "queries", queries, where);
  check_attention_extent<axis::position>("output", out, "queries", queries, where);
  if (!(options.scale >= 0) || options.scale > 3e38f)
    throw_error(errc::invalid_argument, where, "attention: the scale is %g but must be positive and finite, or 0 for 1 / sqrt(channels)",
                double(options.scale));
  constexpr std::int64_t most = 0x7fffffff - 256;
  for (auto const& [name, positions] : {std::pair{"queries", std::int64_t{queries.template extent<axis::position>()}},
                                        std::pair{"keys", std::int64_t{keys.template extent<axis::position>()}}})
    if (positions > most)
      throw_error(errc::limit_exceeded, where, "attention: %lld positions of the %s, the limit is %lld", static_cast<long long>(positions),
                  name, static_cast<long long>(most));
  using index = std::common_type_t<typename decltype(queries)::index_type, typename decltype(keys)::index_type,
                                   typename decltype(values)::index_type, typename decltype(out)::index_type>;
  auto const q = ref_of(stream, where);
  require_views_apart("attention", out, queries, where);
  require_views_disjoint("attention", out, keys, where);
  require_views_disjoint("attention", out, values, where);
  if constexpr (std::is_same_v<Bias, no_bias>) {
    require_on_device(q, "attention", where, queries_, keys_, values_, out_);
    queue_attention(q, queries, keys, values, attention_rows<no_bias const, index>{}, out, options, where);
  } else {
    auto const bias = tensor_argument(bias_, where);
    using U = typename decltype(bias)::value_type;
    static_assert(sizeof(attention_bias_layout<typename decltype(bias)::layout_type>) > 0);
    static_assert(std::is_same_v<U, T> || std::is_same_v<U, float> || std::is_same_v<U, bool>,
                  "crosslane: the bias of attention() has elements of the operands' type, of float, or of bool");
    check_attention_bias<axis::n>(bias, queries.template extent<axis::n>(), where);
    check_attention_bias<axis::head>(bias, queries.template extent<axis::head>(), where);
    check_attention_bias<axis::row>(bias, queries.template extent<axis::position>(), where);
    check_attention_bias<axis::col>(bias, keys.template extent<axis::position>(), where);
    require_views_disjoint("attention", out, bias, where);
    require_on_device(q, "attention", where, queries_, keys_, values_, bias_, out_);
    using widest = std::common_type_t<index, typename decltype(bias)::index_type>;
    queue_attention(q, queries, keys, values, attention_rows_of<axis::row, U const, widest>(bias), out, options, where);
  }
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace detail

inline namespace CROSSLANE_CONFIGURATION {

/// Queues out = softmax(scale * queries * keys^T) * values for each head of each sequence. Called on the host. The operands are tensors or
/// views with the axes n (sequences), head, position and c (channels of a head), of half or of bfloat16. Keys and values may have another
/// number of positions than queries and output. The channels are a fixed extent, a multiple of 16 from 16 to 128, and contiguous in memory.
/// The other axes may have any order and stride.
///
///   using heads = xl::packed<xl::extents<int, xl::axis::n, xl::axis::head, xl::axis::position, xl::fixed<xl::axis::c, 32>>,
///                            xl::axes<xl::axis::n, xl::axis::position, xl::axis::head, xl::axis::c>>;
///   xl::attention(q, queries, keys, values, out, {.causal = true});
///
/// Scores and sums are computed in float. The weights are rounded to the type of the operands before they meet the values. A query that
/// sees no key has a result of zeros. A NaN or an infinite score makes the whole result of its query NaN, minus infinity excepted.
///
/// Rows that begin at multiples of 16 bytes are the fastest. If the keys have a fixed extent of at most 64 positions, only the kernel for
/// such keys is compiled. The output may be the queries. Throws size_mismatch if extents differ, invalid_argument if the scale is negative
/// or if the output overlaps keys or values, and limit_exceeded above 2^31 blocks of 64 queries.
template <stream_like S, detail::tensor_like Q, detail::tensor_like K, detail::tensor_like V, detail::tensor_like O>
void attention(S const& stream, Q const& queries, K const& keys, V const& values, O&& out, attention_options options = {},
               source_location where = source_location::current()) {
  detail::start_attention(stream, queries, keys, values, detail::no_bias{}, out, options, where);
}

/// Queues out = softmax(scale * queries * keys^T + bias) * values. The bias has the axes row, for the positions of queries, and col, for
/// those of keys; col is contiguous. It may have the axes n and head. Without such an axis, or if its extent is 1, the bias is the same for
/// all. Elements are of the operands' type or float. Minus infinity hides a key. If elements are bool, nothing is added, and false hides a
/// key. Otherwise see the function above.
///
///   xl::tensor<xl::half, xl::row_major<>> bias{q, {positions, positions}};
///   xl::attention(q, queries, keys, values, bias, out);
template <stream_like S, detail::tensor_like Q, detail::tensor_like K, detail::tensor_like V, detail::tensor_like Bias,
          detail::tensor_like O>
void attention(S const& stream, Q const& queries, K const& keys, V const& values, Bias const& bias, O&& out, attention_options options = {},
               source_location where = source_location::current()) {
  detail::start_attention(stream, queries, keys, values, bias, out, options, where);
}

}  // namespace CROSSLANE_CONFIGURATION

}  // namespace crosslane
