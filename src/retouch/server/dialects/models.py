"""The list of models, as the AI/ML API and OpenAI have it: filtered, and with the parts that a client asks for.

A model is listed where the server's default engine can do what it does. What is not a parameter here is reported in the answer:
clients send parameters of other servers along.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request

from retouch.errors import RetouchError
from retouch.jobs.models import Problem
from retouch.server.catalog import INCLUDABLE, MODELS, HostedModel
from retouch.server.dialects.answers import IGNORED, documented
from retouch.server.dialects.fields import invalid_body
from retouch.server.errors import ProblemError
from retouch.server.services import services_of

__all__ = ["router"]

router = APIRouter()

_CAPABILITIES: Final = ("image_to_image", "text_to_image")
_FILTERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "type": ("Only models of this type; all of them are of type `image`.", {}),
    "id": ("Only the model with this id.", {}),
    "id_prefix": ("Only models whose id begins so, such as `flux/dev`.", {}),
    "search": ("Only models with this text in id, name or description, in any case.", {}),
    "capability": ("Only models that can do this.", {"enum": list(_CAPABILITIES)}),
    "owned_by": ("Only models of this owner; all of them are `retouch`'s.", {}),
    "include": (
        f"Which of {', '.join(INCLUDABLE)} an entry has beside its id, type and owner: names with commas between, or "
        "the parameter again for each. Left out, all but pricing.",
        {},
    ),
}
_ENTRY: Final = {
    "type": "object",
    "required": ["id", "object", "type", "created", "owned_by"],
    "properties": {
        "id": {"type": "string"},
        "object": {"const": "model"},
        "type": {"const": "image"},
        "created": {"type": "integer"},
        "owned_by": {"type": "string"},
        "info": {"type": "object"},
        "endpoints": {"type": "array", "items": {"type": "string"}},
        "capabilities": {"type": "object"},
        "pricing": {"type": "object"},
    },
}
_LIST: Final = {
    "type": "object",
    "required": ["object", "data"],
    "properties": {"object": {"const": "list"}, "data": {"type": "array", "items": _ENTRY}, "ignored": IGNORED},
}


def _parameters(*names: str) -> dict[str, Any]:
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "description": _FILTERS[name][0],
                "schema": {"type": "string", **_FILTERS[name][1]},
            }
            for name in names
        ]
    }


@router.get(
    "/v1/models",
    tags=["models"],
    summary="List the models",
    openapi_extra=_parameters(*_FILTERS),
    responses=documented({200: ("The models.", _LIST)}, 400),
)
@router.get("/models", include_in_schema=False)
async def list_models(request: Request) -> dict[str, Any]:
    """List the models that requests may name, and what each can do. Needs no key."""
    wanted = dict(request.query_params)
    capability = wanted.get("capability")
    if capability is not None and capability not in _CAPABILITIES:
        rule = f"one of {', '.join(_CAPABILITIES)}"
        raise invalid_body([{"field": "capability", "rule": rule, "received": capability}])
    include = _included(request)
    shown = [model for model in await _possible_models(request) if _matches(model, wanted)]
    answer = {"object": "list", "data": [_entry(request, model, include) for model in shown]}
    ignored = [
        {"field": name[:100], "reason": "is not a parameter of this endpoint"}
        for name in wanted
        if name not in _FILTERS
    ]
    return {**answer, "ignored": ignored} if ignored else answer


@router.get(
    "/v1/models/{model:path}",
    tags=["models"],
    summary="Describe a model",
    openapi_extra=_parameters("include"),
    responses=documented({200: ("The model.", _ENTRY)}, 400, 404),
)
@router.get("/models/{model:path}", include_in_schema=False)
@router.get("/model/{model:path}", include_in_schema=False)
async def describe_model(request: Request, model: str) -> dict[str, Any]:
    """Describe one model by its id, such as ``flux/kontext-max/image-to-image``. Needs no key."""
    possible = {each.id: each for each in await _possible_models(request)}
    if model not in possible:
        engine = services_of(request).default_engine
        why = f": the engine {engine!r} makes no picture from words alone" if model in MODELS else ""
        message = f'There is no model "{model[:100]}" here{why}. Available: {", ".join(possible)}.'
        raise ProblemError(Problem("model_not_found", message, details={"param": "model"}))
    return _entry(request, possible[model], _included(request))


def _included(request: Request) -> Sequence[str] | None:
    """Which parts of an entry the client asks for; None when it does not say."""
    given = request.query_params.getlist("include")
    if not given:
        return None
    names = [name.strip() for each in given for name in each.split(",") if name.strip()]
    unknown = [name for name in names if name not in INCLUDABLE]
    if unknown:
        rule = f"one or more of {', '.join(INCLUDABLE)}, with commas between"
        raise invalid_body([{"field": "include", "rule": rule, "received": ", ".join(unknown)}])
    return names


def _matches(model: HostedModel, wanted: dict[str, str]) -> bool:
    entry = model.listing(engine="")
    exact = all(wanted.get(name, entry[name]) == entry[name] for name in ("type", "id", "owned_by"))
    text = f"{model.id}\n{model.title}\n{model.description}".casefold()
    return (
        exact
        and model.id.startswith(wanted.get("id_prefix", ""))
        and wanted.get("search", "").casefold() in text
        and wanted.get("capability", model.capability) == model.capability
    )


async def _possible_models(request: Request) -> list[HostedModel]:
    """The models that the default engine can stand for; one that can't be had makes nothing from words alone."""
    services = services_of(request)
    try:
        capabilities = await asyncio.to_thread(services.registry.capabilities, services.default_engine)
    except RetouchError:
        return [model for model in MODELS.values() if model.max_images]
    return [model for model in MODELS.values() if model.is_possible(capabilities)]


def _entry(request: Request, model: HostedModel, include: Sequence[str] | None) -> dict[str, Any]:
    services = services_of(request)
    engine, engines = services.default_engine, services.registry.names
    if include is None:
        return model.listing(engine=engine, engines=engines)
    return model.listing(engine=engine, engines=engines, include=include)
