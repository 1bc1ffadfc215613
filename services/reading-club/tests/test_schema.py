"""Commands and readiness on a schema of a later release."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.testing.schema_state import NEWER, make_newer
from reading_club.app.cli import main
from reading_club.app.testing.person import Person

INCOMPATIBLE = "9998"


def make_newer_in(data_dir: Path, oldest: str) -> None:
    """Upgrade the database of the environment as a later release would."""

    async def make() -> None:
        engine = create_engine(f"sqlite:///{data_dir / 'club.sqlite3'}")
        await make_newer(engine, oldest)
        await engine.dispose()

    asyncio.run(make())


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


def test_migrate_leaves_a_newer_schema_that_is_compatible(data_dir: Path) -> None:
    """``migrate`` of an earlier release succeeds in a rolling upgrade, and names both schemas."""
    make_newer_in(data_dir, oldest=migrations.head())

    result = call("migrate")

    assert result.exit_code == 0
    assert f"schema {NEWER}, newer than this release ({migrations.head()})" in result.output
    assert "which goes on working with it" in result.output


@pytest.mark.parametrize(
    "command",
    [["migrate"], ["web"], ["web", "--migrate"], ["worker"], ["relay"], ["reconcile"]],
    ids=" ".join,
)
def test_a_schema_that_needs_a_later_release_stops_every_command(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """Each command exits with 2 and one line, which does not advise to migrate."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
    make_newer_in(data_dir, oldest=INCOMPATIBLE)

    result = call(*command)

    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert f"schema {NEWER}, which this release" in result.stderr
    assert "migrate`" not in result.stderr


def test_a_newer_schema_that_is_compatible_is_ready(
    client: TestClient, engine: AsyncEngine
) -> None:
    """A running instance stays ready and stores books after a later release migrated."""
    assert client.portal is not None
    client.portal.call(make_newer, engine, migrations.head())

    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.json()
    book = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
    assert client.post("/api/books", json=book).status_code == 201


def test_one_that_needs_a_later_release_is_not_ready(
    client: TestClient, organiser: Person, engine: AsyncEngine
) -> None:
    """503, with advice to install the later release, and not to migrate."""
    assert client.portal is not None
    client.portal.call(make_newer, engine, INCOMPATIBLE)

    answer = organiser.get("/readyz")

    assert answer.status_code == 503
    detail = answer.json()["database"]["detail"]
    assert "install the release that made it" in detail
    assert "migrate" not in detail
