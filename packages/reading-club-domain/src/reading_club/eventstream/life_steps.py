"""The steps in the life of one message, made of rows of the stream's tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, get_args

from reading_club.eventstream.context import MessageContext
from reading_club.eventstream.ports.dead_letters import RELAY, AuditEntry
from reading_club.eventstream.ports.event_lives import LifeStep, MessageSummary, StepKind
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS

_RANKS: Final = {kind: rank for rank, kind in enumerate(get_args(StepKind))}


@dataclass(frozen=True)
class OutboxFact:
    """An outbox row of the message."""

    subscriber: str
    added_at: datetime | None
    leased_until: datetime
    attempts: int
    reason: str | None
    attempted: bool


@dataclass(frozen=True)
class AttemptFact:
    """An attempt of a subscriber: the last one that was counted, or one that failed."""

    subscriber: str
    number: int
    at: datetime
    error: str = ""


@dataclass(frozen=True)
class DeadLetterFact:
    """A dead letter of the message."""

    subscriber: str
    at: datetime
    attempts: int
    parked: bool
    error: str


@dataclass(frozen=True)
class LifeFacts:
    """The rows of one message. A pair is a subscriber and the time of its row."""

    message: MessageSummary
    outbox: Sequence[OutboxFact] = ()
    handled: Sequence[tuple[str, datetime]] = ()
    counted: Sequence[AttemptFact] = ()
    failures: Sequence[AttemptFact] = ()
    dead_letters: Sequence[DeadLetterFact] = ()
    audit: Sequence[AuditEntry] = ()
    resends: Sequence[tuple[str, int]] = ()
    """How often the reconciler sent the message again, to each subscriber."""
    returned: Sequence[tuple[str, datetime]] = ()


def steps_of(facts: LifeFacts) -> list[LifeStep]:
    """Return the steps in the order of time, those without a time after ``recorded``."""
    sent = (*_publication(facts), *_outbox(facts))
    handling = (*_attempts(facts), *_handled(facts), *_dead_letters(facts))
    return sorted((*sent, *handling, *_repairs(facts)), key=_order)


def _order(step: LifeStep) -> tuple[bool, bool, float, int]:
    time = 0.0 if step.at is None else step.at.timestamp()
    return step.kind != "recorded", step.at is not None, time, _RANKS[step.kind]


def _publication(facts: LifeFacts) -> Iterator[LifeStep]:
    message = facts.message
    detail = "" if message.published else "not sent to subscribers"
    yield LifeStep(at=message.recorded_at, kind="recorded", detail=detail)
    unsent = {row.subscriber for row in facts.outbox}
    refused = {letter.subscriber for letter in facts.dead_letters}
    refused |= {name for name, _ in facts.handled}  # a discarded dead letter of the relay
    if message.published and ALL_SUBSCRIBERS not in unsent and RELAY not in refused:
        yield LifeStep(at=None, kind="confirmed")


def _outbox(facts: LifeFacts) -> Iterator[LifeStep]:
    for row in facts.outbox:
        told = [row.reason] if row.reason else []
        if row.attempts:
            told.append(f"{row.attempts} failed attempts to send it")
        kind: StepKind = "put off" if row.attempted else "waiting"
        if row.attempted:
            told.append(f"until {row.leased_until.isoformat(timespec='seconds')}")
        yield LifeStep(
            at=row.added_at, kind=kind, subscriber=row.subscriber, detail="; ".join(told)
        )


def _attempts(facts: LifeFacts) -> Iterator[LifeStep]:
    for each in facts.failures:
        detail = f"attempt {each.number}: {each.error}"
        yield LifeStep(at=each.at, kind="failed attempt", subscriber=each.subscriber, detail=detail)
    for each in facts.counted:
        if each.number and not any(_ends(failure, each) for failure in facts.failures):
            detail = f"attempt {each.number} has not ended"
            yield LifeStep(at=each.at, kind="attempt", subscriber=each.subscriber, detail=detail)


def _ends(failure: AttemptFact, counted: AttemptFact) -> bool:
    same = (failure.subscriber, failure.number) == (counted.subscriber, counted.number)
    return same and failure.at >= counted.at


def _handled(facts: LifeFacts) -> Iterator[LifeStep]:
    """Yield inbox rows, but for those of discarded dead letters."""
    discarded = {entry.subscriber for entry in facts.audit if entry.action == "discard"}
    for subscriber, at in facts.handled:
        if subscriber not in discarded:
            yield LifeStep(at=at, kind="handled", subscriber=subscriber)


def _dead_letters(facts: LifeFacts) -> Iterator[LifeStep]:
    for letter in facts.dead_letters:
        kind = "parked" if letter.parked else f"after {letter.attempts} attempts"
        detail = f"{kind}: {letter.error}"
        yield LifeStep(
            at=letter.at, kind="dead letter", subscriber=letter.subscriber, detail=detail
        )
    for entry in facts.audit:
        yield LifeStep(
            at=entry.at, kind=entry.action, subscriber=entry.subscriber, detail=entry.error
        )


def _repairs(facts: LifeFacts) -> Iterator[LifeStep]:
    for subscriber, number in facts.resends:
        detail = "once by the reconciler" if number == 1 else f"{number} times by the reconciler"
        yield LifeStep(at=None, kind="re-sent", subscriber=subscriber, detail=detail)
    for subscriber, at in facts.returned:
        yield LifeStep(at=at, kind="returned", subscriber=subscriber)


def trace_id(context: MessageContext) -> str | None:
    """Return the trace's id in a message's context."""
    return context.traceparent.split("-")[1] if context.traceparent else None
