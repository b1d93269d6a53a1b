// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Included once by each translation unit: defines the functions of the unit, compiled by its compiler.
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

template <class F>
bool throws(F const& f) {
  try {
    f();
  } catch (xl::error const&) {
    return true;
  }
  return false;
}

bool finds_access_outside_in_kernel(xl::basic_stream_ref<xl::host> q) {
  xl::basic_buffer<int, xl::memory_kind::device, xl::host> memory{q, 8};
  return throws([&] {
    xl::launch(q, {.grid = 1, .block = 8}, write_ones{}, xl::span<int>{memory.data(), 7});
    q.synchronize();
  });
}
bool finds_access_outside_in_graph(xl::basic_stream_ref<xl::host> q) {
  xl::basic_buffer<int, xl::memory_kind::device, xl::host> memory{q, 8};
  xl::basic_graph<xl::host> graph{q.device()};
  graph.kernel_node({}, {.grid = 1, .block = 8}, write_ones{}, xl::span<int>{memory.data(), 7});
  return throws([&] {
    graph.instantiate().launch(q);
    q.synchronize();
  });
}
/// `node` is a kernel node of write_ones.
bool finds_access_outside_in_changed_graph(xl::basic_stream_ref<xl::host> q, executable_graph& graph, graph_node node) {
  xl::basic_buffer<int, xl::memory_kind::device, xl::host> memory{q, 8};
  graph.update(node, {.grid = 1, .block = 8}, write_ones{}, xl::span<int>{memory.data(), 7});
  return throws([&] {
    graph.launch(q);
    q.synchronize();
  });
}
bool finds_access_outside_in_program() {
  int memory[8] = {};
  xl::span<int> const s{memory, 7};
  bool const element = throws([&] { s[7] = 1; }), part = throws([&] { (void)s.subspan(3, 5); });
  bool const load = throws([&] { (void)xl::load_vec<4>(s, 4); }), store = throws([&] { xl::store_vec(s, 4, xl::vec<int, 4>{}); });
  return element && part && load && store;
}
bool launch_throws(xl::basic_stream_ref<xl::host> q) {
  bool const at_once = throws([&] { xl::launch(q, {.grid = 1, .block = 8}, fail{}); });
  (void)throws([&] { q.synchronize(); });
  return at_once;
}
bool for_each_throws(xl::basic_stream_ref<xl::host> q) {
  bool const at_once = throws([&] { xl::for_each(q, 1, fail{}); });
  (void)throws([&] { q.synchronize(); });
  return at_once;
}
void wait_with_deep_stacks(xl::basic_stream_ref<xl::host> q) {
  xl::launch(q, {.grid = 1, .block = 64}, deep{});
  q.synchronize();
}

constexpr part this_part{xl::default_backend::name,
                         devices,
                         sum_on_default,
                         sum_on_host,
                         throw_error,
                         copy_too_much,
                         fail_later,
                         what,
                         CROSSLANE_CONFIG_BOUNDS_CHECKS != 0,
                         CROSSLANE_CONFIG_SYNC_LAUNCHES != 0,
                         finds_access_outside_in_kernel,
                         finds_access_outside_in_graph,
                         finds_access_outside_in_changed_graph,
                         finds_access_outside_in_program,
                         launch_throws,
                         for_each_throws,
                         wait_with_deep_stacks};

}  // namespace
}  // namespace two_tu
