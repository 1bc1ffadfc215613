"""``/healthz`` and ``/readyz``: liveness and readiness."""

from fastapi import APIRouter, Response

from reading_club.app.application import TheApplication
from reading_club.app.health import Health, probe

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Report that this process is alive, without a query to database or broker."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"model": Health}})
async def readyz(application: TheApplication, response: Response) -> Health:
    """Report whether requests can be served: 503 without the database.

    Without the broker requests are served, and the status is ``degraded``.
    """
    health = await probe(application.dependencies)
    response.status_code = 503 if health.status == "unavailable" else 200
    return health
