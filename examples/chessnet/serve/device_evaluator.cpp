// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "device_evaluator.hpp"

#include "forward/kernels/legal_softmax.hpp"
#include "input/policy_index.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace chessnet {
namespace {

template <class T>
using pinned_buffer = xl::basic_buffer<T, xl::memory_kind::pinned, xl::default_backend>;

/// The parts of a batch's input, one behind the other so that one copy takes all. The places of the first three do not depend on the moves,
/// so that a graph can have their addresses.
template <class Word>
struct input_parts {
  // Word is std::uint64_t or constant.
  template <class T>
  using like = std::conditional_t<std::is_const_v<Word>, T const, T>;

  xl::span<like<std::uint64_t>> masks;   // [batch][plane_count]
  xl::span<like<float>> values;          // the same
  xl::span<like<std::uint32_t>> starts;  // [batch + 1]: where the moves of each position begin
  xl::span<like<std::uint16_t>> moves;   // up to the end of the memory
};

[[nodiscard]] std::size_t words_of_input(std::size_t batch, std::size_t moves) {
  std::size_t const bytes =
      batch * plane_count * (sizeof(std::uint64_t) + sizeof(float)) + (batch + 1) * sizeof(std::uint32_t) + moves * sizeof(std::uint16_t);
  return (bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
}

template <class Word>
[[nodiscard]] input_parts<Word> parts_of(xl::span<Word> memory, std::size_t batch) {
  using parts = input_parts<Word>;
  std::size_t const planes = batch * plane_count;
  auto* const values = reinterpret_cast<typename parts::template like<float>*>(memory.data() + planes);
  auto* const starts = reinterpret_cast<typename parts::template like<std::uint32_t>*>(values + planes);
  auto* const moves = reinterpret_cast<typename parts::template like<std::uint16_t>*>(starts + batch + 1);
  std::size_t const before = planes * (sizeof(std::uint64_t) + sizeof(float)) + (batch + 1) * sizeof(std::uint32_t);
  return {{memory.data(), planes},
          {values, planes},
          {starts, batch + 1},
          {moves, (memory.size() * sizeof(Word) - before) / sizeof(std::uint16_t)}};
}

device_evaluator::options checked(device_evaluator::options const& o) {
  auto const require = [](bool right, std::string const& what) {
    if (!right) throw std::invalid_argument{"a device evaluator with " + what};
  };
  constexpr int most = 1 << 16;
  require(o.largest_batch >= 1 && o.largest_batch <= most,
          "batches of " + std::to_string(o.largest_batch) + " positions: 1 to " + std::to_string(most) + " are possible");
  require(o.in_flight >= 1 && o.in_flight <= 64, std::to_string(o.in_flight) + " batches in flight: 1 to 64 are possible");
  require(o.temperature > 0, "the temperature " + std::to_string(o.temperature) + ": it must be positive");
  return o;
}

/// Calls f. Adds the size of the batch to the text of an error that says that memory has run out.
template <class F>
void naming_batch(char const* what, std::size_t batch, F const& f) {
  try {
    f();
  } catch (xl::error const& e) {
    if (e.code() != xl::errc::out_of_memory) throw;
    xl::error_text text;
    text.append("%s of %zu positions: %s", what, batch, e.object());
    throw xl::error{e.code(), text, e.where(), e.vendor()};
  }
}

}  // namespace

/// The memory of a batch. Positions are followed by nothing of the batch before.
struct device_evaluator::slot {
  slot(xl::stream const& q, std::size_t most)
      : sent{q, words_of_input(most, most * most_moves)},
        input{q, sent.size()},
        output{q, most * (outcome_size + most_moves)},
        received{q, output.size()},
        uploaded{q.device()},
        computed{q.device()},
        done{q.device()} {}

  [[nodiscard]] std::size_t moves() { return parts_of(sent.view(), batch).starts[batch]; }

  pinned_buffer<std::uint64_t> sent;
  xl::buffer<std::uint64_t> input;
  xl::buffer<float> output;  // outcomes [batch][outcome_size], then the probabilities of all moves
  pinned_buffer<float> received;
  xl::event uploaded, computed, done;
  std::size_t batch = 0;
  std::size_t number = 0;  // of the ticket, 0 if the slot is free
};

device_evaluator::device_evaluator(xl::device d, pass_maker const& make, options const& o)
    : options_{checked(o)}, upload_{d}, compute_{d}, download_{d} {
  auto const batch = std::size_t(options_.largest_batch);
  naming_batch("memory for batches", batch, [&] {
    pass_ = make(compute_, options_.largest_batch);
    policy_ = xl::buffer<float>{compute_, batch * policy_size};
    for (int i = 0; i < options_.in_flight; ++i) slots_.push_back(std::make_unique<slot>(compute_, batch));
    compute_.synchronize();
  });
}

device_evaluator::~device_evaluator() {
  for (auto const* q : {&upload_, &compute_, &download_}) try {
      q->synchronize();
    } catch (...) {
      // Whoever waits for a ticket gets the error. Nobody does.
    }
}

std::size_t device_evaluator::fill(std::span<request const> requests) {
  if (requests.empty() || requests.size() > std::size_t(options_.largest_batch))
    throw std::invalid_argument{"a batch of " + std::to_string(requests.size()) + " positions: the evaluator takes 1 to " +
                                std::to_string(options_.largest_batch)};
  for (auto const& r : requests) require_valid(r);
  auto const free = std::find_if(slots_.begin(), slots_.end(), [](auto const& s) { return s->number == 0; });
  if (free == slots_.end())
    throw std::logic_error{std::to_string(slots_.size()) + " batches are in flight, no more are possible: wait for one"};

  auto& s = **free;
  s.batch = requests.size();
  auto const parts = parts_of(s.sent.view(), s.batch);
  std::uint32_t moves = 0;
  for (std::size_t i = 0; i < s.batch; ++i) {
    auto const& r = requests[i];
    std::memcpy(parts.masks.data() + i * plane_count, r.planes.mask.data(), sizeof r.planes.mask);
    std::memcpy(parts.values.data() + i * plane_count, r.planes.value.data(), sizeof r.planes.value);
    parts.starts[i] = moves;
    if (!r.moves.empty()) std::memcpy(parts.moves.data() + moves, r.moves.data(), r.moves.size() * sizeof(std::uint16_t));
    moves += std::uint32_t(r.moves.size());
  }
  parts.starts[s.batch] = moves;
  return std::size_t(free - slots_.begin());
}

template <class F>
void device_evaluator::guarded(slot& s, F const& f) {
  try {
    naming_batch("a batch", s.batch, f);
  } catch (...) {
    s.number = 0;
    for (auto const* q : {&upload_, &compute_, &download_}) try {
        q->synchronize();
      } catch (...) {
        // The first error is what the caller gets.
      }
    throw;
  }
}

void device_evaluator::launch(slot& s, layer_observer const* observer) {
  int const batch = int(s.batch);
  auto const in = parts_of(std::as_const(s.input).view(), s.batch);
  auto const policy = policy_.subspan(0, s.batch * policy_size);
  batch_memory const memory{in.masks, in.values, policy, s.output.subspan(0, s.batch * outcome_size)};
  if (observer != nullptr)
    pass_->trace(compute_, batch, memory, *observer);
  else
    pass_->queue(compute_, batch, memory);
  xl::tensor_view<float const, policy_logits> const logits{policy.data(), policy_logits{{batch, int(policy_size)}}};
  auto const shares = s.output.subspan(s.batch * outcome_size, s.batch * most_moves);
  xl::launch(compute_, {.grid = kernels::legal_softmax::blocks(batch)}, kernels::legal_softmax{options_.temperature}, logits, in.starts,
             in.moves, shares);
}

void device_evaluator::compute(std::size_t index) {
  auto& s = *slots_[index];
  if (options_.most_graphs == 0) return launch(s, nullptr);
  auto found = std::find_if(graphs_.begin(), graphs_.end(), [&](auto const& g) { return g.slot == index && g.batch == s.batch; });
  if (found == graphs_.end()) {
    xl::graph_capture capture{compute_};
    launch(s, nullptr);
    kept_graph made{index, s.batch, 0, capture.end().instantiate()};
    if (graphs_.size() < options_.most_graphs) {
      graphs_.push_back(std::move(made));
      found = graphs_.end() - 1;
    } else {
      found = std::min_element(graphs_.begin(), graphs_.end(), [](auto const& a, auto const& b) { return a.used < b.used; });
      *found = std::move(made);
    }
  }
  found->used = ++launches_;
  found->graph.launch(compute_);
}

void device_evaluator::queue(std::size_t index, xl::stream const& up, xl::stream const& down) {
  auto& s = *slots_[index];
  std::size_t const words = words_of_input(s.batch, s.moves()), results = s.batch * outcome_size + s.moves();
  xl::copy(up, s.sent.subspan(0, words), s.input.subspan(0, words));
  if (&up != &compute_) {
    s.uploaded.record(up);
    compute_.wait(s.uploaded);
  }
  compute(index);
  if (&down != &compute_) {
    s.computed.record(compute_);
    down.wait(s.computed);
  }
  xl::copy(down, s.output.subspan(0, results), s.received.subspan(0, results));
  s.done.record(down);
}

device_evaluator::ticket device_evaluator::start(std::span<request const> requests, xl::stream const& up, xl::stream const& down) {
  ticket t;
  t.slot_ = fill(requests);
  auto& s = *slots_[t.slot_];
  t.number_ = s.number = ++launches_;
  guarded(s, [&] { queue(t.slot_, up, down); });
  return t;
}

device_evaluator::ticket device_evaluator::submit(std::span<request const> requests) { return start(requests, upload_, download_); }

void device_evaluator::evaluate(std::span<request const> requests, std::span<reply> replies) {
  if (requests.size() != replies.size())
    throw std::invalid_argument{std::to_string(replies.size()) + " replies for " + std::to_string(requests.size()) + " requests"};
  if (!requests.empty()) wait(start(requests, compute_, compute_), replies);
}

void device_evaluator::wait(ticket const& t, std::span<reply> replies) {
  if (t.number_ == 0 || slots_[t.slot_]->number != t.number_) throw std::logic_error{"a ticket that was waited for before"};
  auto& s = *slots_[t.slot_];
  if (replies.size() != s.batch)
    throw std::invalid_argument{std::to_string(replies.size()) + " replies for " + std::to_string(s.batch) + " requests"};
  guarded(s, [&] {
    s.computed.synchronize();  // gives the errors of kernels
    s.done.synchronize();
  });
  s.number = 0;
  auto const starts = parts_of(s.sent.view(), s.batch).starts;
  float const* const outcome = s.received.data();
  float const* const shares = outcome + s.batch * outcome_size;
  for (std::size_t i = 0; i < s.batch; ++i) {
    replies[i].q = outcome[i * outcome_size];
    replies[i].draw = outcome[i * outcome_size + 1];
    replies[i].moves_left = outcome[i * outcome_size + 2];
    replies[i].moves.assign(shares + starts[i], shares + starts[i + 1]);
  }
}

std::vector<network_outputs<float>> device_evaluator::outputs(std::span<request const> requests, layer_observer const& observer) {
  if (requests.empty()) return {};
  auto& s = *slots_[fill(requests)];
  std::vector<float> policy(s.batch * policy_size), outcome(s.batch * outcome_size);
  guarded(s, [&] {
    std::size_t const words = words_of_input(s.batch, s.moves());
    xl::copy(compute_, s.sent.subspan(0, words), s.input.subspan(0, words));
    launch(s, observer ? &observer : nullptr);
    xl::copy(compute_, policy_.subspan(0, policy.size()), policy);
    xl::copy(compute_, s.output.subspan(0, outcome.size()), outcome);
    compute_.synchronize();
  });
  std::vector<network_outputs<float>> result(s.batch);
  for (std::size_t i = 0; i < s.batch; ++i) {
    auto const* const logits = policy.data() + i * policy_size;
    auto const* const numbers = outcome.data() + i * outcome_size;
    result[i] = {{logits, logits + policy_size}, numbers[0], numbers[1], numbers[2]};
  }
  return result;
}

}  // namespace chessnet
