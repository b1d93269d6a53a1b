// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The types of elements in DLPack's numbers, and the names of DLPack's types and devices for messages.
#pragma once

#include <crosslane/core/error.hpp>
#include <crosslane/kernel/numeric/small_float.hpp>
#include <crosslane/kernel/vec.hpp>
#include <crosslane/tensor/dlpack_abi.hpp>

#include <type_traits>

namespace crosslane::detail {

/// A complex number: xl::complex, std::complex, cuda::std::complex, thrust::complex and similar types of two numbers, the real part first.
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
                    "crosslane: DLPack has complex numbers of half, float and double only");
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

}  // namespace crosslane::detail
