// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Whether a DLPack tensor fits an element type, a layout and a device; and the view of it.
#pragma once

#include <crosslane/runtime/device.hpp>
#include <crosslane/tensor/dlpack_managed.hpp>
#include <crosslane/tensor/dlpack_type.hpp>
#include <crosslane/tensor/packed.hpp>
#include <crosslane/tensor/strided.hpp>
#include <crosslane/tensor/view.hpp>

#include <climits>
#include <cstdarg>
#include <cstdint>

namespace crosslane::detail {

/// The contents of a DLPack structure, whichever library declares it.
struct dlpack_facts {
  std::uintptr_t data;
  std::uint64_t byte_offset;
  dlpack::device device;
  std::int32_t rank;
  dlpack::data_type type;
  std::int64_t const* shape;
  std::int64_t const* strides;
  bool read_only;

  /// Returns the stride of axis i. Precondition: the rank and the shape have been checked.
  std::int64_t stride(int i) const {
    if (strides != nullptr) return strides[i];
    std::int64_t result = 1;
    for (int k = i + 1; k < rank; ++k)
      if (__builtin_mul_overflow(result, shape[k], &result)) return INT64_MAX;
    return result;
  }

  void describe(error_text& t) const noexcept {
    t.append("DLPack tensor of ");
    describe_dlpack_type(t, type);
    auto const list = [&](char const* name, std::int64_t const* values) {
      t.append(", %s (", name);
      for (int i = 0; i < rank && i < 9; ++i) t.append(i == 8 ? ", ..." : i > 0 ? ", %lld" : "%lld", static_cast<long long>(values[i]));
      t.append(")");
    };
    if (rank > 0 && shape != nullptr) list("shape", shape);
    if (rank > 0 && strides != nullptr) list("strides", strides);
    t.append(", on %s %d", dlpack_device_name(device.device_type), int(device.device_id));
  }
};

template <class M>
dlpack_facts dlpack_facts_of(M const& m) {
  auto const& t = m.dl_tensor;
  dlpack_facts f{reinterpret_cast<std::uintptr_t>(t.data),
                 t.byte_offset,
                 {std::int32_t(t.device.device_type), t.device.device_id},
                 t.ndim,
                 {t.dtype.code, t.dtype.bits, t.dtype.lanes},
                 t.shape,
                 t.strides,
                 false};
  if constexpr (dlpack_versioned<M>) f.read_only = (m.flags & dlpack::read_only) != 0;
  return f;
}

/// The reason why a tensor does not fit. dlpack_matches() asks for none.
struct dlpack_refusal {
  errc code;
  error_text text;
};

[[gnu::format(printf, 3, 4)]] inline bool refuse_dlpack(dlpack_refusal* why, errc code, char const* format, ...) {
  if (why == nullptr) return false;
  why->code = code;
  va_list arguments;
  va_start(arguments, format);
  why->text.vappend(format, arguments);
  va_end(arguments);
  return false;
}

/// Returns true if element type, shape and strides fit a view of T with layout L. `strides` then has one stride for each axis, in the order
/// of the extents. An axis of one index gets the stride that the layout requires.
template <class T, class L, class... A>
bool dlpack_fits(dlpack_facts const& t, std::int64_t (&strides)[sizeof...(A)], dlpack_refusal* why, axes<A...>) {
  using E = typename L::extents_type;
  constexpr int rank = E::rank;
  constexpr dlpack::data_type type = dlpack_type<std::remove_const_t<T>>();
  if (t.type.code != type.code || t.type.bits != type.bits || t.type.lanes != type.lanes) {
    if (why == nullptr) return false;
    error_text wanted;
    describe_dlpack_type(wanted, type);
    return refuse_dlpack(why, errc::invalid_argument, "the elements must be %s", wanted.c_str());
  }
  if (t.read_only && !std::is_const_v<T>)
    return refuse_dlpack(why, errc::invalid_argument, "the tensor is read-only, so the elements of the view must be constant");
  if (t.rank == 0)
    return refuse_dlpack(why, errc::size_mismatch, "the tensor has 0 axes, the layout has %d (give a single number the shape (1))", rank);
  if (t.rank != rank) return refuse_dlpack(why, errc::size_mismatch, "the tensor has %d axes, the layout has %d", int(t.rank), rank);
  if (t.shape == nullptr) return refuse_dlpack(why, errc::invalid_argument, "the pointer to its shape is null");

  constexpr std::int64_t largest = sizeof(typename E::index_type) == 4 ? INT32_MAX : INT64_MAX;
  constexpr char const* wider =
      sizeof(typename E::index_type) == 4 ? "; crosslane::with_index<Layout, std::int64_t> has a wider index" : "";
  constexpr int position[] = {position_of<E, A>...};  // in the order of memory, like everything below
  constexpr std::int64_t extents[] = {E::template fixed_extent<A>()...};
  constexpr std::int64_t fixed[] = {L::template fixed_stride<A>()...};
  char const* const names[] = {axis_name<A>()...};
  bool empty = false;
  for (int i = 0; i < rank; ++i) {
    std::int64_t const n = t.shape[position[i]];
    empty = empty || n == 0;
    if (n < 0)
      return refuse_dlpack(why, errc::invalid_argument, "the extent of axis %s is %lld but must not be negative", names[i],
                           static_cast<long long>(n));
    if (extents[i] != dynamic && n != extents[i])
      return refuse_dlpack(why, errc::size_mismatch, "the extent of axis %s is %lld, the layout fixes %lld", names[i],
                           static_cast<long long>(n), static_cast<long long>(extents[i]));
    if (n > largest)
      return refuse_dlpack(why, errc::limit_exceeded, "the extent of axis %s is %lld, the limit of the layout's index is %lld%s", names[i],
                           static_cast<long long>(n), static_cast<long long>(largest), wider);
  }

  std::int64_t span = 1;  // elements that the faster axes span
  for (int i = rank - 1; i >= 0; --i) {
    std::int64_t const n = t.shape[position[i]], stride = t.stride(position[i]);
    constexpr bool gaps = !is_packed<L>;
    std::int64_t const wanted = gaps && fixed[i] != dynamic ? fixed[i] : span;
    strides[position[i]] = wanted;
    if (n == 1 || empty) continue;
    if (stride < 0)
      return refuse_dlpack(why, errc::invalid_argument, "the stride of axis %s is %lld but must not be negative", names[i],
                           static_cast<long long>(stride));
    if (gaps && fixed[i] == dynamic ? stride < span : stride != wanted) {
      if (why == nullptr) return false;
      return refuse_dlpack(why, errc::invalid_argument, "the stride of axis %s is %lld, a %s layout of order %s needs %s%lld", names[i],
                           static_cast<long long>(stride), gaps ? "strided" : "packed", order_text(axes<A...>{}).c_str(),
                           gaps && fixed[i] == dynamic ? "at least " : "", static_cast<long long>(wanted));
    }
    strides[position[i]] = stride;
    std::int64_t reach = 0;
    if (__builtin_mul_overflow(n - 1, stride, &reach) || __builtin_add_overflow(span, reach, &span) || span > largest ||
        span > INT64_MAX / std::int64_t(sizeof(T)))
      return refuse_dlpack(why, errc::limit_exceeded, "the elements exceed the range of the layout's %zu-bit index or of addresses%s",
                           8 * sizeof(typename E::index_type), wider);
  }
  return true;
}

template <class L>
struct dlpack_layout {
  static_assert(is_packed<L> || is_strided<L>,
                "crosslane: DLPack describes a tensor by one stride for each axis, so its layout must be packed or strided");
};

template <class L, class... A>
L make_dlpack_layout(dlpack_facts const& t, [[maybe_unused]] std::int64_t const (&strides)[sizeof...(A)], source_location where,
                     axes<A...> declared) {
  using E = typename L::extents_type;
  E const e{t.shape[decltype(declared)::template position<A>()]..., where};
  if constexpr (is_packed<L>)
    return L{e, where};
  else
    return L{e, typename E::multi_index{{typename E::index_type(strides[decltype(declared)::template position<A>()])...}}, where};
}

/// Tells the backend that kernels and code of another library may both access this memory. Only the host backend wants to know.
template <class B>
void share_memory([[maybe_unused]] void const* p, [[maybe_unused]] std::size_t bytes) noexcept {
  if constexpr (requires { B::share_memory(p, bytes); }) B::share_memory(p, bytes);
}

template <class T, class L, class B>
tensor_view<T, L> view_dlpack(basic_device<B> device, dlpack_facts const& t, source_location where) {
  (void)sizeof(dlpack_layout<L>);
  auto const fail = [&](errc code, char const* why) {
    error_text object;
    t.describe(object);
    throw_error(code, where, "%s: %s", object.c_str(), why);
  };
  std::int64_t strides[L::extents_type::rank];
  dlpack_refusal why;
  if (!dlpack_fits<T, L>(t, strides, &why, typename L::order{})) fail(why.code, why.text.c_str());
  if (!B::reaches_dlpack({t.device.device_type, t.device.device_id}, device.index())) {
    why.text.append("%s device %d cannot access this memory", B::name, device.index());
    fail(errc::invalid_device, why.text.c_str());
  }
  L const layout = make_dlpack_layout<L>(t, strides, where, typename L::extents_type::axes{});
  if (layout.extents().size() == 0) return {nullptr, layout};
  if (t.data == 0) fail(errc::invalid_argument, "the pointer to its data is null");
  std::uintptr_t const address = t.data + t.byte_offset;
  if (address % alignof(T) != 0) {
    why.text.append("address %#llx plus the offset of %llu bytes must be a multiple of %zu bytes", static_cast<unsigned long long>(t.data),
                    static_cast<unsigned long long>(t.byte_offset), alignof(T));
    fail(errc::misaligned, why.text.c_str());
  }
  share_memory<B>(reinterpret_cast<void const*>(address), std::size_t(layout.span_size()) * sizeof(T));
  return {reinterpret_cast<T*>(address), layout};
}

}  // namespace crosslane::detail
