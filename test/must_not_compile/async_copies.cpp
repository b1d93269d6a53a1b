// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies to shared memory of unsupported types, and pipelines that cannot overlap.
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

struct counted {
  counted() = default;
  counted(counted const&) {}
  int value;
};

#if CROSSLANE_TEST_WRONG == 1
constexpr unsigned stages = 1;
#else
constexpr unsigned stages = 2;
#endif

struct kernel {
  template <class Ctx>
  struct shared {
    xl::pipeline_state<stages, Ctx> state;
    float tile[stages][64];
    short small;
    xl::vec<float, 3> three;
  };
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float const> in, [[maybe_unused]] short const* small,
                               [[maybe_unused]] xl::vec<float, 3> const* three) const {
    xl::pipeline pipe{ctx, s.state};
    unsigned const stage = pipe.acquire();
    pipe.copy_block(s.tile[stage], in);
#if CROSSLANE_TEST_WRONG == 2
    pipe.copy(s.small, *small);
#elif CROSSLANE_TEST_WRONG == 3
    pipe.copy(s.three, *three);
#elif CROSSLANE_TEST_WRONG == 4
    counted from, to;
    xl::async_copies{ctx}.copy(to, from);
#elif CROSSLANE_TEST_WRONG == 5
    auto other = pipe;
#endif
    pipe.commit();
    pipe.wait();
  }
};

void launch(xl::stream const& q, xl::span<float const> in, short* s, xl::vec<float, 3>* v) {
  xl::launch(q, {.grid = 1, .block = 32}, kernel{}, in, s, v);
}
