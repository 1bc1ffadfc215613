"""Where the database of the settings is."""

from pathlib import Path

from reading_club.app.bootstrap.database import database_file, database_url
from reading_club.app.settings import Settings
from reading_club.eventstream.command_line import CommandFailed


def database_path(settings: Settings, advice: str) -> Path:
    """Return the SQLite file of the settings, without links.

    Raises CommandFailed with advice if there is none.
    """
    file = database_file(url := database_url(settings))
    if file is None and url.get_backend_name() == "sqlite":
        raise CommandFailed("a database in memory, or of a file: URI, is not copied")
    if file is None:
        raise CommandFailed(advice)
    # SQLite keeps its logs beside the file that a link leads to, and that one is to be replaced.
    return file.resolve()
