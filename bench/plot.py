#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws the throughput of the algorithms on whole arrays over the number of elements, ours and the fastest rival's, as an SVG file.

It needs matplotlib (Debian: python3-matplotlib). The results are those that bench.cuda writes by --benchmark_out.
"""
import argparse
import re
import statistics

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "crosslane"
from matplotlib import pyplot  # noqa: E402  the backend comes first

from ratios import read  # noqa: E402

COLUMNS = 5


def curves(groups):
    """Returns {algorithm: {side: [(logarithm, GB/s)]}}."""
    result = {}
    for group, sides in groups.items():
        match = re.fullmatch(r"(.+)_2\^(\d+)", group)
        if not match or "crosslane" not in sides or "rival" not in sides:
            continue
        for side in ("crosslane", "rival"):
            best = min(sides[side], key=lambda r: r.seconds)
            result.setdefault(match[1], {}).setdefault(side, []).append((int(match[2]), best.bytes_moved / best.seconds * 1e-9))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="the SVG file")
    parser.add_argument("results", nargs="+", help="JSON files of Google Benchmark")
    arguments = parser.parse_args()

    panels = curves(read(arguments.results, statistics.median)[0])
    lines = (len(panels) + COLUMNS - 1) // COLUMNS
    figure, axes = pyplot.subplots(lines, COLUMNS, figsize=(2.6 * COLUMNS, 2.1 * lines), sharex=True, layout="constrained")
    for axis in axes.flat[len(panels):]:
        axis.set_visible(False)
    for axis, (name, sides) in zip(axes.flat, panels.items()):
        for side, label, style in (("crosslane", "Crosslane", "o-"), ("rival", "CUB", "s--")):
            axis.plot(*zip(*sorted(sides[side])), style, label=label, markersize=3, linewidth=1.4)
        axis.set_title(name.replace("_", " "), fontsize=9)
        axis.set_yscale("log")
        axis.set_xticks([12, 16, 20, 24, 28], [f"$2^{{{log}}}$" for log in (12, 16, 20, 24, 28)])
        axis.tick_params(labelsize=7)
        axis.grid(alpha=0.3)
    axes.flat[0].legend(fontsize=7)
    figure.supxlabel("elements", fontsize=9)
    figure.supylabel("GB/s (read and written)", fontsize=9)
    figure.savefig(arguments.out, metadata={"Date": None})


if __name__ == "__main__":
    main()
