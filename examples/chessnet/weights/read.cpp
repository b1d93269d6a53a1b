// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "read.hpp"

#include "decode.hpp"
#include "input/policy_index.hpp"

#include <cmath>
#include <limits>
#include <utility>

namespace chessnet {
namespace {

/// The values of network_format::network.
enum : std::uint64_t {
  old_classical = 1,
  old_squeeze,
  classical,
  squeeze_tower,
  onnx,
  attention,
  attention_heads,
  legacy_attention_heads = 134
};

/// Sizes are products of two of these at most, so they fit in 64 bits.
constexpr std::size_t most_width = std::size_t{1} << 24;
/// Each head has a table of 64 x 64 numbers. Known networks have at most 32 heads.
constexpr std::uint64_t most_heads = 1024;

std::string count(std::size_t n) { return std::to_string(n); }

/// Returns the size of an array that states a width of the network, such as the number of channels.
int width_from(message::array const& a, part_name const& where) {
  auto const size = size_of(a, where);
  if (size == 0) where.wrong("it is missing");
  if (size > most_width) where.wrong(count(size) + " values, more than " + count(most_width));
  return int(size);
}

/// Returns the values of an array that must have this size.
std::vector<float> values(message::array const& a, std::size_t size, std::string const& meaning, part_name const& where) {
  auto const found = size_of(a, where);
  if (found == 0) where.wrong("it is missing");
  if (found != size) where.wrong(count(found) + " values, " + meaning + " needs " + count(size));
  return decode(a, where);
}
std::vector<float> vector_of(message::array const& a, int size, part_name const& where) {
  return values(a, std::size_t(size), "the layer", where);
}

/// The names of an array's weights and biases in the file.
struct dense_names {
  std::string_view w, b;
};

dense_layer read_dense(message::dense const& d, int in, part_name const& where, dense_names names) {
  part_name const w{where, names.w}, b{where, names.b};
  dense_layer result;
  result.out = width_from(d.b, b);
  result.in = in;
  auto const size = std::size_t(result.out) * std::size_t(in);
  result.weights = values(d.w, size, count(std::size_t(result.out)) + " outputs of " + count(std::size_t(in)) + " inputs", w);
  result.bias = decode(d.b, b);
  return result;
}
/// The same with a given number of outputs.
dense_layer read_dense(message::dense const& d, int in, int out, part_name const& where, dense_names names) {
  part_name const b{where, names.b};
  (void)vector_of(d.b, out, b);
  return read_dense(d, in, where, names);
}

/// Reads a matrix without a bias, of which only the number of inputs is known.
dense_layer read_matrix(message::array const& a, int in, part_name const& where) {
  auto const size = size_of(a, where);
  if (size == 0) where.wrong("it is missing");
  if (size % std::size_t(in) != 0) where.wrong(count(size) + " values are not whole rows of " + std::to_string(in));
  if (size / std::size_t(in) > most_width) where.wrong(count(size) + " values are too many");
  return {int(size / std::size_t(in)), in, decode(a, where), {}};
}

norm_layer read_norm(message::norm const& n, int width, part_name const& where, dense_names names) {
  return {vector_of(n.gammas, width, {where, names.w}), vector_of(n.betas, width, {where, names.b})};
}

/// Folds the batch norm into weights and biases.
convolution_layer read_convolution(message::convolution const& c, int in, int width, part_name const& where) {
  part_name const weights{where, "weights"}, biases{where, "biases"}, means{where, "bn_means"};
  bool const normalised = !c.means.empty();
  convolution_layer result;
  result.in = in;
  result.width = width;
  result.out = normalised ? width_from(c.means, means) : width_from(c.biases, biases);
  auto const out = std::size_t(result.out), each = std::size_t(in) * std::size_t(width * width);
  result.weights =
      values(c.weights, out * each,
             count(out) + " filters of " + std::to_string(in) + " x " + std::to_string(width) + " x " + std::to_string(width), weights);
  result.bias = c.biases.empty() ? std::vector<float>(out) : vector_of(c.biases, result.out, biases);
  if (!normalised) return result;

  auto const mean = decode(c.means, means);
  auto const variance = vector_of(c.variances, result.out, {where, "bn_stddivs"});
  auto const gamma = c.gammas.empty() ? std::vector<float>(out, 1.0f) : vector_of(c.gammas, result.out, {where, "bn_gammas"});
  auto const beta = c.betas.empty() ? std::vector<float>(out) : vector_of(c.betas, result.out, {where, "bn_betas"});
  for (std::size_t o = 0; o < out; ++o) {
    double const raised = double(variance[o]) + 1e-5;
    if (!(raised > 0)) part_name{where, "bn_stddivs"}.wrong("value " + count(o) + " is a negative variance");
    double const factor = double(gamma[o]) / std::sqrt(raised);
    for (std::size_t i = 0; i < each; ++i) result.weights[o * each + i] = float(factor * double(result.weights[o * each + i]));
    result.bias[o] = float((double(result.bias[o]) - double(mean[o])) * factor + double(beta[o]));
  }
  return result;
}

tower read_tower(message::weights const& w, part_name const& where) {
  tower result;
  result.input = read_convolution(w.input, int(plane_count), 3, {where, "input"});
  int const channels = result.channels();
  for (std::size_t i = 0; i < w.residuals.size(); ++i) {
    auto const& in = w.residuals[i];
    part_name const block{where, "residual", i}, first{block, "conv1"}, second{block, "conv2"}, se{block, "se"};
    auto& out = result.blocks.emplace_back();
    out.first = read_convolution(in.first, channels, 3, first);
    if (out.first.out != channels) first.wrong(std::to_string(out.first.out) + " channels, the tower has " + std::to_string(channels));
    out.second = read_convolution(in.second, channels, 3, second);
    if (out.second.out != channels) second.wrong(std::to_string(out.second.out) + " channels, the tower has " + std::to_string(channels));
    if (!in.se) continue;
    out.squeeze.emplace();
    out.squeeze->first = read_dense(in.se->first, channels, se, {"w1", "b1"});
    out.squeeze->second = read_dense(in.se->second, out.squeeze->first.out, 2 * channels, se, {"w2", "b2"});
  }
  return result;
}

feed_forward read_feed_forward(message::feed_forward const& f, int channels, part_name const& where) {
  feed_forward result;
  result.first = read_dense(f.first, channels, where, {"dense1_w", "dense1_b"});
  result.second = read_dense(f.second, result.first.out, channels, where, {"dense2_w", "dense2_b"});
  return result;
}

smolgen read_smolgen(message::smolgen const& s, int channels, int heads, int part, part_name const& where) {
  smolgen result;
  result.compress = read_matrix(s.compress, channels, {where, "compress"});
  if (result.compress.out > int(most_width / 64)) where.wrong("it is too wide");
  result.first = read_dense(s.first, 64 * result.compress.out, where, {"dense1_w", "dense1_b"});
  result.first_norm = read_norm(s.first_norm, result.first.out, where, {"ln1_gammas", "ln1_betas"});
  result.second = read_dense(s.second, result.first.out, where, {"dense2_w", "dense2_b"});
  result.second_norm = read_norm(s.second_norm, result.second.out, where, {"ln2_gammas", "ln2_betas"});
  if (std::int64_t{result.second.out} != std::int64_t{heads} * part)
    part_name{where, "dense2_b"}.wrong(std::to_string(result.second.out) + " values, " + std::to_string(heads) + " heads of " +
                                       std::to_string(part) + " need another number");
  return result;
}

encoder_stack read_encoders(std::vector<message::encoder> const& encoders, std::uint64_t heads, int channels, dense_layer const* table,
                            part_name const& where, std::string_view name, std::string_view heads_name) {
  encoder_stack result;
  part_name const heads_part{where, heads_name};
  if (heads == 0) heads_part.wrong("it is missing");
  if (heads > most_heads) heads_part.wrong(std::to_string(heads) + " heads, more than " + std::to_string(most_heads));
  result.heads = int(heads);
  for (std::size_t i = 0; i < encoders.size(); ++i) {
    auto const& in = encoders[i];
    part_name const layer{where, name, i}, mha{layer, "mha"};
    auto& out = result.layers.emplace_back();
    if (in.attention.relative_positions) mha.wrong("relative position encodings (rpe_q, rpe_k, rpe_v) are not supported");
    out.q = read_dense(in.attention.q, channels, mha, {"q_w", "q_b"});
    if (out.q.out % result.heads != 0)
      part_name{mha, "q_b"}.wrong(std::to_string(out.q.out) + " values do not divide into " + std::to_string(result.heads) + " heads");
    if (out.q.out != result.layers[0].q.out)
      part_name{mha, "q_b"}.wrong(std::to_string(out.q.out) + " values, the first layer has " + std::to_string(result.layers[0].q.out));
    out.k = read_dense(in.attention.k, channels, out.q.out, mha, {"k_w", "k_b"});
    out.v = read_dense(in.attention.v, channels, out.q.out, mha, {"v_w", "v_b"});
    out.out = read_dense(in.attention.out, out.q.out, channels, mha, {"dense_w", "dense_b"});
    if (in.attention.smolgen) {
      part_name const smolgen{mha, "smolgen"};
      if (!table) smolgen.wrong("there is no smolgen_w for it");
      out.smolgen = read_smolgen(*in.attention.smolgen, channels, result.heads, table->in, smolgen);
    }
    out.first_norm = read_norm(in.first_norm, channels, layer, {"ln1_gammas", "ln1_betas"});
    out.ffn = read_feed_forward(in.ffn, channels, {layer, "ffn"});
    out.second_norm = read_norm(in.second_norm, channels, layer, {"ln2_gammas", "ln2_betas"});
  }
  return result;
}

std::vector<float> read_gate(message::array const& gate, int channels, part_name const& where) {
  return values(gate, 64 * std::size_t(channels), "one for each channel and square", where);
}

activation activation_of(std::uint64_t number, activation otherwise, part_name const& where) {
  if (number > std::uint64_t(activation::softmax)) where.wrong("the activation " + std::to_string(number) + " is unknown");
  if (activation(number) == activation::softmax) where.wrong("softmax is not supported as an activation");
  return number == 0 ? otherwise : activation(number);
}

/// The format of a file after what older files leave out has been filled in.
struct settings {
  message::network_format format;
  activation normal = activation::relu, ffn = activation::relu, smolgen = activation::relu;
};

attention_body read_body(message::weights const& w, settings const& s, std::optional<tower> const& before, part_name const& where) {
  attention_body result;
  result.kind = before ? embedding_kind::none : embedding_kind(s.format.input_embedding);
  int appended = 0;
  if (result.kind == embedding_kind::map) appended = 64;
  if (result.kind == embedding_kind::dense) {
    result.preprocess = read_dense(w.preprocess, 64 * 12, where, {"ip_emb_preproc_w", "ip_emb_preproc_b"});
    if (result.preprocess->out % 64 != 0)
      part_name{where, "ip_emb_preproc_b"}.wrong(std::to_string(result.preprocess->out) + " values are not a multiple of 64 squares");
    appended = result.preprocess->out / 64;
  }
  int const in = before ? before->channels() : int(plane_count) + appended;
  result.embedding = read_dense(w.embedding, in, where, {"ip_emb_w", "ip_emb_b"});
  int const channels = result.channels();
  if (result.kind == embedding_kind::dense)
    result.embedding_norm = read_norm(w.embedding_norm, channels, where, {"ip_emb_ln_gammas", "ip_emb_ln_betas"});
  if (!w.multiply_gate.empty() && !w.add_gate.empty()) {
    if (channels > int(most_width / 64)) part_name{where, "ip_emb_b"}.wrong("too many channels for gates");
    result.gates =
        gate_layer{read_gate(w.multiply_gate, channels, {where, "ip_mult_gate"}), read_gate(w.add_gate, channels, {where, "ip_add_gate"})};
  }
  if (result.kind == embedding_kind::dense) {
    part_name const ffn{where, "ip_emb_ffn"};
    if (!w.embedding_ffn) ffn.wrong("it is missing");
    result.embedding_ffn = read_feed_forward(*w.embedding_ffn, channels, ffn);
    result.embedding_ffn_norm = read_norm(w.embedding_ffn_norm, channels, where, {"ip_emb_ffn_ln_gammas", "ip_emb_ffn_ln_betas"});
  }
  if (!w.smolgen_table.empty()) {
    part_name const table{where, "smolgen_w"};
    auto const size = size_of(w.smolgen_table, table);
    if (size % 4096 != 0) table.wrong(count(size) + " values are not a multiple of 64 x 64");
    result.smolgen_table = dense_layer{4096, int(size / 4096), decode(w.smolgen_table, table), {}};
    result.smolgen_activation = s.smolgen;
  }
  if (w.encoders.empty()) part_name{where, "encoder"}.wrong("an attention body needs at least one layer");
  result.encoders =
      read_encoders(w.encoders, w.heads, channels, result.smolgen_table ? &*result.smolgen_table : nullptr, where, "encoder", "headcount");
  result.encoders.branch_scale = float(std::pow(2.0 * double(w.encoders.size()), -0.25));
  result.encoders.epsilon = result.kind == embedding_kind::dense ? 1e-3f : 1e-6f;
  result.encoders.ffn_activation = s.ffn;
  return result;
}

/// What the heads read: the output of a tower or of a body.
struct trunk {
  int channels;
  bool body;
};

policy_head read_policy(message::policy_head const& p, message::dense const& shared_embedding, std::string name, trunk in,
                        settings const& s, part_name const& where) {
  policy_head result;
  result.name = std::move(name);
  result.kind = policy_kind(s.format.policy);
  if (in.body && result.kind != policy_kind::attention) where.wrong("a policy that is not of kind attention needs a tower");
  auto const& embedding = p.embedding.empty() ? shared_embedding : p.embedding;
  constexpr dense_names names{"ip_pol_w", "ip_pol_b"};
  switch (result.kind) {
    case policy_kind::classical:
      result.convolution = read_convolution(p.convolution, in.channels, 1, {where, "policy"});
      if (result.convolution.out > int(most_width / 64)) where.wrong("it is too wide");
      result.logits = read_dense(embedding, 64 * result.convolution.out, int(policy_size), where, names);
      break;
    case policy_kind::convolution: {
      part_name const last{where, "policy"};
      result.first_convolution = read_convolution(p.first_convolution, in.channels, 3, {where, "policy1"});
      result.convolution = read_convolution(p.convolution, result.first_convolution.out, 3, last);
      if (result.convolution.out < int(convolution_policy_planes))
        last.wrong(std::to_string(result.convolution.out) + " planes, moves need " + count(convolution_policy_planes));
      break;
    }
    case policy_kind::attention: {
      result.embedding = read_dense(embedding, in.channels, where, names);
      result.embedding_activation = in.body ? s.normal : activation::selu;
      int const width = result.embedding.out;
      if (!p.encoders.empty()) {
        result.encoders = read_encoders(p.encoders, p.heads, width, nullptr, where, "pol_encoder", "pol_headcount");
        result.encoders.ffn_activation = in.body ? s.ffn : activation::selu;
      }
      result.query = read_dense(p.second, width, where, {"ip2_pol_w", "ip2_pol_b"});
      result.key = read_dense(p.third, width, result.query.out, where, {"ip3_pol_w", "ip3_pol_b"});
      part_name const promotion{where, "ip4_pol_w"};
      result.promotion = read_matrix(p.promotion, result.key.out, promotion);
      if (result.promotion.out != 4) promotion.wrong(std::to_string(result.promotion.out) + " rows, promotions need 4");
      break;
    }
  }
  return result;
}

/// The names of the arrays of a value head or of the moves left.
struct value_names {
  std::string_view convolution;
  dense_names embedding, hidden, output;
};
constexpr value_names names_of_value{"value", {"ip_val_w", "ip_val_b"}, {"ip1_val_w", "ip1_val_b"}, {"ip2_val_w", "ip2_val_b"}};
constexpr value_names names_of_moves_left{"moves_left", {"ip_mov_w", "ip_mov_b"}, {"ip1_mov_w", "ip1_mov_b"}, {"ip2_mov_w", "ip2_mov_b"}};

value_head read_value(message::value_head const& v, std::string name, trunk in, int outputs, part_name const& where,
                      value_names const& names) {
  value_head result;
  result.name = std::move(name);
  int width = 0;
  if (in.body) {
    result.embedding = read_dense(v.embedding, in.channels, where, names.embedding);
    width = result.embedding->out;
  } else {
    result.convolution = read_convolution(v.convolution, in.channels, 1, {where, names.convolution});
    width = result.convolution->out;
  }
  if (width > int(most_width / 64)) where.wrong("it is too wide");
  result.hidden = read_dense(v.hidden, 64 * width, where, names.hidden);
  result.output = read_dense(v.output, result.hidden.out, outputs, where, names.output);
  return result;
}

/// Fills in what older files leave out.
settings settings_of(message::net const& net, message::weights const& w) {
  part_name const where{"net.format.network_format"};
  settings s;
  if (net.format)
    s.format = *net.format;
  else
    s.format = {.input = 1, .output = 1, .network = classical, .policy = 1, .value = 1};
  auto& f = s.format;
  if (f.network == old_classical || f.network == old_squeeze) {
    f.network = f.network == old_classical ? classical : squeeze_tower;
    f.policy = f.value = 1;
  }
  bool const old_body = f.network == squeeze_tower && !w.encoders.empty();
  if (old_body) {
    f.network = attention;
    if (!w.smolgen_table.empty()) {
      f.ffn_activation = std::uint64_t(activation::relu_squared);
      f.smolgen_activation = std::uint64_t(activation::swish);
    }
  }
  if (f.network == legacy_attention_heads) f.network = attention_heads;
  if (f.network == attention && w.policy_heads && w.value_heads) {
    f.network = attention_heads;
    f.input_embedding = 2;
  }
  if (f.network == attention && f.input_embedding == 0) f.input_embedding = 1;

  auto const unsupported = [&](std::string_view field, std::uint64_t value) {
    part_name{where, field}.wrong(std::to_string(value) + " is not supported");
  };
  if (f.network == onnx || net.onnx) where.wrong("an ONNX model is not supported");
  if (f.network < classical || f.network > attention_heads) unsupported("network", f.network);
  if (!(f.input >= 1 && f.input <= 5) && f.input != 132 && f.input != 133) unsupported("input", f.input);
  if (f.policy < 1 || f.policy > 3) unsupported("policy", f.policy);
  if (f.value < 1 || f.value > 2) unsupported("value", f.value);
  if (f.moves_left > 1) unsupported("moves_left", f.moves_left);
  if (f.default_activation > 1) unsupported("default_activation", f.default_activation);
  if (f.input_embedding > 2) unsupported("input_embedding", f.input_embedding);
  s.normal = f.default_activation == 1 ? activation::mish : activation::relu;
  s.ffn = activation_of(f.ffn_activation, s.normal, {where, "ffn_activation"});
  s.smolgen = activation_of(f.smolgen_activation, s.normal, {where, "smolgen_activation"});
  return s;
}

network make_network(message::net const& net) {
  part_name const where{"weights"};
  if (!net.weights && net.onnx) part_name{"net"}.wrong("an ONNX model is not supported");
  if (!net.weights) where.wrong("the file has none");
  auto const& w = *net.weights;
  auto const s = settings_of(net, w);

  network result;
  result.input = input_format(s.format.input);
  result.default_activation = s.normal;
  result.value = value_kind(s.format.value);
  bool const has_body = s.format.network >= attention;
  if (!has_body || !w.residuals.empty()) result.tower = read_tower(w, where);
  if (has_body) result.body = read_body(w, s, result.tower, where);

  trunk const out{has_body ? result.body->channels() : result.tower->channels(), has_body};
  if (w.policy_heads) {
    part_name const group{where, "policy_heads"};
    auto const& g = *w.policy_heads;
    for (auto const& [head, name, field] :
         {std::tuple{&g.vanilla, "vanilla", "vanilla"}, std::tuple{&g.optimistic, "optimistic", "optimistic_st"},
          std::tuple{&g.soft, "soft", "soft"}, std::tuple{&g.opponent, "opponent", "opponent"}})
      if (*head) result.policy_heads.push_back(read_policy(**head, g.embedding, name, out, s, {group, field}));
    if (result.policy_heads.empty()) group.wrong("there is no head");
  } else {
    result.policy_heads.push_back(read_policy(w.policy, {}, "vanilla", out, s, where));
  }

  int const outputs = result.value == value_kind::wdl ? 3 : 1;
  if (w.value_heads) {
    part_name const group{where, "value_heads"};
    auto const& g = *w.value_heads;
    for (auto const& [head, name] : {std::pair{&g.winner, "winner"}, std::pair{&g.q, "q"}, std::pair{&g.st, "st"}})
      if (*head) result.value_heads.push_back(read_value(**head, name, out, outputs, {group, name}, names_of_value));
    if (result.value_heads.empty()) group.wrong("there is no head");
  } else {
    result.value_heads.push_back(read_value(w.value, "winner", out, outputs, where, names_of_value));
  }
  if (s.format.moves_left == 1) result.moves_left = read_value(w.moves_left, "moves_left", out, 1, where, names_of_moves_left);
  return result;
}

}  // namespace

network read_network(std::vector<std::byte> bytes, std::size_t most) {
  auto const unpacked = unpack(std::move(bytes), most);
  return make_network(message::parse(unpacked));
}

network read_network(std::filesystem::path const& path) {
  try {
    return read_network(read_file(path), most_weights_bytes);
  } catch (weights_error const& error) {
    throw weights_error{"cannot read '" + path.string() + "': " + error.what()};
  }
}

}  // namespace chessnet
