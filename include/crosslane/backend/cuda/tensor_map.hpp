// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The descriptors by which NVIDIA's copy engine knows tensors, since sm_90. The driver makes them.
#pragma once

#include <crosslane/backend/cuda/driver.hpp>
#include <crosslane/core/tensor_map_facts.hpp>

#include <cstdint>

namespace crosslane::backend {

/// A descriptor. Kernels get it as a constant parameter.
struct alignas(128) cuda_tensor_map {
  std::uint64_t words[16];
};

/// The driver's enumerations as the integers that they are.
namespace tensor_map_code {
inline constexpr int tf32 = 11, no_interleave = 0, no_swizzle = 0, swizzle_128 = 3, promote_128 = 2, zeros = 0;
inline int type_of(tensor_map_facts const& t) noexcept {
  int const integer = t.element_bytes == 1 ? 0 : t.element_bytes == 2 ? 1 : t.element_bytes == 4 ? 2 : 4;  // unsigned, of this size
  return t.rounds_to_tf32 ? tf32 : integer;
}
}  // namespace tensor_map_code

/// Makes the descriptor of images. Before CUDA 13.2, that of images of less than 128 KiB is wrong.
inline cudaError_t encode_pixel_map(cuda_tensor_map& out, tensor_map_facts const& t) noexcept {
  using encode = int (*)(void* map, int type, std::uint32_t rank, void* data, std::uint64_t const* extents, std::uint64_t const* strides,
                         int const* lower, int const* upper, std::uint32_t channels, std::uint32_t pixels,
                         std::uint32_t const* element_strides, int interleave, int swizzle, int l2_promotion, int fill);
  static encode const function = reinterpret_cast<encode>(driver_function("cuTensorMapEncodeIm2col"));
  if (function == nullptr || t.extents[3] * t.strides[3] < std::size_t{128} << 10) return cudaErrorNotSupported;
  using namespace tensor_map_code;
  std::uint32_t element_strides[5] = {1, 1, 1, 1, 1};
  int const error = function(&out, type_of(t), 4, t.data, t.extents, t.strides + 1, t.first, t.last, t.tile[0], t.tile[1], element_strides,
                             no_interleave, t.swizzled ? swizzle_128 : no_swizzle, promote_128, zeros);
  return error == 0 ? cudaSuccess : cudaErrorInvalidValue;
}

/// Makes the descriptor. Returns cudaErrorNotSupported if the driver has no such function. The device must have a copy engine.
inline cudaError_t encode_tensor_map(cuda_tensor_map& out, tensor_map_facts const& t) noexcept {
  if (t.takes_pixels) return encode_pixel_map(out, t);
  using encode =
      int (*)(void* map, int type, std::uint32_t rank, void* data, std::uint64_t const* extents, std::uint64_t const* strides,
              std::uint32_t const* box, std::uint32_t const* element_strides, int interleave, int swizzle, int l2_promotion, int fill);
  static encode const function = reinterpret_cast<encode>(driver_function("cuTensorMapEncodeTiled"));
  if (function == nullptr) return cudaErrorNotSupported;
  using namespace tensor_map_code;
  std::uint32_t box[5], element_strides[5] = {1, 1, 1, 1, 1};
  for (unsigned i = 0; i < 5; ++i) box[i] = t.tile[i];
  int const error = function(&out, type_of(t), t.rank, t.data, t.extents, t.strides + 1, box, element_strides, no_interleave,
                             t.swizzled ? swizzle_128 : no_swizzle, promote_128, zeros);
  return error == 0 ? cudaSuccess : cudaErrorInvalidValue;
}

}  // namespace crosslane::backend
