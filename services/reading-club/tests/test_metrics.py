"""The metrics of a process: what its registry has after commands, events and failures."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from reading_club.app.application import Application
from reading_club.app.metrics.commands import CommandMetrics
from reading_club.app.metrics.names import Maker
from reading_club.app.metrics.process import ProcessMetrics
from reading_club.app.metrics.stream import PrometheusStreamMetrics
from reading_club.app.testing.person import Person
from reading_club.domain.errors import NotAllowed
from reading_club.domain.messages import RegisterBook
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.ports.metrics import BreakerState, StreamMetrics
from reading_club.testing.builders import an_event, an_isbn

BOOK = {"title": "DDD", "author": "Evans", "isbn": "0-321-12521-5"}
TYPE = "book_registered_v1"
ACTIVITY = {"subscriber": "activity"}


@pytest.fixture
def metrics() -> ProcessMetrics:
    """The metrics of a worker."""
    return ProcessMetrics("worker", "activity")


def value(metrics: ProcessMetrics, name: str, **labels: str) -> float:
    """Return the value of a sample; 0 if there is none."""
    return metrics.registry.get_sample_value(f"reading_club_{name}", labels) or 0.0


Call = Callable[[StreamMetrics], None]
CALLS: dict[str, tuple[Call, float, dict[str, str]]] = {
    "events_in_flight": (lambda m: m.watch_sender(lambda: 7), 7, {}),
    "events_confirmed_total": (lambda m: m.confirmed("relay", 3, ()), 3, {"by": "relay"}),
    "event_confirm_seconds_sum": (
        lambda m: m.confirmed("sender", 2, (0.5, 1.5)),
        2.0,
        {"by": "sender"},
    ),
    "events_left_to_relay_total": (
        lambda m: m.left_to_relay("overflow", 4),
        4,
        {"reason": "overflow"},
    ),
    "circuit_breaker_state": (lambda m: m.breaker_changed("open"), 1, {"state": "open"}),
    "broker_connections_opened_total": (lambda m: m.connection_opened(), 1, {}),
    "broker_connections_lost_total": (lambda m: m.connection_lost(), 1, {}),
    "events_handled_total": (
        lambda m: m.handled("activity", [an_event(), an_event()], duplicates=0),
        2,
        {**ACTIVITY, "type": TYPE},
    ),
    "event_effect_seconds_count": (
        lambda m: m.handled("activity", [an_event()], duplicates=0),
        1,
        ACTIVITY,
    ),
    "events_duplicate_total": (lambda m: m.handled("activity", [], duplicates=2), 2, ACTIVITY),
    "attempts_failed_total": (
        lambda m: m.attempt_failed("activity", TYPE),
        1,
        {**ACTIVITY, "type": TYPE},
    ),
    "events_deferred_total": (lambda m: m.deferred("activity", 3), 3, ACTIVITY),
    "events_dead_lettered_total": (
        lambda m: m.dead_lettered("activity", "made up"),
        1,
        {**ACTIVITY, "type": "unknown"},
    ),
    "events_resent_total": (lambda m: m.resent("activity", 5), 5, ACTIVITY),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_the_stream_tells_is_in_the_registry(metrics: ProcessMetrics, name: str) -> None:
    """Each call moves its metric; a type that this release does not know is bounded."""
    call, after, labels = CALLS[name]
    assert value(metrics, name, **labels) == 0

    call(metrics.stream)

    assert value(metrics, name, **labels) == after


def test_each_method_of_the_port_is_exported() -> None:
    """A method that is added to the port is not forgotten here."""
    methods = [name for name in vars(StreamMetrics) if not name.startswith("_")]

    assert methods
    assert all(name in vars(PrometheusStreamMetrics) for name in methods)


def test_one_state_of_the_breaker_is_set(metrics: ProcessMetrics) -> None:
    """A new state replaces the one before."""
    states: tuple[BreakerState, ...] = ("open", "half_open")
    for state in states:
        metrics.stream.breaker_changed(state)

    now = {state: value(metrics, "circuit_breaker_state", state=state) for state in states}
    assert now == {"open": 0, "half_open": 1}


def handle(error: Exception | None) -> None:
    """Handle a command, or fail."""
    if error is not None:
        raise error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "handled"),
        (NotAllowed("no"), "refused"),
        (StorageUnavailable("away"), "unavailable"),
        (ValueError("a bug"), "failed"),
    ],
)
def test_commands_are_counted_by_outcome(error: Exception | None, outcome: str) -> None:
    """With the time that the handler took; the error is raised on."""
    registry, ticks = CollectorRegistry(), iter((1.0, 1.25))
    store = CommandMetrics(Maker(registry), timer=lambda: next(ticks))
    command = RegisterBook(isbn=an_isbn(), title="T", author="A")
    raises = nullcontext() if error is None else pytest.raises(type(error))

    with raises, store.command_processing_timer(command):
        handle(error)

    labels = {"type": "register_book_v1"}
    counted = registry.get_sample_value(
        "reading_club_commands_total", {**labels, "outcome": outcome}
    )
    assert counted == 1
    assert registry.get_sample_value("reading_club_command_seconds_sum", labels) == 0.25


def test_the_web_counts_its_commands(client: TestClient, application: Application) -> None:
    """A book, and a refused twin: commands, messages and ended transactions."""
    client.post("/api/books", json=BOOK)
    client.post("/api/books", json=BOOK | {"title": "Another"})

    metrics = application.metrics
    assert metrics is not None
    commands = {"type": "register_book_v1"}
    assert value(metrics, "commands_total", outcome="handled", **commands) == 1
    assert value(metrics, "commands_total", outcome="refused", **commands) == 1
    assert value(metrics, "command_seconds_count", **commands) == 2
    assert value(metrics, "bus_messages_total", type=TYPE) == 1
    assert value(metrics, "transactions_total", status="committed") == 1
    assert value(metrics, "transactions_total", status="rolledback") == 1
    assert value(metrics, "transactions_open") == 0


async def test_a_transaction_that_the_database_does_not_take_is_counted(
    application: Application,
) -> None:
    """By the name of the error, wherever the transaction fails."""
    with pytest.raises(StorageUnavailable):
        async with application.writing():
            raise StorageUnavailable("full")

    assert application.metrics is not None
    unavailable = "transactions_unavailable_total"
    assert value(application.metrics, unavailable, error="StorageUnavailable") == 1


def test_organisers_read_the_metrics_of_the_web_process(organiser: Person) -> None:
    """The text format of Prometheus, with what the process did, and is."""
    answer = organiser.get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'reading_club_process_info{release="' in answer.text
    assert "process_cpu_seconds_total" in answer.text


def test_without_metrics_the_answer_says_how_to_have_them(
    organiser: Person, application: Application
) -> None:
    """404 with the name of the setting."""
    application.metrics = None

    answer = organiser.get("/metrics")

    assert answer.status_code == 404
    assert "READING_CLUB_METRICS_PORT" in answer.json()["detail"]
