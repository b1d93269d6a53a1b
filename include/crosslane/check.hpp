// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// The checks of the host backend, for programs and tests. The core header does not include them; it throws the errors that it finds.
#pragma once

#include <crosslane/check/alive.hpp>
#include <crosslane/check/collect.hpp>
#include <crosslane/check/compare.hpp>
#include <crosslane/check/findings.hpp>
#include <crosslane/check/json.hpp>
#include <crosslane/check/report.hpp>
#include <crosslane/check/same_on_all_targets.hpp>
#include <crosslane/check/sarif.hpp>
#include <crosslane/core/check_options.hpp>
#include <crosslane/core/finding.hpp>
