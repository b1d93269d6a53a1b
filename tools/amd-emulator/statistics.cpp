// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Counts the launches that ran to their end, for each kernel. At exit AMDEMU_STATS prints the counts, and AMDEMU_REPORT appends them to a
/// file. AMDEMU_COVERAGE keeps the names of the instructions that ran.
#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include "exec.hpp"
#include "settings.hpp"

namespace emu {
namespace {

struct Counts {
  std::string name;  // demangled
  uint64_t launches = 0, instructions = 0;
  double seconds = 0;
};

// One write, so that the lines of processes that end at the same time do not mix.
void append(char const* variable, char const* file, std::string const& lines) {
  int const out = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (out < 0 || write(out, lines.data(), lines.size()) != ssize_t(lines.size()))
    fprintf(stderr, "[amd-emulator] cannot write %s=%s: %s\n", variable, file, strerror(errno));
  if (out >= 0) close(out);
}

class Statistics {
 public:
  void report() const {
    if (getpid() != process_ || kernels_.empty()) return;  // a child of fork() has its parent's counts
    if (enabled("AMDEMU_STATS")) print_all();
    if (char const* file = setting("AMDEMU_REPORT"); *file) append_to(file);
  }

  void add(Launch const& launch, uint64_t instructions, double seconds) {
    std::lock_guard lock{mutex_};
    Counts& counts = kernels_[{launch.co->arch, launch.k->name}];
    if (counts.launches == 0) counts.name = name_of(*launch.k);
    counts.launches++;
    counts.instructions += instructions;
    counts.seconds += seconds;
  }

 private:
  static void print(Counts const& c) {
    fprintf(stderr, "[amd-emulator] %s: %lu launches, %.3g wave-instructions in %.3f s (%.3g million per s)\n", c.name.c_str(),
            (unsigned long)c.launches, double(c.instructions), c.seconds, double(c.instructions) / std::max(c.seconds, 1e-9) / 1e6);
  }
  void print_all() const {
    Counts all;
    all.name = "all kernels";
    for (auto const& [kernel, counts] : kernels_) {
      print(counts);
      all.launches += counts.launches;
      all.instructions += counts.instructions;
      all.seconds += counts.seconds;
    }
    print(all);
  }

  void append_to(char const* file) const {
    char path[4096];
    ssize_t const length = readlink("/proc/self/exe", path, sizeof path);
    std::string program{path, size_t(std::max<ssize_t>(length, 0))};
    program.erase(0, program.rfind('/') + 1);
    std::string lines;
    for (auto const& [kernel, counts] : kernels_)
      lines += kernel.first + '\t' + std::to_string(wave_size(kernel.first)) + '\t' + program + '\t' + kernel.second + '\t' +
               std::to_string(counts.launches) + '\t' + std::to_string(counts.instructions) + '\n';
    append("AMDEMU_REPORT", file, lines);
  }

  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Counts> kernels_;  // by architecture and mangled name
  pid_t const process_ = getpid();
};

class Coverage {
 public:
  void report() const {
    if (getpid() != process_ || names_.empty()) return;
    std::string lines;
    for (auto const& [architecture, name] : names_) lines += architecture + '\t' + name + '\n';
    append("AMDEMU_COVERAGE", file_, lines);
  }
  void add(std::string const& architecture, std::string const& name) {
    if (*file_) names_.insert({architecture, name});
  }

 private:
  char const* const file_ = setting("AMDEMU_COVERAGE");
  std::set<std::pair<std::string, std::string>> names_;
  pid_t const process_ = getpid();
};

// Made by the process that launches first.
Statistics* g_statistics = nullptr;
Coverage* g_coverage = nullptr;

// After the destructors of the program's static objects, which may launch kernels.
__attribute__((destructor)) void report() {
  if (g_statistics) g_statistics->report();
  if (g_coverage) g_coverage->report();
}

}  // namespace

void cover(Isa const& isa, Inst const& inst) {
  if (inst.kind == BAD) return;
  if (!g_coverage) g_coverage = new Coverage;  // blocks are made one at a time
  for (Inst const* i = &inst; i; i = i->second) g_coverage->add(isa.gfx, i->info ? i->info->name : i->name);
}

void count_launch(Launch const& launch, uint64_t instructions, double seconds) {
  if (!g_statistics) g_statistics = new Statistics;  // launches end one at a time
  g_statistics->add(launch, instructions, seconds);
}

}  // namespace emu
