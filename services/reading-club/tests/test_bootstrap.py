"""The application as the bootstrap opens it."""

import asyncio
from pathlib import Path

import pytest

from reading_club.app.application import Application
from reading_club.app.bootstrap.web import open_application
from reading_club.app.embedded.broker import free_port
from reading_club.app.settings import Settings
from reading_club.domain.messages import RegisterBook
from reading_club.testing.builders import an_isbn


async def pending(application: Application) -> int:
    """Return how many events wait in the outbox."""
    return await application.dependencies.statistics.pending()


async def test_a_broker_that_is_away_does_not_concern_the_command(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Commands succeed, their events wait in the outbox, and logs show no payload or password."""
    url = f"redis://:hunter2@127.0.0.1:{free_port()}/0"
    settings = Settings.model_validate({"data_dir": data_dir, "broker_url": url})

    async with open_application(settings) as application:
        for number in range(10):
            command = RegisterBook(isbn=an_isbn(), title=f"Private {number}", author="Author")
            book = await application.handle(command)
            assert book.id == command.id
        assert await pending(application) == 10

    assert "Private" not in caplog.text
    assert "hunter2" not in caplog.text


async def test_what_is_committed_is_sent(data_dir: Path) -> None:
    """With a broker the outbox becomes empty without a relay: the process sends its events."""
    settings = Settings.model_validate({"data_dir": data_dir, "broker_url": "memory://"})

    async with open_application(settings) as application:
        await application.handle(RegisterBook(isbn=an_isbn(), title="Sent", author="Author"))
        async with asyncio.timeout(10):
            while await pending(application):  # noqa: ASYNC110  # a row has no event to wait for
                await asyncio.sleep(0)
