"""The fields of an image route, which the AI/ML API's and OpenAI's dialects share, and the edit that they ask for."""

from collections.abc import Mapping
from typing import Any, Final, cast

from retouch import kontext
from retouch.errors import InvalidValueError
from retouch.jobs.models import Problem
from retouch.server.dialects.fields import (
    Choice,
    Field,
    Flag,
    ImageSources,
    Integer,
    Number,
    ResultReference,
    Rule,
    Text,
)
from retouch.server.dialects.generation_fields import GENERATION_FIELDS, generation_options
from retouch.server.dialects.sizes import PixelSize, Size, nearest_ratio
from retouch.server.dialects.submission import ParamNames
from retouch.server.errors import ProblemError
from retouch.types import MAX_SEED, AspectRatio, EditRequest, OutputFormat, PreserveMode

__all__ = ["FIELDS", "edit_request"]


def _one_to_six() -> Rule:
    levels = tuple(str(level) for level in range(1, 7))
    return Choice(levels, also={int(level): level for level in levels})


FIELDS: Final = (
    Field("model", Text(200), "Which model; see `GET /v1/models`.", required=True),
    Field("prompt", Text(kontext.MAX_PROMPT_CHARACTERS), "What to change, as a sentence.", required=True),
    Field(
        "image_url",
        ImageSources(kontext.MAX_REFERENCE_IMAGES),
        "The picture to edit, or up to four that the prompt brings together: http(s) URLs or `data:` URIs. An answer of this "
        "server may be sent by its URL; see `parent`.",
        required=True,
        unless="parent",
    ),
    Field(
        "parent",
        ResultReference(),
        "Extension: the URL or `file_name` of an answer to edit again, in place of `image_url` or as the picture before those of "
        "`image_url`. Every pixel that no turn has touched stays that of the first input, however many turns there are.",
    ),
    Field(
        "num_images",
        Integer(1, kontext.MAX_IMAGES_PER_REQUEST),
        "How many attempts. Attempt i equals a single request with `seed` + i.",
        default=1,
    ),
    Field(
        "seed", Integer(1, MAX_SEED), "Same seed, prompt, pictures and version: the same bytes. Drawn when left out."
    ),
    Field(
        "guidance_scale",
        Number(kontext.MIN_GUIDANCE_SCALE, kontext.MAX_GUIDANCE_SCALE),
        "How closely a generative engine follows the prompt. `meta.notes` says when the engine has no use for it.",
    ),
    *GENERATION_FIELDS,
    Field("safety_tolerance", _one_to_six(), "1 is the strictest. A number is taken as well.", default="2"),
    Field(
        "output_format",
        Choice(("jpeg", "png"), also={"jpg": "jpeg", "url": "url", "b64_json": "b64_json"}),
        "File format of the answer. `jpg` is taken for jpeg; `url` and `b64_json` are taken for `response_format`.",
        default="jpeg",
    ),
    Field(
        "aspect_ratio",
        Choice(kontext.ASPECT_RATIOS),
        "A preset ratio. Left out, the preset nearest to the first picture's ratio.",
    ),
    Field("response_format", Choice(("url", "b64_json")), "`b64_json` adds each picture as base64.", default="url"),
    Field(
        "size",
        Size(),
        "Extension: `original` keeps the input's own resolution. WIDTHxHEIGHT stands for the nearest preset ratio.",
    ),
    Field("image_size", PixelSize(), "Stands for the nearest preset ratio."),
    Field("n", Integer(1, kontext.MAX_IMAGES_PER_REQUEST), "OpenAI's name for `num_images`."),
    Field("explain", Flag(), "Extension: adds plan, resolved phrases, change masks.", default=False),
    Field(
        "preserve",
        Choice(("auto", "off")),
        "Extension: `auto` restores every pixel outside the edit; `off` returns what the engine made.",
        default="auto",
    ),
    Field("engine", Text(64), "Extension: which of the server's engines; its default when left out."),
    Field("stream", Flag(), "Answer with server-sent events, as OpenAI's clients read them.", default=False),
    Field(
        "partial_images",
        Integer(0, 3),
        "With `stream`: how many previews may come before the picture. None come from an engine that makes none, nor where "
        "pictures are checked.",
    ),
)

"""What the body of ``POST /v1/images/generations`` may hold."""


def edit_request(
    values: Mapping[str, Any], ignored: list[dict[str, str]], names: ParamNames
) -> tuple[EditRequest, str | None, list[str]]:
    """Return the edit that checked fields ask for, the ``response_format`` if one was named, and how tolerated values were taken.

    Parameters
    ----------
    values : mapping
        As ``read_fields`` returns them, with the route's ``output_format`` where none was sent, and the ``model``.
    ignored : list of dict
        Gets an entry for each field that another one overrules.
    names : ParamNames

    Raises
    ------
    ProblemError
        Two fields contradict each other.
    """
    ratio, keep_size, notes = _answer_size(values, ignored)
    wanted = values["output_format"]
    response_format = values.get("response_format")
    if wanted in ("url", "b64_json"):
        response_format, wanted = response_format or wanted, "jpeg"
    try:
        request = EditRequest(
            prompt=values["prompt"],
            num_images=values.get("num_images") or values.get("n") or 1,
            seed=values.get("seed"),
            aspect_ratio=ratio,
            size="original" if keep_size else "preset",
            output_format=OutputFormat(wanted),
            guidance_scale=values.get("guidance_scale"),
            safety_tolerance=int(values.get("safety_tolerance", "2")),
            preserve=cast(PreserveMode, values.get("preserve", "auto")),
            explain=values.get("explain", False),
            generation=generation_options(values),
            model=values["model"],
        )
    except InvalidValueError as exc:  # rules that concern two fields at once
        raise ProblemError(names.in_their_words(Problem.from_error(exc))) from exc
    return request, response_format, notes


def _answer_size(
    values: Mapping[str, Any], ignored: list[dict[str, str]]
) -> tuple[AspectRatio | None, bool, list[str]]:
    """Return the preset ratio, whether to keep the input's size, and notes; add to ``ignored`` what loses."""
    ratio = values.get("aspect_ratio")
    size = values.get("size")
    if size == "auto":
        size = None
    if size == "original":
        return ratio, True, []
    notes = []
    for name, text in (("size", size), ("image_size", values.get("image_size"))):
        if text is None:
            continue
        if ratio is not None:
            ignored.append({"field": name, "reason": "another field says the ratio"})
            continue
        ratio = nearest_ratio(text)
        notes.append(f"{name} {text} was taken for the nearest preset ratio, {ratio}.")
    return ratio, False, notes
