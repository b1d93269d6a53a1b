// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Numbers the addresses of code that accesses memory, so that records stay small, and finds their source lines.
#pragma once

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
  /// Returns the number of an address, at most 24 bits. Returns 0, an unknown place, if all numbers are used. The caller holds the
  /// checker's lock.
  std::uint32_t number_of(std::uintptr_t from) {
    recent& r = recent_[from / 2 % recent_count];
    if (r.from != from) {
      auto const [entry, made] = numbers_.try_emplace(from, std::uint32_t(addresses_.size()));
      if (made && addresses_.size() < 0xffffff) addresses_.push_back(from);
      r = {from, entry->second < addresses_.size() ? entry->second : 0};
    }
    return r.site;
  }

  source_location line(std::uint32_t site) { return line_of(addresses_[site]); }

  /// Returns the line of an access that the calling code makes now. If it is in a function of the library that has not been inlined,
  /// returns the line that calls the library.
  source_location line_of_running(std::uintptr_t from) {
    struct walk {
      sites& self;
      std::uintptr_t from;
      source_location where;
      bool inside;
    } state{*this, from, line_of(from), false};
    if (state.where.line == 0 || !source_lines::is_library(state.where.file)) return state.where;
    auto const look_at = [](_Unwind_Context* frame, void* data) {
      walk& w = *static_cast<walk*>(data);
      std::uintptr_t const code = _Unwind_GetIP(frame);
      bool const is_access = code == w.from;
      w.inside = w.inside || is_access;
      if (!w.inside || is_access) return _URC_NO_REASON;
      source_location const caller = w.self.line_of(code);
      if (caller.line == 0 || source_lines::is_library(caller.file)) return _URC_NO_REASON;
      w.where = caller;
      return _URC_END_OF_STACK;
    };
    _Unwind_Backtrace(look_at, &state);
    return state.where;
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
  struct recent {
    std::uintptr_t from;
    std::uint32_t site;
  };

  recent recent_[recent_count] = {};
  std::unordered_map<std::uintptr_t, std::uint32_t> numbers_;
  std::vector<std::uintptr_t> addresses_{0};
  std::mutex lines_lock_;
  source_lines lines_;
  std::map<std::pair<char const*, unsigned>, std::unique_ptr<source_location>> known_;  ///< lines that are not looked up
  std::unordered_map<std::uintptr_t, source_location const*> given_;                    ///< the same, by address
};

}  // namespace crosslane::backend
