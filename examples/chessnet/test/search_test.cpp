// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Searches with a stand-in for the network that counts pieces: what is found, how many positions are visited, and how a search ends.
#include "uci/search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <future>

namespace {

using namespace chessnet;
using namespace std::chrono_literals;
using clock = search_limits::clock;

/// Counts pieces. All moves are equally probable, unless it is `sure`.
class piece_counter : public evaluator {
 public:
  std::chrono::microseconds delay{0};  // of each batch
  int fails_at = -1;                   // the number of the batch that fails
  bool spoils = false;                 // answers with what is no number
  bool sure = false;                   // the first move has nearly all the probability
  std::atomic<int> evaluated = 0, batches = 0, largest = 0;

  [[nodiscard]] int largest_batch() const override { return 64; }
  void evaluate(std::span<request const> requests, std::span<reply> replies) override {
    std::this_thread::sleep_for(delay);
    if (batches++ == fails_at) throw std::runtime_error{"the device failed"};
    largest = std::max(largest.load(), int(requests.size()));
    evaluated += int(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      constexpr double worth[] = {1, 3, 3, 5, 9, 0};
      double material = 0;
      for (std::size_t kind = 0; kind < 6; ++kind)
        material += worth[kind] * (std::popcount(requests[i].planes.mask[kind]) - std::popcount(requests[i].planes.mask[6 + kind]));
      auto const moves = requests[i].moves.size();
      replies[i] = {spoils ? NAN : float(std::tanh(material / 10)), 0, 0, std::vector<float>(moves, 1 / float(moves))};
      if (sure && moves > 1) {
        replies[i].moves.assign(moves, 0.01f / float(moves - 1));
        replies[i].moves[0] = 0.99f;
      }
    }
  }
};

/// A search with its queue.
struct searcher {
  piece_counter network;
  batch_queue queue;
  search tree;
  std::atomic<bool> stop = false;

  explicit searcher(int batch = 8) : queue{network, {.batch = batch, .latency = 50us}}, tree{queue, input_format::classical, 2 * batch} {}

  /// Returns the best move after `moves`.
  std::string best(char const* fen, std::uint64_t nodes, char const* moves = "") {
    game g{parse_fen(fen)};
    g.play(moves);
    tree.set_position(g);
    tree.run({.nodes = nodes}, stop);
    auto const found = tree.report(1);
    return found.lines.empty() ? "none" : to_uci(g.current(), found.lines[0].moves[0]);
  }
};

constexpr char const* start = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1";

/// Expects that a node was visited once for itself and otherwise through its children, that the results add up, and that no walk is left.
/// `own` is how often walks may have ended at a node that has children: 1, and once more for each time it was a draw by repetition before.
void check_tree(node const& n, bool may_repeat) {
  EXPECT_EQ(n.in_flight, 0u);
  EXPECT_LE(std::abs(n.value), double(n.visits) + 1e-6);
  ASSERT_LE(n.children.size(), n.edges.size());
  if (n.edges.empty()) return;
  std::uint64_t visits = 0;
  double prior = 0;
  for (auto const& e : n.edges) prior += double(e.prior);
  EXPECT_NEAR(prior, 1, 1e-4);
  for (auto const& c : n.children) {
    EXPECT_EQ(c->parent, &n);
    visits += c->visits;
    check_tree(*c, may_repeat);
  }
  if (may_repeat)
    EXPECT_GE(n.visits, visits + 1);
  else
    EXPECT_EQ(n.visits, visits + 1);
}

TEST(search, visits_add_up) {
  for (int const batch : {1, 3, 64}) {
    searcher s{batch};
    (void)s.best("r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", 3000);
    EXPECT_EQ(s.tree.root().visits, 3000u);
    check_tree(s.tree.root(), false);
  }
}

/// Walks that meet an evaluation on its way do not ask for it again.
TEST(search, visits_add_up_if_all_walks_go_the_same_way) {
  searcher s{64};
  s.network.sure = true;
  (void)s.best(start, 60);
  EXPECT_EQ(s.network.evaluated, 60);
  check_tree(s.tree.root(), false);
}

TEST(search, takes_exactly_the_nodes_of_its_limit) {
  for (std::uint64_t const nodes : {1u, 2u, 3u, 10u, 100u, 777u}) {
    searcher s{64};
    (void)s.best(start, nodes);
    auto const report = s.tree.report(1);
    EXPECT_EQ(s.tree.root().visits, nodes);
    EXPECT_EQ(report.nodes, nodes);
    EXPECT_EQ(report.new_nodes, nodes);
    EXPECT_EQ(std::uint64_t(s.network.evaluated), nodes);  // nothing ends after so few moves
  }
}

TEST(search, forms_batches) {
  searcher s{64};
  s.network.delay = 1ms;
  (void)s.best(start, 3000);
  EXPECT_GT(s.network.largest, 32);
  EXPECT_LT(s.network.batches, 300);
}

TEST(search, finds_mate_in_one) {
  EXPECT_EQ(searcher{}.best("6k1/5ppp/8/8/8/8/8/R6K w - - 0 1", 200), "a1a8");
  EXPECT_EQ(searcher{}.best("6k1/5ppp/8/8/8/8/8/R6K b - - 0 1", 200, "g8f8 h1h2 f8g8"), "a1a8");
  EXPECT_EQ(searcher{}.best(start, 200, "f2f3 e7e5 g2g4"), "d8h4");
}

TEST(search, finds_mate_in_two) {
  searcher s;
  // The rooks climb the ladder: b1 takes the seventh rank or gives check first.
  auto const best = s.best("7k/8/8/8/8/8/R7/1R4K1 w - - 0 1", 4000);
  EXPECT_TRUE(best == "a2a7" || best == "b1b7") << best;
  auto const line = s.tree.report(1).lines[0];
  EXPECT_GT(line.q, 0.8);
}

/// A draw is worse for who has more, and better for who has less.
TEST(search, avoids_stalemate_when_ahead) {
  searcher s;
  EXPECT_NE(s.best("7k/8/6K1/8/8/8/8/5Q2 w - - 0 1", 400), "f1f7");
  auto const& root = s.tree.root();
  bool seen = false;
  for (auto const& c : root.children)
    if (c->end == ending::stalemate) {
      seen = true;
      EXPECT_EQ(c->q(), 0);
      EXPECT_EQ(c->draw(), 1);
    }
  EXPECT_TRUE(seen);
}

TEST(search, seeks_stalemate_when_behind) {
  searcher s;
  // The king cannot move, and the rook offers itself with check until it is taken.
  auto const best = s.best("6R1/8/8/8/8/7k/r4q2/7K w - - 0 1", 10000);
  EXPECT_TRUE(best == "g8g3" || best == "g8h8") << best;
  EXPECT_GT(s.tree.report(1).lines[0].q, -0.45);  // the pieces say -0.7
}

TEST(search, sees_repetition_as_draw) {
  searcher s;
  // Qe8+ Kh7 Qh5+ Kg8 and again; all answers are forced.
  auto const best = s.best("6k1/6p1/5p2/7Q/8/1q6/r7/n3K3 w - - 0 1", 10000);
  EXPECT_EQ(best, "h5e8");
  EXPECT_GT(s.tree.report(1).lines[0].q, -0.45);  // the pieces say -0.8
}

TEST(search, knows_the_third_repetition_of_the_game) {
  searcher s;
  // After these moves, g8 brings the first position back for the third time.
  EXPECT_EQ(s.best("7k/8/8/8/8/8/1r6/K6q w - - 0 1", 1, ""), "a1b2");
  game g{parse_fen("6k1/8/8/8/8/8/5r2/K6R w - - 0 1")};
  g.play("h1g1 g8h8 g1h1 h8g8 h1g1 g8h8 g1h1");
  s.tree.set_position(g);
  s.tree.run({.nodes = 100}, s.stop);
  bool seen = false;
  for (std::size_t i = 0; i < s.tree.root().children.size(); ++i)
    if (to_uci(g.current(), s.tree.root().edges[i].played) == "h8g8") {
      seen = true;
      EXPECT_EQ(s.tree.root().children[i]->end, ending::repetition);
      EXPECT_EQ(s.tree.root().children[i]->q(), 0);
    }
  EXPECT_TRUE(seen);
}

TEST(search, knows_fifty_moves) {
  searcher s;
  (void)s.best("4k3/8/8/8/8/8/8/R3K3 w - - 99 80", 300);
  for (auto const& c : s.tree.root().children) EXPECT_EQ(c->end, ending::fifty_moves);
  EXPECT_EQ(s.tree.report(1).lines[0].q, 0);
  EXPECT_EQ(s.network.evaluated, 1);
}

TEST(search, keeps_the_tree_of_a_game_that_goes_on) {
  searcher s;
  game g{starting_position()};
  s.tree.set_position(g);
  s.tree.run({.nodes = 2000}, s.stop);
  g.play("e2e4 e7e5");
  s.tree.set_position(g);
  auto const kept = s.tree.root().visits;
  EXPECT_GT(kept, 0u);
  EXPECT_LT(kept, 2000u);
  check_tree(s.tree.root(), true);
  int const before = s.network.evaluated;
  s.tree.run({.nodes = 500}, s.stop);
  EXPECT_EQ(s.tree.root().visits, 500u);
  EXPECT_EQ(s.network.evaluated - before, 500 - int(kept));
  EXPECT_EQ(s.tree.report(1).new_nodes, 500 - kept);
  check_tree(s.tree.root(), true);
  // The same position again needs nothing.
  s.tree.set_position(g);
  s.tree.run({.nodes = 500}, s.stop);
  EXPECT_EQ(s.network.evaluated - before, 500 - int(kept));
  // Another game.
  game other{starting_position()};
  other.play("d2d4");
  s.tree.set_position(other);
  EXPECT_EQ(s.tree.root().visits, 0u);
  // One that has the same last position, but another past.
  game transposed{starting_position()};
  transposed.play("g1f3 g8f6 b1c3");
  game again{starting_position()};
  again.play("b1c3 g8f6 g1f3");
  s.tree.set_position(transposed);
  s.tree.run({.nodes = 10}, s.stop);
  s.tree.set_position(again);
  EXPECT_EQ(s.tree.root().visits, 0u);
}

TEST(search, stops_at_once) {
  searcher s{16};
  s.network.delay = 200ms;
  s.tree.set_position(game{starting_position()});
  auto run = std::async(std::launch::async, [&] {
    s.tree.run({}, s.stop);
    return clock::now();
  });
  std::this_thread::sleep_for(700ms);
  auto const asked = clock::now();
  s.stop = true;
  s.stop.notify_all();
  EXPECT_LT(run.get() - asked, 100ms);  // not as long as a batch
  check_tree(s.tree.root(), false);
  EXPECT_GT(s.tree.root().visits, 0u);
}

TEST(search, keeps_its_deadline) {
  searcher s;
  s.network.delay = 1ms;
  s.tree.set_position(game{starting_position()});
  auto const begin = clock::now();
  s.tree.run({.start = begin, .deadline = begin + 100ms}, s.stop);
  EXPECT_GE(clock::now() - begin, 100ms);
  EXPECT_LT(clock::now() - begin, 300ms);
  check_tree(s.tree.root(), false);
  // Even then there is a move to play.
  searcher late;
  late.network.delay = 20ms;
  late.tree.set_position(game{starting_position()});
  late.tree.run({.deadline = clock::now()}, late.stop);
  EXPECT_EQ(late.tree.report(1).lines.size(), 1u);
}

TEST(search, ends_early_if_nothing_can_change) {
  searcher s;
  s.tree.set_position(game{parse_fen("6k1/5ppp/8/8/8/8/8/R6K w - - 0 1")});
  auto const begin = clock::now();
  s.tree.run({.start = begin, .deadline = begin + 2s, .may_end_early = true}, s.stop);
  EXPECT_LT(clock::now() - begin, 1800ms);                                // the mate has most visits long before
  s.tree.set_position(game{parse_fen("7k/8/8/8/8/8/1r6/K7 w - - 0 1")});  // one legal move
  s.tree.run({.deadline = clock::now() + 20s, .may_end_early = true}, s.stop);
  EXPECT_EQ(s.tree.root().visits, 1u);
}

TEST(search, errors_of_the_network) {
  searcher s;
  s.network.fails_at = 5;
  EXPECT_THROW((void)s.best(start, 1000), std::runtime_error);
  auto const visits = s.tree.root().visits;
  EXPECT_GT(visits, 0u);
  check_tree(s.tree.root(), false);
  // What the tree has is usable, and the search goes on.
  EXPECT_EQ(s.tree.report(1).lines.size(), 1u);
  EXPECT_EQ(s.best(start, 1000).size(), 4u);
  EXPECT_EQ(s.tree.root().visits, 1000u);
  check_tree(s.tree.root(), false);

  s.network.spoils = true;
  EXPECT_THROW((void)s.best(start, 1100), std::runtime_error);
  check_tree(s.tree.root(), false);
}

TEST(search, reports) {
  searcher s;
  s.network.delay = 2ms;
  s.tree.set_position(game{starting_position()});
  std::vector<search_report> reports;
  auto const begin = clock::now();
  s.tree.run({.start = begin, .deadline = begin + 1100ms}, s.stop, 3, [&](search_report const& r) { reports.push_back(r); });
  ASSERT_FALSE(reports.empty());
  for (auto const& r : reports) {
    EXPECT_LE(r.lines.size(), 3u);
    EXPECT_GE(r.depth, 0.0);
    EXPECT_GE(r.selective_depth, r.depth);
    EXPECT_EQ(r.nodes, r.new_nodes);
  }
  auto const last = s.tree.report(3);
  ASSERT_EQ(last.lines.size(), 3u);
  for (std::size_t i = 1; i < 3; ++i) EXPECT_GE(last.lines[i - 1].visits, last.lines[i].visits);
  for (auto const& line : last.lines) {
    game g{starting_position()};
    for (auto const m : line.moves) {  // all moves of a line are legal
      auto const legal = legal_moves(g.current());
      ASSERT_NE(std::find(legal.begin(), legal.end(), m), legal.end());
      g.play(m);
    }
  }
}

TEST(search, choice_by_temperature) {
  searcher s;
  std::mt19937_64 random{1};
  s.tree.set_position(game{starting_position()});
  EXPECT_FALSE(s.tree.choose(1, random));
  auto const moves_of = [&](double temperature) {
    std::vector<move> seen;
    for (int i = 0; i < 2000; ++i) {
      auto const m = *s.tree.choose(temperature, random);
      if (std::find(seen.begin(), seen.end(), m) == seen.end()) seen.push_back(m);
    }
    return seen.size();
  };
  s.tree.run({.nodes = 1}, s.stop);
  EXPECT_EQ(moves_of(1), 20u);  // the network's probabilities, which are equal
  game g{parse_fen("6k1/5ppp/8/8/8/8/8/R6K w - - 0 1")};
  s.tree.set_position(g);
  s.tree.run({.nodes = 600}, s.stop);
  EXPECT_EQ(moves_of(0.05), 1u);  // as good as always the best
  EXPECT_GT(moves_of(10), 10u);
}

TEST(tree, the_best_children) {
  node n;
  n.edges = {{{0, 1, {}}, 0.4f}, {{0, 2, {}}, 0.3f}, {{0, 3, {}}, 0.2f}, {{0, 4, {}}, 0.1f}};
  for (std::size_t i = 0; i < 4; ++i) child_at(n, i).visits = std::array{5u, 9u, 0u, 2u}[i];
  EXPECT_EQ(best_children(n), (std::vector<std::size_t>{1, 0, 3}));
  n.children[3]->end = ending::checkmate;
  EXPECT_EQ(best_children(n), (std::vector<std::size_t>{3, 1, 0}));
}

TEST(tree, selection) {
  node n;
  n.edges = {{{0, 1, {}}, 0.6f}, {{0, 2, {}}, 0.3f}, {{0, 3, {}}, 0.1f}};
  n.visits = 1;
  n.in_flight = 1;
  EXPECT_EQ(select(n), 0u);  // the most probable one first
  (void)child_at(n, 0);
  n.children[0]->in_flight = 1;
  EXPECT_EQ(select(n), 0u);  // 0.6 / 2 is no more than 0.3
  n.children[0]->in_flight = 2;
  EXPECT_EQ(select(n), 1u);  // walks on their way keep others away
  n.children[0]->in_flight = 0;
  n.children[0]->visits = 1;
  n.children[0]->value = -1;
  n.visits = 2;
  EXPECT_EQ(select(n), 1u);  // a bad result too
  n.children[0]->value = 1;
  EXPECT_EQ(select(n), 0u);
}

}  // namespace
