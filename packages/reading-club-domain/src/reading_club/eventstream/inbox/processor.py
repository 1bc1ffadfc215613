"""Processes the messages of one subscriber: effect, another attempt, or a dead letter."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from messagebus import Event

from reading_club.eventstream.dead_letters.writer import DeadLetterWriter, error_text
from reading_club.eventstream.errors import BUSY, TransientFailure, UnknownEvent, UnreadableMessage
from reading_club.eventstream.inbox.attempt_policy import (
    AttemptPolicy,
    Delivery,
    defer,
    is_counted,
    take_back,
)
from reading_club.eventstream.inbox.spans import handle
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, UnitOfWorkFactory
from reading_club.eventstream.wire import EventRegistry, wire_type

NEVER_ENDED: Final = "its handling never came to an end"


class RedeliveryLimitExceeded(Exception):
    """Every attempt began, and each time the worker was lost before the attempt ended."""


class InboxProcessor:
    """Handles the messages of one subscriber, each attempt in its own transaction.

    A failing message has as many attempts as the policy allows. Each attempt but the first is
    counted before it begins, in a transaction of its own, so that an attempt that kills its process
    counts as well. Outages are not counted.
    """

    def __init__(
        self,
        subscriber: Subscriber[Any, Any],
        events: EventRegistry[Any],
        policy: AttemptPolicy,
        clock: Callable[[], datetime],
        metrics: StreamMetrics = NO_METRICS,
    ) -> None:
        self.subscriber = subscriber
        self._events = events
        self.policy = policy
        self.dead_letters = DeadLetterWriter(subscriber.name, policy.limit, clock, metrics)
        self.metrics = metrics

    async def attempt(self, delivery: Delivery, make_uow: UnitOfWorkFactory) -> bool:
        """Return True when the message may be acknowledged, False if it has to be tried again.

        Raises TransientFailure during an outage; call again with the same delivery then.
        """
        try:
            event = self._decode(delivery.message)
        except UnreadableMessage as exc:
            await self.dead_letters.give_up(delivery, exc, make_uow)
            return True
        inbox_key = InboxKey(self.subscriber.name, event.message_id)
        if delivery.count_before:
            if not await self.policy.begin(delivery, inbox_key, make_uow):
                return True
            if delivery.number > self.policy.limit:
                await self.dead_letters.give_up(
                    delivery, RedeliveryLimitExceeded(NEVER_ENDED), make_uow
                )
                return True
            delivery.count_before = False
        try:
            await self._handle(event, inbox_key, delivery, make_uow())
        except (TransientFailure, asyncio.CancelledError):
            await self.policy.take_back(delivery, inbox_key, make_uow)
            raise
        except Exception as exc:  # noqa: BLE001  # a handler's bug concerns its message only
            self.metrics.attempt_failed(self.subscriber.name, wire_type(event))
            return await self._failed(delivery, inbox_key, exc, make_uow)
        return True

    async def defer(
        self, delivery: Delivery, error: Exception, make_uow: UnitOfWorkFactory
    ) -> bool:
        """Defer a message that a transient failure delays, or give it up after too many stalls.

        A stall is counted if the database was too busy for this message while others of its
        subscriber succeeded; each stall makes the pause four times as long. Other failures are not
        counted. An attempt that was counted and not finished is taken back, also if the answer to
        its count was lost. Returns False for an unreadable message, which cannot be deferred.
        """
        try:
            inbox_key = self.inbox_key(delivery.message)
        except (TypeError, LookupError, ValueError):
            return False
        async with make_uow() as transaction:
            if await is_counted(delivery, inbox_key, transaction.uow):
                await take_back(delivery, inbox_key, transaction.uow)
            within = self.policy.since_last(delivery) if isinstance(error, BUSY) else 0.0
            stalls = await transaction.uow.inbox.count_stall(inbox_key, within=within)
            if stalls < self.policy.limit:
                pause = self.policy.growing_pause(stalls)
                await defer(delivery.message, inbox_key, pause, str(error), transaction.uow)
            await transaction.commit()
        if stalls >= self.policy.limit:
            delivery.number = stalls
            await self.dead_letters.give_up(delivery, error, make_uow)
        else:
            self.metrics.deferred(self.subscriber.name, 1)
        return True

    def inbox_key(self, message: Any) -> InboxKey:
        """Return the key of a message. Raises TypeError, LookupError or ValueError without one."""
        return InboxKey(self.subscriber.name, UUID(message["id"]))

    async def process_batch(self, messages: Sequence[object], make_uow: UnitOfWorkFactory) -> None:
        """Handle messages in one transaction, each with its inbox row.

        Raises the first error of any message, or TransientFailure; no message has an effect then.
        """
        events = [self._decode(message) for message in messages]
        inbox_keys = [InboxKey(self.subscriber.name, event.message_id) for event in events]
        handled: list[Event] = []
        async with make_uow() as transaction:
            uow = transaction.uow
            new = set(await uow.inbox.insert_new_many(inbox_keys))
            for inbox_key, event, message in zip(inbox_keys, events, messages, strict=True):
                if inbox_key in new:
                    new.remove(inbox_key)  # of two copies in one batch the first takes effect
                    await handle(self.subscriber, event, uow, message)
                    handled.append(event)
            await transaction.commit()
        duplicates = len(events) - len(handled)
        self.metrics.handled(self.subscriber.name, handled, duplicates=duplicates)

    def _decode(self, message: object) -> Event:
        event: Event = self._events.decode(message)
        handlers = self.subscriber.handlers
        if type(event) not in handlers and not self.subscriber.reads(type(event)):
            raise UnknownEvent(f"{self.subscriber.name} has no handler for {type(event).__name__}")
        return event

    async def _handle(
        self, event: Event, inbox_key: InboxKey, delivery: Delivery, uow: StreamUnitOfWork
    ) -> None:
        """Handle the event and insert its inbox row in one transaction; skip a duplicate."""
        handled: list[Event] = []
        async with uow as transaction:
            if await uow.inbox.insert_new(inbox_key):
                await handle(self.subscriber, event, uow, delivery.message)
                handled.append(event)
            if delivery.number:
                await uow.inbox.forget_attempts(inbox_key)
            await transaction.commit()
        self.metrics.handled(self.subscriber.name, handled, duplicates=1 - len(handled))

    async def _failed(
        self, delivery: Delivery, inbox_key: InboxKey, error: Exception, make_uow: UnitOfWorkFactory
    ) -> bool:
        async with make_uow() as transaction:
            if not delivery.number:
                attempts = await transaction.uow.inbox.count_attempt(inbox_key)
                delivery.number = attempts.number
            await transaction.uow.failures.record(inbox_key, delivery.number, error_text(error))
            await transaction.commit()
        if delivery.number >= self.policy.limit:
            await self.dead_letters.give_up(delivery, error, make_uow)
            return True
        self.dead_letters.log_failed(delivery, error)
        delivery.count_before, delivery.count, delivery.begun = True, None, True
        return False
