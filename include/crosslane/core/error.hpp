// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The exception type of the library.
#pragma once

#include <crosslane/platform/source_location.hpp>

#include <cstdarg>
#include <cstdio>
#include <exception>

namespace crosslane {

/// Kinds of errors, the same for all vendors.
enum class errc : unsigned char {
  invalid_argument,   ///< an argument that the call does not accept
  size_mismatch,      ///< two sizes differ that must be equal
  limit_exceeded,     ///< more than the device, the kernel or the library supports
  out_of_memory,      ///< an allocation failed
  out_of_bounds,      ///< an index outside the view
  misaligned,         ///< an address that is not a multiple of the alignment that the access needs
  no_device,          ///< no driver, or no device of this backend, on this machine
  invalid_device,     ///< a device index outside the range of this machine
  invalid_handle,     ///< a null or moved-from stream, event or buffer
  not_supported,      ///< the device lacks a feature
  invalid_call,       ///< a call that is not allowed: in a host callback, or on a stream of the process before fork()
  divergent_barrier,  ///< threads of a block wait at different barriers, or some returned before a barrier
  divergent_wave,     ///< lanes of a wave are in different wave operations, at different places, or returned before one
  invalid_lane,       ///< a read from a lane that does not take part
  data_race,          ///< two unordered accesses to one address by kernels, copies or the host, at least one of them a write
  unwritten_memory,   ///< a read of memory that was never written
  kernel_fault,       ///< a kernel trapped or faulted, or the vendor's runtime refused it
  vendor,             ///< any other error of the vendor's runtime
};

/// Returns the name in words: "out of memory".
CROSSLANE_FN constexpr char const* to_string(errc code) noexcept {
  switch (code) {
    case errc::invalid_argument: return "invalid argument";
    case errc::size_mismatch: return "size mismatch";
    case errc::limit_exceeded: return "limit exceeded";
    case errc::out_of_memory: return "out of memory";
    case errc::out_of_bounds: return "out of bounds";
    case errc::misaligned: return "misaligned";
    case errc::no_device: return "no device";
    case errc::invalid_device: return "invalid device";
    case errc::invalid_handle: return "invalid handle";
    case errc::not_supported: return "not supported";
    case errc::invalid_call: return "invalid call";
    case errc::divergent_barrier: return "divergent barrier";
    case errc::divergent_wave: return "divergent wave operation";
    case errc::invalid_lane: return "invalid lane";
    case errc::data_race: return "data race";
    case errc::unwritten_memory: return "unwritten memory";
    case errc::kernel_fault: return "kernel fault";
    case errc::vendor: return "vendor error";
  }
  return "unknown error";
}

/// Text of bounded length in a member array, since errors must be reportable when memory has run out. Longer text is truncated.
class error_text {
 public:
  char const* c_str() const noexcept { return data_; }  ///< the text, null-terminated

  /// Appends text formatted as by printf.
  [[gnu::format(printf, 2, 3)]] void append(char const* format, ...) noexcept {
    va_list arguments;
    va_start(arguments, format);
    vappend(format, arguments);
    va_end(arguments);
  }

  /// Appends text formatted as by vprintf. The capacity is 1535 characters.
  [[gnu::format(printf, 2, 0)]] void vappend(char const* format, va_list arguments) noexcept {
    int const written = std::vsnprintf(data_ + length_, sizeof data_ - length_, format, arguments);
    if (written > 0) length_ += unsigned(written);
    if (length_ >= sizeof data_) length_ = sizeof data_ - 1;
  }

 private:
  unsigned length_ = 0;
  char data_[1536] = {};
};

/// The answer of the vendor's runtime. The code is 0 if the library itself refused the call.
struct vendor_status {
  char const* call = "";  ///< the name of the vendor's function; a string literal
  int code = 0;           ///< the vendor's error number
  char const* text = "";  ///< the vendor's description; static storage
};

/// The exception that every function of the host side throws. what() contains the kind of error, the object with its numbers, the vendor's
/// answer and the caller's source line.
class [[gnu::visibility("default")]] error : public std::exception {
 public:
  /// Builds the text of what() from its parts. throw_error() calls this and throws.
  error(errc code, error_text const& object, source_location where, vendor_status vendor = {}) noexcept
      : code_{code}, vendor_{vendor}, where_{where}, object_{object} {
    what_.append("%s: %s", to_string(code), object.c_str());
    if (vendor.code != 0) what_.append(": %s returned %d (%s)", vendor.call, vendor.code, vendor.text);
    if (where.line != 0) what_.append(" [%s:%u]", where.file, where.line);
  }

  errc code() const noexcept { return code_; }                      ///< the kind of error
  vendor_status const& vendor() const noexcept { return vendor_; }  ///< the vendor's answer; its code is 0 if the library refused
  /// Returns the text that describes the object: device, stream, bytes asked for, kernel, limit and value.
  char const* object() const noexcept { return object_.c_str(); }
  source_location const& where() const noexcept { return where_; }      ///< the line of the call that threw, or of the launch
  char const* what() const noexcept override { return what_.c_str(); }  ///< the whole text, in one line

 private:
  errc code_;
  vendor_status vendor_;
  source_location where_;
  error_text object_;
  error_text what_;
};

/// Builds and throws an error. `format` is a printf format. The text names the object, the limit and the value.
[[noreturn, gnu::cold, gnu::noinline, gnu::format(printf, 3, 4)]] inline void throw_error(errc code, source_location where,
                                                                                          char const* format, ...) {
  error_text object;
  va_list arguments;
  va_start(arguments, format);
  object.vappend(format, arguments);
  va_end(arguments);
  throw error{code, object, where};
}

}  // namespace crosslane
