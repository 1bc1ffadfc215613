"""Messages and the life of one as lines of text, in aligned columns."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from reading_club.eventstream.ports.event_lives import EventLife, MessageSummary
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS
from reading_club.eventstream.printable import printable

NONE: Final = "-"
"""Stands for what is not on record."""


def life_lines(life: EventLife) -> Iterator[str]:
    """Yield the lines about one message: its ids, its cause, its effects, and its steps."""
    message = life.message
    yield f"{printable(message.type)}  {message.message_id}"
    for name, value in (
        ("created", time_text(message.created_at)),
        ("correlation", message.correlation_id),
        ("trace", life.trace_id),
    ):
        yield f"  {name:<11}  {value or NONE}"
    yield "cause"
    yield from _indented(message_lines([life.cause] if life.cause else []))
    yield "effects"
    yield from _indented(message_lines(life.effects))
    yield "steps"
    yield from _indented(_steps(life))


def message_lines(messages: Sequence[MessageSummary]) -> Sequence[str]:
    """Return a line for each message: time, id, type, and its correlation."""
    return _aligned(
        [
            (
                time_text(each.recorded_at),
                str(each.message_id),
                printable(each.type),
                f"correlation {each.correlation_id}" if each.correlation_id else "",
            )
            for each in messages
        ]
    )


def _steps(life: EventLife) -> Sequence[str]:
    return _aligned(
        [
            (
                time_text(step.at),
                NONE if step.subscriber == ALL_SUBSCRIBERS else printable(step.subscriber),
                step.kind,
                printable(step.detail),
            )
            for step in life.steps
        ]
    )


def time_text(at: datetime | None) -> str:
    """Return a time in UTC to the millisecond."""
    if at is None:
        return NONE
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", timespec="milliseconds")


def _aligned(rows: Sequence[tuple[str, ...]]) -> Sequence[str]:
    """Return the rows with columns of one width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _indented(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines or [NONE])
