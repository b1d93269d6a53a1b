// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Included once by each translation unit: functions of its own, compiled by its compiler.
#include "part.hpp"

namespace two_tu {
namespace {

int devices() { return xl::device::count(); }
int sum_on_default(int factor) {
  xl::stream const q{xl::device{0}};
  return sum_on(q.ref(), factor);
}
int sum_on_host(xl::basic_stream_ref<xl::host> q, int factor) { return sum_on(q, factor); }

void throw_error() {
  xl::error_text text;
  text.append("thrown by %s", xl::default_backend::name);
  throw xl::error{xl::errc::limit_exceeded, text, xl::source_location::current()};
}
void fail_later(xl::basic_stream_ref<xl::host> q) { q.host_callback(throw_error); }

std::string what(void (*f)()) {
  try {
    f();
  } catch (xl::error const& e) {
    return e.code() == xl::errc::limit_exceeded ? e.object() : "another code";
  } catch (std::exception const&) {
    return "only a std::exception";
  }
  return "nothing";
}

constexpr part this_part{xl::default_backend::name, devices, sum_on_default, sum_on_host, throw_error, copy_too_much, fail_later, what};

}  // namespace
}  // namespace two_tu
