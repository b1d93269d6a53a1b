// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "forward/forward.hpp"

#include "forward/make_pass.hpp"
#include "weights/wire.hpp"

namespace chessnet {

std::string_view name_of(precision p) {
  switch (p) {
    case precision::float32: return "float";
    case precision::half: return "half";
    case precision::bfloat16: return "bfloat16";
  }
  return "unknown";
}

std::unique_ptr<forward> make_forward(xl::stream_ref q, network const& n, forward_options const& o) {
  if (o.largest_batch < 1) throw std::invalid_argument{"a largest batch of " + std::to_string(o.largest_batch) + ": it must be positive"};
  switch (o.precision) {
    case precision::float32:
#if CHESSNET_FLOAT
      return make_pass<float>(q, n, o);
#else
      break;
#endif
    case precision::half:
#if CHESSNET_HALF
      return make_pass<xl::half>(q, n, o);
#else
      break;
#endif
    case precision::bfloat16:
#if CHESSNET_BFLOAT16
      return make_pass<xl::bfloat16>(q, n, o);
#else
      break;
#endif
  }
  throw std::invalid_argument{"this program was built without " + std::string(name_of(o.precision)) + ": see CHESSNET_PRECISIONS"};
}

}  // namespace chessnet
