"""Benchmarks fail unless each measured event took effect once."""

import json
import logging
import shutil
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import AsyncMock

import pytest
from opentelemetry import trace

from reading_club.adapters import uow_sqla
from reading_club_functional.bench.checks import NotOnce
from reading_club_functional.bench.comparison import Comparison, Result
from reading_club_functional.bench.environment import Environment
from reading_club_functional.bench.measures import commands, consuming, end_to_end, stages, wal
from reading_club_functional.bench.measures.latency import PERCENTILES
from reading_club_functional.bench.report import beside, save
from reading_club_functional.bench.stage_times import STAGES
from reading_club_functional.servers import PostgreSQLServer, RabbitMQServer
from reading_club_functional.telemetry import json_lines

pytestmark = pytest.mark.nightly

COMMANDS = 50
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


@pytest.mark.usefixtures("without_inbox")
def test_stages_of_a_worker_without_an_inbox_are_not_measured(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stages' figures are void unless inbox and effects have each event once."""
    monkeypatch.setattr(stages, "COMMANDS", 100)

    with pytest.raises(NotOnce, match="inbox"):
        stages.stages(environment, stages.timed_application, stages.our_worker)


def test_stages_are_measured_on_both_sides(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each stage has two figures, of the club and of the peer."""
    monkeypatch.setattr(stages, "COMMANDS", 100)

    ours = stages.stages(environment, stages.timed_application, stages.our_worker)
    bare = stages.stages(environment, stages.bare_handler, stages.bare_consumer)

    assert ours.keys() == bare.keys()
    assert len(ours) == len(STAGES) * len(PERCENTILES)


@pytest.mark.usefixtures("without_inbox")
def test_a_club_without_an_inbox_is_not_measured_end_to_end(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The highest rate is void unless both subscribers received each event once."""
    for name, size in {"SECONDS": 10, "BURST": 100}.items():
        monkeypatch.setattr(end_to_end, name, size)

    with pytest.raises(NotOnce, match="activity"):
        end_to_end.highest_rate(environment, end_to_end.whole_club)


def test_wal_is_not_measured_without_the_effects(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes are counted if each event has one row in both read models, and only then."""
    plain = partial(wal.bytes_per_event, environment, COMMANDS, wal.without_outbox, nullcontext)
    assert plain() > 0

    monkeypatch.setattr(wal, "take_effect", AsyncMock())
    with pytest.raises(NotOnce, match="activity"):
        plain()


def test_commands_are_observed_in_this_process_and_it_is_undone(
    environment: Environment, tmp_path: Path
) -> None:
    """Each command is in a span with its SQL below; afterwards nothing is recorded any more."""
    before = trace.get_tracer_provider(), logging.getLogger().handlers[:]
    observed = replace(environment, observed=True)
    handler = partial(commands.without_sender, observe=observed.observing)

    commands.commands_stored(observed, COMMANDS, handler)

    (file,) = tmp_path.glob("web-*.spans")
    spans = json_lines(file.read_text(encoding="utf-8"))
    requests = [span["context"]["span_id"] for span in spans if span["name"] == "command"]
    assert len(requests) == COMMANDS + commands.WARM_UP
    assert {span["parent_id"] for span in spans if span["name"] == "COMMIT"} == {*requests}
    assert (trace.get_tracer_provider(), logging.getLogger().handlers) == before
    written = file.stat().st_size
    commands.commands_stored(environment, COMMANDS, commands.without_sender)
    assert file.stat().st_size == written


def test_a_worker_is_observed(environment: Environment, tmp_path: Path) -> None:
    """An observed worker logs JSON and records spans, and is measured all the same."""
    assert consuming.consume(replace(environment, observed=True)) > 0

    (spans,) = tmp_path.rglob("worker-*.spans")
    names = {span["name"] for span in json_lines(spans.read_text(encoding="utf-8"))}
    assert "process eventstream.activity" in names
    (log,) = tmp_path.rglob("worker-*.log")
    assert json_lines(log.read_text(encoding="utf-8"))


def test_an_observed_run_is_printed_beside_the_latest_one(tmp_path: Path) -> None:
    """A rate that fell and a time that rose by more than a tenth are named, and nothing else."""
    latest = tmp_path / "latest.json"
    assert not [*beside(latest, results(1, 1), quick=False)]
    save(latest, results(1, 1), quick=False)

    same, slower = (
        [*beside(latest, results(*each), quick=False)] for each in ((0.91, 1.09), (0.89, 1.2))
    )

    assert same[-1] == "fell by more than a tenth: no ratio"
    assert "ratio 0.89 of 1 (89%), ours 0.89 of 1 events/s" in slower[0]
    assert slower[-1] == "fell by more than a tenth: rate, time"
    assert json.loads(latest.read_text(encoding="utf-8"))["quick"] is False
    assert "the other kind" in next(beside(latest, results(1, 1), quick=True))


def results(rate: float, time: float) -> list[Result]:
    """Return the results of a rate and of a time, each compared with 1."""
    more = Comparison("rate", "events/s", float, float, "peer", 1)
    less = replace(more, name="time", unit="ms", at_most=True)
    return [Result(more, [rate], [1]), Result(less, [time], [1])]
