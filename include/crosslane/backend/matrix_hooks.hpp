// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The matrix products of a backend. They are not part of the contract: only contexts of kernels that multiply matrices need them.
#pragma once

#include <crosslane/kernel/matrix_arithmetic.hpp>

namespace crosslane::backend {

/// The matrix products of a context whose primitives are `Native`, with waves of `Width` lanes. Each backend specialises it. It has:
///  - target: the target of the code that is compiled now;
///  - runs<Target>: whether such code may have fragments of a target;
///  - multiply_add<Shape, Target>(native, lane, a, b, c, where): adds a * b to c, which are arrays of the calling lane's elements;
///  - meet(native, where): on the host, waits for all lanes of the wave, which must call it at the same place;
///  - has_load<Layout, T>: whether there is load<Layout, Trans>(lane, elements, line), which loads a fragment from shared memory by an
///    instruction. line(along, across) returns the address of 16 bytes of memory: neighbours along, or across if `Trans` is true;
///  - is_shared(address): whether an address is one of shared memory. Needed if there is such a load.
template <class Native, unsigned Width>
struct matrix_of;

}  // namespace crosslane::backend
