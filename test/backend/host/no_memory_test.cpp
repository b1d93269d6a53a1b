// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Frees a buffer when no memory is left to queue this. The destructor must not throw and must not free memory that is in use.
#include <support/target.hpp>

#include <cstdlib>
#include <new>

#include <time.h>

int* lost[2];  ///< memory that is never freed, where leak checkers see it

namespace {
thread_local bool no_memory = false;
}

// Not inline, or GCC sees free() for what operator new gave.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (!no_memory)
    if (void* const p = std::malloc(bytes)) return p;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept { return no_memory ? nullptr : std::malloc(bytes); }
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

CROSSLANE_TEST(no_memory, buffer_waits_for_its_stream) {
  xl::stream const q{d};
  bool done = false;
  {
    xl::buffer<int> const b{q, 100};
    q.host_callback([&] {
      timespec const a_while{0, 20'000'000};
      nanosleep(&a_while, nullptr);
      __atomic_store_n(&done, true, __ATOMIC_RELEASE);
    });
    no_memory = true;
  }
  no_memory = false;
  CROSSLANE_CHECK(__atomic_load_n(&done, __ATOMIC_ACQUIRE));
}

CROSSLANE_TEST(no_memory, buffer_of_a_stream_that_has_not_run) {
  xl::stream const q{d};
  {
    xl::buffer<int> const b{q, 100};
    no_memory = true;
  }
  no_memory = false;
  q.synchronize();
}

/// A stream cannot wait for itself.
CROSSLANE_TEST(no_memory, buffer_of_a_callback) {
  xl::stream const q{d};
  xl::buffer<int> b{q, 100};
  lost[d.index()] = b.data();
  q.host_callback([owned = std::move(b)] { no_memory = true; });
  q.host_callback([] { no_memory = false; });
  q.synchronize();
  expect_usable(d);
}

}  // namespace
