"""``retouch doctor``: what is installed, what was verified, what this machine can do."""

import os
import platform
import shutil
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from retouch._version import __version__
from retouch.cli.installation import data_folder, read_settings_if_any
from retouch.cli.models import open_store
from retouch.cli.output import EXIT_USAGE, print_json, product
from retouch.errors import RetouchError

if TYPE_CHECKING:
    from retouch.engines.flux.options import FluxOptions
    from retouch.engines.flux.source import FluxSource
    from retouch.settings import Settings

__all__ = ["doctor"]

PACKAGES = (
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "pillow",
    "pillow-heif",
    "fastapi",
    "sqlalchemy",
    "torch",
    "diffusers",
)
REQUIRED_MODELS = ("u2netp",)
DETECTOR = "detector"
LOW_DISK_BYTES = 2**30


def doctor(
    data_dir: Annotated[
        Path | None, typer.Option(help="Where models and object packs are kept.", show_default=False)
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file with settings, as for `retouch serve`.", dir_okay=False, show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
) -> int:
    """Check the installation: packages, weight files, object packs, memory, disk. Exit code 2 when an edit can't run."""
    report = examine(data_dir, read_settings_if_any(config, data_dir=data_dir))
    if as_json:
        print_json(report)
    else:
        _print(report)
    return EXIT_USAGE if report["problems"] else 0


def examine(data_dir: Path | None, settings: "Settings | None" = None) -> dict[str, Any]:
    """Return everything that ``doctor`` finds, as JSON-ready values; ``problems`` is empty when edits can run."""
    from retouch.editor.objects.library import ObjectLibrary
    from retouch.engines.flux.lora_folder import LoraFolder
    from retouch.library import default_data_directory

    directory = (data_dir or default_data_directory()) if settings is None else data_folder(settings)
    flux = None if settings is None else settings.flux
    flux_folder = (flux and flux.folder) or directory / "models" / "flux"
    flux_options = None if flux is None else flux.options()
    loras = LoraFolder((flux and flux.lora_folder) or directory / "models" / "loras")
    models = [
        {
            "name": status.model.name,
            "purpose": status.model.purpose,
            "state": status.state,
            "optional": status.model.optional,
        }
        for status in open_store(directory).list()
    ]
    optional_models = _optional_models(directory / "models")
    library = ObjectLibrary.in_directory(directory / "objects")
    packs = [{"name": pack.name, "objects": pack.count, "license": pack.license} for pack in library.packs]
    free_bytes = shutil.disk_usage(_nearest_existing(directory)).free
    return {
        "retouch": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "disk_free_gib": round(free_bytes / 2**30, 1),
        "data_directory": str(directory),
        "packages": {name: _version(name) for name in PACKAGES},
        "models": models,
        "optional_models": optional_models,
        "loras": list(loras.names),
        "object_packs": packs,
        "engines": {
            "builtin": "ready" if all(_is_there(m) or m["optional"] for m in models) else "incomplete",
            "flux": _flux_state(flux_folder, flux_options),
            **_routed_states(settings),
        },
        "flux": _flux_plan(flux_folder, flux_options),
        "problems": _problems(models, free_bytes) + [str(m["problem"]) for m in optional_models if m["problem"]],
    }


def _is_there(model: dict[str, Any]) -> bool:
    return model["state"] in ("package", "directory")


def _routed_states(settings: "Settings | None") -> dict[str, str]:
    """Return what is set up for the engines that pass edits on; the remote server is not asked."""
    remote = None if settings is None else settings.remote.options()
    order = ("builtin",) if settings is None else settings.routing.options(has_remote=remote is not None).order
    at = "not set up" if remote is None else f"set up: {remote.protocol} at {remote.base_url}"
    return {"remote": at, "auto": f"asks {', then '.join(order)}"}


def _flux_source(folder: Path, options: "FluxOptions | None") -> "FluxSource | None":
    """Return where the engine would find its weights; None where it would not."""
    from retouch.engines.flux.options import FluxOptions
    from retouch.engines.flux.source import find_source

    try:
        return find_source(folder, options or FluxOptions())
    except RetouchError:
        return None


def _flux_state(folder: Path, options: "FluxOptions | None") -> str:
    """Return whether the engine "flux" can run."""
    if find_spec("torch") is None or find_spec("diffusers") is None:
        return "not installed"
    return "no weights" if _flux_source(folder, options) is None else "ready"


def _flux_plan(folder: Path, options: "FluxOptions | None") -> dict[str, Any] | None:
    """Return how this machine would run FLUX.1 Kontext, or why it can't; None where nothing is installed.

    By default settings on the best device when ``options`` are None. Without weights the sizes of the [dev] checkpoint are taken.
    On a processor a picture's time is estimated by a short probe.
    """
    if _flux_state(folder, options) == "not installed":
        return None
    import torch

    from retouch.engines.flux.checkpoint import KONTEXT_DEV, read_checkpoint_sizes
    from retouch.engines.flux.device import read_device
    from retouch.engines.flux.estimate import describe_seconds, edit_seconds, measure_speed, probe_layers
    from retouch.engines.flux.options import FluxOptions
    from retouch.engines.flux.plan import Wants
    from retouch.engines.flux.planner import make_plan

    best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    options = options or FluxOptions(device=best)
    source = _flux_source(folder, options)
    try:
        sizes = KONTEXT_DEV if source is None else read_checkpoint_sizes(source.folder, source.transformer_file)
        plan = make_plan(read_device(options.device), sizes, Wants.of(options)).as_json()
    except RetouchError as exc:
        return {"fits": False, "device": options.device, "summary": exc.message, "reasons": []}
    if options.device == "cpu":
        speed = measure_speed(probe_layers(sizes), torch.float32)
        plan["seconds_a_picture"] = round(edit_seconds(speed, sizes, steps=options.num_inference_steps), 1)
        plan["time_a_picture"] = describe_seconds(plan["seconds_a_picture"])
    return {"fits": True, **plan}


def _optional_models(directory: Path) -> list[dict[str, str]]:
    """Return the state of the networks that users may put into the model directory themselves."""
    from retouch.editor.scene.onnx_locator import examine_locator

    locator, problem = examine_locator(directory)
    lama = "ready" if (directory / "lama.onnx").is_file() else "absent"
    return [
        {"name": "locator", "purpose": "finds whatever a phrase names", "state": locator, "problem": problem},
        {"name": "lama", "purpose": "fills what was taken out", "state": lama, "problem": ""},
    ]


def _problems(models: list[dict[str, Any]], free_bytes: int) -> list[str]:
    problems = [
        f"The model {model['name']} is {model['state']}. Run `retouch models pull {model['name']}`."
        for model in models
        if model["name"] in REQUIRED_MODELS and not _is_there(model)
    ]
    if find_spec("cv2") is None:
        problems.append("OpenCV is missing. Run `pip install opencv-python-headless`.")
    if free_bytes < LOW_DISK_BYTES:
        problems.append("Less than 1 GiB is free on the disk of the data folder.")
    return problems


def _print(report: dict[str, Any]) -> None:
    product.print(f"[bold]retouch {report['retouch']}[/] on Python {report['python']}, {report['system']}")
    product.print(
        f"  {report['cpus']} CPUs, {report['memory_gib']} GiB memory, {report['disk_free_gib']} GiB disk free"
    )
    product.print(f"  data folder: {escape(report['data_directory'])}", soft_wrap=True)
    product.print("[bold]packages[/]")
    for name, version in report["packages"].items():
        product.print(f"  {name:26} {version or '[dim]not installed[/]'}")
    product.print("[bold]models[/]")
    for model in report["models"]:
        color = "yellow" if model["optional"] and model["state"] == "missing" else "red"
        mark = "[green]ok[/]     " if _is_there(model) else f"[{color}]{model['state']}[/]"
        product.print(f"  {mark} {model['name']:20} {escape(model['purpose'])}")
    if any(model["name"] == DETECTOR and not _is_there(model) for model in report["models"]):
        product.print(f"  `retouch models pull {DETECTOR}`: then one of several people or things can be picked by name")
    product.print("[bold]models of your own[/] (optional)")
    for model in report["optional_models"]:
        mark = {"ready": "[green]ok[/]     ", "absent": "[dim]absent[/] "}.get(model["state"], "[red]broken[/] ")
        product.print(f"  {mark} {model['name']:20} {escape(model['purpose'])}")
    if report["loras"]:
        names = escape(", ".join(report["loras"]))
        product.print(f"  [green]ok[/]      {'loras':20} for the engine flux: {names}", soft_wrap=True)
    product.print("[bold]object packs[/]")
    for pack in report["object_packs"]:
        product.print(f"  [green]ok[/]      {pack['name']:20} {pack['objects']} objects, {escape(pack['license'])}")
    product.print("[bold]engines[/]")
    for name, state in report["engines"].items():
        product.print(f"  {name:20} {state}{_ENGINE_HELP.get((name, state), '')}", markup=False, soft_wrap=True)
    if (flux := report["flux"]) is not None:
        takes = f" A picture takes {flux['time_a_picture']} in float32." if "time_a_picture" in flux else ""
        for line in (f"{flux['summary']}{takes}", *flux["reasons"]):
            product.print(f"    flux here: {line}", markup=False, soft_wrap=True)
    for problem in report["problems"]:
        product.print(f"[bold red]problem:[/] {escape(problem)}", soft_wrap=True)
    if not report["problems"]:
        product.print("[bold green]Everything that an edit needs is here.[/]")


_ENGINE_HELP = {
    ("builtin", "incomplete"): ": `retouch models pull` fetches what is missing",
    ("flux", "not installed"): " (optional): pip install 'retouch[flux]', and a graphics card",
    (
        "flux",
        "no weights",
    ): " (optional): `retouch models pull flux` fetches them, and says first what their license allows",
    ("remote", "not set up"): " (optional): RETOUCH_REMOTE__URL names an image server or a hosted API that makes edits",
}
"""What to do about an engine that isn't ready."""


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _memory_gib() -> float | None:
    """Return the machine's memory; None where the platform doesn't tell."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _nearest_existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
