"""The sender on an outbox and a broker in memory."""

import time
from collections.abc import Iterator

import pytest

from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.testing.builders import an_event
from reading_club.testing.polling import eventually
from reading_club.testing.sender_fixture import WAIT_TIMEOUT, SenderFixture


@pytest.fixture
def club() -> Iterator[SenderFixture]:
    """A sender on an empty outbox, closed after the test."""
    with SenderFixture() as club:
        yield club


async def test_what_is_committed_is_sent_and_deleted_without_a_relay(club: SenderFixture) -> None:
    """Closing sends the queued events."""
    events = await club.commit(5)

    club.sender.close()

    assert club.sent() == events
    assert club.database.outbox == {}


async def test_a_transaction_that_was_rolled_back_sends_nothing(club: SenderFixture) -> None:
    """The event of a rolled-back transaction never reaches the sender."""
    async with InMemoryUnitOfWork(club.sender, club.database) as transaction:
        await transaction.uow.messagestore.add(an_event())
        await transaction.rollback()
    club.sender.close()

    assert club.broker.batch_sizes == []


async def test_a_broker_that_hangs_holds_up_nobody(club: SenderFixture) -> None:
    """Commits do not wait, the queue is bounded, and the relay sends the rest."""
    club.broker.gate.clear()
    first = await club.commit()
    assert club.broker.reached.wait(WAIT_TIMEOUT)
    begin = time.monotonic()

    others = await club.commit(30)

    assert time.monotonic() - begin < WAIT_TIMEOUT / 3
    assert club.queued == 10
    assert len(club.database.outbox) == 31
    club.broker.gate.set()
    club.sender.close()
    assert club.sent() == [*first, *others[:10]]
    assert len(club.database.outbox) == 20
    await club.relay()
    assert club.sent() == [*first, *others]


async def test_closing_is_bounded(club: SenderFixture) -> None:
    """Closing ends after its timeout; unsent events stay in the outbox."""
    club.broker.gate.clear()
    await club.commit()
    assert club.broker.reached.wait(WAIT_TIMEOUT)
    events = await club.commit(20)
    begin = time.monotonic()

    club.sender.close(within=0.1)

    assert time.monotonic() - begin < WAIT_TIMEOUT / 3
    club.broker.gate.set()
    eventually(lambda: not club.thread.is_alive(), within=WAIT_TIMEOUT)
    assert [key.message_id for key in club.database.outbox] == events


async def test_after_closing_it_takes_nothing(club: SenderFixture) -> None:
    """Events committed after closing are left to the relay; no thread is started."""
    club.sender.close()
    events = await club.commit(2)

    assert club.queued == 0
    assert club.sender._thread is None
    await club.relay()
    assert club.sent() == events


async def test_what_has_waited_for_half_its_lease_is_left_to_the_relay(club: SenderFixture) -> None:
    """After half its lease the sender skips an event, as a relay may soon claim the row."""
    club.sender = club.a_sender(lease=0.0)
    await club.commit(3)

    club.sender.close()

    assert club.broker.batch_sizes == []
    assert len(club.database.outbox) == 3
