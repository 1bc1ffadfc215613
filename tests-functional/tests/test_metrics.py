"""The metrics of real processes, scraped as Prometheus does, while the broker works and is away."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reading_club_functional.cluster import (
    PROJECTION_NAMES,
    SUBSCRIBER_NAMES,
    ClubCluster,
    prepared_cluster,
)
from reading_club_functional.polling import eventually
from reading_club_functional.servers import ValkeyServer
from reading_club_functional.servers.ports import free_ports, is_free
from reading_club_functional.telemetry import scrape

ISBNS = ("0-321-12521-5", "978-1492052203", "978-0134494166")
TYPE = 'type="book_registered_v1"'
SCRAPED_WITHIN = 40.0
"""Seconds until a state of the database is seen, which is repeated for 15 s."""


Ports = Mapping[str, str]


@pytest.fixture
def broker() -> Iterator[ValkeyServer]:
    """A broker that the test may stop."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture
def club(tmp_path: Path, database_url: str, broker: ValkeyServer) -> Iterator[ClubCluster]:
    """A club without processes."""
    with prepared_cluster(tmp_path, database_url, broker.url) as club:
        yield club


@pytest.fixture
def ports(club: ClubCluster) -> Ports:
    """The ports of the metrics of running processes, by role and subscriber."""
    names = ("web", "relay", *SUBSCRIBER_NAMES)
    ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
    workers = [
        club.begin("worker", "--subscriber", name, metrics_port=ports[name])
        for name in SUBSCRIBER_NAMES
    ]
    others = [club.begin(name, metrics_port=ports[name]) for name in ("relay", "web")]
    club.ready(*workers, *others)
    return ports


def test_counters_are_the_numbers_of_commands_and_events(club: ClubCluster, ports: Ports) -> None:
    """Three books and a refused twin: each is counted once in web, sender or relay, and workers."""
    for isbn in (*ISBNS, ISBNS[0]):
        club.browser.add_book(title="A book", author="A", isbn=isbn)

    web = scrape(ports["web"])
    assert web['commands_total{outcome="handled",type="register_book_v1"}'] == 3
    assert web['commands_total{outcome="refused",type="register_book_v1"}'] == 1
    assert web['transactions_total{status="committed"}'] >= 3
    for name in PROJECTION_NAMES:
        handled = f'events_handled_total{{subscriber="{name}",{TYPE}}}'
        eventually(lambda p=ports[name], h=handled: scrape(p)[h] == 3, within=30)  # type: ignore[misc]
        worker = scrape(ports[name])
        assert worker[f'event_effect_seconds_count{{subscriber="{name}"}}'] == 3
        assert worker["broker_connections_opened_total"] == 1

    web, relay = scrape(ports["web"]), scrape(ports["relay"])
    sent = web['events_confirmed_total{by="sender"}'] + relay['events_confirmed_total{by="relay"}']
    assert sent == 3
    assert web["events_in_flight"] == 0
    assert relay["stream_readable"] == 1
    a_port_in_use_ends_the_start(club, ports["relay"])


def a_port_in_use_ends_the_start(club: ClubCluster, port: str) -> None:
    """Start a relay on the port of another; assert that it ends with one line and exit code 2."""
    second = club.begin("relay", metrics_port=port)

    assert second.wait() == 2
    (line,) = second.output.splitlines()
    assert "in use: set READING_CLUB_METRICS_PORT" in line


def test_an_outage_of_the_broker_is_in_the_metrics(
    club: ClubCluster, ports: Ports, broker: ValkeyServer
) -> None:
    """The breakers are not closed, events are left to the relay, and the oldest one has an age."""
    closed = 'circuit_breaker_state{state="closed"}'
    assert scrape(ports["web"])[closed] == 1
    broker.stop()

    club.browser.add_book(title="A book", author="A", isbn=ISBNS[0])

    eventually(lambda: scrape(ports["web"])[closed] == 0, within=30)
    assert scrape(ports["web"])['events_left_to_relay_total{reason="outage"}'] == 1
    eventually(lambda: scrape(ports["relay"])["outbox_oldest_seconds"] > 0, within=SCRAPED_WITHIN)
    eventually(lambda: scrape(ports["relay"])[closed] == 0, within=30)
    lag = scrape(ports["relay"])['subscriber_lag_events{subscriber="activity"}']
    assert lag == 1
    broker.start()
    eventually(lambda: scrape(ports["relay"])[closed] == 1, within=30)


def test_children_count_up_from_the_port_of_the_setting(club: ClubCluster) -> None:
    """The workers have this port and the next, in their order."""
    (first,) = eventually(lambda: [p for p in free_ports(20) if is_free(p + 1)][:1])
    club.ready(club.begin("worker", metrics_port=str(first)))

    for number, name in enumerate(SUBSCRIBER_NAMES):
        (info,) = (key for key in scrape(str(first + number)) if key.startswith("process_info"))
        assert f'subscriber="{name}"' in info
