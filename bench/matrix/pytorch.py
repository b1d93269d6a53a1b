#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures PyTorch's attention, layer norm and convolutions: the rivals of bench_matrix.cuda that no C++ program has.

It prints its results, and writes them as Google Benchmark does, for bench/ratios.py. Calls are replayed as a CUDA graph of about 3 ms. Each
figure is a repetition of three replays; repetitions of all calls run in random order. Operands are random. If there is no PyTorch or no
GPU, it says so and writes nothing.
"""
import argparse
import json
import random
import statistics
import sys
import warnings

REPETITIONS = 9

try:
    import torch
    from torch.nn import functional
    from torch.nn.attention import SDPBackend, sdpa_kernel
except ImportError:
    torch = None


class Call:
    """A function as a graph of calls, which take sets of operands in turn."""

    def __init__(self, name, function, sets, bytes_moved=0, operations=0):
        self.name, self.bytes_moved, self.operations, self.times = name, bytes_moved, operations, []
        estimate = max(operations / 700e12, bytes_moved / 4e12)
        self.calls = (int(min(200, max(2, 3e-3 / estimate))) // len(sets) + 1) * len(sets)
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):  # chooses algorithms and compiles
            for operands in sets[:3] * 3:
                function(*operands)
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=stream):
            for i in range(self.calls):
                function(*sets[i % len(sets)])
        self.sets = sets  # which the graph uses

    def measure(self):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        self.graph.replay()
        begin.record()
        for _ in range(3):
            self.graph.replay()
        end.record()
        end.synchronize()
        self.times.append(begin.elapsed_time(end) * 1e3 / (3 * self.calls))

    def results(self):
        for i, time in enumerate(self.times):
            entry = {"name": self.name, "run_name": self.name, "run_type": "iteration", "repetitions": len(self.times),
                     "repetition_index": i, "iterations": self.calls, "real_time": time, "cpu_time": time, "time_unit": "us"}
            if self.bytes_moved:
                entry["GB/s"] = self.bytes_moved / time * 1e-3
            if self.operations:
                entry["TFLOP/s"] = self.operations / time * 1e-6
            yield entry


def require_close(what, got, expected, tolerance):
    error = (got.double() - expected).abs().max().item()
    if not error <= tolerance:
        raise RuntimeError(f"{what}: the largest error is {error}")


def attention(add):
    for sequences, heads, positions, channels, with_bias in ((256, 32, 64, 32, False), (256, 32, 64, 32, True),
                                                             (16, 16, 2048, 64, False), (16, 16, 4096, 128, False)):
        shape = (sequences, heads, positions, channels)
        q, k, v = (torch.randn(shape, device="cuda", dtype=torch.half) for _ in range(3))
        bias = torch.rand((sequences, heads, positions, positions), device="cuda", dtype=torch.half) * 2 - 1 if with_bias else None
        scores = q[-1, -1].double() @ k[-1, -1].double().T / channels**0.5 + (bias[-1, -1].double() if with_bias else 0)
        expected = scores.softmax(-1) @ v[-1, -1].double()
        group = "attention half " + "x".join(map(str, shape)) + (" with bias" if with_bias else "")
        amount = sequences * heads * positions
        cost = ({"bytes_moved": amount * (8 * channels + (2 * positions if with_bias else 0))} if positions <= 64
                else {"operations": 4.0 * amount * positions * channels})

        def call(a, b, c, d=bias):
            return functional.scaled_dot_product_attention(a, b, c, attn_mask=d)

        require_close(group, call(q, k, v)[-1, -1], expected, 0.01)
        add(f"{group}/rival/PyTorch {torch.__version__}", call, [(q, k, v)], **cost)
        for backend in (SDPBackend.FLASH_ATTENTION, SDPBackend.CUDNN_ATTENTION, SDPBackend.EFFICIENT_ATTENTION):
            def with_backend(a, b, c, chosen=backend, of=call):
                with sdpa_kernel(chosen):
                    return of(a, b, c)

            try:
                require_close(group, with_backend(q, k, v)[-1, -1], expected, 0.01)
            except RuntimeError as error:
                print(f"{group}, {backend.name}: {str(error).splitlines()[0]}", file=sys.stderr)
                continue
            add(f"{group}/other/PyTorch {torch.__version__} {backend.name}", with_backend, [(q, k, v)], **cost)


def layer_norm(add, compiled):
    def plain(x, _skip, _bias, gamma, beta):
        return functional.layer_norm(x, (x.shape[1],), gamma, beta)

    def fused(x, skip, bias, gamma, beta):
        return functional.layer_norm(functional.relu(x + bias) * 0.5 + skip, (x.shape[1],), gamma, beta)

    for rows, columns in ((1 << 20, 64), (65536, 768), (65536, 1024)):
        x, skip = (torch.rand((rows, columns), device="cuda", dtype=torch.half) * 2 - 1 for _ in range(2))
        operands = (x, skip, *(torch.rand(columns, device="cuda", dtype=torch.half) * 2 - 1 for _ in range(3)))
        for function, name, passes in ((plain, "", 2), (fused, "fused ", 3)):
            group = f"layer norm half {name}{rows}x{columns}"
            some = [t[-100:].double() if t.dim() == 2 else t.double() for t in operands]
            require_close(group, function(*operands)[-100:], function(*some), 0.02)
            add(f"{group}/rival/PyTorch {torch.__version__}", function, [operands], bytes_moved=passes * x.nbytes)
            if compiled:
                one = torch.compile(function, dynamic=False)
                add(f"{group}/other/PyTorch {torch.__version__} compiled", one, [operands], bytes_moved=passes * x.nbytes)


def convolutions(add):
    torch.backends.cudnn.benchmark = True
    for channels in (64, 128, 256, 384, 512):
        one = 2.0 * (2 * 1024 * 64 * channels + 9 * channels * channels)
        for in_cache in (False, True) if channels <= 128 else (False,):
            sets = []
            for _ in range(1 if in_cache else min(16, int(160e6 / one) + 1)):
                x = torch.rand(1024, channels, 8, 8, device="cuda") * 2 - 1
                w = torch.rand(channels, channels, 3, 3, device="cuda") * 2 - 1
                sets.append([t.half().to(memory_format=torch.channels_last) for t in (x, w)])
            group = f"convolution 3x3 half 1024x{channels}x8x8" + (" in the cache" if in_cache else "")
            x, w = sets[0]

            def call(a, b):
                return functional.conv2d(a, b, padding=1)

            expected = functional.conv2d(x[-2:].double(), w.double(), padding=1)
            require_close(group, call(x, w)[-2:], expected, 0.002 * expected.abs().max().item())
            add(f"{group}/rival/PyTorch {torch.__version__}, cuDNN", call, sets, operations=18.0 * 1024 * 64 * channels**2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="the JSON file")
    parser.add_argument("--compiled", action="store_true", help="also measure layer norm compiled by torch.compile, which takes a minute")
    arguments = parser.parse_args()
    if torch is None or not torch.cuda.is_available():
        print("no PyTorch with a GPU: its rows are left out")
        return

    warnings.simplefilter("ignore")
    torch.manual_seed(1)
    calls = []

    def add(name, function, sets, **cost):
        try:
            calls.append(Call(name, function, sets, **cost))
        except RuntimeError as error:
            print(f"{name}: {str(error).splitlines()[0]}", file=sys.stderr)
            torch.cuda.synchronize()

    with torch.no_grad():
        attention(add)
        layer_norm(add, arguments.compiled)
        convolutions(add)
    order = calls * REPETITIONS
    random.Random(1).shuffle(order)
    for call in order:
        call.measure()
    for call in calls:
        print(f"{call.name}: {statistics.median(call.times):.4g} us", flush=True)
    with open(arguments.out, "w") as file:
        context = {"executable": "pytorch.py", "backend": f"PyTorch {torch.__version__}", "device": torch.cuda.get_device_name()}
        json.dump({"context": context, "benchmarks": [entry for call in calls for entry in call.results()]}, file, indent=1)


if __name__ == "__main__":
    main()
