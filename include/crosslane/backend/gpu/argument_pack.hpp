// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Arguments that a kernel takes by reference. The kernel must see them where the launch has put them, since a copy engine reads them
/// there: the entry point then has one constant parameter with all arguments. nvcc cannot mark a pack of parameters so.
#pragma once

#include <crosslane/platform/annotations.hpp>

namespace crosslane::backend {

/// Whether one of the types must be taken by reference.
template <class... A>
inline constexpr bool takes_reference = (requires { typename A::by_reference; } || ...);

template <class... A>
struct argument_pack {
  template <class Instance, class... Done>
  CROSSLANE_DEVICE_FN CROSSLANE_INLINE void call(Done const&... done) const {
    Instance::run(done...);
  }
};
template <class First, class... Rest>
struct argument_pack<First, Rest...> {
  argument_pack(First const& f, Rest const&... r) : first{f}, rest{r...} {}
  template <class Instance, class... Done>
  CROSSLANE_DEVICE_FN CROSSLANE_INLINE void call(Done const&... done) const {
    rest.template call<Instance>(done..., first);
  }
  First first;
  argument_pack<Rest...> rest;
};

}  // namespace crosslane::backend
