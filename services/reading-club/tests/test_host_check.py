"""The Host header: on loopback only known names are answered, and no response repeats it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.web.application import create_app
from reading_club.app.web.policy import WebPolicy, is_loopback

ORIGIN = "https://club.example:8443"
LOOPBACK = ("localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:8000", "127.8.9.1", "[::1]:8000")
FOREIGN = (
    "elsewhere.example",
    "localhost.elsewhere.example",
    "127.0.0.1.elsewhere.example",
    "127.0.0.1@elsewhere.example",
    "elsewhere.example:127",
    "192.168.1.5:8000",
    "[::2]",
    "::1",
    "",
)
LISTENING = ("127.0.0.1", "127.1.2.3", "localhost", "::1")
URN = "urn:reading-club:problem"
PROXIES = ("127.0.0.1/32",)


@contextmanager
def club(application: Application, policy: WebPolicy) -> Iterator[TestClient]:
    """Yield a client of the club; its health check opens no database."""
    with TestClient(create_app(application, policy), follow_redirects=False) as client:
        yield client


def status(client: TestClient, host: str) -> int:
    """Return the status of a request with this Host header."""
    return client.get("/healthz", headers={"Host": host}).status_code


@pytest.mark.parametrize("listening", LISTENING)
def test_a_club_on_loopback_answers_to_loopback_alone(
    application: Application, listening: str
) -> None:
    """421 for any other name, as a page has that made its own name lead to 127.0.0.1."""
    with club(application, WebPolicy(host=listening)) as client:
        assert {host: status(client, host) for host in LOOPBACK} == dict.fromkeys(LOOPBACK, 200)
        assert {host: status(client, host) for host in FOREIGN} == dict.fromkeys(FOREIGN, 421)


def test_a_write_under_a_foreign_name_is_refused(application: Application) -> None:
    """With rebinding, Origin is equal to Host and Sec-Fetch-Site is ``same-origin``."""
    host = "elsewhere.example:8000"
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}

    with club(application, WebPolicy(host="127.0.0.1")) as client:
        answer = client.post("/api/books", json={}, headers=headers)
        page = client.get("/", headers={"Host": host, "Accept": "text/html"})

    assert (answer.status_code, answer.json()["type"]) == (421, f"{URN}:unknown-host")
    assert "The club has another address" in page.text


def test_a_club_with_an_origin_answers_to_that_too(application: Application) -> None:
    """To the name of the origin, with any port, and to loopback for health checks."""
    with club(application, WebPolicy(ORIGIN, host="127.0.0.1")) as client:
        known = ("club.example", "club.example:8443", "CLUB.example", *LOOPBACK)
        unknown = ("clubXexample", "club.example.evil", *FOREIGN)
        assert {status(client, host) for host in known} == {200}
        assert {status(client, host) for host in unknown} == {421}


def test_an_origin_may_be_an_ipv6_address(application: Application) -> None:
    """Its brackets and colons are no port."""
    with club(application, WebPolicy("http://[fd00::5]", host="::1")) as client:
        assert (status(client, "[fd00::5]:80"), status(client, "[fd00::6]")) == (200, 421)


@pytest.mark.parametrize(
    "policy",
    [
        WebPolicy(trusted_proxies=PROXIES, host="127.0.0.1"),
        WebPolicy(ORIGIN, PROXIES, host="127.0.0.1"),
        WebPolicy(host="0.0.0.0"),
        WebPolicy(ORIGIN, host="192.168.1.5"),
        WebPolicy(),
    ],
)
def test_proxies_and_networks_choose_the_names(application: Application, policy: WebPolicy) -> None:
    """Behind a trusted proxy, and on an address of a network, any name is answered."""
    with club(application, policy) as client:
        names = ("backend", "192.168.1.5:8000", *LOOPBACK)
        assert {status(client, name) for name in names} == {200}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "club.example", ""])
def test_an_address_of_a_network_is_not_loopback(host: str) -> None:
    """Nor is the address of all networks."""
    assert not is_loopback(host)


@pytest.mark.parametrize("path", ["/books/", "/api/books/", "/static", "/docs/", "/activity/"])
def test_no_answer_repeats_a_foreign_host(application: Application, path: str) -> None:
    """Another slash at the end of a path is another path, and no redirect."""
    host = "elsewhere.example"
    with club(application, WebPolicy()) as client:
        answer = client.get(path, headers={"Host": host, "X-Forwarded-Host": host})

    assert answer.status_code == 404
    assert host not in f"{answer.headers} {answer.text}"


def test_the_documentation_repeats_no_foreign_host(application: Application) -> None:
    """Neither its page nor the description of the API has an absolute address of the club."""
    with club(application, WebPolicy()) as client:
        answers = [
            client.get(path, headers={"Host": "elsewhere.example"})
            for path in ("/docs", "/openapi.json")
        ]

    assert {answer.status_code for answer in answers} == {200}
    assert not any("elsewhere.example" in answer.text for answer in answers)
