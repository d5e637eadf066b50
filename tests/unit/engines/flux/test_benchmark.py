import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).parents[4]
architectures = runpy.run_path(str(ROOT / "benchmarks" / "flux" / "architectures.py"))


def test_a_pass_of_the_released_model_costs_what_its_architecture_says():
    flops = architectures["pass_flops"](architectures["ARCHITECTURES"]["full"], 4096 + 4096 + 512)

    assert flops == pytest.approx(165.4e12, rel=1e-3)


def test_the_formula_agrees_with_what_torch_counts():
    architecture = architectures["Architecture"](
        2, 3, 4, head_width=32, text_width=16, pooled_width=16, vae_channels=(8, 8, 16, 16)
    )
    model = architectures["build_model"](architecture, device="cpu", dtype=torch.float32)
    embeds = architectures["draw_embeds"](model, architecture, 32)
    grid = (12, 12)
    positions = torch.cat([model.positions(grid), model.positions(grid, plane=1)])
    counter = FlopCounterMode(display=False)

    with counter, sdpa_kernel(SDPBackend.MATH):  # the counter knows no fused attention of processors
        model.predict(torch.zeros(1, len(positions), 64), positions, torch.ones(1), torch.ones(1), embeds)

    counted = architectures["pass_flops"](architecture, 32 + len(positions))
    assert counter.get_total_flops() == pytest.approx(counted, rel=0.05)


@pytest.mark.slow
def test_the_benchmark_runs_on_a_processor_and_reports_every_way(tmp_path):
    arguments = "--device cpu --architecture tiny --size 64x64 --presets exact --steps 2 --repeats 2 --tiny-repeats 2"

    subprocess.run(
        [sys.executable, "-m", "benchmarks.flux", *arguments.split(), "--json", str(tmp_path / "out.json")],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )

    report = json.loads((tmp_path / "out.json").read_text())
    assert [row["name"] for row in report["rows"]] == ["diffusers, eager", "preset exact"]
    assert all(row["seconds"] > 0 and row["share_of_peak"] > 0 for row in report["rows"])
    assert report["batching"]["passes_together"] < report["batching"]["passes_alone"] == 48
    assert report["loop"]["ratio"] > 0
