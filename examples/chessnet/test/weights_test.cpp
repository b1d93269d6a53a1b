// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Files of weights: every kind is read, and every wrong one is refused with one line that names the part.
#include "weights/decode.hpp"
#include "weights/read.hpp"
#include "weights/synthetic.hpp"

#include <zlib.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>

namespace {

using namespace chessnet;
using bytes = std::vector<std::byte>;

std::string message_of(std::function<void()> const& f) {
  try {
    f();
  } catch (weights_error const& error) {
    return error.what();
  }
  return "no error";
}
std::string reason(bytes const& file) {
  return message_of([&] { (void)read_network(file); });
}

bytes pack(bytes const& file) {
  z_stream zlib{};
  EXPECT_EQ(deflateInit2(&zlib, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  bytes result(deflateBound(&zlib, file.size()) + 64);
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(file.data()));
  zlib.avail_in = uInt(file.size());
  zlib.next_out = reinterpret_cast<Bytef*>(result.data());
  zlib.avail_out = uInt(result.size());
  EXPECT_EQ(deflate(&zlib, Z_FINISH), Z_STREAM_END);
  result.erase(result.end() - std::ptrdiff_t(zlib.avail_out), result.end());
  (void)deflateEnd(&zlib);
  return result;
}

/// A shape of each kind with as few weights as its policy allows.
std::vector<synthetic_shape> small_shapes() {
  std::vector<synthetic_shape> result;
  for (auto const& kind : synthetic_kinds().first(6)) {
    auto s = kind.shape;
    s.channels = 8;
    s.layers = 2;
    s.heads = 2;
    s.hidden = 4;
    s.appended = 1;
    s.squeeze = s.squeeze > 0 ? 2 : 0;
    if (s.smolgen.part > 0) s.smolgen = {1, 2, 1};
    s.policy_channels = s.policy == policy_kind::classical ? 1 : 4;
    s.value_channels = s.moves_left_channels = 1;
    s.head_hidden = 2;
    result.push_back(s);
  }
  return result;
}

// Changes of files, field by field.

struct field_bytes {
  wire_field field;
  bytes content;  // of fields with bytes: may differ from the field's
};

std::vector<field_bytes> fields_of(byte_span message) {
  part_name const where{"test"};
  wire_reader reader{message, where};
  std::vector<field_bytes> result;
  for (wire_field f; reader.next(f);) result.push_back({f, {f.bytes.begin(), f.bytes.end()}});
  return result;
}

bytes written(std::vector<field_bytes> const& fields) {
  wire_writer w;
  for (auto const& f : fields) switch (f.field.type) {
      case wire_type::varint: w.number(f.field.number, f.field.value); break;
      case wire_type::fixed32: w.fixed32(f.field.number, std::uint32_t(f.field.value)); break;
      default: w.bytes(f.field.number, f.content); break;
    }
  return w.take();
}

using change = std::function<void(std::vector<field_bytes>&)>;

/// Returns the message with the change made in the sub-message at the path of field numbers. Of repeated fields the first.
bytes changed(byte_span message, std::span<std::uint32_t const> path, change const& f) {
  auto fields = fields_of(message);
  if (path.empty()) {
    f(fields);
    return written(fields);
  }
  for (auto& field : fields)
    if (field.field.number == path[0]) {
      field.content = changed(field.content, path.subspan(1), f);
      return written(fields);
    }
  ADD_FAILURE() << "no field " << path[0];
  return {};
}
bytes changed(bytes const& file, std::vector<std::uint32_t> const& path, change const& f) {
  return changed(byte_span{file}, std::span<std::uint32_t const>{path}, f);
}

change drop(std::uint32_t number) {
  return [=](std::vector<field_bytes>& fields) { std::erase_if(fields, [=](auto const& f) { return f.field.number == number; }); };
}
change set_number(std::uint32_t number, std::uint64_t value) {
  return [=](std::vector<field_bytes>& fields) {
    drop(number)(fields);
    wire_field f;
    f.number = number;
    f.value = value;
    fields.push_back({f, {}});
  };
}
change set_float(std::uint32_t number, float value) {
  return [=](std::vector<field_bytes>& fields) {
    drop(number)(fields);
    wire_field f;
    f.number = number;
    f.type = wire_type::fixed32;
    f.value = std::bit_cast<std::uint32_t>(value);
    fields.push_back({f, {}});
  };
}
/// Cuts the values of an array.
change keep_bytes(std::size_t count) {
  return [=](std::vector<field_bytes>& fields) {
    for (auto& f : fields)
      if (f.field.number == 3) f.content.resize(count);
  };
}

/// Cuts the filters of a convolution, which have this many weights each.
change keep_filters(std::size_t count, std::size_t each) {
  return [=](std::vector<field_bytes>& fields) {
    for (auto& f : fields) f.content = changed(f.content, {}, keep_bytes(2 * count * (f.field.number == 1 ? each : 1)));
  };
}

constexpr std::size_t plain = 0, squeeze = 1, tower_attention = 2, map = 3, dense = 4, encodings = 5;

bytes file_of(std::size_t kind) { return synthetic_file(small_shapes()[kind], 7); }

TEST(weights, every_kind) {
  auto const of = [](std::size_t kind) { return read_network(file_of(kind)).describe(); };
  EXPECT_EQ(of(plain), "tower 8 x 2, policy classical, value scalar");
  EXPECT_EQ(of(squeeze), "SE tower 8 x 2, policy convolution, value WDL, moves left");
  EXPECT_EQ(of(tower_attention), "SE tower 8 x 2, policy attention, value WDL, moves left");
  EXPECT_EQ(of(map), "attention body 8 x 2 with 2 heads, smolgen, policy attention, value WDL, moves left");
  EXPECT_EQ(of(dense), "attention body 8 x 2 with 2 heads, smolgen, policy attention, value WDL, moves left");
  EXPECT_EQ(of(encodings), "attention body 8 x 2 with 2 heads, policy attention, value WDL");
  auto const several = read_network(file_of(dense));
  EXPECT_EQ(several.policy_heads.size(), 4u);
  EXPECT_EQ(several.value_named("st").name, "st");
  EXPECT_EQ(message_of([&] { (void)several.policy_named("best"); }),
            "the network has no policy head 'best', but vanilla, optimistic, soft, opponent");
}

TEST(weights, the_layout_is_part_of_a_view) {
  auto const n = read_network(file_of(map));
  auto const& q = n.body->encoders.layers[0].q;
  static_assert(std::is_same_v<decltype(q.view()), xl::tensor_view<float const, xl::row_major<axis::out, axis::in>>>);
  EXPECT_EQ(q.view()(3, 5), q.weights[3 * 8 + 5]);
  EXPECT_EQ(n.body->gates->multiply_view()(2, 63), n.body->gates->multiply[2 * 64 + 63]);
  auto const tower = read_network(file_of(squeeze));
  auto const& c = tower.tower->input;
  EXPECT_EQ(c.view()(1, 2, 0, 1), c.weights[((1 * 112 + 2) * 3 + 0) * 3 + 1]);

  // The same layer of the value reads channels of squares on a tower, and squares of channels on a body.
  auto shape = small_shapes()[map];
  shape.value_channels = 3;
  auto const on_body = read_network(synthetic_file(shape, 1)).value_heads[0].hidden;
  EXPECT_EQ(on_body.by_square()(1, 2, 5), on_body.weights[(1 * 64 + 5) * 3 + 2]);
  EXPECT_EQ(on_body.by_channel()(1, 2, 5), on_body.weights[(1 * 3 + 2) * 64 + 5]);
}

/// 65535 is the largest number, and all encodings are of the same value.
TEST(weights, encodings_of_arrays) {
  part_name const where{"a"};
  auto const values = [&](message::array a, std::initializer_list<int> content) {
    bytes data;
    for (int const b : content) data.push_back(std::byte(b));
    a.bytes = data;
    return decode(a, where);
  };
  EXPECT_EQ(values({.least = -1, .most = 3}, {0, 0, 0xff, 0xff, 0, 0x80}), (std::vector<float>{-1, 3, float(-1 + 4 * 32768.0 / 65535)}));
  EXPECT_EQ(values({.encoding = 2}, {0x00, 0x3c, 0x00, 0xc0}), (std::vector<float>{1, -2}));
  EXPECT_EQ(values({.encoding = 3}, {0x80, 0x3f, 0x00, 0xc0}), (std::vector<float>{1, -2}));
  EXPECT_EQ(values({.encoding = 4}, {0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}), (std::vector<float>{1, -2}));
}

/// Decoding in float would round most of these numbers otherwise.
TEST(weights, are_decoded_in_double) {
  part_name const where{"a"};
  bytes data;
  for (unsigned number = 0; number < 65536; ++number) data.insert(data.end(), {std::byte(number & 0xff), std::byte(number >> 8)});
  message::array const a{.bytes = data, .least = -1234.567f, .most = 0.001f};
  auto const values = decode(a, where);
  int other = 0;
  for (unsigned number = 0; number < 65536; ++number) {
    double const part = number / 65535.0;
    EXPECT_EQ(values[number], float(double(-1234.567f) * (1 - part) + double(0.001f) * part));
    other += values[number] != -1234.567f + (0.001f - -1234.567f) * float(part);
  }
  EXPECT_GT(other, 1000);
}

TEST(weights, batch_norm_is_folded) {
  auto s = small_shapes()[squeeze];
  s.batch_norm = true;
  auto const with = read_network(synthetic_file(s, 3));
  auto const file = synthetic_file(s, 3);
  // Without means, weights stay as they are and the bias is needed.
  auto const bare = changed(file, {10, 1}, [](auto& fields) {
    auto const means = std::find_if(fields.begin(), fields.end(), [](auto const& f) { return f.field.number == 3; });
    means->field.number = 2;
    drop(4)(fields);
  });
  auto const without = read_network(bare);
  auto const message = message::parse(file);
  part_name const where{"a"};
  auto const& c = message.weights->input;
  auto const mean = decode(c.means, where), variance = decode(c.variances, where), gamma = decode(c.gammas, where),
             beta = decode(c.betas, where);
  for (std::size_t o = 0; o < 8; ++o) {
    double const factor = gamma[o] / std::sqrt(variance[o] + 1e-5);
    EXPECT_NEAR(with.tower->input.weights[o * 1008 + 17], factor * without.tower->input.weights[o * 1008 + 17], 1e-7);
    EXPECT_NEAR(with.tower->input.bias[o], beta[o] - mean[o] * factor, 1e-6);
    EXPECT_EQ(without.tower->input.bias[o], mean[o]);
  }
}

TEST(weights, what_older_files_leave_out) {
  // No format at all: a plain tower with classical heads.
  EXPECT_EQ(read_network(changed(file_of(plain), {}, drop(4))).describe(), "tower 8 x 2, policy classical, value scalar");
  // Old numbers of towers.
  auto const old = [](std::size_t kind, std::uint64_t network) { return changed(file_of(kind), {4, 2}, set_number(3, network)); };
  EXPECT_EQ(read_network(old(plain, 1)).describe(), "tower 8 x 2, policy classical, value scalar");
  // 134 is 7. A body without the kind of embedding has a map.
  EXPECT_EQ(read_network(old(dense, 134)).describe(), read_network(file_of(dense)).describe());
  EXPECT_EQ(read_network(changed(file_of(map), {4, 2}, drop(10))).body->kind, embedding_kind::map);
  // A "tower" with encoder layers is a body.
  auto const body = read_network(old(map, 4));
  ASSERT_TRUE(body.body);
  EXPECT_EQ(body.body->encoders.ffn_activation, activation::relu_squared);
  EXPECT_EQ(body.body->smolgen_activation, activation::swish);
  // Unknown fields are ignored.
  EXPECT_EQ(reason(changed(file_of(map), {10}, set_number(99, 5))), "no error");
}

TEST(weights, packed_or_not) {
  auto const file = file_of(map);
  auto const packed = pack(file);
  auto const expected = read_network(file).body->embedding.weights;
  EXPECT_EQ(read_network(packed).body->embedding.weights, expected);
  // gzip allows several parts.
  bytes parts = pack({file.begin(), file.begin() + 100});
  auto const second = pack({file.begin() + 100, file.end()});
  parts.insert(parts.end(), second.begin(), second.end());
  EXPECT_EQ(read_network(parts).body->embedding.weights, expected);

  auto wrong_sum = packed;
  wrong_sum[packed.size() - 6] ^= std::byte{1};
  EXPECT_EQ(reason(wrong_sum), "the gzip data are damaged: incorrect data check");
  auto wrong_data = packed;
  wrong_data[packed.size() / 2] ^= std::byte{0xff};
  EXPECT_NE(reason(wrong_data), "no error");
  for (std::size_t size = 2; size < packed.size(); size += size < 64 || packed.size() - size < 64 ? 1 : 997)
    EXPECT_EQ(reason({packed.begin(), packed.begin() + std::ptrdiff_t(size)}), "the gzip data are cut off") << size;
}

TEST(weights, zip_bomb) {
  bytes const zeros(5'000'000);
  auto const bomb = pack(zeros);
  EXPECT_LT(bomb.size(), 10'000u);
  EXPECT_EQ(message_of([&] { (void)read_network(bomb, 1'000'000); }), "more than 1000000 bytes come out of the gzip data");
  EXPECT_EQ(unpack(bomb, 5'000'000).size(), 5'000'000u);
  EXPECT_EQ(message_of([&] { (void)unpack(bomb, 4'999'999); }), "more than 4999999 bytes come out of the gzip data");
}

TEST(weights, no_part_of_a_file_is_accepted) {
  for (std::size_t kind = 0; kind < small_shapes().size(); ++kind) {
    auto const file = file_of(kind);
    for (std::size_t size = 0; size < file.size(); size += size < 300 ? 1 : 211) {
      auto const why = reason({file.begin(), file.begin() + std::ptrdiff_t(size)});
      EXPECT_NE(why, "no error") << "kind " << kind << ", " << size << " of " << file.size();
      EXPECT_EQ(why.find('\n'), why.npos);
    }
  }
}

// Any network and any error is a pass. This test is for sanitizers.
TEST(weights, damaged_files_do_no_harm) {
  std::uint64_t state = 1;
  auto const random = [&](std::size_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return std::size_t(state >> 33) % below;
  };
  std::size_t refused = 0;
  for (std::size_t kind = 0; kind < small_shapes().size(); ++kind) {
    auto const file = file_of(kind);
    for (int i = 0; i < 150; ++i) {
      auto damaged = file;
      // Lengths and keys are near the beginning of arrays, so some damage goes where a float would look like one.
      for (std::size_t flips = 1 + random(3); flips > 0; --flips) damaged[random(i % 2 ? 200 : file.size())] ^= std::byte(1 + random(255));
      refused += reason(damaged) != "no error";
    }
  }
  EXPECT_GT(refused, 100u);
}

bytes text(std::string_view s) {
  auto const b = std::as_bytes(std::span{s});
  return {b.begin(), b.end()};
}

TEST(weights, wrong_bytes) {
  EXPECT_EQ(reason({}), "net: it is empty");
  EXPECT_EQ(reason(text("hello, this is no network")), "net: it does not begin with the magic number of lc0's networks");
  EXPECT_EQ(reason(text("\x0d\x01\x02\x03\x04")), "net: it does not begin with the magic number of lc0's networks");
  auto const head = [](std::string const& more) {
    bytes result{std::byte{0x0d}, std::byte{0xc0}, std::byte{1}, std::byte{0}, std::byte{0}};
    auto const rest = text(more);
    result.insert(result.end(), rest.begin(), rest.end());
    return result;
  };
  EXPECT_EQ(reason(head("")), "weights: the file has none");
  auto const damaged = [](int at, int of, std::string const& what) {
    return "net: damaged or cut off at byte " + std::to_string(at) + " of " + std::to_string(of) + ": " + what;
  };
  EXPECT_EQ(reason(head("\x52\x05\x0a")), damaged(7, 8, "field 10 has 5 bytes, 1 are left"));
  EXPECT_EQ(reason(head("\x52")), damaged(6, 6, "a number does not end"));
  EXPECT_EQ(reason(head("\x53")), damaged(6, 6, "wire type 3"));
  EXPECT_EQ(reason(head("\x02")), damaged(6, 6, "field number 0"));
  EXPECT_EQ(reason(head("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")), damaged(15, 16, "a number has more than 64 bits"));
  EXPECT_EQ(reason(head("\x50\x01")), "weights: the wire type is 0, not 2");
  EXPECT_EQ(reason(head("\x52\x04\x0a\x02\x0a\x07")), "weights.input: damaged or cut off at byte 2 of 2: field 1 has 7 bytes, 0 are left");
}

struct wrong_network {
  std::size_t kind;
  std::vector<std::uint32_t> path;
  change make;
  char const* reason;
};

TEST(weights, wrong_networks) {
  wrong_network const wrong[] = {
      // Kinds.
      {plain, {4, 2}, set_number(1, 6), "net.format.network_format.input: 6 is not supported"},
      {plain, {4, 2}, set_number(3, 5), "net.format.network_format: an ONNX model is not supported"},
      {plain, {}, set_number(11, 1), "net.format.network_format: an ONNX model is not supported"},
      {plain, {4, 2}, set_number(3, 8), "net.format.network_format.network: 8 is not supported"},
      {plain, {4, 2}, set_number(4, 4), "net.format.network_format.policy: 4 is not supported"},
      {plain, {4, 2}, set_number(5, 3), "net.format.network_format.value: 3 is not supported"},
      {plain, {4, 2}, set_number(6, 2), "net.format.network_format.moves_left: 2 is not supported"},
      {plain, {4, 2}, set_number(7, 2), "net.format.network_format.default_activation: 2 is not supported"},
      {map, {4, 2}, set_number(8, 10), "net.format.network_format.smolgen_activation: the activation 10 is unknown"},
      {map, {4, 2}, set_number(9, 9), "net.format.network_format.ffn_activation: softmax is not supported as an activation"},
      {map, {4, 2}, set_number(10, 3), "net.format.network_format.input_embedding: 3 is not supported"},
      {map, {4, 2}, set_number(4, 2), "weights: a policy that is not of kind attention needs a tower"},
      {map, {10, 27, 1}, set_number(10, 1), "weights.encoder[0].mha: relative position encodings (rpe_q, rpe_k, rpe_v) are not supported"},
      {map, {10, 27, 1}, set_number(1, 1), "weights.encoder[0].mha.q_w: the wire type is 0, not 2"},
      // Arrays.
      {plain, {10, 1, 1}, keep_bytes(1001), "weights.input.weights: 1001 bytes are not whole values of 2 bytes"},
      {plain, {10, 1, 1}, keep_bytes(1000), "weights.input.weights: 500 values, 8 filters of 112 x 3 x 3 needs 8064"},
      {plain, {10, 1}, drop(1), "weights.input.weights: it is missing"},
      {plain, {10, 1}, drop(2), "weights.input.biases: it is missing"},
      {plain, {10, 1, 1}, set_number(4, 7), "weights.input.weights: the encoding 7 is unknown"},
      {plain, {10, 1, 1}, set_number(5, 3), "weights.input.weights: its dims state 3 values, it has 8064"},
      {plain, {10, 1, 1}, set_number(5, 0), "weights.input.weights: its dims do not fit its 8064 values"},
      {plain, {10, 1, 1}, set_number(5, std::uint64_t{1} << 63), "weights.input.weights: its dims do not fit its 8064 values"},
      {plain, {10, 1, 1}, set_float(1, std::numeric_limits<float>::infinity()), "weights.input.weights: value 0 is not finite"},
      {plain, {10, 1, 1}, set_float(2, std::numeric_limits<float>::quiet_NaN()), "weights.input.weights: value 0 is not finite"},
      // Sizes that do not fit each other.
      {plain, {10, 2, 1, 2}, keep_bytes(8), "weights.residual[0].conv1.weights: 576 values, 4 filters of 8 x 3 x 3 needs 288"},
      {plain, {10, 4}, keep_bytes(100), "weights.ip_pol_w: 50 values, 1858 outputs of 64 inputs needs 118912"},
      {plain, {10, 5}, keep_bytes(100), "weights.ip_pol_b: 50 values, the layer needs 1858"},
      {plain, {10, 10}, keep_bytes(0), "weights.ip2_val_b: it is missing"},
      {squeeze, {10, 1, 4}, set_float(1, -3), "weights.input.bn_stddivs: value "},
      {squeeze, {10, 2, 3, 2}, keep_bytes(0), "weights.residual[0].se.b1: it is missing"},
      {squeeze, {10, 2, 3, 4}, keep_bytes(16), "weights.residual[0].se.b2: 8 values, the layer needs 16"},
      {squeeze, {10}, drop(1), "weights.input.biases: it is missing"},
      {squeeze, {10}, drop(16), "weights.ip2_mov_b: it is missing"},
      {squeeze, {10, 3}, keep_filters(72, 72), "weights.policy: 72 planes, moves need 73"},
      {tower_attention, {10}, drop(24), "weights.pol_headcount: it is missing"},
      {tower_attention, {10}, set_number(24, 3), "weights.pol_encoder[0].mha.q_b: 4 values do not divide into 3 heads"},
      {map, {10}, set_number(28, 0), "weights.headcount: it is missing"},
      {map, {10}, set_number(28, 1025), "weights.headcount: 1025 heads, more than 1024"},
      {map, {10}, drop(27), "weights.encoder: an attention body needs at least one layer"},
      {map, {10}, drop(35), "weights.encoder[0].mha.smolgen: there is no smolgen_w for it"},
      {map, {10, 35}, keep_bytes(1000), "weights.smolgen_w: 500 values are not a multiple of 64 x 64"},
      {map, {10, 27, 1, 9, 7}, keep_bytes(2), "weights.encoder[0].mha.smolgen.dense2_w: 4 values, 1 outputs of 2 inputs needs 2"},
      {map, {10, 27, 1, 9, 1}, keep_bytes(14), "weights.encoder[0].mha.smolgen.compress: 7 values are not whole rows of 8"},
      {map, {10, 33}, keep_bytes(100), "weights.ip_mult_gate: 50 values, one for each channel and square needs 512"},
      {map, {10, 27, 2}, keep_bytes(14), "weights.encoder[0].ln1_gammas: 7 values, the layer needs 8"},
      {map, {10, 22}, keep_bytes(24), "weights.ip4_pol_w: 3 rows, promotions need 4"},
      {map, {10}, drop(29), "weights.ip_val_w: it is missing"},
      {dense, {10}, drop(41), "weights.ip_emb_ffn: it is missing"},
      {dense, {10, 38}, keep_bytes(126), "weights.ip_emb_preproc_w: 49152 values, 63 outputs of 768 inputs needs 48384"},
      {dense,
       {10, 45},
       [](auto& f) {
         for (std::uint32_t i = 3; i <= 6; ++i) drop(i)(f);
       },
       "weights.policy_heads: there is no head"},
      {dense,
       {10, 44},
       [](auto& f) {
         for (std::uint32_t i = 1; i <= 3; ++i) drop(i)(f);
       },
       "weights.value_heads: there is no head"},
      {dense, {10, 45, 4}, drop(7), "weights.policy_heads.optimistic_st.ip4_pol_w: it is missing"},
  };
  for (auto const& w : wrong) {
    auto const found = reason(changed(file_of(w.kind), w.path, w.make));
    EXPECT_EQ(found.substr(0, std::string_view{w.reason}.size()), w.reason);
    EXPECT_LE(found.size(), std::string_view{w.reason}.size() + 30) << found;
  }
}

TEST(weights, too_many_layers) {
  auto const many = changed(file_of(plain), {10}, [](auto& fields) {
    auto const block = *std::find_if(fields.begin(), fields.end(), [](auto const& f) { return f.field.number == 2; });
    field_bytes empty = block;
    empty.content.clear();
    fields.insert(fields.end(), 1025, empty);
  });
  EXPECT_EQ(reason(many), "weights: it has more than 1024 of residual");
}

TEST(weights, files) {
  auto const folder = std::filesystem::path{testing::TempDir()} / "chessnet-weights";
  std::filesystem::create_directories(folder);
  auto const at = [](std::filesystem::path const& path) { return message_of([&] { (void)read_network(path); }); };
  auto const prefix = [](std::filesystem::path const& path) { return "cannot read '" + path.string() + "': "; };
  EXPECT_EQ(at(folder / "none"), prefix(folder / "none") + "no such file");
  EXPECT_EQ(at(folder), prefix(folder) + "it is a directory");
  EXPECT_EQ(at("/dev/zero"), prefix("/dev/zero") + "it is not a regular file");
  auto const packed = pack(file_of(squeeze));
  std::ofstream{folder / "net.pb.gz", std::ios::binary}.write(reinterpret_cast<char const*>(packed.data()), std::streamsize(packed.size()));
  EXPECT_EQ(at(folder / "net.pb.gz"), "no error");
  std::ofstream{folder / "cut.pb.gz", std::ios::binary}.write(reinterpret_cast<char const*>(packed.data()), 100);
  EXPECT_EQ(at(folder / "cut.pb.gz"), prefix(folder / "cut.pb.gz") + "the gzip data are cut off");
  EXPECT_EQ(message_of([&] { (void)read_file(folder / "cut.pb.gz", 99); }), "it has 100 bytes, more than 99");
}

TEST(synthetic, same_seed_same_bytes) {
  auto const s = small_shapes()[map];
  EXPECT_EQ(synthetic_file(s, 1), synthetic_file(s, 1));
  EXPECT_NE(synthetic_file(s, 1), synthetic_file(s, 2));
  EXPECT_EQ(message_of([] { (void)synthetic_network("se-65x6", 1); }).substr(0, 56),
            "no kind 'se-65x6' of synthetic weights, but plain-32x3, ");
}

}  // namespace
