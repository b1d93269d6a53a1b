// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// Loads AMDGPU code objects: ELF files with kernels and their descriptions in a msgpack note.
#include <elf.h>
#include <sys/mman.h>
#include <algorithm>
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
    if (p >= e || depth >= 32) return {};
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
    if (offset > size || count > (size - offset) / sizeof(T))
      fail(Err::internal, "damaged code object: " + std::to_string(count * sizeof(T)) + " bytes at " + std::to_string(offset) +
                              " of a file of " + std::to_string(size));
    return reinterpret_cast<T const*>(data + offset);
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
    if (end > ph.p_filesz) fail(Err::internal, "damaged code object: a note is cut off");
    if (n[2] == 32) {  // NT_AMDGPU_METADATA
      Mp mp{notes + d, notes + end};
      auto const root = mp.next();
      if (auto* ks = root.get("amdhsa.kernels"))
        for (auto& k : ks->a) add_kernel(co, k);
    }
    o = d + ((uint64_t(n[1]) + 3) & ~3ull);
  }
}

static void relocate(CodeObject& co, Elf64_Rela const& r, Elf64_Sym const* symbols, size_t count) {
  uint32_t const type = ELF64_R_TYPE(r.r_info), si = ELF64_R_SYM(r.r_info);
  uint64_t const base = reinterpret_cast<uint64_t>(co.image);
  uint64_t const S = si && si < count && symbols[si].st_shndx != SHN_UNDEF ? base + symbols[si].st_value : 0, P = base + r.r_offset;
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
  if (r.r_offset > co.size - bytes) fail(Err::internal, "damaged code object: a relocation outside the image");
  memcpy(co.image + r.r_offset, &v, bytes);
}

static void load_into(CodeObject& co, Elf const& elf) {
  auto* eh = elf.at<Elf64_Ehdr>(0);
  auto* ph = elf.at<Elf64_Phdr>(eh->e_phoff, eh->e_phnum);
  uint64_t const limit = 1ull << 32;
  uint64_t end = 0, code_begin = limit, code_end = 0;
  for (int i = 0; i < eh->e_phnum; i++)
    if (ph[i].p_type == PT_LOAD) {
      if (ph[i].p_vaddr > limit || ph[i].p_memsz > limit || ph[i].p_filesz > ph[i].p_memsz)
        fail(Err::internal,
             "damaged code object: a segment of " + std::to_string(ph[i].p_memsz) + " bytes at " + std::to_string(ph[i].p_vaddr));
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
    auto* dyn = elf.at<Elf64_Dyn>(ph[i].p_offset, n);
    for (size_t k = 0; k < n && dyn[k].d_tag != DT_NULL; k++) {
      if (dyn[k].d_tag == DT_RELA) rela = dyn[k].d_un.d_ptr;
      if (dyn[k].d_tag == DT_RELASZ) rela_bytes = dyn[k].d_un.d_val;
    }
  }

  Elf64_Sym const* symbols = nullptr;
  size_t symbol_count = 0;
  auto* sh = elf.at<Elf64_Shdr>(eh->e_shoff, eh->e_shnum);
  uint64_t const base = reinterpret_cast<uint64_t>(co.image);
  for (int i = 0; i < eh->e_shnum; i++)
    if (sh[i].sh_type == SHT_DYNSYM) {
      symbol_count = sh[i].sh_size / sizeof(Elf64_Sym);
      symbols = elf.at<Elf64_Sym>(sh[i].sh_offset, symbol_count);
      if (sh[i].sh_link >= eh->e_shnum) fail(Err::internal, "damaged code object: symbols without names");
      Elf64_Shdr const& names = sh[sh[i].sh_link];
      char const* text = elf.at<char>(names.sh_offset, names.sh_size);
      for (size_t k = 0; k < symbol_count; k++)
        if (symbols[k].st_shndx != SHN_UNDEF && symbols[k].st_name) {
          if (symbols[k].st_name >= names.sh_size || symbols[k].st_value > co.size || symbols[k].st_size > co.size - symbols[k].st_value)
            fail(Err::internal, "damaged code object: symbol " + std::to_string(k));
          char const* const name = text + symbols[k].st_name;
          co.symbols[std::string(name, strnlen(name, names.sh_size - symbols[k].st_name))] = {base + symbols[k].st_value,
                                                                                              symbols[k].st_size};
        }
    }
  Elf const image{co.image, co.size};
  for (uint64_t o = 0; o < rela_bytes; o += sizeof(Elf64_Rela)) {
    Elf64_Rela r;
    memcpy(&r, image.at<uint8_t>(rela + o, sizeof r), sizeof r);
    relocate(co, r, symbols, symbol_count);
  }
  for (auto& k : co.kernels) {
    auto it = co.symbols.find(k.first + ".kd");
    if (it != co.symbols.end() && it->second.addr - base + 64 <= co.size) k.second.kd = it->second.addr;
  }
}

CodeObject* load(void const* file, size_t size, std::string const& gfx, std::string& why) {
  auto* eh = static_cast<Elf64_Ehdr const*>(file);
  if (size < sizeof *eh || memcmp(file, ELFMAG, 4) || eh->e_machine != 224) {
    why = "not an AMDGPU ELF";
    return nullptr;
  }
  auto co = std::make_unique<CodeObject>();
  co->arch = gfx;
  try {
    load_into(*co, {static_cast<uint8_t const*>(file), size});
  } catch (Error const& e) {
    why = e.what();
    if (co->image) munmap(co->image, co->size);
    return nullptr;
  }
  return co.release();
}

}  // namespace emu
