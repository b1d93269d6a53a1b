# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Formatters for LLDB. They print spans, buffers, tensors, vecs, half and the other small floats, and lane masks as values.

Run `command script import crosslane_lldb.py` in LLDB, or put the line into ~/.lldbinit.
"""
import os
import sys

import lldb

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import crosslane_values  # noqa: E402


def template_arguments(type_):
    """The texts of a type's template arguments. LLDB cannot give numbers in all versions, so they are read from the type's name."""
    return crosslane_values.split_arguments(type_.GetCanonicalType().GetUnqualifiedType().GetName())


def number(text):
    return int(text.rstrip("UuLl"))


class Children:
    """Children that are called [0], [1] ... by their positions."""

    def __init__(self, value, _):
        self.value = value
        self.update()

    def has_children(self):
        return self.num_children() > 0

    def get_child_index(self, name):
        return int(name.strip("[]"))


class Elements(Children):
    """The elements of a pointer `data_` and a count `size_`, or none if only a GPU can read them."""

    def update(self):
        self.data = self.value.GetChildMemberWithName("data_")
        self.size = 0 if on_gpu(self.value) else self.value.GetChildMemberWithName("size_").GetValueAsUnsigned()
        return False

    def num_children(self):
        return self.size

    def get_child_at_index(self, i):
        type_ = self.data.GetType().GetPointeeType()
        return self.value.CreateValueFromAddress(f"[{i}]", self.data.GetValueAsUnsigned() + i * type_.GetByteSize(), type_)


class Vec(Children):
    """The elements of a vec."""

    def update(self):
        type_ = self.value.GetType().GetCanonicalType().GetUnqualifiedType()
        self.element = type_.GetTemplateArgumentType(0)
        self.size = number(template_arguments(type_)[1])
        return False

    def num_children(self):
        return self.size

    def get_child_at_index(self, i):
        return self.value.CreateChildAtOffset(f"[{i}]", i * self.element.GetByteSize(), self.element)


def on_gpu(value):
    name = value.GetType().GetCanonicalType().GetName()
    return "basic_buffer<" in name and "crosslane::host" not in name and "device" in name


def elements_summary(value, _):
    raw = value.GetNonSyntheticValue()
    text = crosslane_values.elements_text(raw.GetChildMemberWithName("size_").GetValueAsUnsigned())
    if on_gpu(raw):
        text += f" at {raw.GetChildMemberWithName('data_').GetValueAsUnsigned():#x} of a GPU"
    return text


def find_extents(value):
    """The member of a layout, or of a layout in it, that is its extents."""
    for i in range(value.GetNumChildren()):
        member = value.GetChildAtIndex(i)
        if member.GetType().GetCanonicalType().GetName().startswith("crosslane::extents<"):
            return member
        if member.GetType().GetTypeClass() & (lldb.eTypeClassClass | lldb.eTypeClassStruct):
            found = find_extents(member)
            if found is not None:
                return found
    return None


def extents_text(layout):
    extents = find_extents(layout)
    if extents is None:
        return ""
    numbers = extents.GetChildMemberWithName("dynamic_").GetChildMemberWithName("value")
    dynamic = [numbers.GetChildAtIndex(i).GetValueAsUnsigned() for i in range(numbers.GetNumChildren())]
    return crosslane_values.extents_text(crosslane_values.extents_of(extents.GetType().GetCanonicalType().GetName(), dynamic))


class TensorElements(Elements):
    """The elements of a tensor in the order of the memory, gaps included."""

    def update(self):
        memory = self.value.GetChildMemberWithName("memory_").GetNonSyntheticValue()
        self.data = memory.GetChildMemberWithName("data_")
        self.size = 0 if on_gpu(memory) else memory.GetChildMemberWithName("size_").GetValueAsUnsigned()
        return False


def tensor_summary(value, _):
    raw = value.GetNonSyntheticValue()
    return f"{extents_text(raw.GetChildMemberWithName('layout_'))}, {elements_summary(raw.GetChildMemberWithName('memory_'), _)}"


def view_summary(value, _):
    raw = value.GetNonSyntheticValue()
    data = raw.GetChildMemberWithName("data_").GetValueAsUnsigned()
    return f"{extents_text(raw.GetChildMemberWithName('layout_'))} at {data:#x}"


# The parameters of float_format: bits of the exponent and of the mantissa, bias, special values.
def small_float_summary(value, _):
    raw = value.GetNonSyntheticValue()
    bits = raw.GetChildMemberWithName("bits_")
    format_ = raw.GetType().GetCanonicalType().GetTemplateArgumentType(0).GetDirectBaseClassAtIndex(0).GetType()
    _, exponent_bits, mantissa_bits, bias, special = template_arguments(format_)[:5]
    return crosslane_values.small_float_text(
        bits.GetValueAsUnsigned(), 8 * bits.GetByteSize(), number(exponent_bits), number(mantissa_bits), number(bias), special
    )


def lane_mask_summary(value, _):
    raw = value.GetNonSyntheticValue()
    return crosslane_values.lanes_text(
        raw.GetChildMemberWithName("bits_").GetValueAsUnsigned(), number(template_arguments(raw.GetType())[0])
    )


def __lldb_init_module(debugger, _):
    def add(kind, option, function, name):
        # The inline namespace of the configuration may stand between the two names.
        debugger.HandleCommand(f'type {kind} add -w crosslane {option} {__name__}.{function} -x "^crosslane::(\\w+::)?{name}<.+>$"')

    for name in ("span", "basic_buffer"):
        add("synthetic", "-l", "Elements", name)
        add("summary", "-e -F", "elements_summary", name)
    add("synthetic", "-l", "TensorElements", "basic_tensor")
    add("summary", "-e -F", "tensor_summary", "basic_tensor")
    add("summary", "-F", "view_summary", "tensor_view")
    add("synthetic", "-l", "Vec", "vec")
    add("summary", "-F", "small_float_summary", "small_float")
    add("summary", "-F", "lane_mask_summary", "lane_mask")
    debugger.HandleCommand("type category enable crosslane")
