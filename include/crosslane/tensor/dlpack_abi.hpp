// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The C structures through which array libraries hand each other tensors: DLPack 1.1 (github.com/dmlc/dlpack). Members have the names,
/// types and order of that specification. Functions of dlpack.hpp read any structure with these members by name, so that those of a
/// program's own dlpack.h do as well.
#pragma once

#include <crosslane/runtime/dlpack_device.hpp>

#include <cstddef>
#include <cstdint>

namespace crosslane::dlpack {

/// Of the structure, chosen by its maker.
struct version {
  std::uint32_t major;
  std::uint32_t minor;
};

/// What another major version changes are the members behind `flags`.
inline constexpr version current_version{1, 1};

/// An element: type_code, bits of a number, numbers of a vector.
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

/// Memory, shape and strides, which its maker keeps. Strides are in elements; none means rows without gaps, which producers before 1.2 may
/// leave out.
struct tensor {
  void* data;
  dlpack::device device;
  std::int32_t ndim;
  data_type dtype;
  std::int64_t* shape;
  std::int64_t* strides;
  std::uint64_t byte_offset;
};

/// A tensor that `deleter` gives back, called once with it. In a Python capsule named "dltensor".
struct managed_tensor {
  tensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(managed_tensor*);
};

inline constexpr std::uint64_t read_only = 1;  ///< of `flags`

/// The same since DLPack 1.0. In a Python capsule named "dltensor_versioned".
struct managed_tensor_versioned {
  dlpack::version version;
  void* manager_ctx;
  void (*deleter)(managed_tensor_versioned*);
  std::uint64_t flags;
  tensor dl_tensor;
};

static_assert(sizeof(void*) != 8 || (sizeof(tensor) == 48 && sizeof(managed_tensor) == 64 && sizeof(managed_tensor_versioned) == 80));

}  // namespace crosslane::dlpack
