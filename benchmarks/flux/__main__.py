"""Seconds a picture, steps a second, share of the chip's peak and memory: eager diffusers and each preset, side by side.

    python -m benchmarks.flux [--device cuda] [--architecture full|custom|tiny] [--presets exact balanced fast] [--json OUT.json]

The weights are random and the prompt's embeddings are too, so no checkpoint is needed: time does not depend on their values, with
one exception. How many steps ``fast`` extrapolates depends on how much the model's answers change from step to step, and a
random model's change is not a trained one's: its row shows what the code does, not what users gain.

Every way makes whole pictures (encode the input, denoise, decode) in turns, in one run; medians. Copies of the weights lie on the
device at once: at the full size 24 GB for diffusers and ``exact`` together, 24 GB for ``balanced``, and 12 GB for ``fast`` in
float8. The share of the peak counts the transformer's operations alone.

Compiling takes minutes on a processor. With ``TORCH_COMPILE_DISABLE=1`` the presets run without it, and their rows say so;
``--presets exact`` leaves them out.

On every machine two rows of the tiny model on the processor follow: our loop beside diffusers' pipeline, in processor seconds,
and eight mixed requests that share passes beside the same ones one after another.
"""

import argparse
import json
import logging
import platform
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.flux.architectures import ARCHITECTURES, Architecture, pass_flops
from benchmarks.flux.chips import Peak, find_peak
from benchmarks.flux.measure import Timing, Way, make_ways, run_interleaved
from benchmarks.flux.tiny_rows import compare_batching, compare_loop
from retouch.engines.flux.options import Preset

FULL_BYTES = 40e9
"""Of a card that gets the full architecture by default: one copy of the weights, the VAE and a pass."""
DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
FLOORS = "For reference, the time that the arithmetic alone takes on one H100 at its peak: 4.68 s in bfloat16, 2.34 s in float8."


def main() -> int:
    options = _parse()
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    architecture = _choose_architecture(options, device)
    dtype = DTYPES[options.precision or ("bfloat16" if device.type == "cuda" else "float32")]
    width, height = (int(side) for side in options.size.split("x"))
    tokens = options.text_tokens + 2 * (width // 16) * (height // 16)
    flops = options.steps * pass_flops(architecture, tokens)
    peak = find_peak(device, dtype, options.peak)
    presets = tuple(Preset(name) for name in options.presets)
    print(
        f"{_describe(device)}, {dtype}, {architecture}, {options.size}, {options.steps} steps: {flops / 1e12:.3g} TFLOP a picture"
    )
    print(f"peak {peak.flops / 1e12:.4g} TFLOP/s ({peak.source})")

    ways = make_ways(
        architecture,
        presets,
        device=str(device),
        dtype=dtype,
        size_wh=(width, height),
        steps=options.steps,
        text_tokens=options.text_tokens,
    )
    timings = run_interleaved({name: way.make for name, way in ways.items()}, options.repeats)
    rows = [_row(name, ways[name], timing, flops, options.steps, peak) for name, timing in timings.items()]
    _print_table(rows, timings)
    report: dict[str, Any] = {"device": _describe(device), "peak": asdict(peak), "rows": rows}
    report["process_peak_bytes"] = _process_peak_bytes()
    if not options.skip_tiny:
        report["loop"] = _print_loop(options.tiny_repeats)
        report["batching"] = _print_batching()
    print(FLOORS)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2))
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flux", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--device", help='such as "cuda" or "cpu"; the card where there is one')
    parser.add_argument("--architecture", choices=["full", "custom", "tiny"], help="full where the card holds it")
    parser.add_argument("--layers", default="4,8", help="double and single blocks of the custom architecture")
    parser.add_argument("--heads", type=int, default=24, help="of the custom architecture, 128 wide each")
    parser.add_argument(
        "--presets", nargs="*", choices=[each.value for each in Preset], default=["exact", "balanced", "fast"]
    )
    parser.add_argument("--precision", choices=list(DTYPES))
    parser.add_argument("--size", default=None, help="of the answer, as 1024x1024")
    parser.add_argument("--steps", type=int, default=28)
    parser.add_argument("--text-tokens", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tiny-repeats", type=int, default=30, help="of the row that compares loops")
    parser.add_argument("--skip-tiny", action="store_true", help="leave the rows of the tiny model out")
    parser.add_argument("--peak", type=float, help="the chip's peak in TFLOP/s, where no datasheet is known")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.size is None:
        options.size = "1024x1024" if torch.cuda.is_available() and options.device != "cpu" else "128x128"
    return options


def _choose_architecture(options: argparse.Namespace, device: torch.device) -> Architecture:
    name = options.architecture
    if name is None:
        is_large = device.type == "cuda" and torch.cuda.mem_get_info(device)[0] >= FULL_BYTES
        name = "full" if is_large else "custom" if device.type == "cuda" else "tiny"
    if name == "custom":
        double, single = (int(count) for count in options.layers.split(","))
        return Architecture(double, single, options.heads)
    return ARCHITECTURES[name]


def _describe(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}"
    return f"{platform.machine()} processor, {torch.get_num_threads()} threads, torch {torch.__version__}"


def _row(name: str, way: Way, timing: Timing, flops: float, steps: int, peak: Peak) -> dict[str, Any]:
    return {
        "name": name,
        "seconds": timing.wall,
        "cpu_seconds": timing.cpu,
        "steps_a_second": steps / timing.wall,
        "share_of_peak": flops / timing.wall / peak.flops,
        "weight_bytes": way.weight_bytes,
        "peak_bytes": None if timing.peak_bytes is None else timing.peak_bytes + way.weight_bytes,
        "notes": way.notes,
    }


def _print_table(rows: list[dict[str, Any]], timings: dict[str, Timing]) -> None:
    first = next(iter(timings.values()))
    print("\n| way | s a picture | steps/s | share of peak | x diffusers | CPU s | peak memory |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        memory = "-" if row["peak_bytes"] is None else f"{row['peak_bytes'] / 1e9:.1f} GB"
        print(
            f"| {row['name']} | {row['seconds']:.3g} | {row['steps_a_second']:.3g} | {row['share_of_peak']:.1%} | "
            f"{first.wall / row['seconds']:.2f} | {row['cpu_seconds']:.3g} | {memory} |"
        )
    for row in rows:
        for note in row["notes"]:
            print(f"{row['name']}: {note}")
    print(f"peak memory of the process: {_process_peak_bytes() / 1e9:.1f} GB\n")


def _print_loop(repeats: int) -> dict[str, Any]:
    row = compare_loop(repeats)
    print(
        f"tiny model, 8 steps at 64x64, {repeats} pairs: diffusers' pipeline {row.pipeline_seconds:.4f} CPU s, our loop "
        f"{row.loop_seconds:.4f} CPU s, {row.ratio:.3f} times"
    )
    return asdict(row)


def _print_batching() -> dict[str, Any]:
    row = compare_batching()
    print(
        f"tiny model, eight mixed requests, passes of up to 4: {row.passes_together} passes for {row.passes_alone}, "
        f"{row.cpu_seconds_together:.2f} CPU s for {row.cpu_seconds_alone:.2f}, {row.wall_seconds_together:.2f} s for "
        f"{row.wall_seconds_alone:.2f}"
    )
    return asdict(row)


def _process_peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


if __name__ == "__main__":
    sys.exit(main())
