// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Kernels that access memory of the host program, run into traps or overflow an index have findings; so have programs that access device
/// memory. The process continues. Kernels and programs that are right have none.
#include "corpus/foreign_memory.hpp"
#include "corpus_support.hpp"

#include <algorithm>
#include <memory>
#include <numeric>

#include <sys/mman.h>
#include <unistd.h>

namespace xl = crosslane;
namespace checks = crosslane::checks;
using namespace crosslane_test;
using checks::kind;

namespace {

struct memory {
  explicit memory(xl::device d) : q{d}, data{q, 1024}, pinned{q, 1024}, managed{q, 1024} {
    xl::fill(q, data, 0);
    q.synchronize();
    std::fill(pinned.begin(), pinned.end(), 0);
    std::fill(managed.begin(), managed.end(), 0);
    nowhere = mmap(nullptr, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(nowhere, 65536);
  }
  corpus::mixed_memory view() {
    return {data.view(),
            {vector.data(), vector.size()},
            pinned.view(),
            managed.view(),
            registered.view(),
            &local,
            "text",
            nullptr,
            static_cast<int*>(nowhere),
            1LL << 32,
            0};
  }

  xl::stream q;
  xl::buffer<int> data;
  xl::pinned_buffer<int> pinned;
  xl::managed_buffer<int> managed;
  std::vector<int> vector = std::vector<int>(1024), for_registration = std::vector<int>(1024);
  xl::host_registration<int> registered{q, for_registration};
  int local = 0;
  void* nowhere;
};

template <class K>
checks::report report_of(memory& m, K const& kernel, std::uint64_t seed) {
  return checks::collect([&] { xl::launch(m.q, {.grid = 1, .block = 64}, kernel, m.view()); },
                         {.level = checks::level::full, .seed = seed});
}

template <class K>
void right(xl::device d, K const& kernel = {}) {
  memory m{d};
  for (std::uint64_t seed = 0; seed < 3; ++seed)
    if (checks::report const r = report_of(m, kernel, seed); !r.empty())
      fail("found in " + short_name<K>() + ", which is right:\n" + r.text(), source_location::current());
}

/// The finding has this kind, the marked line and this text.
template <class K>
void wrong(xl::device d, kind expected, std::string const& text, K const& kernel = {}) {
  memory m{d};
  std::string const name = short_name<K>();
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    checks::report const r = report_of(m, kernel, seed);
    std::string const context = name + ", seed " + std::to_string(seed) + ":\n" + r.text();
    if (r.size() != 1) {
      fail("not one finding in " + context, source_location::current());
      continue;
    }
    checks::finding const& f = r.entries()[0].finding;
    if (f.kind != expected) fail(std::string("not ") + to_string(expected) + " in " + context, source_location::current());
    if (!contains(f.text.c_str(), text)) fail("no '" + text + "' in " + context, source_location::current());
    if (marked_lines({"foreign_memory.hpp"}, name) != std::set<std::string>{place(f.first.where)})
      fail("another line in " + context, source_location::current());
    if (seed == 0) check_shown_finding(name, f);
  }
  for (int const i : m.vector) CROSSLANE_CHECK_EQ(i, 0);
  // The next kernel in the same memory is right.
  if (checks::report const r = report_of(m, corpus::reads_a_copy_of_the_vector{}, 0); !r.empty())
    fail("found after " + name + ":\n" + r.text(), source_location::current());
  expect_usable(d);
}

std::string const heap = "in the heap of the host program";

CROSSLANE_TEST(foreign_memory, of_the_program) {
  wrong<corpus::reads_a_vector>(d, kind::host_memory, heap);
  wrong<corpus::writes_a_vector>(d, kind::host_memory, heap);
  wrong<corpus::copies_from_a_vector>(d, kind::host_memory, heap);
  wrong<corpus::counts_in_a_vector>(d, kind::host_memory, heap);
  wrong<corpus::reads_the_program_s_stack>(d, kind::host_memory, "on the stack of the thread that runs main()");
  auto const factors = std::make_unique<int[]>(8);
  wrong(d, kind::host_memory, heap, corpus::has_a_pointer_to_the_heap{{factors.get()}});
  wrong<corpus::reads_a_global_variable>(d, kind::host_memory, "in the variable 'corpus::steps_of_all' of the host program");
  wrong<corpus::writes_a_global_variable>(d, kind::host_memory, "in the variable 'corpus::steps_of_all' of the host program");
  CROSSLANE_CHECK_EQ(corpus::steps_of_all, 3);
  wrong<corpus::counts_in_a_static_variable>(d, kind::host_memory, "in the variable 'calls' of the host program");
  wrong<corpus::reads_a_literal_of_the_program>(d, kind::host_memory, "in a constant of the host program");
  wrong<corpus::reads_a_neighbour_s_local_array<false>>(d, kind::host_memory, "in a local variable of thread 0");
  right<corpus::reads_a_copy_of_the_vector>(d);
  right<corpus::has_the_factors>(d);
  right<corpus::reads_a_constant_table>(d);
  right<corpus::reads_a_neighbour_s_local_array<true>>(d);
  right<corpus::reads_its_own_memory>(d);
}

/// A lambda that captures a reference, or the object that it is made in.
struct scaler {
  int factor = 3;
  checks::report by_this(memory& m) const {
    auto const kernel = [this](auto const& ctx, corpus::mixed_memory const& all) { all.data[ctx.thread_rank()] = factor; };
    return report_of(m, kernel, 0);
  }
  checks::report by_copy(memory& m) const {
    auto const kernel = [*this](auto const& ctx, corpus::mixed_memory const& all) { all.data[ctx.thread_rank()] = factor; };
    return report_of(m, kernel, 0);
  }
};

CROSSLANE_TEST(foreign_memory, captures) {
  memory m{d};
  auto const s = std::make_unique<scaler>();
  s->factor = d.index() + 2;
  checks::report const by_this = s->by_this(m);
  CROSSLANE_CHECK(by_this.size() == 1 && by_this.entries()[0].finding.kind == kind::host_memory);
  CROSSLANE_CHECK(contains(by_this.text(), "foreign_memory_test.cpp"));
  CROSSLANE_CHECK(s->by_copy(m).empty());
  int volatile local = 4;
  auto const by_reference = [&local](auto const& ctx, corpus::mixed_memory const& all) { all.data[ctx.thread_rank()] = local; };
  checks::report const r = report_of(m, by_reference, 0);
  CROSSLANE_CHECK(r.size() == 1 && r.entries()[0].finding.kind == kind::host_memory);
  int const value = local;
  CROSSLANE_CHECK(
      report_of(m, [value](auto const& ctx, corpus::mixed_memory const& all) { all.data[ctx.thread_rank()] = value; }, 0).empty());
}

int twice(int x) { return 2 * x; }

struct calls_a_function {
  int (*f)(int) = nullptr;
  template <xl::kernel_context Ctx>
  void operator()(Ctx const& ctx, corpus::mixed_memory const& m) const {
    m.data[ctx.thread_rank()] = (f != nullptr ? f : &twice)(3);
  }
};

CROSSLANE_TEST(foreign_memory, function_pointers) {
  memory m{d};
  checks::report const r = report_of(m, calls_a_function{&twice}, 0);
  CROSSLANE_CHECK(r.size() == 1 && r.entries()[0].finding.kind == kind::host_memory);
  CROSSLANE_CHECK(contains(r.text(), "the kernel object has the address of the host function") && contains(r.text(), "twice(int)'"));
  CROSSLANE_CHECK(report_of(m, calls_a_function{}, 0).empty());
}

CROSSLANE_TEST(foreign_memory, indices_that_overflow) {
  wrong<corpus::index_overflows>(d, kind::out_of_bounds, "element 429496");
  wrong<corpus::index_overflows_below>(d, kind::out_of_bounds, "element -42949672");
  wrong<corpus::vectors_overflow>(d, kind::out_of_bounds, "elements -17179869180 to -17179869177 of the buffer");
  wrong<corpus::reads_through_null>(d, kind::out_of_bounds, "through a null pointer");
  wrong<corpus::counts_nowhere>(d, kind::out_of_bounds, "where no memory is");
}

CROSSLANE_TEST(foreign_memory, traps) {
  wrong<corpus::divides_by_zero>(d, kind::kernel_fault, "divided by zero");
  wrong<corpus::traps_in_one_thread>(d, kind::kernel_fault, "thread 40 faults");
  wrong<corpus::asserts_in_one_thread>(d, kind::kernel_fault, "thread 40 faults");
  right<corpus::needs_a_small_stack>(d);
  memory m{d};
  checks::report const r = report_of(m, corpus::needs_a_large_stack{}, 0);
  CROSSLANE_CHECK(r.size() == 1 && r.entries()[0].finding.kind == kind::kernel_fault);
  CROSSLANE_CHECK(contains(r.text(), "stack overflow") && contains(r.text(), "foreign_memory.hpp"));
  // Many threads of many blocks end in this way.
  auto const all = [&] { xl::launch(m.q, {.grid = 50, .block = 64}, corpus::traps_in_one_thread{}, m.view()); };
  checks::report const many = checks::collect(all);
  CROSSLANE_CHECK(many.size() == 1 && many.entries()[0].times == 50);
}

/// Without a collector the finding is an error of the stream.
CROSSLANE_TEST(foreign_memory, errors) {
  memory m{d};
  for (int round = 0; round < 2; ++round) {
    xl::launch(m.q, {.grid = 2, .block = 64}, corpus::divides_by_zero{}, m.view());
    try {
      m.q.synchronize();
      fail("no error", source_location::current());
    } catch (xl::error const& e) {
      CROSSLANE_CHECK(e.code() == xl::errc::kernel_fault && contains(e.what(), "divided by zero"));
    }
  }
  if (m.data.data()[7] != 0) fail("not 0", source_location::current());
  try {
    m.q.synchronize();
    fail("no error", source_location::current());
  } catch (xl::error const& e) {
    CROSSLANE_CHECK(e.code() == xl::errc::kernel_fault &&
                    contains(e.what(), "element 7 of the buffer of 1024 elements of 4 bytes made at "));
  }
}

// --- device memory in the program ---

/// Whether a finding names this file. clang gives an access that it has merged of several no line.
bool names_this_file(xl::source_location const& where) {
#if defined(__clang__)
  if (where.line == 0) return true;
#endif
  return contains(where.file, "foreign_memory_test.cpp");
}

template <class F>
void wrong_program(xl::device d, char const* action, F const& f) {
  memory m{d};
  checks::report const r = checks::collect([&] { f(m); });
  if (r.empty()) fail("nothing found", source_location::current());
  for (checks::report::entry const& e : r.entries())
    if (e.finding.kind != kind::device_memory || !contains(e.finding.text.c_str(), action) || !names_this_file(e.finding.first.where))
      fail("other findings: " + r.text(), source_location::current());
  expect_usable(d);
}

CROSSLANE_TEST(device_memory, in_the_program) {
  int volatile sink = 0;
  wrong_program(d, "the host reads 4 bytes", [&](memory& m) { sink = m.data.data()[1]; });
  wrong_program(d, "the host writes 4 bytes", [&](memory& m) { m.data.data()[1] = sink; });
  wrong_program(d, "the host reads 4 bytes", [&](memory& m) { sink = m.data.view()[3]; });
  wrong_program(d, "the host writes 4096 bytes", [&](memory& m) { std::memset(m.data.data(), 0, 4096); });
  wrong_program(d, "the host reads", [&](memory& m) { std::memcpy(m.vector.data(), m.data.data(), 4096); });
  wrong_program(d, "the host", [&](memory& m) {
    xl::launch(m.q, {.grid = 1, .block = 64}, corpus::has_the_factors{}, m.view());
    m.q.synchronize();
    int* const p = m.data.data();
    for (int i = 0; i < 100; ++i) p[i] += i;
  });
  wrong_program(d, "the host reads", [&](memory& m) {
    int const* const p = m.data.data();
    m.q.host_callback([p, &sink] { sink = p[0]; });
  });
}

CROSSLANE_TEST(device_memory, right_programs) {
  memory m{d};
  checks::report const r = checks::collect([&] {
    xl::launch(m.q, {.grid = 1, .block = 64}, corpus::has_the_factors{}, m.view());
    xl::copy(m.q, m.data, m.vector);
    m.q.synchronize();
    for (int i = 0; i < 64; ++i) m.pinned[i] = m.managed[i] = m.vector[std::size_t(i)];
    std::iota(m.registered.view().begin(), m.registered.view().end(), 0);
    int const* const end = m.data.data() + m.data.size();
    CROSSLANE_CHECK(end - m.data.data() == 1024);
    xl::copy(m.q, m.vector, m.data);
  });
  if (!r.empty()) fail(r.text(), source_location::current());
  m.q.synchronize();
}

}  // namespace
