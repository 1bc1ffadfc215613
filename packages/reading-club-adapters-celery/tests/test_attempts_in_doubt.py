"""Counts of attempts whose COMMIT was not answered, and their taking back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from reading_club.adapters.eventstream.testing import (
    ConsumerFixture,
    FailingSubscriber,
    ProcessKilled,
    on_the_wire,
)
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.adapters.memory.inbox import InMemoryInbox
from reading_club.adapters.memory.rows import Count
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.errors import CommitInDoubt, StorageBusy
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event

Consume = Callable[[Subscriber[Any, Any]], EventTask]
LATER = timedelta(seconds=1)


def redeliver(consumer: EventTask, event: BookRegistered) -> None:
    """Deliver an event that may have killed a worker."""
    consumer.receive(on_the_wire(event), suspected=True)


def test_an_attempt_whose_count_is_in_doubt_is_counted_once(
    consume: Consume, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the answers to COMMIT are lost, the attempt that was counted goes on."""
    commit, lost = InMemoryTransaction.commit, iter(range(3))

    async def commit_in_doubt(transaction: InMemoryTransaction[Any]) -> None:
        await commit(transaction)
        if next(lost, None) is not None:
            raise CommitInDoubt("the connection was lost")

    monkeypatch.setattr(InMemoryTransaction, "commit", commit_in_doubt)
    failing = FailingSubscriber(activity, forever=ProcessKilled())

    with pytest.raises(ProcessKilled):
        redeliver(consume(failing), an_event())

    assert club.attempts == [1]
    assert failing.calls == 1


@pytest.mark.parametrize("committed", [True, False])
def test_a_deferral_takes_back_a_count_that_is_in_doubt(
    consume: Consume, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch, *, committed: bool
) -> None:
    """An attempt that never began leaves no count, and the count of an earlier one stays."""
    event, club.hold = an_event(), 45.0
    commit, lost = InMemoryTransaction.commit, iter(range(1))

    async def commit_in_doubt(transaction: InMemoryTransaction[Any]) -> None:
        in_doubt = next(lost, None) is not None
        if committed or not in_doubt:
            await commit(transaction)
        if in_doubt:
            raise CommitInDoubt("the connection was lost")

    monkeypatch.setattr(InMemoryTransaction, "commit", commit_in_doubt)
    failing = FailingSubscriber(activity)
    key = InboxKey(failing.name, event.message_id)
    club.database.attempts[key] = Count(1, club.now - timedelta(days=1))

    consume(failing).receive(on_the_wire(event), suspected=True, arrived=club.time() - 3600.0)

    assert club.attempts == [1]
    assert (len(club.database.outbox), failing.calls) == (1, 0)


@pytest.mark.parametrize(
    ("is_committed", "counted_since", "count"),
    [(True, False, 2), (False, False, 2), (True, True, 3)],
)
def test_what_was_taken_back_in_doubt_is_not_taken_back_again(
    consume: Consume,
    club: ConsumerFixture,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_committed: bool,
    counted_since: bool,
    count: int,
) -> None:
    """If the answer to COMMIT is lost, the next attempt is counted, unless its count is there.

    A count with the same number that another worker has made since is not this worker's.
    """
    event = an_event()
    failing = FailingSubscriber(activity, StorageBusy("busy"), forever=ProcessKilled())
    key = InboxKey(failing.name, event.message_id)
    club.database.attempts[key] = Count(1, club.now - timedelta(days=1))
    commit, commits = InMemoryTransaction.commit, iter(("counted", "taken back"))

    async def commit_in_doubt(transaction: InMemoryTransaction[Any]) -> None:
        is_taken_back = next(commits, None) == "taken back"
        if is_committed or not is_taken_back:
            await commit(transaction)
        if is_taken_back:
            if counted_since:
                club.database.attempts[key] = Count(2, club.now + LATER)
            raise CommitInDoubt("the connection was lost")

    monkeypatch.setattr(InMemoryTransaction, "commit", commit_in_doubt)
    with pytest.raises(ProcessKilled):
        redeliver(consume(failing), event)

    assert club.attempts == [count]
    assert failing.calls == 2


def test_what_a_deferral_took_back_in_doubt_is_not_taken_back_again(
    consume: Consume, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the answer to the COMMIT of a deferral is lost, the next one leaves the other counts."""
    event, club.hold = an_event(), 45.0
    failing = FailingSubscriber(activity, forever=StorageBusy("busy"))
    key = InboxKey(failing.name, event.message_id)
    club.database.attempts[key] = Count(1, club.now - timedelta(days=1))
    commit, commits = InMemoryTransaction.commit, iter(("counted", "put off"))
    back, calls = InMemoryInbox.take_back_attempt, iter(("away",))

    async def commit_in_doubt(transaction: InMemoryTransaction[Any]) -> None:
        await commit(transaction)
        if next(commits, None) == "put off":
            raise CommitInDoubt("the connection was lost")

    async def away_at_first(*arguments: Any) -> Any:
        if next(calls, None):
            raise StorageBusy("away")
        return await back(*arguments)

    monkeypatch.setattr(InMemoryTransaction, "commit", commit_in_doubt)
    monkeypatch.setattr(InMemoryInbox, "take_back_attempt", away_at_first)
    consume(failing).receive(on_the_wire(event), suspected=True, arrived=club.time() - 3600.0)

    assert club.attempts == [1]
