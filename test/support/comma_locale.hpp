// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// A locale in which printf writes 0,5.
#pragma once

#include <support/check.hpp>

#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace crosslane_test {

/// While the object lives, the program's locale has a decimal comma. Skips the test if the system has no such locale and cannot make one.
class comma_locale {
 public:
  comma_locale() {
    std::string const name = "comma_locale_" + std::to_string(getpid());
    std::string const make = "printf 'LC_NUMERIC\\ndecimal_point \",\"\\nthousands_sep \".\"\\ngrouping 3\\nEND LC_NUMERIC\\n' >" + name +
                             ".source; localedef -c -i " + name + ".source -f ANSI_X3.4-1968 ./" + name + " >" + name + ".log 2>&1";
    [[maybe_unused]] int answer = std::system(make.c_str());  // which always warns of the other categories
    setenv("LOCPATH", ".", 1);
    bool set = std::setlocale(LC_NUMERIC, name.c_str()) != nullptr;
    unsetenv("LOCPATH");
    answer = std::system(("rm -rf " + name + "*").c_str());
    set = set || std::setlocale(LC_NUMERIC, "de_DE.UTF-8") != nullptr;
    if (!set) skip("no locale with a decimal comma: neither de_DE.UTF-8 nor one that localedef makes");
    char text[8];
    std::snprintf(text, sizeof text, "%g", 0.5);
    CROSSLANE_CHECK_EQ(std::string(text), std::string("0,5"));
  }
  ~comma_locale() { std::setlocale(LC_NUMERIC, "C"); }
  comma_locale(comma_locale const&) = delete;
  comma_locale& operator=(comma_locale const&) = delete;
};

}  // namespace crosslane_test
