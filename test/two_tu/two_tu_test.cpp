// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Objects of different compilers, linked into one program, share the library's types, errors and state.
#include "part.hpp"

#include <gtest/gtest.h>

namespace {

using namespace two_tu;

part const* const parts[] = {&part_a(), &part_b(), &part_c(), &part_d()};
constexpr int expected(int factor) { return 1000 * (2 * factor + 1); }

TEST(two_tu, every_part_runs_the_kernel_on_the_host_backend) {
  for (int device : {0, 1}) {
    xl::basic_stream<xl::host> const q{xl::basic_device<xl::host>{device}};
    for (part const* p : parts) EXPECT_EQ(p->sum_on_host(q, 3), expected(3)) << p->backend;
  }
}

TEST(two_tu, every_part_runs_the_kernel_on_its_default_backend) {
  for (part const* p : parts) {
    if (p->devices() != 0) {
      EXPECT_EQ(p->sum_on_default(5), expected(5)) << p->backend;
    }
  }
}

TEST(two_tu, without_a_device_the_error_of_one_part_is_caught_in_another) {
  for (part const* p : parts) {
    if (p->devices() != 0) continue;
    try {
      p->sum_on_default(5);
      ADD_FAILURE() << "no error";
    } catch (xl::error const& e) {
      EXPECT_EQ(e.code(), xl::errc::no_device) << e.what();
    }
  }
}

TEST(two_tu, errors_cross_from_every_part_to_every_part) {
  for (part const* from : parts)
    for (part const* to : parts) EXPECT_EQ(to->what(from->throw_error), std::string{"thrown by "} + from->backend);
}

TEST(two_tu, errors_of_the_library_itself_cross) {
  xl::basic_stream<xl::host> const q{xl::basic_device<xl::host>{0}};
  for (part const* p : parts) {
    try {
      p->copy_too_much(q);
      ADD_FAILURE() << "no error";
    } catch (xl::error const& e) {
      EXPECT_EQ(e.code(), xl::errc::size_mismatch) << e.what();
    }
  }
}

TEST(two_tu, a_failure_that_one_part_queues_surfaces_where_another_synchronises) {
  for (part const* from : parts) {
    xl::basic_stream<xl::host> const q{xl::basic_device<xl::host>{0}};
    from->fail_later(q);
    try {
      q.synchronize();
      ADD_FAILURE() << "no error";
    } catch (xl::error const& e) {
      EXPECT_EQ(e.object(), std::string{"thrown by "} + from->backend);
    }
  }
}

TEST(two_tu, every_part_keeps_its_settings) {
  xl::basic_stream<xl::host> const q{xl::basic_device<xl::host>{0}};
  xl::basic_buffer<int, xl::memory_kind::device, xl::host> memory{q, 8};
  xl::basic_graph<xl::host> graph{q.device()};
  graph_node const node = graph.kernel_node({}, {.grid = 1, .block = 8}, write_ones{}, memory);
  executable_graph changed = graph.instantiate();
  EXPECT_FALSE(part_c().checks_bounds);
  EXPECT_TRUE(part_d().checks_bounds && part_d().synchronises_launches);
  for (part const* p : parts) {
    EXPECT_EQ(p->finds_access_outside_in_kernel(q), p->checks_bounds) << p->backend;
    EXPECT_EQ(p->finds_access_outside_in_graph(q), p->checks_bounds) << p->backend;
    EXPECT_EQ(p->finds_access_outside_in_changed_graph(q, changed, node), p->checks_bounds) << p->backend;
    EXPECT_EQ(p->finds_access_outside_in_program(), p->checks_bounds) << p->backend;
    EXPECT_EQ(p->launch_throws(q), p->synchronises_launches) << p->backend;
    EXPECT_EQ(p->for_each_throws(q), p->synchronises_launches) << p->backend;
  }
}

TEST(two_tu, sizes_are_the_largest_that_a_part_asks_for) {
  xl::basic_device<xl::host> const d{0};
  EXPECT_EQ(d.properties().shared_per_block, 96u * 1024);
  xl::basic_stream<xl::host> const q{d};
  for (part const* p : parts) p->wait_with_deep_stacks(q);
}

TEST(two_tu, types_are_the_same_whatever_the_settings) {
  xl::basic_stream<xl::host> const q{xl::basic_device<xl::host>{1}};
  xl::basic_buffer<int, xl::memory_kind::pinned, xl::host> result{q, 1};
  std::vector<int> const values{1, 20, 300};
  EXPECT_EQ(sum_of(q, values, result), 321);
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
