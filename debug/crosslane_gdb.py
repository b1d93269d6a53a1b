# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pretty printers for GDB. They print spans, buffers, tensors, vecs, half and the other small floats, and lane masks as values.

Run `source crosslane_gdb.py` in GDB, or put the line into ~/.gdbinit.
"""
import os
import sys

import gdb
import gdb.printing

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crosslane_values  # noqa: E402


def number(type_, position):
    return int(type_.template_argument(position))


class Elements:
    """The elements of a pointer and a count. `unreadable` is the reason why the host cannot read them, or empty."""

    def __init__(self, data, size, unreadable=""):
        self.data, self.size, self.unreadable = data, size, unreadable

    def to_string(self):
        return crosslane_values.elements_text(self.size) + self.unreadable

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


def find_extents(value):
    """The member of a layout, or of a layout in it, that is its extents."""
    for field in value.type.strip_typedefs().fields():
        if hasattr(field, "bitpos") and field.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
            member = value[field]
            if str(field.type.strip_typedefs()).startswith("crosslane::extents<"):
                return member
            if (found := find_extents(member)) is not None:
                return found
    return None


def extents_text(layout):
    """The extents of a layout and a space, or nothing if it has none as a member."""
    extents = find_extents(layout)
    if extents is None:
        return ""
    numbers = extents["dynamic_"]
    count = numbers.type.strip_typedefs().template_argument(1)
    dynamic = [int(numbers["value"][i]) for i in range(int(count))]
    return crosslane_values.extents_text(crosslane_values.extents_of(str(extents.type.strip_typedefs()), dynamic))


class Tensor:
    """The extents, and the elements in the order of the memory, gaps included."""

    def __init__(self, value):
        self.text = extents_text(value["layout_"])
        self.memory = buffer(value["memory_"])

    def to_string(self):
        return f"{self.text}, {self.memory.to_string()}"

    def children(self):
        return self.memory.children()

    def display_hint(self):
        return "array"


class TensorView:
    """The extents and the address. Which elements belong to a view is the layout's matter."""

    def __init__(self, value):
        self.text = f"{extents_text(value['layout_'])} at {value['data_'].format_string(symbols=False)}"

    def to_string(self):
        return self.text


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
        self.text = crosslane_values.small_float_text(
            int(value["bits_"]), 8 * value["bits_"].type.sizeof, *(number(format_, i) for i in (1, 2, 3)), str(format_.template_argument(4))
        )

    def to_string(self):
        return self.text


class LaneMask:
    def __init__(self, value):
        self.text = crosslane_values.lanes_text(int(value["bits_"]), number(value.type.strip_typedefs(), 0))

    def to_string(self):
        return self.text


def printers():
    collection = gdb.printing.RegexpCollectionPrettyPrinter("crosslane")
    for name, printer in (
        ("span", span),
        ("basic_buffer", buffer),
        ("basic_tensor", Tensor),
        ("tensor_view", TensorView),
        ("vec", Vec),
        ("small_float", SmallFloat),
        ("lane_mask", LaneMask),
    ):
        # The inline namespace of the configuration may stand between the two names.
        collection.add_printer(name, rf"^crosslane::(\w+::)?{name}<.*>$", printer)
    return collection


gdb.printing.register_pretty_printer(None, printers(), replace=True)
