// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Checks accesses of kernels to memory outside the watched range: memory of the host program, local variables of other threads, and
/// addresses where no memory is.
///
/// A thread may access its own stack, the memory that it has allocated, the kernel's arguments, constants, thread-local variables of the
/// library, page-locked memory, and memory of tensors that come from other libraries.
#pragma once

#include "block_state.hpp"
#include "process_map.hpp"
#include "seen_access.hpp"
#include "watched_memory.hpp"
#include "wording.hpp"

#include <crosslane/backend/host/memory_ranges.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

namespace crosslane::backend {

class foreign_memory {
 public:
  using block_state = access_monitor::block_state;

  foreign_memory(watched_range& devices, wording& words) noexcept : devices_{devices}, words_{words} {}

  /// Looks for addresses of host functions and constants in the kernel object and its arguments. A kernel cannot call the former; the
  /// latter are reported if the kernel reads there. Returns a finding that no sink collects.
  std::exception_ptr begin_launch(launch_facts const& launch) {
    process_.forget();
    constants_in_arguments_.clear();
    if (launch.visit_arguments == nullptr) return nullptr;
    address_search search{*this, launch};
    launch.visit_arguments(launch, search);
    return search.failure;
  }

  /// Checks an access of the running thread to memory that is neither watched nor its own. Does not return if the access must not happen:
  /// a write to memory of the host program, which would change it, and an access that would fault. The thread then ends.
  void access(block_state& b, seen_access const& a) {
    if (!a.writes() && process_.is_known_constant(a.at)) {
      if (!constants_in_arguments_.empty()) constant(b, a);
      return;
    }
    if (memory_ranges::page_locked().contain(a.at, a.bytes) || shared_.contain(a.at, a.bytes)) return;
    if (devices_.in_guard(a.at)) {
      b.report(checks::kind::out_of_bounds, words_.places_of(b, a.from), [&] { return words_.outside(b, devices_.nearest(a.at), a); });
      b.executor->abandon_thread();
    }
    if (unsigned const owner = b.executor->owner_of_stack(a.at); owner != lane_executor::none) {
      return report(b, a, [&] {
        error_text what;
        what.append("in a local variable of thread %u", owner);
        return what;
      });
    }
    switch (process_.of(a.at)) {
      case address_kind::none:
        b.report(checks::kind::out_of_bounds, words_.places_of(b, a.from), [&] { return words_.nowhere(b, a); });
        b.executor->abandon_thread();
      case address_kind::of_thread: return;
      case address_kind::constant:
        if (!a.writes()) return constant(b, a);
        return report(b, a, "in a constant of the host program");
      case address_kind::variable: return named(b, a, "variable");
      case address_kind::stack: return report(b, a, "on the stack of the thread that runs main()");
      case address_kind::other: return report(b, a, "in the heap of the host program, or on the stack of one of its threads");
    }
  }

  /// Another library shares this memory with kernels.
  void share(void const* p, std::size_t bytes) noexcept {
    if (!shared_.contain(p, bytes)) (void)shared_.add(p, bytes);
  }

 private:
  /// Finds addresses of code and constants in the objects of a launch.
  struct address_search final : argument_visitor {
    address_search(foreign_memory& self_, launch_facts const& launch_) noexcept : self{self_}, launch{launch_} {}

    void take(void const* object, std::size_t bytes, unsigned char const* value_bytes) override {
      for (std::size_t i = 0; i + sizeof(void*) <= bytes; i += alignof(void*)) {
        if (value_bytes != nullptr && std::memchr(value_bytes + i, 0, sizeof(void*)) != nullptr) continue;  // what is there is left over
        char const* word = nullptr;
        std::memcpy(&word, static_cast<char const*>(object) + i, sizeof word);
        look_at(word, i);
      }
      ++number;
    }
    void look_at(char const* word, std::size_t offset) {
      auto const value = reinterpret_cast<std::uintptr_t>(word);
      if (value < 65536 || value >> 47 != 0 || self.devices_.contains(word) || self.process_.of(word) != address_kind::constant) return;
      if (!self.process_.is_function(word))
        self.constants_in_arguments_.push_back(word);
      else if (!failure)
        failure = launch.deliver(wording::function_argument(launch, number, offset, self.process_.name_of(word).c_str()));
    }

    foreign_memory& self;
    launch_facts const& launch;
    unsigned number = 0;
    std::exception_ptr failure;
  };

  /// A constant may be read, but not through a pointer of the program.
  void constant(block_state& b, seen_access const& a) {
    if (std::find(constants_in_arguments_.begin(), constants_in_arguments_.end(), a.at) != constants_in_arguments_.end())
      named(b, a, "constant");
  }
  void named(block_state& b, seen_access const& a, char const* what) {
    report(b, a, [&] {
      std::string const name = process_.name_of(a.at);
      error_text text;
      if (name.empty())
        text.append("in a %s of the host program", what);
      else
        text.append("in the %s '%s' of the host program", what, name.c_str());
      return text;
    });
  }
  void report(block_state& b, seen_access const& a, char const* where) {
    report(b, a, [where] {
      error_text text;
      text.append("%s", where);
      return text;
    });
  }
  /// `where()` returns the text that says where the memory is.
  template <class Where>
  void report(block_state& b, seen_access const& a, Where const& where) {
    b.report(checks::kind::host_memory, words_.places_of(b, a.from), [&] { return words_.foreign(b, a, where().c_str()); });
    if (a.writes()) b.executor->abandon_thread();
  }

  watched_range& devices_;
  wording& words_;
  process_map process_;
  memory_ranges shared_;
  std::vector<char const*> constants_in_arguments_;
};

}  // namespace crosslane::backend
