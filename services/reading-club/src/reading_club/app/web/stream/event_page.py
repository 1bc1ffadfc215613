"""``/stream/events/{id}``: what became of one event, step by step."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from reading_club.app.application import TheApplication
from reading_club.app.web.stream.access import PAGE
from reading_club.app.web.templates import templates
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.event_lives import EventLife, LifeStep, StepKind
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS

router = APIRouter(prefix="/stream/events", include_in_schema=False, dependencies=PAGE)

WORDS: Final[Mapping[StepKind, str]] = {
    "recorded": "Committed",
    "waiting": "Waits to be sent to {who}",
    "confirmed": "Sent, and the broker has it",
    "attempt": "{who} began to handle it",
    "failed attempt": "{who} failed",
    "put off": "Put off, to be sent to {who} later",
    "handled": "Handled by {who}",
    "dead letter": "Dead letter of {who}",
    "retry": "Dead letter of {who} sent again",
    "discard": "Dead letter of {who} discarded",
    "replay": "Parked event sent to {who}",
    "re-sent": "Sent to {who} once more: it was missing there",
    "returned": "Given back to the broker by {who}, unhandled",
}
"""What happened, by the kind of the step."""
NAMES: Final[Mapping[str, str]] = {ALL_SUBSCRIBERS: "all subscribers", RELAY: "the relay"}


class EventNotFound(HTTPException):
    """The history has no message of this id."""

    def __init__(self) -> None:
        super().__init__(404, "there is no message of this id in the history")


def step_words(step: LifeStep) -> str:
    """Return what happened, as a phrase with the name of the subscriber."""
    phrase = WORDS[step.kind].format(who=NAMES.get(step.subscriber, step.subscriber))
    return phrase[:1].upper() + phrase[1:]


def seconds_after_commit(life: EventLife, step: LifeStep) -> str:
    """Return how long after the commit a step was; empty for the commit and without a time."""
    start = life.message.recorded_at
    if start is None or step.at is None or step.kind == "recorded":
        return ""
    return f"{(step.at - start).total_seconds():+,.3f} s"


@router.get("/{id:uuid}")
async def event_page(id: UUID, request: Request, application: TheApplication) -> HTMLResponse:
    """Show the life of an event or a command, without what it says."""
    async with application.reading() as uow:
        life = await uow.lives.find(id)
    if life is None:
        raise EventNotFound
    steps = [(step, step_words(step), seconds_after_commit(life, step)) for step in life.steps]
    context = {"life": life, "message": life.message, "steps": steps}
    return templates.TemplateResponse(request, "stream_event.html", context)
