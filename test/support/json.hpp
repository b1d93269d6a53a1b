// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A reader of JSON for tests. Throws std::runtime_error with the position of the first mistake.
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace crosslane_test {

struct json_value {
  enum { null, boolean, number, string, array, object } kind = null;
  double n = 0;
  std::string s;
  std::vector<json_value> elements;
  std::vector<std::string> keys;  ///< of an object, whose values are `elements`. No std::map: clang 15 crashes on it in HIP

  bool has(std::string const& key) const { return find(key) != keys.size(); }
  json_value const& operator[](std::string const& key) const {
    std::size_t const found = find(key);
    if (found == keys.size()) throw std::runtime_error("no member " + key);
    return elements[found];
  }

 private:
  std::size_t find(std::string const& key) const {
    std::size_t i = 0;
    while (i < keys.size() && keys[i] != key) ++i;
    return i;
  }
};

class json_reader {
 public:
  explicit json_reader(std::string const& text) : text_{text} {}
  json_value read() {
    json_value const result = value();
    space();
    if (at_ != text_.size()) wrong("text behind the value");
    return result;
  }

 private:
  [[noreturn]] void wrong(std::string const& what) const {
    std::size_t const from = at_ < 30 ? 0 : at_ - 30;
    throw std::runtime_error("JSON: " + what + " at byte " + std::to_string(at_) + ": ..." + text_.substr(from, 60));
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void space() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') ++at_;
  }
  bool take(char c) {
    space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) wrong(std::string("no ") + c);
  }
  std::string quoted() {
    expect('"');
    std::string result;
    while (peek() != '"') {
      auto const c = static_cast<unsigned char>(peek());
      if (at_ >= text_.size() || c < 0x20) wrong("a control character in a string");
      ++at_;
      if (c != '\\') {
        result += char(c);
        continue;
      }
      char const escaped = peek();
      ++at_;
      if (escaped == 'u') {
        if (at_ + 4 > text_.size() || text_.find_first_not_of("0123456789abcdefABCDEF", at_) < at_ + 4) wrong("a bad escape");
        unsigned long const code = std::strtoul(text_.substr(at_, 4).c_str(), nullptr, 16);
        result += code < 0x80 ? char(code) : '?';
        at_ += 4;
      } else if (std::string("\"\\/bfnrt").find(escaped) != std::string::npos) {
        result += escaped;
      } else {
        wrong("a bad escape");
      }
    }
    ++at_;
    return result;
  }
  json_value value() {
    json_value v;
    space();
    if (peek() == '"') {
      v.kind = json_value::string;
      v.s = quoted();
    } else if (take('[')) {
      v.kind = json_value::array;
      if (take(']')) return v;
      do v.elements.push_back(value());
      while (take(','));
      expect(']');
    } else if (take('{')) {
      v.kind = json_value::object;
      if (take('}')) return v;
      do {
        std::string const key = (space(), quoted());
        expect(':');
        if (v.has(key)) wrong("a second member " + key);
        v.keys.push_back(key);
        v.elements.push_back(value());
      } while (take(','));
      expect('}');
    } else {
      v.kind = json_value::number;
      char* end = nullptr;
      v.n = std::strtod(text_.c_str() + at_, &end);
      std::size_t const length = std::size_t(end - text_.c_str()) - at_;
      if (length == 0 || text_.find_first_not_of("-+.0123456789eE", at_) < at_ + length) wrong("no value");
      at_ += length;
    }
    return v;
  }

  std::string const& text_;
  std::size_t at_ = 0;
};

}  // namespace crosslane_test
