"""The sender with a broker, a database or a publisher that fails."""

from collections.abc import Iterator

import pytest

from reading_club.eventstream.errors import EventstreamUnavailable, StorageUnavailable
from reading_club.testing.polling import eventually
from reading_club.testing.sender_fixture import WAIT_TIMEOUT, SenderFixture


@pytest.fixture
def club() -> Iterator[SenderFixture]:
    """A sender on an empty outbox, closed after the test."""
    with SenderFixture() as club:
        yield club


async def test_during_an_outage_nothing_piles_up(club: SenderFixture) -> None:
    """Queued and new events are left to the relay; the queue stays empty."""
    club.broker.gate.clear()
    events = await club.commit()
    assert club.broker.reached.wait(WAIT_TIMEOUT)
    events += await club.commit(5)
    club.broker.outage = EventstreamUnavailable("away")
    club.broker.gate.set()
    eventually(lambda: club.queued == 0 and not club.sender._breaker.closed, within=WAIT_TIMEOUT)

    events += await club.commit(50)

    assert club.queued == 0
    assert club.broker.batch_sizes == [1]
    assert len(club.database.outbox) == 56
    assert {row.attempts for row in club.database.outbox.values()} == {0}
    club.broker.outage = None
    await club.relay()
    assert club.sent() == events


async def test_half_open_it_probes_with_one_event(club: SenderFixture) -> None:
    """After the pause the sender sends one event of a batch; the relay sends the rest."""
    club.set_breaker(club.sender, 0.0)
    club.broker.gate.clear()
    await club.commit()
    assert club.broker.reached.wait(WAIT_TIMEOUT)
    await club.commit(5)
    club.broker.outage = EventstreamUnavailable("away")
    club.broker.gate.set()

    club.sender.close()

    assert club.broker.batch_sizes == [1, 1]


async def test_after_an_outage_it_sends_again(club: SenderFixture) -> None:
    """A probe that arrives closes the breaker."""
    club.set_breaker(club.sender, 0.0)
    club.broker.outage = EventstreamUnavailable("away")
    (lost,) = await club.commit()
    eventually(lambda: not club.sender._breaker.closed, within=WAIT_TIMEOUT)
    club.broker.outage = None
    events = await club.commit()
    eventually(lambda: club.sender._breaker.closed, within=WAIT_TIMEOUT)
    events += await club.commit(2)

    club.sender.close()

    assert club.sent() == events
    assert [key.message_id for key in club.database.outbox] == [lost]


@pytest.mark.parametrize("message", [{}, {"id": "x"}, {"id": None}])
async def test_handing_over_never_fails(
    club: SenderFixture, message: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """The transaction is committed, so that an error is only logged."""
    await club.sender.send_message_serialized(message)

    assert "left to the relay" in caplog.text


async def test_the_thread_survives_a_publisher_that_raises(club: SenderFixture) -> None:
    """The failed batch is left to the relay; the same thread sends the next one."""
    club.set_breaker(club.sender, 0.0)
    club.broker.error = RuntimeError("a bug")
    (left,) = await club.commit()
    eventually(lambda: not club.sender._breaker.closed, within=WAIT_TIMEOUT)
    thread = club.thread
    events = await club.commit()

    club.sender.close()

    assert club.sent() == events
    assert club.thread is thread
    assert [key.message_id for key in club.database.outbox] == [left]


async def test_a_publisher_that_cannot_be_made_is_asked_for_again(club: SenderFixture) -> None:
    """A thread that cannot start logs the error; the next event starts another thread."""
    club.set_breaker(club.sender, 0.0)
    club.broken = True
    events = await club.commit()
    eventually(lambda: not club.thread.is_alive(), within=WAIT_TIMEOUT)
    club.broken = False
    events += await club.commit()

    club.sender.close()

    assert set(club.sent()) <= set(events)
    assert club.sent()
    await club.relay()
    assert set(club.sent()) == set(events)


async def test_a_database_that_is_away_leaves_the_rows(club: SenderFixture) -> None:
    """An event whose row could not be deleted is sent twice; the thread continues."""
    club.broker.gate.clear()
    (twice,) = await club.commit()
    assert club.broker.reached.wait(WAIT_TIMEOUT)
    club.database.error = StorageUnavailable("away")
    club.broker.gate.set()
    eventually(lambda: bool(club.broker.sent), within=WAIT_TIMEOUT)
    eventually(lambda: club.queued == 0, within=WAIT_TIMEOUT)
    club.database.error = None
    (once,) = await club.commit()

    club.sender.close()
    await club.relay()

    assert set(club.sent()) == {twice, once}
    assert club.database.outbox == {}
