"""Tells whether this release works with the schema of a database."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import Connection, inspect, select

from reading_club.adapters.uow_sqla.orm import compatibility

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE: Final = "alembic_version"
"""Alembic's default, which the databases of clubs have."""

Kind = Literal["current", "behind", "unfinished", "newer", "unknown"]


@dataclass(frozen=True)
class SchemaState:
    """The revision of a database, and the revision that this release needs.

    ``newer`` is a later release's schema that declares this release compatible, ``unknown`` one
    without that declaration; an ``unfinished`` schema's migration was interrupted.
    """

    kind: Kind
    revision: str | None
    needed: str

    @property
    def usable(self) -> bool:
        """Whether this release works with the schema."""
        return self.kind in {"current", "newer"}

    @property
    def sentence(self) -> str:
        """The state of the schema and the operator's next step, in one line."""
        at = f"the database is at schema {self.revision or 'none'}"
        return {
            "current": at,
            "behind": f"{at}, this release needs {self.needed}: run `reading-club migrate`",
            "unfinished": f"{at}, whose migration was not finished: run `reading-club migrate`",
            "newer": f"{at}, newer than this release ({self.needed}), which goes on working "
            "with it",
            "unknown": f"{at}, which this release ({self.needed}) does not know: install the "
            "release that made it",
        }[self.kind]


def read_state(connection: Connection, version_table: str) -> SchemaState:
    """Return the state of the schema of a database."""
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(connection, opts={"version_table": version_table})
    revision, known = context.get_current_revision(), revisions()
    return SchemaState(_kind(connection, revision, known), revision, known[-1])


def _kind(connection: Connection, revision: str | None, known: tuple[str, ...]) -> Kind:
    if revision is None or revision in known[:-1]:
        return "behind"
    oldest, finished = _compatibility(connection, revision)
    if revision == known[-1]:
        return "current" if finished else "unfinished"
    return "newer" if oldest in known else "unknown"


def _compatibility(connection: Connection, revision: str) -> tuple[str | None, bool]:
    """Return the oldest compatible revision, and whether the migration to this one is finished."""
    if not inspect(connection).has_table(compatibility.name):
        return None, False
    columns = (compatibility.c.oldest, compatibility.c.finished)
    row = connection.execute(select(*columns).where(compatibility.c.revision == revision)).first()
    return (None, False) if row is None else (row.oldest, row.finished)


@cache
def revisions() -> tuple[str, ...]:
    """Return the revisions that this release knows, the oldest first."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(config())
    return tuple(script.revision for script in scripts.walk_revisions())[::-1]


def config(connection: Connection | None = None, version_table: str = VERSION_TABLE) -> "Config":
    """Return Alembic's configuration, for an open connection."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes["connection"] = connection
    settings.attributes["version_table"] = version_table
    return settings
