"""An earlier release of the club beside this one, and members who write to both."""

import subprocess
from itertools import chain
from pathlib import Path

import httpx2

from reading_club.adapters.uow_sqla import migrations
from reading_club.testing.builders import an_isbn
from reading_club_functional.cluster import PROJECTION_NAMES, ClubCluster
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess, command, environment
from reading_club_functional.servers.ports import free_ports

REFUSED = 2
"""Exit code of a process that does not work with the schema."""
AT_LEAST = 10
"""Books that are registered in each step."""


class Members:
    """Registers books at the web process that a proxy leads to, and keeps the answers."""

    def __init__(self, url: str) -> None:
        self.proxied = url
        self.ids: list[str] = []
        self.failures: list[str] = []
        self._client = httpx2.Client(timeout=30)

    def post(self) -> None:
        """Register a book."""
        isbn = an_isbn()
        book = {"title": f"Volume {isbn.canonical}", "author": "Many", "isbn": isbn.canonical}
        try:
            answer = self._client.post(f"{self.proxied}/api/books", json=book)
        except httpx2.HTTPError as exc:
            self.failures.append(type(exc).__name__)
            return
        if answer.status_code == httpx2.codes.CREATED:
            self.ids.append(answer.json()["id"])
        else:
            self.failures.append(f"{answer.status_code} {answer.text}")

    def wait_for_more(self) -> None:
        """Wait until some more books are registered."""
        enough = len(self.ids) + AT_LEAST
        eventually(lambda: self.failures or len(self.ids) >= enough, within=60)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class OldRelease:
    """The processes and commands of an earlier release, on the club's database and broker."""

    def __init__(self, club: ClubCluster, python: Path) -> None:
        self._club, self._python = club, str(python)
        self.settings = {**club.settings, "port": str(*free_ports(1))}
        self.url = f"http://127.0.0.1:{self.settings['port']}"

    def begin(self, *arguments: str) -> ClubProcess:
        """Start a process."""
        process = ClubProcess(
            self._club.folder, *arguments, settings=self.settings, python=self._python
        )
        return self._club.enter_context(process)

    def begin_all(self) -> dict[str, list[ClubProcess]]:
        """Start web, relay and workers, and return them by their role when they are ready."""
        workers = [self.begin("worker", "--subscriber", name) for name in PROJECTION_NAMES]
        running = {"worker": workers, "relay": [self.begin("relay")], "web": [self.begin("web")]}
        self._club.ready(*chain.from_iterable(running.values()))
        return running

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command, and return its exit code and output."""
        return subprocess.run(
            command(*arguments, python=self._python),
            env=environment(self._club.folder, **self.settings),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def assert_told_as_on_the_page(old: OldRelease) -> None:
    """Assert what the earlier release makes of the newer schema: see *From the first release*."""
    codes = [httpx2.get(f"{old.url}{path}").status_code for path in ("/readyz", "/healthz")]
    assert codes == [503, 200]
    refused = old.call("relay")
    assert refused.returncode == REFUSED
    assert f"the database is at schema {migrations.head()}, this release needs" in refused.stderr
