// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "message.hpp"

#include <algorithm>
#include <iterator>

namespace chessnet::message {
namespace {

/// A few bytes of a file make a large object of each layer. Real networks have at most 40.
constexpr std::size_t most_layers = 1024;

/// Calls take(field) for each field.
template <class Take>
void read_fields(byte_span bytes, part_name const& where, Take const& take) {
  wire_reader reader{bytes, where};
  for (wire_field field; reader.next(field);) take(field);
}

// A function for each message. A message that occurs again adds its fields to the first, as protobuf says.
void read(squeeze& out, wire_field const& field, part_name const& where);
void read(residual& out, wire_field const& field, part_name const& where);
void read(smolgen& out, wire_field const& field, part_name const& where);
void read(feed_forward& out, wire_field const& field, part_name const& where);
void read(encoder& out, wire_field const& field, part_name const& where);
void read(policy_head& out, wire_field const& field, part_name const& where);
void read(value_head& out, wire_field const& field, part_name const& where);
void read(weights::value_group& out, wire_field const& field, part_name const& where);
void read(weights::policy_group& out, wire_field const& field, part_name const& where);
void read(weights& out, wire_field const& field, part_name const& where);
void read(network_format& out, wire_field const& field, part_name const& where);

void read(array& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: out.least = f.as_float({where, "min_val"}); break;
      case 2: out.most = f.as_float({where, "max_val"}); break;
      case 3: out.bytes = f.as_bytes({where, "params"}); break;
      case 4: out.encoding = f.as_number({where, "encoding"}); break;
      case 5:
        if (out.extents.size() >= 8) where.wrong("it has more than 8 dims");
        if (f.type == wire_type::varint) out.extents.push_back(f.value);  // the packed form is left out: no file has it
        break;
      default: break;
    }
  });
}

/// Reads the sub-message of an optional or plain member.
template <class T>
void read(std::optional<T>& out, wire_field const& field, part_name const& where) {
  if (!out) out.emplace();
  read(*out, field, where);
}

/// Appends an element to a repeated member.
template <class T>
void append(std::vector<T>& out, wire_field const& field, part_name const& outer, std::string_view name) {
  if (out.size() >= most_layers) outer.wrong("it has more than " + std::to_string(most_layers) + " of " + std::string{name});
  part_name const where{outer, name, out.size()};
  read(out.emplace_back(), field, where);
}

void read(convolution& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.weights, f, {where, "weights"}); break;
      case 2: read(out.biases, f, {where, "biases"}); break;
      case 3: read(out.means, f, {where, "bn_means"}); break;
      case 4: read(out.variances, f, {where, "bn_stddivs"}); break;
      case 5: read(out.gammas, f, {where, "bn_gammas"}); break;
      case 6: read(out.betas, f, {where, "bn_betas"}); break;
      default: break;
    }
  });
}

void read(squeeze& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.first.w, f, {where, "w1"}); break;
      case 2: read(out.first.b, f, {where, "b1"}); break;
      case 3: read(out.second.w, f, {where, "w2"}); break;
      case 4: read(out.second.b, f, {where, "b2"}); break;
      default: break;
    }
  });
}

void read(residual& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.first, f, {where, "conv1"}); break;
      case 2: read(out.second, f, {where, "conv2"}); break;
      case 3: read(out.se, f, {where, "se"}); break;
      default: break;
    }
  });
}

void read(smolgen& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.compress, f, {where, "compress"}); break;
      case 2: read(out.first.w, f, {where, "dense1_w"}); break;
      case 3: read(out.first.b, f, {where, "dense1_b"}); break;
      case 4: read(out.first_norm.gammas, f, {where, "ln1_gammas"}); break;
      case 5: read(out.first_norm.betas, f, {where, "ln1_betas"}); break;
      case 6: read(out.second.w, f, {where, "dense2_w"}); break;
      case 7: read(out.second.b, f, {where, "dense2_b"}); break;
      case 8: read(out.second_norm.gammas, f, {where, "ln2_gammas"}); break;
      case 9: read(out.second_norm.betas, f, {where, "ln2_betas"}); break;
      default: break;
    }
  });
}

void read(attention& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.q.w, f, {where, "q_w"}); break;
      case 2: read(out.q.b, f, {where, "q_b"}); break;
      case 3: read(out.k.w, f, {where, "k_w"}); break;
      case 4: read(out.k.b, f, {where, "k_b"}); break;
      case 5: read(out.v.w, f, {where, "v_w"}); break;
      case 6: read(out.v.b, f, {where, "v_b"}); break;
      case 7: read(out.out.w, f, {where, "dense_w"}); break;
      case 8: read(out.out.b, f, {where, "dense_b"}); break;
      case 9: read(out.smolgen, f, {where, "smolgen"}); break;
      case 10:
      case 11:
      case 12: out.relative_positions = true; break;
      default: break;
    }
  });
}

void read(feed_forward& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.first.w, f, {where, "dense1_w"}); break;
      case 2: read(out.first.b, f, {where, "dense1_b"}); break;
      case 3: read(out.second.w, f, {where, "dense2_w"}); break;
      case 4: read(out.second.b, f, {where, "dense2_b"}); break;
      default: break;
    }
  });
}

void read(encoder& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.attention, f, {where, "mha"}); break;
      case 2: read(out.first_norm.gammas, f, {where, "ln1_gammas"}); break;
      case 3: read(out.first_norm.betas, f, {where, "ln1_betas"}); break;
      case 4: read(out.ffn, f, {where, "ffn"}); break;
      case 5: read(out.second_norm.gammas, f, {where, "ln2_gammas"}); break;
      case 6: read(out.second_norm.betas, f, {where, "ln2_betas"}); break;
      default: break;
    }
  });
}

void read(policy_head& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.embedding.w, f, {where, "ip_pol_w"}); break;
      case 2: read(out.embedding.b, f, {where, "ip_pol_b"}); break;
      case 3: read(out.second.w, f, {where, "ip2_pol_w"}); break;
      case 4: read(out.second.b, f, {where, "ip2_pol_b"}); break;
      case 5: read(out.third.w, f, {where, "ip3_pol_w"}); break;
      case 6: read(out.third.b, f, {where, "ip3_pol_b"}); break;
      case 7: read(out.promotion, f, {where, "ip4_pol_w"}); break;
      case 8: append(out.encoders, f, where, "pol_encoder"); break;
      case 9: out.heads = f.as_number({where, "pol_headcount"}); break;
      case 10: read(out.first_convolution, f, {where, "policy1"}); break;
      case 11: read(out.convolution, f, {where, "policy"}); break;
      default: break;
    }
  });
}

void read(value_head& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.embedding.w, f, {where, "ip_val_w"}); break;
      case 2: read(out.embedding.b, f, {where, "ip_val_b"}); break;
      case 3: read(out.hidden.w, f, {where, "ip1_val_w"}); break;
      case 4: read(out.hidden.b, f, {where, "ip1_val_b"}); break;
      case 5: read(out.output.w, f, {where, "ip2_val_w"}); break;
      case 6: read(out.output.b, f, {where, "ip2_val_b"}); break;
      case 11: read(out.convolution, f, {where, "value"}); break;
      default: break;
    }
  });
}

void read(weights::value_group& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.winner, f, {where, "winner"}); break;
      case 2: read(out.q, f, {where, "q"}); break;
      case 3: read(out.st, f, {where, "st"}); break;
      default: break;
    }
  });
}

void read(weights::policy_group& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.embedding.w, f, {where, "ip_pol_w"}); break;
      case 2: read(out.embedding.b, f, {where, "ip_pol_b"}); break;
      case 3: read(out.vanilla, f, {where, "vanilla"}); break;
      case 4: read(out.optimistic, f, {where, "optimistic_st"}); break;
      case 5: read(out.soft, f, {where, "soft"}); break;
      case 6: read(out.opponent, f, {where, "opponent"}); break;
      default: break;
    }
  });
}

void read(weights& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: read(out.input, f, {where, "input"}); break;
      case 2: append(out.residuals, f, where, "residual"); break;
      case 3: read(out.policy.convolution, f, {where, "policy"}); break;
      case 4: read(out.policy.embedding.w, f, {where, "ip_pol_w"}); break;
      case 5: read(out.policy.embedding.b, f, {where, "ip_pol_b"}); break;
      case 6: read(out.value.convolution, f, {where, "value"}); break;
      case 7: read(out.value.hidden.w, f, {where, "ip1_val_w"}); break;
      case 8: read(out.value.hidden.b, f, {where, "ip1_val_b"}); break;
      case 9: read(out.value.output.w, f, {where, "ip2_val_w"}); break;
      case 10: read(out.value.output.b, f, {where, "ip2_val_b"}); break;
      case 11: read(out.policy.first_convolution, f, {where, "policy1"}); break;
      case 12: read(out.moves_left.convolution, f, {where, "moves_left"}); break;
      case 13: read(out.moves_left.hidden.w, f, {where, "ip1_mov_w"}); break;
      case 14: read(out.moves_left.hidden.b, f, {where, "ip1_mov_b"}); break;
      case 15: read(out.moves_left.output.w, f, {where, "ip2_mov_w"}); break;
      case 16: read(out.moves_left.output.b, f, {where, "ip2_mov_b"}); break;
      case 17: read(out.policy.second.w, f, {where, "ip2_pol_w"}); break;
      case 18: read(out.policy.second.b, f, {where, "ip2_pol_b"}); break;
      case 19: read(out.policy.third.w, f, {where, "ip3_pol_w"}); break;
      case 20: read(out.policy.third.b, f, {where, "ip3_pol_b"}); break;
      case 21: append(out.policy.encoders, f, where, "pol_encoder"); break;
      case 22: read(out.policy.promotion, f, {where, "ip4_pol_w"}); break;
      case 24: out.policy.heads = f.as_number({where, "pol_headcount"}); break;
      case 25: read(out.embedding.w, f, {where, "ip_emb_w"}); break;
      case 26: read(out.embedding.b, f, {where, "ip_emb_b"}); break;
      case 27: append(out.encoders, f, where, "encoder"); break;
      case 28: out.heads = f.as_number({where, "headcount"}); break;
      case 29: read(out.value.embedding.w, f, {where, "ip_val_w"}); break;
      case 30: read(out.value.embedding.b, f, {where, "ip_val_b"}); break;
      case 31: read(out.moves_left.embedding.w, f, {where, "ip_mov_w"}); break;
      case 32: read(out.moves_left.embedding.b, f, {where, "ip_mov_b"}); break;
      case 33: read(out.multiply_gate, f, {where, "ip_mult_gate"}); break;
      case 34: read(out.add_gate, f, {where, "ip_add_gate"}); break;
      case 35: read(out.smolgen_table, f, {where, "smolgen_w"}); break;
      case 37: read(out.preprocess.w, f, {where, "ip_emb_preproc_w"}); break;
      case 38: read(out.preprocess.b, f, {where, "ip_emb_preproc_b"}); break;
      case 39: read(out.embedding_norm.gammas, f, {where, "ip_emb_ln_gammas"}); break;
      case 40: read(out.embedding_norm.betas, f, {where, "ip_emb_ln_betas"}); break;
      case 41: read(out.embedding_ffn, f, {where, "ip_emb_ffn"}); break;
      case 42: read(out.embedding_ffn_norm.gammas, f, {where, "ip_emb_ffn_ln_gammas"}); break;
      case 43: read(out.embedding_ffn_norm.betas, f, {where, "ip_emb_ffn_ln_betas"}); break;
      case 44: read(out.value_heads, f, {where, "value_heads"}); break;
      case 45: read(out.policy_heads, f, {where, "policy_heads"}); break;
      default: break;
    }
  });
}

void read(network_format& out, wire_field const& field, part_name const& where) {
  read_fields(field.as_bytes(where), where, [&](wire_field const& f) {
    switch (f.number) {
      case 1: out.input = f.as_number({where, "input"}); break;
      case 2: out.output = f.as_number({where, "output"}); break;
      case 3: out.network = f.as_number({where, "network"}); break;
      case 4: out.policy = f.as_number({where, "policy"}); break;
      case 5: out.value = f.as_number({where, "value"}); break;
      case 6: out.moves_left = f.as_number({where, "moves_left"}); break;
      case 7: out.default_activation = f.as_number({where, "default_activation"}); break;
      case 8: out.smolgen_activation = f.as_number({where, "smolgen_activation"}); break;
      case 9: out.ffn_activation = f.as_number({where, "ffn_activation"}); break;
      case 10: out.input_embedding = f.as_number({where, "input_embedding"}); break;
      default: break;
    }
  });
}

}  // namespace

net parse(byte_span bytes) {
  net result;
  part_name const file{"net"}, format{file, "format"}, weights{"weights"};
  // Other kinds of files would only give an error about some later byte.
  constexpr std::byte head[] = {std::byte{0x0d}, std::byte(magic & 0xff), std::byte(magic >> 8 & 0xff), std::byte{0}, std::byte{0}};
  if (bytes.empty()) file.wrong("it is empty");
  if (!std::ranges::equal(bytes.first(std::min(bytes.size(), std::size(head))), head))
    file.wrong("it does not begin with the magic number of lc0's networks");
  read_fields(bytes, file, [&](wire_field const& f) {
    switch (f.number) {
      case 4:
        read_fields(f.as_bytes(format), format, [&](wire_field const& part) {
          if (part.number == 2) read(result.format, part, {format, "network_format"});
        });
        break;
      case 10: read(result.weights, f, weights); break;
      case 11: result.onnx = true; break;
      default: break;
    }
  });
  return result;
}

}  // namespace chessnet::message
