// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Stacks of lanes, and the messages of programs that die of a fault. Each program is a child of this one, which uses no stream before it
/// forks.
#define CROSSLANE_CONFIG_BOUNDS_CHECKS 0
#include <support/child_process.hpp>

#include <cstdlib>

#include <alloca.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xl = crosslane;
using namespace crosslane_test;

namespace {

/// Addresses without memory, where no later stack can be.
char* memory_that_is_gone(std::size_t bytes) {
  return static_cast<char*>(mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

// --- stacks ---

/// Each thread keeps its own numbers on the stack during a barrier. out[thread] is their sum.
template <unsigned Bytes>
struct keeps_bytes {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<unsigned> out) const {
    unsigned volatile kept[Bytes / sizeof(unsigned)];
    for (unsigned i = 0; i < Bytes / sizeof(unsigned); ++i) kept[i] = i ^ ctx.thread_rank();
    ctx.sync_block();
    unsigned sum = 0;
    for (unsigned i = 0; i < Bytes / sizeof(unsigned); ++i) sum += kept[i];
    out[ctx.thread_rank()] = sum;
  }
};
template <unsigned Bytes>
struct keeps_bytes_and_says_so : keeps_bytes<Bytes> {
  static constexpr std::size_t host_stack_bytes = Bytes + 256 * 1024;
};

template <unsigned Bytes, class K>
void check_kept(xl::stream const& q, unsigned threads, K const& kernel) {
  std::vector<unsigned> out(threads), expected(threads);
  xl::launch(q, {.grid = 1, .block = threads}, kernel, xl::span<unsigned>{out});
  q.synchronize();
  for (unsigned t = 0; t < threads; ++t)
    for (unsigned i = 0; i < Bytes / sizeof(unsigned); ++i) expected[t] += i ^ t;
  CROSSLANE_CHECK_SAME(out, expected);
}

/// A recursion that no compiler turns into a loop.
[[gnu::noinline]] int descend(int levels) {
  int volatile frame[64];
  frame[levels % 64] = levels;
  return levels == 0 ? 0 : descend(levels - 1) + frame[levels % 64];
}
constexpr int for_ever = 1 << 30;

struct descends {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, int levels, int* out) const {
    ctx.sync_block();
    if (ctx.block_index() == 1 && ctx.thread_rank() == 5) *out = descend(levels);
  }
};
struct descends_after_all_blocks {
  static constexpr bool cooperative = true;
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, int* out) const {
    ctx.sync_grid();
    if (ctx.block_index() == 1 && ctx.thread_rank() == 5) *out = descend(for_ever);
  }
};
struct takes_from_the_stack {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, std::size_t bytes, char* out) const {
    char volatile* const memory = static_cast<char volatile*>(alloca(bytes));
    memory[0] = 1;  // the lowest address
    ctx.sync_block();
    *out = memory[0];
  }
};

// --- other faults ---

struct divides {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, int* number, int by) const {
    if (ctx.block_index() == 1 && ctx.thread_rank() == 5) *number /= by;
  }
};
struct reads_first {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int const> in, int* out) const {
    if (ctx.block_index() == 1 && ctx.thread_rank() == 5) *out = in[0];
  }
};
struct traps {
  template <xl::kernel_context Ctx>
  void operator()(Ctx const&) const {
    __builtin_trap();
  }
};

/// The place of the fault in the messages of the kernels above.
std::string const place = ", block (1, 0, 0), thread 5, launched at ";

}  // namespace

// The programs come first: later tests have streams.

CROSSLANE_TEST_ONCE(faults, stack_overflow_names_kernel_thread_and_setting) {
  std::vector<std::string> const parts{"crosslane: kernel ", "descends" + place, "faults_test.cpp:",          "stack overflow",
                                       "1048576 bytes",      "host_stack_bytes", "CROSSLANE_HOST_STACK_BYTES"};
  expect_death(SIGSEGV, parts, [] {
    xl::stream const q{xl::device{0}};
    int out = 0;
    xl::launch(q, {.grid = 2, .block = 8}, descends{}, for_ever, &out);
    q.synchronize();
  });
  expect_death(SIGSEGV, {"descends_after_all_blocks" + place, "stack overflow"}, [] {
    xl::stream const q{xl::device{0}};
    int out = 0;
    xl::launch(q, {.grid = 2, .block = 8}, descends_after_all_blocks{}, &out);
    q.synchronize();
  });
}

/// A frame that does not fit on the stack faults at any access: the largest frame of a GPU is smaller than the guard.
CROSSLANE_TEST_ONCE(faults, stack_overflow_by_one_frame) {
  expect_death(SIGSEGV, {"takes_from_the_stack, block (0, 0, 0), thread 0", "stack overflow"}, [] {
    xl::stream const q{xl::device{0}};
    char out = 0;
    xl::launch(q, {.grid = 1, .block = 64}, takes_from_the_stack{}, std::size_t{1536} * 1024, &out);
    q.synchronize();
  });
  // Beyond the guard, outside every stack.
  expect_death(SIGSEGV, {"takes_from_the_stack, block (0, 0, 0), thread 0", "stack overflow"}, [] {
    xl::stream const q{xl::device{0}};
    char out = 0;
    xl::launch(q, {.grid = 1, .block = 1}, takes_from_the_stack{}, std::size_t{1} << 30, &out);
    q.synchronize();
  });
}

CROSSLANE_TEST_ONCE(faults, stack_overflow_beside_kernels) {
  expect_death(SIGSEGV, {"host callback", "stack overflow", "ulimit -s"}, [] {
    xl::stream const q{xl::device{0}};
    int out = 0;
    q.host_callback([&] { out = descend(for_ever); });
    q.synchronize();
  });
  if (CROSSLANE_SANITIZE_ADDRESS()) return;  // element-wise work is kernels there
  expect_death(SIGSEGV, {"faults_test.cpp:", "stack overflow", "OMP_STACKSIZE"}, [] {
    xl::stream const q{xl::device{0}};
    xl::buffer<int> b{q, 100};
    xl::for_each(q, b, [](int& x) { x = descend(for_ever); });
    q.synchronize();
  });
}

CROSSLANE_TEST_ONCE(faults, environment_sets_the_stack) {
  auto const run = [](char const* bytes, int levels) {
    setenv("CROSSLANE_HOST_STACK_BYTES", bytes, 1);
    xl::stream const q{xl::device{0}};
    int out = 0;
    xl::launch(q, {.grid = 2, .block = 8}, descends{}, levels, &out);
    q.synchronize();
    std::fprintf(stderr, "came back");
  };
  expect_death(SIGSEGV, {"stack overflow", "131072 bytes", "524288"}, [&] { run("131072", for_ever); });
  CROSSLANE_CHECK(contains(run_child([&] { run("67108864", 50000); }).text, "came back"));  // 50000 levels take 16 MiB
  for (char const* const wrong : {"1000", "a lot", "1M", "99999999999"}) {
    std::string const text = run_child([&] { run(wrong, 1); }).text;
    if (!contains(text, std::string("CROSSLANE_HOST_STACK_BYTES is '") + wrong + "' but must be a number of bytes, 65536 to 1073741824"))
      fail(text, source_location::current());
  }
}

CROSSLANE_TEST_ONCE(faults, arithmetic_and_addresses_in_kernels) {
  if (under_sanitizer) skip("sanitizers see these themselves");
#if defined(__x86_64__)
  expect_death(SIGFPE, {"divides" + place, "divided by zero"}, [] {
    xl::stream const q{xl::device{0}};
    int number = 1;
    xl::launch(q, {.grid = 2, .block = 8}, divides{}, &number, 0);
    q.synchronize();
  });
#endif
  expect_death(SIGSEGV, {"reads_first" + place, "address 0 ", "empty view"}, [] {
    xl::stream const q{xl::device{0}};
    int out = 0;
    xl::launch(q, {.grid = 2, .block = 8}, reads_first{}, xl::span<int const>{}, &out);
    q.synchronize();
  });
  expect_death(SIGSEGV, {"reads_first" + place, "the memory is protected"}, [] {
    xl::stream const q{xl::device{0}};
    int out = 0;
    auto const* const gone = reinterpret_cast<int const*>(memory_that_is_gone(1 << 20));
    xl::launch(q, {.grid = 2, .block = 8}, reads_first{}, xl::span<int const>{gone, 1}, &out);
    q.synchronize();
  });
#if defined(__x86_64__)
  expect_death(SIGILL, {"traps, block (0, 0, 0), thread 0", "__builtin_trap"}, [] {
    xl::stream const q{xl::device{0}};
    xl::launch(q, {.grid = 1, .block = 8}, traps{});
    q.synchronize();
  });
#endif
}

/// This includes copies of many pieces, which other threads do.
CROSSLANE_TEST_ONCE(faults, copies_name_source_and_destination) {
  if (under_sanitizer) skip("sanitizers see these themselves");
  for (std::size_t const bytes : {std::size_t{100}, std::size_t{8} << 20}) {
    std::string const size = " of " + std::to_string(bytes) + " bytes ";
    expect_death(SIGSEGV, {"copy" + size + "from 0x", "faults_test.cpp:", "the memory of the source is null"}, [=] {
      xl::stream const q{xl::device{0}};
      xl::buffer<char> b{q, bytes};
      xl::copy(q, xl::span<char const>{memory_that_is_gone(bytes), bytes}, b);
      q.synchronize();
    });
    expect_death(SIGSEGV, {"copy" + size + "from 0x", "the memory of the destination is null"}, [=] {
      xl::stream const q{xl::device{0}};
      xl::buffer<char> b{q, bytes};
      xl::copy(q, b, xl::span<char>{memory_that_is_gone(bytes), bytes});
      q.synchronize();
    });
  }
}

/// The program's own handler is called as before: after the message for work of streams, without one for anything else.
CROSSLANE_TEST_ONCE(faults, handlers_of_the_program_still_run) {
  if (under_sanitizer) skip("sanitizers have handlers of their own");
  struct sigaction mine{};
  mine.sa_flags = SA_SIGINFO;
  mine.sa_sigaction = [](int, siginfo_t* info, void*) { _exit(info->si_addr == nullptr ? 42 : 43); };
  auto const kernel_faults = [](xl::stream const& q) {
    int out = 0;
    xl::launch(q, {.grid = 2, .block = 8}, reads_first{}, xl::span<int const>{}, &out);
    q.synchronize();
  };
  ended const in_kernel = run_child([&] {
    sigaction(SIGSEGV, &mine, nullptr);
    kernel_faults(xl::stream{xl::device{0}});
  });
  CROSSLANE_CHECK(WIFEXITED(in_kernel.status) && WEXITSTATUS(in_kernel.status) == 42);
  CROSSLANE_CHECK(contains(in_kernel.text, "reads_first" + place));

  ended const in_program = run_child([&] {
    sigaction(SIGSEGV, &mine, nullptr);
    xl::stream const q{xl::device{0}};
    q.host_callback([] {});
    q.synchronize();
    *static_cast<int volatile*>(nullptr) = 1;
  });
  CROSSLANE_CHECK(WIFEXITED(in_program.status) && WEXITSTATUS(in_program.status) == 42);
  CROSSLANE_CHECK_EQ(in_program.text, std::string{});

  // Nobody handles it: the program dies of it, sent or not.
  ended const sent = run_child([&] {
    xl::stream const q{xl::device{0}};
    q.host_callback([] { raise(SIGFPE); });
    q.synchronize();
  });
  CROSSLANE_CHECK(WIFSIGNALED(sent.status) && WTERMSIG(sent.status) == SIGFPE);
  CROSSLANE_CHECK_EQ(sent.text, std::string{});
  ended const ignored = run_child([&] {
    signal(SIGFPE, SIG_IGN);
    xl::stream const q{xl::device{0}};
    q.host_callback([] { raise(SIGFPE); });
    q.synchronize();
  });
  CROSSLANE_CHECK_EQ(ignored.status, 0);
}

CROSSLANE_TEST(stacks, a_gpus_local_memory_fits) {
  xl::stream const q{d};
  check_kept<71600>(q, 64, keeps_bytes<71600>{});
  check_kept<512 * 1024>(q, 8, keeps_bytes<512 * 1024>{});
}

/// Stacks are larger if a kernel asks for it. Kernels that need less then use them as well.
CROSSLANE_TEST(stacks, kernel_states_its_stack) {
  xl::stream const q{d};
  check_kept<71600>(q, 8, keeps_bytes<71600>{});
  check_kept<3072 * 1024>(q, 8, keeps_bytes_and_says_so<3072 * 1024>{});
  check_kept<71600>(q, 64, keeps_bytes<71600>{});
}
