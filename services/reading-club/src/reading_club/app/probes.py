"""Is the database there, is the broker there? Every answer comes within a bound."""

import asyncio
from typing import Literal

from celery import Celery
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import migrations
from reading_club.app.gauges import oldest_age

DEADLINE = 2.0
"""Seconds."""
PATIENCE = 30.0
"""Seconds that an event may be in the outbox: a lease, and a few turns of the relay."""


class Probe(BaseModel):
    """What a look at one dependency found. ``detail`` bears no address and no password."""

    ok: bool
    detail: str


class Health(BaseModel):
    """``degraded`` means that requests are served while something behind them is away."""

    status: Literal["ok", "degraded", "unavailable"]
    database: Probe
    broker: Probe
    outbox: Probe


async def probe_database(engine: AsyncEngine) -> Probe:
    """Look whether the database answers, with the schema that this release needs."""
    try:
        async with asyncio.timeout(DEADLINE):
            schema = await migrations.state(engine)
    except Exception as exc:  # noqa: BLE001  # whatever it is, it is the finding
        return Probe(ok=False, detail=f"not reachable ({type(exc).__name__})")
    return Probe(ok=schema.usable, detail="reachable" if schema.usable else schema.sentence)


def _connect(broker: Celery) -> None:
    with broker.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)


async def probe_broker(broker: Celery | None) -> Probe:
    """Look whether the broker accepts a connection."""
    if broker is None:
        return Probe(ok=False, detail="not running")
    try:
        async with asyncio.timeout(DEADLINE):
            await asyncio.to_thread(_connect, broker)
    except Exception as exc:  # noqa: BLE001  # whatever it is, it is the finding
        return Probe(ok=False, detail=f"not reachable ({type(exc).__name__})")
    return Probe(ok=True, detail="reachable")


async def probe_outbox(engine: AsyncEngine) -> Probe:
    """Look whether events leave the outbox: if not, broker, relay or both do not work."""
    try:
        async with asyncio.timeout(DEADLINE), engine.connect() as connection:
            age = await oldest_age(connection)
    except Exception as exc:  # noqa: BLE001  # whatever it is, it is the finding
        return Probe(ok=False, detail=f"not readable ({type(exc).__name__})")
    if age is None or age < PATIENCE:
        return Probe(ok=True, detail="events are on their way")
    return Probe(ok=False, detail=f"an event waits for {age:.0f} s")


async def probe(engine: AsyncEngine, broker: Celery | None) -> Health:
    """Look at everything at once."""
    database, stream, outbox = await asyncio.gather(
        probe_database(engine), probe_broker(broker), probe_outbox(engine)
    )
    status: Literal["ok", "degraded", "unavailable"] = (
        "ok" if stream.ok and outbox.ok else "degraded"
    )
    return Health(
        status=status if database.ok else "unavailable",
        database=database,
        broker=stream,
        outbox=outbox,
    )
