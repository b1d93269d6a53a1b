// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// An attention policy on the device: logits are products of queries of squares of origin and keys of the others.
#pragma once

#include "forward/encoders.hpp"
#include "forward/kernels/gather_attention_policy.hpp"

namespace chessnet {

template <class T>
class attention_policy {
 public:
  /// Copies the weights, and allocates the memory of the largest batch. Throws weights_error if heads have too many channels.
  attention_policy(xl::stream_ref q, network const&, policy_head const& h, int largest_batch)
      : embedding_activation_{h.embedding_activation},
        scale_{1 / std::sqrt(float(h.key.out))},
        embedding_{q, h.embedding},
        queries_and_keys_{q, stacked({&h.query, &h.key})},
        encoders_{q, h.encoders, h.embedding.out, nullptr, largest_batch},
        embedded_{q, largest_batch, h.embedding.out},
        pairs_{q, largest_batch, queries_and_keys_.out()},
        products_{q, {largest_batch, 64, 64}},
        no_bias_{upload_bias(q, {}, 64)},
        promotion_{upload(q, h.promotion.weights)},
        map_{xl::make_buffer(q, attention_policy_map())} {
    q.synchronize();
  }

  /// Queues the head. x has the output of a body or of a tower. The rows of `logits` are those of the boards.
  void run(pass_context const& p, board_values<T> const& x, xl::tensor_view<float, board_rows> const& logits) {
    auto const u = embedded_.of(p.boards), both = pairs_.of(p.boards);
    with_activation(embedding_activation_, [&](auto activate) { multiply(p, x.rows(), embedding_, u.rows(), activate); });
    encoders_.run(p, u, nullptr);
    p.show_rows("policy_embedding", u);
    multiply(p, u.rows(), queries_and_keys_, both.rows(), no_activation);
    int const depth = queries_and_keys_.out() / 2;
    auto const queries = both.part(0, depth), keys = both.part(depth, depth);
    p.show_rows("policy_q", queries);
    p.show_rows("policy_k", keys);

    xl::tensor_view<float, square_pairs> const products{products_.data(), square_pairs{{p.boards, 64, 64}}};
    xl::gemm(p.q, queries.squares(), xl::permute<axis::n, axis::c, axis::square>(keys.squares()), products,
             xl::epilogue_chain{xl::add_to_columns{no_bias_.view()}, no_activation}, p.options);
    p.show("policy_qk", {64, 64}, products.data(), scale_);
    xl::tensor_view<float const, xl::row_major<>> const promotion{promotion_.data(), xl::row_major<>{{4, depth}}};
    xl::tensor_view<T const, board_squares> const const_keys = keys.squares();
    p.launch({.grid = unsigned(p.boards)}, kernels::gather_attention_policy{scale_}, products, const_keys, promotion, map_, logits);
  }

 private:
  activation embedding_activation_;
  float scale_;
  device_dense<T> embedding_, queries_and_keys_;
  device_encoders<T> encoders_;
  board_memory<T> embedded_, pairs_;
  xl::tensor<float, square_pairs> products_;
  xl::buffer<float> no_bias_;    // of the products
  xl::buffer<float> promotion_;  // [4][channels of a key]
  xl::buffer<std::uint16_t> map_;
};

}  // namespace chessnet
