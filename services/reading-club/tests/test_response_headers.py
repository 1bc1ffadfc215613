"""Headers that say what browsers may do with a response, and who may keep it."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.app.application import Application
from reading_club.app.web.application import create_app
from reading_club.app.web.policy import WebPolicy
from reading_club.app.web.static_files import static_url

PATHS = ("/", "/books/new", "/api/books", "/nowhere", "/healthz")
COOKIE = {"Cookie": "session=of-somebody"}
TOKEN = {"Authorization": "Bearer of-somebody"}


@pytest.fixture
def app(application: Application) -> FastAPI:
    """The club, with a route that sets a cookie, one that may be kept, and a broken one."""
    app = create_app(application)

    @app.get("/sets-a-cookie")
    async def sets_a_cookie(response: Response) -> None:
        response.headers["Cache-Control"] = "public, max-age=60"
        response.set_cookie("session", "of-somebody")

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    return app


@pytest.fixture
def browser(app: FastAPI, engine: AsyncEngine) -> Iterator[TestClient]:
    """A client of that club."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
        assert client.portal is not None
        client.portal.call(engine.dispose)


@pytest.mark.parametrize("path", [*PATHS, "/docs", static_url("base.css"), "/broken"])
def test_every_response_keeps_other_sites_out(browser: TestClient, path: str) -> None:
    """No handle of the window, no sensor, no Referer for others; errors included."""
    headers = browser.get(path, headers={"Accept": "text/html"}).headers

    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"].split(", ")
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("credentials", [COOKIE, TOKEN], ids=["cookie", "token"])
@pytest.mark.parametrize("path", [*PATHS, "/docs", "/broken"])
def test_a_response_to_somebody_is_not_stored(
    browser: TestClient, path: str, credentials: dict[str, str]
) -> None:
    """With a cookie or an Authorization header; a visitor's response may be stored."""
    assert browser.get(path, headers=credentials).headers["cache-control"] == "no-store"
    if path != "/broken":
        assert "cache-control" not in browser.get(path).headers


def test_a_response_that_sets_a_cookie_is_not_stored(browser: TestClient) -> None:
    """Whatever its route says."""
    assert browser.get("/sets-a-cookie").headers["cache-control"] == "no-store"


def test_static_files_are_kept_with_a_session_too(browser: TestClient) -> None:
    """They are the same for all visitors."""
    headers = browser.get(static_url("base.css"), headers=COOKIE).headers

    assert headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/welcome", "/join", "/password"])
def test_a_page_with_the_secret_of_a_link_is_not_stored(client: TestClient, path: str) -> None:
    """Whether or not the link is valid, as its page may have the secret in a form."""
    assert client.get(f"{path}?token=guessed").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("origin", "value"),
    [(None, None), ("http://club.lan", None), ("https://club.example", "max-age=31536000")],
)
def test_https_stays_https(application: Application, origin: str | None, value: str | None) -> None:
    """Strict-Transport-Security only if browsers reach the club by https."""
    with TestClient(create_app(application, WebPolicy(origin))) as client:
        headers = client.get("/healthz").headers

    assert headers.get("strict-transport-security") == value
