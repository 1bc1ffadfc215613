"""Port and types of the life of one event: what became of a message, step by step."""

from collections.abc import Sequence
from typing import Final, Literal, Protocol
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS

LOOK_BACK: Final = 7 * 86_400.0
"""Seconds that a list by type or correlation looks back if its filter has no ``since``."""
EFFECT_WITHIN: Final = 60.0
"""Seconds after the start of its handling in which the effects of a message are looked for."""
MOST_EFFECTS: Final = 100
"""Maximum of effects in the life of one event."""
MOST_AUDITED: Final = 10_000
"""How many of the newest audit entries are searched for those of one event."""

StepKind = Literal[
    "recorded",
    "waiting",
    "confirmed",
    "attempt",
    "failed attempt",
    "put off",
    "handled",
    "dead letter",
    "retry",
    "discard",
    "replay",
    "re-sent",
    "returned",
]


class MessageSummary(BaseModel):
    """A message of the history without its payload."""

    model_config = ConfigDict(frozen=True)

    message_id: UUID
    type: str
    """The type on the wire."""
    created_at: AwareDatetime
    """By the clock of the process that made the message."""
    recorded_at: AwareDatetime | None
    """By the database's clock; None for a message from before that was stored."""
    published: bool
    """Whether the message is sent to subscribers."""
    correlation_id: UUID | None = None
    """The same for all messages that one request led to."""
    causation_id: UUID | None = None
    """The message whose handling recorded this one."""


class LifeStep(BaseModel):
    """One thing that happened to a message.

    ``recorded`` is the commit of the transaction that stored it. ``waiting`` is its outbox row for
    ``subscriber``, ``put off`` one that is sent again after a pause. ``confirmed`` tells that the
    broker has it. ``attempt`` is a counted attempt to handle it that has not ended. ``handled`` is
    its inbox row: it took effect. ``retry``, ``discard`` and ``replay`` are what became of its dead
    letter, ``re-sent`` what the reconciler did. ``returned`` is its way back to the broker from a
    worker that had not begun to handle it.
    """

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime | None
    """The time, by the database's clock but for dead letters and commands on them; None if it is
    not recorded."""
    kind: StepKind
    subscriber: str = ALL_SUBSCRIBERS
    """The subscriber, RELAY, or ALL_SUBSCRIBERS."""
    detail: str = ""
    """Numbers, reasons and errors; an error may quote the message."""


class EventLife(BaseModel):
    """What is known of one message, without its payload."""

    model_config = ConfigDict(frozen=True)

    message: MessageSummary
    trace_id: str | None = None
    """The id of its W3C trace, 32 hexadecimal digits."""
    cause: MessageSummary | None = None
    """The message whose handling recorded this one, unless it is no longer in the history."""
    effects: Sequence[MessageSummary] = ()
    """The messages that the handling of this one recorded, the oldest first."""
    steps: Sequence[LifeStep] = ()
    """In the order of time; steps without a time follow ``recorded``."""


class MessageFilter(BaseModel):
    """A query filter for messages of the history; a field that is None matches all."""

    model_config = ConfigDict(frozen=True)

    type: str | None = None
    since: AwareDatetime | None = None
    """Messages recorded at this time or later."""
    until: AwareDatetime | None = None
    """Messages recorded before this time."""
    correlation_id: UUID | None = None


ALL_MESSAGES: Final = MessageFilter()


class EventLives(Protocol):
    """Questions of operators to the tables of the stream."""

    async def find(self, message_id: UUID) -> EventLife | None:
        """Return the life of a message; None if the history does not have it.

        Effects are messages with this one as their cause, recorded up to ``EFFECT_WITHIN`` seconds
        after this one or after a subscriber began to handle it, up to ``MOST_EFFECTS``. Subscribers
        are those that have a subscription. Commands on dead letters are looked for among the newest
        ``MOST_AUDITED``.
        """
        ...

    async def list(
        self, wanted: MessageFilter = ALL_MESSAGES, *, limit: int = 50
    ) -> Sequence[MessageSummary]:
        """Return up to ``limit`` messages, the newest first.

        By type or correlation without ``since``, those of the last ``LOOK_BACK`` seconds.
        """
        ...
