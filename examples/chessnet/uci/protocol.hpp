// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The Universal Chess Interface (UCI), by which chess programs talk to engines: lines of text in both directions.
#pragma once

#include "search.hpp"
#include "settings.hpp"
#include "time_control.hpp"

#include <mutex>

namespace chessnet {

/// A network that is ready to evaluate positions.
struct loaded_network {
  std::unique_ptr<chessnet::evaluator> evaluator;
  input_format input = input_format::classical;
  bool has_draw = false;    // knows the probability of a draw
  std::string description;  // a line
};

/// Answers the commands of a chess program.
///
/// A search has a thread of its own, so that handle() returns at once and a search can be stopped. Commands that would change a running
/// search are refused. A wrong command changes nothing. Both are answered by one line "info string ...".
class protocol {
 public:
  /// Loads the network of the settings. May throw any std::exception.
  using loader = std::function<loaded_network(settings const&)>;
  /// Writes a line, which has no end of line. One thread at a time calls it.
  using printer = std::function<void(std::string const&)>;

  protocol(settings const& defaults, loader load, printer print);
  protocol(protocol const&) = delete;
  protocol& operator=(protocol const&) = delete;
  /// Ends a search that is running.
  ~protocol();

  /// Obeys one line. Returns false after `quit`. One thread at a time calls it.
  bool handle(std::string_view line);

 private:
  void obey(std::string_view command, std::string_view rest);
  void identify();
  void set_option(std::string_view text);
  void set_position(std::string_view text);
  void go(std::string_view text, search_limits::clock::time_point start);
  void stop();
  void load();
  void require_idle(std::string_view command) const;
  /// While one batch is evaluated, the next one is formed.
  [[nodiscard]] int most_in_flight() const { return 2 * loaded_.batch; }

  void think(search_limits const& limits, bool infinite, settings const& chosen);
  void print_report(search_report const& r, settings const& chosen);

  void print(std::string const& line);
  void print_error(std::string_view text);

  settings const defaults_;
  settings settings_;
  loader const load_;
  printer const print_;
  std::mutex printing_;
  game game_;
  bool quits_ = false;

  // The network and its settings. The queue uses the network, and the search uses the queue.
  settings loaded_;
  loaded_network network_;
  std::unique_ptr<batch_queue> queue_;
  std::unique_ptr<search> search_;
  std::mt19937_64 random_{std::random_device{}()};

  std::atomic<bool> stop_ = false;
  std::atomic<bool> searching_ = false;  // becomes false before the search's last line is printed
  std::thread thread_;
};

}  // namespace chessnet
