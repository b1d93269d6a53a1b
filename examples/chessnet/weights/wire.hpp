// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A reader and a writer of protobuf's wire format, as far as files of weights need it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace chessnet {

/// A file of weights cannot be used. what() is one line that names the part of the file.
struct weights_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The name of a part of a file, as a chain of the names of its enclosing parts. Its text is only made for an error. Lives on the stack.
class part_name {
 public:
  constexpr explicit part_name(std::string_view name) : name_{name} {}
  constexpr part_name(part_name const& outer, std::string_view name) : outer_{&outer}, name_{name} {}
  constexpr part_name(part_name const& outer, std::string_view name, std::size_t index)
      : outer_{&outer}, name_{name}, index_{std::ptrdiff_t(index)} {}

  /// Returns a name like "weights.encoder[3].mha.q_w".
  [[nodiscard]] std::string text() const {
    auto result = outer_ ? outer_->text() + '.' : std::string{};
    result += name_;
    if (index_ >= 0) result += '[' + std::to_string(index_) + ']';
    return result;
  }
  [[noreturn]] void wrong(std::string const& why) const { throw weights_error{text() + ": " + why}; }

 private:
  part_name const* outer_ = nullptr;
  std::string_view name_;
  std::ptrdiff_t index_ = -1;
};

using byte_span = std::span<std::byte const>;

enum class wire_type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// A field of a message.
struct wire_field {
  std::uint32_t number = 0;
  wire_type type = wire_type::varint;
  std::uint64_t value = 0;  // of varint, fixed64 and fixed32
  byte_span bytes;          // of bytes: part of the message that was read

  /// These return the field's content. They throw weights_error if the field has another wire type.
  [[nodiscard]] std::uint64_t as_number(part_name const& where) const {
    require(wire_type::varint, where);
    return value;
  }
  [[nodiscard]] std::uint32_t as_fixed32(part_name const& where) const {
    require(wire_type::fixed32, where);
    return std::uint32_t(value);
  }
  [[nodiscard]] float as_float(part_name const& where) const { return std::bit_cast<float>(as_fixed32(where)); }
  [[nodiscard]] byte_span as_bytes(part_name const& where) const {
    require(wire_type::bytes, where);
    return bytes;
  }

 private:
  void require(wire_type expected, part_name const& where) const {
    if (type != expected) where.wrong("the wire type is " + std::to_string(int(type)) + ", not " + std::to_string(int(expected)));
  }
};

/// Reads the fields of a message one after another.
class wire_reader {
 public:
  /// `where` must live as long as the reader.
  wire_reader(byte_span message, part_name const& where) : rest_{message}, size_{message.size()}, where_{where} {}

  /// Reads the next field. Returns false at the end of the message. Throws weights_error if the message is cut off or damaged.
  bool next(wire_field& field) {
    if (rest_.empty()) return false;
    auto const key = varint();
    if (key >> 3 == 0 || key >> 32 != 0) wrong("field number " + std::to_string(key >> 3));
    field.number = std::uint32_t(key >> 3);
    field.type = wire_type(key & 7);
    field.bytes = {};
    switch (field.type) {
      case wire_type::varint: field.value = varint(); break;
      case wire_type::fixed64: field.value = little_endian(8); break;
      case wire_type::fixed32: field.value = little_endian(4); break;
      case wire_type::bytes: {
        auto const length = varint();
        if (length > rest_.size())
          wrong("field " + std::to_string(field.number) + " has " + std::to_string(length) + " bytes, " + std::to_string(rest_.size()) +
                " are left");
        field.bytes = rest_.first(std::size_t(length));
        rest_ = rest_.subspan(std::size_t(length));
        break;
      }
      default: wrong("wire type " + std::to_string(int(key & 7)));
    }
    return true;
  }

 private:
  [[noreturn]] void wrong(std::string const& what) const {
    where_.wrong("damaged or cut off at byte " + std::to_string(size_ - rest_.size()) + " of " + std::to_string(size_) + ": " + what);
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (rest_.empty()) wrong("a number does not end");
      auto const byte = std::to_integer<std::uint64_t>(rest_[0]);
      if (shift == 63 && byte > 1) break;
      rest_ = rest_.subspan(1);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    wrong("a number has more than 64 bits");
  }

  std::uint64_t little_endian(std::size_t count) {
    if (rest_.size() < count) wrong("a number does not end");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value |= std::to_integer<std::uint64_t>(rest_[i]) << 8 * i;
    rest_ = rest_.subspan(count);
    return value;
  }

  byte_span rest_;
  std::size_t size_;
  part_name const& where_;
};

/// Writes the fields of a message.
class wire_writer {
 public:
  void number(std::uint32_t field, std::uint64_t value) {
    key(field, wire_type::varint);
    varint(value);
  }
  void fixed32(std::uint32_t field, std::uint32_t value) {
    key(field, wire_type::fixed32);
    for (int i = 0; i < 4; ++i) bytes_.push_back(std::byte(value >> 8 * i));
  }
  void real(std::uint32_t field, float value) { fixed32(field, std::bit_cast<std::uint32_t>(value)); }
  void bytes(std::uint32_t field, byte_span value) {
    key(field, wire_type::bytes);
    varint(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
  void text(std::uint32_t field, std::string_view value) { bytes(field, std::as_bytes(std::span{value})); }
  void message(std::uint32_t field, wire_writer const& value) { bytes(field, value.bytes_); }

  /// Moves the message out.
  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  void key(std::uint32_t field, wire_type type) { varint(std::uint64_t{field} << 3 | std::uint64_t(type)); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(std::byte((value & 0x7f) | 0x80));
    bytes_.push_back(std::byte(value));
  }

  std::vector<std::byte> bytes_;
};

}  // namespace chessnet
