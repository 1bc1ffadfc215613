"""URLs of databases and brokers, validated before use.

An error names the environment variable and leaves out its value, which may hold a password.
"""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from reading_club.app.errors import ConfigurationError
from reading_club.app.private_files import database_file

if TYPE_CHECKING:
    from sqlalchemy import URL


def sqlite_url(path: Path) -> "URL":
    """Return the URL of a SQLite file, with any characters in its path."""
    from sqlalchemy import URL

    return URL.create("sqlite", database=str(path.resolve()))


def database_url(address: str, schemes: Collection[str]) -> "URL":
    """Return the parsed URL of a database with one of these schemes, of known drivers.

    Raises ConfigurationError for one that is unusable.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise _unusable("READING_CLUB_DATABASE_URL", ("postgresql", "sqlite")) from None
    if url.drivername not in schemes:
        raise _unusable("READING_CLUB_DATABASE_URL", ("postgresql", "sqlite"))
    if url.get_backend_name() == "sqlite" and url.query and "uri" not in url.query:
        raise ConfigurationError(
            "READING_CLUB_DATABASE_URL has an option that SQLite does not know"
        )
    return url


def existing(url: "URL") -> "URL":
    """Return the URL with ``mode=rw``, by which SQLite opens an existing file and creates none."""
    path = database_file(url)
    if path is None:
        return url
    uri = path.resolve().as_uri()
    return url.set(database=uri).update_query_dict({"mode": "rw", "uri": "true"})


def broker_url(address: str, parse: Callable[[str], str]) -> str:
    """Return the URL of a broker, or several URLs separated by semicolons, as ``parse`` spells it.

    Raises ConfigurationError if ``parse`` raises ValueError.
    """
    try:
        return parse(address)
    except ValueError:
        raise _unusable("READING_CLUB_BROKER_URL", ("amqp", "redis")) from None


def _unusable(name: str, schemes: Iterable[str]) -> ConfigurationError:
    known = " or ".join(f"{scheme}://…" for scheme in schemes)
    return ConfigurationError(
        f"{name} is not an address that the club can use: it takes {known}, "
        "with the special characters of a password percent-encoded"
    )
