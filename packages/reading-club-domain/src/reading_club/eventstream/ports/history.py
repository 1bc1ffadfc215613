"""Port of the history: what the event stream keeps of messages, and its only change."""

from collections.abc import Sequence
from typing import Protocol

from reading_club.eventstream.redaction import Redaction


class History(Protocol):
    """The messages that the event stream keeps: stored, dead-lettered, and waiting to be sent."""

    async def redact(self, redactions: Sequence[Redaction]) -> None:
        """Redact committed messages, and the envelopes and errors of dead letters and outbox.

        A redacted message stays redacted: what is stored of it later, as a dead letter, deferred or
        retried, has the redacted payload, and of an error its class. Ids, types and times stay.
        """
