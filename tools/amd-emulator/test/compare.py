#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs single vector and scalar instructions on this emulator and on that of tinygrad, and compares all registers.

usage: compare.py <checkout of tinygrad> <folder with libamdhip64.so.5> [--arch gfx942] [--only REGEX] [--variants N] [--seed N] [-v]

The checkout must have test/mockgpu/amd/emu.py, which the package on PyPI lacks. Each instruction is encoded in several forms: registers,
scalar registers, constants, literals, modifiers. Its inputs are random bits, floats of moderate size, and edge cases: NaN, infinities,
denormals, zeros of both signs, shift counts of the width and more. EXEC is a random mask. Printed is the number of forms that agree for
each encoding, then each instruction that disagrees, with an example. Approximations (exp, log, sin, rcp, ...) may differ by 2^-20, and a
NaN may have any bits. The exit code is 1 if a form disagrees that KNOWN does not list.
"""
import argparse, collections, ctypes, math, os, random, re, struct, subprocess, sys, tempfile, types
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

# Disagreements that are settled by the text of the ISA documents: names of instructions, and what is right here and different there. Those
# that begin with "open" are not settled. docs/amd-emulator.md has an example of each kind.
KNOWN = [
    (r"V_(MUL|MUL_HI|MAD)_(I32_I24|U32_U24)", "factors have 24 bits; theirs takes all 32"),
    (r"V_MAD_(CO_)?(I64_I32|U64_U32)", "the carry is written; theirs keeps the old scalars"),
    (r"V_MQSAD_PK_U16_U8", "bytes of the reference that are 0 do not count; theirs counts them"),
    (r"V_LDEXP_F(16|32|64)", "scaled once; theirs makes the power of two first, and 0 * infinity is NaN"),
    (r"V_(SIN|COS)_F(16|32)", "the angle is reduced exactly; theirs does it in single precision"),
    (r"V_TRIG_PREOP_F64", "2 / pi has 1201 bits; theirs has a double"),
    (r"[VS]_CVT_[IU](16|32)_F(16|32|64)|V_CVT_(FLR|RPI|FLOOR|NEAREST)_I32_F32|V_CVT_PK_[IU]16_[FIU]32", "saturates, and NaN gives 0; theirs gives what x86 does"),
    (r"V_CVT_(NORM|PK_NORM|PKNORM)_[IU]16_F(16|32)", "clamped to the range before it is scaled; theirs wraps"),
    (r"[VS]_CVT_(PK_RTZ|PKRTZ)_F16_F32", "rounded toward zero, to the largest number too; theirs rounds to nearest"),
    (r"V_CVT_OFF_F32_I4", "-8/16 to 7/16, as in the table of the document; theirs gives 0"),
    (r"V_CVT_(PK|SR)_(FP8|BF8)_F32", "denormals are kept, random bits are added below the kept ones; theirs flushes"),
    (r"V_CVT_PK_BF16_F32", "NaN stays NaN; theirs rounds 0x7fffffff to 0x8000"),
    (r"V_FREXP_(EXP_I16_F16|EXP_I32_F32|EXP_I32_F64|MANT_F32|MANT_F64)", "a denormal is normalised, and the exponent of 0, infinity and NaN is 0"),
    (r"V_FRACT_F(16|32|64)", "a fraction stays below 1; theirs rounds to 1"),
    (r"[VS]_RNDNE_F(16|32|64)", "a result of 0 keeps the sign"),
    (r"V_DIV_(SCALE|FMAS|FIXUP)_F(32|64)|V_DIV_FIXUP_(LEGACY_)?F16", "V_DIV_FIXUP computes the quotient here, and the others pass values on"),
    (r"V_(PK_)?(MIN|MAX)_F16|V_(MIN3|MAX3|MED3|MINMAX|MAXMIN)_F(16|32)", "IEEE mode: a signalling NaN becomes the result; theirs loses it. gfx9 also keeps the upper half"),
    (r"V_PK_(MIN|MAX)_NUM_F16|V_(MIN3|MAX3|MED3|MINMAX|MAXMIN)_NUM_F(16|32)", "a number wins over NaN; theirs does not see NaNs of 16 bits"),
    (r"V_(PK_)?(MINIMUM|MAXIMUM)3?_F16|V_(MINIMUM|MAXIMUM)3_F32|V_(MINIMUMMAXIMUM|MAXIMUMMINIMUM)_F(16|32)", "NaN wins; theirs loses it"),
    (r"V_(MIN3|MAX3|MED3|MAD)_[IU]16|V_(MAD|FMA)_F16|V_(ADD|SUB)_I16|V_BITOP3_B16", "gfx9 keeps the upper half of the destination, as in LLVM"),
    (r"V_MAD_LEGACY_([IU]16|F16)|V_FMA_LEGACY_F16", "gfx9 clears the upper half, as in LLVM; theirs gives an integer"),
    (r"S_(BITSET[01]|CMOV|WQM|QUADMASK)_B64", "both words; theirs takes the low one"),
    (r"S_BFE_[IU](32|64)", "the width has 7 bits, and a constant is sign-extended; theirs takes 5 bits"),
    (r"V_CMP_[A-Z]+_I64|S_ASHR_I64|S_(CLS|FLBIT)_I32_I64", "a literal is sign-extended to 64 bits for signed operands; theirs fills with zeros"),
    (r"V_(ADD|MUL|FMA|MIN|MAX|MINIMUM|MAXIMUM)(_NUM)?_F64", "the constant 1 / (2 pi) is a double; theirs is a float"),
    (r"V_CMPX_\w+", "gfx9 writes the destination and EXEC; theirs keeps the destination and clears EXEC"),
    (r"V_FMAC_(F16|F64|DX9_ZERO_F32)", "VOP3: adds the destination, its upper half with op_sel; theirs adds another operand"),
    (r"V_RSQ_F(32|64)", "clamp makes 0 of -infinity; theirs keeps it"),
    (r"V_PACK_B32_F16", "bits of a signalling NaN pass; theirs quiets it"),
    (r"V_PK_FMAC_F16", "gfx11 has a constant in both halves"),
    (r"V_ALIGNBIT_B32", "op_sel chooses the half that has the shift, as in LLVM; theirs ignores it"),
    (r"V_DOT(4|8)_[IU]32_\w+", "op_sel has no meaning for bytes and nibbles; theirs swaps halves"),
    (r"V_DOT4_F32_[FB][PF]8_[FB][PF]8", "recomputed with fractions: the sum of four products of 8-bit floats; theirs reads other formats"),
    (r"V_DOT2_BF16_BF16", "the products of both halves of bfloat16; theirs copies the operand"),
    (r"V_CVT_PK_U8_F32", "open: here rounded to nearest, there truncated; the document does not say"),
    (r"V_DOT2_(F16_F16|F32_BF16|F32_F16)", "open: here each product and sum is rounded, there sums are fused; what negates a 32-bit operand"),
    (r"V_LOG_F32", "open: of a negative denormal NaN here, -infinity there"),
]

VREGS, SETS = 12, 4                       # v1 to v11 hold data
S_BASE, S_COUNT = 40, 16                  # s40 to s55 hold data
VBYTES = VREGS * 256
STATE = VBYTES + 128                      # bytes of a state: VGPRs, then SGPRs, VCC, EXEC, SCC, M0
SRC, DST, SSRC, SDST = (2, 4, 6), 8, (40, 42, 44), 48

EDGE32 = [0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc01234, 1, 0x80000001, 0x007fffff, 0x00800000,
          0x7f7fffff, 0xff7fffff, 0x3f000000, 0x40490fdb, 0x4b800000, 0xcb800001, 31, 32, 33, 63, 64, 0xffffffff, 0x7fffffff, 0x4f000000, 0xcf000001, 0x4f800000,
          0x7c007c01, 0x3c00bc00, 0x03ff8001, 0x7bff7e00, 0x00010000, 0xffff8000, 0x12345678]
EDGE64 = [0, 1 << 63, 0x3ff0000000000000, 0xbff8000000000000, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000, 0x7ff0000000000001, 1,
          0x800fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff, 0x41dfffffffc00000, 0xc1e0000000200000, 0x41efffffffe00000, 0x43e0000000000000, 0x4330000000000001, 63, 64,
          0xffffffffffffffff, 0x7fffffffffffffff]
APPROXIMATE = re.compile(r"[VS]_(S_)?(EXP|LOG|SIN|COS|RCP|RSQ|SQRT|EXP_LEGACY|LOG_LEGACY|RCP_IFLAG)_")


def value(r, kind, set_number):
    """A random 64-bit value for an operand of that type. Types as in isa.hpp."""
    if set_number == 0: return r.getrandbits(64)
    if set_number == 1:
        if kind in "dsq": return r.choice(EDGE64)
        return r.choice(EDGE32) | r.choice(EDGE32) << 32
    x = r.choice([r.uniform(-4, 4), r.uniform(-1e4, 1e4), float(r.randint(-40, 40)), r.uniform(-1, 1) * 2.0 ** r.randint(-30, 30)])
    f = lambda y: struct.unpack("<I", struct.pack("<f", y))[0]
    h = lambda y: struct.unpack("<H", struct.pack("<e", max(-6e4, min(6e4, y))))[0]
    if kind == "d": return struct.unpack("<Q", struct.pack("<d", x))[0]
    if kind in "hH": return h(x) | h(r.uniform(-3, 3)) << 16 | r.getrandbits(32) << 32
    if kind in "xX": return f(x) >> 16 | f(r.uniform(-3, 3)) >> 16 << 16
    if kind in "fP": return f(x) | f(r.uniform(-9, 9)) << 32
    return (int(x * 100) & 0xffffffff) | (r.getrandbits(32) << 32 if set_number == 2 else 0)


class Form:
    """An encoded instruction. code: bytes; kinds: types of S0, S1, S2, D0."""
    def __init__(s, op, name, enc, code, kinds, text): s.op, s.name, s.enc, s.code, s.kinds, s.text = op, name, enc, code, kinds, text


def forms(arch, generate, count, r, only):
    """Yields the forms of all operations of an architecture."""
    cdna = arch.name == "cdna"
    words = lambda *w: b"".join(struct.pack("<I", x & 0xffffffff) for x in w)
    for enc in ("VOP1", "VOP2", "VOPC", "VOP3", "VOP3SD", "VOP3P", "SOP1", "SOP2", "SOPC", "SOPK"):
        for op in getattr(arch.enum, enc + "Op", ()):
            name = arch.base(op.name)
            if only and not re.search(only, name): continue
            if generate.SPECIAL.fullmatch(name) or name.startswith(("S_SET_GPR", "V_DOT2C", "V_SCREEN")): continue
            w = arch.widths(op)
            if any(b > 64 for b, _ in w.values()): continue
            kinds = "".join(generate.TYPES.get(w[k][1], "i") if k in w else "-" for k in ("S0", "S1", "S2", "D0"))
            k_const = any(t in name for t in ("FMAMK", "FMAAK", "MADMK", "MADAK", "FMAMK"))
            is_float = lambda i: kinds[i] in "fdhxHXP"
            operands = arch.operands.get(op, {})
            seen = set()
            for variant in range(count):
                lit = []
                def src(i, vgpr_only=False):
                    choice = 0 if variant == 0 or vgpr_only else r.randint(0, 3)
                    if choice == 1: return SSRC[i]
                    if choice == 2: return r.choice([128, 129, 160, 193, 208] + ([240, 241, 242, 243, 246, 248] if kinds[i] in "fdhxP" else []))
                    if choice == 3 and not lit and not k_const and enc in ("VOP1", "VOP2", "VOPC"):
                        lit.append(r.getrandbits(32)); return 255
                    return 256 + SRC[i]
                def ssrc(i):
                    choice = 0 if variant == 0 else r.randint(0, 2)
                    if choice == 1: return r.choice([128, 129, 150, 193, 208])
                    if choice == 2 and not lit and not k_const: lit.append(r.getrandbits(32)); return 255
                    return SSRC[i]
                if kinds[0] == "-" and enc not in ("SOPK",) : continue
                if enc == "VOP1": c = words(0x7e000000 | DST << 17 | op.value << 9 | src(0), *lit)
                elif enc == "VOP2":
                    c = words(op.value << 25 | DST << 17 | SRC[1] << 9 | src(0), *(lit or ([r.getrandbits(32)] if k_const else [])))
                elif enc == "VOPC": c = words(0x7c000000 | op.value << 17 | SRC[1] << 9 | src(0), *lit)
                elif enc in ("VOP3", "VOP3SD", "VOP3P"):
                    srcs = [src(i) if kinds[i] not in "-m" else (SSRC[2] if kinds[i] == "m" else 0) for i in range(3)]
                    if "CNDMASK" in name or enc == "VOP3SD" and "VIN" in "".join(operands) : srcs[2] = SSRC[2]
                    scalars = [x for x in srcs if x < 128]           # at most one scalar register on gfx9, two later
                    if len(set(scalars)) > (1 if cdna else 2): continue
                    neg = absolute = clamp = omod = opsel = 0
                    if variant and r.random() < 0.6 and enc != "VOP3P":
                        for i in range(3):
                            if is_float(i): neg |= r.getrandbits(1) << i; absolute |= r.getrandbits(1) << i
                        if enc == "VOP3" and kinds[3] in "fd" and is_float(0): omod, clamp = r.choice([0, 0, 1, 2, 3]), r.getrandbits(1)
                    if enc == "VOP3" and variant > 1:
                        for i in range(3):
                            if kinds[i] in "hwx" and srcs[i] >= 256: opsel |= r.getrandbits(1) << i
                        if kinds[3] in "hwx" : opsel |= r.getrandbits(1) << 3
                    head = (0x34 if cdna else 0x35) << 26
                    if enc == "VOP3": lo = head | op.value << 16 | clamp << 15 | opsel << 11 | absolute << 8 | (126 if name.startswith("V_CMPX") and not cdna else SDST if name.startswith("V_CMP") else DST)
                    elif enc == "VOP3SD": absolute = 0; lo = head | op.value << 16 | SDST << 8 | DST
                    else:
                        sel, sel_hi, nlo, nhi = (0, 7, 0, 0) if not variant else (r.getrandbits(3), r.getrandbits(3), 0, 0)
                        if variant and kinds[0] in "fHP": nlo, nhi = r.getrandbits(3), r.getrandbits(3)
                        if any(x < 256 for x in srcs if x): sel, sel_hi = 0, 7
                        lo = ((0x1a7 << 23) if cdna else (0xcc << 24)) | op.value << 16 | (sel_hi >> 2) << 14 | sel << 11 | nhi << 8 | DST
                        omod, neg = sel_hi & 3, nlo
                    c = words(lo, srcs[0] | srcs[1] << 9 | srcs[2] << 18 | omod << 27 | neg << 29)
                elif enc == "SOP1": c = words(0x17d << 23 | SDST << 16 | op.value << 8 | ssrc(0), *lit)
                elif enc == "SOP2": a, b = ssrc(0), ssrc(1); c = words(2 << 30 | op.value << 23 | SDST << 16 | b << 8 | a, *(lit or ([r.getrandbits(32)] if k_const else [])))
                elif enc == "SOPC": a, b = ssrc(0), ssrc(1); c = words(0x17e << 23 | op.value << 16 | b << 8 | a, *lit)
                else: c = words(0xb << 28 | op.value << 23 | SDST << 16 | r.getrandbits(16))
                if c in seen: continue
                seen.add(c)
                yield Form(op, name, enc, c, kinds, c.hex())


def assembly(gfx, all_forms):
    """Kernels that load a state, execute a form and store the state."""
    g9, g12 = gfx.startswith("gfx9"), gfx.startswith("gfx12")
    ld, st, x2, x16 = ("global_load_dword", "global_store_dword", "s_load_dwordx2", "s_load_dwordx16") if g9 else ("global_load_b32", "global_store_b32", "s_load_b64", "s_load_b512")
    wait = "s_wait_loadcnt 0\n s_wait_kmcnt 0\n s_wait_storecnt 0" if g12 else "s_waitcnt vmcnt(0) lgkmcnt(0)"
    mov64, ex, vcc = ("s_mov_b64", "exec", "vcc") if g9 else ("s_mov_b32", "exec_lo", "vcc_lo")
    group, null = ("ttmp9" if g12 else "s2"), "off"
    pre = [f" {x2} s[20:21], s[0:1], 0x0", f" s_mul_i32 s22, {group}, {STATE}", wait, " s_add_u32 s20, s20, s22", " s_addc_u32 s21, s21, 0",
           " v_and_b32 v0, 0x3ff, v0", " v_lshlrev_b32 v20, 2, v0"]
    pre += [f" {ld} v{i}, v20, s[20:21] offset:{i * 256}" for i in range(1, VREGS)]
    pre += [f" {x16} s[{S_BASE}:{S_BASE + 15}], s[20:21], {hex(VBYTES)}", f" {x16} s[64:79], s[20:21], {hex(VBYTES + 64)}", wait,
            f" {mov64} {vcc}, {'s[64:65]' if g9 else 's64'}", " s_mov_b32 m0, s69", " s_cmp_lg_u32 s68, 0", f" {mov64} {ex}, {'s[66:67]' if g9 else 's66'}"]
    post = [" s_cselect_b32 s68, 1, 0", f" {mov64} {'s[66:67]' if g9 else 's66'}, {ex}", f" {mov64} {'s[64:65]' if g9 else 's64'}, {vcc}", f" {mov64} {ex}, -1", " v_mov_b32 v21, 0"]
    post += [f" {st} v20, v{i}, s[20:21] offset:{i * 256}" for i in range(1, VREGS)]
    for i, s in enumerate(list(range(S_BASE, S_BASE + S_COUNT)) + list(range(64, 69))):
        post += [f" v_mov_b32 v22, s{s}", f" {st} v21, v22, s[20:21] offset:{VBYTES + 4 * i}"]
    post += [" s_endpgm"]
    out = [".amdgcn_target \"amdgcn-amd-amdhsa--%s\"" % gfx.replace("gfx950", "gfx942"), ".text"]
    for i, f in enumerate(all_forms):
        raw = ", ".join(hex(x) for x in struct.unpack("<%dI" % (len(f.code) // 4), f.code))
        out += [f".globl k{i}", ".p2align 8", f".type k{i},@function", f"k{i}:"] + pre + [f" .long {raw}"] + post
        out += [".section .rodata", ".p2align 6", f".amdhsa_kernel k{i}", " .amdhsa_user_sgpr_kernarg_segment_ptr 1", " .amdhsa_next_free_vgpr 64",
                " .amdhsa_next_free_sgpr 90", " .amdhsa_float_denorm_mode_32 3", " .amdhsa_float_denorm_mode_16_64 3"]
        out += [" .amdhsa_accum_offset 64"] if g9 else []
        out += [] if g9 else [" .amdhsa_wavefront_size32 1"]
        out += [".end_amdhsa_kernel", ".text"]
    out += [".amdgpu_metadata", "---", "amdhsa.version: [1, 2]", "amdhsa.kernels:"]
    for i in range(len(all_forms)):
        out += [f"  - .name: k{i}", f"    .symbol: k{i}.kd", "    .kernarg_segment_size: 8", "    .group_segment_fixed_size: 0", "    .private_segment_fixed_size: 0", "    .kernarg_segment_align: 8",
                f"    .wavefront_size: {64 if g9 else 32}", "    .sgpr_count: 90", "    .vgpr_count: 64", "    .max_flat_workgroup_size: 64", "    .args:", "      - .size: 8", "        .offset: 0", "        .value_kind: global_buffer",
                "        .address_space: global"]
    return "\n".join(out + [".end_amdgpu_metadata", ""])


class Ours:
    def __init__(s, folder, gfx, all_forms):
        os.environ["AMDEMU_ARCH"] = gfx
        s.hip = ctypes.CDLL(os.path.join(folder, "libamdhip64.so.5"))
        with tempfile.TemporaryDirectory() as d:
            open(d + "/k.s", "w").write(assembly(gfx, all_forms))
            subprocess.run(["clang-19", "-x", "assembler", "-target", "amdgcn-amd-amdhsa", "-mcpu=" + gfx.replace("gfx950", "gfx942"), "-c", d + "/k.s", "-o", d + "/k.o"], check=True)
            subprocess.run(["ld.lld-19", "-shared", d + "/k.o", "-o", d + "/k.co"], check=True)
            image = bytearray(open(d + "/k.co", "rb").read())
            if gfx == "gfx950": image[48] = 0x4f                  # assembled for gfx942, whose layout it shares
            s.image = bytes(image)
        s.module, s.memory = ctypes.c_void_p(), ctypes.c_void_p()
        s.check(s.hip.hipModuleLoadData(ctypes.byref(s.module), s.image))
        s.check(s.hip.hipMalloc(ctypes.byref(s.memory), ctypes.c_size_t(STATE * SETS)))
        s.lanes = 64 if gfx.startswith("gfx9") else 32

    @staticmethod
    def check(e):
        if e: raise RuntimeError(f"HIP error {e}")

    def run(s, number, states):
        """Returns the states after form `number`, or None if it is not implemented."""
        data = b"".join(states)
        f = ctypes.c_void_p()
        s.check(s.hip.hipModuleGetFunction(ctypes.byref(f), s.module, b"k%d" % number))
        s.check(s.hip.hipMemcpy(s.memory, data, ctypes.c_size_t(len(data)), 1))
        arg = ctypes.c_void_p(s.memory.value)
        params = (ctypes.c_void_p * 1)(ctypes.cast(ctypes.byref(arg), ctypes.c_void_p))
        e = s.hip.hipModuleLaunchKernel(f, len(states), 1, 1, s.lanes, 1, 1, 0, None, params, None)
        if e:
            s.hip.hipDeviceSynchronize()
            s.hip.hipGetLastError()
            return None
        out = ctypes.create_string_buffer(len(data))
        s.check(s.hip.hipMemcpy(out, s.memory, ctypes.c_size_t(len(data)), 2))
        return [out.raw[i * STATE:(i + 1) * STATE] for i in range(len(states))]


class Theirs:
    def __init__(s, folder, name):
        package = types.ModuleType("test")          # not Python's own package of that name
        package.__path__ = [os.path.join(folder, "test")]
        sys.modules["test"] = package
        from test.mockgpu.amd import emu
        s.emu, s.name, s.lanes = emu, name, 64 if name == "cdna" else 32
        s.state = emu.WaveState(s.lanes, s.lanes)

    def run(s, code, states):
        prg, runtime = s.emu._get_runner(code + bytes(16), s.name)
        st, out = s.state, []
        lds = (ctypes.c_uint32 * 64)()
        text = ctypes.create_string_buffer(code + bytes(16))          # the compiled function reads the operands' numbers here
        for data in states:
            w = struct.unpack("<%dI" % (STATE // 4), data)
            for i in range(1, VREGS):
                for l in range(s.lanes): st._write_vgpr(i, l, w[i * 64 + l])
            at = VBYTES // 4
            for i in range(S_COUNT): st._write_sgpr(S_BASE + i, w[at + i])
            wide = s.lanes == 64
            for i, reg in ((16, 106), (17, 107), (18, 126), (19, 127)): st._write_sgpr(reg, w[at + i] if wide or reg in (106, 126) else 0)
            st._write_sgpr(s.emu.SCC.offset, w[at + 20])
            st._write_sgpr(124 if wide else 125, w[at + 21])
            if not wide: st._write_sgpr(124, 0)
            st.pc = ctypes.addressof(text)
            bufs = [ctypes.c_uint64(st.sgpr_buf._buf.va_addr), ctypes.c_uint64(st.vgpr_buf._buf.va_addr), ctypes.c_uint64(0), ctypes.c_uint64(ctypes.addressof(lds)), ctypes.c_uint64(0),
                    ctypes.c_uint64(st.accvgpr_buf._buf.va_addr)]
            runtime.fxn(*[bufs[g] for g in prg.arg.globals])
            r = list(w)
            for i in range(1, VREGS):
                for l in range(s.lanes): r[i * 64 + l] = st._read_vgpr(i, l)
            for i in range(S_COUNT): r[at + i] = st._read_sgpr(S_BASE + i)
            for i, reg in ((16, 106), (17, 107), (18, 126), (19, 127)): r[at + i] = st._read_sgpr(reg)
            r[at + 20] = st._read_sgpr(s.emu.SCC.offset)
            out.append(struct.pack("<%dI" % len(r), *r))
        return out


def state(r, form, lanes, number):
    w = [0] * (STATE // 4)
    for i in range(1, VREGS):
        for l in range(lanes): w[i * 64 + l] = r.getrandbits(32)
    def put(reg, kind, l):
        v = value(r, kind, number)
        w[reg * 64 + l], w[(reg + 1) * 64 + l] = v & 0xffffffff, v >> 32
    for i, reg in enumerate((*SRC, DST)):
        for l in range(lanes): put(reg, form.kinds[i] if i < 4 and form.kinds[i] not in "-m" else "i", l)
    at = VBYTES // 4
    for i in range(S_COUNT): w[at + i] = r.getrandbits(32)
    for i, reg in enumerate(SSRC):
        v = value(r, form.kinds[i] if form.kinds[i] not in "-m" else "i", number)
        w[at + reg - S_BASE], w[at + reg - S_BASE + 1] = v & 0xffffffff, v >> 32
    for i in (16, 18):
        m = r.getrandbits(lanes) | (1 if i == 18 else 0)
        w[at + i], w[at + i + 1] = m & 0xffffffff, m >> 32
    w[at + 20], w[at + 21] = r.getrandbits(1), 0
    return struct.pack("<%dI" % len(w), *w)


def same(a, b, kind, loose):
    """Whether two results, words (lo, hi), are equal as values of a type."""
    if a == b: return True
    def floats(v):
        lo, hi = v
        if kind == "d": return [struct.unpack("<d", struct.pack("<II", lo, hi))[0]]
        if kind == "f": return [struct.unpack("<f", struct.pack("<I", lo))[0]]
        if kind == "P": return list(struct.unpack("<ff", struct.pack("<II", lo, hi)))
        if kind in "hH": return list(struct.unpack("<ee", struct.pack("<I", lo)))
        if kind in "xX": return [struct.unpack("<f", struct.pack("<I", x))[0] for x in (lo << 16 & 0xffffffff, lo & 0xffff0000)]
        return None
    x, y = floats(a), floats(b)
    if x is None: return False
    if kind in "fhHxX" and a[1] != b[1]: return False
    for p, q in zip(x, y):
        if p == q and math.copysign(1, p) == math.copysign(1, q) or math.isnan(p) and math.isnan(q): continue
        if not loose or math.isnan(p) or math.isnan(q) or math.isinf(p) or math.isinf(q): return False
        if abs(p - q) > abs(q) * (2.0 ** -20 if kind != "h" else 2.0 ** -9) + 1e-38: return False
    return True


def difference(form, before, a, b, lanes):
    """Describes the first difference of two states, or None."""
    loose, kind = bool(APPROXIMATE.match(form.name)), form.kinds[3]
    w0, w1, w2 = (struct.unpack("<%dI" % (STATE // 4), x) for x in (before, a, b))
    at = VBYTES // 4
    for reg in range(1, VREGS):
        for l in range(lanes):
            k = reg * 64 + l
            if w1[k] == w2[k]: continue
            hi = (reg + 1) * 64 + l
            if reg in (DST, DST + 1) and kind in "fdhxHXP":
                lo = DST * 64 + l
                if same((w1[lo], w1[lo + 64]), (w2[lo], w2[lo + 64]), kind, loose): continue
            ins = " ".join(f"S{i}={w0[(s + 1) * 64 + l]:08x}_{w0[s * 64 + l]:08x}" for i, s in enumerate(SRC))
            return f"v{reg} lane {l}: ours {w1[k]:08x}, theirs {w2[k]:08x}; {ins} was {w0[k]:08x} scalars {' '.join('%08x' % x for x in w0[at:at + 6])}"
    names = [f"s{S_BASE + i}" for i in range(S_COUNT)] + ["vcc_lo", "vcc_hi", "exec_lo", "exec_hi", "scc"]
    for i, n in enumerate(names):
        if lanes == 32 and n in ("vcc_hi", "exec_hi"): continue
        if w1[at + i] != w2[at + i]:
            if form.enc.startswith("V") and not (w1[at + i] ^ w2[at + i]) & w0[at + 18 + i % 2]: continue     # lanes that are off
            if form.enc.startswith("S") and n in ("s48", "s49") and kind in "fh" and same((w1[at + 8], 0), (w2[at + 8], 0), kind, loose): continue
            return f"{n}: ours {w1[at + i]:08x}, theirs {w2[at + i]:08x}; sources {' '.join('%08x' % x for x in w0[at:at + 6])} was {w0[at + i]:08x}"
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("tinygrad"); p.add_argument("emulator")
    p.add_argument("--arch", default="gfx942"); p.add_argument("--only"); p.add_argument("--variants", type=int, default=3)
    p.add_argument("--seed", type=int, default=1); p.add_argument("-v", action="store_true")
    a = p.parse_args()
    sys.path.insert(0, a.tinygrad)
    import generate
    name = "cdna" if a.arch.startswith("gfx9") else "rdna4" if a.arch.startswith("gfx12") else "rdna3"
    r = random.Random(a.seed)
    all_forms = list(forms(generate.Arch(name), generate, a.variants, r, a.only))
    ours, theirs = Ours(a.emulator, a.arch, all_forms), Theirs(a.tinygrad, name)
    agree, total, bad, skipped = collections.Counter(), collections.Counter(), {}, collections.Counter()
    for i, f in enumerate(all_forms):
        states = [state(r, f, ours.lanes, k) for k in range(SETS)]
        try: y = theirs.run(f.code, states)
        except Exception as e:
            skipped["tinygrad: " + type(e).__name__ + " " + str(e)[:50]] += 1
            if a.v: print("tinygrad cannot:", f.name, f.text, type(e).__name__, str(e)[:200])
            continue
        x = ours.run(i, states)
        total[f.enc] += 1
        d = "not implemented here" if x is None else next((d for s, u, v in zip(states, x, y) if (d := difference(f, s, u, v, ours.lanes))), None)
        if d is None: agree[f.enc] += 1
        else: bad.setdefault(f.name, []).append((f.enc, f.text, d))
    print(f"{a.arch}: forms that agree, of those that both execute")
    for e in total: print(f"  {e:7} {agree[e]:5} of {total[e]}")
    print(f"  all     {sum(agree.values()):5} of {sum(total.values())}")
    for k, n in skipped.most_common(6): print(f"  not compared: {n} forms, {k}")
    new = 0
    for n, l in sorted(bad.items()):
        why = next((w for pattern, w in KNOWN if re.fullmatch(pattern, n)), None)
        new += why is None
        print(f"{n}: {len(l)} forms; {l[0][0]} {l[0][1]}: {l[0][2]}" if why is None or a.v else f"{n}: {len(l)} forms: {why}")
    print(f"instructions that disagree: {len(bad)}, of which KNOWN does not list {new}")
    return 1 if new else 0


if __name__ == "__main__": sys.exit(main())
