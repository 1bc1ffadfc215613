"""Decisions on more dead letters than a transaction takes."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest

from reading_club.eventstream.dead_letters import batches
from reading_club.eventstream.dead_letters.batches import decide
from reading_club.eventstream.dead_letters.commands import discard, retry
from reading_club.eventstream.ports.dead_letters import NO_FILTER, DeadLetter
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.testing.dead_letters_command_line import DeadLettersCommandLine

BURNED = "activity/parcel_burned_v1/KeyError"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each transaction changes up to three dead letters."""
    monkeypatch.setattr(batches, "BATCH", 3)


@pytest.mark.parametrize(("command", "done"), [("retry", "sent again"), ("discard", "discarded")])
def test_a_group_is_done_as_a_whole(shop: DeadLettersCommandLine, command: str, done: str) -> None:
    """All dead letters of the group are changed, more than a transaction takes, and no other."""
    shop.add(10, "KeyError")
    shop.add(2, "ValueError")

    planned = shop.call(command, "--group", BURNED, "--dry-run")
    before = len(shop.database.dead_letters)
    result = shop.call(command, "--group", BURNED)

    assert f"10 dead letters would be {done}" in planned.output
    assert before == 12
    assert f"10 dead letters {done}" in result.output
    assert len(result.output.splitlines()) == 11
    assert shop.errors() == {"ValueError"}
    assert len(shop.database.audit) == 10


def test_what_cannot_be_sent_keeps_nothing_behind_it(shop: DeadLettersCommandLine) -> None:
    """Dead letters without an event are counted, and the older ones are sent."""
    shop.add(5, "KeyError", envelope="text")
    shop.add(4, "ValueError")

    result = shop.call("retry", "--all")

    assert "4 dead letters sent again" in result.output
    assert "5 of them cannot be sent" in result.stderr
    assert shop.errors() == {"KeyError"}


async def test_what_fails_again_meanwhile_is_decided_on_once(shop: DeadLettersCommandLine) -> None:
    """A retried message that is a dead letter again at once does not keep the command busy."""
    shop.add(7, "KeyError")
    batches_left = iter(range(20))

    async def retry_in_vain(
        letters: Sequence[DeadLetter], uow: StreamUnitOfWork, now: datetime
    ) -> Sequence[DeadLetter]:
        next(batches_left)
        sent = await retry(letters, uow, now)
        for letter in sent:
            again = letter.model_copy(update={"set_aside_at": now})
            await uow.dead_letters.add(again)
        return sent

    decided = [each async for each in decide(shop.make_uow, retry_in_vain, NO_FILTER)]

    assert sum(each.found for each in decided) == 7
    assert len(shop.database.audit) == 7
    assert len(shop.database.dead_letters) == 7


def test_each_batch_is_a_transaction(shop: DeadLettersCommandLine) -> None:
    """A failure leaves the batches before it changed, and its own as it was."""
    shop.add(7, "KeyError")
    calls = []

    async def fail_the_third(
        letters: Sequence[DeadLetter], uow: StreamUnitOfWork, now: datetime
    ) -> Sequence[DeadLetter]:
        calls.append(len(letters))
        done = await discard(letters, uow, now)
        if len(calls) == 3:
            raise ConnectionError("away")
        return done

    async def run() -> None:
        async for _ in decide(shop.make_uow, fail_the_third, NO_FILTER):
            pass

    with pytest.raises(ConnectionError):
        asyncio.run(run())

    assert calls == [3, 3, 1]
    assert len(shop.database.dead_letters) == 1
