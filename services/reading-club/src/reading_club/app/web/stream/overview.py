"""``/stream``: the state of the stream on one page, and the buttons that pause a subscriber."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reading_club.app.application import Application, TheApplication
from reading_club.app.health import probe, result_of
from reading_club.app.status import QUERY_TIMEOUT, Status, counted
from reading_club.app.web.html_forms import form_page
from reading_club.app.web.stream.access import FORM, PAGE
from reading_club.app.web.stream.charts import Chart
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.ports.heartbeats import Heartbeat
from reading_club.eventstream.ports.statistics import PerMinute
from reading_club.eventstream.wire import wire_type
from reading_club.service.subscribers import SUBSCRIBERS

router = APIRouter(prefix="/stream", include_in_schema=False)

TYPES: Final = sorted(wire_type(event) for event in EVENTS)
NAMES: Final = tuple(subscriber.name for subscriber in SUBSCRIBERS)
MINUTES: Final = 60
"""How many minutes the charts show."""
EVERY: Final = 10
"""Seconds between two loads of the page while it is watched."""
NOTICES: Final[Mapping[str, str]] = {
    "paused": "is paused. Its workers stop within 5 seconds; its events wait on its queue.",
    "resumed": "goes on. Its workers take up its events within 5 seconds.",
}


class SubscriberNotFound(HTTPException):
    """No subscriber of the club has this name."""

    def __init__(self) -> None:
        super().__init__(404, "there is no subscriber of this name in the club")


@dataclass(frozen=True)
class Overview:
    """All that the page shows. What could not be queried is None, or is left out."""

    status: Status
    running: Sequence[Heartbeat]
    published: Chart | None = None
    handled: Mapping[str, Chart] | None = None


async def _overview(application: Application) -> Overview:
    dependencies = application.dependencies

    async def count_books() -> int:
        async with application.reading() as uow:
            return await uow.books.count()

    health = await probe(dependencies)
    status, (beats, _), (minutes, _) = await asyncio.gather(
        counted(dependencies, count_books, health),
        result_of(dependencies.heartbeats.list(), QUERY_TIMEOUT),
        result_of(dependencies.statistics.per_minute(TYPES, minutes=MINUTES), QUERY_TIMEOUT),
    )
    running = [beat for beat in beats or () if beat.fresh]
    return Overview(status, running) if minutes is None else _drawn(status, running, minutes)


def _drawn(status: Status, running: Sequence[Heartbeat], minutes: PerMinute) -> Overview:
    """Return the overview with its charts, which are all drawn to the same scale."""
    none = [0] * MINUTES
    handled = {name: minutes.handled.get(name, none) for name in NAMES}
    highest = max(map(max, (minutes.published, *handled.values())))
    charts = {name: Chart(numbers, minutes.until, highest) for name, numbers in handled.items()}
    return Overview(status, running, Chart(minutes.published, minutes.until, highest), charts)


@router.get("", dependencies=PAGE)
async def overview(
    request: Request,
    application: TheApplication,
    said: str = "",
    subscriber: str = "",
    *,
    watch: bool = False,
) -> HTMLResponse:
    """Show the state of the stream.

    With ``watch`` the page has no form, and the browser loads it again every EVERY seconds:
    nothing that is typed or has the focus is lost.
    """
    context: dict[str, Any] = {"overview": await _overview(application), "watch": watch}
    if said in NOTICES and subscriber in NAMES:
        context["notice"] = f"{subscriber} {NOTICES[said]}"
    page = form_page(request, "stream.html", {}, every=EVERY, **context)
    if watch:
        page.headers["Refresh"] = str(EVERY)
    return page


def _require_name(name: str) -> None:
    if name not in NAMES:
        raise SubscriberNotFound


@router.post("/subscribers/{name}/pause", dependencies=FORM)
async def pause(name: str, application: TheApplication) -> Response:
    """Pause a subscriber: its workers take no more events."""
    _require_name(name)
    async with application.writing() as transaction:
        await transaction.uow.pauses.pause(name)
    return RedirectResponse(f"/stream?said=paused&subscriber={name}", 303)


@router.post("/subscribers/{name}/resume", dependencies=FORM)
async def resume(name: str, application: TheApplication) -> Response:
    """Resume a subscriber."""
    _require_name(name)
    async with application.writing() as transaction:
        await transaction.uow.pauses.resume(name)
    return RedirectResponse(f"/stream?said=resumed&subscriber={name}", 303)
