"""What the health check asks a web process."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from reading_club.app.testing.healthcheck import check


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """A web server whose statuses, by path, a test chooses, on the port of the settings."""
    statuses = {"/healthz": 200}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[self.path])
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setenv("READING_CLUB_HOST", "0.0.0.0")
        monkeypatch.setenv("READING_CLUB_PORT", str(server.server_port))
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield statuses
        server.shutdown()
        thread.join()


def test_web_is_asked_itself(web: dict[str, int]) -> None:
    """It is healthy if it answers, whatever database and broker do."""
    assert check("web") == (0, "web answers")
    web["/healthz"] = 500
    assert check("web") == (1, "web answers with 500")


def test_a_web_process_that_is_not_there_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process listens on the port."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        monkeypatch.setenv("READING_CLUB_PORT", str(server.server_port))

    code, sentence = check("web")

    assert code == 1
    assert sentence.startswith("web does not answer")
