"""What the routes work with, put together once by the application."""

from dataclasses import dataclass

from starlette.requests import Request

from retouch.accounts.accounts import Accounts
from retouch.database.secrets import SharedSecret
from retouch.engines.registry import EngineRegistry
from retouch.fetch import FetchPolicy
from retouch.files.results import ResultFiles
from retouch.images.codec import DecodeLimits
from retouch.isolation.decoder import Decoder
from retouch.jobs.manager import JobManager
from retouch.safety.policy import SafetyPolicy
from retouch.server.auth import Authenticator
from retouch.server.intake import Intake
from retouch.server.readiness import Readiness

__all__ = ["Services", "services_of"]


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of a running server."""

    authenticator: Authenticator
    accounts: Accounts
    intake: Intake
    fetch_policy: FetchPolicy
    decode_limits: DecodeLimits
    decoder: Decoder
    jobs: JobManager
    results: ResultFiles
    registry: EngineRegistry
    default_engine: str
    readiness: Readiness
    safety_policy: SafetyPolicy
    public_url: str | None
    webhook_secret: SharedSecret
    low_balance_credits: int


def services_of(request: Request) -> Services:
    """Return the services of the application that serves this request."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services
