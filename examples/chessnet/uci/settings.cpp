// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "settings.hpp"

#include "output/number.hpp"
#include "weights/synthetic.hpp"
#include "words.hpp"

#include <algorithm>

namespace chessnet {
namespace {

struct option {
  std::string_view name;
  std::string (*type)(settings const&);  // what follows "type" in the option's line
  void (*set)(settings&, std::string const& name, std::string_view value);
};

template <int settings::* Member, int Least, int Most>
constexpr option number(std::string_view name) {
  return {name,
          [](settings const& s) {
            return "spin default " + std::to_string(s.*Member) + " min " + std::to_string(Least) + " max " + std::to_string(Most);
          },
          [](settings& s, std::string const& n, std::string_view value) { s.*Member = int(parse_number(value, n, Least, Most)); }};
}

template <bool settings::* Member>
constexpr option check(std::string_view name) {
  return {name, [](settings const& s) { return std::string{"check default "} + (s.*Member ? "true" : "false"); },
          [](settings& s, std::string const& n, std::string_view value) {
            if (value != "true" && value != "false") throw protocol_error{n + " is true or false, not '" + std::string{value} + "'"};
            s.*Member = value == "true";
          }};
}

std::vector<std::string_view> precisions() { return {"float", "half", "bfloat16"}; }

std::vector<std::string_view> kinds() {
  std::vector<std::string_view> names;
  for (auto const& k : synthetic_kinds()) names.push_back(k.name);
  return names;
}

template <std::string settings::* Member, std::vector<std::string_view> (*Values)()>
constexpr option one_of(std::string_view name) {
  return {name,
          [](settings const& s) {
            auto text = "combo default " + s.*Member;
            for (auto const v : Values()) text += " var " + std::string{v};
            return text;
          },
          [](settings& s, std::string const& n, std::string_view value) {
            std::string all;
            for (auto const v : Values()) {
              if (v == value) {
                s.*Member = value;
                return;
              }
              all += (all.empty() ? "" : ", ") + std::string{v};
            }
            throw protocol_error{n + " is one of " + all + ", not '" + std::string{value} + "'"};
          }};
}

constexpr option weights_file{
    "WeightsFile", [](settings const& s) { return "string default " + (s.weights.empty() ? std::string{"<empty>"} : s.weights); },
    [](settings& s, std::string const&, std::string_view value) { s.weights = value == "<empty>" ? "" : value; }};

constexpr option temperature{"Temperature", [](settings const& s) { return "string default " + to_decimal(s.temperature, 2); },
                             [](settings& s, std::string const& n, std::string_view value) {
                               double t = 0;
                               auto const [end, code] = std::from_chars(value.data(), value.data() + value.size(), t);
                               if (code != std::errc{} || end != value.data() + value.size() || !(t == 0 || (t >= 0.01 && t <= 100)))
                                 throw protocol_error{n + " is 0 or from 0.01 to 100, not '" + std::string{value} + "'"};
                               s.temperature = t;
                             }};

constexpr option all_options[] = {weights_file,
                                  one_of<&settings::synthetic, kinds>("Synthetic"),
                                  one_of<&settings::precision, precisions>("Precision"),
                                  number<&settings::batch, 1, 4096>("Batch"),
                                  number<&settings::latency, 0, 1'000'000>("Latency"),
                                  number<&settings::nodes, 0, 1'000'000'000>("Nodes"),
                                  number<&settings::lines, 1, 256>("MultiPV"),
                                  temperature,
                                  number<&settings::overhead, 0, 10'000>("MoveOverhead"),
                                  check<&settings::chess960>("UCI_Chess960"),
                                  check<&settings::shows_outcome>("UCI_ShowWDL")};

char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::vector<std::string> option_lines(settings const& s) {
  std::vector<std::string> lines;
  for (auto const& o : all_options) lines.push_back("option name " + std::string{o.name} + " type " + o.type(s));
  return lines;
}

void set_option(settings& s, std::string_view name, std::string_view value) {
  for (auto const& o : all_options)
    if (same_name(o.name, name)) return o.set(s, "option " + std::string{o.name}, value);
  throw protocol_error{"there is no option '" + std::string{name} + "'"};
}

}  // namespace chessnet
