// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The targets whose fragments a test runs: on a GPU its own and the portable one, on the host those of all architectures.
#pragma once

#include <crosslane/matrix.hpp>
#include <support/target.hpp>

namespace crosslane_test {

namespace target = xl::matrix_target;

/// Stands for the target of the architecture that a kernel is compiled for.
struct native_target {};

template <class Target, class Ctx>
using target_in = std::conditional_t<std::is_same_v<Target, native_target>, xl::matrix_target_of<Ctx>, Target>;

/// Whether a kernel with this context runs fragments of a target.
template <class Target, class Ctx>
inline constexpr bool runs_here = xl::detail::matrix_backend<Ctx>::template runs<target_in<Target, Ctx>>;

/// Calls f.operator()<Target>() for each target that the device can run.
template <class F>
void for_each_target(xl::device d, F const& f) {
  unsigned const width = unsigned(d.properties().wave_size);
  f.template operator()<native_target>();
  if constexpr (host_build) {
    if (width == 32) {
      f.template operator()<target::sm_89>();
      f.template operator()<target::gfx11>();
      f.template operator()<target::gfx12>();
    } else {
      f.template operator()<target::gfx90a>();
      f.template operator()<target::gfx942>();
    }
  } else if (width == 32) {
    f.template operator()<target::portable<32>>();
  } else {
    f.template operator()<target::portable<64>>();
  }
}

}  // namespace crosslane_test
