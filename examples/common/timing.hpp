// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The time of a kernel on a device.
#pragma once

#include <crosslane/crosslane.hpp>

#include <algorithm>

namespace examples {

namespace xl = crosslane;

/// Returns the milliseconds of one `launch()` on the stream, the best of several rounds. A round is several launches between two events,
/// which hides the cost of the launch itself. Makes at most `repeat` launches, fewer if they take long.
template <class Stream, class Launch>
[[nodiscard]] double best_time(Stream const& q, Launch const& launch, int repeat) {
  using event = xl::basic_event<typename Stream::backend, true>;
  constexpr double most_milliseconds = 200;

  event begin{q.device()};
  event end{q.device()};
  auto const round = [&](int launches) {
    begin.record(q);
    for (int i = 0; i < launches; ++i) launch();
    end.record(q);
    end.synchronize();
    q.synchronize();  // errors of the kernel are reported here
    return double(xl::elapsed_milliseconds(begin, end)) / launches;
  };

  double const first = round(1);  // includes the cost of a first launch
  int const per_round = std::clamp(int(1 / std::max(first, 1e-3)), 1, std::max(1, repeat / 5));
  double best = round(per_round);
  double spent = first + best * per_round;
  for (int launches = per_round; launches + per_round <= repeat && spent < most_milliseconds; launches += per_round) {
    double const time = round(per_round);
    best = std::min(best, time);
    spent += time * per_round;
  }
  return best;
}

}  // namespace examples
