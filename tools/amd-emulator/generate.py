#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the C++ of the vector and scalar operations, and the tables of all instructions, for one architecture.

usage: generate.py <folder that contains tinygrad/> <cdna|rdna3|rdna4> <output.cpp> [-v]

The folder is that of tinygrad 0.14.0. Its tinygrad/runtime/autogen/amd has opcode numbers, operand types and the pseudo-code of AMD's ISA
documents as text; nothing else of it is used. The pseudo-code becomes one C++ function for each operation, which works on all lanes of a
wave. alu.cpp reads the operands (VGPRs, constants, modifiers, DPP, SDWA, op_sel) and writes the results. NATIVE below has the operations
whose pseudo-code leaves something open or is wrong. -v lists the operations that have no function, with the reason.
"""
import importlib, re, sys, types

# ------------------------------------------------------------------------------------------------------------ tokens and syntax
TOKEN = re.compile(r"""
    (?P<ws>\s+|//[^\n]*) | (?P<cast>\d+'(?:BF|[UIFB]))(?![0-9A-Za-z]) | (?P<sized>\d+'(?:0x[0-9a-fA-F]+|\d+\.\d+|\d+)(?:ULL|LL|U|L|F)?)
  | (?P<num>0x[0-9a-fA-F]+(?:ULL|LL|U|L)?|\d+\.\d+F?|\d+(?:ULL|LL|U|L|F)?) | (?P<id>[A-Za-z_]\w*(?:@\d)?) | (?P<sfx>\.[a-z]\w*)
  | (?P<op>\*\*|<<|>>|<=|>=|==|!=|<>|&&|\|\||[-+|*&^]=|\+:|[-+*/&|^~!<>=?:;,(){}\[\]]) """, re.X)
KEYWORDS = {"if", "then", "elsif", "else", "endif", "for", "in", "do", "endfor", "declare", "return", "break"}


class Unsupported(Exception): pass


def tokens(text):
    out, pos = [], 0
    while pos < len(text):
        m = TOKEN.match(text, pos)
        if not m: raise Unsupported("character %r" % text[pos:pos + 20])
        if m.lastgroup != "ws": out.append((m.lastgroup, m.group(m.lastgroup)))
        pos = m.end()
    return out + [("end", "")]


BINARY = [["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!=", "<>"], ["<", ">", "<=", ">="], ["<<", ">>"], ["+", "-"], ["*", "/"], ["**"]]


class Parser:
    def __init__(self, text): self.t, self.i = tokens(text), 0
    def peek(self, k=0): return self.t[self.i + k][1]
    def kind(self, k=0): return self.t[self.i + k][0]
    def next(self): self.i += 1; return self.t[self.i - 1][1]
    def accept(self, s):
        if self.peek() == s and self.kind() in ("op", "id"): self.i += 1; return True
        return False
    def expect(self, s):
        if not self.accept(s): raise Unsupported(f"expected {s} before {' '.join(x[1] for x in self.t[self.i:self.i + 6])}")

    def block(self, ends):
        out = []
        while True:
            while self.accept(";"): pass
            if self.kind() == "end" and "" in ends or self.kind() == "id" and self.peek() in ends: return out
            out.append(self.statement())

    def statement(self):
        if self.accept("if"):
            arms, other = [], []
            cond = self.expr(); self.expect("then"); arms.append((cond, self.block({"elsif", "else", "endif"})))
            while self.accept("elsif"):
                cond = self.expr(); self.expect("then"); arms.append((cond, self.block({"elsif", "else", "endif"})))
            if self.accept("else"): other = self.block({"endif"})
            self.expect("endif")
            return ("if", arms, other)
        if self.accept("for"):
            v = self.next(); self.expect("in"); lo = self.expr(); self.expect(":"); hi = self.expr(); self.expect("do")
            body = self.block({"endfor"}); self.expect("endfor")
            return ("for", v, lo, hi, body)
        if self.accept("declare"):
            v = self.next(); self.expect(":"); c = self.next(); n = None
            if self.accept("["): n = self.expr(); self.expect("]")
            bits, k = c.split("'")
            return ("decl", v, k, int(bits), n)
        if self.accept("return"): return ("ret", self.expr())
        if self.accept("break"): return ("break",)
        e = self.expr()
        if self.peek() in ("=", "+=", "-=", "|=", "*=", "&=", "^="):
            op, targets = self.next(), [e]
            if self.peek() == "lambda":
                self.next(); self.expect("("); ps = []
                while not self.accept(")"):
                    ps.append(self.next()); self.accept(",")
                self.expect("(")
                if self.peek() in ("if", "declare"): body = ("block", self.block_until_paren())
                else: body = ("expr", self.expr()); self.expect(")")
                return ("lambda", e[1], ps, body)
            r = self.expr()
            while op == "=" and self.accept("="): targets.append(r); r = self.expr()
            return ("asg", targets, op, r)
        return ("expr", e)

    def block_until_paren(self):
        out = []
        while True:
            while self.accept(";"): pass
            if self.accept(")"): return out
            out.append(self.statement())

    def expr(self, level=0):
        c = self.binary(0)
        if self.accept("?"):
            a = self.expr(); self.expect(":"); b = self.expr()
            return ("tern", c, a, b)
        return c

    def binary(self, level):
        if level == len(BINARY): return self.unary()
        a = self.binary(level + 1)
        while self.kind() == "op" and self.peek() in BINARY[level]:
            op = self.next(); a = ("bin", op, a, self.binary(level + 1))
        return a

    def unary(self):
        if self.kind() == "op" and self.peek() in ("-", "+", "~", "!"):
            op = self.next(); e = self.unary()
            if op == "-" and e[0] == "num": return ("num", -e[1], e[2], e[3])
            return e if op == "+" else ("un", op, e)
        return self.postfix(self.primary())

    def postfix(self, e):
        while True:
            if self.kind() == "sfx": e = ("sfx", e, self.next()[1:])
            elif self.kind() == "op" and self.peek() == "[":
                self.next(); a = self.expr()
                if self.accept(":"): b = self.expr(); e = ("slice", e, a, b)
                elif self.accept("+:"): b = self.expr(); e = ("part", e, a, b)
                else: e = ("idx", e, a)
                self.expect("]")
            else: return e

    def primary(self):
        k, s = self.kind(), self.peek()
        if k == "num":
            self.next()
            if "." in s: return ("num", float(s.rstrip("F")), "f", 32 if s.endswith("F") else 64)
            digits = s.rstrip("ULF") if not s.startswith("0x") else s.rstrip("UL")
            if s.endswith("F") and not s.startswith("0x"): return ("num", float(digits), "f", 32)
            return ("num", int(digits, 0), "u" if "U" in s[len(digits):] else "i", 64 if "LL" in s else 32)
        if k == "sized":
            self.next()
            bits, v = s.split("'"); bits = int(bits)
            if "." in v: return ("num", float(v), "f", bits)
            d = v.rstrip("UL") if v.startswith("0x") else v.rstrip("ULF")
            return ("num", int(d, 0), "u" if "U" in v[len(d):] or v.startswith("0x") else "i", bits)
        if k == "cast":
            self.next(); bits, kd = s.split("'"); self.expect("("); e = self.expr(); self.expect(")")
            return ("cast", kd, int(bits), e)
        if k == "id" and s not in KEYWORDS:
            self.next()
            if self.accept("("):
                args = []
                while not self.accept(")"):
                    args.append(self.expr()); self.accept(",")
                return ("call", s, args)
            return ("id", s)
        if self.accept("("):
            e = self.expr(); self.expect(")"); return e
        if self.accept("{"):
            parts = []
            while not self.accept("}"):
                parts.append(self.expr()); self.accept(",")
            return ("cat", parts)
        raise Unsupported("unexpected " + " ".join(x[1] for x in self.t[self.i:self.i + 6]))


# ------------------------------------------------------------------------------------------------------------ translation to C++
class V:                                   # a C++ expression with its type; raw: an expression of its bits, or None
    def __init__(s, code, kind, bits, raw=None, reg=False): s.code, s.kind, s.bits, s.raw, s.reg = code, kind, bits, raw, reg
    @property
    def isint(s): return s.kind in "ui"


def word(bits): return 32 if bits <= 32 else 64 if bits <= 64 else 128
def ctype(kind, bits):
    if kind in ("u", "i"): return kind + str(word(bits))
    if kind == "f": return "double" if bits == 64 else "float"
    return "float" if kind == "bf" else "u32"
def lit(n, kind="u", bits=32):
    w = word(bits)
    return f"{ctype(kind, bits)}({n}{'ull' if w > 32 and n >= 0 else 'll' if w > 32 else 'u' if n > 0x7fffffff else ''})"


def suffix(t):
    m = re.fullmatch(r"(bf|fp|u|i|f|b)(\d+)", t)
    if not m: raise Unsupported("type ." + t)
    k, b = m[1], int(m[2])
    if k == "fp" or k == "bf" and b != 16: return k + str(b), b
    return ("u" if k == "b" else k), b


def from_bits(raw, rawbits, kind, bits):
    w = word(rawbits)
    if kind == "u":
        if bits >= rawbits: return V(f"{ctype('u', bits)}({raw})", "u", bits)
        return V(f"(u32({raw}) & {hex((1 << bits) - 1)}u)" if bits < 32 else f"{ctype('u', bits)}({raw})", "u", bits)
    if kind == "i":
        if bits in (32, 64, 128): return V(f"{ctype('i', bits)}({raw})", "i", bits)
        if bits < 32: return V(f"(i32(u32({raw}) << {32 - bits}) >> {32 - bits})", "i", bits)
        raise Unsupported(f"i{bits}")
    if kind == "f":
        if bits == 64: return V(f"asd(u64({raw}))", "f", 64, f"u64({raw})")
        if bits == 32: return V(f"asf(u32({raw}))", "f", 32, f"u32({raw})")
        return V(f"h2f({raw})", "f", 16, f"(u32({raw}) & 0xffffu)")
    if kind == "bf": return V(f"bf2f(u32({raw}) & 0xffffu)", "bf", 16, f"(u32({raw}) & 0xffffu)")
    return V(f"(u32({raw}) & {hex((1 << bits) - 1)}u)", kind, bits)


def to_bits(v, n=None):
    """Unsigned expression of v's bits (n: how many are wanted)."""
    n = v.bits if n is None else n
    if v.kind == "f": return v.raw or (f"dbits({v.code})" if v.bits == 64 else f"fbits({v.code})" if v.bits == 32 else f"f2h({v.code})")
    if v.kind == "bf": return v.raw or f"f2bf({v.code})"
    if v.kind in ("u", "i"):
        c = f"{ctype('u', n)}({v.code})"
        exact = v.kind == "u" and v.bits <= n
        return c if exact or n in (32, 64, 128) else f"({c} & {hex((1 << n) - 1)}u)"
    return v.code


REGS = {"S0", "S1", "S2", "D0"}
F1 = {"floor": "std::floor", "trunc": "std::trunc", "sqrt": "std::sqrt", "abs": "std::fabs"}
CONV = {"i32_to_f32": ("f", 32), "u32_to_f32": ("f", 32), "i32_to_f64": ("f", 64), "u32_to_f64": ("f", 64), "f32_to_f64": ("f", 64), "f64_to_f32": ("f", 32),
        "f16_to_f32": ("f", 32), "bf16_to_f32": ("f", 32), "u16_to_f16": ("f", 16), "i16_to_f16": ("f", 16), "i8_to_i32": ("i", 32), "u8_to_u32": ("u", 32),
        "i4_to_i32": ("i", 32), "u4_to_u32": ("u", 32), "i16_to_i32": ("i", 32), "u16_to_u32": ("u", 32)}
SAT = {"f32_to_i32": ("i", 32), "f32_to_u32": ("u", 32), "f64_to_i32": ("i", 32), "f64_to_u32": ("u", 32), "f16_to_i16": ("i", 16), "f16_to_u16": ("u", 16),
       "v_cvt_i16_f32": ("i", 16), "v_cvt_u16_f32": ("u", 16), "f32_to_u8": ("u", 8), "f32_to_snorm": ("i", 16), "f32_to_unorm": ("u", 16),
       "f16_to_snorm": ("i", 16), "f16_to_unorm": ("u", 16), "u32_to_u16": ("u", 16), "i32_to_i16": ("i", 16)}
SATNAME = {"v_cvt_i16_f32": "f32_to_i16", "v_cvt_u16_f32": "f32_to_u16", "f16_to_snorm": "f32_to_snorm", "f16_to_unorm": "f32_to_unorm"}


class Translate:
    def __init__(self, arch, width, scalar, wide=False):
        self.arch, self.width, self.scalar, self.wide = arch, width, scalar, wide      # width: bits of S0, S1, S2, D0
        self.locals, self.lambdas, self.used, self.lines, self.depth, self.rtz = {}, {}, set(), [], 1, False
        self.consts, self.bound, self.loops = {}, {}, set()

    def emit(self, s): self.lines.append("  " * self.depth + s)

    # ---- expressions
    def reg(self, n):
        self.used.add(n)
        b = self.width.get(n, 32)
        return V(n, "u", b, None, True)

    def ex(self, e):
        k = e[0]
        if k == "num": return self.num(e)
        if k == "id": return self.ident(e[1])
        if k == "sfx": return self.sfx(e)
        if k == "idx": return self.index(e)
        if k == "slice": return self.slice(e)
        if k == "part":
            v, w = self.ex(e[1]), self.const(e[3])
            b = self.ex(e[2])
            return V(f"({ctype('u', v.bits)}(shr_({to_bits(v)}, u32({b.code}))) & {(1 << w) - 1})", "u", v.bits)
        if k == "cast": return self.cast(e)
        if k == "un": return self.unary(e)
        if k == "bin": return self.binary(e)
        if k == "tern":
            c, a, b = self.ex(e[1]), self.ex(e[2]), self.ex(e[3])
            a, b = self.common(a, b)
            raw = f"({c.code} ? {a.raw} : {b.raw})" if a.raw and b.raw and a.kind not in "ui" else None
            return V(f"({c.code} ? {a.code} : {b.code})", a.kind, max(a.bits, b.bits), raw)
        if k == "cat":
            parts = [self.ex(x) for x in e[1]]
            n = sum(p.bits for p in parts); t = ctype("u", n); at, terms = n, []
            for p in parts:
                at -= p.bits
                terms.append(f"{t}({to_bits(p)}) << {at}" if at else f"{t}({to_bits(p)})")
            return V("(" + " | ".join(terms) + ")", "u", n)
        if k == "call": return self.call(e)
        raise Unsupported(k)

    def num(self, e):
        _, v, k, b = e
        if k == "f": return V(f"{v!r}f" if b != 64 else repr(v), "f", b)
        return V(lit(v, k, b), k, b)

    def const(self, e):
        """Value of a constant integer expression, or None."""
        if e[0] == "num" and not isinstance(e[1], float): return e[1]
        if e[0] == "id" and e[1] in self.consts: return self.consts[e[1]]
        if e[0] == "bin" and e[1] in ("+", "-", "*"):
            a, b = self.const(e[2]), self.const(e[3])
            if a is not None and b is not None: return a + b if e[1] == "+" else a - b if e[1] == "-" else a * b
        if e[0] == "sfx": return self.const(e[1])
        return None

    def ident(self, n):
        if n in self.bound: return self.bound[n]
        if n in self.consts: return V(str(self.consts[n]), "i", 32)
        if n in self.locals:
            k, b = self.locals[n][:2]
            return V(n + "_", k, b, None, self.locals[n][2])
        if n in REGS: return self.reg(n)
        if n in ("SIMM32", "SIMM16", "laneId", "OPSEL", "OPSEL_HI", "NEG"):
            self.used.add(n)
            return V(n, "u", {"SIMM16": 16, "OPSEL": 4, "OPSEL_HI": 3, "NEG": 3}.get(n, 32), None, True)
        if n in ("EXEC", "VCC"):
            self.used.add(n)
            return V(n, "u", 64, None, True)
        if n == "SCC": self.used.add(n); return V("SCC", "u", 1)
        if n == "INF": return V("__builtin_inf()", "f", 64)
        if n == "MAX_FLOAT_F32": return V("3.4028234663852886e38f", "f", 32)
        if n == "PI": return V("3.14159265358979323846", "f", 64)
        raise Unsupported("name " + n)

    def sfx(self, e):
        kind, bits = suffix(e[2]) if e[2] not in ("u1", "i1") else (e[2][0], 1)
        if e[1] == ("id", "INF"): return V("__builtin_inff()" if bits <= 32 else "__builtin_inf()", "f", bits)
        b = e[1]
        if b[0] == "sfx" or b[0] == "id" and b[1] == "WAVE_MODE": raise Unsupported("nested type")
        v = self.ex(b)
        if v.reg or v.kind not in "ui" or kind not in ("u", "i"):
            if v.kind == kind and v.bits == bits and not v.reg: return v
            src = to_bits(v)
            if v.kind == "i" and kind in "ui" and bits > v.bits: return V(f"{ctype(kind, bits)}({v.code})", kind, bits)
            return from_bits(src, v.bits, kind, bits)
        if v.kind == "i" and kind == "u" and bits < 32: return from_bits(v.code, word(v.bits), kind, bits)
        if bits >= v.bits: return V(f"{ctype(kind, bits)}({v.code})", kind, bits)     # an integer value keeps its sign when it grows
        return from_bits(v.code, word(v.bits), kind, bits)

    def index(self, e):
        b, i = e[1], e[2]
        if b[0] == "sfx" and b[1] in (("id", "VCC"), ("id", "EXEC")) and i == ("id", "laneId") and not self.scalar:
            if b[1][1] == "EXEC": raise Unsupported("EXEC read per lane")
            self.used.add("VIN"); return V("(VIN & 1u)", "u", 1)
        if b[0] == "id" and b[1] in self.locals and self.locals[b[1]][3] is not None:
            k, n = self.locals[b[1]][:2]
            return V(f"{b[1]}_[{self.ex(i).code}]", k, n, None, self.locals[b[1]][2])
        if b[0] == "idx" and b[1] == ("id", "VGPR") and b[2] == ("id", "laneId"):     # VGPR[laneId][SRC0.u32]: this lane's operand
            if i == ("sfx", ("id", "SRC0"), "u32"): return self.reg("S0")
            if i == ("sfx", ("id", "VDST"), "u32"): return self.reg("D0")
        if b == ("id", "VGPR"): raise Unsupported("other lanes' registers")
        v, c = self.ex(b), self.const(i)
        if c is not None: return V(f"(u32({to_bits(v)} >> {c}) & 1u)" if c else f"(u32({to_bits(v)}) & 1u)", "u", 1)
        return V(f"(u32({to_bits(v)} >> {self.ex(i).code}) & 1u)", "u", 1)

    def slice(self, e):
        v, hi, lo = self.ex(e[1]), self.const(e[2]), self.const(e[3])
        if hi is None or lo is None: raise Unsupported("slice with variable bounds")
        if hi < lo: raise Unsupported("reversed bits")
        n, bits = hi - lo + 1, to_bits(v)
        c = f"({bits} >> {lo})" if lo else bits
        if n <= 32: return V(f"(u32({c}) & {hex((1 << n) - 1)}u)" if n < 32 else f"u32({c})", "u", n, None, True)
        return V(f"(u64({c}) & {hex((1 << n) - 1)}ull)", "u", n, None, True)

    def cast(self, e):
        _, k, bits, x = e
        v = self.ex(x)
        if k in "UIB":
            kind = "i" if k == "I" else "u"
            if not v.isint: return from_bits(to_bits(v), v.bits, kind, bits)
            if bits > 64: return V(f"{ctype(kind, bits)}({v.code})", kind, bits)
            if v.kind == "i" and kind == "u" and bits < 32: return from_bits(v.code, word(v.bits), kind, bits)
            if bits >= v.bits or bits in (32, 64): return V(f"{ctype(kind, bits)}({v.code})", kind, bits)
            return from_bits(v.code, word(v.bits), kind, bits)
        if k == "BF": k, bits = "bf", 16
        kind = "bf" if k == "bf" else "f"
        if v.isint: return from_bits(v.code, word(v.bits), kind, bits)                # 32'F(0xffc00000): bits
        if v.kind in ("fp8", "bf8"): v = self.f8(v)
        return self.fcast(v, kind, bits)

    def fcast(self, v, kind, bits):
        if (v.kind, v.bits) == (kind, bits): return v
        if kind == "bf": return V(f"rbf({v.code})", "bf", 16)
        if bits == 64: return V(f"double({v.code})", "f", 64)
        if bits == 32: return V(f"float({v.code})", "f", 32)
        return V(f"d2half({v.code})" if v.bits == 64 else f"rh({v.code})", "f", 16)

    def f8(self, v):
        self.used.add("FNUZ")
        return V(f"f8_to_f32<{'4, 3' if v.kind == 'fp8' else '5, 2'}>({v.code}, FNUZ)", "f", 32)

    def common(self, a, b):
        if a.isint and b.isint:
            n = max(a.bits, b.bits, 32)
            k = "u" if any(x.kind == "u" and x.bits >= n for x in (a, b)) else "i" if "i" in (a.kind, b.kind) else "u"
            f = lambda x: x if (x.kind, word(x.bits)) == (k, word(n)) else V(f"{ctype(k, n)}({x.code})", k, n)
            return V(f(a).code, k, n), V(f(b).code, k, n)
        if a.isint or b.isint: raise Unsupported("integer and float mixed")
        if a.kind == "bf" and b.kind == "bf": return a, b
        n = max(a.bits, b.bits)
        return (a if a.bits == n else self.fcast(a, "f", n)), (b if b.bits == n else self.fcast(b, "f", n))

    def round(self, code, kind, bits): return V(f"rbf({code})" if kind == "bf" else f"rh({code})" if bits == 16 else code, kind, bits)

    def unary(self, e):
        op, v = e[1], self.ex(e[2])
        if op == "!": return V(f"(!{v.code})", "u", 1)
        if op == "~":
            if not v.isint: raise Unsupported("~ of float")
            c = f"~{ctype(v.kind, v.bits)}({v.code})"
            return V(f"({c} & {hex((1 << v.bits) - 1)}u)" if v.bits < 32 and v.kind == "u" else f"({c})", v.kind, v.bits)
        if v.isint: return V(f"(-{v.code})", "i", max(32, v.bits)) if v.kind == "i" else V(f"(-i64({v.code}))", "i", 64)
        return V(f"(-{v.code})", v.kind, v.bits)

    def binary(self, e):
        op = e[1]
        if op in ("&&", "||"): return V(f"({self.ex(e[2]).code} {op} {self.ex(e[3]).code})", "u", 1)
        a, b = self.ex(e[2]), self.ex(e[3])
        if op in ("<<", ">>"):
            if not (a.isint and b.isint): raise Unsupported("shift of float")
            n = max(32, a.bits)
            if self.wide and op == "<<": n = 64
            return V(f"{'shl_' if op == '<<' else 'shr_'}({ctype(a.kind, n)}({a.code}), u32({b.code}))", a.kind, n)
        if op in ("+", "-", "*") and self.wide and a.isint and b.isint:
            return V(f"(i64({a.code}) {op} i64({b.code}))", "i", 64)
        a, b = self.common(a, b)
        if op == "<>": return V(f"(int({a.code} < {b.code}) | int({a.code} > {b.code}))", "u", 1)
        if op in ("==", "!=", "<", ">", "<=", ">="): return V(f"({a.code} {op} {b.code})", "u", 1)
        if op == "**": raise Unsupported("power")
        c = f"({a.code} {op} {b.code})"
        if a.isint: return V(c, a.kind, a.bits)
        return self.round(c, a.kind, max(a.bits, b.bits))

    def strip64(self, e):          # isNAN(64'F(x)): the conversion would quiet a signalling NaN
        return self.ex(e[3]) if e[0] == "cast" and e[1] == "F" and e[2] == 64 else self.ex(e)

    def call(self, e):
        n, args = e[1], e[2]
        if n in self.lambdas:
            ps, body = self.lambdas[n]
            saved = dict(self.bound)
            self.bound.update(zip(ps, [self.ex(a) for a in args]))
            r = self.ex(body[1]) if body[0] == "expr" else self.lambda_block(body[1])
            self.bound = saved
            return r
        if n in ("isNAN", "isSignalNAN", "isQuietNAN", "cvtToQuietNAN", "sign", "exponent", "mantissa"):
            v = self.strip64(args[0])
            if v.isint or v.kind == "bf": raise Unsupported(n + " of " + v.kind)
            half = v.bits == 16
            if n == "isNAN": return V(f"isNAN({v.code})", "u", 1)
            if n == "isSignalNAN": return V(f"is_snan16({v.raw or to_bits(v)})" if half else f"is_snan({v.code})", "u", 1)
            if n == "isQuietNAN": return V(f"is_qnan16({v.raw or to_bits(v)})" if half else f"is_qnan({v.code})", "u", 1)
            if n == "cvtToQuietNAN":
                raw = f"({v.raw or to_bits(v)} | 0x200u)"
                return V(f"h2f({raw})", "f", 16, raw) if half else V(f"quiet({v.code})", "f", v.bits)
            if n == "sign": return V(f"sign_({v.code})", "u", 1)
            if n == "exponent": return V(f"exp16({v.raw or to_bits(v)})" if half else f"exp_({v.code})", "i", 32)
            return V(f"mant_({v.code})", "f", v.bits)
        if n in F1:
            v = self.ex(args[0])
            if v.isint: raise Unsupported(n + " of integer")
            return self.round(f"{F1[n]}({v.code})", v.kind, v.bits) if n == "sqrt" else V(f"{F1[n]}({v.code})", v.kind, v.bits)
        if n == "fma":
            a, b, c = (self.ex(x) for x in args)
            if a.bits == 16: return V(f"{'fma_bf' if a.kind == 'bf' else 'fma_h'}({a.code}, {b.code}, {c.code})", a.kind, 16)
            return V(f"fma_({a.code}, {b.code}, {c.code})", "f", a.bits)
        if n == "signext":
            v = self.ex(args[0])
            return V(f"i64({v.code})", "i", 64)
        if n == "signext_from_bit":
            a, b = self.ex(args[0]), self.ex(args[1])
            return V(f"signext_from_bit({a.code}, u32({b.code}))", "i", a.bits)
        if n in CONV:
            v = self.ex(args[0]); k, b = CONV[n]
            if k == "f" and b == 16: return V(f"rh(float({v.code}))", "f", 16)
            return V(f"{ctype(k, b)}({v.code})", k, b)
        if n in ("f32_to_f16", "f32_to_bf16"):
            v = self.ex(args[0])
            if n == "f32_to_bf16": return V(f"rbf({v.code})", "bf", 16, f"f2bf({v.code})")
            return V(f"h2f(f2h_rtz({v.code}))" if self.rtz else f"rh({v.code})", "f", 16, f"{'f2h_rtz' if self.rtz else 'f2h'}({v.code})")
        if n in ("fp8_to_f32", "bf8_to_f32"): return self.f8(self.ex(args[0]))
        if n in ("f32_to_fp8", "f32_to_bf8"):
            self.used.add("FNUZ"); v = self.ex(args[0])
            return V(f"f32_to_f8<{'4, 3' if 'fp8' in n else '5, 2'}>({v.code}, FNUZ)", "u", 8, None, True)
        if n in SAT:
            v = self.ex(args[0]); k, b = SAT[n]
            return V(f"{SATNAME.get(n, n)}({v.code})", k, b)
        if n == "isEven": raise Unsupported(n)
        if n.startswith("v_"): return self.operation(n, [self.ex(a) for a in args])
        raise Unsupported("function " + n)

    def lambda_block(self, stmts):          # if c then return a elsif ... else return b endif
        if len(stmts) != 1 or stmts[0][0] != "if": raise Unsupported("lambda body")
        arms = [(c, b[0][1]) for c, b in stmts[0][1]]
        r = self.ex(stmts[0][2][0][1])
        for c, b in reversed(arms):
            x, y = self.common(self.ex(b), r) if not (self.ex(b).kind == r.kind == "u") else (self.ex(b), r)
            r = V(f"({self.ex(c).code} ? {x.code} : {y.code})", x.kind, max(x.bits, y.bits))
        return V(r.code, r.kind, 8)

    def operation(self, n, args):           # another instruction's pseudo-code as a function of its operands
        f, kind, bits = self.arch.function(n)
        return from_bits(f"{f}({', '.join(to_bits(a) for a in args)})", word(bits), kind, bits)

    # ---- statements
    def block(self, stmts):
        for s in stmts: self.stmt(s)

    def stmt(self, s):
        k = s[0]
        if k == "asg": return self.assign(s)
        if k == "if":
            for j, (c, b) in enumerate(s[1]):
                self.emit(("} else if (" if j else "if (") + self.ex(c).code + ") {")
                self.depth += 1; self.block(b); self.depth -= 1
            if s[2]:
                self.emit("} else {"); self.depth += 1; self.block(s[2]); self.depth -= 1
            return self.emit("}")
        if k == "for":
            lo, hi = self.const(s[2]), self.const(s[3])
            if lo is None or hi is None: raise Unsupported("loop bounds")
            self.loops.add(s[1])
            if hi - lo < 8:
                for i in range(lo, hi + 1):
                    self.consts[s[1]] = i; self.block(s[4])
                del self.consts[s[1]]
                return
            self.emit(f"for (i32 {s[1]}_ = {lo}; {s[1]}_ <= {hi}; {s[1]}_++) {{")
            old = self.bound.get(s[1]); self.bound[s[1]] = V(s[1] + "_", "i", 32)
            self.depth += 1; self.block(s[4]); self.depth -= 1
            if old is None: del self.bound[s[1]]
            return self.emit("}")
        if k == "decl":
            n = self.const(s[4]) if s[4] else None
            kind = {"U": "u", "I": "i", "F": "f", "B": "u"}[s[2]]
            self.locals[s[1]] = (kind, s[3], s[2] == "B", n)
            return
        if k == "lambda": self.lambdas[s[1]] = (s[2], s[3]); return
        if k == "break": return self.emit("break;")
        if k == "expr" and s[1][0] == "call" and s[1][1] == "nop": return
        raise Unsupported("statement " + k)

    def clamp(self, v, kind, bits):
        if not (self.wide and v.isint and v.bits == 64 and kind in "ui"): return v
        lo, hi = (0, (1 << bits) - 1) if kind == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)
        return V(f"clampi<{ctype(kind, bits)}>({v.code}, {lo}ll, {hi}ll)", kind, bits)

    def assign(self, s):
        _, targets, op, r = s
        if len(targets) == 1 and targets[0][0] == "cat":       # { D1.u1, D0.u64 } = ...
            raise Unsupported("destructuring")
        for t in targets:
            base = t
            while base[0] in ("sfx", "idx", "slice"): base = base[1]
            if base[0] == "id" and base[1] == "ROUND_MODE":
                self.rtz = r == ("id", "ROUND_TOWARD_ZERO"); return
            if base[0] == "id" and base[1] in ("TRAPSTS",): return
            if base[0] == "id" and r == ("id", "ROUND_MODE"): return
        v = self.ex(r if op == "=" else ("bin", op[:-1], targets[0], r))
        for t in targets: self.store(t, v)

    def store(self, t, v):
        kind = None
        if t[0] == "sfx" and t[1][0] != "sfx": kind, t = suffix(t[2]) if t[2] not in ("u1",) else ("u", 1), t[1]
        if t[0] == "idx" and t[1][0] == "sfx" and t[2] == ("id", "laneId") and t[1][1][0] == "id" and not self.scalar:
            if t[1][1][1] in ("D0", "VCC", "EXEC"):
                self.used.add("MASK"); return self.emit(f"MASK = {v.code} ? ~0u : 0u;")
        if t[0] == "slice" and t[1][0] == "idx" and t[1][1] == ("idx", ("id", "VGPR"), ("id", "laneId")) and t[1][2] == ("sfx", ("id", "VDST"), "u32"):
            t = ("slice", ("id", "D0"), t[2], t[3])
        if t[0] == "idx" and t[1] == ("idx", ("id", "VGPR"), ("id", "laneId")) and t[2] == ("sfx", ("id", "VDST"), "u32"): t = ("id", "D0")
        if t[0] in ("slice", "idx") and t[1][0] == "sfx": t = (t[0], t[1][1]) + t[2:]     # D0.u32[31:16]
        if t[0] == "id":
            n = t[1]
            if n == "D0":
                self.used.add("D0w"); b = self.width["D0"]
                if kind: v = self.clamp(v, *kind)
                if kind and not v.isint and kind[0] in ("f", "bf"): v = self.fcast(v, kind[0], kind[1])
                if kind and v.isint and kind[1] < v.bits: v = from_bits(v.code, word(v.bits), "u", kind[1])
                return self.emit(f"D0 = {ctype('u', b)}({to_bits(v)});" if v.kind != "i" else f"D0 = {ctype('u', b)}({to_bits(v, kind[1] if kind else max(v.bits, b))});")
            if n in ("SCC",): self.used.add("SCCw"); return self.emit(f"SCC = ({v.code}) ? 1 : 0;" if v.bits == 1 else f"SCC = u32({v.code});")
            if n in ("EXEC", "VCC"):
                if not self.scalar and n == "VCC": self.used.add("MASK"); return self.emit(f"MASK = ({v.code}) ? ~0u : 0u;")
                self.used.add(n + "w"); self.used.add(n)
                return self.emit(f"{n} = ({n} & ~0xffffffffull) | u32({v.code});" if kind and kind[1] == 32 else f"{n} = u64({v.code});")
            if n not in self.locals:
                k, b = (v.kind, v.bits) if kind is None else kind
                if k in ("u", "i"): b = max(32, b)
                if self.wide and k in ("u", "i"): k, b = "i", 64
                self.locals[n] = (k, b, False, None)
            k, b, raw, cnt = self.locals[n]
            if k in ("u", "i"):
                if v.isint and kind and kind[1] < v.bits and not self.wide: v = from_bits(v.code, word(v.bits), kind[0], kind[1])
                return self.emit(f"{n}_ = {ctype(k, b)}({v.code if v.isint else to_bits(v)});")
            if v.isint: raise Unsupported("integer into float " + n)
            return self.emit(f"{n}_ = {self.fcast(v, k, b).code};")
        if t[0] == "idx" and t[1][0] == "id" and t[1][1] in self.locals and self.locals[t[1][1]][3] is not None:
            return self.emit(f"{t[1][1]}_[{self.ex(t[2]).code}] = {v.code};")
        if t[0] in ("slice", "idx") and t[1][0] == "id":
            n = t[1][1]
            if n == "D0": self.used.update(("D0w", "D0")); name, b = "D0", self.width["D0"]
            else:
                if n not in self.locals: self.locals[n] = ("u", self.raw_bits.get(n, 64), True, None)
                k, b = self.locals[n][:2]; name = n + "_"
                if k not in "ui": raise Unsupported("bits of a float variable")
            if kind and v.isint: v = self.clamp(v, *kind)
            if t[0] == "slice":
                hi, lo = self.const(t[2]), self.const(t[3])
                if hi is None or lo is None: raise Unsupported("store to a variable slice")
                if kind and not v.isint: v = self.fcast(v, kind[0], kind[1]) if kind[0] in ("f", "bf") else v
                w = hi - lo + 1; m = ((1 << w) - 1) << lo; T = ctype("u", b)
                if hi >= b: raise Unsupported("slice beyond the register")
                u = "ull" if b > 32 else "u"
                bits = to_bits(v, w) if v.isint else to_bits(v)
                if w == b: return self.emit(f"{name} = {T}({bits});")
                return self.emit(f"{name} = ({name} & {hex(~m & ((1 << b) - 1))}{u}) | ({T}({bits}) << {lo});" if lo else f"{name} = ({name} & {hex(~m & ((1 << b) - 1))}{u}) | {T}({bits});")
            i = self.ex(t[2]); T = ctype("u", b)
            return self.emit(f"{name} = ({name} & ~({T}(1) << {i.code})) | ({T}({v.code}) & 1) << {i.code};")
        raise Unsupported("store to " + str(t)[:60])

    def run(self, text):
        self.raw_bits = {}
        for m in re.finditer(r"\b(\w+)\[(\d+) : (\d+)\](?:\.\w+)? =", text): self.raw_bits[m[1]] = max(self.raw_bits.get(m[1], 32), word(int(m[2]) + 1))
        self.block(Parser(text).block({""}))
        decl = []
        for n, (k, b, raw, cnt) in self.locals.items():
            if n in self.bound or n in self.loops: continue
            decl.append(f"  {ctype(k, b)} {n}_{f'[{cnt}]' if cnt else ''} = {'{}' if cnt else '0'};")
        return decl + self.lines


# ------------------------------------------------------------------------------------------------------------ native bodies
def float_ops(name, f32, f64=None, half=None):
    """Bodies of a one-operand float function at the three sizes; f32, f64, half: C++ of a float x / double x / float x."""
    r = {f"V_{name}_F32": f"float x = asf(S0); D0 = fbits({f32});"}
    if f64: r[f"V_{name}_F64"] = f"double x = asd(S0); D0 = dbits({f64});"
    r[f"V_{name}_F16"] = f"float x = h2f(S0); D0 = f2h({half or f32});"
    return r


MIX = "mix(S0, OPSEL_HI, OPSEL, 0), mix(S1, OPSEL_HI, OPSEL, 1), mix(S2, OPSEL_HI, OPSEL, 2)"
NATIVE = {   # the key is a name, or several
    **float_ops("EXP", "exp2_(x)"), **float_ops("LOG", "log2_(x)"), **float_ops("SIN", "sin_(x)"), **float_ops("COS", "cos_(x)"),
    **float_ops("RCP", "1.0f / x", "1.0 / x"), **float_ops("SQRT", "std::sqrt(x)", "std::sqrt(x)"),
    **float_ops("RSQ", "float(1.0 / std::sqrt(double(x)))", "double(1.0L / std::sqrt((long double)x))"),
    **float_ops("RNDNE", "rndne_(x)", "rndne_(x)"), **float_ops("FRACT", "fract_(x)", "fract_(x)", "fract_h(x)"),
    **float_ops("CEIL", "std::ceil(x)", "std::ceil(x)"), **float_ops("FLOOR", "std::floor(x)", "std::floor(x)"),
    **float_ops("FREXP_MANT", "mant_(x)", "mant_(x)"),
    "V_RCP_IFLAG_F32": "D0 = fbits(1.0f / asf(S0));", "V_EXP_LEGACY_F32": "D0 = fbits(exp2_(asf(S0)));", "V_LOG_LEGACY_F32": "D0 = fbits(log2_(asf(S0)));",
    "V_FREXP_EXP_I32_F64": "D0 = u32(frexp_exp(asd(S0)));", "V_FREXP_EXP_I32_F32": "D0 = u32(frexp_exp(double(asf(S0))));",
    "V_FREXP_EXP_I16_F16": "D0 = u32(frexp_exp(double(h2f(S0)))) & 0xffff;",
    "V_LDEXP_F32": "D0 = fbits(ldexp_(asf(S0), i32(S1)));", "V_LDEXP_F64": "D0 = dbits(ldexp_(asd(S0), i32(S1)));",
    "V_LDEXP_F16": "D0 = f2h(ldexp_(h2f(S0), i32(S1 << 16) >> 16));",
    "V_CVT_OFF_F32_I4": "D0 = fbits(float(i32(S0 << 28) >> 28) * 0.0625f);",
    "V_FFBH_U32|V_CLZ_I32_U32": "D0 = u32(clz_(S0));", "V_FFBL_B32|V_CTZ_I32_B32": "D0 = u32(ctz_(S0));", "V_FFBH_I32|V_CLS_I32": "D0 = u32(cls_(S0));",
    "V_BFREV_B32": "D0 = brev(S0);", "V_BCNT_U32_B32": "D0 = S1 + bcnt(S0);",
    "V_MBCNT_LO_U32_B32": "D0 = S1 + bcnt(S0 & mask32(laneId));", "V_MBCNT_HI_U32_B32": "D0 = S1 + bcnt(S0 & (laneId > 32 ? mask32(laneId - 32) : 0));",
    "V_PERM_B32": "D0 = perm_b32(S0, S1, S2);", "V_BITOP3_B32|V_BITOP3_B16": "D0 = bitop3(S0, S1, S2, TTBL);",
    "V_DIV_SCALE_F32|V_DIV_SCALE_F64": "D0 = S0; MASK = 0;", "V_DIV_FMAS_F32": "D0 = fbits(fma_(asf(S0), asf(S1), asf(S2)));",
    "V_DIV_FMAS_F64": "D0 = dbits(fma_(asd(S0), asd(S1), asd(S2)));",
    # V_DIV_SCALE and V_DIV_FMAS pass values on unscaled, so that the quotient is exact, also of denormals
    "V_DIV_FIXUP_F32": "D0 = fbits(asf(S2) / asf(S1));", "V_DIV_FIXUP_F64": "D0 = dbits(asd(S2) / asd(S1));",
    "V_DIV_FIXUP_F16|V_DIV_FIXUP_LEGACY_F16": "D0 = f2h(h2f(S2) / h2f(S1));",
    "V_TRIG_PREOP_F64": "D0 = dbits(trig_preop(asd(S0), S1 & 31));",
    "V_MAD_U64_U32|V_MAD_CO_U64_U32": "u64 p = u64(S0) * u64(S1); D0 = p + S2; MASK = D0 < p ? ~0u : 0;",
    "V_MAD_I64_I32|V_MAD_CO_I64_I32": "u64 p = u64(i64(i32(S0)) * i64(i32(S1))); D0 = p + S2; MASK = ((p ^ S2) >> 63) ^ (D0 < p ? 1 : 0) ? ~0u : 0;",
    # gfx90a and later: fused (LLVM's v_fma_mix at the same opcodes)
    "V_FMA_MIX_F32|V_MAD_MIX_F32": f"D0 = fbits(fma_({MIX}));",
    "V_FMA_MIXLO_F16|V_MAD_MIXLO_F16": f"D0 = (D0 & 0xffff0000u) | f2h(fma_({MIX}));", "V_FMA_MIXHI_F16|V_MAD_MIXHI_F16": f"D0 = (D0 & 0xffffu) | f2h(fma_({MIX})) << 16;",
    "V_PK_MOV_B32": "D0 = u32(OPSEL & 1 ? S0 >> 32 : S0) | u64(u32(OPSEL & 2 ? S1 >> 32 : S1)) << 32;",
    "cdna V_MAXIMUM3_F32": "D0 = fbits(maximum_(maximum_(asf(S0), asf(S1)), asf(S2)));",
    "cdna V_MINIMUM3_F32": "D0 = fbits(minimum_(minimum_(asf(S0), asf(S1)), asf(S2)));",
    "cdna V_PK_MAXIMUM3_F16": "u32 r = 0; for (int k = 0; k < 32; k += 16) r |= f2h(maximum_(maximum_(h2f(S0 >> k & 0xffff), h2f(S1 >> k & 0xffff)), h2f(S2 >> k & 0xffff))) << k; D0 = r;",
    "cdna V_PK_MINIMUM3_F16": "u32 r = 0; for (int k = 0; k < 32; k += 16) r |= f2h(minimum_(minimum_(h2f(S0 >> k & 0xffff), h2f(S1 >> k & 0xffff)), h2f(S2 >> k & 0xffff))) << k; D0 = r;",
    "cdna V_PRNG_B32": "D0 = S0 << 1 ^ (S0 >> 31 ? 197u : 0u);",
    "V_FMAC_DX9_ZERO_F32": "D0 = asf(S0) == 0 || asf(S1) == 0 ? D0 : fbits(fma_(asf(S0), asf(S1), asf(D0)));",
    # SDWA has already selected the byte or word of the operand
    "cdna V_CVT_F32_FP8": "D0 = fbits(f8_to_f32<4, 3>(S0, FNUZ));", "cdna V_CVT_F32_BF8": "D0 = fbits(f8_to_f32<5, 2>(S0, FNUZ));",
    "cdna V_CVT_PK_F32_FP8": "D0 = fbits(f8_to_f32<4, 3>(S0, FNUZ)) | u64(fbits(f8_to_f32<4, 3>(S0 >> 8, FNUZ))) << 32;",
    "cdna V_CVT_PK_F32_BF8": "D0 = fbits(f8_to_f32<5, 2>(S0, FNUZ)) | u64(fbits(f8_to_f32<5, 2>(S0 >> 8, FNUZ))) << 32;",
    # adds the random bits below the bits that are kept, and truncates the sum
    "V_CVT_SR_FP8_F32": "u32 k = OPSEL >> 2 << 3; D0 = (D0 & ~(255u << k)) | f32_to_f8<4, 3>(asf(S0), FNUZ, true, S1) << k;",
    "V_CVT_SR_BF8_F32": "u32 k = OPSEL >> 2 << 3; D0 = (D0 & ~(255u << k)) | f32_to_f8<5, 2>(asf(S0), FNUZ, true, S1) << k;",
    "S_BREV_B32": "D0 = brev(S0);", "S_BREV_B64": "D0 = u64(brev(u32(S0))) << 32 | brev(u32(S0 >> 32));",
    "S_BCNT0_I32_B32": "D0 = 32 - __builtin_popcount(S0); SCC = D0 != 0;", "S_BCNT1_I32_B32": "D0 = __builtin_popcount(S0); SCC = D0 != 0;",
    "S_BCNT0_I32_B64": "D0 = 64 - __builtin_popcountll(S0); SCC = D0 != 0;", "S_BCNT1_I32_B64": "D0 = __builtin_popcountll(S0); SCC = D0 != 0;",
    "S_FF0_I32_B32": "D0 = u32(ctz_(u32(~S0)));", "S_FF0_I32_B64": "D0 = u32(ctz_(u64(~S0)));",
    "S_FF1_I32_B32|S_FF1_I32_B64|S_CTZ_I32_B32|S_CTZ_I32_B64": "D0 = u32(ctz_(S0));",
    "S_FLBIT_I32_B32|S_FLBIT_I32_B64|S_CLZ_I32_U32|S_CLZ_I32_U64": "D0 = u32(clz_(S0));", "S_FLBIT_I32|S_FLBIT_I32_I64|S_CLS_I32|S_CLS_I32_I64": "D0 = u32(cls_(S0));",
    "S_CEIL_F32": "D0 = fbits(std::ceil(asf(S0)));", "S_FLOOR_F32": "D0 = fbits(std::floor(asf(S0)));", "S_RNDNE_F32": "D0 = fbits(rndne_(asf(S0)));",
    "S_CEIL_F16": "D0 = f2h(std::ceil(h2f(S0)));", "S_FLOOR_F16": "D0 = f2h(std::floor(h2f(S0)));", "S_RNDNE_F16": "D0 = f2h(rndne_(h2f(S0)));",
}
for n in ("EXP", "LOG", "RCP", "RSQ", "SQRT"):
    for t in ("F32", "F16"): NATIVE[f"V_S_{n}_{t}"] = NATIVE[f"V_{n}_{t}"]
NATIVE = {a: b for k, b in NATIVE.items() for a in ([k] if k.startswith("cdna ") else k.split("|"))}

# Integer operations that saturate if the clamp bit is set.
SATURATES = re.compile(r"V_((ADD|SUB|SUBREV)(_NC)?_[UI](16|32)|MAD_(LEGACY_)?[UI]16|MAD_[UI]32_[UI](16|24)|M?SAD_\w+|PK_(ADD|SUB|MAD)_[UI]16|DOT\w+_[IU]32_\w+)")
# Implemented in decode.cpp, interpreter.cpp, alu.cpp or matrix.cpp, or not at all.
SPECIAL = re.compile(r"V_(READ|WRITE|READFIRST)LANE_B32|V_PERMLANE\w+|V_SWAP\w+|V_MOVREL\w+|V_ACCVGPR\w+|V_S?W?MMAC?_\w+|V_MFMA\w+|V_SMFMAC\w+|V_NOP|V_PIPEFLUSH|V_CLREXCP|V_INTERP\w+|"
                     r"S_(GETPC|SETPC|SWAPPC|CALL|RFE|GETREG|SETREG|MOVREL|BRANCH|CBRANCH|SET_GPR|SETVSKIP|BARRIER|GET_BARRIER|WAIT|SENDMSG|ALLOC_VGPR|SUBVECTOR|VERSION|SLEEP|NOP|TRAP|ENDPGM|SETPRIO|SETHALT|SETKILL|"
                     r"ICACHE|INCPERF|DECPERF|TTRACE|CODE_END|CLAUSE|DELAY_ALU|DENORM_MODE|ROUND_MODE|WAKEUP|SET_INST|SET_VALU)\w*|V_CVT_SCALEF32\w+|V_SCREEN\w+|V_CVT_SR_B?F16_F32|V_MQSAD_U32_U8|V_CVT_PKACCUM\w+")

# The tables are those of CDNA3. Differences of gfx90a: encoding, opcode, name, an instruction with the same operands, pseudo-code.
GFX90A = [("VOP2", 0x16, "V_MAC_F32", "V_FMAC_F32_E32", "D0.f32 = S0.f32 * S1.f32 + D0.f32"), ("VOP2", 0x17, "V_MADMK_F32", "V_FMAMK_F32_E32", "D0.f32 = S0.f32 * SIMM32.f32 + S1.f32"),
          ("VOP2", 0x18, "V_MADAK_F32", "V_FMAAK_F32_E32", "D0.f32 = S0.f32 * S1.f32 + SIMM32.f32"), ("VOP3", 0x116, "V_MAC_F32", "V_FMAC_F32_E64", "D0.f32 = S0.f32 * S1.f32 + D0.f32"),
          ("VOP3", 0x1c1, "V_MAD_F32", "V_FMA_F32_E64", "D0.f32 = S0.f32 * S1.f32 + S2.f32"),
          ("VOP3", 0x1c0, "V_MAD_LEGACY_F32", "V_FMA_F32_E64", "if ((S0.f32 == 0.0F) || (S1.f32 == 0.0F)) then\nD0.f32 = S2.f32\nelse\nD0.f32 = S0.f32 * S1.f32 + S2.f32\nendif")]
GFX90A += [("VOP3P", o, n, s, "") for o, n, s in (
    (0x54, "V_MFMA_I32_32X32X8_I8", "V_MFMA_I32_16X16X4_4B_I8"), (0x55, "V_MFMA_I32_16X16X16_I8", "V_MFMA_I32_4X4X4_16B_I8"),
    (0x63, "V_MFMA_F32_32X32X4_2B_BF16", "V_MFMA_F32_32X32X4_2B_BF16"), (0x64, "V_MFMA_F32_16X16X4_4B_BF16", "V_MFMA_F32_16X16X4_4B_BF16"),
    (0x65, "V_MFMA_F32_4X4X4_16B_BF16", "V_MFMA_F32_4X4X4_16B_BF16"), (0x66, "V_MFMA_F32_32X32X8_BF16", "V_MFMA_F32_32X32X8_BF16"), (0x67, "V_MFMA_F32_16X16X16_BF16", "V_MFMA_F32_16X16X16_BF16"),
    (0x68, "V_MFMA_F32_32X32X2_2B_BF16", "V_MFMA_I32_32X32X4_2B_I8"), (0x69, "V_MFMA_F32_16X16X2_4B_BF16", "V_MFMA_I32_16X16X4_4B_I8"), (0x6b, "V_MFMA_F32_4X4X2_16B_BF16", "V_MFMA_I32_4X4X4_16B_I8"),
    (0x6c, "V_MFMA_F32_32X32X4_BF16", "V_MFMA_I32_16X16X4_4B_I8"), (0x6d, "V_MFMA_F32_16X16X8_BF16", "V_MFMA_I32_4X4X4_16B_I8"))]

# ------------------------------------------------------------------------------------------------------------ memory instructions
ATOM = {"SWAP": "swap", "CMPSWAP": "cas", "ADD": "add", "SUB": "sub", "RSUB": "rsub", "SMIN": "smin", "UMIN": "umin", "SMAX": "smax",
        "UMAX": "umax", "AND": "and", "OR": "or", "XOR": "xor", "INC": "inc", "DEC": "dec", "CSUB": "csub", "SUB_CLAMP": "csub",
        "COND_SUB": "condsub", "WRXCHG": "swap", "STOREXCHG": "swap", "CMPST": "cas_ds9", "CMPSTORE": "cas_ds11", "MSKOR": "mskor",
        "MIN_NUM": "min", "MAX_NUM": "max", "MIN": "min", "MAX": "max", "PK_ADD": "pkadd", "WRAP": "wrap", "CONDXCHG32": "condxchg"}
LOADS = {"UBYTE": (1, 0), "SBYTE": (1, 1), "USHORT": (2, 0), "SSHORT": (2, 1), "SHORT": (2, 0), "DWORD": (4, 0), "DWORDX2": (8, 0),
         "DWORDX3": (12, 0), "DWORDX4": (16, 0), "BYTE": (1, 0), "U8": (1, 0), "I8": (1, 1), "U16": (2, 0), "I16": (2, 1),
         "B8": (1, 0), "B16": (2, 0), "B32": (4, 0), "B64": (8, 0), "B96": (12, 0), "B128": (16, 0)}


def atomic_op(body, ty):
    """(op, bytes) for e.g. ('ADD','U32'), ('SMIN',''), ('ADD','F64')."""
    op = ATOM.get(body)
    if op is None: return None
    if ty in ("F16", "BF16"): return (f"pkadd{ty.lower()}", 4) if op == "pkadd" else None
    if op == "pkadd": return None
    size = 8 if ty.endswith("64") or ty == "X2" else 4
    if ty.startswith("F"): return (("f" + op) if op in ("add", "min", "max") else op if op.startswith("cas") else None, size)
    if op in ("min", "max"): op = {"I": "s", "U": "u"}.get(ty[0], "?") + op
    return op, size


def mem_desc(name):
    """Returns what a load, store or atomic of that name does: (op, atomic, bytes, sign-extends, d16, returns, multiplier), or None."""
    is_ds = name.startswith("DS_")
    body = name.split("_", 1)[1]
    d16 = 0
    if "D16_HI" in body: d16, body = 2, body.replace("D16_HI_", "").replace("_D16_HI", "")
    elif "D16" in body: d16, body = 1, body.replace("D16_", "").replace("_D16", "")
    if is_ds:
        if m := re.fullmatch(r"(READ|WRITE|LOAD|STORE)(?:_)?2(?:ADDR)?(_?ST64|_STRIDE64)?_(B32|B64)", body):
            sz = LOADS[m[3]][0]
            return "LD2" if m[1] in ("READ", "LOAD") else "ST2", "SWAP", sz, 0, 0, 0, sz * (64 if m[2] else 1)
        if body in ("PERMUTE_B32", "BPERMUTE_B32", "BPERMUTE_FI_B32"): return {"P": "PERMUTE", "B": "BPERMUTE"}[body[0]], "SWAP", 4, int("FI" in body), 0, 0, 0
        if body == "SWIZZLE_B32": return "SWIZZLE", "SWAP", 4, 0, 0, 0, 0
        if body in ("APPEND", "CONSUME"): return "APPEND", "SWAP", 4, int(body == "CONSUME"), 0, 1, 0
        if m := re.fullmatch(r"(?:WRXCHG|STOREXCHG_)2(?:ADDR)?(_?ST64|_STRIDE64)?_RTN_(B32|B64)", body):
            sz = LOADS[m[2]][0]
            return "XCHG2", "SWAP", sz, 0, 0, 1, sz * (64 if m[1] else 1)
    body = re.sub(r"^(READ|WRITE|LOAD|STORE)_ADDTID_", r"\1_", body)
    if m := re.fullmatch(r"LOAD_LDS_(\w+)", body): return ("LD_LDS", "SWAP", *LOADS[m[1]], 0, 0, 0) if m[1] in LOADS else None
    if m := re.fullmatch(r"(READ|LOAD)_(\w+)", body):
        return ("LD", "SWAP", LOADS[m[2]][0], LOADS[m[2]][1], d16, 0, 0) if m[2] in LOADS else None
    if m := re.fullmatch(r"(WRITE|STORE)_(\w+)", body):
        return ("ST", "SWAP", LOADS[m[2]][0], 0, d16, 0, 0) if m[2] in LOADS else None
    rtn = 0
    if is_ds:
        rtn, body = int("_RTN" in body), body.replace("_RTN", "")
        m = re.fullmatch(r"(\w+?)_([UIBF]\d+|BF16)", body)
    else:
        if not body.startswith("ATOMIC_"): return None
        m = re.fullmatch(r"(\w+?)(?:_([UIBF]\d+|BF16|X2))?", body[7:])
    a = m and atomic_op(m[1], m[2] or "")
    if not a or a[0] is None or "?" in a[0]: return None
    return "AT", a[0].upper(), a[1], 0, 0, rtn, 0


# ------------------------------------------------------------------------------------------------------------ one architecture
ALU = ["VOP1", "VOP2", "VOP3", "VOP3P", "VOP3SD", "VOPC", "VOPD", "SOP1", "SOP2", "SOPC", "SOPK", "SOPP"]
MEMORY = {"DS": "DS", "FLAT": "FLAT", "GLOBAL": "GLOBAL", "SCRATCH": "SCRATCH", "VFLAT": "FLAT", "VGLOBAL": "GLOBAL", "VSCRATCH": "SCRATCH", "SMEM": "SMEM", "MUBUF": "MUBUF", "VBUFFER": "MUBUF"}
TYPES = {"F16": "h", "F32": "f", "F64": "d", "BF16": "x", "I16": "w", "U16": "w", "B16": "w", "PK2_F16": "H", "PK2_BF16": "X", "PK2_I16": "W", "PK2_U16": "W",
         "PK2_B16": "W", "PK2_F32": "P", "PK2_B32": "P", "M64": "m", "I64": "s", "U64": "q", "B64": "q"}


class Arch:
    def __init__(self, name):
        p = f"tinygrad.runtime.autogen.amd.{name}."
        self.name, self.lanes = name, 64 if name == "cdna" else 32
        self.enum = importlib.import_module(p + "enum")
        self.pcode = importlib.import_module(p + "str_pcode").PCODE
        self.operands = importlib.import_module(p + "operands").OPERANDS
        self.text, self.functions, self.made = {}, [], {}
        for op, t in self.pcode.items():
            if type(op).__name__[:-2] not in ALU: continue
            t = t.replace("WAVE_MODE.IEEE", "1").replace("0x0LL", "0")                  # IEEE mode is on in compute kernels
            t = re.sub(r"if [^\n]*then\nTRAPSTS.INVALID = 1\nendif;\n", "", t)          # exception flags are not kept
            self.text.setdefault(self.base(op.name), t)
        self.text.setdefault("V_DOT2ACC_F32_BF16", self.text.get("V_DOT2ACC_F32_F16", "").replace("f16", "bf16"))
        for k in list(self.text):
            if k.startswith("V_") and not k.startswith("V_DUAL_"): self.text.setdefault("V_DUAL_" + k[2:], self.text[k])

    @staticmethod
    def base(n): return re.sub(r"_E(32|64)$", "", n)

    def widths(self, op):
        """Bits and format of S0, S1, S2, D0 (of the vector destination)."""
        r = {}
        for f, (fmt, bits, kind) in self.operands.get(op, {}).items():
            k = {"src0": "S0", "vsrc0": "S0", "ssrc0": "S0", "src1": "S1", "vsrc1": "S1", "ssrc1": "S1", "src2": "S2", "vdst": "D0"}.get(f)
            if f == "sdst" and "vdst" not in self.operands[op]: k = "D0"
            if k: r[k] = (bits, fmt.name.replace("FMT_NUM_", "") if fmt else "B32")
        return r

    def function(self, n):
        """C++ function for v_name(S0, S1, S2): (function name, kind and bits of the result)."""
        if n in self.made: return self.made[n]
        text = self.text.get(n.upper())
        if text is None: raise Unsupported("function " + n)
        m = re.search(r"D0\.([a-z]+\d+)", text)
        kind, bits = suffix(m[1])
        tr = Translate(self, {k: 32 if bits <= 32 else bits for k in REGS}, True)
        lines = tr.run(text)
        t = ctype("u", bits)
        args = [f"{t} {k}" for k in ("S0", "S1", "S2") if k in tr.used or k != "S2"]
        f = "fn_" + n
        self.functions.append(f"PC_FN {t} {f}({', '.join(args)}) {{\n  {t} D0 = 0;\n" + "\n".join(lines) + "\n  return D0;\n}")
        self.made[n] = f, kind, bits
        return self.made[n]

    def body(self, name, text, width, scalar, wide):
        """(lines, used names) of an operation."""
        native = NATIVE.get(f"{self.name} {name}") or NATIVE.get(name) or NATIVE.get(name.replace("V_DUAL_", "V_"))
        if native and not wide:
            used = set(re.findall(r"\b(S0|S1|S2|D0|SIMM32|VIN|MASK|OPSEL|OPSEL_HI|NEG|TTBL|laneId|FNUZ|SCC)\b", native)) | {"D0w"}
            if "SCC" in used: used.add("SCCw")
            if not re.search(r"\bD0\b(?! = )", native) and "MASK = D0" not in native: used.discard("D0")
            if re.match(r"[^;]*; D0 = p", native): used.discard("D0")
            return ["  " + native], used
        tr = Translate(self, width, scalar, wide)
        return tr.run(text), tr.used

    def operation(self, op, name, scalar):
        """Dict that describes an ALU operation, with its C++ function(s)."""
        w = self.widths(op)
        o = {"name": name, "fn": None, "clamp": None, "scal": None, "flags": set(), "bits": [w.get(k, (0, ""))[0] for k in ("S0", "S1", "S2", "D0")],
             "types": "".join(TYPES.get(w[k][1], "8" if "8" in w[k][1] else "i") if k in w else "-" for k in ("S0", "S1", "S2", "D0")), "why": ""}
        if SPECIAL.fullmatch(name): return o
        text = self.text.get(name) or self.text.get(name.replace("V_DUAL_", "V_"))
        if "FMAMK" in name or "FMAAK" in name or "MADMK" in name or "MADAK" in name: o["flags"].add("K")
        if text is None and name not in NATIVE: o["why"] = "no pseudo-code"; return o
        width = {}
        for k in REGS:
            b = w.get(k, (32, ""))[0]
            if b > 64: o["why"] = f"{k} of {b} bits"; return o
            width[k] = 64 if b > 32 else 32
        if name.startswith("V_DUAL") or "VOPD" in type(op).__name__: width = {k: 32 for k in REGS}
        try:
            lines, used = self.body(name, text, width, scalar, False)
            # A scalar destination that is only written under a condition keeps its value otherwise: s_cmov.
            if scalar and text and re.search(r"\bif SCC then\b", text) and "else" not in text: used.add("D0")
            f = self.emit(name, lines, used, width, scalar)
            o["scal" if scalar else "fn"] = f
            o["flags"] |= {x for x in ("D0", "D0w", "VIN", "MASK", "SCCw", "EXECw", "VCCw", "EXEC", "VCC") if x in used}
            if not scalar and SATURATES.fullmatch(name): o["clamp"] = self.emit(name + "_clamp", *self.body(name, text, width, scalar, True), width, scalar)
        except Unsupported as e: o["why"] = str(e)
        return o

    def emit(self, name, lines, used, width, scalar):
        key = (tuple(lines), tuple(sorted(width.items())), scalar)
        if key in self.funcs: return self.funcs[key]
        f = f"op_{len(self.funcs)}_{name}"
        out = []
        out.append(f"static void {f}(Wave& w, [[maybe_unused]] Step const& t) {{")
        for n, v in (("SIMM32", "simm"), ("SIMM16", "simm"), ("OPSEL", "opsel"), ("OPSEL_HI", "opsel_hi"), ("NEG", "neg"), ("TTBL", "ttbl")):
            if n in used: out.append(f"  const u32 {n} = t.inst->{v};")
        if "FNUZ" in used: out.append("  const bool FNUZ = t.inst->fnuz;")
        if scalar:
            for i, k in enumerate(("S0", "S1")):
                if k in used: out.append(f"  const {ctype('u', width[k])} {k} = scalar<{ctype('u', width[k])}>(w, t, {i});")
            T = ctype("u", width["D0"])
            out.append(f"  {T} D0 = {f'scalar<{T}>(w, t, OLD)' if 'D0' in used else 0}; u32 SCC = w.s[emu::SCC]; u64 EXEC = rd64(w.s + emu::EXEC), VCC = rd64(w.s + emu::VCC); (void)D0; (void)SCC; (void)VCC; (void)EXEC;")
            out += lines
            if "D0w" in used: out.append(f"  set_scalar<{T}>(w, t, D0);")
            for n in ("EXEC", "VCC"):
                if n + "w" in used: out.append(f"  wr64(w.s + emu::{n}, {n});")
            out += ["  w.s[emu::SCC] = SCC;"] * ("SCCw" in used) + ["}"]
        else:
            # The loop may assume that lanes are independent: a register has a word for each lane, so rows overlap wholly or not at all.
            # Masks of lanes and 64-bit values, whose words lie in two rows, are prepared for eight lanes at a time. The lanes of 64-bit values
            # are in an order that is fast to make, and so are then the other operands' lanes.
            pairs = any(width[k] == 64 and (k in used or k == "D0" and "D0w" in used) for k in width) and not name.startswith("V_PK_")
            eight = pairs or "VIN" in used or "MASK" in used
            if pairs and "laneId" in used: raise Unsupported("number of the lane and 64 bits")
            if "D0w" in used: out.append(f"  if (some_off<{self.lanes}>(w, t)) return masked<{self.lanes}>(w, t);")
            for i, k in enumerate(("S0", "S1", "S2", "D0")):
                if k in used: out.append(f"  const u32* {k}p = row(w, t, {i});")
            if "D0w" in used: out.append("  u32* Op = const_cast<u32*>(row(w, t, OUT));")
            if "MASK" in used: out.append("  u64 MASKS = 0;")
            if eight:
                out.append(f"  for (u32 first = 0; first < {self.lanes}; first += 8) {{")
                order = "<true>" if pairs else "<false>"
                if "VIN" in used: out.append(f"    alignas(32) u32 VINs[8]; to_lanes{order}(w.vin >> first, VINs);")
                if "MASK" in used: out.append("    alignas(32) u32 MASKs[8];")
                if pairs:
                    for k in ("S0", "S1", "S2", "D0"):
                        if k in used: out.append(f"    alignas(32) {ctype('u', width[k])} {k}s[8]; load<{self.lanes}>({k}p + first, {k}s);")
                    if "D0w" in used: out.append(f"    alignas(32) {ctype('u', width['D0'])} Os[8];")
            at = "lane" if pairs else "laneId"
            out.append("#pragma clang loop vectorize(assume_safety)" + (" vectorize_width(8) unroll(disable)" if eight else ""))
            out.append(f"  for (u32 lane = 0; lane < {8 if eight else self.lanes}; lane++) {{\n    const u32 laneId = lane{' + first' if eight else ''}; (void)laneId;")
            for k in ("S0", "S1", "S2", "D0"):
                get = f"{k}s[lane]" if pairs else f"{k}p[laneId]" if width[k] == 32 else f"{k}p[laneId] | u64({k}p[{self.lanes} + laneId]) << 32"
                if k == "D0":
                    if k in used or "D0w" in used: out.append(f"    {ctype('u', width[k])} D0 = {get if k in used else 0};")
                elif k in used: out.append(f"    const {ctype('u', width[k])} {k} = {get};")
            if "VIN" in used: out.append("    const u32 VIN = VINs[lane];")
            if "MASK" in used: out.append("    u32 MASK = 0;")
            out += ["  " + x for x in lines]
            if "D0w" in used: out.append("    Os[lane] = D0;" if pairs else "    Op[laneId] = u32(D0);" + (f" Op[{self.lanes} + laneId] = u32(D0 >> 32);" if width["D0"] == 64 else ""))
            if "MASK" in used: out.append("    MASKs[lane] = MASK;")
            out.append("  }")
            if pairs and "D0w" in used: out.append(f"    store<{self.lanes}>(Op + first, Os);")
            if "MASK" in used: out.append(f"    MASKS |= u64(from_lanes{order}(MASKs)) << first;")
            if eight: out.append("  }")
            if "MASK" in used: out.append("  w.mask = MASKS;")
            out.append("}")
        self.code.append("\n".join(out))
        self.funcs[key] = f
        return f

    def row(self, enc, code, o, simm=0):
        fl, b = " | ".join(sorted("F_" + x for x in o["flags"])) or "0", o["bits"]
        return f'  {{"{o["name"]}", E_{enc}, {code}, {o["fn"] or "nullptr"}, {o["clamp"] or "nullptr"}, {o["scal"] or "nullptr"}, {{{b[0]}, {b[1]}, {b[2]}, {b[3]}}}, "{o["types"]}", {fl}, {simm}}},'

    def write(self, path):
        self.funcs, self.code = {}, []
        rows, report, older = [], {}, []
        for enc in ALU:
            cls = getattr(self.enum, enc + "Op", None)
            for op in (cls or ()):
                name = self.base(op.name)
                o = self.operation(op, name, enc.startswith("S"))
                if o["why"]: report[name] = o["why"]
                simm = 0
                if enc == "SOPK":
                    text = self.text.get(name, "")
                    simm = 1 if "SIMM16" in text or "CMPK" in name else 0         # else S0 is the immediate
                rows.append(self.row(enc, op.value, o, simm))
        if self.name == "cdna":
            for enc, code, name, like, text in GFX90A:
                if text: self.text[name] = text
                o = self.operation(getattr(self.enum, enc + "Op")[like], name, False)
                if o["why"]: report[name] = o["why"]
                older.append(self.row(enc, code, o))
        mems = []
        for enc, to in MEMORY.items():
            cls = getattr(self.enum, enc + "Op", None)
            for op in (cls or ()):
                d = mem_desc(op.name) if to != "SMEM" else None
                mems.append(f'  {{"{op.name}", E_{to}, {op.value}, ' + (f"{d[0]}, {d[1]}, {d[2]}, {d[3]}, {d[4]}, {d[5]}, {d[6]}, true}}," if d else "LD, SWAP, 0, 0, 0, 0, 0, false},"))
        with open(path, "w") as f:
            f.write(f"// Written by generate.py from AMD's pseudo-code for {self.name}.\n#include \"pcode.hpp\"\n#include \"registers.hpp\"\nnamespace emu {{\nusing namespace pcode;\nnamespace {{\n")
            f.write("PC_FN float mix(u32 s, u32 hi, u32 sel, int i) { float h = h2f((sel >> i & 1) ? s >> 16 : s); return (hi >> i & 1) ? h : asf(s); }\n")
            f.write("\n".join(self.functions) + "\n" + "\n".join(self.code) + "\n}  // namespace\n")
            f.write(f"extern const OpInfo ops_{self.name}[] = {{\n" + "\n".join(rows) + f"\n}};\nextern const size_t ops_{self.name}_n = sizeof ops_{self.name} / sizeof ops_{self.name}[0];\n")
            if older: f.write("extern const OpInfo ops_gfx90a[] = {\n" + "\n".join(older) + "\n};\nextern const size_t ops_gfx90a_n = sizeof ops_gfx90a / sizeof ops_gfx90a[0];\n")
            f.write(f"extern const MemInfo mems_{self.name}[] = {{\n" + "\n".join(mems) + f"\n}};\nextern const size_t mems_{self.name}_n = sizeof mems_{self.name} / sizeof mems_{self.name}[0];\n}}  // namespace emu\n")
        return report, len(rows), len(self.funcs)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    if len(sys.argv) < 4: sys.exit(__doc__)
    for p in ("tinygrad", "tinygrad.runtime", "tinygrad.runtime.autogen"):     # without running the packages' own __init__
        m = types.ModuleType(p); m.__path__ = [sys.argv[1] + "/" + p.replace(".", "/")]; sys.modules[p] = m
    report, n, k = Arch(sys.argv[2]).write(sys.argv[3])
    print(f"{sys.argv[2]}: {n} instructions, {k} functions, {len(report)} without one")
    if len(sys.argv) > 4: print("\n".join(f"  {a}: {b}" for a, b in sorted(report.items(), key=lambda x: (x[1], x[0]))))
