"""The composition root."""

import logging
from pathlib import Path

import pytest

from reading_club.adapters.eventstream import publisher_app
from reading_club.adapters.uow_sqla import create_engine, migrations
from reading_club.app.composition import Club
from reading_club.domain.errors import BookAlreadyRegistered
from reading_club.domain.messages import RegisterBook
from reading_club.service.errors import EventstreamUnavailable
from reading_club.service.projections import SUBSCRIBERS
from reading_club.testing import InMemoryEventstreamTransport, an_isbn


async def test_a_broker_that_is_away_does_not_fail_the_command(
    tmp_path: Path, transport: InMemoryEventstreamTransport, caplog: pytest.LogCaptureFixture
) -> None:
    """The book is stored and the caller is told so; what was not sent is logged by its id."""
    engine = create_engine(f"sqlite:///{tmp_path / 'club.sqlite3'}")
    await migrations.upgrade(engine)
    club = Club(engine, transport, publisher_app("memory://", SUBSCRIBERS))
    transport.error = EventstreamUnavailable("no broker")
    command = RegisterBook(isbn=an_isbn(), title="Private", author="Nobody")

    with caplog.at_level(logging.ERROR):
        book = await club.handle(command)
    with pytest.raises(BookAlreadyRegistered):
        await club.handle(RegisterBook(isbn=command.isbn, title="Again", author="Nobody"))

    assert book.id == command.id
    assert str(command.message_id) in caplog.text
    assert "Private" not in caplog.text
    await engine.dispose()
