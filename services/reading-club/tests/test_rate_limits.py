"""Attempts to log in, to join and to claim the club are limited by account and address."""

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.web import rate_limits
from reading_club.app.web.application import create_app
from reading_club.app.web.rate_limits import (
    OF_ACCOUNT,
    OF_ADDRESS,
    RateLimited,
    RateLimits,
    address_key,
    limits_of,
)

FAST, SLOW = OF_ACCOUNT.amount, OF_ADDRESS.amount


class Clock:
    """The time of the limits."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that the test moves."""
    clock = Clock()
    monkeypatch.setattr("time.time", clock)
    return clock


@pytest.fixture
def limits() -> RateLimits:
    """Limits that have counted nothing."""
    return RateLimits()


def request_from(address: str | None) -> Request:
    """Return a request from an address, or from a client that has none."""
    client = None if address is None else (address, 50_000)
    return Request({"type": "http", "client": client, "headers": []})


HOME, AWAY = request_from("192.0.2.1"), request_from("198.51.100.7")


async def attempts(
    limits: RateLimits, number: int, request: Request = HOME, nickname: str = "Ann"
) -> int:
    """Make attempts to log in, and return how many of them were allowed."""
    allowed = 0
    for _ in range(number):
        try:
            await limits.require("log-in", request, nickname)
        except RateLimited:
            continue
        allowed += 1
    return allowed


async def test_ten_attempts_at_an_account_are_allowed(limits: RateLimits, clock: Clock) -> None:
    """In five minutes from one address; the error says when there are new ones."""
    allowed = await attempts(limits, FAST)
    clock.now += 60.5
    with pytest.raises(RateLimited) as refused:
        await limits.require("log-in", HOME, "Ann")
    clock.now += 239.5

    assert (allowed, refused.value.status_code) == (10, 429)
    assert refused.value.headers == {"Retry-After": "240"}
    assert await attempts(limits, FAST + 1) == FAST


async def test_nobody_is_locked_out_by_another_address(limits: RateLimits) -> None:
    """Attempts at an account leave those of its owner at another address."""
    await attempts(limits, 2 * SLOW, AWAY)

    assert await attempts(limits, FAST, HOME) == FAST


async def test_a_hundred_attempts_at_all_accounts_are_allowed(
    limits: RateLimits, clock: Clock
) -> None:
    """In an hour from one address, with a nickname of its own for each."""
    names = [f"name {number}" for number in range(SLOW + 20)]

    allowed = [await attempts(limits, 1, nickname=name) for name in names]
    elsewhere = await attempts(limits, 1, AWAY, nickname="another")
    clock.now += 3600

    assert allowed == [1] * 100 + [0] * 20
    assert elsewhere == 1
    assert await attempts(limits, 1, nickname="later") == 1


@pytest.mark.parametrize("look_alike", ["ann", " Ann ", "\uff21nn", "ANN"])
async def test_a_nickname_is_counted_however_it_is_written(
    limits: RateLimits, look_alike: str
) -> None:
    """Spellings of one nickname have one counter."""
    await attempts(limits, FAST)

    assert await attempts(limits, 1, nickname=look_alike) == 0


async def test_a_success_clears_the_counter_of_the_account(limits: RateLimits) -> None:
    """From this address alone; the counter of the address goes on."""
    for _ in range(SLOW // FAST):
        assert await attempts(limits, FAST) == FAST
        await limits.clear("log-in", HOME, "Ann")

    assert await attempts(limits, 1) == 0
    await attempts(limits, FAST, AWAY)
    await limits.clear("log-in", HOME, "Ann")
    assert await attempts(limits, 1, AWAY) == 0


async def test_each_kind_is_counted_by_itself(limits: RateLimits) -> None:
    """Who may not log in may join; claiming the club needs no nickname."""
    await attempts(limits, FAST)

    await limits.require("join", HOME, "Ann")
    for _ in range(FAST):
        await limits.require("welcome", HOME)
    with pytest.raises(RateLimited):
        await limits.require("welcome", HOME)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("x" * 100_000, "unknown"),
        ("", "unknown"),
    ],
)
def test_an_address_counts_by_its_network(address: str, key: str) -> None:
    """A visitor has 2**64 IPv6 addresses; what is no address counts together."""
    assert address_key(address) == key


async def test_a_client_without_address_is_limited(limits: RateLimits) -> None:
    """As one of a Unix socket."""
    assert await attempts(limits, FAST + 5, request_from(None)) == FAST


async def test_the_counters_are_bounded(
    limits: RateLimits, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """All are forgotten when there are too many, and no counter holds what a visitor wrote."""
    monkeypatch.setattr(rate_limits, "MOST_COUNTERS", 50)
    counters = limits._storage.storage

    for number in range(200):
        await limits.require("log-in", request_from(f"192.0.2.{number}"), "secret" * 10_000)
        assert len(counters) <= 51
    assert not any("secret" in key or len(key) > 200 for key in counters)

    clock.now += 3600
    await limits.require("log-in", HOME, "Ann")
    await limits.require("log-in", HOME, "Ann")  # the first one has started to tidy up
    assert len(counters) == 2


def test_a_route_answers_with_429(application: Application) -> None:
    """A problem with its type and Retry-After, or a page that says what to do."""
    app = create_app(application)

    @app.post("/log-in")
    async def log_in(request: Request) -> None:
        await limits_of(request).require("log-in", request, "Ann")

    with TestClient(app) as client:
        answers = [client.post("/log-in") for _ in range(FAST + 1)]
        page = client.post("/log-in", headers={"Accept": "text/html"})

    assert [answer.status_code for answer in answers] == [200] * FAST + [429]
    assert answers[-1].json()["type"] == "urn:reading-club:problem:rate-limited"
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert answers[-1].headers["retry-after"] == "300"
    assert (page.status_code, "Too many attempts" in page.text) == (429, True)
