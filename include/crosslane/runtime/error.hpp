// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The one exception type of the library.
#pragma once

#include <crosslane/platform/source_location.hpp>

#include <cstdarg>
#include <cstdio>
#include <exception>

namespace crosslane {

/// What went wrong, in the library's own terms.
enum class errc : unsigned char {
  invalid_argument,   ///< a value that no call accepts
  size_mismatch,      ///< two sizes that must be equal are not
  limit_exceeded,     ///< more than the device, the kernel or the library can do
  out_of_memory,      ///< an allocation failed
  out_of_bounds,      ///< an index outside its view
  misaligned,         ///< an address that is no multiple of what the access needs
  no_device,          ///< no driver or no device of this backend on this machine
  invalid_device,     ///< a device index that does not exist
  invalid_handle,     ///< a null or moved-from stream, event or buffer
  not_supported,      ///< the device lacks a feature
  invalid_call,       ///< a call that is not allowed there: in a host callback, or on a stream of the process before fork()
  divergent_barrier,  ///< threads of a block at different barriers, or returned before one
  divergent_wave,     ///< lanes of a wave operation in different operations, at different places, or returned
  invalid_lane,       ///< a read from a lane that does not take part
  data_race,          ///< two accesses of kernels, copies or the program to one place, unordered, one of them a write
  unwritten_memory,   ///< a read of memory that nothing has written
  kernel_fault,       ///< a kernel trapped, faulted or was refused
  vendor,             ///< any other error of the vendor's runtime
};

/// In words: "out of memory".
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

/// Text of bounded length, kept in place: an error must be reportable when memory has run out. Longer text is cut.
class error_text {
 public:
  char const* c_str() const noexcept { return data_; }  ///< null-terminated

  /// Appends printf's text.
  [[gnu::format(printf, 2, 3)]] void append(char const* format, ...) noexcept {
    va_list arguments;
    va_start(arguments, format);
    vappend(format, arguments);
    va_end(arguments);
  }

  /// The same with the arguments of another variadic function. Takes text up to the capacity, of 1535 characters.
  void vappend(char const* format, va_list arguments) noexcept {
    int const written = std::vsnprintf(data_ + length_, sizeof data_ - length_, format, arguments);
    if (written > 0) length_ += unsigned(written);
    if (length_ >= sizeof data_) length_ = sizeof data_ - 1;
  }

 private:
  unsigned length_ = 0;
  char data_[1536] = {};
};

/// What the vendor's runtime answered; code 0 where the library itself refused.
struct vendor_status {
  char const* call = "";  ///< the vendor's function, a literal
  int code = 0;           ///< the vendor's number
  char const* text = "";  ///< the vendor's words, static storage
};

/// Thrown by every function of the program's side. `what()` names the error, the object with its numbers, the vendor's answer
/// and the caller's source line.
class [[gnu::visibility("default")]] error : public std::exception {
 public:
  /// Builds the text of what() from its parts; throw_error() does so and throws.
  error(errc code, error_text const& object, source_location where, vendor_status vendor = {}) noexcept
      : code_{code}, vendor_{vendor}, where_{where}, object_{object} {
    what_.append("%s: %s", to_string(code), object.c_str());
    if (vendor.code != 0) what_.append(": %s returned %d (%s)", vendor.call, vendor.code, vendor.text);
    if (where.line != 0) what_.append(" [%s:%u]", where.file, where.line);
  }

  errc code() const noexcept { return code_; }                      ///< what kind of error
  vendor_status const& vendor() const noexcept { return vendor_; }  ///< the vendor's answer, where it was the vendor who refused
  /// What it happened to: device, stream, bytes asked for, kernel, limit and value.
  char const* object() const noexcept { return object_.c_str(); }
  source_location const& where() const noexcept { return where_; }      ///< the caller's line: of the call that threw, or of the launch
  char const* what() const noexcept override { return what_.c_str(); }  ///< all of it in one line

 private:
  errc code_;
  vendor_status vendor_;
  source_location where_;
  error_text object_;
  error_text what_;
};

/// Builds and throws an error. The text is a printf format and names the object, the limit and the value.
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
