"""Log, metrics, trace and the life of one poisoned event tell the same story, by the same ids."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.faulty_command import MODULE
from reading_club_functional.nightly import ON_VALKEY_AT_NIGHT
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess
from reading_club_functional.telemetry import Line, json_lines, scrape, spans_of

ATTEMPTS = 2
BOOK = {"title": "Poison", "author": "Evelyn Only", "isbn": "9780321125217"}
TYPE = "book_registered_v1"
ACTIVITY, CATALOGUE = "activity", "catalogue"
Club = dict[str, ClubProcess]
"""The processes: web, relay, and a worker by the name of its subscriber."""


class Story(NamedTuple):
    """What one source tells of the event that a subscriber could not handle."""

    message_id: str
    correlation_id: str
    trace_id: str
    subscriber: str
    type: str
    errors: tuple[str, ...]
    """The class of the error of each attempt, in their order."""


@pytest.fixture
def club(
    tmp_path: Path, database_url: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClubCluster]:
    """An observed club without processes, in which a faulty worker fails for one book."""
    monkeypatch.setenv("HANDLER_FAULTS", f"fails:{BOOK['title']}")
    settings = {"log_format": "json", "attempts": str(ATTEMPTS)}
    with prepared_cluster(tmp_path, database_url, broker_url, **settings) as club:
        club.observed = True
        yield club


def started(club: ClubCluster) -> Club:
    """Start web, relay, and a worker of each subscriber, of which activity's is faulty."""
    faulty = club.begin("worker", "--subscriber", ACTIVITY, module=MODULE)
    (healthy,) = club.begin_workers(CATALOGUE)
    names = {ACTIVITY: faulty, CATALOGUE: healthy}
    processes = {**names, "relay": club.begin("relay"), "web": club.begin("web")}
    club.ready(*processes.values())
    return processes


@ON_VALKEY_AT_NIGHT
def test_log_metrics_trace_and_life_tell_of_one_poisoned_event(club: ClubCluster) -> None:
    """Ids, subscriber, type, attempts and error are the same in all four; content is in none."""
    processes = started(club)
    request = club.browser.add_book(**BOOK).headers["X-Correlation-ID"]
    processes[ACTIVITY].expect("message set aside")

    lines = [line for line in json_lines(processes[ACTIVITY].output) if line.get("error")]
    logged = story_of_log(lines)
    assert (logged.correlation_id, logged.subscriber, logged.type) == (request, ACTIVITY, TYPE)
    assert logged.errors == ("ZeroDivisionError",) * ATTEMPTS
    failed = eventually(lambda: all_of(len(lines), processed(processes[ACTIVITY], logged)))
    assert story_of_spans(failed, lines) == logged
    eventually(lambda: processed(processes[CATALOGUE], logged))
    assert_one_trace(processes, logged)
    assert story_of_life(club, logged.message_id) == logged
    assert_counted(processes, logged)
    assert exit_codes(processes) == {0}
    assert_every_line_is_an_object(processes)
    assert_without_content(processes)


def story_of_log(lines: list[Line]) -> Story:
    """Return what the lines of the failed attempts and of the dead letter tell, each the same."""
    told = [line for line in lines if line.get("attempt")]  # not the batch that is taken apart
    assert [line["event"] for line in told] == ["handling failed", "message set aside"]
    assert [line["attempt"] for line in told] == [*range(1, ATTEMPTS + 1)]
    assert "the handler fails" in told[-1]["exception"]
    names = ("message_id", "correlation_id", "trace_id", "subscriber", "message_type")
    (ids,) = {tuple(line[name] for name in names) for line in told}
    assert {(line["causation_id"], line["role"]) for line in told} == {(ids[0], "worker activity")}
    return Story._make([*ids, tuple(line["error"] for line in told)])


def all_of(number: int, spans: list[Line]) -> list[Line]:
    """Return the spans if there are as many, else none."""
    return spans if len(spans) == number else []


def processed(worker: ClubProcess, story: Story) -> list[Line]:
    """Return the worker's spans of the message, the earliest first."""
    attributes = {"messaging.message.id": story.message_id, "messaging.operation.name": "process"}
    found = [s for s in spans_of(worker.settings) if attributes.items() <= s["attributes"].items()]
    return sorted(found, key=lambda span: str(span["start_time"]))


def story_of_spans(spans: list[Line], lines: list[Line]) -> Story:
    """Return what the spans tell, each of which is named by the line of its error.

    Those of counted attempts have the ids, and the class of an error each.
    """
    named = {span["context"]["span_id"].removeprefix("0x"): span for span in spans}
    assert [line["span_id"] for line in lines] == [*named]
    assert {span["status"]["status_code"] for span in spans} == {"ERROR"}
    (ids,) = {
        (
            span["attributes"]["messaging.message.id"],
            span["attributes"]["messaging.message.conversation_id"],
            span["context"]["trace_id"].removeprefix("0x"),
            span["attributes"]["messaging.consumer.group.name"],
            span["attributes"]["eventstream.message.type"],
        )
        for span in spans
    }
    counted = [named[line["span_id"]] for line in lines if line.get("attempt")]
    errors = tuple(span["attributes"]["error.type"] for span in counted)
    return Story._make([*ids, errors])


def assert_one_trace(processes: Club, story: Story) -> None:
    """Assert that request, sending and both subscribers' handling are spans of the one trace."""
    spans = {name: of_trace(process, story) for name, process in processes.items()}
    (request,) = [span for span in spans["web"] if span["name"] == "POST /api/books"]
    sent = [span for span in (*spans["web"], *spans["relay"]) if span["name"] == "send eventstream"]
    handled = [*processed(processes[CATALOGUE], story), *processed(processes[ACTIVITY], story)]

    assert sent
    assert {span["attributes"]["messaging.message.id"] for span in sent} == {story.message_id}
    assert {span["parent_id"] for span in (*sent, *handled)} == {request["context"]["span_id"]}


def of_trace(process: ClubProcess, story: Story) -> list[Line]:
    """Return the spans of the trace that a process has written."""
    trace = f"0x{story.trace_id}"
    return [s for s in spans_of(process.settings) if s["context"]["trace_id"] == trace]


def story_of_life(club: ClubCluster, message_id: str) -> Story:
    """Return what ``events show`` tells of the subscriber that has a dead letter."""
    life = json.loads(club.call("events", "show", message_id, "--json"))
    (dead,) = [step for step in life["steps"] if step["kind"] == "dead letter"]
    failed = [step for step in life["steps"] if step["kind"] == "failed attempt"]
    assert [s["kind"] for s in life["steps"] if s["subscriber"] == CATALOGUE] == ["handled"]
    assert {step["subscriber"] for step in failed} == {dead["subscriber"]}
    assert dead["detail"].startswith(f"after {ATTEMPTS} attempts: {error_in(failed[-1])}: ")
    message = life["message"]
    ids = (message["message_id"], message["correlation_id"], life["trace_id"])
    errors = tuple(map(error_in, failed))
    return Story(*ids, dead["subscriber"], message["type"], errors)


def error_in(failed: Line) -> str:
    """Return the class of the error of a failed attempt."""
    return str(failed["detail"].split(": ")[1])


def assert_counted(processes: Club, story: Story) -> None:
    """Assert that the worker counts the attempts and its dead letter, and the relay the latter."""
    labels = f'{{subscriber="{story.subscriber}",type="{story.type}"}}'
    worker, other, relay = (
        scrape(processes[name].settings["metrics_port"]) for name in (ACTIVITY, CATALOGUE, "relay")
    )
    assert worker[f"attempts_failed_total{labels}"] == len(story.errors)
    assert worker[f"events_dead_lettered_total{labels}"] == 1
    assert not any(name.startswith("attempts_failed_total") for name in other)
    dead = {name: relay[f'subscriber_dead_letters{{subscriber="{name}"}}'] for name in processes}
    assert {name for name, letters in dead.items() if letters} == {story.subscriber}
    assert dead[story.subscriber] == 1


def exit_codes(processes: Club) -> set[int]:
    """Stop the processes, and return their exit codes."""
    for process in processes.values():
        process.send(signal.SIGTERM)
    return {process.wait() for process in processes.values()}


def assert_every_line_is_an_object(processes: Club) -> None:
    """Assert that each process wrote nothing but JSON, from its first line to its last."""
    lines = [line for process in processes.values() for line in json_lines(process.output)]
    roles = {"web", "relay", f"worker {ACTIVITY}", f"worker {CATALOGUE}"}
    assert {line["role"] for line in lines} == roles
    assert all({"timestamp", "level", "logger", "event"} <= line.keys() for line in lines)


def assert_without_content(processes: Club) -> None:
    """Assert that neither logs nor spans repeat what the event holds."""
    told = [(process.output, spans_of(process.settings)) for process in processes.values()]
    assert BOOK["author"] not in repr(told)
