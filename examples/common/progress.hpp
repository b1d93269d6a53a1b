// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A line on the terminal that says what is being done.
#pragma once

#include <string>

namespace examples {

/// Writes to stderr: on a terminal one line that is overwritten and at last removed, elsewhere a line for each `what`.
class progress {
 public:
  progress();
  progress(progress const&) = delete;
  progress& operator=(progress const&) = delete;
  ~progress();

  /// "what: step"; the step is shown on a terminal only.
  void show(std::string const& what, std::string const& step = {});

 private:
  bool terminal_;
  std::string last_;
};

}  // namespace examples
