"""What to call in place of ``backup`` and ``restore`` on PostgreSQL; no password is shown."""

import shlex
from pathlib import Path

from sqlalchemy import URL

from reading_club.app.bootstrap.database import database_url
from reading_club.app.settings import Settings

PASSWORD = "with the password in PGPASSWORD or ~/.pgpass"  # noqa: S105  # where it belongs


def dump_advice(settings: Settings, file: Path) -> str:
    """Return a sentence with the command that copies the database while the club runs."""
    dump = ["pg_dump", "--format=custom", "--exclude-table-data=processes", f"--file={file}"]
    command = shlex.join([*dump, f"--dbname={_without_password(settings)}"])
    return f"PostgreSQL copies a database itself: call `{command}`, {PASSWORD}"


def restore_advice(settings: Settings, file: Path) -> str:
    """Return a sentence with the commands that restore a copy."""
    restore = ["pg_restore", "--no-owner", "--exit-on-error", "--single-transaction"]
    command = shlex.join([*restore, f"--dbname={_without_password(settings)}", str(file)])
    return (
        f"PostgreSQL restores a database itself: stop the club, make an empty database, and call "
        f"`{command}`, {PASSWORD}; then `reading-club migrate` and "
        "`reading-club reconcile --after-restore`, and start the club"
    )


def _without_password(settings: Settings) -> str:
    """Return the address of the database for PostgreSQL's own programs, without its secrets."""
    url = database_url(settings)
    mode = url.query.get("sslmode", url.query.get("ssl"))
    options = {} if mode is None else {"sslmode": mode}
    address = URL.create(
        "postgresql", url.username, None, url.host, url.port, url.database, options
    )
    return address.render_as_string()
