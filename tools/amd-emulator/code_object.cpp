// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads AMDGPU code objects: ELF files with kernels and their descriptions in a msgpack note.
#include <elf.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include "isa.hpp"

namespace emu {

char const* family(std::string const& g) {
  if (g == "gfx942" || g == "gfx950" || g == "gfx940" || g == "gfx941" || g == "gfx90a") return "cdna";
  if (g.rfind("gfx110", 0) == 0 || g.rfind("gfx115", 0) == 0) return "rdna3";
  if (g.rfind("gfx120", 0) == 0) return "rdna4";
  return nullptr;
}
uint32_t wave_size(std::string const& g) { return g.rfind("gfx9", 0) == 0 ? 64 : 32; }

// Reads msgpack, as far as the note uses it.
struct Mp {
  uint8_t const *p, *e;
  int depth = 0;
  struct V {
    char t = 'n';
    uint64_t u = 0;
    std::string s;
    std::vector<V> a;
    std::vector<std::pair<std::string, V>> m;
    V const* get(char const* k) const {
      for (auto& x : m)
        if (x.first == k) return &x.second;
      return nullptr;
    }
  };
  uint64_t be(int n) {
    uint64_t v = 0;
    while (n-- && p < e) v = v << 8 | *p++;
    return v;
  }
  V str(size_t n) {
    V v;
    v.t = 's';
    n = std::min<size_t>(n, e - p);
    v.s.assign(reinterpret_cast<char const*>(p), n);
    p += n;
    return v;
  }
  V arr(size_t n) {
    V v;
    v.t = 'a';
    while (n-- && p < e) v.a.push_back(next());
    return v;
  }
  V map(size_t n) {
    V v;
    v.t = 'm';
    while (n-- && p < e) {
      V k = next();
      v.m.emplace_back(k.s, next());
    }
    return v;
  }
  V num(uint64_t u) {
    V v;
    v.t = 'u';
    v.u = u;
    return v;
  }
  V next() {
    if (depth >= 32) fail(Err::internal, "damaged code object: its description has more than 32 levels");
    if (p >= e) return {};
    depth++;
    V v = value();
    depth--;
    return v;
  }
  V value() {
    uint8_t b = *p++;
    if (b < 0x80) return num(b);
    if (b < 0x90) return map(b & 15);
    if (b < 0xa0) return arr(b & 15);
    if (b < 0xc0) return str(b & 31);
    if (b >= 0xe0) return num(uint64_t(int64_t(int8_t(b))));
    switch (b) {
      case 0xc2: return num(0);
      case 0xc3: return num(1);
      case 0xcc: return num(be(1));
      case 0xcd: return num(be(2));
      case 0xce: return num(be(4));
      case 0xcf: return num(be(8));
      case 0xd0: return num(be(1));
      case 0xd1: return num(be(2));
      case 0xd2: return num(be(4));
      case 0xd3: return num(be(8));
      case 0xd9: return str(be(1));
      case 0xda: return str(be(2));
      case 0xdb: return str(be(4));
      case 0xdc: return arr(be(2));
      case 0xdd: return arr(be(4));
      case 0xde: return map(be(2));
      case 0xdf: return map(be(4));
    }
    return {};
  }
};

// An ELF file of a known size. Every access is checked, so that a damaged file is an error and no fault.
struct Elf {
  uint8_t const* data;
  size_t size;
  template <class T>
  T const* at(uint64_t offset, uint64_t count = 1) const {
    static_assert(sizeof(T) == 1, "others may not be aligned: read()");
    check(offset, count, 1);
    return reinterpret_cast<T const*>(data + offset);
  }
  template <class T>
  std::vector<T> read(uint64_t offset, uint64_t count = 1) const {
    check(offset, count, sizeof(T));
    std::vector<T> v(count);
    if (count) memcpy(v.data(), data + offset, count * sizeof(T));
    return v;
  }
  void check(uint64_t offset, uint64_t count, size_t each) const {
    if (offset > size || count > (size - offset) / each)
      fail(Err::internal, "damaged code object: " + std::to_string(count) + " times " + std::to_string(each) + " bytes at " +
                              std::to_string(offset) + " of a file of " + std::to_string(size));
  }
};

static void add_kernel(CodeObject& co, Mp::V const& k) {
  auto const* name = k.get(".name");
  if (!name || name->s.empty()) fail(Err::internal, "damaged code object: a kernel without a name");
  KernelInfo ki;
  auto u = [&](char const* f, uint32_t def) {
    auto* v = k.get(f);
    return v ? uint32_t(v->u) : def;
  };
  ki.name = name->s;
  ki.lds = u(".group_segment_fixed_size", 0);
  ki.priv = u(".private_segment_fixed_size", 0);
  ki.kernarg_size = u(".kernarg_segment_size", 0);
  ki.max_flat = u(".max_flat_workgroup_size", 1024);
  ki.sgprs = u(".sgpr_count", 0);
  ki.vgprs = u(".vgpr_count", 0);
  ki.agprs = u(".agpr_count", 0);
  ki.wave = u(".wavefront_size", 64);
  if (ki.wave != 32 && ki.wave != 64)
    fail(Err::internal, "damaged code object: kernel " + ki.name + " has waves of " + std::to_string(ki.wave) + " lanes, not 32 or 64");
  auto limit = [&](char const* what, uint32_t value, uint32_t most) {
    if (value > most)
      fail(Err::internal, "damaged code object: kernel " + ki.name + " has " + std::to_string(value) + " bytes of " + what +
                              ", more than " + std::to_string(most));
  };
  limit("arguments", ki.kernarg_size, 1 << 20);
  limit("scratch for each lane", ki.priv, 16 << 20);
  ki.dyn_stack = u(".uses_dynamic_stack", 0);
  if (auto* as = k.get(".args"))
    for (auto& a : as->a) {
      Arg g;
      if (auto* v = a.get(".value_kind")) g.kind = v->s;
      if (auto* v = a.get(".offset")) g.offset = v->u;
      if (auto* v = a.get(".size")) g.size = v->u;
      if (uint64_t(g.offset) + g.size > ki.kernarg_size)
        fail(Err::internal, "damaged code object: an argument of kernel " + ki.name + " lies outside its " +
                                std::to_string(ki.kernarg_size) + " bytes of arguments");
      ki.args.push_back(g);
    }
  co.kernels[ki.name] = ki;
}

static void read_notes(CodeObject& co, Elf const& elf, Elf64_Phdr const& ph) {
  uint8_t const* const notes = elf.at<uint8_t>(ph.p_offset, ph.p_filesz);
  for (uint64_t o = 0; o + 12 <= ph.p_filesz;) {
    uint32_t n[3];
    memcpy(n, notes + o, 12);
    uint64_t const d = o + 12 + ((uint64_t(n[0]) + 3) & ~3ull), end = d + n[1];
    if (end > ph.p_filesz)
      fail(Err::internal, "damaged code object: a note of " + std::to_string(n[1]) + " bytes at " + std::to_string(d) +
                              " of a segment of " + std::to_string(ph.p_filesz));
    if (n[2] == 32) {  // NT_AMDGPU_METADATA
      Mp mp{notes + d, notes + end};
      auto const root = mp.next();
      if (auto* ks = root.get("amdhsa.kernels"))
        for (auto& k : ks->a) add_kernel(co, k);
    }
    o = d + ((uint64_t(n[1]) + 3) & ~3ull);
  }
}

static void relocate(CodeObject& co, Elf64_Rela const& r, std::vector<Elf64_Sym> const& symbols) {
  uint32_t const type = ELF64_R_TYPE(r.r_info), si = ELF64_R_SYM(r.r_info);
  uint64_t const base = reinterpret_cast<uint64_t>(co.image);
  uint64_t const S = si && si < symbols.size() && symbols[si].st_shndx != SHN_UNDEF ? base + symbols[si].st_value : 0,
                 P = base + r.r_offset;
  uint64_t v = S + r.r_addend;
  unsigned bytes = 4;
  switch (type) {
    case 1:
    case 6: break;             // ABS32_LO, ABS32
    case 2: v >>= 32; break;   // ABS32_HI
    case 3: bytes = 8; break;  // ABS64
    case 4:
    case 10: v -= P; break;             // REL32, REL32_LO
    case 11: v = (v - P) >> 32; break;  // REL32_HI
    case 13:
      bytes = 8;
      v = base + r.r_addend;
      break;  // RELATIVE64
    default: fail(Err::unsupported, "AMDGPU relocation type " + std::to_string(type));
  }
  if (r.r_offset > co.size - bytes)
    fail(Err::internal, "damaged code object: a relocation of " + std::to_string(bytes) + " bytes at " + std::to_string(r.r_offset) +
                            " of an image of " + std::to_string(co.size));
  memcpy(co.image + r.r_offset, &v, bytes);
}

// The architecture that an ELF header names, by LLVM's EF_AMDGPU_MACH; empty for one that is not emulated.
static std::string machine(Elf64_Ehdr const& header) {
  static std::map<uint32_t, char const*> const names = {{0x3f, "gfx90a"},  {0x40, "gfx940"},  {0x4b, "gfx941"},  {0x4c, "gfx942"},
                                                        {0x4f, "gfx950"},  {0x41, "gfx1100"}, {0x46, "gfx1101"}, {0x47, "gfx1102"},
                                                        {0x44, "gfx1103"}, {0x43, "gfx1150"}, {0x4a, "gfx1151"}, {0x55, "gfx1152"},
                                                        {0x58, "gfx1153"}, {0x48, "gfx1200"}, {0x4e, "gfx1201"}};
  auto const it = names.find(header.e_flags & 0xff);
  return it == names.end() ? "" : it->second;
}
static void check_machine(std::string const& arch, Elf64_Ehdr const& header) {
  std::string const is = machine(header);
  char number[8];
  snprintf(number, sizeof number, "0x%02x", header.e_flags & 0xff);
  if (is != arch)
    fail(Err::internal, "a code object for " + (is.empty() ? std::string("architecture number ") + number : is) + " on the device " + arch);
}

static void load_into(CodeObject& co, Elf const& elf) {
  Elf64_Ehdr const header = elf.read<Elf64_Ehdr>(0)[0];
  Elf64_Ehdr const* const eh = &header;
  check_machine(co.arch, header);
  int const version = header.e_ident[EI_ABIVERSION] + 2;
  if (version < 4 || version > 6) fail(Err::internal, "a code object of version " + std::to_string(version) + "; 4 to 6 are read");
  auto const ph = elf.read<Elf64_Phdr>(eh->e_phoff, eh->e_phnum);
  uint64_t const limit = 1ull << 32;
  uint64_t end = 0, code_begin = limit, code_end = 0;
  for (int i = 0; i < eh->e_phnum; i++)
    if (ph[i].p_type == PT_LOAD) {
      if (ph[i].p_vaddr > limit || ph[i].p_memsz > limit || ph[i].p_filesz > ph[i].p_memsz)
        fail(Err::internal, "damaged code object: a segment of " + std::to_string(ph[i].p_memsz) + " bytes (" +
                                std::to_string(ph[i].p_filesz) + " of the file) at " + std::to_string(ph[i].p_vaddr) + ", more than " +
                                std::to_string(limit));
      end = std::max<uint64_t>(end, ph[i].p_vaddr + ph[i].p_memsz);
      if (!(ph[i].p_flags & PF_X)) continue;
      code_begin = std::min<uint64_t>(code_begin, ph[i].p_vaddr & ~3ull);
      code_end = std::max<uint64_t>(code_end, ph[i].p_vaddr + ph[i].p_filesz);
    }
  if (code_end > code_begin && code_end - code_begin > elf.size)
    fail(Err::internal,
         "damaged code object: " + std::to_string(code_end - code_begin) + " bytes of code in a file of " + std::to_string(elf.size));
  co.size = (end + 4096 + 4095) & ~size_t(4095);
  void* m = mmap(nullptr, co.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m == MAP_FAILED) fail(Err::internal, "no memory for a code object of " + std::to_string(co.size) + " bytes");
  co.image = static_cast<uint8_t*>(m);
  if (code_end > code_begin) {
    co.code = reinterpret_cast<uint64_t>(co.image) + code_begin;
    co.slots.assign((code_end - code_begin + 3) / 4, nullptr);
    co.blocks.assign(co.slots.size(), nullptr);
  }

  uint64_t rela = 0, rela_bytes = 0;
  for (int i = 0; i < eh->e_phnum; i++) {
    if (ph[i].p_type == PT_LOAD) memcpy(co.image + ph[i].p_vaddr, elf.at<uint8_t>(ph[i].p_offset, ph[i].p_filesz), ph[i].p_filesz);
    if (ph[i].p_type == PT_NOTE) read_notes(co, elf, ph[i]);
    if (ph[i].p_type != PT_DYNAMIC) continue;
    size_t const n = ph[i].p_filesz / sizeof(Elf64_Dyn);
    auto const dyn = elf.read<Elf64_Dyn>(ph[i].p_offset, n);
    for (size_t k = 0; k < n && dyn[k].d_tag != DT_NULL; k++) {
      if (dyn[k].d_tag == DT_RELA) rela = dyn[k].d_un.d_ptr;
      if (dyn[k].d_tag == DT_RELASZ) rela_bytes = dyn[k].d_un.d_val;
    }
  }

  std::vector<Elf64_Sym> symbols;
  auto const sh = elf.read<Elf64_Shdr>(eh->e_shoff, eh->e_shnum);
  uint64_t const base = reinterpret_cast<uint64_t>(co.image);
  for (int i = 0; i < eh->e_shnum; i++)
    if (sh[i].sh_type == SHT_DYNSYM) {
      symbols = elf.read<Elf64_Sym>(sh[i].sh_offset, sh[i].sh_size / sizeof(Elf64_Sym));
      if (sh[i].sh_link >= eh->e_shnum)
        fail(Err::internal,
             "damaged code object: names of symbols in section " + std::to_string(sh[i].sh_link) + " of " + std::to_string(eh->e_shnum));
      Elf64_Shdr const& names = sh[sh[i].sh_link];
      char const* text = elf.at<char>(names.sh_offset, names.sh_size);
      for (size_t k = 0; k < symbols.size(); k++)
        if (symbols[k].st_shndx != SHN_UNDEF && symbols[k].st_name) {
          if (symbols[k].st_name >= names.sh_size || symbols[k].st_value > co.size || symbols[k].st_size > co.size - symbols[k].st_value)
            fail(Err::internal, "damaged code object: symbol " + std::to_string(k) + " of " + std::to_string(symbols[k].st_size) +
                                    " bytes at " + std::to_string(symbols[k].st_value) + ", name at " + std::to_string(symbols[k].st_name) +
                                    ", of an image of " + std::to_string(co.size) + " and names of " + std::to_string(names.sh_size));
          char const* const name = text + symbols[k].st_name;
          co.symbols[std::string(name, strnlen(name, names.sh_size - symbols[k].st_name))] = {base + symbols[k].st_value,
                                                                                              symbols[k].st_size};
        }
    }
  if (eh->e_shstrndx < eh->e_shnum) {
    Elf64_Shdr const& names = sh[eh->e_shstrndx];
    char const* const text = elf.at<char>(names.sh_offset, names.sh_size);
    for (int i = 0; i < eh->e_shnum; i++) {
      uint64_t const left = sh[i].sh_name < names.sh_size ? names.sh_size - sh[i].sh_name : 0;
      if (left > 12 && !memcmp(text + sh[i].sh_name, ".debug_line", 12)) co.debug.assign(elf.data, elf.data + elf.size);
    }
  }
  Elf const image{co.image, co.size};
  for (uint64_t o = 0; o < rela_bytes; o += sizeof(Elf64_Rela)) {
    Elf64_Rela r;
    memcpy(&r, image.at<uint8_t>(rela + o, sizeof r), sizeof r);
    relocate(co, r, symbols);
  }
  for (auto& k : co.kernels) {
    auto it = co.symbols.find(k.first + ".kd");
    if (it != co.symbols.end() && it->second.addr - base + 64 <= co.size) k.second.kd = it->second.addr;
  }
}

CodeObject* load(void const* file, size_t size, std::string const& gfx, std::string& why) {
  Elf64_Ehdr header = {};
  memcpy(&header, file, std::min(size, sizeof header));
  if (size < sizeof header || memcmp(file, ELFMAG, 4) || header.e_machine != 224) {
    why = "not an AMDGPU ELF";
    return nullptr;
  }
  auto co = std::make_unique<CodeObject>();
  co->arch = gfx;
  try {
    load_into(*co, {static_cast<uint8_t const*>(file), size});
  } catch (std::exception const& e) {  // also of memory that a damaged size asks for
    why = e.what();
    if (co->image) munmap(co->image, co->size);
    return nullptr;
  }
  return co.release();
}

// Copies up to n bytes, as far as they can be read.
static std::string readable(char const* p, size_t n) {
  char page[4096];
  std::string to;
  while (to.size() < n) {
    char const* const from = p + to.size();
    size_t const step = std::min(n - to.size(), sizeof page - reinterpret_cast<uintptr_t>(from) % sizeof page);
    iovec const local = {page, step}, remote = {const_cast<char*>(from), step};
    ssize_t const got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    if (got < 0 && errno != EFAULT)  // the system forbids the call
      return to.append(from, n - to.size());
    if (got <= 0) break;
    to.append(page, size_t(got));
  }
  return to;
}

std::string read_image(void const* image) {
  char const* const p = static_cast<char const*>(image);
  uint64_t const most = 1ull << 30;
  std::string head = readable(p, 4096);
  uint64_t size = head.size();
  auto grow = [&](uint64_t offset, uint64_t bytes) {
    if (offset < most && bytes < most) size = std::max(size, offset + bytes);
  };
  if (head.size() >= sizeof(Elf64_Ehdr) && !head.compare(0, 4, ELFMAG)) {
    Elf64_Ehdr e;
    memcpy(&e, head.data(), sizeof e);
    grow(e.e_phoff, e.e_phnum * sizeof(Elf64_Phdr));
    grow(e.e_shoff, e.e_shnum * sizeof(Elf64_Shdr));
    head = readable(p, size);
    for (size_t i = 0; i < e.e_shnum && e.e_shoff + (i + 1) * sizeof(Elf64_Shdr) <= head.size(); i++) {
      Elf64_Shdr s;
      memcpy(&s, head.data() + e.e_shoff + i * sizeof s, sizeof s);
      if (s.sh_type != SHT_NOBITS) grow(s.sh_offset, s.sh_size);
    }
  } else if (head.size() >= 32 && !head.compare(0, 24, "__CLANG_OFFLOAD_BUNDLE__")) {
    uint64_t n, h[3];
    memcpy(&n, head.data() + 24, 8);
    for (uint64_t i = 0, at = 32; i < n && at + 24 <= head.size(); i++, at += 24 + h[2]) {
      memcpy(h, head.data() + at, sizeof h);
      grow(h[0], h[1]);
      if (h[2] > head.size()) break;
    }
  }
  return size > head.size() ? readable(p, size) : head;
}

}  // namespace emu
