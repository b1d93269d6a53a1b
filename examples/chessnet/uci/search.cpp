// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "search.hpp"

#include "input/policy_index.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <tuple>

namespace chessnet {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t most_visits = 5'000'000;  // a visit takes about 400 bytes
constexpr std::size_t most_collisions = 32;
constexpr auto poll_interval = 1ms, report_interval = 1000ms, shortest_report_interval = 50ms;

bool is_ready(std::future<reply> const& f) { return f.wait_for(0s) == std::future_status::ready; }

search_line line_of(node const& root, std::size_t index) {
  auto const& first = *root.children[index];
  search_line line{{root.edges[index].played}, first.q(), first.draw(), first.visits, first.end == ending::checkmate};
  for (node const* n = &first;;) {
    auto const best = best_children(*n);
    if (best.empty()) return line;
    line.moves.push_back(n->edges[best[0]].played);
    n = n->children[best[0]].get();
  }
}

}  // namespace

search::search(batch_queue& queue, input_format input, int most_in_flight)
    : queue_{queue}, input_{input}, most_in_flight_{std::size_t(std::max(most_in_flight, 1))}, game_{starting_position()} {}

search::~search() {
  if (discarding_.joinable()) discarding_.join();
}

void search::discard(std::unique_ptr<node> tree) {
  if (discarding_.joinable()) discarding_.join();
  if (tree->visits < 1000) return;
  discarding_ = std::thread{[t = std::move(tree)] {}};
}

void search::set_position(game const& g) {
  auto const &before = game_.positions(), &now = g.positions();
  std::unique_ptr<node> old;
  node* n = nullptr;
  if (now.size() >= before.size() && std::equal(before.begin(), before.end(), now.begin())) n = root_.get();
  for (auto i = before.size(); i < now.size() && n != nullptr; ++i) {
    std::size_t k = 0;
    while (k < n->children.size() && play(now[i - 1], n->edges[k].played) != now[i]) ++k;
    n = k < n->children.size() ? n->children[k].get() : nullptr;
  }
  if (n != root_.get()) {
    auto kept = std::make_unique<node>();
    // A draw that the rules allow to be claimed has no edges, but is searched if it is asked for.
    if (n != nullptr && !n->edges.empty()) {
      auto& siblings = n->parent->children;
      kept.swap(*std::find_if(siblings.begin(), siblings.end(), [&](auto const& c) { return c.get() == n; }));
      kept->parent = nullptr;
    }
    root_.swap(kept);
    old = std::move(kept);
  }
  game_ = g;
  root_index_ = now.size() - 1;
  over_ = legal_moves(g.current()).empty();
  if (old) discard(std::move(old));
}

void search::run(search_limits const& limits, std::atomic<bool> const& stop, std::size_t lines, reporter const& report_to) {
  start_ = limits.start;
  new_nodes_ = depths_ = 0;
  deepest_ = 0;
  auto reported = start_;
  std::size_t best = 0;
  try {
    while (!over_ && !ready(limits, stop)) {
      gather(limits);
      if (!in_flight_.empty()) collect(limits, stop);
      auto const now = search_limits::clock::now();
      if (!report_to || now - reported < shortest_report_interval || root_->visits < 2) continue;
      auto const order = best_children(*root_);
      if (order.empty() || (order[0] == best && now - reported < report_interval)) continue;
      best = order[0];
      reported = now;
      report_to(report(lines));
    }
  } catch (...) {
    give_up_all();
    throw;
  }
  give_up_all();
}

/// Returns whether a limit is reached.
bool search::ready(search_limits const& limits, std::atomic<bool> const& stop) const {
  if (stop) return true;
  if (root_->edges.empty()) return false;
  if (root_->visits >= most_visits || (limits.nodes > 0 && root_->visits >= limits.nodes)) return true;
  if (!limits.deadline) return false;
  return search_limits::clock::now() >= *limits.deadline || (limits.may_end_early && decided(limits));
}

/// Returns whether no move can get more visits than the best one before the deadline, if the search goes on at its speed.
bool search::decided(search_limits const& limits) const {
  if (root_->edges.size() == 1) return true;
  auto const now = search_limits::clock::now();
  if (new_nodes_ < 100 || now - limits.start < 20ms) return false;
  std::uint32_t first = 0, second = 0;
  for (auto const& c : root_->children) {
    second = std::max(second, std::min(first, c->visits));
    first = std::max(first, c->visits);
  }
  double const share = std::chrono::duration<double>(*limits.deadline - now) / std::chrono::duration<double>(now - limits.start);
  return double(first) - double(second) > share * double(new_nodes_);
}

void search::rewind() {
  while (game_.positions().size() > root_index_ + 1) game_.take_back();
}

/// Returns whether the current position of a walk had occurred at the root or after it. Such a repetition is a draw for the search: who
/// could avoid it and did not once will not the next time.
bool search::repeats_since_root() const {
  auto const& all = game_.positions();
  auto const last = all.size() - 1;
  if (game_.repetitions(last) == 0) return false;
  for (auto i = last; i >= root_index_ + 2;) {
    i -= 2;
    if (all[i].repeats(all[last])) return true;
  }
  return false;
}

/// Walks from the root to a leaf, through whose nodes then one more walk is on its way.
std::pair<node*, search::arrival> search::walk() {
  rewind();
  for (node* n = root_.get();;) {
    ++n->in_flight;
    if (n->end != ending::none) return {n, arrival::ended};
    if (n != root_.get() && repeats_since_root()) return {n, arrival::draw};
    if (n->edges.empty()) return {n, n->in_flight > 1 ? arrival::waiting : arrival::fresh};
    auto const chosen = select(*n);
    game_.play(n->edges[chosen].played);
    n = &child_at(*n, chosen);
  }
}

/// Adds the result of a walk. `q` is seen by the side to move at the leaf.
void search::count(node& leaf, int depth, double q, double draw) {
  back_up(leaf, q, draw);
  ++new_nodes_;
  depths_ += std::uint64_t(depth);
  deepest_ = std::max(deepest_, depth);
}

/// Walks until enough positions are at the network.
void search::gather(search_limits const& limits) {
  auto const most = std::min<std::size_t>(most_in_flight_, 1 + root_->visits / 2);
  for (std::size_t walks = 0; walks < most_in_flight_ && in_flight_.size() < most && collisions_.size() < most_collisions; ++walks) {
    if (limits.nodes > 0 && root_->visits + in_flight_.size() >= limits.nodes) return;
    auto const [leaf, what] = walk();
    int const depth = int(game_.positions().size() - 1 - root_index_);
    if (what == arrival::waiting) {
      collisions_.push_back(leaf);
      continue;
    }
    if (what == arrival::fresh) {
      in_flight_.push_back({leaf, depth, legal_moves(game_.current()), {}});
      auto& e = in_flight_.back();
      if (leaf != root_.get()) leaf->end = end_of(game_, e.moves);
      if (leaf->end == ending::none) {
        request r{encode(game_, input_), {}};
        for (auto const m : e.moves) r.moves.push_back(std::uint16_t(policy_index(m, r.planes.transform)));
        e.answer = queue_.submit(std::move(r));
        continue;
      }
      in_flight_.pop_back();
    }
    bool const lost = leaf->end == ending::checkmate;
    count(*leaf, depth, lost ? -1 : 0, lost ? 0 : 1);
  }
}

/// Waits for the oldest evaluation, and takes all that are there. Returns without one if the search is to end.
void search::collect(search_limits const& limits, std::atomic<bool> const& stop) {
  while (in_flight_.front().answer.wait_for(poll_interval) != std::future_status::ready)
    if (ready(limits, stop)) return;
  for (auto* const leaf : collisions_) give_up(*leaf);
  collisions_.clear();
  for (; !in_flight_.empty() && is_ready(in_flight_.front().answer); in_flight_.pop_front()) expand(in_flight_.front());
}

/// Gives the leaf its moves, and the result to all nodes above.
void search::expand(evaluation_in_flight& e) {
  auto const answer = e.answer.get();
  bool finite = std::isfinite(answer.q) && std::isfinite(answer.draw);
  std::vector<edge> edges;
  edges.reserve(e.moves.size());
  for (std::size_t i = 0; i < e.moves.size(); ++i) {
    edges.push_back({e.moves[i], answer.moves.at(i)});
    finite = finite && std::isfinite(edges.back().prior);
  }
  if (!finite) throw std::runtime_error{"an output of the network is not a number"};
  auto const rank = [](edge const& x) { return std::tuple{-x.prior, x.played.from, x.played.to, x.played.promotion}; };
  std::sort(edges.begin(), edges.end(), [&](edge const& a, edge const& b) { return rank(a) < rank(b); });
  e.leaf->edges = std::move(edges);
  count(*e.leaf, e.depth, double(answer.q), double(answer.draw));
}

/// Ends all walks. What is at the network is evaluated, and nobody asks for it.
void search::give_up_all() {
  for (auto& e : in_flight_) give_up(*e.leaf);
  for (auto* const leaf : collisions_) give_up(*leaf);
  in_flight_.clear();
  collisions_.clear();
  rewind();
}

search_report search::report(std::size_t lines) const {
  search_report result;
  result.nodes = root_->visits;
  result.new_nodes = new_nodes_;
  if (new_nodes_ > 0) result.depth = double(depths_) / double(new_nodes_);
  result.selective_depth = deepest_;
  result.time = search_limits::clock::now() - start_;
  for (auto const i : best_children(*root_)) {
    if (result.lines.size() == lines) break;
    result.lines.push_back(line_of(*root_, i));
  }
  // The network has evaluated only the position itself.
  if (result.lines.empty() && !root_->edges.empty() && lines > 0)
    result.lines.push_back({{root_->edges[0].played}, -root_->q(), root_->draw(), 0, false});
  return result;
}

std::optional<move> search::choose(double temperature, std::mt19937_64& random) const {
  if (root_->edges.empty()) return {};
  auto const order = best_children(*root_);
  std::vector<double> weights;
  if (order.empty())
    for (auto const& e : root_->edges) weights.push_back(std::pow(double(e.prior) / double(root_->edges[0].prior), 1 / temperature));
  else
    for (auto const i : order)
      weights.push_back(std::pow(double(root_->children[i]->visits) / root_->children[order[0]]->visits, 1 / temperature));
  auto const chosen = std::discrete_distribution<std::size_t>{weights.begin(), weights.end()}(random);
  return root_->edges[order.empty() ? chosen : order[chosen]].played;
}

}  // namespace chessnet
