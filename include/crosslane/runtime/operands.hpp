// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Checks of the memory that calls receive: the stream's device must be able to access it, and written memory must not overlap memory that
/// is read. Every backend checks both at the call, by comparing device indices and addresses.
#pragma once

#include <crosslane/runtime/buffer.hpp>

#include <cstdint>

namespace crosslane::detail {

/// Returns the device whose memory a buffer or tensor owns; -1 for host memory and for views.
template <class A>
int owning_device([[maybe_unused]] A const& argument) {
  if constexpr (requires {
                  argument.device();
                  A::kind;
                })
    if (A::kind == memory_kind::device && argument.data() != nullptr) return argument.device().index();
  return -1;
}

/// Throws invalid_argument if an argument owns device memory of another device than the stream's, which has no peer access to it. Positions
/// in the message count from 1. Views are not checked: they do not know their device.
template <runtime_backend B, class... A>
void require_on_device(int device, char const* call, source_location where, A const&... arguments) {
  [[maybe_unused]] int position = 0;
  [[maybe_unused]] auto const check_one = [&](auto const& argument) {
    ++position;
    if (int const owner = owning_device(argument); owner >= 0 && !peers<B>().allows(device, owner))
      throw_error(errc::invalid_argument, where,
                  "%s: memory argument %d is of %s device %d, the stream is of device %d: copy() it to a buffer of device %d, or call "
                  "enable_peer_access() of device %d for device %d",
                  call, position, B::name, owner, device, device, device, owner);
  };
  (check_one(arguments), ...);
}
template <runtime_backend B, class... A>
void require_on_device(basic_stream_ref<B> const& q, char const* call, source_location where, A const&... arguments) {
  require_on_device<B>(q.device().index(), call, where, arguments...);
}

/// Returns the bytes of a range. Throws limit_exceeded above 2^63 - 1.
template <class R>
std::size_t bytes_of(char const* call, R const& range, source_location where) {
  constexpr std::size_t size = sizeof(*range.data());
  if (range.size() > (~std::size_t{0} >> 1) / size)
    throw_error(errc::limit_exceeded, where, "%s: %zu elements of %zu bytes, the limit is 2^63 - 1 bytes", call, std::size_t(range.size()),
                size);
  return range.size() * size;
}

/// Whether two ranges of bytes overlap.
inline bool overlap(void const* a, std::size_t a_bytes, void const* b, std::size_t b_bytes) noexcept {
  std::uintptr_t const from = reinterpret_cast<std::uintptr_t>(a), other = reinterpret_cast<std::uintptr_t>(b);
  return from < other ? other - from < a_bytes && b_bytes != 0 : from - other < b_bytes && a_bytes != 0;
}

/// Throws invalid_argument if the written range overlaps the range that is read: a GPU would read some elements before they are written and
/// some after.
inline void require_apart(char const* call, void const* to, std::size_t to_bytes, void const* from, std::size_t from_bytes,
                          source_location where) {
  if (overlap(to, to_bytes, from, from_bytes))
    throw_error(errc::invalid_argument, where, "%s: the destination, %zu bytes at %p, overlaps the source, %zu bytes at %p", call, to_bytes,
                to, from_bytes, from);
}

/// The same check for rows of equal length. Rows of one side may lie in the gaps between rows of the other.
inline void require_rows_apart(char const* to, std::size_t to_pitch, char const* from, std::size_t from_pitch, std::size_t width,
                               std::size_t height, source_location where) {
  if (!overlap(to, to_pitch * (height - 1) + width, from, from_pitch * (height - 1) + width)) return;
  for (std::size_t i = 0; i < height; ++i) {
    char const* const row = from + i * from_pitch;
    // The first row of the destination that ends behind the beginning of this row.
    std::size_t j = 0;
    if (std::uintptr_t const first = reinterpret_cast<std::uintptr_t>(to) + width, begin = reinterpret_cast<std::uintptr_t>(row);
        begin >= first)
      j = (begin - first) / to_pitch + 1;
    if (j < height && overlap(to + j * to_pitch, width, row, width))
      throw_error(errc::invalid_argument, where,
                  "copy_2d: row %zu of the destination, %zu bytes at %p, overlaps row %zu of the source, at %p", j, width,
                  static_cast<void const*>(to + j * to_pitch), i, static_cast<void const*>(row));
  }
}

}  // namespace crosslane::detail
