// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The C structures with which array libraries exchange tensors: DLPack 1.1 (github.com/dmlc/dlpack). Members have the names, types and
/// order of the specification. The functions of dlpack.hpp use the members by name, so they accept the structures of a program's own
/// dlpack.h as well.
#pragma once

#include <crosslane/core/dlpack_device.hpp>

#include <cstddef>
#include <cstdint>

namespace crosslane::dlpack {

/// The version of DLPack that the producer of a structure chose.
struct version {
  std::uint32_t major;
  std::uint32_t minor;
};

/// The version that this library writes. Another major version may change the members after `flags`.
inline constexpr version current_version{1, 1};

/// The type of an element: a type_code, the bits of a number, the numbers of a vector.
struct data_type {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

/// Values of data_type::code.
enum type_code : std::uint8_t {
  signed_integer = 0,
  unsigned_integer = 1,
  ieee_float = 2,
  bfloat = 4,
  complex = 5,
  boolean = 6,
  float8_e4m3fn = 10,
  float8_e4m3fnuz = 11,
  float8_e5m2 = 12,
  float8_e5m2fnuz = 13,
};

/// Memory, shape and strides of a tensor. The producer owns them. Strides are in elements. A null `strides` means row-major order without
/// gaps; producers before DLPack 1.2 may leave the strides out.
struct tensor {
  void* data;
  dlpack::device device;
  std::int32_t ndim;
  data_type dtype;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
};

/// A tensor with a deleter. The consumer calls `deleter` once with the structure to return it. A Python capsule of it has the name
/// "dltensor".
struct managed_tensor {
  tensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(managed_tensor*);
};

inline constexpr std::uint64_t read_only = 1;  ///< a bit of `flags`: consumers must not write the elements

/// A tensor with a deleter and a version, since DLPack 1.0. A Python capsule of it has the name "dltensor_versioned".
struct managed_tensor_versioned {
  dlpack::version version;
  void* manager_ctx;
  void (*deleter)(managed_tensor_versioned*);
  std::uint64_t flags;
  tensor dl_tensor;
};

static_assert(sizeof(void*) != 8 || (sizeof(tensor) == 48 && sizeof(managed_tensor) == 64 && sizeof(managed_tensor_versioned) == 80));

}  // namespace crosslane::dlpack
