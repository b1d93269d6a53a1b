// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tests whose body is written once and runs on every device of the default backend.
///
///   CROSSLANE_TEST(launch, grid_3d) { xl::stream q{d}; ... CROSSLANE_CHECK_EQ(...); }
///
/// becomes launch.grid_3d/host32 and /host64 in a host build, /cuda or /hip in others (with a number from the second GPU on). Where
/// there is no device it is reported as skipped. `d` is the device.
#pragma once

#include <crosslane/vector.hpp>

#include <support/check.hpp>
#include <support/registry.hpp>

#include <initializer_list>
#include <vector>

namespace crosslane_test {

namespace xl = crosslane;

/// Whether tests try every combination of types and sizes, or representatives: every operation, and each way of the library to do it.
#if !defined(CROSSLANE_TEST_ALL)
#define CROSSLANE_TEST_ALL 0
#endif
inline constexpr bool all_combinations = CROSSLANE_TEST_ALL;

inline constexpr bool host_build = !CROSSLANE_COMPILER_GPU();

inline char const* device_name(int index) {
  if (index >= xl::device::count()) return nullptr;
  static char text[32];
  if constexpr (host_build)
    std::snprintf(text, sizeof text, "%s%u", xl::default_backend::name, xl::device{index}.properties().wave_size);
  else if (index == 0)
    std::snprintf(text, sizeof text, "%s", xl::default_backend::name);
  else
    std::snprintf(text, sizeof text, "%s%d", xl::default_backend::name, index);
  return text;
}

/// Notes that the running test has shown an operation to be right for a type on this device.
inline void prove(char const* operation, char const* type, xl::device d) {
  auto const& p = d.properties();
  note_proof(operation, type, host_build ? device_name(d.index()) : p.architecture, p.name);
}

/// Runs a body, then waits for the work that it has queued. No error may be left, and errors of a failed test do not reach the next test.
inline void run_on(int index, void (*body)(xl::device)) {
  xl::device const d{index};
  try {
    body(d);
  } catch (...) {
    try {
      d.synchronize();
    } catch (...) {
    }
    throw;
  }
  d.synchronize();
}

/// Returns the crosslane::error that a call throws. Fails if it throws none.
template <class F>
xl::error error_of(F const& call, source_location where = source_location::current()) {
  try {
    call();
  } catch (xl::error const& e) {
    return e;
  }
  fail_and_end("no error where one is expected", where);
}

/// Checks that the call throws an error with this code, whose text has all these parts and which names a line near the caller's.
template <class F>
xl::error expect_error(xl::errc code, std::initializer_list<std::string> parts, F const& call,
                       source_location where = source_location::current()) {
  xl::error e = error_of(call, where);
  if (e.code() != code) fail(std::string("expected ") + to_string(code) + ", got " + e.what(), where);
  for (std::string const& part : parts)
    if (!contains(e.what(), part)) fail("no '" + part + "' in: " + e.what(), where);
  bool const near = e.where().line + 12 > where.line && where.line + 12 > e.where().line;
  if (std::string(e.where().file) != where.file || !near) fail(std::string("the error names another place: ") + e.what(), where);
  return e;
}

/// Returns the elements of a buffer or span as a vector. Waits for the stream.
template <class R>
auto read(xl::stream const& q, R const& range) {
  return xl::to_vector(q, range);
}

/// Returns a device buffer with these elements. Waits for the stream.
template <class T>
xl::buffer<T> upload(xl::stream const& q, std::vector<T> const& elements) {
  xl::buffer<T> result = xl::make_buffer(q, elements);
  q.synchronize();
  return result;
}

/// out[i] = 3 * i + 1 for the whole grid.
struct write_ranks {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<int> out) const {
    if (auto const i = ctx.global_rank(); i < out.size()) out[i] = int(3 * i + 1);
  }
};

/// Checks after an error that the device still works.
inline void expect_usable(xl::device d, source_location where = source_location::current()) {
  xl::stream const q{d};
  xl::buffer<int> out{q, 100};
  xl::launch(q, {.grid = 2, .block = 64}, write_ranks{}, out);
  std::vector<int> const got = read(q, out);
  for (int i = 0; i < 100; ++i)
    if (got[std::size_t(i)] != 3 * i + 1) return fail("the device is not usable any more", where);
}

}  // namespace crosslane_test

#define CROSSLANE_TEST(suite, name)                                                      \
  static void suite##_##name(::crosslane::device);                                       \
  static ::crosslane_test::registration suite##_##name##_registration{                   \
      #suite, #name, __FILE__, __LINE__, [](int i) { ::crosslane_test::run_on(i, &suite##_##name); }, &::crosslane_test::device_name}; \
  static void suite##_##name([[maybe_unused]] ::crosslane::device d)

/// A test that needs no device.
#define CROSSLANE_TEST_ONCE(suite, name)                                                                              \
  static void suite##_##name();                                                                                       \
  static ::crosslane_test::registration suite##_##name##_registration{#suite, #name, __FILE__, __LINE__, [](int) { suite##_##name(); }, \
                                                                      nullptr};                                       \
  static void suite##_##name()
