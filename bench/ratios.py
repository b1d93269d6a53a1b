#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints the results of Google Benchmark as one table: ours, the rival, their ratio, our rate, the bar.

Benchmarks are named group/side[/variant] (see bench.hpp). The table compares the medians of the repetitions. If a group has several
rivals, it takes the fastest. A ratio is the rival's time divided by ours: above 1, ours is faster.
"""
import argparse
import json
import os
import re
import statistics
import sys

# The bar of a group: "ratio" is the smallest ratio, "time" the largest time in seconds, "cost" the largest multiple of the rival's time.
BARS = [
    (r"(copy|triad) of ", "ratio", 0.98),
    (r"launch, ", "ratio", 0.97),
    (r"graph of 1000 kernels, (queued|done)", "ratio", 0.98),
    (r"(transform|for_each) on the host, ", "ratio", 0.95),
    (r"tensor on the host, ", "ratio", 0.67),
    (r"barrier per lane and wait, ", "time", 30e-9),
    (r"wave (reduce|shuffle) per lane, ", "time", 60e-9),
    (r"cycles of (wave|block) (reduce|scan|inclusive scan)", "ratio", 1.0),
    (r"cycles of block sort", "ratio", 0.95),
    (r"2\^28 .* to ", "ratio", 0.97),
    (r"tensor .* to .*( 16384x112x8x8| scaled )", "ratio", 0.90),  # small matrices; three channels
    (r"tensor .* to ", "ratio", 0.95),
    (r"tensor matrix transposed", "ratio", 0.95),
    (r"level basic of ", "cost", 2),
    (r"level full of ", "cost", 25),
    (r"compile time that .* adds", "time", 1.0),
    (r"gemm half by mma.sync 8192x8192x8192", "ratio", 0.60),
    (r"gemm (half|bfloat16) 8192x8192x8192", "ratio", 0.90),
    (r"gemm half 16384x(1024|1536|3072)x1024", "ratio", 0.95),
    (r"gemm half 16384x768x768", "ratio", 0.95),
    (r"gemm half 16384x256x256", "ratio", 1.2),
    (r"gemm half 8192x1858x2048", "ratio", 2.0),
    (r"gemm half 8192 of 64x64x64", "ratio", 1.05),
    (r"gemm half 36 of 2048x384x384", "ratio", 1.1),
    (r"gemm fp8_e4m3 8192x8192x8192", "ratio", 0.85),
    (r"convolution 3x3 half 1024x64x8x8", "ratio", 1.5),
    (r"convolution 3x3 half 1024x128x8x8", "ratio", 1.0),
    (r"convolution 3x3 half 1024x(256|384|512)x8x8", "ratio", 0.9),
    (r"attention half 256x32x64x32 with bias", "ratio", 3.5),
    (r"attention half 256x32x64x32", "ratio", 3.0),
    (r"attention half 16x16x", "ratio", 0.9),
    (r"layer norm half (fused )?1048576x64", "ratio", 10),
    (r"layer norm half (fused )?65536x(768|1024)", "ratio", 2),
]
# Algorithms on whole arrays: the smallest ratios up to 2^20 elements, and above.
for name, small, large in [
    (r"(reduce|reduce_min|argmin)_float", 2.0, 1.0),
    (r"(in|ex)clusive_scan_(float|int32|double)", 1.4, 1.2),
    (r"inclusive_scan_int8", 1.4, 2.5),
    (r"copy_if_half", 1.3, 1.25),
    (r"(partition_half|unique_runs_of_8|reduce_by_key_runs_of_8)", 1.3, 1.3),
    (r"run_length_encode_8", 1.3, 1.4),
    (r"scan_by_key_runs_of_8", 1.3, 1.1),
    (r"histogram_bytes_(random|equal)", 1.3, 1.5),
    (r"radix_sort_(uint32|float_descending|pairs_uint32)", 1.3, 1.0),
    (r"merge_sort_uint32", 1.1, 1.1),
    (r"segmented_sum_32", 20, 20),
    (r"segmented_sum_1024", 1.9, 1.9),
    (r"segmented_sum_65536", 1.0, 1.0),
    (r"segmented_sort_64", 1.5, 1.5),
    (r"segmented_sort_4096", 1.1, 1.1),
    (r"top_k_64_uint32", 1.5, 4),
]:
    BARS += [(name + r"_2\^(12|16|20)$", "ratio", small), (name + r"_2\^(24|28)$", "ratio", large)]
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


class Result:
    def __init__(self, variant, seconds, bytes_moved=None, operations=None, in_cycles=False):
        self.variant = variant
        self.in_cycles = in_cycles
        self.seconds = seconds
        self.bytes_moved = bytes_moved
        self.operations = operations

    def rate(self):
        if self.operations is not None:
            return f"{self.operations / self.seconds * 1e-12:.4g} TFLOP/s"
        return "" if self.bytes_moved is None else f"{self.bytes_moved / self.seconds * 1e-9:.4g} GB/s"

    def __str__(self):
        if self.in_cycles:  # a cycle is stored as a nanosecond
            return f"{self.seconds * 1e9:.1f}"
        for unit in ("s", "ms", "us", "ns"):
            if abs(self.seconds) >= SECONDS[unit] or unit == "ns":
                return f"{self.seconds / SECONDS[unit]:.3g} {unit}"


def read(paths, statistic):
    """Returns {group: {side: [Result]}} in the order of registration, and the errors."""
    repetitions, errors = {}, []
    for path in paths:
        if not os.path.exists(path):
            continue  # its backend had no device
        with open(path) as file:
            content = json.load(file)
        context = content.get("context", {})
        if "device" in context:
            print(f"{context['backend']}: {context['device']}")
        for entry in sorted(content["benchmarks"], key=lambda e: e.get("family_index", 0)):
            if entry.get("error_occurred"):
                errors.append(f"{entry['name']}: {entry['error_message']}")
            elif entry.get("run_type", "iteration") == "iteration":
                # Google Benchmark appends its settings to the name.
                name = re.sub(r"(/(iterations|repeats):\d+|/manual_time)+$", "", entry["name"])
                seconds = entry["real_time"] * SECONDS[entry["time_unit"]]
                moved = entry["GB/s"] * 1e9 * seconds if "GB/s" in entry else None
                operations = entry["TFLOP/s"] * 1e12 * seconds if "TFLOP/s" in entry else None
                repetitions.setdefault(name, ([], moved, operations))[0].append(seconds)
    groups = {}
    for name, (times, moved, operations) in repetitions.items():
        group, side, *variant = name.split("/", 2)
        result = Result("".join(variant), statistic(times), moved, operations, group.startswith("cycles of "))
        groups.setdefault(group, {}).setdefault(side, []).append(result)
    return groups, errors


def rows(groups):
    for group, sides in groups.items():
        bar = next(((kind, value) for pattern, kind, value in BARS if re.match(pattern, group)), None)
        for ours in sides.get("crosslane", []):
            rivals = sides.get("rival", [])
            rival = min(rivals, key=lambda r: r.seconds) if rivals else None
            ratio = rival.seconds / ours.seconds if rival else None
            limit = verdict = ""
            if bar and bar[0] == "time":
                limit = Result("", bar[1])
                verdict = "reached" if ours.seconds <= bar[1] else "MISSED"
            elif bar and bar[0] == "cost" and ratio is not None:
                limit = f"1/{bar[1]}"
                verdict = "reached" if ratio * bar[1] >= 1 else "MISSED"
            elif bar and ratio is not None:
                limit = f"{bar[1]:.2f}"
                verdict = "reached" if round(ratio, 2) >= bar[1] else "MISSED"  # further digits are noise
            yield [f"{group}, {ours.variant}" if ours.variant else group, str(ours), str(rival or ""), f"{ratio:.3f}" if ratio is not None else "", ours.rate(), str(limit), verdict, rival.variant if rival else ""]
            for other in sides.get("other", []):
                yield [f"  {other.variant}", "", str(other), f"{other.seconds / ours.seconds:.3f}", other.rate(), "", "", ""]


def cycles(groups):
    """Yields Markdown of the groups "cycles of <what>, <type>[, <size>], <alone or full>". Each size has a column. The fastest variants count."""
    table = {}
    for group, sides in groups.items():
        match = re.fullmatch(r"cycles of ([^,]+), ([^,]+)(?:, (.+))?, (alone|full)", group)
        if match and "crosslane" in sides and "rival" in sides:
            what, kind, size, mode = match.groups()
            ours, rival = (min(sides[side], key=lambda r: r.seconds).seconds for side in ("crosslane", "rival"))
            cell = f"{ours * 1e9:.0f} ({rival / ours:.2f})"
            table.setdefault(what, {}).setdefault((kind, mode), {})[size or "cycles (ratio)"] = cell
    for what, lines in table.items():
        sizes = list(dict.fromkeys(size for cells in lines.values() for size in cells))
        yield f"| {what} | " + " | ".join(sizes) + " |"
        yield "|---" * (len(sizes) + 1) + "|"
        for mode in ("alone", "full"):
            for (kind, its_mode), cells in lines.items():
                if its_mode == mode:
                    yield f"| {kind}, {mode} | " + " | ".join(cells.get(size, "") for size in sizes) + " |"
        yield ""


def by_size(groups):
    """Yields Markdown of the groups "<what>_2^<logarithm of the number of elements>". Each size has a column. The fastest rivals count."""
    table = {}
    for group, sides in groups.items():
        match = re.fullmatch(r"(.+)_2\^(\d+)", group)
        if match and "crosslane" in sides and "rival" in sides:
            ours, rival = (min(sides[side], key=lambda r: r.seconds) for side in ("crosslane", "rival"))
            table.setdefault(match[1].replace("_", " "), {})[int(match[2])] = f"{ours} ({rival.seconds / ours.seconds:.2f})"
    sizes = sorted({size for cells in table.values() for size in cells})
    yield "| | " + " | ".join(f"2^{size}" for size in sizes) + " |"
    yield "|---" * (len(sizes) + 1) + "|"
    for what, cells in table.items():
        yield f"| {what} | " + " | ".join(cells.get(size, "") for size in sizes) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--best", action="store_true", help="compare the fastest repetitions: for a machine that does other work")
    parser.add_argument("--cycles", action="store_true", help="print the operations of waves and blocks alone, as Markdown")
    parser.add_argument("--by-size", action="store_true", help="print the algorithms on whole arrays alone, as Markdown")
    parser.add_argument("results", nargs="+", help="JSON files of Google Benchmark; those that do not exist are passed over")
    arguments = parser.parse_args()

    groups, errors = read(arguments.results, min if arguments.best else statistics.median)
    if arguments.cycles:
        print("\n".join(cycles(groups)))
        return 0
    if arguments.by_size:
        print("\n".join(by_size(groups)))
        return 0
    table = [["", "ours", "rival", "ratio", "rate", "bar", "", "the fastest rival"], *rows(groups)]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        aligned = [cell.rjust(width) if 1 <= i <= 5 else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(aligned).rstrip())
    for error in dict.fromkeys(errors):
        print(f"error: {error}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
