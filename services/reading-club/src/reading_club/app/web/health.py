"""``/healthz``, ``/readyz`` and ``/metrics``: liveness, readiness and measurements."""

import asyncio

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from reading_club.app.application import TheApplication
from reading_club.app.health import Health, State, probe
from reading_club.app.metrics.process import CONTENT_TYPE
from reading_club.app.web.identity import caller_of, require_organiser
from reading_club.app.web.problems import responses
from reading_club.domain.errors import NotSignedIn
from reading_club.eventstream.errors import TransientFailure

router = APIRouter(tags=["health"])


class Readiness(BaseModel):
    """The health of the service, without the details that organisers get."""

    status: State


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Report that this process is alive, without a query to database or broker."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"model": Health | Readiness}})
async def readyz(
    application: TheApplication, request: Request, response: Response
) -> Health | Readiness:
    """Report whether requests can be served: 503 without the database.

    Without the broker requests are served, and the status is ``degraded``. Organisers get the
    details; without the database no request is known to come from one.
    """
    health, for_organiser = await asyncio.gather(
        probe(application.dependencies), _is_organiser(request, application.dependencies.seconds)
    )
    response.status_code = 503 if health.status == "unavailable" else 200
    return health if for_organiser else Readiness(status=health.status)


async def _is_organiser(request: Request, seconds: float) -> bool:
    """Whether an organiser sends the request; False if that is not known within ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            return (await caller_of(request)).is_organiser
    except (NotSignedIn, TransientFailure, TimeoutError):
        return False


@router.get(
    "/metrics",
    dependencies=[Depends(require_organiser)],
    response_class=PlainTextResponse,
    responses=responses(401, 403, 404, 503),
)
async def metrics(application: TheApplication) -> Response:
    """Return the metrics of this process in the text format of Prometheus."""
    if application.metrics is None:
        raise HTTPException(404, "metrics are off: set READING_CLUB_METRICS_PORT")
    return Response(application.metrics.as_text(), media_type=CONTENT_TYPE)
