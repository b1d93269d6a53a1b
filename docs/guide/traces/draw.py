#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""draw.py TRACE.json PICTURE.svg [--from MS] [--to MS]: draws a trace of Crosslane as a picture: a lane for each thread and stream, a bar for
each range, call, launch, copy and fill. Needs matplotlib. Refuses a file that is not in the Trace Event Format."""
import argparse
import collections
import json

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
import matplotlib.pyplot as plt  # noqa: E402

COLOURS = {"range": "#d9d9d9", "call": "#bcbddc", "launch": "#31a354", "copy": "#e6550d", "fill": "#fdae6b", "callback": "#756bb1",
           "wait": "#969696", "prefetch": "#fd8d3c"}
# How high the bars of a kind stand in their lane, ranges above calls.
ROW = {"range": 1}


def bars_of(events):
    """(lane, kind, name, begin, end) in milliseconds; ranges are pairs of B and E, open ones end with the trace."""
    bars, open_ranges, last = [], collections.defaultdict(list), 0.0
    for e in events:
        if e["ph"] == "M":
            continue
        lane, time = (e["pid"], e["tid"]), e["ts"] / 1000
        last = max(last, time + e.get("dur", 0) / 1000)
        if e["ph"] == "X":
            bars.append((lane, e["cat"], e["name"], time, time + e["dur"] / 1000))
        elif e["ph"] == "B":
            open_ranges[lane].append((e["name"], time))
        elif e["ph"] == "E":
            name, begin = open_ranges[lane].pop()
            bars.append((lane, "range", name, begin, time))
    for lane, ranges in open_ranges.items():
        bars += [(lane, "range", name, begin, last) for name, begin in ranges]
    return bars, last


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("trace")
    parser.add_argument("picture")
    parser.add_argument("--from", type=float, default=0.0, dest="first")
    parser.add_argument("--to", type=float)
    options = parser.parse_args()
    with open(options.trace, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    processes = {e["pid"]: e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "process_name"}
    threads = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    bars, last = bars_of(events)
    end = last if options.to is None else options.to
    bars = [b for b in bars if b[4] > options.first and b[3] < end]
    lanes = sorted({b[0] for b in bars})
    figure, axes = plt.subplots(figsize=(13, 1.2 + 1.1 * len(lanes)))
    narrow = (end - options.first) / 130
    for lane, kind, name, begin, stop in sorted(bars, key=lambda b: b[1] != "range"):
        begin, stop = max(begin, options.first), min(stop, end)
        y = -lanes.index(lane) * 1.0 + (0.4 if ROW.get(kind) else 0.0)
        axes.barh(y, stop - begin, left=begin, height=0.36, color=COLOURS.get(kind, "#6baed6"), edgecolor="#ffffff", linewidth=0.3)
        short = name.replace("crosslane::", "").replace("photo::kernels::", "")
        room = int((stop - begin) / narrow)
        if room >= 4:
            text = short if len(short) <= room else short[: room - 1] + "…"
            axes.text((begin + stop) / 2, y, text, ha="center", va="center", fontsize=7, clip_on=True)
    axes.set_yticks([-i + 0.2 for i in range(len(lanes))])
    axes.set_yticklabels([f"{processes.get(pid, '?').split(':')[0]}\n{threads.get((pid, tid), tid)}" for pid, tid in lanes], fontsize=8)
    axes.set_xlim(options.first, end)
    axes.set_ylim(-len(lanes) + 0.5, 0.9)
    axes.set_xlabel("milliseconds")
    kinds = [k for k in COLOURS if any(b[1] == k for b in bars)]
    axes.legend([plt.Rectangle((0, 0), 1, 1, color=COLOURS[k]) for k in kinds], kinds, ncol=len(kinds), loc="lower center", fontsize=8,
                bbox_to_anchor=(0.5, 1.0), frameon=False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False)
    figure.tight_layout()
    matplotlib.rcParams["svg.hashsalt"] = "crosslane"
    figure.savefig(options.picture, metadata={"Date": None})


if __name__ == "__main__":
    main()
