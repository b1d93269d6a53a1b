// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Tells what memory of the process an address belongs to: programs and libraries by the dynamic linker, the rest by /proc/self/maps.
#pragma once

#include "module_symbols.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <unordered_map>
#include <vector>

#include <link.h>

namespace crosslane::backend {

enum class address_kind : unsigned char {
  none,       ///< no memory is mapped there
  constant,   ///< code and constants of the program or a library
  of_thread,  ///< a thread-local variable of the calling thread
  variable,   ///< a variable of static storage duration
  stack,      ///< the stack of the thread that runs main()
  other,      ///< the heap, or the stack of another thread
};

/// The caller holds the checker's lock.
class process_map {
 public:
  /// Whether a read of constants of a module that of() has met. Cheap.
  bool is_known_constant(void const* p) const noexcept {
    auto const at = reinterpret_cast<std::uintptr_t>(p);
    for (range const& r : constants_)
      if (at - r.begin < r.bytes) return true;
    return false;
  }

  address_kind of(void const* p) {
    auto const at = reinterpret_cast<std::uintptr_t>(p);
    if (auto const known = pages_.find(at / page_bytes); known != pages_.end()) return known->second;
    look_up search{at, false, false, false, {0, 0}};
    dl_iterate_phdr(&look_in_module, &search);
    if (search.of_thread) return address_kind::of_thread;
    if (search.in_module) {
      if (search.writable) return address_kind::variable;  // a page may have variables and constants
      constants_.push_back(search.constants);
      return address_kind::constant;
    }
    return pages_[at / page_bytes] = look_in_maps(at);
  }

  /// Returns the name of a variable or function of a module, demangled; empty if it is unknown.
  std::string name_of(void const* p) { return symbols_.name_of(p); }
  bool is_function(void const* p) { return symbols_.is_function(p); }

  /// Called before each launch: the program may have changed its memory.
  void forget() { pages_.clear(); }

 private:
  static constexpr std::size_t page_bytes = 4096;
  struct range {
    std::uintptr_t begin;
    std::size_t bytes;
  };
  struct look_up {
    std::uintptr_t at;
    bool of_thread, in_module, writable;
    range constants;
  };

  static int look_in_module(dl_phdr_info* module, std::size_t, void* data) {
    look_up& search = *static_cast<look_up*>(data);
    for (unsigned i = 0; i < module->dlpi_phnum; ++i) {
      ElfW(Phdr) const& part = module->dlpi_phdr[i];
      std::uintptr_t const begin = module->dlpi_addr + part.p_vaddr;
      if (part.p_type == PT_TLS && module->dlpi_tls_data != nullptr &&
          search.at - reinterpret_cast<std::uintptr_t>(module->dlpi_tls_data) < part.p_memsz)
        search.of_thread = true;
      if (search.at - begin >= part.p_memsz) continue;
      if (part.p_type == PT_LOAD) {
        search.in_module = true;
        search.writable = (part.p_flags & PF_W) != 0;
        search.constants = {begin, part.p_memsz};
      } else if (part.p_type == PT_GNU_RELRO) {  // constants with addresses, written by the dynamic linker only. Comes after PT_LOAD
        search.writable = false;
        search.constants = {begin, part.p_memsz};
      }
    }
    return search.of_thread || search.in_module ? 1 : 0;
  }

  static address_kind look_in_maps(std::uintptr_t at) {
    address_kind result = address_kind::none;
    std::FILE* const maps = std::fopen("/proc/self/maps", "r");
    if (maps == nullptr) return address_kind::other;
    char line[1024], rights[8], name[1024];
    unsigned long begin = 0, end = 0;
    while (std::fgets(line, sizeof line, maps) != nullptr) {
      name[0] = 0;
      if (std::sscanf(line, "%lx-%lx %7s %*s %*s %*s %1023[^\n]", &begin, &end, rights, name) < 3 || at < begin || at >= end) continue;
      if (rights[0] == 'r') result = std::string(name) == "[stack]" ? address_kind::stack : address_kind::other;
      break;
    }
    std::fclose(maps);
    return result;
  }

  std::unordered_map<std::uintptr_t, address_kind> pages_;
  std::vector<range> constants_;
  module_symbols symbols_;
};

}  // namespace crosslane::backend
