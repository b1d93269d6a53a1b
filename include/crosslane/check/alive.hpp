// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tests that the checker works in the calling file: plants faults and expects their findings.
#pragma once

#include <crosslane/check/collect.hpp>

#include <algorithm>

namespace crosslane::detail {

/// The faults that checker_alive() plants, by the kind of the finding.
inline constexpr checks::kind planted_kinds[] = {
    checks::kind::early_exit,      checks::kind::out_of_bounds,    checks::kind::freed_memory, checks::kind::shared_race,
    checks::kind::device_race,     checks::kind::narrow_scope,     checks::kind::stream_race,  checks::kind::program_race,
    checks::kind::undefined_cast,  checks::kind::unwritten_memory, checks::kind::host_memory,  checks::kind::misaligned,
    checks::kind::undefined_shift,
};

/// A kernel with one fault, which is harmless if nothing checks it: no address is outside the process's memory, nothing else is changed.
struct planted_fault {
  struct shared {
    int value[64];
  };
  checks::kind kind;
  float large = 1e10f;  ///< 'kind' and these are members so that compilers do not know them
  int bits = 32;
  int const* of_program = nullptr;
  int const* freed = nullptr;

  /// `data`: 256 zeros of device memory. `unwritten`: 64 elements.
  template <kernel_context Ctx>
  CROSSLANE_FN void operator()(Ctx const& ctx, shared& s, span<int> data, span<int const> unwritten) const {
    using checks::kind;
    unsigned const r = ctx.thread_rank();
    int& own = data[64 + ctx.global_rank()];
    int const* const begin = data.data();
    switch (this->kind) {
      case kind::early_exit:
        if (r == 5) return;
        ctx.sync_block();
        break;
      case kind::out_of_bounds: own = begin[r + data.size()]; break;
      case kind::freed_memory: own = freed[r]; break;
      case kind::shared_race:
        s.value[r] = int(r);
        own = s.value[63 - r];
        break;
      case kind::device_race: data[r] = 1; break;
      case kind::narrow_scope: atomic<scope::block>(ctx, data[r]).fetch_add(1); break;
      case kind::undefined_cast: own = int(large); break;
      case kind::unwritten_memory: own = unwritten[r]; break;
      case kind::host_memory: own = *of_program; break;
      case kind::misaligned: own = int(*reinterpret_cast<double const*>(begin + 1)); break;
      case kind::undefined_shift: own = 1 << bits; break;
      default: own = data[r]; break;  // right: the program is wrong
    }
  }
};

}  // namespace crosslane::detail

namespace crosslane::checks {

/// The result of checker_alive().
struct liveness {
  std::string failure;  ///< the cause and the planted faults that were not found; empty if all were found

  /// Whether all planted faults were found.
  explicit operator bool() const noexcept { return failure.empty(); }
  /// Returns the failure, or "the checker is alive".
  std::string text() const { return *this ? "the checker is alive\n" : failure; }
};

/// Plants one fault of each main kind in a kernel on the host backend and in the program around it, and expects its finding, at the level
/// and the seed of the environment. The result is false if the checker is off or not linked, or if the calling file is compiled without
/// calls of the checker; it has the cause. Call it in the file whose kernels are checked: other files may have other flags. The findings
/// appear in no report and no SARIF file. Takes some milliseconds.
///
///   auto const alive = xl::checks::checker_alive();
///   if (!alive) std::fputs(alive.text().c_str(), stderr);
template <class Host = host>
[[nodiscard]] liveness checker_alive() {
  if constexpr (!backend::sees_accesses) {
    return {CROSSLANE_COMPILER_GPU()
                ? "the checker is not alive: compilers for GPUs make no calls of it; compile the tests as C++ too and link "
                  "crosslane::checked\n"
                : "the checker is not alive: this file is built without it; link crosslane::checked instead of "
                  "crosslane::host\n"};
  } else {
    options const& o = options::from_environment();
    if (o.level < level::full)
      return {std::string("the checker is not alive: CROSSLANE_CHECK is '") + (o.level == level::off ? "off" : "basic") +
              "', which turns off the checks of accesses; set it to full, or unset it\n"};
    std::string missed;
    unsigned found = 0;
    basic_stream<Host> const q{basic_device<Host>{0}}, other{basic_device<Host>{0}};
    using buffer = basic_buffer<int, memory_kind::device, Host>;
    for (kind const k : detail::planted_kinds) {
      buffer data{q, 256}, unwritten{q, 64};
      basic_buffer<int, memory_kind::pinned, Host> pinned{q, 256};
      fill(q, data, 0);
      fill(q, pinned, 0);
      buffer freed{q, 64};
      fill(q, freed, 0);
      q.synchronize();
      int const of_program = 0;
      detail::planted_fault const fault{.kind = k, .of_program = &of_program, .freed = freed.data()};
      freed = buffer{q, 1};
      auto const plant = [&] {
        if (k == kind::stream_race) fill(other, data, 0);
        span<int> const target = k == kind::program_race ? span<int>{pinned.data(), pinned.size()} : span<int>{data.data(), data.size()};
        launch(q, {.grid = 2, .block = 64}, fault, target, span<int const>{unwritten.data(), unwritten.size()});
        if (k == kind::program_race) *static_cast<int volatile*>(pinned.data() + 64) = 1;
      };
      report const r = collect(plant, o);
      bool const is_found = std::ranges::any_of(r.entries(), [k](report::entry const& e) { return e.finding.kind == k; });
      found += is_found;
      if (!is_found) missed += std::string(missed.empty() ? "" : ", ") + to_string(k);
    }
    if (missed.empty()) return {};
    return {"the checker is not alive: it has not found the planted " + missed +
            (found <= 1 ? "; compile this file with the flags of the target crosslane::checked\n"
                        : "; compile and link with all flags of the target crosslane::checked\n")};
  }
}

}  // namespace crosslane::checks
