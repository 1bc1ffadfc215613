"""Production code in the place of the model's processes, driven from step to step."""

from collections.abc import Callable, MutableMapping
from functools import cached_property, partial
from typing import Final
from unittest.mock import patch
from uuid import UUID

from reading_club.adapters.memory import InMemoryStreamDatabase, InMemoryStreamUnitOfWork
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.outbox import relay, retry_policy, sender
from reading_club.eventstream.outbox.claim_start import ClaimStart
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.reconciler import Reconciler
from reading_club.eventstream.wire import wire_type
from reading_club.testing.clock import ManualClock
from reading_club_functional.proof.broker import ScriptedBroker
from reading_club_functional.proof.driven_consumer import DrivenConsumer, subscriber
from reading_club_functional.proof.guards import Size
from reading_club_functional.proof.publishing import SENDER, Step
from reading_club_functional.proof.states import TO_ALL, State
from reading_club_functional.proof.stepping import (
    AlwaysClosed,
    Stepped,
    SteppedOutbox,
    SteppedUnitOfWork,
    finish,
)

LONG: Final = 1_000_000.0
"""Seconds that pass at once: longer than every lease and pause."""
AFTER: Final = 300.0
LEASE: Final = 30.0


class DrivenDatabase(InMemoryStreamDatabase):
    """The tables of the stream, and the number of effects of each event."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock.now)
        self.effects: MutableMapping[UUID, int] = {}


class SteppedSender(sender.Sender):
    """The sender without its thread: the driver lets it take what is queued, and send that."""

    def _begin_process(self) -> None:
        super()._begin_process()
        self._breaker = self._report.breaker = AlwaysClosed()

    def _start(self) -> None:
        pass

    def restart(self) -> None:
        """Be the sender of a new process, with a lease of its own and nothing queued."""
        self._begin_process()

    def queued(self, now: float) -> list[OutboxKey]:
        """Return the keys of the queued events that are sent in time."""
        offers = list(self._queue.queue)
        return [each.event.key for each in offers if each is not None and now < each.until]

    async def work(self, broker: ScriptedBroker, outbox: SteppedOutbox) -> None:
        """Send what is queued and finish its rows, as the thread does."""
        queued = self._take()
        assert queued
        await self._send(queued, broker, outbox)
        await self._delete_confirmed(outbox, at_once=True)


class Driven:
    """One web process with its sender, relays and consumers, on one database and one broker."""

    def __init__(self, size: Size, events: list[BookRegistered], sender: SteppedSender) -> None:
        self.size, self.events, self.sender = size, events, sender
        self.clock = ManualClock()
        self.database = DrivenDatabase(self.clock)
        self.broker = ScriptedBroker([event.message_id for event in events])
        self.outboxes = [SteppedOutbox(self.database) for _ in range(1 + size.relays)]
        self.working: list[Stepped | None] = [None] * (1 + size.relays)
        self.relays = [self._new_relay(number) for number in range(1, 1 + size.relays)]
        self.make_uow = partial(InMemoryStreamUnitOfWork, sender, self.database)
        pausing = partial(SteppedUnitOfWork, sender, self.database)
        self.consumers = [
            DrivenConsumer(size.limit, self.clock, pausing, self.make_uow)
            for _ in range(size.consumers)
        ]
        sender.restart()
        type_ = wire_type(BookRegistered)
        self.database.subscriptions[subscriber().name, type_] = self.clock.now()

    def key(self, number: int) -> OutboxKey:
        """Return the key of a row of the model."""
        name = "" if number % 2 == TO_ALL else subscriber().name
        return OutboxKey(self.events[number // 2].message_id, name)

    def take(self, step: Step, before: State) -> None:
        """Let production code take a step of the model."""
        with patch.object(retry_policy, "ATTEMPTS", self.size.limit):
            self._by_action.get(step.action, self._consume)(step, before)

    @cached_property
    def _by_action(self) -> dict[str, Callable[[Step, State], None]]:
        finishing = dict.fromkeys(("delete", "fail", "split", "release"), self._finish)
        return finishing | {
            "commit": self._commit,
            "roll back": self._roll_back,
            "claim": self._claim,
            "publish": self._publish,
            "deliver": self._deliver,
            "crash of a publishing process": self._crash,
            "time passes": self._pass_time,
            "the broker loses the queue": self._purge,
            "reconcile": self._reconcile,
        }

    def _new_relay(self, number: int) -> relay.Relay:
        outbox = self.outboxes[number]
        start = ClaimStart(lambda: 0.0, lambda: 0.0)
        return relay.Relay(outbox, self.broker, breaker=AlwaysClosed(), lease=LEASE, start=start)

    def _commit(self, step: Step, _: State) -> None:
        async def commit() -> None:
            async with self.make_uow() as transaction:
                await transaction.uow.messagestore.add(self.events[step.number])
                await transaction.commit()

        finish(commit())

    def _roll_back(self, step: Step, _: State) -> None:
        async def roll_back() -> None:
            async with self.make_uow() as transaction:
                await transaction.uow.messagestore.add(self.events[step.number])
                await transaction.rollback()

        finish(roll_back())

    def _claim(self, step: Step, _: State) -> None:
        self._work(step.number, Stepped(self.relays[step.number - 1].run_once()))

    def _publish(self, step: Step, before: State) -> None:
        keys = [self.key(n) for n, held in enumerate(before.batches[step.number]) if held]
        self.broker.outcomes = dict(zip(keys, step.outcome, strict=True))
        if step.number == SENDER:
            outbox = self.outboxes[SENDER]
            outbox.begin()
            self._work(SENDER, Stepped(self.sender.work(self.broker, outbox)))
        else:
            self._finish(step, before)

    def _finish(self, step: Step, _: State) -> None:
        working = self.working[step.number]
        assert working
        working.go_on()
        self._work(step.number, working)

    def _work(self, process: int, work: Stepped) -> None:
        self.working[process] = work if work.point else None

    def _crash(self, step: Step, _: State) -> None:
        if working := self.working[step.number]:
            working.crash()
        self.working[step.number] = None
        if step.number == SENDER:
            self.sender.restart()
        else:
            self.relays[step.number - 1] = self._new_relay(step.number)

    def _pass_time(self, _: Step, __: State) -> None:
        self.clock.advance(LONG)

    def _purge(self, _: Step, __: State) -> None:
        self.broker.purge()

    def _reconcile(self, _: Step, __: State) -> None:
        reconciler = Reconciler(
            [subscriber()], self.broker, self.make_uow, after=AFTER, horizon=1000 * LONG
        )
        finish(reconciler.run_once())

    def _deliver(self, step: Step, _: State) -> None:
        copies = self.broker.copies[self.events[step.event].message_id]
        suspected = step.outcome == ("a suspected copy",)
        message = (copies.suspected if suspected else copies.fresh).pop()
        self.consumers[step.number].deliver(message, suspected=suspected)

    def _consume(self, step: Step, _: State) -> None:
        if returned := self.consumers[step.number].take(step.action):
            self.broker.copies[UUID(returned["id"])].suspected.append(returned)
