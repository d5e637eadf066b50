"""``retouch edit``: pictures and a sentence in, the edited picture out."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from retouch.atomic import write_atomically
from retouch.cli.installation import configured_registry, read_settings_if_any
from retouch.cli.output import print_error, print_json, product, step_progress
from retouch.cli.words import describe_resolution, what_was_done
from retouch.errors import InvalidValueError, RetouchError
from retouch.kontext import ASPECT_RATIOS
from retouch.types import OutputFormat

if TYPE_CHECKING:
    from retouch.types import EditResult

__all__ = ["edit"]

_FORMAT_BY_ENDING = {
    ".jpg": OutputFormat.JPEG,
    ".jpeg": OutputFormat.JPEG,
    ".png": OutputFormat.PNG,
}


_GENERATION = "For engines that generate pictures"


class SizeChoice(StrEnum):
    """How large the answer is."""

    PRESET = "preset"
    ORIGINAL = "original"


@dataclass(frozen=True, slots=True)
class Where:
    """Which engine edits, and where it finds what it needs."""

    engine: str | None
    data_dir: Path | None
    config: Path | None


def edit(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE...",
            help="One to four pictures: files or http(s) URLs. Without -p the last argument is the sentence.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Where the picture goes; its ending (.jpg, .png) chooses the format.",
            show_default=False,
        ),
    ],
    prompt: Annotated[
        str | None, typer.Option("--prompt", "-p", help="What to change, in plain words.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=1, help="Same seed, same picture. Drawn and printed when left out.")
    ] = None,
    num_images: Annotated[
        int, typer.Option("--num-images", "-n", min=1, max=4, help="How many attempts; saved as OUT-1, OUT-2, ...")
    ] = 1,
    aspect_ratio: Annotated[
        str | None, typer.Option(help=f"One of {', '.join(ASPECT_RATIOS)}; the nearest preset when left out.")
    ] = None,
    size: Annotated[
        SizeChoice, typer.Option(help='"original" keeps the resolution of the input instead of a one-megapixel preset.')
    ] = SizeChoice.PRESET,
    output_format: Annotated[
        OutputFormat | None, typer.Option("--format", help="Overrides the ending of OUT when that has none.")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="Which engine edits; see `retouch doctor`.")] = None,
    mask: Annotated[
        str | None,
        typer.Option(
            metavar="PICTURE", help="Where the first picture may change, in white; the rest stays exactly as it is."
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Denoising steps of an engine that generates.", rich_help_panel=_GENERATION)
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option(help="How closely it follows the sentence: 1 to 20.", rich_help_panel=_GENERATION),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(help="How far it may get from the input: 0.01 to 1.", rich_help_panel=_GENERATION),
    ] = None,
    negative: Annotated[
        str | None,
        typer.Option(help="What the picture should not show. Doubles the work.", rich_help_panel=_GENERATION),
    ] = None,
    true_cfg_scale: Annotated[
        float | None,
        typer.Option(help="How strongly it avoids what --negative says.", rich_help_panel=_GENERATION),
    ] = None,
    lora: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:WEIGHT]",
            help="A LoRA by its name, with a weight of 1 if none is given; may be repeated.",
            rich_help_panel=_GENERATION,
        ),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say what each phrase was taken for, and save the change mask as OUT-mask.png."),
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where models and object packs are kept.", show_default=False)
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="TOML file with settings, as for `retouch serve`: its groups engine, flux and storage.data_dir count here.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, errors too.")] = False,
) -> int:
    """Edit pictures by a sentence.

    Exit code 0: done; 1: the edit failed or was refused; 2: wrong usage or configuration.
    """
    try:
        images, prompt = find_sentence(images, prompt)
        chosen = choose_format(out, output_format)
        refuse_to_overwrite(out, images if mask is None else [*images, mask])
        result = _run(
            images,
            prompt,
            Where(engine, data_dir, config),
            quiet=as_json,
            seed=seed,
            num_images=num_images,
            aspect_ratio=aspect_ratio,
            size=size.value,
            output_format=chosen,
            explain=explain,
            mask=mask,
            num_inference_steps=steps,
            guidance_scale=guidance,
            strength=strength,
            negative_prompt=negative,
            true_cfg_scale=true_cfg_scale,
            loras=read_loras(lora or []),
        )
        paths = result.save(out)
        masks = _save_masks(result, paths)
    except RetouchError as exc:
        return print_error(exc, as_json=as_json, pictures=images)
    if as_json:
        print_json(result_body(result, paths, masks))
    else:
        print_result(result, paths, masks, explain=explain)
    return 0


def find_sentence(arguments: list[str], prompt: str | None) -> tuple[list[str], str]:
    """Return the pictures and the sentence: without ``-p`` it is the last argument, if that can be nothing else.

    Raises
    ------
    InvalidValueError
        There is no sentence, or a sentence and no picture.
    """
    if prompt is not None:
        return arguments, prompt
    last = arguments[-1]
    if Path(last).exists() or last.startswith(("http://", "https://")):
        raise InvalidValueError("the prompt", 'a sentence behind -p, such as -p "make the cup blue"', last)
    if " " not in last.strip():
        raise InvalidValueError("the prompt", f'behind -p (did you forget it?): -p "{last}"', f"no file named {last!r}")
    if len(arguments) == 1:
        raise InvalidValueError("IMAGE", "at least one picture in front of the sentence", last)
    return arguments[:-1], last


def read_loras(given: list[str]) -> dict[str, float]:
    """Return the weights of LoRAs by name, given as NAME or NAME:WEIGHT.

    Raises
    ------
    InvalidValueError
        A weight is no number, or a name comes twice.

    >>> read_loras(["ink", "oil:0.8"])
    {'ink': 1.0, 'oil': 0.8}
    """
    weights: dict[str, float] = {}
    for item in given:
        name, colon, weight = item.partition(":")
        if name in weights:
            raise InvalidValueError("--lora", "each name once", item)
        try:
            weights[name] = float(weight) if colon else 1.0
        except ValueError as exc:
            raise InvalidValueError("--lora", "NAME or NAME:WEIGHT with a number, such as ink:0.8", item) from exc
    return weights


def choose_format(out: Path, wanted: OutputFormat | None) -> OutputFormat:
    """Return the format for ``out``: its ending decides; ``wanted`` decides when there is no ending.

    Raises
    ------
    InvalidValueError
        The ending is not one that can be written, or contradicts ``wanted``.
    """
    ending = out.suffix.lower()
    if not ending:
        return wanted or OutputFormat.JPEG
    if ending not in _FORMAT_BY_ENDING:
        raise InvalidValueError("--out", "a file that ends in .jpg, .jpeg or .png", out.name)
    by_ending = _FORMAT_BY_ENDING[ending]
    if wanted is not None and wanted is not by_ending:
        raise InvalidValueError(
            "--format", f"{by_ending.value!r} for a file named {out.name}, or left out", wanted.value
        )
    return by_ending


def refuse_to_overwrite(out: Path, images: list[str]) -> None:
    """Raise ``InvalidValueError`` when ``out`` is one of the input files."""
    if any(out.exists() and Path(image).exists() and out.samefile(image) for image in images):
        raise InvalidValueError("--out", "another file than the input, which would be lost", out.name)


def _run(images: list[str], prompt: str, where: Where, *, quiet: bool, **options: Any) -> "EditResult":
    with step_progress("starting", quiet=quiet) as on_step:
        from retouch.fetch import FetchPolicy
        from retouch.library import Editor, create_registry

        settings = read_settings_if_any(where.config, data_dir=where.data_dir, engine=where.engine)
        if settings is None:
            engine, registry, embed = where.engine, create_registry(where.data_dir), True
        else:
            engine, registry = settings.engine.default, configured_registry(settings)
            embed = settings.provenance.embed
        # A person's own command line may fetch from the person's own network.
        editor = Editor(engine, registry=registry, fetch_policy=FetchPolicy(allow_private=True), embed_provenance=embed)
        return editor.edit(list(images), prompt, on_step=on_step, **options)


def _save_masks(result: "EditResult", paths: list[Path]) -> list[Path]:
    masks = []
    for image, path in zip(result.images, paths, strict=True):
        if image.change_mask_png is not None:
            masks.append(write_atomically(path.with_name(f"{path.stem}-mask.png"), image.change_mask_png))
    return masks


def result_body(result: "EditResult", paths: list[Path], masks: list[Path]) -> dict[str, Any]:
    """Return a result as JSON-ready values; the pictures are named by their files."""
    body: dict[str, Any] = {
        "images": [
            {
                "path": str(path),
                "width": image.width,
                "height": image.height,
                "seed": image.seed,
                "changed_share": round(image.changed_share, 6),
            }
            for image, path in zip(result.images, paths, strict=True)
        ],
        "prompt": result.prompt,
        "seed": result.seed,
        "engine": result.engine,
        "timings": {name: round(seconds, 4) for name, seconds in result.timings.items()},
        "notes": [*result.notes, *result.interpretation.notes],
    }
    if masks:
        for entry, mask in zip(body["images"], masks, strict=True):
            entry["mask_path"] = str(mask)
        body["plan"] = list(result.interpretation.plan)
        body["resolutions"] = [
            {
                "phrase": item.phrase,
                "resolved_to": item.resolved_to,
                "confidence": round(item.confidence, 3),
                "verified": item.verified,
            }
            for item in result.interpretation.resolutions
        ]
    return body


def print_result(result: "EditResult", paths: list[Path], masks: list[Path], *, explain: bool) -> None:
    """Tell a person where the pictures are, what changed, and what was understood."""
    for image, path in zip(result.images, paths, strict=True):
        kept = "every pixel differs" if image.changed_share == 1 else "the rest is bit-identical to the resampled input"
        if image.changed_share < 1 and image.format is OutputFormat.JPEG:
            kept = "the rest is the input, as closely as JPEG allows; PNG is exact"
        product.print(
            f"[bold green]{escape(str(path))}[/]  {image.width}x{image.height}, seed {image.seed}, "
            f"{100 * image.changed_share:.1f} % of the picture changed; {kept}",
            soft_wrap=True,
        )
    for line in what_was_done(result):
        product.print(f"  {escape(line)}", soft_wrap=True)
    if explain:
        for item in (item for item in result.interpretation.resolutions if item.phrase):
            sure = describe_resolution(item)
            product.print(f'  took "{escape(item.phrase)}" for {escape(item.resolved_to)} ({sure})', soft_wrap=True)
        for mask in masks:
            product.print(f"  change mask: {escape(str(mask))}", soft_wrap=True)
    for note in (*result.notes, *result.interpretation.notes):
        product.print(f"  note: {escape(note)}", soft_wrap=True)
