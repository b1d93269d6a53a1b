// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A target for libFuzzer: reads any bytes as a network, and evaluates it if it is one.
///
///   chessnet_weights_fuzz -runs=1000000
///
/// The first byte of an input says what the rest is: the bytes of a file, or changes of a right file of some kind, packed or not.
#include "reference.hpp"
#include "weights/read.hpp"
#include "weights/synthetic.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

using bytes = std::vector<std::byte>;

bytes pack(bytes const& file) {
  z_stream zlib{};
  if (deflateInit2(&zlib, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) std::abort();
  bytes result(deflateBound(&zlib, file.size()) + 64);
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(file.data()));
  zlib.avail_in = uInt(file.size());
  zlib.next_out = reinterpret_cast<Bytef*>(result.data());
  zlib.avail_out = uInt(result.size());
  if (deflate(&zlib, Z_FINISH) != Z_STREAM_END) std::abort();
  result.erase(result.end() - std::ptrdiff_t(zlib.avail_out), result.end());
  (void)deflateEnd(&zlib);
  return result;
}

/// Returns a small file of each kind, plain and packed. The last two pairs are larger, because their arrays cannot be small.
std::vector<bytes> make_files() {
  std::vector<bytes> result;
  for (std::size_t const kind : {1u, 2u, 3u, 5u, 0u, 4u}) {
    auto s = chessnet::synthetic_kinds()[kind].shape;
    s.channels = 2;
    s.layers = 1;
    s.heads = 2;
    s.hidden = 2;
    s.appended = 1;
    s.squeeze = s.squeeze > 0 ? 1 : 0;
    if (s.smolgen.part > 0) s.smolgen = {1, 2, 1};
    s.policy_channels = s.policy == chessnet::policy_kind::classical ? 1 : 2;
    s.value_channels = s.moves_left_channels = 1;
    s.head_hidden = 2;
    result.push_back(chessnet::synthetic_file(s, kind));
    result.push_back(pack(result.back()));
  }
  return result;
}

/// Makes changes of 5 bytes each: where (3), how (1), and a value (1).
void make_changes(bytes& file, bytes const& changes) {
  for (std::size_t at = 0; at + 5 <= changes.size() && !file.empty(); at += 5) {
    auto const number = [&](std::size_t i) { return std::to_integer<std::size_t>(changes[at + i]); };
    // Most lengths and keys of a file are at its beginning.
    std::size_t const place = (number(0) | number(1) << 8 | (number(3) & 0x80 ? number(2) << 16 : 0)) % file.size();
    auto const where = file.begin() + std::ptrdiff_t(place);
    switch (number(3) & 7) {
      case 0:
      case 1: *where = changes[at + 4]; break;
      case 2:
      case 3: *where ^= changes[at + 4]; break;
      case 4: file.insert(where, changes[at + 4]); break;
      case 5: file.erase(where, where + std::min<std::ptrdiff_t>(std::ptrdiff_t(number(4)), file.end() - where)); break;
      case 6: file.resize(place); break;
      case 7:
        file.insert(where, file.begin(), file.begin() + std::min<std::ptrdiff_t>(std::ptrdiff_t(number(4)), std::ptrdiff_t(place)));
        break;
    }
  }
}

void read_and_evaluate(bytes file) {
  // An evaluation takes ten times as long as reading a file.
  bool const evaluates = file.size() % 16 == 0;
  try {
    auto const n = chessnet::read_network(std::move(file), 1 << 20);
    if (!evaluates || n.parameters() > 50'000) return;
    auto const planes = chessnet::encode(chessnet::game{chessnet::starting_position()}, n.input);
    if (chessnet::reference::evaluate<float>(n, planes).policy.size() != 1858) std::abort();
  } catch (chessnet::weights_error const& error) {
    std::string_view const text = error.what();
    if (text.empty() || text.size() > 300 || text.find('\n') != text.npos) std::abort();  // not one line
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static auto const files = make_files();
  if (size == 0) return 0;
  auto const input = std::as_bytes(std::span{data, size});
  bytes const rest(input.begin() + 1, input.end());
  std::size_t const mode = data[0];
  if (mode < 16) {
    read_and_evaluate(rest);
  } else if (mode < 32) {  // weights alone behind a right head
    auto const& head = files[0];
    bytes file(head.begin(), head.begin() + 90);
    file.insert(file.end(), rest.begin(), rest.end());
    read_and_evaluate(std::move(file));
  } else {
    // Rarely the large ones, which take long.
    auto file = files[mode < 248 ? mode % 8 : 8 + mode % 4];
    make_changes(file, rest);
    read_and_evaluate(std::move(file));
  }
  return 0;
}
