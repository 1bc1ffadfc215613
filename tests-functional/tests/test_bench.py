"""Benchmarks fail unless each measured event took effect once."""

import re
import shutil
from pathlib import Path

import pytest

from reading_club.adapters import uow_sqla
from reading_club_functional.bench import consuming
from reading_club_functional.bench.fresh import NotOnce
from reading_club_functional.bench.stage import Stage
from reading_club_functional.servers import PostgreSQLServer, RabbitMQServer

WHOLE = Path(uow_sqla.__path__[0])
INSERT = re.compile(
    r"inserted = await insert_many\(.*?\n        \)\n        return [^\n]*", re.DOTALL
)


@pytest.fixture
def stage(postgresql: PostgreSQLServer, rabbitmq: RabbitMQServer, tmp_path: Path) -> Stage:
    """The environment of a quick benchmark run."""
    return Stage(postgresql, rabbitmq, tmp_path, quick=True)


@pytest.fixture
def without_inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started processes import a copy of the SQL package that inserts no inbox rows."""
    copy = tmp_path / "copy" / "reading_club" / "adapters" / "uow_sqla"
    shutil.copytree(WHOLE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    inbox = copy / "eventstream" / "inbox.py"
    text, changed = INSERT.subn("return set(receipts)", inbox.read_text(encoding="utf-8"))
    assert changed == 1
    inbox.write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "copy"))


def test_a_worker_is_measured_when_every_event_took_effect_once(stage: Stage) -> None:
    """The unchanged club passes the check."""
    assert consuming.consume(stage) > 0


@pytest.mark.usefixtures("without_inbox")
def test_a_worker_without_an_inbox_is_not_measured(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Duplicates take effect twice without an inbox: the benchmark raises NotOnce."""
    monkeypatch.setattr(consuming, "PATIENCE", 10.0)

    with pytest.raises(NotOnce):
        consuming.consume(stage)
