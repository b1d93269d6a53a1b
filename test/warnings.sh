#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# warnings.sh INCLUDE_FOLDER COMMAND...: compiles all public headers that need no GPU compiler in one file by the command, which takes a
# file and options. The warnings that users turn on are errors, in each C++ standard, beside <complex.h>, which has a macro named I, and
# without run-time type information.
set -eu
include=$1
shift
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

headers=$(cd "$include" && find crosslane -name '*.hpp' ! -path '*/cuda/*' ! -path '*/hip/*' ! -path '*/gpu/*' \
  ! -name gtest.hpp | sort)
[ "$(echo "$headers" | wc -l)" -gt 50 ]
{
  echo '#include <complex.h>'
  echo "$headers" | sed 's/.*/#include <&>/'
  cat <<'END'  # what templates warn of comes with their use
namespace xl = crosslane;
struct kernel {
  template <class Ctx>
  struct shared {
    xl::block_scratch<float, Ctx> sum;
  };
  static constexpr auto block = xl::block_size<64>;
  template <xl::kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared<Ctx>& s, xl::span<float> x, xl::span<unsigned> n) const {
    float const sum = xl::block_reduce(ctx, s.sum, xl::wave(ctx).reduce(x[0], xl::plus{}), xl::plus{});
    for (auto const i : ctx.grid_stride(x.size())) x[i] = sum + xl::tile<8>(ctx).shuffle(sum, 1);
    xl::atomic(ctx, n[0]).fetch_add(xl::saturate_cast<unsigned>(sum), xl::acq_rel{});
    xl::print(ctx, "%g\n", double(sum));
  }
};
void use(xl::stream const& q, xl::buffer<float>& x, xl::buffer<unsigned>& n) {
  xl::launch(q, {.grid = 4}, kernel{}, x, n);
  xl::transform(q, x, x, x, xl::plus{});
  xl::for_each(q, x, [](float& f) { f += 1; });
  xl::fill(q, n, 3u);
  q.host_callback([] {});
}
END
} >"$folder/warnings.cpp"
for standard in c++20 c++2b gnu++20; do
  "$@" -std=$standard -fno-rtti -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wformat=2 -Werror "$folder/warnings.cpp"
done

# Without exceptions the first error says so.
if "$@" -fno-exceptions "$folder/warnings.cpp" 2>"$folder/errors.txt"; then
  echo "compiles without exceptions"
  exit 1
fi
grep -m 1 'error:' "$folder/errors.txt" | grep 'compile without -fno-exceptions'
