// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Hands the tests of a program to GoogleTest. Returns 77 when none failed and none could run.
#include <support/check.hpp>
#include <support/registry.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>

namespace crosslane_test {
namespace {

registration* first = nullptr;
registration* last = nullptr;

struct end_of_test {};
struct skipped {
  std::string reason;
};

constexpr int no_device = -1;

class test : public ::testing::Test {
 public:
  test(registration const& r, int device) : registration_{r}, device_{device} {}

  void TestBody() override {
    if (device_ == no_device) GTEST_SKIP() << "no driver or no device on this machine";
    try {
      registration_.run(device_);
    } catch (end_of_test const&) {
    } catch (skipped const& s) {
      GTEST_SKIP() << s.reason;
    }
  }

 private:
  registration const& registration_;
  int device_;
};

std::set<std::string> proofs;

void write_proofs() {
  char const* const file = std::getenv("CROSSLANE_TEST_RESULTS");
  if (file == nullptr) return;
  std::ofstream out{file};
  for (std::string const& line : proofs) out << line << '\n';
}

void add(registration const& r, std::string const& name, int device) {
  ::testing::RegisterTest(r.suite, name.c_str(), nullptr, nullptr, r.file, r.line, [&r, device] { return new test(r, device); });
}

void add_all() {
  for (registration const* r = first; r != nullptr; r = r->next) {
    if (r->device_name == nullptr) {
      add(*r, r->name, 0);
    } else if (r->device_name(0) == nullptr) {
      add(*r, r->name, no_device);
    } else {
      for (int i = 0; char const* const device = r->device_name(i); ++i) add(*r, std::string(r->name) + '/' + device, i);
    }
  }
}

template <class T>
std::string print(T const& value) {
  return (::testing::Message() << value).GetString();
}

}  // namespace

registration::registration(char const* suite_, char const* name_, char const* file_, int line_, void (*run_)(int),
                           char const* (*device_name_)(int))
    : suite{suite_}, name{name_}, file{file_}, line{line_}, run{run_}, device_name{device_name_} {
  (last == nullptr ? first : last->next) = this;
  last = this;
}

void fail(std::string const& text, source_location where) { ADD_FAILURE_AT(where.file, int(where.line)) << text; }

void fail_and_end(std::string const& text, source_location where) {
  fail(text, where);
  throw end_of_test{};
}

void note_proof(std::string const& operation, std::string const& type, std::string const& target, std::string const& device) {
  proofs.insert(operation + '\t' + type + '\t' + target + '\t' + device);
}

void note_error(std::string const& operation, std::string const& type, std::string const& target, std::string const& device,
                std::string const& bound, std::string const& found) {
  proofs.insert(operation + '\t' + type + '\t' + target + '\t' + device + '\t' + bound + '\t' + found);
}

void skip(std::string const& reason) { throw skipped{reason}; }

bool in_another_order() {
  char const* const seed = std::getenv("CROSSLANE_SEED");
  return seed != nullptr && std::strtoull(seed, nullptr, 0) != 0;
}

std::string show(long long value) { return print(value); }
std::string show(unsigned long long value) { return print(value); }
std::string show(double value) { return print(value); }
std::string show(void const* value) { return print(value); }

}  // namespace crosslane_test

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  crosslane_test::add_all();
  if (int const code = RUN_ALL_TESTS(); code != 0) return code;
  crosslane_test::write_proofs();
  auto const& result = *::testing::UnitTest::GetInstance();
  if (::testing::GTEST_FLAG(list_tests)) return 0;
  if (result.test_to_run_count() == 0) {
    std::printf("no test to run\n");
    return 1;
  }
  return result.successful_test_count() == 0 ? 77 : 0;
}
