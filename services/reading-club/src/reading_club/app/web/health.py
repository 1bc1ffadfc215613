"""For load balancers and people who are woken at night."""

from fastapi import APIRouter, Response

from reading_club.app.probes import Health, probe
from reading_club.app.web.deps import TheClub

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Tell that the process is alive. It asks nobody else."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"model": Health}})
async def readyz(club: TheClub, response: Response) -> Health:
    """Tell whether requests can be served: 503 without the database.

    Without the broker requests are served all the same, and the answer says ``degraded``.
    """
    health = await probe(club.engine, club.broker, club.beat)
    response.status_code = 503 if health.status == "unavailable" else 200
    return health
