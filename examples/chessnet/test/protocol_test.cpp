// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Talks to the engine as a chess program does, with a small network that the reference evaluates.
#include "uci/protocol.hpp"

#include "reference_evaluator.hpp"
#include "weights/synthetic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <sstream>

namespace {

using namespace chessnet;
using namespace std::chrono_literals;

/// The smallest network that has all parts: 60,000 products a position.
synthetic_shape smallest() {
  synthetic_shape s;
  s.body = true;
  s.channels = 4;
  s.layers = 1;
  s.heads = 1;
  s.hidden = 4;
  s.policy = policy_kind::attention;
  s.policy_channels = 4;
  s.value_channels = 1;
  s.moves_left_channels = 1;
  s.head_hidden = 4;
  return s;
}

loaded_network load(settings const& s) {
  if (s.weights == "missing.pb") throw std::runtime_error{"cannot read 'missing.pb': no such file"};
  auto n = synthetic_network(smallest(), s.synthetic == "se-64x6" ? 1 : 2);
  auto const input = n.input;
  auto const text = n.describe();
  return {std::make_unique<chessnet_test::reference_evaluator>(std::move(n)), input, true, text};
}

class talk {
 public:
  explicit talk(protocol::loader loader = load)
      : engine_{{.batch = 4, .latency = 0}, std::move(loader), [this](std::string const& line) {
                  std::lock_guard const lock{mutex_};
                  lines_.push_back(line);
                  printed_.notify_all();
                }} {}

  bool say(std::string_view line) { return engine_.handle(line); }

  /// Returns the first line that begins with `start` and was not yet asked for, and drops those before it.
  std::string hear(std::string const& start, std::chrono::milliseconds at_most = 30s) {
    std::unique_lock lock{mutex_};
    std::string result;
    auto const found = [&] {
      while (!lines_.empty()) {
        auto const line = lines_.front();
        lines_.erase(lines_.begin());
        if (line.starts_with(start)) {
          result = line;
          return true;
        }
      }
      return false;
    };
    return printed_.wait_for(lock, at_most, found) ? result : "nothing";
  }

  /// Returns the lines that nobody has asked for.
  std::vector<std::string> rest() {
    std::lock_guard const lock{mutex_};
    return std::exchange(lines_, {});
  }

  /// Returns the only answer to a line.
  std::string answer(std::string_view line) {
    (void)rest();
    (void)say(line);
    auto const lines = rest();
    return lines.size() == 1 ? lines[0] : std::to_string(lines.size()) + " lines";
  }

  /// Says the line, which starts a search, and returns the answers before the move.
  std::vector<std::string> all_until_best(std::string_view command) {
    (void)rest();
    (void)say(command);
    std::vector<std::string> lines;
    for (auto line = hear(""); line != "nothing" && !line.starts_with("bestmove"); line = hear("")) lines.push_back(line);
    return lines;
  }

  /// Returns the move that the engine plays.
  std::string best(std::string_view position, std::string_view command) {
    (void)say(position);
    (void)say(command);
    auto const line = hear("bestmove ");
    return line.size() > 9 ? line.substr(9) : line;
  }

 private:
  std::mutex mutex_;
  std::condition_variable printed_;
  std::vector<std::string> lines_;
  protocol engine_;  // the last member: its search prints
};

bool is_legal(std::string const& text, std::string_view moves = "") {
  game g{starting_position()};
  g.play(moves);
  auto const legal = legal_moves(g.current());
  return std::any_of(legal.begin(), legal.end(), [&](move m) { return to_uci(g.current(), m) == text; });
}

/// Returns the number that follows a word of a line.
long number_after(std::string const& line, std::string const& word) {
  auto const at = line.find(' ' + word + ' ');
  return at == line.npos ? -1'000'000 : std::stol(line.substr(at + word.size() + 2));
}

TEST(protocol, introduces_itself) {
  talk t;
  EXPECT_TRUE(t.say("uci"));
  auto const lines = t.rest();
  ASSERT_GT(lines.size(), 3u);
  EXPECT_EQ(lines.front(), "id name Crosslane chessnet");
  EXPECT_EQ(lines.back(), "uciok");
  for (auto const* const expected :
       {"option name WeightsFile type string default <empty>",
        "option name Precision type combo default half var float var half var bfloat16",
        "option name Batch type spin default 4 min 1 max 4096", "option name Temperature type string default 0.00",
        "option name UCI_Chess960 type check default false"})
    EXPECT_EQ(std::count(lines.begin(), lines.end(), expected), 1) << expected;
  EXPECT_TRUE(t.say("isready"));
  EXPECT_TRUE(t.hear("info string network: ").starts_with("info string network: attention body"));
  EXPECT_EQ(t.hear("readyok"), "readyok");
  EXPECT_FALSE(t.say("quit"));
}

TEST(protocol, plays_a_legal_move) {
  talk t;
  EXPECT_TRUE(is_legal(t.best("position startpos", "go nodes 50")));
  EXPECT_TRUE(is_legal(t.best("position startpos moves e2e4 e7e5", "go nodes 50"), "e2e4 e7e5"));
  EXPECT_TRUE(
      is_legal(t.best("  position \t fen rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1  moves  e2e4\r", "go nodes 50"), "e2e4"));
  EXPECT_TRUE(is_legal(t.best("position startpos", "go movetime 30")));
  EXPECT_TRUE(is_legal(t.best("position startpos", "go wtime 600 btime 600 winc 10 binc 10")));
  EXPECT_TRUE(is_legal(t.best("position startpos", "go wtime -20 btime 600")));
  EXPECT_TRUE(is_legal(t.best("position startpos", "go wtime 500 btime 500 movestogo 10")));
  // The only ones.
  EXPECT_EQ(t.best("position fen 7k/8/8/8/8/8/1r6/K7 w - - 0 1", "go nodes 5"), "a1b2");
  EXPECT_EQ(t.best("position fen 7k/5Q2/6K1/8/8/8/8/8 b - - 0 1", "go nodes 5"), "0000");
  EXPECT_EQ(t.best("position startpos moves f2f3 e7e5 g2g4 d8h4", "go wtime 1000 btime 1000"), "0000");
  EXPECT_EQ(t.best("position fen 6k1/5ppp/8/8/8/8/8/R6K w - - 0 1", "go nodes 300"), "a1a8");
}

TEST(protocol, reports) {
  talk t;
  (void)t.say("setoption name UCI_ShowWDL value true");
  (void)t.say("setoption name MultiPV value 3");
  (void)t.say("position startpos moves d2d4");
  auto const reports = t.all_until_best("go nodes 200");
  ASSERT_GE(reports.size(), 3u);
  for (int i = 1; i <= 3; ++i) {
    auto const& line = reports[reports.size() - 4 + std::size_t(i)];
    EXPECT_EQ(number_after(line, "nodes"), 200) << line;
    EXPECT_EQ(number_after(line, "multipv"), i) << line;
    EXPECT_GE(number_after(line, "seldepth"), number_after(line, "depth")) << line;
    EXPECT_GE(number_after(line, "time"), 0) << line;
    EXPECT_GT(number_after(line, "nps"), 0) << line;
    EXPECT_LE(std::abs(number_after(line, "cp")), 12'800) << line;
    std::istringstream words{line.substr(line.find(" wdl ") + 5)};
    long win = -1, draw = -1, loss = -1;
    words >> win >> draw >> loss;
    EXPECT_EQ(win + draw + loss, 1000) << line;
    game g{starting_position()};
    EXPECT_NO_THROW(g.play("d2d4" + line.substr(line.find(" pv ") + 3))) << line;
    EXPECT_GT(g.positions().size(), 2u) << line;
  }
  (void)t.say("setoption name MultiPV value 1");
  (void)t.say("position fen 6k1/5ppp/8/8/8/8/8/R6K w - - 0 1");
  EXPECT_NE(t.all_until_best("go nodes 300").back().find(" score mate 1 "), std::string::npos);
}

TEST(protocol, stop_ends_an_infinite_search) {
  talk t;
  for (auto const* const command : {"go infinite", "go"}) {
    (void)t.say("position startpos");
    (void)t.say(command);
    EXPECT_EQ(t.hear("bestmove", 200ms), "nothing");
    EXPECT_EQ(t.answer("isready"), "readyok");
    auto const asked = std::chrono::steady_clock::now();
    (void)t.say("stop");
    EXPECT_TRUE(is_legal(t.hear("bestmove").substr(9)));
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 500ms);
  }
  // A search that has nothing to do waits too.
  (void)t.say("position fen 7k/5Q2/6K1/8/8/8/8/8 b - - 0 1");
  (void)t.say("go infinite");
  EXPECT_EQ(t.hear("bestmove", 50ms), "nothing");
  (void)t.say("stop");
  EXPECT_EQ(t.hear("bestmove"), "bestmove 0000");
  // At once.
  for (int i = 0; i < 50; ++i) {
    (void)t.say("position startpos");
    (void)t.say("go infinite");
    (void)t.say("stop");
    EXPECT_TRUE(is_legal(t.hear("bestmove").substr(9)));
  }
  EXPECT_EQ(t.answer("stop"), "0 lines");  // a search may have ended by itself just before
}

TEST(protocol, quit_during_a_search) {
  talk t;
  (void)t.say("go infinite");
  EXPECT_FALSE(t.say("quit"));
  EXPECT_TRUE(is_legal(t.hear("bestmove").substr(9)));
  talk dropped;  // the end of the input
  (void)dropped.say("go infinite");
}

TEST(protocol, refuses_changes_during_a_search) {
  talk t;
  (void)t.say("isready");
  (void)t.hear("readyok");
  (void)t.say("go infinite");
  std::this_thread::sleep_for(5ms);
  for (std::string const line : {"position startpos", "ucinewgame", "setoption name Nodes value 3", "go nodes 5"}) {
    (void)t.say(line);
    auto const command = line.substr(0, line.find(' '));
    EXPECT_EQ(t.hear("info string"), "info string " + command + ": a search is running; stop ends it");
  }
  (void)t.say("stop");
  EXPECT_TRUE(is_legal(t.hear("bestmove").substr(9)));
}

TEST(protocol, wrong_lines_change_nothing) {
  talk t;
  (void)t.say("isready");
  (void)t.say("position fen 7k/8/8/8/8/8/1r6/K7 w - - 0 1");
  std::map<std::string, std::string> const wrong{
      {"hello", "unknown command 'hello'"},
      {"\x1b[2Jboo \xff", "unknown command '?[2Jboo'"},
      {"ponderhit", "unknown command 'ponderhit'"},
      {"position", "position needs: startpos or fen <FEN>, then moves <moves>"},
      {"position e2e4", "position needs: startpos or fen <FEN>, then moves <moves>"},
      {"position startpos e2e4", "position needs: startpos or fen <FEN>, then moves <moves>"},
      {"position startpos e2e4 moves e7e5", "position needs: startpos or fen <FEN>, then moves <moves>"},
      {"position fen", "illegal FEN '': it has 0 fields, not 6 or 4"},
      {"position fen 8/8 w - - 0 1", "illegal FEN '8/8 w - - 0 1': the board has 2 ranks"},
      {"position startpos moves e2e4 e2e4",
       "illegal move 'e2e4' in 'rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1': no piece of the side to move is there"},
      {"go nodes", "go nodes needs a number"},
      {"go nodes 0", "go nodes: '0' is not a number from 1 to 1152921504606846976"},
      {"go nodes many", "go nodes: 'many' is not a number from 1 to 1152921504606846976"},
      {"go movetime 1 fast", "go: unknown word 'fast'"},
      {"go ponder wtime 100", "go ponder: this program does not ponder"},
      {"setoption", "setoption needs: name <option> value <value>"},
      {"setoption Nodes 3", "setoption needs: name <option> value <value>"},
      {"setoption name Hash value 16", "there is no option 'Hash'"},
      {"setoption name Clear Hash", "there is no option 'Clear Hash'"},
      {"setoption name Batch value 0", "option Batch: '0' is not a number from 1 to 4096"},
      {"setoption name Batch value", "option Batch: '' is not a number from 1 to 4096"},
      {"setoption name MultiPV", "option MultiPV: '' is not a number from 1 to 256"},
      {"setoption name Precision value fp4", "option Precision is one of float, half, bfloat16, not 'fp4'"},
      {"setoption name UCI_Chess960 value yes", "option UCI_Chess960 is true or false, not 'yes'"},
      {"setoption name Temperature value -1", "option Temperature is 0 or from 0.01 to 100, not '-1'"},
      {"setoption name Temperature value nan", "option Temperature is 0 or from 0.01 to 100, not 'nan'"}};
  for (auto const& [line, message] : wrong) EXPECT_EQ(t.answer(line), "info string " + message) << line;
  EXPECT_LT(t.answer(std::string(1'000'000, 'x')).size(), 500u);
  EXPECT_EQ(t.answer(""), "0 lines");
  EXPECT_EQ(t.answer(" \t\r"), "0 lines");
  EXPECT_EQ(t.answer("debug on"), "0 lines");
  (void)t.say("go nodes 5");
  EXPECT_EQ(t.hear("bestmove"), "bestmove a1b2");  // still the first position
}

TEST(protocol, limits_that_it_does_not_have) {
  talk t;
  (void)t.say("isready");
  (void)t.say("position startpos");
  (void)t.say("go depth 3");
  EXPECT_EQ(t.hear("info string go"), "info string go depth is ignored: 800 nodes are visited");
  EXPECT_TRUE(is_legal(t.hear("bestmove").substr(9)));
  (void)t.say("go searchmoves e2e4 d2d4 nodes 20");
  EXPECT_EQ(t.hear("info string go"), "info string go searchmoves is ignored");
  EXPECT_TRUE(is_legal(t.hear("bestmove").substr(9)));
}

TEST(protocol, nodes_option) {
  talk t;
  (void)t.say("setoption name nodes value 7");
  for (auto const* const command : {"go", "go nodes 1000", "go movetime 20000", "go wtime 1000000 btime 1000000", "go depth 9"}) {
    (void)t.say("ucinewgame");
    (void)t.say("position startpos");
    EXPECT_EQ(number_after(t.all_until_best(command).back(), "nodes"), 7) << command;
  }
}

TEST(protocol, another_network) {
  talk t;
  auto const ready = [&] {
    (void)t.say("isready");
    std::string lines;
    for (auto const& line : t.rest()) lines += line.substr(0, 20) + '|';
    return lines;
  };
  EXPECT_EQ(ready(), "info string network:|readyok|");
  EXPECT_EQ(ready(), "readyok|");
  (void)t.say("setoption name Synthetic value plain-32x3");
  EXPECT_EQ(ready(), "info string network:|readyok|");
  (void)t.say("setoption name WeightsFile value missing.pb");
  (void)t.say("isready");
  EXPECT_TRUE(t.hear("info").starts_with("info string cannot read 'missing.pb': no such file; the network is still attention body"));
  EXPECT_EQ(t.hear("readyok"), "readyok");
  EXPECT_EQ(ready(), "readyok|");  // the setting is what it was
  (void)t.say("setoption name WeightsFile value missing.pb");
  EXPECT_TRUE(is_legal(t.best("position startpos", "go nodes 10")));  // with the network that is there
}

TEST(protocol, no_network) {
  talk t;
  (void)t.say("setoption name WeightsFile value missing.pb");
  (void)t.say("go nodes 10");
  EXPECT_EQ(t.hear("info"), "info string there is no network: cannot read 'missing.pb': no such file");
  EXPECT_EQ(t.hear("bestmove"), "bestmove 0000");
  (void)t.say("setoption name WeightsFile value <empty>");
  EXPECT_TRUE(is_legal(t.best("position startpos", "go nodes 10")));
}

/// An error of the device during a search.
TEST(protocol, a_network_that_fails) {
  struct failing : evaluator {
    [[nodiscard]] int largest_batch() const override { return 2; }
    void evaluate(std::span<request const>, std::span<reply>) override { throw std::runtime_error{"the device is gone"}; }
  };
  talk t{[](settings const&) { return loaded_network{std::make_unique<failing>(), input_format::classical, false, "none"}; }};
  (void)t.say("go nodes 10");
  EXPECT_EQ(t.hear("info string the"), "info string the device is gone");
  EXPECT_TRUE(is_legal(t.hear("bestmove").substr(9)));
}

TEST(protocol, chess960) {
  talk t;
  (void)t.say("setoption name UCI_Chess960 value true");
  (void)t.say("position fen r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1 moves e1h1 e8c8");
  EXPECT_EQ(t.rest().size(), 0u);
  (void)t.say("setoption name MultiPV value 256");
  auto const castlings = [&] {
    std::string found;
    for (auto const& line : t.all_until_best("go nodes 400"))
      for (std::string const text : {" pv e1g1", " pv e1h1", " pv e1a1", " pv e1c1"})
        if (line.find(text) != line.npos) found += text.substr(4);
    return found;
  };
  (void)t.say("position fen r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1");
  auto const as_960 = castlings();
  EXPECT_NE(as_960.find("e1h1"), std::string::npos);
  EXPECT_NE(as_960.find("e1a1"), std::string::npos);
  EXPECT_EQ(as_960.find("e1g1"), std::string::npos);
  (void)t.say("setoption name UCI_Chess960 value false");
  auto const normal = castlings();
  EXPECT_NE(normal.find("e1g1"), std::string::npos);
  EXPECT_EQ(normal.find("e1h1"), std::string::npos);
  (void)t.say("position fen bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9");
  (void)t.say("go nodes 20");
  EXPECT_EQ(t.hear("bestmove").size(), 13u);
}

#ifndef CHESSNET_GAMES
#define CHESSNET_GAMES 20
#endif

/// Games to the end by the rules, by a temperature of 1 all different.
TEST(protocol, games_against_itself) {
  talk t;
  (void)t.say("setoption name Temperature value 1");
  (void)t.say("setoption name Nodes value 3");
  std::map<ending, int> endings;
  std::size_t longest = 0;
  for (int i = 0; i < CHESSNET_GAMES; ++i) {
    (void)t.say("ucinewgame");
    game g{starting_position()};
    std::string position{"position startpos moves"};
    auto end = ending::none;
    while ((end = end_of(g, legal_moves(g.current()))) == ending::none) {
      auto const best = t.best(position, "go wtime 60000 btime 60000");
      ASSERT_NO_THROW(g.play(best)) << position;
      position += ' ' + best;
    }
    ++endings[end];
    longest = std::max(longest, g.positions().size() - 1);
  }
  constexpr char const* names[] = {"none", "checkmate", "stalemate", "insufficient material", "repetition", "fifty moves"};
  for (auto const& [end, count] : endings) std::printf("%d x %s\n", count, names[std::size_t(end)]);
  std::printf("the longest game has %zu moves of one side\n", longest);
}

using milliseconds = std::chrono::milliseconds;

TEST(time_control, shares) {
  auto const time = [](char const* go, bool black = false, int overhead = 0) {
    auto const t = thinking_time(parse_go(go), black, milliseconds{overhead});
    return t ? long(t->count()) : -1L;
  };
  EXPECT_EQ(time("infinite"), -1);
  EXPECT_EQ(time("nodes 5"), -1);
  EXPECT_EQ(time("btime 1000"), -1);  // White's is not known
  EXPECT_EQ(time("movetime 500"), 500);
  EXPECT_EQ(time("movetime 500", false, 30), 470);
  EXPECT_EQ(time("movetime 40", false, 30), 20);
  EXPECT_EQ(time("movetime 0"), 1);
  EXPECT_EQ(time("wtime 60000 btime 30000"), 2000);
  EXPECT_EQ(time("wtime 60000 btime 30000", true), 1000);
  EXPECT_EQ(time("wtime 60030 btime 30000 winc 1000", false, 30), 2800);
  EXPECT_EQ(time("wtime 60000 btime 1 movestogo 10"), 6000);
  EXPECT_EQ(time("wtime 10000 btime 1 movestogo 1"), 8000);
  EXPECT_EQ(time("wtime 100 btime 1 winc 5000"), 50);  // the increment comes after the move
  EXPECT_EQ(time("wtime -5 btime 1"), 1);
  EXPECT_EQ(time("wtime 20 btime 1", false, 30), 1);
}

/// A game of 40 moves and a sequence of 200 stay within their clocks.
TEST(time_control, never_uses_up_the_clock) {
  long left = 60'000;
  for (int move = 40; move > 0; --move) {
    auto const go = parse_go("wtime " + std::to_string(left) + " btime 1 movestogo " + std::to_string(move));
    left -= long(thinking_time(go, false, milliseconds{30})->count()) + 30;
    ASSERT_GT(left, 0) << move;
  }
  left = 60'000;
  for (int move = 0; move < 200; ++move) {
    auto const go = parse_go("wtime " + std::to_string(left) + " btime 1 winc 100");
    left += 100 - (long(thinking_time(go, false, milliseconds{30})->count()) + 30);
    ASSERT_GT(left, 0) << move;
  }
}

}  // namespace
