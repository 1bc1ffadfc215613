"""The configuration of publishers and workers."""

from typing import Any

import pytest
from kombu import pools

from reading_club.adapters.eventstream import broker_url
from reading_club.adapters.eventstream.app import PUBLISHER_CONNECTIONS, publisher_app, worker_app
from reading_club.service.projections import SUBSCRIBERS, activity

SECRET = "s3cret"
URLS = [
    f"amqp://club:{SECRET}@broker//",
    f"amqps://club:{SECRET}@broker//",
    f"redis://club:{SECRET}@broker/0",
    f"rediss://club:{SECRET}@broker/0",
    f"valkey://:{SECRET}@broker/0",
    f"amqp://club:{SECRET}@one//;amqp://club:{SECRET}@two//",
    "memory://",
]


@pytest.mark.parametrize("url", URLS)
def test_passwords_are_not_printed(url: str) -> None:
    """The text of an app and its configuration hides the broker's password."""
    for app in (publisher_app(url, SUBSCRIBERS), worker_app(url, activity)):
        shown: list[object] = [
            repr(app),
            str(app),
            repr(app.conf),
            str(app.conf),
            repr(dict(app.conf)),
        ]
        shown += [app.conf.humanize(), repr(app.connection_for_write())]
        assert not any(SECRET in str(text) for text in shown)
        assert SECRET not in url or app.connection_for_write().password == SECRET
    pools.reset()


@pytest.mark.parametrize("url", ["", "broker", "sqla+sqlite://", f"http://club:{SECRET}@broker"])
def test_an_unsupported_broker_url_is_refused(url: str) -> None:
    """The error names the supported schemes, and hides the URL."""
    with pytest.raises(ValueError, match="amqp") as caught:
        publisher_app(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"amqp://club:{SECRET}@broker:0",
        f"amqp://club:{SECRET}",
        f"redis://broker/{SECRET}",
        f"valkey://:half/{SECRET}@broker/0",
        f"amqp://broker;amqp://[{SECRET}",
    ],
)
def test_a_broker_url_has_numbers_where_they_belong(url: str) -> None:
    """A port that is no number or 0, and a database of Redis that is no number, are refused."""
    with pytest.raises(ValueError, match="is not valid") as caught:
        publisher_app(url)
    assert SECRET not in str(caught.value)


def test_valkey_is_redis() -> None:
    """A ``valkey`` URL is turned into a ``redis`` URL for kombu."""
    assert publisher_app("valkey://broker/1").conf.broker_url == "redis://broker/1"


def test_each_broker_of_a_cluster_is_tried_once() -> None:
    """A publication tries each broker of a cluster once: its deadline is short."""
    one, two = (publisher_app(url).conf for url in ("amqp://one", "amqp://one;amqp://two"))

    assert one.broker_transport_options["max_retries"] == 0
    assert two.broker_transport_options["max_retries"] == 1


@pytest.mark.parametrize("url", URLS)
def test_a_publisher_gives_up_soon(url: str) -> None:
    """A publisher connects within 2 s and leaves retries to the outbox."""
    conf = publisher_app(url, SUBSCRIBERS).conf

    assert conf.task_publish_retry is False
    assert conf.broker_connection_timeout <= 2
    assert conf.broker_pool_limit == PUBLISHER_CONNECTIONS


def test_each_broker_has_its_transport_options() -> None:
    """AMQP has confirms and timeouts; Redis has timeouts and fast redelivery."""
    amqp = publisher_app("amqp://broker").conf.broker_transport_options
    redis = publisher_app("redis://broker").conf.broker_transport_options
    worker = worker_app("redis://broker", activity, visibility_timeout=7).conf

    assert amqp["confirm_publish"] is True
    assert 0 < max(amqp["read_timeout"], amqp["write_timeout"]) <= 2
    assert 0 < max(redis["socket_connect_timeout"], redis["socket_timeout"]) <= 2
    assert worker.broker_transport_options["visibility_timeout"] == 7
    assert worker.broker_transport_options["unacked_restore_interval"] == 1
    assert worker.broker_transport_options["unacked_restore_throttle"] == 1


def test_a_worker_acknowledges_late_and_keeps_quiet() -> None:
    """A message is acknowledged after its effect; worker events and remote control are off."""
    conf: Any = worker_app("amqp://broker", activity).conf

    assert conf.task_acks_late
    assert conf.task_ignore_result
    assert conf.worker_prefetch_multiplier == 64
    assert conf.result_backend is None
    assert conf.broker_connection_retry_on_startup
    assert conf.broker_connection_max_retries is None
    assert not conf.worker_hijack_root_logger
    assert not conf.worker_send_task_events
    assert not conf.worker_enable_remote_control
    assert conf.worker_detect_quorum_queues


def test_without_its_client_redis_is_refused_by_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what to install."""
    monkeypatch.setattr(broker_url, "find_spec", lambda _: None)

    with pytest.raises(ValueError, match=r"install reading-club-adapters-celery\[redis\]"):
        publisher_app("valkey://127.0.0.1/0")
