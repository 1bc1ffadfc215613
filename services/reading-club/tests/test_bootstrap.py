"""The composition root."""

import asyncio
from pathlib import Path

import pytest

from reading_club.app.composition import Club, open_club
from reading_club.app.embedded.broker import free_port
from reading_club.app.gauges import outbox_gauge
from reading_club.app.settings import Settings
from reading_club.domain.messages import RegisterBook
from reading_club.testing.builders import an_isbn


async def pending(club: Club) -> int:
    """Return how many events wait in the outbox."""
    async with club.engine.connect() as connection:
        return (await outbox_gauge(connection)).pending


async def test_a_broker_that_is_away_does_not_concern_the_command(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Commands succeed, their events wait in the outbox, and logs show no payload or password."""
    url = f"redis://:hunter2@127.0.0.1:{free_port()}/0"
    settings = Settings.model_validate({"data_dir": data_dir, "broker_url": url})

    async with open_club(settings) as club:
        for number in range(10):
            command = RegisterBook(isbn=an_isbn(), title=f"Private {number}", author="Author")
            book = await club.handle(command)
            assert book.id == command.id
        assert await pending(club) == 10

    assert "Private" not in caplog.text
    assert "hunter2" not in caplog.text


async def test_what_is_committed_is_sent(data_dir: Path) -> None:
    """With a broker the outbox becomes empty without a relay: the process sends its events."""
    settings = Settings.model_validate({"data_dir": data_dir, "broker_url": "memory://"})

    async with open_club(settings) as club:
        await club.handle(RegisterBook(isbn=an_isbn(), title="Sent", author="Author"))
        async with asyncio.timeout(10):
            while await pending(club):  # noqa: ASYNC110  # a row has no event to wait for
                await asyncio.sleep(0)
