// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Searches for the best move of a position by PUCT, with many positions at the network at the same time.
#pragma once

#include "serve/batch_queue.hpp"
#include "tree.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <thread>

namespace chessnet {

struct search_limits {
  using clock = std::chrono::steady_clock;
  std::uint64_t nodes = 0;                      // visits of the position, those of earlier searches included; 0: no limit
  clock::time_point start = clock::now();       // since when the time counts
  std::optional<clock::time_point> deadline{};  // the position itself is evaluated even if it has passed
  bool may_end_early = false;                   // before the deadline, if the best move cannot change or is the only one
};

/// A move with what the search expects after it.
struct search_line {
  std::vector<move> moves;   // the move, then the best answers
  double q = 0;              // the mean result for the side to move, from -1 to 1
  double draw = 0;           // the mean probability of a draw
  std::uint32_t visits = 0;  // 0: only the network's probability is known
  bool mates = false;        // the move is checkmate
};

struct search_report {
  std::uint64_t nodes = 0;      // visits of the position
  std::uint64_t new_nodes = 0;  // those of this search
  double depth = 0;             // the mean number of moves to the leaves of this search
  int selective_depth = 0;      // the largest one
  std::chrono::steady_clock::duration time{};
  std::vector<search_line> lines;  // the best move first; none if the network has not yet answered or the game is over
};

/// A search and its tree. One thread at a time uses it.
class search {
 public:
  using reporter = std::function<void(search_report const&)>;

  /// The queue must outlive the search. At most `most_in_flight` positions are at the network at the same time, and fewer while the tree is
  /// small, because a walk that does not know the results of others is less well chosen.
  search(batch_queue& queue, input_format input, int most_in_flight);
  search(search const&) = delete;
  search& operator=(search const&) = delete;
  ~search();

  /// Sets the position. The part of the tree that belongs to it is kept if the game continues the one before.
  void set_position(game const& g);

  /// Searches until a limit is reached or `stop` becomes true, which takes a few milliseconds at most. Whoever sets `stop` must notify it.
  /// The reporter is called about once a second and when the best move changes, with this many lines; may be empty. Throws what the queue
  /// throws, and std::runtime_error if an output is no number; the tree stays valid.
  void run(search_limits const& limits, std::atomic<bool> const& stop, std::size_t lines = 1, reporter const& report = {});

  /// Returns what is known about the position.
  [[nodiscard]] search_report report(std::size_t lines) const;

  /// Returns a move at random: each with the probability visits ^ (1 / temperature), times a constant, or the network's probabilities if no
  /// move has a visit. Returns none if there are no lines.
  [[nodiscard]] std::optional<move> choose(double temperature, std::mt19937_64& random) const;

  [[nodiscard]] node const& root() const { return *root_; }

 private:
  /// A leaf whose evaluation is on its way.
  struct evaluation_in_flight {
    node* leaf;
    int depth;
    std::vector<move> moves;
    std::future<reply> answer;
  };
  enum class arrival { draw, ended, fresh, waiting };

  [[nodiscard]] bool ready(search_limits const& limits, std::atomic<bool> const& stop) const;
  [[nodiscard]] bool decided(search_limits const& limits) const;
  void rewind();
  [[nodiscard]] bool repeats_since_root() const;
  [[nodiscard]] std::pair<node*, arrival> walk();
  void gather(search_limits const& limits);
  void collect(search_limits const& limits, std::atomic<bool> const& stop);
  void expand(evaluation_in_flight& e);
  void count(node& leaf, int depth, double q, double draw);
  void give_up_all();
  void discard(std::unique_ptr<node> tree);

  batch_queue& queue_;
  input_format const input_;
  std::size_t const most_in_flight_;
  game game_;                   // at the root between walks
  std::size_t root_index_ = 0;  // among its positions
  bool over_ = false;           // no legal moves
  std::unique_ptr<node> root_ = std::make_unique<node>();
  std::deque<evaluation_in_flight> in_flight_;
  std::vector<node*> collisions_;  // leaves of walks that met an evaluation on its way: they keep others away until a result comes

  search_limits::clock::time_point start_{};
  std::uint64_t new_nodes_ = 0, depths_ = 0;
  int deepest_ = 0;
  std::thread discarding_;  // frees a tree, which can take long
};

}  // namespace chessnet
