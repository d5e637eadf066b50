"""The AI/ML API's dialect: ``POST /v1/images/generations`` with Kontext models.

Clients in the wild read either the published schema's ``data`` or the published sample's ``images``, so the answer has both.
"""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from retouch.server.dialect import Dialect
from retouch.server.dialects import aimlapi_reference as reference
from retouch.server.dialects.generation_fields import MASK_FIELDS
from retouch.server.dialects.image_answer import answer_image_request
from retouch.server.dialects.image_body import ImageBody, ImageRoute, parse_body
from retouch.server.dialects.image_fields import FIELDS
from retouch.server.dialects.model_fields import body_schema, fit_to_engine
from retouch.server.dialects.submission import accept
from retouch.server.json_response import SafeJSONResponse
from retouch.server.services import services_of

__all__ = ["DIALECT"]

router = APIRouter()

_ROUTE: Final = ImageRoute(
    fields=(*FIELDS, *MASK_FIELDS),
    pictures="image_url",
    output_format="jpeg",
    base64_unless_url=False,
    event="image_generation",
)


@router.post("/images/generations", include_in_schema=False)
@router.post(
    "/v1/images/generations",
    tags=["images"],
    summary="Edit a picture by a sentence",
    response_class=SafeJSONResponse,
    openapi_extra=reference.request_body(body_schema(_ROUTE.fields)),
    responses=reference.RESPONSES,
)
async def generate(request: Request) -> Response:
    """Edit one picture, or bring up to four together, and answer when it is done."""
    parsed, job = await accept(request, _read)
    return await answer_image_request(request, parsed, job, _ROUTE.event)


async def _read(request: Request) -> ImageBody:
    services = services_of(request)
    return await fit_to_engine(parse_body(await services.intake.read_json_object(request), _ROUTE), services)


DIALECT: Final = Dialect("aimlapi", router, ("/v1/images/generations", "/images/generations"))
