// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Finds the source lines of code addresses, with the program addr2line, which comes with every compiler.
#pragma once

#include <crosslane/platform/source_location.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

namespace crosslane::backend {

class source_lines {
 public:
  /// Returns the line of the call that returns to `address`. Line 0 if it is unknown: no -g, or no addr2line.
  /// If functions have been inlined there, returns the line of the innermost one outside the library, else of the innermost.
  source_location of(std::uintptr_t address) {
    std::vector<source_location> const& lines = all_of(address);
    for (source_location const& line : lines)
      if (!is_library(line.file)) return line;
    return lines.empty() ? source_location{} : lines.front();
  }
  /// Returns the lines of all functions that have been inlined there, innermost first.
  std::vector<source_location> const& all_of(std::uintptr_t address) {
    auto const [known, is_new] = known_.try_emplace(address);
    if (is_new) known->second = look_up(address);
    return known->second;
  }

  /// Whether a file belongs to the library itself.
  static bool is_library(std::string_view file) {
    for (char const* const part : {"/crosslane/kernel/", "/crosslane/backend/", "/crosslane/algorithm/", "/crosslane/runtime/",
                                   "/crosslane/tensor/", "/crosslane/matrix/", "/crosslane/core/", "/crosslane/platform/",
                                   "/include/c++/"})
      if (file.find(part) != std::string_view::npos) return true;
    return false;
  }

 private:
  std::vector<source_location> look_up(std::uintptr_t address) {
    Dl_info module{};
    if (dladdr(reinterpret_cast<void*>(address), &module) == 0 || module.dli_fname == nullptr) return {};
    auto const* const header = static_cast<ElfW_Ehdr const*>(module.dli_fbase);
    std::uintptr_t const base = header->e_type == ET_EXEC ? 0 : reinterpret_cast<std::uintptr_t>(module.dli_fbase);
    // The program's name may be relative to a directory that it has left.
    std::string const file = std::strchr(module.dli_fname, '/') != nullptr && module.dli_fname[0] == '/' ? module.dli_fname : own_path();
    std::FILE* const program = program_of(file);
    char line[4096];
    // A second query, for an address that does not exist, marks the end of the answer to the first.
    int const asked = std::snprintf(line, sizeof line, "%#zx\n%s\n", std::size_t(address - 1 - base), nowhere);
    if (program == nullptr || send(fileno(program), line, std::size_t(asked), MSG_NOSIGNAL) != asked) return {};
    std::vector<source_location> result;  // addr2line, too, begins with the innermost
    while (std::fgets(line, sizeof line, program) != nullptr) {
      std::string_view const text = line;
      if (text.substr(0, text.size() - 1) == nowhere) {
        (void)std::fgets(line, sizeof line, program);  // the answer to the second query
        break;
      }
      std::size_t const colon = text.rfind(':');
      if (colon == std::string_view::npos || text.substr(0, 2) == "??") continue;
      unsigned const number = unsigned(std::strtoul(line + colon + 1, nullptr, 10));
      if (number != 0) result.push_back({files_.emplace(text.substr(0, colon)).first->c_str(), "", number});
    }
    return result;
  }

  /// Returns the addr2line process for a file, or null. The process stays alive and answers line by line, so it reads the debug information
  /// once.
  std::FILE* program_of(std::string const& file) {
    if (auto const known = programs_.find(file); known != programs_.end()) return known->second;
    std::FILE*& result = programs_[file];
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return nullptr;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    char const* const arguments[] = {"addr2line", "-e", file.c_str(), "-a", "-i", nullptr};
    pid_t process;
    if (posix_spawnp(&process, arguments[0], &actions, nullptr, const_cast<char**>(arguments), environ) == 0) result = fdopen(ends[0], "r");
    if (result == nullptr) close(ends[0]);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    return result;
  }

  static std::string own_path() {
    char* const path = realpath("/proc/self/exe", nullptr);
    std::string const result = path != nullptr ? path : "";
    std::free(path);
    return result;
  }

#if defined(__LP64__)
  using ElfW_Ehdr = Elf64_Ehdr;
#else
  using ElfW_Ehdr = Elf32_Ehdr;
#endif

  static constexpr char const* nowhere = "0xffffffffffffffff";

  std::unordered_map<std::uintptr_t, std::vector<source_location>> known_;
  std::unordered_map<std::string, std::FILE*> programs_;
  std::set<std::string> files_;
};

}  // namespace crosslane::backend
