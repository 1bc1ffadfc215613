"""The broker under the model: one queue, and outcomes of publications that are told beforehand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.ports.outbox import OutboxKey, OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club.eventstream.subscriber import Subscriber

Message = Mapping[str, Any]


@dataclass
class Copies:
    """The copies of one event in the queue."""

    fresh: list[Message] = field(default_factory=list)
    suspected: list[Message] = field(default_factory=list)


class ScriptedBroker:
    """A publisher and an inspector of the one queue; ``outcomes`` are those of the next batch."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        self.copies = {id_: Copies() for id_ in ids}
        self.outcomes: Mapping[OutboxKey, str] = {}

    def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Put each event on the queue or not, and confirm it or not, as its outcome says."""
        by = {each: {e.key for e in events if self.outcomes[e.key] == each} for each in _KNOWN}
        for event in events:
            if self.outcomes[event.key] in {"confirmed", "confirm lost"}:
                copies = self.copies[event.key.message_id]
                (copies.suspected if event.attempted else copies.fresh).append(event.envelope)
        away = by["confirm lost"] | by["not sent"]
        return PublishResult(
            by["confirmed"],
            dict.fromkeys(by["refused"], "it is too large"),
            EventstreamUnavailable("away") if away else None,
            dict.fromkeys(by["returned"], "there is no queue"),
        )

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def declare(self, subscriber: Subscriber[Any, Any]) -> None:
        """Do nothing: the queue is there."""

    def is_empty(self, subscriber: str) -> bool:  # noqa: ARG002  # there is one queue
        """Whether no copy waits in the queue."""
        return not any(each.fresh or each.suspected for each in self.copies.values())

    def purge(self) -> None:
        """Lose all that is in the queue."""
        for id_ in self.copies:
            self.copies[id_] = Copies()


_KNOWN = ("confirmed", "confirm lost", "not sent", "returned", "refused")
