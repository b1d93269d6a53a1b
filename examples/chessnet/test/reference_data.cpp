// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "reference_data.hpp"

#include "weights/read.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace chessnet_test {
namespace {

std::string read_text(std::string const& name) {
  std::ifstream file{data_folder() / name, std::ios::binary};
  if (!file) throw std::runtime_error{"no file " + name};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// Reads values from bytes, one after another.
class reader {
 public:
  explicit reader(std::string const& text) : text_(text.begin(), text.end()) {}
  template <class T>
  void operator()(T* out, std::size_t count) {
    if (text_.size() - at_ < count * sizeof(T)) throw std::runtime_error{"the file is too short"};
    std::memcpy(out, text_.data() + at_, count * sizeof(T));
    at_ += count * sizeof(T);
  }
  template <class T>
  T one() {
    T value;
    (*this)(&value, 1);
    return value;
  }
  void expect(char const (&magic)[5]) {
    char got[4];
    (*this)(got, 4);
    if (std::memcmp(got, magic, 4) != 0 || one<std::uint32_t>() != 1) throw std::runtime_error{std::string{"not a file of kind "} + magic};
  }

 private:
  std::vector<char> text_;
  std::size_t at_ = 0;
};

std::vector<reference_position> read_positions() {
  std::vector<reference_position> result;
  for (auto const& p : read_json("positions.json").elements)
    result.push_back({p["name"].s, p["fen"].s, p["moves"].s, p["legal"].s, p["black"].n != 0, int(p["rule50"].n), int(p["repetitions"].n),
                      unsigned(p["transform"].n)});
  return result;
}

std::vector<reference_planes> read_planes() {
  reader read{read_text("planes.bin")};
  read.expect("CNPL");
  auto const formats = read.one<std::uint32_t>(), positions = read.one<std::uint32_t>();
  std::vector<reference_planes> result(formats);
  for (auto& planes : result) {
    planes.format = chessnet::input_format(read.one<std::uint32_t>());
    for (std::size_t i = 0; i < positions; ++i) planes.known.push_back(read.one<std::uint8_t>() != 0);
    planes.mask.resize(positions);
    planes.value.resize(positions);
    for (auto& mask : planes.mask) read(mask.data(), mask.size());
    for (auto& value : planes.value) read(value.data(), value.size());
  }
  return result;
}

}  // namespace

std::filesystem::path data_folder() {
  if (char const* const folder = std::getenv("CHESSNET_DATA")) return folder;
  return CHESSNET_DATA;
}

chessnet::game reference_position::game() const {
  chessnet::game result{chessnet::parse_fen(fen, {.opponent_may_be_in_check = true})};
  result.play(moves);
  return result;
}

std::vector<reference_position> const& reference_positions() {
  static auto const positions = read_positions();
  return positions;
}

std::vector<reference_planes> const& all_reference_planes() {
  static auto const planes = read_planes();
  return planes;
}

reference_outputs read_outputs(std::string const& file) {
  reader read{read_text(file)};
  read.expect("CNRF");
  auto const positions = read.one<std::uint32_t>(), logits = read.one<std::uint32_t>();
  reference_outputs result;
  result.policy.assign(positions, std::vector<float>(logits));
  for (auto& policy : result.policy) read(policy.data(), logits);
  for (auto* values : {&result.q, &result.draw, &result.moves_left}) {
    values->resize(positions);
    read(values->data(), positions);
  }
  return result;
}

chessnet::network reference_set::read() const { return chessnet::read_network(data_folder() / "nets" / (std::string{file} + ".pb.gz")); }

std::span<reference_set const> reference_sets() {
  static constexpr char const* multihead = "s5-attnbody-pedense-multihead";
  static reference_set const sets[] = {{"maia-1100", "maia-1100"},
                                       {"s1", "s1-se-conv-wdl-mlh"},
                                       {"s2", "s2-classic-fcpolicy-scalar"},
                                       {"s3", "s3-setower-attnpolicy-mish"},
                                       {"s4", "s4-attnbody-pemap-smolgen"},
                                       {"s5", multihead},
                                       {"s5-optimistic-q", multihead, {"optimistic", "q"}, false},
                                       {"s6", "s6-attnbody-encodings"}};
  return sets;
}

double largest_difference(std::vector<float> const& logits, std::vector<float> const& expected, std::vector<std::size_t> const& outputs) {
  auto const probabilities = [&](std::vector<float> const& all) {
    std::vector<double> result;
    double largest = -1e30, sum = 0;
    for (auto const o : outputs) largest = std::max(largest, double(all[o]));
    for (auto const o : outputs) sum += result.emplace_back(std::exp(double(all[o]) - largest));
    for (auto& p : result) p /= sum;
    return result;
  };
  auto const a = probabilities(logits), b = probabilities(expected);
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - b[i]) <= largest)) largest = std::abs(a[i] - b[i]);
  return largest;
}

void differences::print(char const* set, std::string const& what) const {
  std::printf("%-16s %-18s logits %.1e, q %.1e, draw %.1e, moves left %.1e\n", set, what.c_str(), policy, q, draw, moves_left);
}

crosslane_test::json_value read_json(std::string const& file) {
  auto text = read_text(file);
  // The reader for tests knows no booleans.
  for (auto const& [word, number] :
       {std::pair{": true", ": 1"}, std::pair{": false", ": 0"}, std::pair{":true", ":1"}, std::pair{":false", ":0"}})
    for (std::size_t at = 0; (at = text.find(word, at)) != text.npos;) text.replace(at, std::strlen(word), number);
  return crosslane_test::json_reader{text}.read();
}

void put_behind(chessnet::network& n, chessnet::tower const& front) {
  auto const& e = n.body->embedding;
  chessnet::dense_layer narrow{e.out, front.channels(), {}, e.bias};
  for (int o = 0; o < e.out; ++o)
    for (int i = 0; i < narrow.in; ++i) narrow.weights.push_back(e.weights[std::size_t(o * e.in + i)]);
  n.body->embedding = narrow;
  n.body->kind = chessnet::embedding_kind::none;
  n.tower = front;
}

}  // namespace chessnet_test
