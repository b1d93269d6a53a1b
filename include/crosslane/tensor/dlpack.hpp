// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Exchange of tensors with other libraries (PyTorch, NumPy, CuPy, JAX …) through DLPack, in both directions. Nothing is copied.
#pragma once

#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/kernel/vec.hpp>
#include <crosslane/tensor/dlpack_abi.hpp>
#include <crosslane/tensor/slice.hpp>
#include <crosslane/tensor/tensor.hpp>

#include <climits>

namespace crosslane {

/// A managed tensor of DLPack: dlpack::managed_tensor, dlpack::managed_tensor_versioned, or the same structures from a program's own
/// dlpack.h.
template <class M>
concept dlpack_managed = requires(M m) {
  m.dl_tensor.data;
  m.dl_tensor.device.device_type;
  m.dl_tensor.byte_offset;
  m.manager_ctx;
  m.deleter(&m);
};

namespace detail {

template <class M>
concept dlpack_versioned = dlpack_managed<M> && requires(M m) {
  m.version.major;
  m.flags;
};

template <class A>
inline constexpr std::int64_t dynamic_stride = dynamic;

template <class L, class List>
struct dynamic_strides_of;
template <class L, class... A>
struct dynamic_strides_of<L, axes<A...>> {
  using type = strided<typename L::extents_type, typename L::order, strides<dynamic_stride<A>...>>;
};

template <class L>
inline constexpr bool is_strided = false;
template <class E, class Order, class S>
inline constexpr bool is_strided<strided<E, Order, S>> = true;

}  // namespace detail

/// Layout L with a run-time stride for each axis, in the same order of memory. A part of a larger tensor of another library has such a
/// layout. with_strides<nchw> takes rows, channels and images with gaps.
template <class L>
using with_strides = typename detail::dynamic_strides_of<L, typename L::extents_type::axes>::type;

namespace detail {

/// A complex number: std::complex, cuda::std::complex, thrust::complex and similar types of two numbers, the real part first.
template <class T>
concept complex_number = requires(T const& x) {
  typename T::value_type;
  x.real();
  x.imag();
} && sizeof(T) == 2 * sizeof(typename T::value_type) && std::is_trivially_copyable_v<T>;

template <class T>
inline constexpr unsigned vector_size = 0;
template <class T, unsigned N>
inline constexpr unsigned vector_size<vec<T, N>> = N;

template <class T>
constexpr dlpack::data_type dlpack_type() {
  constexpr auto bits = std::uint8_t(8 * sizeof(T));
  if constexpr (std::is_same_v<T, bool>)
    return {dlpack::boolean, bits, 1};
  else if constexpr (std::is_integral_v<T>)
    return {std::is_signed_v<T> ? dlpack::signed_integer : dlpack::unsigned_integer, bits, 1};
  else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, half>)
    return {dlpack::ieee_float, bits, 1};
  else if constexpr (std::is_same_v<T, bfloat16>)
    return {dlpack::bfloat, bits, 1};
  else if constexpr (std::is_same_v<T, fp8_e4m3>)
    return {dlpack::float8_e4m3fn, bits, 1};
  else if constexpr (std::is_same_v<T, fp8_e4m3_fnuz>)
    return {dlpack::float8_e4m3fnuz, bits, 1};
  else if constexpr (std::is_same_v<T, fp8_e5m2>)
    return {dlpack::float8_e5m2, bits, 1};
  else if constexpr (std::is_same_v<T, fp8_e5m2_fnuz>)
    return {dlpack::float8_e5m2fnuz, bits, 1};
  else if constexpr (vector_size<T> != 0) {
    dlpack::data_type type = dlpack_type<typename T::value_type>();
    type.lanes = vector_size<T>;
    return type;
  } else {
    if constexpr (complex_number<T>)
      static_assert(dlpack_type<typename T::value_type>().code == dlpack::ieee_float,
                    "crosslane: DLPack has complex numbers of half, float and double");
    else
      static_assert(
          sizeof(T) == 0,
          "crosslane: elements for DLPack are integers, bool, float, double, the library's small types, complex numbers, and vec of "
          "these");
    return {dlpack::complex, bits, 1};
  }
}

inline void describe_dlpack_type(error_text& t, dlpack::data_type type) noexcept {
  constexpr char const* names[] = {"int",
                                   "uint",
                                   "float",
                                   "handle",
                                   "bfloat",
                                   "complex",
                                   "bool",
                                   "float8_e3m4",
                                   "float8_e4m3",
                                   "float8_e4m3b11fnuz",
                                   "float8_e4m3fn",
                                   "float8_e4m3fnuz",
                                   "float8_e5m2",
                                   "float8_e5m2fnuz",
                                   "float8_e8m0fnu",
                                   "float6_e2m3fn",
                                   "float6_e3m2fn",
                                   "float4_e2m1fn"};
  if (type.code >= sizeof names / sizeof names[0])
    t.append("type code %u of %u bits", unsigned(type.code), unsigned(type.bits));
  else if (type.code >= 6)
    t.append("%s", names[type.code]);
  else
    t.append("%s%u", names[type.code], unsigned(type.bits));
  if (type.lanes != 1) t.append(" in vectors of %u", unsigned(type.lanes));
}

inline char const* dlpack_device_name(std::int32_t type) noexcept {
  switch (type) {
    case dlpack::cpu: return "CPU";
    case dlpack::nvidia: return "NVIDIA GPU";
    case dlpack::nvidia_pinned: return "pinned memory for NVIDIA GPUs";
    case dlpack::amd: return "AMD GPU";
    case dlpack::amd_pinned: return "pinned memory for AMD GPUs";
    case dlpack::nvidia_managed: return "managed memory of NVIDIA GPUs";
    default: return "another kind of device";
  }
}

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
    return refuse_dlpack(why, errc::invalid_argument, "not %s", wanted.c_str());
  }
  if (t.read_only && !std::is_const_v<T>)
    return refuse_dlpack(why, errc::invalid_argument, "read-only, the view's elements are not constant");
  if (t.rank == 0) return refuse_dlpack(why, errc::size_mismatch, "no axes, the layout has %d: a single number has shape (1) here", rank);
  if (t.rank != rank) return refuse_dlpack(why, errc::size_mismatch, "%d axes, the layout has %d", int(t.rank), rank);
  if (t.shape == nullptr) return refuse_dlpack(why, errc::invalid_argument, "no shape");

  constexpr std::int64_t largest = sizeof(typename E::index_type) == 4 ? INT32_MAX : INT64_MAX;
  constexpr char const* wider = sizeof(typename E::index_type) == 4 ? "; crosslane::with_index<Layout, std::int64_t> has a wider one" : "";
  constexpr int position[] = {position_of<E, A>...};  // in the order of memory, like everything below
  constexpr std::int64_t extents[] = {E::template fixed_extent<A>()...};
  constexpr std::int64_t fixed[] = {L::template fixed_stride<A>()...};
  char const* const names[] = {axis_name<A>()...};
  bool empty = false;
  for (int i = 0; i < rank; ++i) {
    std::int64_t const n = t.shape[position[i]];
    empty = empty || n == 0;
    if (n < 0) return refuse_dlpack(why, errc::invalid_argument, "axis %s has a negative extent", names[i]);
    if (extents[i] != dynamic && n != extents[i])
      return refuse_dlpack(why, errc::size_mismatch, "axis %s has %lld, the layout fixes %lld", names[i], static_cast<long long>(n),
                           static_cast<long long>(extents[i]));
    if (n > largest)
      return refuse_dlpack(why, errc::limit_exceeded, "axis %s has %lld, the limit of the layout's index is %lld%s", names[i],
                           static_cast<long long>(n), static_cast<long long>(largest), wider);
  }

  std::int64_t span = 1;  // elements that the faster axes span
  for (int i = rank - 1; i >= 0; --i) {
    std::int64_t const n = t.shape[position[i]], stride = t.stride(position[i]);
    constexpr bool gaps = !is_packed<L>;
    std::int64_t const wanted = gaps && fixed[i] != dynamic ? fixed[i] : span;
    strides[position[i]] = wanted;
    if (n == 1 || empty) continue;
    if (stride < 0) return refuse_dlpack(why, errc::invalid_argument, "axis %s has a negative stride", names[i]);
    if (gaps && fixed[i] == dynamic ? stride < span : stride != wanted) {
      if (why == nullptr) return false;
      return refuse_dlpack(why, errc::invalid_argument, "axis %s has stride %lld, a %s layout of order %s wants %s%lld", names[i],
                           static_cast<long long>(stride), gaps ? "strided" : "packed", order_text(axes<A...>{}).c_str(),
                           gaps && fixed[i] == dynamic ? "at least " : "", static_cast<long long>(wanted));
    }
    strides[position[i]] = stride;
    std::int64_t reach = 0;
    if (__builtin_mul_overflow(n - 1, stride, &reach) || __builtin_add_overflow(span, reach, &span) || span > largest ||
        span > INT64_MAX / std::int64_t(sizeof(T)))
      return refuse_dlpack(why, errc::limit_exceeded, "more elements or bytes than the layout's %zu-bit index or an address counts%s",
                           8 * sizeof(typename E::index_type), wider);
  }
  return true;
}

template <class L>
struct dlpack_layout {
  static_assert(is_packed<L> || is_strided<L>,
                "crosslane: DLPack describes tensors by a stride for each axis; packed and strided layouts are such");
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
    why.text.append("not in reach of %s device %d", B::name, device.index());
    fail(errc::invalid_device, why.text.c_str());
  }
  L const layout = make_dlpack_layout<L>(t, strides, where, typename L::extents_type::axes{});
  if (layout.extents().count() == 0) return {nullptr, layout};
  if (t.data == 0) fail(errc::invalid_argument, "no data");
  std::uintptr_t const address = t.data + t.byte_offset;
  if (address % alignof(T) != 0) {
    why.text.append("address %#llx with an offset of %llu bytes is no multiple of %zu bytes", static_cast<unsigned long long>(t.data),
                    static_cast<unsigned long long>(t.byte_offset), alignof(T));
    fail(errc::misaligned, why.text.c_str());
  }
  return {reinterpret_cast<T*>(address), layout};
}

/// Returns true if the members are where this library expects them. Another major version may move all members except the version and the
/// deleter.
template <dlpack_managed M>
bool is_readable([[maybe_unused]] M const& m) {
  if constexpr (dlpack_versioned<M>)
    return m.version.major == dlpack::current_version.major;
  else
    return true;
}

template <dlpack_managed M>
void require_dlpack_version([[maybe_unused]] M const& m, [[maybe_unused]] source_location where) {
  if constexpr (dlpack_versioned<M>)
    if (!is_readable(m))
      throw_error(errc::not_supported, where, "DLPack tensor of version %u.%u: versions %u.x are understood", unsigned(m.version.major),
                  unsigned(m.version.minor), unsigned(dlpack::current_version.major));
}

/// A DLPack structure with everything it points to, and the owner of the memory.
template <class M, class Owner, int Rank>
struct dlpack_export {
  M managed;
  std::int64_t shape[std::size_t(Rank)];
  std::int64_t strides[std::size_t(Rank)];
  Owner owner;

  static void destroy(M* m) { delete static_cast<dlpack_export*>(m->manager_ctx); }
};

template <class M, class T, class L, class Owner, class... A>
M* export_dlpack(dlpack::device place, tensor_view<T, L> const& view, Owner&& owner, axes<A...>) {
  (void)sizeof(dlpack_layout<L>);
  static_assert(dlpack_versioned<M> || !std::is_const_v<T>,
                "crosslane: DLPack's structure without a version cannot say that elements are constant");
  using holder = dlpack_export<M, std::remove_cvref_t<Owner>, L::extents_type::rank>;
  auto* const h = new holder{
      {}, {std::int64_t{view.template extent<A>()}...}, {std::int64_t{view.template stride<A>()}...}, static_cast<Owner&&>(owner)};
  auto& t = h->managed.dl_tensor;
  t.data = view.count() == 0 ? nullptr : const_cast<std::remove_const_t<T>*>(view.data());
  t.device.device_type = static_cast<decltype(t.device.device_type)>(place.device_type);
  t.device.device_id = place.device_id;
  t.ndim = L::extents_type::rank;
  constexpr dlpack::data_type type = dlpack_type<std::remove_const_t<T>>();
  t.dtype.code = type.code;
  t.dtype.bits = type.bits;
  t.dtype.lanes = type.lanes;
  t.shape = h->shape;
  t.strides = h->strides;
  t.byte_offset = 0;
  h->managed.manager_ctx = h;
  h->managed.deleter = &holder::destroy;
  if constexpr (dlpack_versioned<M>) {
    h->managed.version.major = dlpack::current_version.major;
    h->managed.version.minor = dlpack::current_version.minor;
    h->managed.flags = std::is_const_v<T> ? dlpack::read_only : 0;
  }
  return &h->managed;
}

}  // namespace detail

/// Returns a view of another library's tensor. Called on the host. L is a packed or strided layout, whose axes are the tensor's in the
/// order of its shape. `on` is the device that uses the view. `managed` must outlive the view. The streams that use the view must be
/// ordered after the work that writes the data. Python's __dlpack__ has its stream argument for this.
///
/// Does not change `managed`. Throws:
///  - invalid_argument if the element type differs, if the strides do not fit the layout, if there is no data, or if the tensor is
///    read-only and T is not constant. Strides of an axis of one index and of an empty tensor are ignored;
///  - size_mismatch if the number of axes or a fixed extent differs;
///  - limit_exceeded if the layout's index type cannot count the elements;
///  - invalid_device if `on` cannot access the memory;
///  - misaligned if the address is not a multiple of the alignment of T;
///  - not_supported if the major version of DLPack differs.
///
///   auto const pixels = xl::dlpack_view<float const, xl::nhwc>(device, *managed);
template <class T, tensor_layout L, runtime_backend B, dlpack_managed M>
[[nodiscard]] tensor_view<T, L> dlpack_view(basic_device<B> on, M const& managed, source_location where = source_location::current()) {
  detail::require_dlpack_version(managed, where);
  return detail::view_dlpack<T, L>(on, detail::dlpack_facts_of(managed), where);
}

/// Returns true if version, element type, shape and strides of the tensor fit dlpack_view<T, L>(). Use it to choose a layout. If several
/// layouts fit, as for images of one channel, they place the elements alike.
template <class T, tensor_layout L, dlpack_managed M>
[[nodiscard]] bool dlpack_matches(M const& managed) {
  (void)sizeof(detail::dlpack_layout<L>);
  if (!detail::is_readable(managed)) return false;
  std::int64_t strides[L::extents_type::rank];
  return detail::dlpack_fits<T, L>(detail::dlpack_facts_of(managed), strides, nullptr, typename L::order{});
}

/// An owner of another library's tensor. The destructor returns the tensor by calling its deleter. Work on the tensor must be done by then.
/// It is move-only. As a kernel argument it becomes a tensor_view.
template <class T, tensor_layout L>
class dlpack_tensor {
 public:
  using value_type = std::remove_const_t<T>;  ///< the type of an element
  using element_type = T;                     ///< the same, const if the elements are constant
  using layout_type = L;                      ///< the layout

  /// Takes ownership of `managed`. See from_dlpack().
  template <dlpack_managed M>
  dlpack_tensor(tensor_view<T, L> const& view, M* managed) noexcept
      : view_{view}, managed_{managed}, release_{[](void* m) noexcept {
          auto* const taken = static_cast<M*>(m);
          if (taken->deleter != nullptr) taken->deleter(taken);
        }} {}
  /// Takes the tensor of `other`, which is then moved from.
  dlpack_tensor(dlpack_tensor&& other) noexcept : view_{other.view_}, managed_{other.managed_}, release_{other.release_} {
    other.managed_ = nullptr;
  }
  /// Returns the tensor that this object had, then takes that of `other`, which is then moved from.
  dlpack_tensor& operator=(dlpack_tensor&& other) noexcept {
    if (this != &other) {
      release();
      view_ = other.view_;
      managed_ = other.managed_;
      release_ = other.release_;
      other.managed_ = nullptr;
    }
    return *this;
  }
  ~dlpack_tensor() { release(); }

  [[nodiscard]] T* data() const noexcept { return view_.data(); }            ///< the first element
  [[nodiscard]] L const& layout() const noexcept { return view_.layout(); }  ///< the layout with extents and strides
  [[nodiscard]] tensor_view<T, L> view() const noexcept { return view_; }    ///< valid as long as this object owns the tensor
  /// Throws invalid_handle if the object is moved from.
  void require(source_location where) const {
    if (managed_ == nullptr) throw_error(errc::invalid_handle, where, "DLPack tensor: moved from");
  }

 private:
  void release() noexcept {
    if (managed_ != nullptr) release_(managed_);
    managed_ = nullptr;
  }

  tensor_view<T, L> view_;
  void* managed_;
  void (*release_)(void*) noexcept;
};

/// Takes ownership of a tensor of another library. Checks and throws like dlpack_view(), and throws invalid_argument if `managed` is null.
/// If it throws, `managed` stays the caller's.
///
///   auto const taken = xl::from_dlpack<float, xl::nhwc>(device, managed);
template <class T, tensor_layout L, runtime_backend B, dlpack_managed M>
[[nodiscard]] dlpack_tensor<T, L> from_dlpack(basic_device<B> on, M* managed, source_location where = source_location::current()) {
  if (managed == nullptr) throw_error(errc::invalid_argument, where, "DLPack tensor: null");
  return {dlpack_view<T, L>(on, *managed, where), managed};
}

/// Gives a tensor to another library, which frees it with one call of `deleter`. M is the structure to return, by default the versioned
/// one. Work queued on the tensor must be done, or the receiver's stream must wait for it. Throws invalid_handle if the tensor is moved
/// from.
///
///   DLManagedTensorVersioned* const out = xl::to_dlpack<DLManagedTensorVersioned>(std::move(tensor));
template <dlpack_managed M = dlpack::managed_tensor_versioned, class T, tensor_layout L, memory_kind Kind, runtime_backend B>
[[nodiscard]] M* to_dlpack(basic_tensor<T, L, Kind, B>&& tensor, source_location where = source_location::current()) {
  tensor.require(where);
  auto const place = B::place_in_dlpack(Kind, tensor.device_index());
  auto const view = tensor.view();
  return detail::export_dlpack<M>(place, view, static_cast<basic_tensor<T, L, Kind, B>&&>(tensor), typename L::extents_type::axes{});
}

/// Gives another library a view of device memory. The tensor is read-only if the elements are constant. `owner` keeps the memory alive, for
/// example a std::shared_ptr. It is moved into the returned structure and destroyed by the deleter.
template <dlpack_managed M = dlpack::managed_tensor_versioned, class T, tensor_layout L, runtime_backend B, class Owner>
[[nodiscard]] M* to_dlpack(basic_device<B> on, tensor_view<T, L> const& view, Owner owner) {
  return detail::export_dlpack<M>(B::place_in_dlpack(memory_kind::device, on.index()), view, static_cast<Owner&&>(owner),
                                  typename L::extents_type::axes{});
}

}  // namespace crosslane
