// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Names of variables and functions, read from the symbol tables of the files of the program and its libraries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <unordered_map>

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace crosslane::backend {

class module_symbols {
 public:
  /// Returns the demangled name of the variable or function that contains an address. Empty if it is unknown: a file without symbols.
  std::string name_of(void const* p) {
    symbol const s = find(p);
    if (s.name == nullptr) return {};
    int status = 0;
    char* const text = abi::__cxa_demangle(s.name, nullptr, nullptr, &status);
    std::string result = text != nullptr ? text : last_of_mangled(s.name);
    std::free(text);
    // The name of a variable in a kernel has the types of all arguments: only the last part is of interest.
    constexpr std::size_t most = 80;
    if (std::size_t const last = result.rfind("::"); s.type == STT_OBJECT && result.size() > most && last != std::string::npos)
      result.erase(0, last + 2);
    return result;
  }

  /// Whether a function begins at this address.
  bool is_function(void const* p) {
    symbol const s = find(p);
    return s.name != nullptr && s.type == STT_FUNC && s.begin == reinterpret_cast<std::uintptr_t>(p);
  }

 private:
  /// Returns the last identifier of a mangled name that the C++ library cannot demangle: "1n" at its end is n.
  static std::string last_of_mangled(std::string const& name) {
    for (std::size_t i = 0; i < name.size(); ++i) {
      char* end = nullptr;
      unsigned long const length = name[i] >= '1' && name[i] <= '9' ? std::strtoul(name.c_str() + i, &end, 10) : 0;
      if (length != 0 && name.c_str() + name.size() - end == std::ptrdiff_t(length)) return end;
    }
    return name;
  }

  struct symbol {
    char const* name = nullptr;
    std::uintptr_t begin = 0;
    unsigned type = 0;
  };
  struct table {
    ElfW(Sym) const* first = nullptr;
    std::size_t count = 0;
    char const* names = nullptr;
  };

  symbol find(void const* p) {
    Dl_info module{};
    if (dladdr(p, &module) == 0 || module.dli_fname == nullptr) return {};
    auto const* const header = static_cast<ElfW(Ehdr) const*>(module.dli_fbase);
    std::uintptr_t const base = header->e_type == ET_EXEC ? 0 : reinterpret_cast<std::uintptr_t>(module.dli_fbase);
    std::uintptr_t const at = reinterpret_cast<std::uintptr_t>(p) - base;
    table const& symbols = table_of(module.dli_fbase, module.dli_fname);
    for (std::size_t i = 0; i < symbols.count; ++i) {
      ElfW(Sym) const& s = symbols.first[i];
      unsigned const type = s.st_info & 15u;
      if ((type == STT_OBJECT || type == STT_FUNC) && at - s.st_value < s.st_size)
        return {symbols.names + s.st_name, base + s.st_value, type};
    }
    return {};
  }

  /// Maps the file of a module, and keeps it mapped.
  table const& table_of(void const* module, char const* name) {
    auto const [entry, made] = tables_.try_emplace(module);
    table& result = entry->second;
    if (!made) return result;
    int file = open(name, O_RDONLY | O_CLOEXEC);
    if (name[0] != '/') {  // the program, by a name that may be relative to a directory which it has left
      if (file >= 0) close(file);
      file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    }
    struct stat facts{};
    void* memory = MAP_FAILED;
    if (file >= 0 && fstat(file, &facts) == 0) memory = mmap(nullptr, std::size_t(facts.st_size), PROT_READ, MAP_PRIVATE, file, 0);
    if (file >= 0) close(file);
    if (memory == MAP_FAILED) return result;
    char const* const bytes = static_cast<char const*>(memory);
    auto const* const header = static_cast<ElfW(Ehdr) const*>(memory);
    auto const* const sections = reinterpret_cast<ElfW(Shdr) const*>(bytes + header->e_shoff);
    if (header->e_shoff == 0 || header->e_shoff + header->e_shnum * sizeof *sections > std::size_t(facts.st_size)) return result;
    for (unsigned i = 0; i < header->e_shnum; ++i) {
      bool const all = sections[i].sh_type == SHT_SYMTAB;  // has every symbol; SHT_DYNSYM has only those of other modules' interest
      if (!all && (sections[i].sh_type != SHT_DYNSYM || result.count != 0)) continue;
      result = {reinterpret_cast<ElfW(Sym) const*>(bytes + sections[i].sh_offset), sections[i].sh_size / sizeof(ElfW(Sym)),
                bytes + sections[sections[i].sh_link].sh_offset};
      if (all) break;
    }
    return result;
  }

  std::unordered_map<void const*, table> tables_;
};

}  // namespace crosslane::backend
