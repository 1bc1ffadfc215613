"""The commands ``reading-club dead-letters``: list, show, retry and discard."""

from contextlib import AbstractAsyncContextManager

from reading_club.app.cli.support import read_settings
from reading_club.eventstream.dead_letters.cli import dead_letters_group
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory


def units_of_work() -> AbstractAsyncContextManager[UnitOfWorkFactory]:
    """Open units of work on the database of the settings."""
    from reading_club.app.bootstrap.database import open_current_units_of_work

    return open_current_units_of_work(read_settings())


dead_letters = dead_letters_group(units_of_work)
