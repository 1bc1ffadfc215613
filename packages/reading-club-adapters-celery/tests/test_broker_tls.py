"""Options of TLS in a broker's URL, and what is verified without any."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from kombu.transport.pyamqp import SSLTransport

from reading_club.adapters.eventstream.app import publisher_app, worker_app
from reading_club.adapters.eventstream.broker_errors import reason_of
from reading_club.adapters.eventstream.broker_tls import UnusableCertificate
from reading_club.adapters.eventstream.broker_url import BrokerUrl
from reading_club.service.projections import activity
from reading_club.testing.certificate_authority import AUTHORITY

VERIFIED_AMQP = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}
VERIFIED_REDIS = {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A file with the certificate of an authority."""
    path = tmp_path / "ca.crt"
    path.write_text(AUTHORITY, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("url", "tls"),
    [
        ("amqp://club@broker//", None),
        ("redis://broker/0", None),
        ("memory://", None),
        ("amqps://club@broker//", VERIFIED_AMQP),
        ("rediss://broker/0", VERIFIED_REDIS),
        ("valkeys://broker/0", VERIFIED_REDIS),
    ],
)
def test_tls_verifies_certificate_and_host_name(url: str, tls: dict[str, Any] | None) -> None:
    """Unless the URL says otherwise: kombu would verify no name, and on Redis nothing."""
    for app in (publisher_app(url), worker_app(url, activity)):
        ours = app.conf.broker_use_ssl
        assert (None if ours is None else dict(ours.items())) == tls


def test_the_authority_of_a_broker_is_a_file(authority: Path) -> None:
    """RabbitMQ's option becomes py-amqp's, and other options stay in the URL."""
    url = BrokerUrl(f"amqps://club@broker//?cacertfile={authority}&heartbeat=7")

    assert dict((url.tls or {}).items()) == {**VERIFIED_AMQP, "ca_certs": str(authority)}
    assert url.without_tls == "amqps://club@broker//?heartbeat=7"


def test_the_options_of_redis_are_its_clients(authority: Path) -> None:
    """They add to what is verified by default; verification can be switched off."""
    given = BrokerUrl(f"rediss://broker/0?ssl_ca_certs={authority}")
    off = BrokerUrl("rediss://broker/0?ssl_cert_reqs=none")

    assert given.tls == {**VERIFIED_REDIS, "ssl_ca_certs": str(authority)}
    assert given.without_tls == "rediss://broker/0"
    assert off.tls == {"ssl_cert_reqs": ssl.CERT_NONE, "ssl_check_hostname": False}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("cacertfile=/no/such/file", "cacertfile is not there: /no/such/file"),
        ("certfile=/no/such/file", "certfile is not there: /no/such/file"),
        ("cacertfile={text}", "cacertfile cannot be used"),
        ("certfile={authority}", "certfile cannot be used"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    query: str, reason: str, authority: Path, tmp_path: Path
) -> None:
    """The error names option and file, and not the password: kombu would try again for ever."""
    text = tmp_path / "text"
    text.write_text("no certificate", encoding="utf-8")
    url = f"amqps://club:hunter2@broker//?{query.format(authority=authority, text=text)}"

    with pytest.raises(UnusableCertificate, match=reason) as refused:
        publisher_app(url)

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "amqp://broker//?cacertfile=ca.crt",
        "redis://broker/0?ssl_ca_certs=ca.crt",
        "amqps://one//;amqp://two//",
    ],
)
def test_options_of_tls_without_tls_are_refused(url: str) -> None:
    """So is a cluster of which a part is without TLS."""
    with pytest.raises(ValueError, match="TLS"):
        BrokerUrl(url)


def test_each_broker_of_a_cluster_has_to_have_its_own_name() -> None:
    """Kombu compares the certificate with the host of the URL that it connects to."""
    compared = []

    class Recording:
        def __init__(self, **options: Any) -> None:
            compared.append({**options["ssl"]}["server_hostname"])

        def connect(self) -> None:
            """Do nothing."""

    url = BrokerUrl("amqps://one.example//;amqps://two.example//")
    for each in url.split(";"):
        transport = SSLTransport(Connection(each, ssl=url.tls or {}))
        transport.Connection = Recording  # type: ignore[assignment]  # what is called of it
        transport.establish_connection()

    assert compared == ["one.example", "two.example"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [(10, "expired"), (18, "by itself"), (20, "authorities"), (62, "host name"), (99, "99")],
)
def test_a_refused_certificate_is_told_without_the_host(code: int, reason: str) -> None:
    """OpenSSL's own text has the name of the host."""
    error = ssl.SSLCertVerificationError(1, "certificate is not valid for 'hunter2'")
    error.verify_code = code

    wrapped = ConnectionError(str(error))
    wrapped.__context__ = error  # as the client of Redis raises it

    assert reason_of(wrapped) == reason_of(error)
    assert reason_of(error).startswith("its certificate is refused: ")
    assert reason in reason_of(error)
    assert "hunter2" not in reason_of(error)
