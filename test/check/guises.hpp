// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The list of all guises of mistakes. Each file of guises adds its own; guises_test.cpp runs all.
#pragma once

#include "corpus/guises/guise.hpp"
#include "corpus_support.hpp"

namespace crosslane_test {

namespace checks = crosslane::checks;

/// A kernel or a program. `run` returns the findings of the wrong or of the right one.
struct guise_entry {
  char const* type;
  corpus::guise of;
  checks::report (*run)(xl::device d, bool right, checks::options const& options);
};

inline std::vector<guise_entry>& guises() {
  static std::vector<guise_entry> all;
  return all;
}

using guise_launch = void (*)(xl::stream const& q, corpus::arguments const& m);
inline checks::report report_of_kernel(xl::device d, bool right, guise_launch launch, checks::options const& options) {
  xl::stream const q{d};
  xl::buffer<int> data{q, 4096}, unwritten{q, 1024};
  std::vector<int> numbers(4096);
  for (std::size_t i = 0; i < 1024; ++i) numbers[i] = int(i % 64);
  xl::copy(q, numbers, data);
  int *gone = nullptr, *gone_pinned = nullptr;
  {
    xl::buffer<int> freed{q, 1024};
    xl::pinned_buffer<int> freed_pinned{q, 1024};
    gone = freed.data();
    gone_pinned = freed_pinned.data();
  }
  xl::pinned_buffer<int> pinned{q, 1024}, new_pinned{q, 1024};
  xl::managed_buffer<int> managed{q, 1024};
  xl::fill(q, pinned, 0);
  xl::fill(q, managed, 0);
  q.synchronize();
  corpus::arguments const m{data.view(),    unwritten.view(),  gone,        numbers.data(), pinned.view(),
                            managed.view(), new_pinned.view(), gone_pinned, right};
  checks::report r = checks::collect([&] { launch(q, m); }, options);
  q.synchronize();
  return r;
}

/// Queues a kernel as xl::launch does, without its checks of the geometry, which would have to be compiled for each kernel.
template <class Kernel>
void launch_guise(xl::stream const& q, corpus::arguments const& m) {
  std::size_t dynamic = 0;
  if constexpr (requires { Kernel::dynamic_bytes; }) dynamic = Kernel::dynamic_bytes;
  if constexpr (requires { Kernel::right_dynamic_bytes; })
    if (m.right) dynamic = Kernel::right_dynamic_bytes;
  xl::device_properties const p = q.device().properties();
  xl::detail::launch_geometry const g{Kernel::of.grid, Kernel::of.block, dynamic, source_location::current()};
  if (p.wave_size == 32)
    (void)xl::host::launch<32>(q.native(), p, g, Kernel{}, m);
  else
    (void)xl::host::launch<64>(q.native(), p, g, Kernel{}, m);
}
template <class Kernel>
checks::report run_guise(xl::device d, bool right, checks::options const& options) {
  return report_of_kernel(d, right, &launch_guise<Kernel>, options);
}

/// Adds entries to the list.
struct added_guises {
  added_guises(std::initializer_list<guise_entry> entries) { guises().insert(guises().end(), entries); }
};
template <class... K>
added_guises kernel_guises() {
  return {{xl::type_name<K>(), K::of, &run_guise<K>}...};
}

}  // namespace crosslane_test
