// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads and stores of vectors in spans of elements, by the widest accesses.
#pragma once

#include <crosslane/backend/native/select.hpp>
#include <crosslane/core/access.hpp>
#include <crosslane/core/span.hpp>
#include <crosslane/kernel/vec.hpp>

#include <cstdint>

namespace crosslane {
namespace detail {

template <class V>
CROSSLANE_FN void check_vec_access([[maybe_unused]] void const* data, [[maybe_unused]] span_index index, [[maybe_unused]] std::size_t size,
                                   [[maybe_unused]] char const* what) {
#if CROSSLANE_CONFIG_BOUNDS_CHECKS && !CROSSLANE_DEVICE_PASS()
  source_location const where = index.where;
  if (size < V::size || index.value > size - V::size)
    throw_error(errc::out_of_bounds, where, "%s of %u elements from index %zu is outside a span of %zu elements, at %s:%u", what, V::size,
                index.value, size, where.file, where.line);
  void const* const address = static_cast<typename V::value_type const*>(data) + index.value;
  if (reinterpret_cast<std::uintptr_t>(address) % alignof(V) != 0)
    throw_error(errc::misaligned, where,
                "%s of %u elements of %zu bytes: the address %p of element %zu of the span must be a multiple of %zu, at %s:%u", what,
                V::size, sizeof(typename V::value_type), address, index.value, alignof(V), where.file, where.line);
#endif
}

}  // namespace detail

/// Returns elements index ... index + N - 1 of a span. Any thread may call it. Preconditions: these elements exist, and their address is a
/// multiple of alignof(vec<T, N>). Otherwise the host throws out_of_bounds or misaligned if bounds are checked; a GPU faults or
/// accesses other elements.
template <unsigned N, access Access = access::plain, class T>
CROSSLANE_FN vec<std::remove_cv_t<T>, N> load_vec(span<T> elements, detail::span_index index) {
  using V = vec<std::remove_cv_t<T>, N>;
  detail::check_vec_access<V>(elements.data(), index, elements.size(), "load");
  return backend::native_access::load<Access>(reinterpret_cast<V const*>(elements.data() + index));
}

/// Stores elements index ... index + N - 1 of a span, with the preconditions of load_vec().
template <access Access = access::plain, class T, unsigned N>
CROSSLANE_FN void store_vec(span<T> elements, detail::span_index index, vec<T, N> const& value) {
  static_assert(Access != access::read_only, "crosslane: store_vec() cannot take access::read_only");
  detail::check_vec_access<vec<T, N>>(elements.data(), index, elements.size(), "store");
  backend::native_access::store<Access>(reinterpret_cast<vec<T, N>*>(elements.data() + index), value);
}

/// Requests that the cache line of device memory at an address be loaded into the device's L2 cache; on the host, into the CPU's cache. Any
/// thread may call it. The address may lie outside any object. NVIDIA: one instruction. AMD: an instruction on gfx12 if the address is the
/// same in the whole wave, otherwise nothing.
CROSSLANE_FN inline void prefetch(void const* address) { backend::native_access::prefetch(address); }

}  // namespace crosslane
