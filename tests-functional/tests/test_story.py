"""A book registered over HTTP appears in the activity log, by a worker process."""

from pathlib import Path
from typing import Any

from reading_club_functional.cluster import Browser, open_cluster
from reading_club_functional.polling import eventually

DDD = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
EFFECT_TIMEOUT = 30.0
"""Seconds from the answer to the effect, on a busy machine; `make bench` measures them."""


def test_a_book_reaches_the_worker(tmp_path: Path, database_url: str, broker_url: str) -> None:
    """The activity log shows the book on PostgreSQL; refused requests have no effect."""
    with open_cluster(tmp_path, database_url, broker_url) as club:
        browser = club.browser
        answer = browser.add_book(**DDD)
        assert answer.status_code == 201
        (entry,) = eventually(browser.activity, within=EFFECT_TIMEOUT)
        assert entry["type"] == "book_registered_v1"
        assert entry["payload"] == {**DDD, "id": answer.json()["id"], "isbn": "9780321125217"}

        refusals_leave_no_trace(browser)
        eventually(lambda: browser.get("/readyz").json()["status"] == "ok", within=30)


def refusals_leave_no_trace(browser: Browser) -> None:
    """Send two refused requests and a valid one; assert that only the valid one has an effect."""
    twin = browser.add_book(**{**DDD, "isbn": "9780321125217"})
    wrong = browser.add_book(**{**DDD, "isbn": "0-321-12521-6"})
    assert (twin.status_code, wrong.status_code) == (409, 422)
    assert wrong.json()["errors"][0]["field"] == "isbn"

    browser.add_book(title="Patterns", author="Percival, Gregory", isbn="978-1492052203")

    entries = eventually(lambda: at_least(2, browser.activity()), within=EFFECT_TIMEOUT)
    assert [entry["payload"]["title"] for entry in entries] == ["Patterns", DDD["title"]]


def at_least(count: int, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries if there are at least `count`, else none."""
    return entries if len(entries) >= count else []
