// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Finds source lines: llvm-symbolizer reads them from the code object, which the compiler's option -g puts there.
#include "source_lines.hpp"
#include <elf.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>
#include "names.hpp"
#include "settings.hpp"

namespace emu {

static std::string quoted(std::string const& s) {
  std::string q = "'";
  for (char c : s) q += c == '\'' ? "'\\''" : std::string(1, c);
  return q + "'";
}
// Runs a command of the shell and returns its lines.
static std::vector<std::string> lines_of(std::string const& command) {
  std::vector<std::string> lines;
  FILE* const f = popen(command.c_str(), "r");
  if (!f) return lines;
  char b[4096];
  while (fgets(b, sizeof b, f)) {
    b[strcspn(b, "\n")] = 0;
    lines.push_back(b);
  }
  pclose(f);
  return lines;
}
static std::string const& symbolizer() {
  static std::string const path = [] {
    std::vector<std::string> names = {setting("AMDEMU_SYMBOLIZER")};
    if (names[0].empty()) {
      names.clear();  // older ones cannot demangle all names
      for (int version = 25; version >= 14; version--) names.push_back("llvm-symbolizer-" + std::to_string(version));
      names.push_back("llvm-symbolizer");
    }
    std::string command;
    for (auto& n : names) command += (command.empty() ? "command -v " : " || command -v ") + quoted(n);
    auto const found = lines_of("(" + command + ") 2>/dev/null");
    if (!found.empty()) return found[0];
    fprintf(stderr, "[amd-emulator] %s was not found, therefore messages have no source lines (Debian, Ubuntu: llvm-19)\n",
            names.back().c_str());
    return std::string();
  }();
  return path;
}

// "/a/b/file.hip:12:5" without folders and column
static std::string short_place(std::string s) {
  s = s.substr(s.rfind('/') + 1);
  auto const colon = s.rfind(':');
  return colon == std::string::npos ? s : s.substr(0, colon);
}

// Whether a file is a header of HIP, of the compiler, of the system or of Crosslane.
static bool is_library(std::string const& place) {
  for (char const* const folder : {"/include/crosslane/", "/include/hip/", "/usr/include/", "/usr/lib/", "/lib/clang/", "/opt/rocm"})
    if (place.find(folder) != std::string::npos) return true;
  return false;
}

std::string source_line(CodeObject const& co, uint64_t pc) {
  static std::mutex mutex;
  if (pc < co.code) return "";
  std::lock_guard<std::mutex> const lock(mutex);
  if (co.debug.empty()) {
    static bool told = false;
    if (!told) fprintf(stderr, "[amd-emulator] the program was compiled without -g, therefore messages have no source lines\n");
    told = true;
    return "";
  }
  auto const it = co.lines.find(pc);
  if (it != co.lines.end()) return it->second;
  std::string& text = co.lines[pc];
  if (symbolizer().empty()) return text;

  char name[] = "/tmp/amd-emulator-XXXXXX";
  int const file = mkstemp(name);
  if (file < 0) return text;
  size_t at = 0;
  while (at < co.debug.size()) {
    ssize_t const n = write(file, co.debug.data() + at, co.debug.size() - at);
    if (n <= 0) break;
    at += size_t(n);
  }
  close(file);
  char address[40];
  snprintf(address, sizeof address, " 0x%lx", (unsigned long)(pc - reinterpret_cast<uint64_t>(co.image)));
  // Pairs of lines, a function and its place, from the innermost function outwards
  auto const lines = at == co.debug.size()
                         ? lines_of(quoted(symbolizer()) + " --demangle --inlines --obj=" + name + address + " 2>/dev/null")
                         : std::vector<std::string>();
  unlink(name);
  struct Frame {
    std::string text;
    bool library;
  };
  std::vector<Frame> frames;
  for (size_t k = 0; k + 1 < lines.size() && !lines[k].empty() && lines[k + 1].rfind("??", 0) != 0; k += 2)
    frames.push_back({short_place(lines[k + 1]) + " (" + plain_name(lines[k]) + ")", is_library(lines[k + 1])});
  // The program's own functions; of the library's only the innermost one.
  auto const own = std::any_of(frames.begin(), frames.end(), [](Frame const& f) { return !f.library; });
  for (Frame const& f : frames)
    if (!own || !f.library) text += (text.empty() ? ", " : ", inlined at ") + f.text;
  if (own && frames[0].library) text += ", in " + frames[0].text;
  return text;
}

}  // namespace emu
