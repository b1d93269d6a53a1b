// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A line on the terminal that shows the current step.
#pragma once

#include <string>

namespace examples {

/// Writes to stderr. On a terminal it overwrites one line and removes it at the end. Elsewhere it writes a line for each `what`.
class progress {
 public:
  progress();
  progress(progress const&) = delete;
  progress& operator=(progress const&) = delete;
  ~progress();

  /// Shows "what: step". Only a terminal shows the step.
  void show(std::string const& what, std::string const& step = {});

 private:
  bool terminal_;
  std::string last_;
};

}  // namespace examples
