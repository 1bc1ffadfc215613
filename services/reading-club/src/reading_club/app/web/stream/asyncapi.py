"""``/stream/asyncapi`` and ``/asyncapi.json``: the events on the wire, for people and programs."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse

from reading_club.app.application import TheApplication
from reading_club.app.web.identity import require_organiser
from reading_club.app.web.stream.access import PAGE
from reading_club.app.web.templates import templates
from reading_club.app.wiring import describe_club

router = APIRouter(include_in_schema=False)


@router.get("/asyncapi.json", dependencies=[Depends(require_organiser)])
async def document(application: TheApplication) -> JSONResponse:
    """Return the AsyncAPI document; it names the broker's hosts, so it is for organisers."""
    return JSONResponse(dict(application.asyncapi()))


@router.get("/stream/asyncapi", dependencies=PAGE)
async def page(request: Request, application: TheApplication) -> HTMLResponse:
    """Show the published events, and the queues of the subscribers."""
    description, found = describe_club(), application.asyncapi()
    context: dict[str, Any] = {
        "document": found,
        "events": [event for event in description.events if event.published],
        "subscribers": description.subscribers,
        "exchange": _exchange(found),
    }
    return templates.TemplateResponse(request, "stream_asyncapi.html", context)


def _exchange(document: Mapping[str, Any]) -> str:
    """Return the name of the exchange, which the channels of all events have."""
    bindings = (each["bindings"]["amqp"] for each in document["channels"].values())
    return next(str(each["exchange"]["name"]) for each in bindings if "exchange" in each)
