# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Texts of values that the printers for GDB and LLDB share."""
import re


def small_float_text(bits, width, exponent_bits, mantissa_bits, bias, special):
    """The number that `bits` stand for. `special` names the format's special values, as its template argument does."""
    sign = bits >> (width - 1)
    exponent = bits >> mantissa_bits & ((1 << exponent_bits) - 1)
    fraction = bits & ((1 << mantissa_bits) - 1)
    largest = (1 << exponent_bits) - 1
    if "fnuz" in special:
        is_nan, is_infinity = bits == 1 << (width - 1), False
    elif "one_nan" in special:
        is_nan, is_infinity = exponent == largest and fraction == (1 << mantissa_bits) - 1, False
    else:
        is_nan, is_infinity = exponent == largest and fraction != 0, exponent == largest and fraction == 0
    if is_nan:
        return "nan"
    if is_infinity:
        return "-inf" if sign else "inf"
    if exponent == 0:
        magnitude = fraction * 2.0 ** (1 - bias - mantissa_bits)
    else:
        magnitude = ((1 << mantissa_bits) + fraction) * 2.0 ** (exponent - bias - mantissa_bits)
    return f"{-magnitude if sign else magnitude:.{5 if width == 16 else 3}g}"


def lanes_text(bits, width):
    """The set lanes. Adjacent lanes are written as ranges."""
    lanes = "".join("1" if bits >> i & 1 else "0" for i in range(width))
    ranges = [(m.start(), m.end() - 1) for m in re.finditer("1+", lanes)]
    text = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)
    return f"lanes {text} of {width}" if text else f"no lane of {width}"


def split_arguments(name):
    """The template arguments in the name of a type."""
    arguments, depth = [""], 0
    for c in name[name.index("<") + 1 : name.rindex(">")]:
        depth += {"<": 1, ">": -1}.get(c, 0)
        if c == "," and depth == 0:
            arguments.append("")
        else:
            arguments[-1] += c
    return [argument.strip() for argument in arguments]


def extents_of(name, dynamic):
    """The axes and extents of a type `extents<index, dimension...>`, whose extents that are not fixed are given."""
    dynamic = list(dynamic)
    result = []
    for dimension in split_arguments(name)[1:]:
        fixed = split_arguments(dimension) if "<" in dimension else None
        axis = (fixed[0] if fixed else dimension).rsplit("::", 1)[-1]
        result.append((axis, int(fixed[1].rstrip("UuLl")) if fixed else dynamic.pop(0)))
    return result


def extents_text(extents):
    return " x ".join(f"{axis} {size}" for axis, size in extents)


def elements_text(size):
    return f"{size} element{'' if size == 1 else 's'}"
