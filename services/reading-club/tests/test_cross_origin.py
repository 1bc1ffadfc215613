"""Writes are refused if a page of another site sent them, by the headers that browsers send."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.application import Application
from reading_club.app.web.application import create_app
from reading_club.app.web.policy import WebPolicy

HOST = "club.lan:8000"
OWN, OTHER, PUBLIC = "http://club.lan:8000", "https://elsewhere.example", "https://club.example"
SITES = ("same-origin", "none", "same-site", "cross-site")
FORM = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}


@pytest.fixture
def browser(application: Application, engine: AsyncEngine) -> Iterator[TestClient]:
    """A client of a club behind a proxy that replaces Host; its public origin is known."""
    app = create_app(application, WebPolicy(origin=PUBLIC))
    with TestClient(app, base_url=f"http://{HOST}", follow_redirects=False) as client:
        yield client
        assert client.portal is not None
        client.portal.call(engine.dispose)


def sent(site: str | None, origin: str | None) -> dict[str, str]:
    """Return the headers of a browser's request, without those that are None."""
    headers = {"Sec-Fetch-Site": site, "Origin": origin}
    return {name: value for name, value in headers.items() if value is not None}


ALLOWED = [
    *((site, origin) for site in SITES[:2] for origin in (None, OWN, OTHER, "null", PUBLIC)),
    *((site, PUBLIC) for site in SITES[2:]),
    *((None, origin) for origin in (None, OWN, PUBLIC)),
]
REFUSED = [
    *((site, origin) for site in (*SITES[2:], "") for origin in (None, OWN, OTHER, "null")),
    *((None, origin) for origin in (OTHER, "null", "", "http://club.lan", "http://club.lan:80001")),
    *((None, origin) for origin in (f"{PUBLIC}.evil.example", "https://[", "club.lan:8000")),
]


@pytest.mark.parametrize(("site", "origin"), ALLOWED)
def test_a_write_of_an_own_page_or_of_no_browser_passes(
    browser: TestClient, site: str | None, origin: str | None
) -> None:
    """By Sec-Fetch-Site, without it by Origin and Host; the public origin always passes."""
    answer = browser.post("/books", data=FORM, headers=sent(site, origin))

    assert answer.status_code == 303


@pytest.mark.parametrize(("site", "origin"), REFUSED)
def test_a_write_of_another_site_is_refused(
    browser: TestClient,
    transport: RecordingOutboxTransport,
    site: str | None,
    origin: str | None,
) -> None:
    """403 as problem details, and nothing is stored; a matching Origin alone does not help."""
    answer = browser.post("/books", data=FORM, headers=sent(site, origin))

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:reading-club:problem:cross-origin-request"
    assert transport.handed_over == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "INVENTED"])
@pytest.mark.parametrize("path", ["/api/books", "/nowhere"])
def test_every_method_that_may_write_is_checked(
    browser: TestClient, method: str, path: str
) -> None:
    """Also on paths that do not exist, and for methods that are unknown."""
    answer = browser.request(method, path, headers=sent("cross-site", OTHER))

    assert answer.status_code == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_link_on_another_site_leads_to_the_club(browser: TestClient, method: str) -> None:
    """Methods that change nothing are answered, whatever page sends them."""
    answer = browser.request(method, "/", headers=sent("cross-site", OTHER))

    assert answer.status_code in {200, 405}


def test_a_form_on_plain_http_in_a_local_network_passes(client: TestClient) -> None:
    """There a browser sends no Sec-Fetch-Site, but an Origin, which is not ``null``.

    It would be ``null`` under the policy ``no-referrer``.
    """
    page = client.get("/books/new")

    answer = client.post("/books", data=FORM, headers={"Origin": "http://testserver"})

    assert page.headers["referrer-policy"] == "same-origin"
    assert answer.status_code == 303


def test_a_null_origin_is_not_the_same_as_no_host(browser: TestClient) -> None:
    """An HTTP/1.0 request without Host is from no origin."""
    answer = browser.post("/books", data=FORM, headers={**sent(None, "null"), "Host": ""})

    assert answer.status_code == 403


def test_a_browser_gets_a_page_that_says_so(browser: TestClient) -> None:
    """The page has the words of a form of another site."""
    headers = {**sent("cross-site", OTHER), "Accept": "text/html"}

    answer = browser.post("/books", data=FORM, headers=headers)

    assert (answer.status_code, "This form came from another site" in answer.text) == (403, True)
