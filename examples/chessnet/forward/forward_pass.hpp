// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The layers of a network in their order, for one type of weights and activations.
#pragma once

#include "forward/body.hpp"
#include "forward/heads.hpp"
#include "forward/kernels/expand_planes.hpp"
#include "forward/make_pass.hpp"
#include "forward/small_tower.hpp"
#include "forward/tower.hpp"

#include <optional>
#include <type_traits>
#include <variant>

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
    if constexpr (may_be_small)
      if (small_tower<T>::fits(n)) {
        auto const& policy = n.policy_named(o.heads.policy);
        has_policy_behind_ = !n.body && policy.kind == policy_kind::convolution && small_tower<T>::fits_behind(n, policy.first_convolution);
        small_.emplace(q, n, typename small_tower<T>::options{.behind = has_policy_behind_ ? &policy.first_convolution : nullptr});
      }
    // Few boards may need more memory than many: then several blocks share a sum.
    auto const bytes = xl::workspace_size([&](auto const& options) {
      for (int boards = 1; boards <= o.largest_batch; ++boards) queue_layers({q, boards, options, nullptr, true}, {});
    });
    workspace_.emplace(q, bytes);
  }

 private:
  static constexpr bool may_be_small = sizeof(T) == 2;  // what the kernel of small towers takes

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

    queue_layers({q, batch, {.workspace = *workspace_}, observer, false}, memory);
  }

  void queue_layers(pass_context const& p, batch_memory const& memory) {
    bool const is_small = small_ && p.observer == nullptr;
    board_values<T> x = is_small ? run_small(p, memory) : run_layers(p, memory);
    if (body_) x = body_->run(p, x);
    policy_.run(p, x, is_small && has_policy_behind_, {memory.policy.data(), board_rows{{p.boards, int(policy_size)}}});
    outcome_.run(p, x, {memory.outcome.data(), board_rows{{p.boards, int(outcome_size)}}});
  }

  /// Queues the planes and the tower, layer by layer. Returns what the body or the heads read.
  board_values<T> run_layers(pass_context const& p, batch_memory const& memory) {
    plane_masks const planes{{p.boards, int(plane_count)}};
    xl::tensor_view const masks{memory.masks.data(), planes};
    xl::tensor_view const values{memory.values.data(), planes};
    auto const x = tower_ ? tower_->planes(p.boards) : body_->planes(p.boards);
    expand_planes<T>(p, masks, values, x, tower_ ? xl::tensor_view<T, board_rows>{} : body_->pieces(p.boards));
    return tower_ ? tower_->run(p, x) : x;
  }

  /// The same in one kernel.
  board_values<T> run_small(pass_context const& p, batch_memory const& memory) {
    auto const x = tower_->output(p.boards), behind = has_policy_behind_ ? policy_.first_output(p.boards) : x;
    if constexpr (may_be_small)
      if (!p.measures) small_->queue(p.q, p.boards, memory.masks, memory.values, x.squares(), behind.squares());
    return x;
  }

  static void require(char const* name, std::size_t size, std::size_t least) {
    if (size < least)
      throw std::invalid_argument{std::string("the batch's ") + name + " have " + std::to_string(size) + " elements, " +
                                  std::to_string(least) + " are needed"};
  }

  int largest_batch_;
  std::optional<device_tower<T>> tower_;
  std::optional<std::conditional_t<may_be_small, small_tower<T>, std::monostate>> small_;  // the same in one kernel, if it fits
  bool has_policy_behind_ = false;                                                         // which also begins the policy
  std::optional<device_body<T>> body_;
  device_policy<T> policy_;
  device_outcome<T> outcome_;
  std::optional<xl::basic_workspace<xl::default_backend>> workspace_;
};

}  // namespace chessnet
