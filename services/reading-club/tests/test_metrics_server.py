"""The port of the metrics."""

import socket
import urllib.request

import pytest

from reading_club.app.embedded.broker import free_port
from reading_club.app.metrics.children import CLUB, environments
from reading_club.app.metrics.server import metrics_of
from reading_club.app.settings import ConfigurationError, Settings

NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def test_metrics_are_served_until_the_end() -> None:
    """On the port of the setting; afterwards the port is free again."""
    settings = Settings(metrics_port=free_port())
    for _ in range(2):
        with metrics_of(settings, "relay") as metrics:
            assert metrics is not None
            metrics.stream.resent("activity", 3)
            with NO_PROXY.open(f"http://127.0.0.1:{settings.metrics_port}/metrics") as answer:
                text = answer.read().decode()

        assert 'reading_club_events_resent_total{subscriber="activity"} 3.0' in text


def test_without_a_port_there_are_no_metrics() -> None:
    """Nothing is counted, and nothing listens."""
    with metrics_of(Settings(), "web") as metrics:
        assert metrics is None


def test_a_port_in_use_is_a_wrong_setting() -> None:
    """The error names the setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(metrics_port=taken.getsockname()[1])
        expected = "is in use: set READING_CLUB_METRICS_PORT"
        with pytest.raises(ConfigurationError, match=expected), metrics_of(settings, "web"):
            pass


def test_a_host_that_is_not_here_is_a_wrong_setting() -> None:
    """The error names the setting."""
    settings = Settings(metrics_port=free_port(), metrics_host="192.0.2.1")

    expected = "READING_CLUB_METRICS_HOST cannot be used"
    with pytest.raises(ConfigurationError, match=expected), metrics_of(settings, "web"):
        pass


def test_children_have_ports_in_a_fixed_order() -> None:
    """Web, relay, and the workers in the order of the subscribers."""
    ports = environments(Settings(metrics_port=9100), CLUB)

    assert {name: each["READING_CLUB_METRICS_PORT"] for name, each in ports.items()} == {
        "web": "9100",
        "relay": "9101",
        "worker activity": "9102",
        "worker catalogue": "9103",
        "worker imports": "9104",
        "worker notices": "9105",
    }


def test_without_a_port_children_have_none() -> None:
    """Their environment is that of the parent."""
    assert environments(Settings(), CLUB) == {name: {} for name in CLUB}


def test_a_port_too_high_for_all_children_is_a_wrong_setting() -> None:
    """Each child has to have a port."""
    with pytest.raises(ConfigurationError, match="READING_CLUB_METRICS_PORT is too high"):
        environments(Settings(metrics_port=65534), CLUB)
