// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <crosslane/crosslane.hpp>

namespace xl = crosslane;

struct kernel {
#if CROSSLANE_TEST_WRONG == 1
  static constexpr int max_threads = 1025;
#elif CROSSLANE_TEST_WRONG == 2
  static constexpr int min_blocks = 2;
#elif CROSSLANE_TEST_WRONG == 3
  static constexpr int dimensions = 4;
#else
  static constexpr int max_threads = 256, min_blocks = 2, dimensions = 1;
#endif
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx) const {
#if CROSSLANE_TEST_WRONG == 4
    (void)ctx.global_index().y;  // a number in one dimension
#elif CROSSLANE_TEST_WRONG == 5
    struct alignas(32) large {
      int i;
    };
    (void)xl::dynamic_shared<large>(ctx);
#elif CROSSLANE_TEST_WRONG == 6
    ctx.sync_grid();
#elif CROSSLANE_TEST_WRONG == 9
    xl::print(ctx, "%s", "text");
#else
    (void)ctx.global_index();
#endif
  }
};

struct with_barrier {
#if CROSSLANE_TEST_WRONG != 7
  static constexpr bool cooperative = true;
#endif
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx) const {
    ctx.sync_block();
  }
};
unsigned blocks(xl::device d) { return xl::max_cooperative_blocks(d, {.block = 32}, with_barrier{}); }

#if CROSSLANE_TEST_WRONG == 8
#define NOT_TO_BE noexcept
#else
#define NOT_TO_BE
#endif
struct unwound {
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, xl::span<short const>) const NOT_TO_BE {
    ctx.sync_block();
  }
};

struct names {  // an ordinary member of the name that a shared struct has
#if CROSSLANE_TEST_WRONG == 10
  unsigned block;
#elif CROSSLANE_TEST_WRONG == 11
  static constexpr int block = 256;
#elif CROSSLANE_TEST_WRONG == 12
  int dimensions = 2;
#elif CROSSLANE_TEST_WRONG == 13
  static inline int max_threads = 256;
#elif CROSSLANE_TEST_WRONG == 14
  unsigned min_blocks;
#elif CROSSLANE_TEST_WRONG == 15
  bool cooperative = true;
#elif CROSSLANE_TEST_WRONG == 16
  bool resident = true;
#elif CROSSLANE_TEST_WRONG == 17
  bool overlaps_previous = true;
#elif CROSSLANE_TEST_WRONG == 18
  static constexpr bool resident = true, overlaps_previous = true;
#endif
  xl::span<short> shared;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx) const {
    shared[ctx.thread_rank()] = 1;
  }
};

void launch(xl::stream const& q, xl::span<short> data) {
  xl::launch(q, {.grid = 1, .block = 32}, kernel{});
  xl::launch(q, {.grid = 1, .block = 32}, unwound{}, data);
  names kernel_with_names{};
  kernel_with_names.shared = data;
  xl::launch(q, {.grid = 1, .block = 32}, kernel_with_names);
}
