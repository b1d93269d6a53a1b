// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The check scopes that are open in the process. A host thread that has entered none uses the newest of them: it is mostly a thread that
/// the function in the scope has started.
#pragma once

#include <crosslane/core/check_options.hpp>
#include <crosslane/runtime/async_errors.hpp>

namespace crosslane::detail {

class open_check_scopes {
 public:
  /// A scope, in the list of those that are open.
  class entry {
   public:
    explicit entry(check_scope const& scope) noexcept : scope_{scope} {
      spin_guard const guard{lock_};
      older_ = newest_;
      newest_ = this;
    }
    entry(entry const&) = delete;
    entry& operator=(entry const&) = delete;
    ~entry() { close(); }

    /// From now on no other thread finds the scope. Returns whether one has found it: it may still use the sink.
    bool close() noexcept {
      spin_guard const guard{lock_};
      entry** link = &newest_;
      while (*link != nullptr && *link != this) link = &(*link)->older_;
      if (*link == this) *link = older_;
      return used_;
    }

   private:
    friend class open_check_scopes;
    check_scope scope_;
    entry* older_ = nullptr;
    bool used_ = false;
  };

  /// Returns the scope of the calling thread: its own, else the newest of other threads, else the options of the environment.
  static check_scope of_this_thread() {
    if (current_check_scope != nullptr) return *current_check_scope;
    {
      spin_guard const guard{lock_};
      if (newest_ != nullptr) {
        newest_->used_ = true;
        return newest_->scope_;
      }
    }
    return {};
  }

 private:
  static inline spin_lock lock_;
  static inline entry* newest_ = nullptr;
};

}  // namespace crosslane::detail
