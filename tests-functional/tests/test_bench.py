"""Benchmarks fail unless each measured event took effect once."""

import shutil
from pathlib import Path

import pytest

from reading_club.adapters import uow_sqla
from reading_club_functional.bench.checks import NotOnce
from reading_club_functional.bench.environment import Environment
from reading_club_functional.bench.measures import consuming
from reading_club_functional.servers import PostgreSQLServer, RabbitMQServer

WHOLE = Path(uow_sqla.__path__[0])
WITHOUT_INBOX = """

async def _insert_nothing(self, keys):
    return set(keys)


assert SQLInbox.insert_new_many
SQLInbox.insert_new_many = _insert_nothing
"""
"""Appended to the inbox's module: each event passes for a new one."""


@pytest.fixture
def environment(
    postgresql: PostgreSQLServer, rabbitmq: RabbitMQServer, tmp_path: Path
) -> Environment:
    """The environment of a quick benchmark run."""
    return Environment(postgresql, rabbitmq, tmp_path, quick=True)


@pytest.fixture
def without_inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started processes import a copy of the SQL package that inserts no inbox rows."""
    copy = tmp_path / "copy" / "reading_club" / "adapters" / "uow_sqla"
    shutil.copytree(WHOLE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    with (copy / "eventstream" / "inbox.py").open("a", encoding="utf-8") as inbox:
        inbox.write(WITHOUT_INBOX)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "copy"))


def test_a_worker_is_measured_when_every_event_took_effect_once(environment: Environment) -> None:
    """The unchanged club passes the check."""
    assert consuming.consume(environment) > 0


@pytest.mark.usefixtures("without_inbox")
def test_a_worker_without_an_inbox_is_not_measured(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Duplicates take effect twice without an inbox: the benchmark raises NotOnce."""
    monkeypatch.setattr(consuming, "EFFECT_TIMEOUT", 10.0)

    with pytest.raises(NotOnce):
        consuming.consume(environment)
