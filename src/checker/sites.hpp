// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Numbers the places of code that accesses memory, so that records stay small, and finds their source lines.
#pragma once

#include "call_stack.hpp"
#include "source_lines.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <unwind.h>

namespace crosslane::backend {

class sites {
 public:
  /// Returns the number of an access: of its code, and of the calls that the running thread is in. It has at most 24 bits. Returns 0, an
  /// unknown place, if all numbers are used. The caller holds the checker's lock.
  std::uint32_t number_of(std::uintptr_t from, call_stack const* calls = nullptr) {
    std::uint64_t const context = calls != nullptr ? calls->context() : 0;
    recent& r = recent_[(from / 2 ^ context >> 32) % recent_count];
    if (r.from != from || r.context != context) r = {from, context, look_up(from, context, calls)};
    return r.site;
  }

  /// Whether all accesses of this number have the same line. It is so except for library code with very many callers.
  bool has_one_line(std::uint32_t site) const { return site != 0 && !places_[site].has_other_callers; }

  /// Whether two accesses are of the same code, perhaps with different callers.
  bool same_code(std::uint32_t a, std::uint32_t b) const { return places_[a].from == places_[b].from; }

  /// Returns the line of an access in the program: if its code is in a function of the library, the line of the innermost caller outside.
  source_location line(std::uint32_t site) { return line_of(places_[site].from, places_[site].callers); }
  source_location line_of(std::uintptr_t from, call_stack const& calls) { return line_of(from, calls.callers()); }
  source_location line_of(std::uintptr_t from, call_stack::calls const& calls) {
    std::vector<std::uintptr_t> callers;
    for (auto c = calls.rbegin(); c != calls.rend(); ++c) callers.push_back(c->from);
    return line_of(from, callers);
  }

  /// Returns the innermost lines of the program in which the calls that led to two sites differ; lines 0 if there are none, or if calls
  /// are not known.
  std::pair<source_location, source_location> different_callers(std::uint32_t one, std::uint32_t other) {
    std::vector<source_location> const &a = lines_of_calls(one), &b = lines_of_calls(other);
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
      if (a[i].line != b[i].line || a[i].file != b[i].file) return {a[i], b[i]};
    return {};
  }

  /// Returns the address at which the host program, which has made an access at `from`, has called the library; `from` if that is code of
  /// the program.
  std::uintptr_t code_of_program(std::uintptr_t from) {
    struct walk {
      sites& self;
      std::uintptr_t from, result;
      bool inside;
    } state{*this, from, from, false};
    if (is_of_program(from)) return from;
    auto const look_at = [](_Unwind_Context* frame, void* data) {
      walk& w = *static_cast<walk*>(data);
      std::uintptr_t const code = _Unwind_GetIP(frame);
      bool const is_access = code == w.from;
      w.inside = w.inside || is_access;
      if (!w.inside || is_access || !w.self.is_of_program(code)) return _URC_NO_REASON;
      w.result = code;
      return _URC_END_OF_STACK;
    };
    _Unwind_Backtrace(look_at, &state);
    return state.result;
  }

  /// Returns the line of an address. Any thread may call it.
  source_location line_of(std::uintptr_t from) {
    std::lock_guard const guard{lines_lock_};
    if (auto const given = given_.find(from); given != given_.end()) return *given->second;
    return lines_.of(from);
  }

  /// Returns an address that stands for a line which is known without it.
  std::uintptr_t code_at(source_location const& where) {
    std::lock_guard const guard{lines_lock_};
    std::unique_ptr<source_location>& known = known_[{where.file, where.line}];
    if (!known) {
      known = std::make_unique<source_location>(where);
      given_[reinterpret_cast<std::uintptr_t>(known.get())] = known.get();
    }
    return reinterpret_cast<std::uintptr_t>(known.get());
  }

 private:
  static constexpr std::size_t recent_count = 1024;
  static constexpr std::size_t most_contexts = 64;  ///< of one address: a recursive function has any number
  static constexpr std::uint64_t unknown_context = ~std::uint64_t{0};
  struct recent {
    std::uintptr_t from;
    std::uint64_t context;
    std::uint32_t site;
  };
  struct place {
    std::uintptr_t from = 0;
    std::vector<std::uintptr_t> callers;  ///< innermost first
    bool has_other_callers = false;       ///< not known, and more than one
  };

  std::uint32_t look_up(std::uintptr_t from, std::uint64_t context, call_stack const* calls) {
    std::map<std::uint64_t, std::uint32_t>& numbers = numbers_[from];
    if (auto const known = numbers.find(context); known != numbers.end()) return known->second;
    if (numbers.size() == most_contexts) {  // one more, without callers
      context = unknown_context;
      calls = nullptr;
      if (auto const known = numbers.find(context); known != numbers.end()) return known->second;
    }
    if (places_.size() == 0x1000000) return 0;
    places_.push_back({from, calls != nullptr ? calls->callers() : std::vector<std::uintptr_t>{}, context == unknown_context});
    return numbers[context] = std::uint32_t(places_.size() - 1);
  }

  bool is_of_program(std::uintptr_t from) {
    source_location const where = line_of(from);
    return where.line != 0 && !source_lines::is_library(where.file);
  }
  source_location line_of(std::uintptr_t from, std::vector<std::uintptr_t> const& callers) {
    if (!is_of_program(from))
      for (std::uintptr_t const caller : callers)
        if (is_of_program(caller)) return line_of(caller);
    return line_of(from);
  }

  /// Returns all lines of the program that have led to a site, innermost first.
  std::vector<source_location> const& lines_of_calls(std::uint32_t site) {
    auto const [known, is_new] = lines_of_calls_.try_emplace(site);
    std::vector<source_location>& result = known->second;
    if (!is_new) return result;
    std::lock_guard const guard{lines_lock_};
    auto const add = [&](std::uintptr_t from) {
      for (source_location const& line : lines_.all_of(from))
        if (!source_lines::is_library(line.file)) result.push_back(line);
    };
    add(places_[site].from);
    for (std::uintptr_t const caller : places_[site].callers) add(caller);
    return result;
  }

  recent recent_[recent_count] = {};
  std::unordered_map<std::uintptr_t, std::map<std::uint64_t, std::uint32_t>> numbers_;  ///< by address and context
  std::vector<place> places_ = std::vector<place>(1);
  std::unordered_map<std::uint32_t, std::vector<source_location>> lines_of_calls_;
  std::mutex lines_lock_;
  source_lines lines_;
  std::map<std::pair<char const*, unsigned>, std::unique_ptr<source_location>> known_;  ///< lines that are not looked up
  std::unordered_map<std::uintptr_t, source_location const*> given_;                    ///< the same, by address
};

}  // namespace crosslane::backend
