"""How long a worker holds a message, pauses and rests, and how large its batches are."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from reading_club.adapters.eventstream.worker.batching import LARGEST_BATCH
from reading_club.eventstream.outbox.backoff import Backoff


@dataclass(frozen=True)
class Pacing:
    """Pauses of a worker and how long it holds a message, in seconds; how large a batch is."""

    attempt_pause: float = 5.0
    """Between the first two attempts of a message that may have killed its worker; each further
    pause is four times as long."""
    hold: float = 45.0
    """Longest time from arrival to deferral during an outage: below the visibility timeout of
    Redis and Valkey, and far below RabbitMQ's acknowledgement timeout."""
    hold_busy: float = 10.0
    """Longest time from the first attempt to deferral if the database answers: others wait."""
    rest: float = 0.02
    """Between two batches, unless a full one waits: under load larger batches cost much less.

    A message that comes just after a batch takes its effect so much later; an idle worker's does
    not. 0 begins the next batch at once."""
    largest_batch: int = LARGEST_BATCH
    """The most messages that are handled in one transaction."""
    backoff: Backoff = field(default_factory=Backoff)
    """Between two attempts of a held message."""
    timer: Callable[[], float] = time.monotonic
    """Returns monotonic seconds, by which the times are measured."""
