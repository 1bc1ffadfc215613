"""The steps of a replay, and its pauses."""

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.replay import PAUSE, STEP, replay
from reading_club.testing.relay_fixture import RelayFixture

TYPE = "book_registered_v1"


async def test_a_replay_pauses_until_the_relay_has_sent() -> None:
    """The whole history gets to the outbox in steps; each is reported."""
    club = RelayFixture()
    await club.commit(2 * STEP + 1)
    club.database.outbox.clear()
    steps: list[int] = []

    async def relay(seconds: float) -> None:
        assert seconds == PAUSE
        assert len(club.database.outbox) == 2 * STEP
        club.database.outbox.clear()

    def make_uow() -> InMemoryUnitOfWork:
        return InMemoryUnitOfWork(RecordingOutboxTransport(), club.database)

    async with make_uow() as transaction:
        await transaction.uow.subscriptions.subscribe("digest", [TYPE], outside=True)
        await transaction.uow.replays.begin("digest", [TYPE], since=None, inbox=60.0)
        await transaction.commit()
    await replay(make_uow, "digest", steps.append, relay)

    assert steps == [STEP, STEP, 0, 1]
    assert {key.subscriber for key in club.database.outbox} == {"digest"}
