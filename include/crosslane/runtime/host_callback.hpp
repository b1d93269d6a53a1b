// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The host callback that a thread is running, and the refusal of calls of the runtime in it.
#pragma once

#include <crosslane/runtime/async_errors.hpp>
#include <crosslane/runtime/contract.hpp>

#include <cstring>

namespace crosslane::detail {

/// A host callback that the calling thread is running.
struct running_callback {
  char const* backend;
  stream_key key;
  source_location where;  ///< of the call that queued it
};

/// The thread-local pointer to the running callback. The key is one per process, so that a library also sees callbacks that another
/// library's streams run.
struct callback_slot {
  pthread_key_t key{};
  unsigned running = 0;  ///< callbacks that threads of the process run now; accessed atomically
  callback_slot() noexcept { (void)pthread_key_create(&key, nullptr); }

  [[gnu::visibility("hidden")]] static callback_slot& get() noexcept {
    static callback_slot& slot = process_wide<callback_slot>("callback 2");
    return slot;
  }
};

/// Makes a callback the current one of the calling thread while the object lives.
class callback_scope {
 public:
  explicit callback_scope(running_callback const& callback) noexcept {
    (void)pthread_setspecific(callback_slot::get().key, &callback);
    __atomic_fetch_add(&callback_slot::get().running, 1, __ATOMIC_RELAXED);
  }
  callback_scope(callback_scope const&) = delete;
  callback_scope& operator=(callback_scope const&) = delete;
  ~callback_scope() {
    __atomic_fetch_sub(&callback_slot::get().running, 1, __ATOMIC_RELAXED);
    (void)pthread_setspecific(callback_slot::get().key, nullptr);
  }
};

template <runtime_backend B>
[[gnu::cold, gnu::noinline]] running_callback const* callback_of_thread() noexcept {
  auto const* const callback = static_cast<running_callback const*>(pthread_getspecific(callback_slot::get().key));
  return callback != nullptr && std::strcmp(callback->backend, B::name) == 0 ? callback : nullptr;
}

/// Returns the callback of this backend that the calling thread is running, or null. If no thread runs one, this costs two loads.
template <runtime_backend B>
CROSSLANE_INLINE running_callback const* current_callback() noexcept {
  return __atomic_load_n(&callback_slot::get().running, __ATOMIC_RELAXED) == 0 ? nullptr : callback_of_thread<B>();
}

template <runtime_backend B>
[[gnu::cold, gnu::noinline]] error callback_error(running_callback const& callback, char const* call, source_location where) noexcept {
  error_text text;
  text.append("%s in a host callback of %s device %d, stream %p, queued at %s:%u: a callback must not call the runtime", call, B::name,
              callback.key.device, callback.key.stream, callback.where.file, callback.where.line);
  return error{errc::invalid_call, text, where};
}

/// Throws invalid_call in a host callback. The runtime of a GPU refuses calls there or deadlocks.
template <runtime_backend B>
CROSSLANE_INLINE void refuse_in_callback(char const* call, source_location where) {
  if (running_callback const* const callback = current_callback<B>()) throw callback_error<B>(*callback, call, where);
}

/// Like refuse_in_callback() for functions that must not throw: the error is kept for the callback's stream.
template <runtime_backend B>
void note_in_callback(char const* call) noexcept {
  if (running_callback const* const callback = current_callback<B>())
    keep_exception<B>(callback->key, std::make_exception_ptr(callback_error<B>(*callback, call, callback->where)));
}

}  // namespace crosslane::detail
