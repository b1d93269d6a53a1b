# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pretty printers for GDB. They print spans, buffers, vecs, half and the other small floats, and lane masks as values.

Run `source crosslane_gdb.py` in GDB, or put the line into ~/.gdbinit.
"""
import re

import gdb
import gdb.printing


def number(type_, position):
    return int(type_.template_argument(position))


class Elements:
    """The elements of a pointer and a count. `unreadable` is the reason why the host cannot read them, or empty."""

    def __init__(self, data, size, unreadable=""):
        self.data, self.size, self.unreadable = data, size, unreadable

    def to_string(self):
        return f"{self.size} element{'' if self.size == 1 else 's'}{self.unreadable}"

    def children(self):
        if not self.unreadable:
            for i in range(self.size):
                yield f"[{i}]", (self.data + i).dereference()

    def display_hint(self):
        return "array"


def span(value):
    return Elements(value["data_"], int(value["size_"]))


def buffer(value):
    type_ = value.type.strip_typedefs()
    on_gpu = str(type_.template_argument(1)).endswith("device") and str(type_.template_argument(2)) != "crosslane::host"
    return Elements(value["data_"], int(value["size_"]), f" at {value['data_'].format_string(symbols=False)} of a GPU" if on_gpu else "")


class Vec:
    def __init__(self, value):
        self.data = value["data"]
        self.size = number(value.type.strip_typedefs(), 1)

    def to_string(self):
        return None

    def children(self):
        return ((f"[{i}]", self.data[i]) for i in range(self.size))

    def display_hint(self):
        return "array"


class SmallFloat:
    def __init__(self, value):
        format_ = value.type.strip_typedefs().template_argument(0).fields()[0].type.strip_typedefs()  # its base class, float_format
        self.bits = int(value["bits_"])
        self.width = 8 * value["bits_"].type.sizeof
        self.exponent, self.mantissa, self.bias = (number(format_, i) for i in (1, 2, 3))
        self.special = str(format_.template_argument(4))

    def to_string(self):
        bits = self.bits
        sign = bits >> (self.width - 1)
        exponent = bits >> self.mantissa & ((1 << self.exponent) - 1)
        fraction = bits & ((1 << self.mantissa) - 1)
        largest = (1 << self.exponent) - 1
        if "fnuz" in self.special:
            is_nan, is_infinity = bits == 1 << (self.width - 1), False
        elif "one_nan" in self.special:
            is_nan, is_infinity = exponent == largest and fraction == (1 << self.mantissa) - 1, False
        else:
            is_nan, is_infinity = exponent == largest and fraction != 0, exponent == largest and fraction == 0
        if is_nan:
            return "nan"
        if is_infinity:
            return "-inf" if sign else "inf"
        if exponent == 0:
            magnitude = fraction * 2.0 ** (1 - self.bias - self.mantissa)
        else:
            magnitude = ((1 << self.mantissa) + fraction) * 2.0 ** (exponent - self.bias - self.mantissa)
        return f"{-magnitude if sign else magnitude:.{5 if self.width == 16 else 3}g}"


class LaneMask:
    """The set lanes. Adjacent lanes are printed as ranges."""

    def __init__(self, value):
        self.bits = int(value["bits_"])
        self.width = number(value.type.strip_typedefs(), 0)

    def to_string(self):
        lanes = "".join("1" if self.bits >> i & 1 else "0" for i in range(self.width))
        ranges = [(m.start(), m.end() - 1) for m in re.finditer("1+", lanes)]
        text = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)
        return f"lanes {text} of {self.width}" if text else f"no lane of {self.width}"


def printers():
    collection = gdb.printing.RegexpCollectionPrettyPrinter("crosslane")
    for name, printer in (
        ("span", span),
        ("basic_buffer", buffer),
        ("vec", Vec),
        ("small_float", SmallFloat),
        ("lane_mask", LaneMask),
    ):
        # The inline namespace of the configuration may stand between the two names.
        collection.add_printer(name, rf"^crosslane::(\w+::)?{name}<.*>$", printer)
    return collection


gdb.printing.register_pretty_printer(None, printers(), replace=True)
