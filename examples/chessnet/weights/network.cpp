// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "network.hpp"

#include "wire.hpp"

namespace chessnet {
namespace {

template <class Head>
Head const& head_named(std::vector<Head> const& heads, std::string_view name, char const* kind) {
  if (name.empty()) return heads.front();
  std::string names;
  for (auto const& head : heads) {
    if (head.name == name) return head;
    names += (names.empty() ? "" : ", ") + head.name;
  }
  throw weights_error{"the network has no " + std::string{kind} + " head '" + std::string{name} + "', but " + names};
}

std::size_t size_of(dense_layer const& d) { return d.weights.size() + d.bias.size(); }
std::size_t size_of(convolution_layer const& c) { return c.weights.size() + c.bias.size(); }
std::size_t size_of(norm_layer const& n) { return n.gamma.size() + n.beta.size(); }
std::size_t size_of(feed_forward const& f) { return size_of(f.first) + size_of(f.second); }
std::size_t size_of(gate_layer const& g) { return g.multiply.size() + g.add.size(); }
template <class T>
std::size_t size_of(std::optional<T> const& part) {
  return part ? size_of(*part) : 0;
}
std::size_t size_of(squeeze_layer const& s) { return size_of(s.first) + size_of(s.second); }
std::size_t size_of(smolgen const& s) {
  return size_of(s.compress) + size_of(s.first) + size_of(s.second) + size_of(s.first_norm) + size_of(s.second_norm);
}
std::size_t size_of(encoder_stack const& e) {
  std::size_t size = 0;
  for (auto const& l : e.layers)
    size += size_of(l.q) + size_of(l.k) + size_of(l.v) + size_of(l.out) + (l.smolgen ? size_of(*l.smolgen) : 0) + size_of(l.first_norm) +
            size_of(l.second_norm) + size_of(l.ffn);
  return size;
}
std::size_t size_of(value_head const& v) { return size_of(v.convolution) + size_of(v.embedding) + size_of(v.hidden) + size_of(v.output); }

}  // namespace

policy_head const& network::policy_named(std::string_view name) const { return head_named(policy_heads, name, "policy"); }
value_head const& network::value_named(std::string_view name) const { return head_named(value_heads, name, "value"); }

std::size_t network::parameters() const {
  std::size_t size = 0;
  if (tower) {
    size += size_of(tower->input);
    for (auto const& b : tower->blocks) size += size_of(b.first) + size_of(b.second) + (b.squeeze ? size_of(*b.squeeze) : 0);
  }
  if (body)
    size += size_of(body->preprocess) + size_of(body->embedding) + size_of(body->embedding_norm) + size_of(body->gates) +
            size_of(body->embedding_ffn) + size_of(body->embedding_ffn_norm) + size_of(body->encoders) + size_of(body->smolgen_table);
  for (auto const& p : policy_heads)
    size += size_of(p.convolution) + size_of(p.first_convolution) + size_of(p.logits) + size_of(p.embedding) + size_of(p.encoders) +
            size_of(p.query) + size_of(p.key) + size_of(p.promotion);
  for (auto const& v : value_heads) size += size_of(v);
  return size + (moves_left ? size_of(*moves_left) : 0);
}

std::string network::describe() const {
  std::string text;
  if (tower) {
    bool const squeezes = !tower->blocks.empty() && tower->blocks[0].squeeze;
    text += (squeezes ? "SE tower " : "tower ") + std::to_string(tower->channels()) + " x " + std::to_string(tower->blocks.size());
  }
  if (body) {
    if (tower) text += ", ";
    text += "attention body " + std::to_string(body->channels()) + " x " + std::to_string(body->encoders.layers.size()) + " with " +
            std::to_string(body->encoders.heads) + " heads";
    if (body->smolgen_table) text += ", smolgen";
  }
  constexpr char const* policies[] = {"classical", "convolution", "attention"};
  text += std::string{", policy "} + policies[std::size_t(policy_heads[0].kind) - 1];
  text += value == value_kind::wdl ? ", value WDL" : ", value scalar";
  return text + (moves_left ? ", moves left" : "");
}

}  // namespace chessnet
