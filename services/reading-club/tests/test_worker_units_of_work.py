"""The units of work of a worker: events that a handler causes are in the outbox, for a relay."""

from pathlib import Path

from reading_club.app.bootstrap.worker import open_relayed_units_of_work
from reading_club.app.settings import Settings
from reading_club.app.testing.database_file import NOW, rows
from reading_club.testing.builders import an_event


async def test_events_of_a_handler_are_left_to_a_relay(data_dir: Path) -> None:
    """They are in the transaction of the handler, with a lease that has run out."""
    async with open_relayed_units_of_work(Settings()) as make_uow, make_uow() as transaction:
        await transaction.uow.messagestore.add(an_event())
        await transaction.commit()

    due = f"SELECT count(*) FROM outbox WHERE leased_until <= {NOW.format(1)}"
    assert rows(data_dir / "club.sqlite3", due) == [(1,)]
