// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Results as std::vector. It is a header of its own because the header of std::vector takes long to compile.
#pragma once

#include <crosslane/crosslane.hpp>

#include <vector>

namespace crosslane {

/// Returns the elements of a buffer, or of a span of memory that the device can access. Waits for the stream, and throws the first error of
/// its work. Use it for tests and small results. copy() to an existing vector does not wait.
///
///   for (float const x : xl::to_vector(q, weights)) std::printf("%g\n", double(x));
template <stream_like S, class R>
[[nodiscard]] auto to_vector(S const& q, R const& range, source_location where = source_location::current()) {
  std::vector<std::remove_cv_t<detail::element_of<R const>>> values(range.size());
  copy(q, range, values, where);
  detail::ref_of(q, where).synchronize(where);
  return values;
}

}  // namespace crosslane
