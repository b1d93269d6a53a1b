// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The layers of a network in their order, for one type of weights and activations.
#pragma once

#include "forward/body.hpp"
#include "forward/heads.hpp"
#include "forward/kernels/expand_planes.hpp"
#include "forward/make_pass.hpp"
#include "forward/tower.hpp"

#include <optional>

namespace chessnet {

template <class T>
class forward_pass final : public forward {
 public:
  forward_pass(xl::stream_ref q, network const& n, forward_options const& o)
      : largest_batch_{o.largest_batch},
        policy_{q, n, n.policy_named(o.heads.policy), o.largest_batch},
        outcome_{q, n, n.value_named(o.heads.value), o.largest_batch} {
    if (n.tower) tower_.emplace(q, n, o.largest_batch);
    if (n.body) body_.emplace(q, n, o.largest_batch);
  }

 private:
  void run(xl::stream_ref q, int batch, batch_memory const& memory, layer_observer const* observer) override {
    if (batch < 0 || batch > largest_batch_)
      throw std::invalid_argument{"a batch of " + std::to_string(batch) + " positions, the limit of this pass is " +
                                  std::to_string(largest_batch_)};
    auto const positions = std::size_t(batch);
    require("masks", memory.masks.size(), positions * plane_count);
    require("values", memory.values.size(), positions * plane_count);
    require("policy", memory.policy.size(), positions * policy_size);
    require("outcome", memory.outcome.size(), positions * outcome_size);
    if (batch == 0) return;

    pass_context const p{q, batch, {}, observer};
    auto const masks = xl::tensor_view{memory.masks.data(), plane_masks{{batch, int(plane_count)}}};
    auto const values = xl::tensor_view{memory.values.data(), plane_masks{{batch, int(plane_count)}}};
    board_values<T> x;
    if (tower_) {
      x = tower_->planes(batch);
      expand_planes<T>(p, masks, values, x, {});
      x = tower_->run(p, x);
    } else {
      x = body_->planes(batch);
      expand_planes<T>(p, masks, values, x, body_->pieces(batch));
    }
    if (body_) x = body_->run(p, x);
    policy_.run(p, x, {memory.policy.data(), board_rows{{batch, int(policy_size)}}});
    outcome_.run(p, x, {memory.outcome.data(), board_rows{{batch, int(outcome_size)}}});
  }

  static void require(char const* name, std::size_t size, std::size_t least) {
    if (size < least)
      throw std::invalid_argument{std::string("the batch's ") + name + " have " + std::to_string(size) + " elements, " +
                                  std::to_string(least) + " are needed"};
  }

  int largest_batch_;
  std::optional<device_tower<T>> tower_;
  std::optional<device_body<T>> body_;
  device_policy<T> policy_;
  device_outcome<T> outcome_;
};

}  // namespace chessnet
