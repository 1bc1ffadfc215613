"""Private servers answer, keep their data, and are removed with processes and folders."""

import socket
from collections.abc import Callable, Iterator

import psutil
import pytest

from reading_club_functional.requirements import require
from reading_club_functional.servers import (
    PostgreSQLServer,
    RabbitMQServer,
    Server,
    ServerDidNotStart,
    ValkeyServer,
    process_control,
)
from reading_club_functional.servers import (
    server as server_module,
)
from reading_club_functional.servers.ports import LOOPBACK, free_ports
from reading_club_functional.servers.word_clients import NO_ANSWER, fetch, leave

FROM_PYPI: list[type[Server]] = [PostgreSQLServer, ValkeyServer]
KINDS = [*FROM_PYPI, RabbitMQServer]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest) -> type[Server]:
    """Each kind of server that this machine can run."""
    kind: type[Server] = request.param
    require(kind)
    return kind


@pytest.fixture(scope="module")
def server(kind: type[Server]) -> Iterator[Server]:
    """A server for the module: each test leaves it running and without a stored word."""
    with kind() as server:
        yield server


def test_a_real_client_is_answered_as_soon_as_the_server_has_started(server: Server) -> None:
    """`start` returns when the server answers, not when its process exists."""
    leave(server.url, "word")

    assert fetch(server.url) == "word"


def test_a_frozen_server_is_silent_until_it_thaws(server: Server) -> None:
    """Calls time out while the server is frozen, and succeed afterwards."""
    leave(server.url, "word")

    server.freeze()

    try:
        with pytest.raises(NO_ANSWER):
            fetch(server.url)
    finally:
        server.thaw()
    assert fetch(server.url) == "word"


@pytest.mark.parametrize("end", [Server.stop, Server.kill], ids=["stopped", "killed"])
def test_a_server_comes_back_on_its_port_with_its_data(
    server: Server, end: Callable[[Server], None]
) -> None:
    """Data confirmed before an orderly end or a crash exists after the restart."""
    leave(server.url, "word")
    url, pid = server.url, server.pid

    end(server)

    assert not server.running
    server.start()
    assert (server.url, server.pid != pid) == (url, True)
    assert fetch(server.url) == "word"


def test_a_frozen_server_can_be_stopped(server: Server) -> None:
    """`stop` returns for a frozen server, and the data exists after the restart."""
    leave(server.url, "word")
    server.freeze()

    server.stop()

    assert not server.running
    server.start()
    assert fetch(server.url) == "word"


def test_a_closed_server_leaves_no_process_and_no_folder(kind: type[Server]) -> None:
    """Sessions, port mapper and reaper have ended; data and logs are deleted."""
    with kind() as server:
        reaper = psutil.Process(server.pid).parents()[0]
        family, folder = process_control.with_descendants(reaper), server.folder

    assert process_control.gone(family)
    assert not folder.exists()


@pytest.mark.parametrize("kind", FROM_PYPI, indirect=True)
def test_a_port_that_was_taken_meanwhile_is_not_insisted_on(
    kind: type[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server starts on another port if a process has bound the chosen one meanwhile."""
    with socket.create_server((LOOPBACK, 0)) as rival:
        taken = rival.getsockname()[1]
        choices = iter([(taken,), free_ports(1)])
        monkeypatch.setattr(server_module, "free_ports", lambda _: next(choices))

        with kind() as server:
            assert server.port != taken
            leave(server.url, "word")


def test_a_server_that_cannot_start_says_why(kind: type[Server]) -> None:
    """The error contains the server's log, and no process is left."""
    server = kind({"no_such_setting": "1"})

    with pytest.raises(ServerDidNotStart, match="no_such_setting") as refusal:
        server.start()

    assert kind.__name__ in str(refusal.value)
    assert not server.running


@pytest.mark.parametrize("kind", [RabbitMQServer], indirect=True)
def test_rabbitmqctl_talks_to_the_private_node(server: RabbitMQServer) -> None:
    """The listing shows the queue of the private node alone."""
    leave(server.url, "word")

    listing = server.rabbitmqctl("list_queues", "name", "messages")

    assert listing.split()[-2:] == ["word", "1"]
    assert fetch(server.url) == "word"
