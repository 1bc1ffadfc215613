"""The secrets that ``make-secrets.sh`` writes, with addresses of private servers."""

import subprocess
from pathlib import Path

from reading_club_functional.deployed.units import FOLDER

DATABASE, BROKER = "database.invalid:1", "broker.invalid:2"
"""Stand for the addresses of servers that start with these secrets."""


def make_secrets(folder: Path) -> Path:
    """Run the script, and return the folder that it has made."""
    script, made = FOLDER / "compose" / "make-secrets.sh", folder / "secrets"
    subprocess.run(["/bin/sh", script, made, DATABASE, BROKER], check=True, timeout=30)
    return made


def credentials_of(url: str) -> str:
    """Return user and password of an address, with a colon between."""
    return url.partition("://")[2].partition("@")[0]


def as_in_etc(secrets: Path, etc: Path, *, database: str, broker: str) -> None:
    """Write the addresses as the units load them, with those of servers behind the user.

    ``database`` is host, port, name and options; ``broker`` has the scheme ``amqps``.
    """
    etc.mkdir()
    for path in secrets.glob("*_url*"):
        url = path.read_text()
        url = url.replace(f"{DATABASE}/reading_club", database)
        url = url.replace("amqp://", "amqps://").replace(f"{BROKER}//", broker)
        (etc / path.name).write_text(url)
