"""What contexts and spans cost while no traces are recorded, and while they are."""

import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from unittest.mock import patch
from uuid import UUID

from lastuuid import uuid7
from messagebus.service.eventstream import MessageSerializer
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.encoding import MessageEncoder
from reading_club.eventstream.context import NO_CONTEXT, MessageContext
from reading_club.eventstream.ports.outbox import OutboxKey, OutboxMessage
from reading_club.eventstream.transaction_contexts import TransactionContexts
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.testing.builders import an_event
from reading_club_functional.bench.comparison import Comparison
from reading_club_functional.bench.environment import Environment
from reading_club_functional.bench.measures.commands import (
    UNIT,
    commands_stored,
    without_sender,
)
from reading_club_functional.bench.observation import in_spans
from reading_club_functional.bench.open_loop import Handle

BATCH = 500
ENCODED = 20
"""Batches that are encoded in a round."""
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class WithoutContexts(TransactionContexts):
    """Gives each message of a transaction no context, at no cost."""

    def __getitem__(self, message_id: UUID) -> MessageContext:
        return NO_CONTEXT

    def add(self, message: object) -> None:
        """Do nothing."""


def comparisons(environment: Environment) -> Iterator[Comparison]:
    """Yield the command path with contexts, and with spans, compared with that without either."""
    stored = partial(commands_stored, environment, environment.size(5_000))
    off, bare = partial(stored, without_sender), partial(stored, without_contexts)
    yield Comparison("observing_off", UNIT, off, bare, "without contexts", 0.95)
    yield Comparison("observing_on", UNIT, partial(stored, traced), bare, "without contexts", 0.85)
    encode = partial(microseconds_to_encode, [MessageContext(uuid7(), uuid7(), TRACEPARENT)])
    plain = partial(microseconds_to_encode, [NO_CONTEXT])
    yield Comparison("observing_headers", "µs/event", encode, plain, "none", 1.5, at_most=True)


@contextlib.asynccontextmanager
async def without_contexts(database_url: str, connections: int) -> AsyncIterator[Handle]:
    """Yield the application's handler, whose messages have no contexts."""
    with patch("reading_club.eventstream.unit_of_work.TransactionContexts", WithoutContexts):
        async with without_sender(database_url, connections) as handle:
            yield handle


@contextlib.asynccontextmanager
async def traced(database_url: str, connections: int) -> AsyncIterator[Handle]:
    """Yield the application's handler, each of whose commands is in a recorded span."""
    provider = TracerProvider(shutdown_on_exit=False)
    with patch.object(trace, "get_tracer_provider", lambda: provider):
        async with without_sender(database_url, connections) as handle:
            yield in_spans(handle)
    provider.shutdown()


def microseconds_to_encode(contexts: Sequence[MessageContext]) -> float:
    """Return the processor's time for one event, until it can be written to a socket."""
    encoder = MessageEncoder(publisher_app("memory://", SUBSCRIBERS))
    event = an_event()
    envelope = MessageSerializer().serialize_message(event)
    outgoing = OutboxMessage(OutboxKey(event.message_id), envelope)
    began = time.process_time()
    for _ in range(ENCODED):
        # New contexts, as a relay reads them: each is written as text once.
        events = [replace(outgoing, context=replace(contexts[0])) for _ in range(BATCH)]
        messages, failed = encoder.encode(events)
        assert not failed
        assert all(message.prerendered for message in messages)
    return (time.process_time() - began) * 1_000_000 / (BATCH * ENCODED)
