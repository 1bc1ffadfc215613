"""TLS to PostgreSQL, AMQP and Valkey: a server with a wrong certificate gets no message."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from celery import Celery
from click.testing import CliRunner
from kombu import pools
from sqlalchemy import make_url

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.broker_errors import reason_of
from reading_club.app.cli import main
from reading_club_functional.deployed.certificates import Authority
from reading_club_functional.deployed.tls_proxy import TlsProxy
from reading_club_functional.servers import ValkeyServer

OPTIONS = {"amqps": "cacertfile", "rediss": "ssl_ca_certs"}
HIDDEN = "hunter2"

Serve = Callable[..., int]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The authority that has signed the servers' certificates."""
    return Authority(tmp_path)


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    """An authority that has signed none of them."""
    folder = tmp_path / "stranger"
    folder.mkdir()
    return Authority(folder)


@pytest.fixture
def serve(authority: Authority) -> Iterator[Serve]:
    """Start a server with TLS before a port, with a certificate for a name; return its port."""
    with ExitStack() as stack:

        def start(name: str, target: int, *, postgresql: bool = False) -> int:
            context = authority.server_context(name)
            proxy = TlsProxy(context, target, postgresql=postgresql)
            return stack.enter_context(proxy).port

        yield start


def migrated(monkeypatch: pytest.MonkeyPatch, url: str) -> tuple[int, str]:
    """Return exit code and error of ``migrate`` on this database."""
    monkeypatch.setenv("READING_CLUB_DATABASE_URL", url)
    result = CliRunner().invoke(main, ["migrate"])
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("name", "by", "reason"),
    [
        ("localhost", "authority", None),
        ("localhost", "stranger", "none of the given authorities has signed it"),
        ("elsewhere.example", "authority", "it is for another host name"),
    ],
)
def test_the_certificate_of_a_database_is_verified(
    name: str,
    by: str,
    reason: str | None,
    serve: Serve,
    database_url: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the right authority and name it is used; else one line tells why, without secrets."""
    of_server = make_url(database_url)
    port = serve(name, of_server.port, postgresql=True)
    root = request.getfixturevalue(by).file
    address = f"postgresql://postgres:{HIDDEN}@localhost:{port}/{of_server.database}"

    code, error = migrated(monkeypatch, f"{address}?sslmode=verify-full&sslrootcert={root}")

    assert HIDDEN not in error
    if reason is None:
        assert (code, error) == (0, "")
    else:
        assert code == 2
        assert error.startswith("reading-club: the database is not trusted: ")
        assert reason in error


def why_not_connected(app: Celery) -> str:
    """Return why an application cannot connect to its broker; empty if it can."""
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
            connection.default_channel  # noqa: B018  # a client of Redis connects here
    except Exception as exc:  # noqa: BLE001  # kombu's or the client's
        return reason_of(exc)
    finally:
        pools.reset()
    return ""


@pytest.mark.parametrize("scheme", OPTIONS)
@pytest.mark.parametrize(
    ("name", "by", "reason"),
    [
        ("127.0.0.1", "stranger", "none of the given authorities has signed it"),
        ("elsewhere.example", "authority", "it is for another address"),
    ],
)
def test_the_certificate_of_a_broker_is_verified(
    scheme: str,
    name: str,
    by: str,
    reason: str,
    serve: Serve,
    valkey: ValkeyServer,
    request: pytest.FixtureRequest,
) -> None:
    """A certificate of another authority or for another name is refused before any word is said."""
    port = serve(name, valkey.port)
    root = request.getfixturevalue(by).file
    app = publisher_app(f"{scheme}://u:{HIDDEN}@127.0.0.1:{port}/0?{OPTIONS[scheme]}={root}")

    assert why_not_connected(app) == f"its certificate is refused: {reason}"


def test_valkey_is_reached_over_tls(
    serve: Serve, valkey: ValkeyServer, authority: Authority
) -> None:
    """With the right authority and name."""
    port = serve("127.0.0.1", valkey.port)

    app = publisher_app(f"valkeys://127.0.0.1:{port}/0?ssl_ca_certs={authority.file}")

    assert why_not_connected(app) == ""
