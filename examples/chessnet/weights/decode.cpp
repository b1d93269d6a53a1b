// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "decode.hpp"

#include <crosslane/crosslane.hpp>

#include <bit>
#include <cmath>

namespace chessnet {
namespace {

enum : std::uint64_t { absent, linear16, float16, bfloat16, float32 };

template <class T>
T little_endian(std::byte const* bytes) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) value = T(value | T(std::to_integer<T>(bytes[i]) << 8 * i));
  return value;
}

template <class T, class F>
std::vector<float> decode_each(byte_span bytes, F const& f) {
  std::vector<float> values(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = f(little_endian<T>(bytes.data() + i * sizeof(T)));
  return values;
}

std::vector<float> decode_values(message::array const& a) {
  using half = crosslane::half;
  using bf16 = crosslane::bfloat16;
  switch (a.encoding) {
    case float16: return decode_each<std::uint16_t>(a.bytes, [](std::uint16_t bits) { return float(std::bit_cast<half>(bits)); });
    case bfloat16: return decode_each<std::uint16_t>(a.bytes, [](std::uint16_t bits) { return float(std::bit_cast<bf16>(bits)); });
    case float32: return decode_each<std::uint32_t>(a.bytes, [](std::uint32_t bits) { return std::bit_cast<float>(bits); });
    default:
      // Double, because the rounding in float would move the outputs of some networks by more than all other arithmetic.
      return decode_each<std::uint16_t>(a.bytes, [&](std::uint16_t number) {
        double const part = double(number) / 65535;
        return float(double(a.least) * (1 - part) + double(a.most) * part);
      });
  }
}

}  // namespace

std::size_t size_of(message::array const& a, part_name const& where) {
  if (a.encoding > float32) where.wrong("the encoding " + std::to_string(a.encoding) + " is unknown");
  std::size_t const width = a.encoding == float32 ? 4 : 2;
  if (a.bytes.size() % width != 0)
    where.wrong(std::to_string(a.bytes.size()) + " bytes are not whole values of " + std::to_string(width) + " bytes");
  std::size_t const size = a.bytes.size() / width;
  if (a.extents.empty()) return size;
  std::uint64_t stated = 1;
  for (auto const extent : a.extents) {
    if (extent == 0 || stated > size / extent) where.wrong("its dims do not fit its " + std::to_string(size) + " values");
    stated *= extent;
  }
  if (stated != size) where.wrong("its dims state " + std::to_string(stated) + " values, it has " + std::to_string(size));
  return size;
}

std::vector<float> decode(message::array const& a, part_name const& where) {
  (void)size_of(a, where);
  auto values = decode_values(a);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i])) where.wrong("value " + std::to_string(i) + " is not finite");
  return values;
}

}  // namespace chessnet
