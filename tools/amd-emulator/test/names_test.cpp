// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../names.hpp"
#include <gtest/gtest.h>

TEST(names, functions_have_neither_result_nor_arguments) {
  std::pair<char const*, char const*> const names[] = {
      {"k(int*, int)", "k"},
      {"main", "main"},
      {"void ns::reduce<float, 256>(float const*, float*)", "ns::reduce"},
      {"unsigned int crosslane::atomic_ref<unsigned int, (crosslane::scope)1>::fetch_add<int>(unsigned int)",
       "crosslane::atomic_ref::fetch_add"},
      {"void row_sum::operator()<ctx<64u>>(ctx<64u> const&) const", "row_sum::operator()"},
      {"bool operator<<int>(a<int> const&, a<int> const&)", "operator<"},
      {"a& ns::operator<<(a&, b)", "ns::operator<<"},
      {"b a<int>::operator->() const", "a::operator->"},
      {"b a<(1 > 0)>::operator[](unsigned long)", "a::operator[]"},
      {"(anonymous namespace)::k(int)", "(anonymous namespace)::k"},
      {"int ns::(anonymous namespace)::f<int>(int)", "ns::(anonymous namespace)::f"},
      {"operators::sum(int)", "operators::sum"},
      {"", ""},
  };
  for (auto const& [full, plain] : names) EXPECT_EQ(emu::plain_name(full), plain);
}

TEST(names, a_kernel_of_the_library_is_its_function_object) {
  EXPECT_EQ(emu::kernel_name("_Z1kPi"), "k(int*)");
  EXPECT_EQ(emu::kernel_name("not mangled"), "not mangled");
  // bounded_entry<instance<hip, 64u, ns::sum<float, pair<int, 2>>, int>>(int)
  EXPECT_EQ(emu::kernel_name("_ZN9crosslane7backend13bounded_entryINS0_8instanceINS_3hipELj64EN2ns3sumIf4pairIiLi2EEEEJiEEEEEvi"),
            "ns::sum<float, pair<int, 2> >");
}
