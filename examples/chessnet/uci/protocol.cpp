// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "protocol.hpp"

#include "words.hpp"

#include <algorithm>
#include <cmath>
#include <new>

namespace chessnet {
namespace {

constexpr std::uint64_t nodes_of_unknown_limits = 800;  // AlphaZero's for a move of its training games

/// Returns centipawns for an expected result, as Leela Chess Zero documents it: 128 pawns at most.
long centipawns(double q) { return std::lround(111.714640912 * std::tan(1.5620688421 * std::clamp(q, -1.0, 1.0))); }

std::string outcome_text(search_line const& line) {
  auto const permille = [](double share) { return std::clamp(std::lround(1000 * share), 0L, 1000L); };
  long const win = permille((1 + line.q - line.draw) / 2), loss = std::min(permille((1 - line.q - line.draw) / 2), 1000 - win);
  return " wdl " + std::to_string(win) + ' ' + std::to_string(1000 - win - loss) + ' ' + std::to_string(loss);
}

std::string message_of(std::exception const& error) {
  return dynamic_cast<std::bad_alloc const*>(&error) != nullptr ? "out of memory" : error.what();
}

}  // namespace

protocol::protocol(settings const& defaults, loader load, printer print)
    : defaults_{defaults}, settings_{defaults}, load_{std::move(load)}, print_{std::move(print)}, game_{starting_position()} {}

protocol::~protocol() { stop(); }

bool protocol::handle(std::string_view line) {
  auto const start = search_limits::clock::now();
  auto const words = words_of(line);
  if (words.empty()) return true;
  auto const rest = line.substr(std::size_t(words[0].data() + words[0].size() - line.data()));
  try {
    if (words[0] == "go")
      go(rest, start);
    else
      obey(words[0], rest);
  } catch (std::exception const& error) {
    print_error(message_of(error));
  }
  return !quits_;
}

void protocol::obey(std::string_view command, std::string_view rest) {
  if (command == "uci") {
    identify();
  } else if (command == "isready") {
    try {
      if (!searching_) load();
    } catch (std::exception const& error) {
      print_error(message_of(error));
    }
    print("readyok");
  } else if (command == "ucinewgame") {
    require_idle(command);
    if (search_) search_ = std::make_unique<search>(*queue_, network_.input, most_in_flight());
  } else if (command == "position") {
    require_idle(command);
    set_position(rest);
  } else if (command == "setoption") {
    require_idle(command);
    set_option(rest);
  } else if (command == "stop") {
    stop();
  } else if (command == "quit") {
    stop();
    quits_ = true;
  } else if (command != "debug" && command != "register") {  // these two have nothing to do here
    throw protocol_error{"unknown command '" + std::string{command} + "'"};
  }
}

void protocol::identify() {
  print("id name Crosslane chessnet");
  print("id author the authors of Crosslane");
  for (auto const& line : option_lines(defaults_)) print(line);
  print("uciok");
}

void protocol::require_idle(std::string_view command) const {
  if (searching_) throw protocol_error{std::string{command} + ": a search is running; stop ends it"};
}

void protocol::set_option(std::string_view text) {
  auto const words = words_of(text);
  if (words.size() < 2 || words[0] != "name") throw protocol_error{"setoption needs: name <option> value <value>"};
  auto const between = [&](std::size_t first, std::size_t last) {  // the text from one word to before another
    if (first >= last) return std::string_view{};
    char const* const begin = words[first].data();
    return std::string_view{begin, std::size_t(words[last - 1].data() + words[last - 1].size() - begin)};
  };
  auto const value = std::size_t(std::find(words.begin(), words.end(), "value") - words.begin());
  chessnet::set_option(settings_, between(1, value), between(value + 1, words.size()));
}

void protocol::set_position(std::string_view text) {
  auto const words = words_of(text);
  auto const moves = std::find(words.begin(), words.end(), "moves");
  game g{starting_position()};
  if (!words.empty() && words[0] == "fen") {
    std::string fen;
    for (auto w = words.begin() + 1; w != moves; ++w) {
      if (!fen.empty()) fen += ' ';
      fen += *w;
    }
    g = game{parse_fen(fen)};
  } else if (words.empty() || words[0] != "startpos" || moves > words.begin() + 1) {
    throw protocol_error{"position needs: startpos or fen <FEN>, then moves <moves>"};
  }
  if (moves != words.end())
    for (auto w = moves + 1; w != words.end(); ++w) g.play(parse_move(g.current(), *w));
  game_ = std::move(g);
}

/// Loads the network of the settings, unless it is there. If that fails, the one before stays, and so do its settings.
void protocol::load() {
  if (search_ && loaded_.network() == settings_.network()) return;
  try {
    auto network = load_(settings_);
    auto queue = std::make_unique<batch_queue>(*network.evaluator,
                                               batch_queue::options{.batch = std::min(settings_.batch, network.evaluator->largest_batch()),
                                                                    .latency = std::chrono::microseconds{settings_.latency}});
    search_.reset();
    queue_ = std::move(queue);
    network_ = std::move(network);
    loaded_ = settings_;
    search_ = std::make_unique<search>(*queue_, network_.input, most_in_flight());
  } catch (std::exception const& error) {
    if (!search_) throw protocol_error{"there is no network: " + message_of(error)};
    settings_.set_network(loaded_);
    throw protocol_error{message_of(error) + "; the network is still " + network_.description};
  }
  print("info string network: " + network_.description);
}

void protocol::go(std::string_view text, search_limits::clock::time_point start) {
  require_idle("go");
  auto const command = parse_go(text);
  try {
    load();
  } catch (std::exception const& error) {
    print_error(message_of(error));
    if (!search_) return print("bestmove 0000");
  }
  auto const time = thinking_time(command, game_.current().black_to_move, std::chrono::milliseconds{settings_.overhead});
  search_limits limits{.nodes = command.nodes.value_or(0), .start = start};
  if (time) limits.deadline = start + *time;
  limits.may_end_early = !command.movetime;
  bool infinite = command.infinite;
  if (!infinite && settings_.nodes > 0)
    limits.nodes = std::min(limits.nodes > 0 ? limits.nodes : std::uint64_t(settings_.nodes), std::uint64_t(settings_.nodes));
  bool const unlimited = !infinite && limits.nodes == 0 && !time;
  if (unlimited && command.ignored.empty()) infinite = true;
  if (unlimited && !command.ignored.empty()) limits.nodes = nodes_of_unknown_limits;
  for (auto const& word : command.ignored)
    print("info string go " + word + " is ignored" + (unlimited ? ": " + std::to_string(limits.nodes) + " nodes are visited" : ""));

  if (thread_.joinable()) thread_.join();
  search_->set_position(game_);
  stop_ = false;
  searching_ = true;
  thread_ = std::thread{[this, limits, infinite, chosen = settings_] { think(limits, infinite, chosen); }};
}

void protocol::stop() {
  stop_ = true;
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

/// The thread of a search.
void protocol::think(search_limits const& limits, bool infinite, settings const& chosen) {
  auto const lines = std::size_t(chosen.lines);
  try {
    search_->run(limits, stop_, lines, [&](search_report const& r) { print_report(r, chosen); });
  } catch (std::exception const& error) {
    print_error(message_of(error));
  }
  if (infinite) stop_.wait(false);
  auto const report = search_->report(lines);
  print_report(report, chosen);
  std::optional<move> best;
  if (chosen.temperature > 0)
    best = search_->choose(chosen.temperature, random_);
  else if (!report.lines.empty())
    best = report.lines[0].moves[0];
  if (!best)  // stopped before the network answered, or the game is over
    if (auto const legal = legal_moves(game_.current()); !legal.empty()) best = legal[0];
  auto const text = best ? to_uci(game_.current(), *best, chosen.chess960) : "0000";
  searching_ = false;
  print("bestmove " + text);
}

void protocol::print_report(search_report const& r, settings const& chosen) {
  auto const time = std::chrono::duration<double>(r.time).count();
  for (std::size_t i = 0; i < r.lines.size(); ++i) {
    auto const& line = r.lines[i];
    auto text = "info depth " + std::to_string(std::max(std::lround(r.depth), 1L)) + " seldepth " +
                std::to_string(std::max(r.selective_depth, 1)) + " time " + std::to_string(std::lround(1000 * time)) + " nodes " +
                std::to_string(r.nodes);
    text += line.mates ? " score mate 1" : " score cp " + std::to_string(centipawns(line.q));
    if (chosen.shows_outcome && network_.has_draw) text += outcome_text(line);
    text += " nps " + std::to_string(std::llround(double(r.new_nodes) / std::max(time, 1e-3)));
    if (chosen.lines > 1) text += " multipv " + std::to_string(i + 1);
    text += " pv";
    auto p = game_.current();
    for (auto const m : line.moves) {
      text += ' ' + to_uci(p, m, chosen.chess960);
      p = play(p, m);
    }
    print(text);
  }
}

void protocol::print(std::string const& line) {
  std::lock_guard const lock{printing_};
  print_(line);
}

/// Prints a text that may have parts from outside: on one line, in printable characters.
void protocol::print_error(std::string_view text) {
  constexpr std::size_t most = 400;
  std::string line{"info string "};
  for (char const c : text.substr(0, most)) line += c >= ' ' && c <= '~' ? c : '?';
  print(line + (text.size() > most ? "..." : ""));
}

}  // namespace chessnet
