"""``/stream/events``: the messages of the history by type, time and id."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import AwareDatetime, BaseModel, ValidationError, field_validator

from reading_club.app.application import TheApplication
from reading_club.app.field_errors import FieldError
from reading_club.app.web.html_forms import form_page
from reading_club.app.web.stream.access import PAGE
from reading_club.domain.messages import COMMANDS, EVENTS
from reading_club.eventstream.ports.event_lives import MessageFilter, MessageSummary
from reading_club.eventstream.wire import wire_type

router = APIRouter(prefix="/stream/events", include_in_schema=False, dependencies=PAGE)

ROWS: Final = 50
END: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""The default of ``until``: the first page is in the order of time as well, like the others."""
TYPES: Final = sorted(wire_type(message) for message in (*EVENTS, *COMMANDS))
TYPE: Final = re.compile(r"[\w.-]{1,200}")
WORDS: Final[Mapping[str, str]] = {
    "type": "a type has letters, digits and _",
    "since": "that is not a time: write it like 2026-11-28T21:00",
    "until": "that is not a time: write it like 2026-11-28T21:00",
    "id": "that is not an id: it has 32 digits from 0 to f, in five groups",
    "before": "the link is cut short: show the events anew",
}
"""What to say of each field that does not fit."""


class Wanted(BaseModel):
    """The fields of the form, and ``before``, where the page after the first begins."""

    type: str | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    id: UUID | None = None
    before: AwareDatetime | None = None

    @field_validator("type", "id", mode="before")
    @classmethod
    def _none_if_empty(cls, value: str) -> str | None:
        return value.strip() or None

    @field_validator("since", "until", "before", mode="before")
    @classmethod
    def _in_utc(cls, value: str) -> datetime | None:
        """Read a time, without a zone as UTC. Raises ValueError, also for one that UTC has not."""
        if not value.strip():
            return None
        time = datetime.fromisoformat(value.strip())
        try:
            return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        except OverflowError as exc:
            raise ValueError("beyond the calendar") from exc

    @field_validator("type")
    @classmethod
    def _is_a_type(cls, value: str | None) -> str | None:
        if value is not None and not TYPE.fullmatch(value):
            raise ValueError("not a type")
        return value

    def filter(self) -> MessageFilter:
        """Return the filter for the messages that are looked for."""
        ends = [time for time in (self.until, self.before) if time is not None]
        return MessageFilter(
            type=self.type,
            since=self.since,
            until=min(ends, default=END),
            correlation_id=self.id,
        )


def page_of(found: Sequence[MessageSummary]) -> tuple[Sequence[MessageSummary], datetime | None]:
    """Return the messages of one page, and the time before which the next page begins, if any.

    Messages that were recorded at the same time are on the same page, unless they fill it.
    """
    if len(found) <= ROWS:
        return found, None
    shown, following = found[:ROWS], found[ROWS].recorded_at
    shown = [message for message in shown if message.recorded_at != following] or shown
    return shown, shown[-1].recorded_at


@router.get("")
async def event_list(
    request: Request,
    application: TheApplication,
    type: str = "",
    since: str = "",
    until: str = "",
    id: str = "",
    before: str = "",
) -> Response:
    """List messages, the newest first. An id is a correlation id, or leads to a message's page."""
    form = {"type": type, "since": since, "until": until, "id": id, "before": before}
    try:
        wanted = Wanted.model_validate(form)
    except ValidationError as exc:
        return _page(request, form, errors=_errors_of(exc))
    async with application.reading() as uow:
        found = await uow.lives.list(wanted.filter(), limit=ROWS + 1)
        if wanted.id and not found and await uow.lives.find(wanted.id):
            return RedirectResponse(f"/stream/events/{wanted.id}", 303)
    return _page(request, form, found)


def _errors_of(invalid: ValidationError) -> Sequence[FieldError]:
    fields = [str(error["loc"][0]) for error in invalid.errors()]
    return [FieldError(field=field, detail=WORDS[field]) for field in fields]


def _page(
    request: Request,
    form: Mapping[str, str],
    found: Sequence[MessageSummary] = (),
    errors: Sequence[FieldError] = (),
) -> HTMLResponse:
    shown, following = page_of(found)
    fields = {name: text for name, text in form.items() if text and name != "before"}
    context = {
        "messages": shown,
        "following": following,
        "is_newest": not form["before"],
        "fields": fields,
        "types": sorted({*TYPES, form["type"]} - {""}),
    }
    return form_page(request, "stream_events.html", form, errors, **context)
