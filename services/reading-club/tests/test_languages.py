"""The language of a page: the browser asks for it, and each request gets its own."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.testing.person import HTML, Person, send
from reading_club.app.web.application import create_app
from reading_club.app.web.languages import accepted, choose, number
from reading_club.app.web.times import exact, in_words

GERMAN = {**HTML, "Accept-Language": "de"}


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "de"),
        ("en;q=0.5, de;q=0.51", "de"),
        ("de;q=0.5, en", "en"),
        ("fr, de;q=0.1", "de"),
        ("fr", "en"),
        ("*", "en"),
        ("de, *", "de"),
        ("en;q=0, *;q=0.1", "de"),
        ("de;q=0", "en"),
        ("de;q=2, en;q=0.1", "en"),
        ("de;q=nan", "en"),
        ("german", "en"),
        ("de\x00", "en"),
    ],
)
def test_the_greatest_weight_chooses(header: str, tag: str) -> None:
    """The first of equals is taken, English where none fits, and nonsense counts as nothing."""
    assert choose(header).tag == tag


@pytest.mark.parametrize("path", ["/", "/nowhere", "/login", "/privacy", "/books/new"])
def test_a_page_says_its_language(client: TestClient, path: str) -> None:
    """To the reader, to programs, and to caches: another language is another page."""
    for tag in ("de", "en"):
        answer = client.get(path, headers={**HTML, "Accept-Language": tag})

        assert f'<html lang="{tag}">' in answer.text
        assert answer.headers["content-language"] == tag
        assert "accept-language" in answer.headers["vary"].lower()


def test_a_page_of_the_stream_is_english(organiser: Person) -> None:
    """Operators' words are those of logs and commands, also where a page shows a problem."""
    for path, status in (("/stream", 200), ("/stream/events/x", 404)):
        answer = organiser.get(path, headers=GERMAN)

        assert answer.status_code == status
        assert '<html lang="en">' in answer.text
        assert answer.headers["content-language"] == "en"


def test_the_api_is_english(client: TestClient) -> None:
    """Its problems have English details, whatever is asked for, and so has its documentation."""
    answer = client.post("/api/books", json={"title": ""}, headers=GERMAN)

    assert answer.json()["errors"][0]["detail"] == "must not be empty"
    assert "content-language" not in answer.headers
    assert client.get("/docs", headers=GERMAN).headers["content-language"] == "en"


def test_a_bug_is_told_in_the_language_of_the_reader(application: Application) -> None:
    """The outermost handler has the language as well, with its headers."""

    async def broken() -> None:
        raise RuntimeError("a bug")

    app = create_app(application)
    app.add_api_route("/broken", broken)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/broken", headers=GERMAN)

    assert answer.status_code == 500
    assert "<h1>Hier ist etwas kaputt</h1>" in answer.text
    assert answer.headers["content-language"] == "de"
    assert answer.headers["vary"] == "Accept-Language"


def test_times_and_numbers_are_written_as_in_german() -> None:
    """Times in words, in whole units and never in weeks, dates, moments and decimals."""
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    ago = {"minutes": 1, "hours": 23, "days": 12}
    token = accepted.set("de")
    said = [in_words(now - timedelta(**{unit: count}), now) for unit, count in ago.items()]
    date, moment = in_words(now - timedelta(days=271), now), exact(now)
    numbers = number(1234), number(7.25, "0.0")
    accepted.reset(token)

    assert said == ["vor 1 Minute", "vor 23 Stunden", "vor 12 Tagen"]
    assert (date, moment) == ("3. März 2026", "29.11.2026, 12:00:00 UTC")
    assert numbers == ("1.234", "7,2")
    assert in_words(now - timedelta(days=271), now) == "3 March 2026"


def test_a_reason_in_english_says_so(client: TestClient) -> None:
    """Below the German words of a page: what has no translation is marked as English."""
    unreadable = client.get("/?cursor=x", headers=GERMAN).text
    unknown = client.get("/nowhere", headers=GERMAN).text

    assert "<h1>Etwas in der Anfrage passt nicht</h1>" in unreadable
    assert '<p class="detail" dir="auto" lang="en">422: cursor: ' in unreadable
    assert '<p class="detail" dir="auto">404: Nicht gefunden</p>' in unknown


def test_an_etag_is_of_one_language(client: TestClient) -> None:
    """The tag of the English feed never validates the German one."""
    client.post("/api/books", json={"title": "Momo", "author": "Michael Ende"}).raise_for_status()
    english = client.get("/activity.atom")
    german = client.get(
        "/activity.atom",
        headers={"Accept-Language": "de", "If-None-Match": english.headers["etag"]},
    )
    again = client.get(
        "/activity.atom",
        headers={"Accept-Language": "de", "If-None-Match": german.headers["etag"]},
    )

    assert 'xml:lang="en"' in english.text
    assert german.status_code == 200
    assert 'xml:lang="de"' in german.text
    assert again.status_code == 304
    assert again.headers["vary"] == "Accept-Language"
    assert again.headers["content-language"] == "de"


async def test_requests_at_once_have_their_own(application: Application) -> None:
    """One in English and one in German, at the same time in one process, many times."""
    transport = httpx2.ASGITransport(create_app(application))
    async with httpx2.AsyncClient(transport=transport, base_url="http://club") as browser:
        asked = ["de", "en"] * 10
        answers = await asyncio.gather(
            *(browser.get("/privacy", headers={"Accept-Language": tag}) for tag in asked)
        )

    assert [answer.headers["content-language"] for answer in answers] == asked
    assert ["Was gespeichert wird" in answer.text for answer in answers] == [True, False] * 10


def test_a_forms_error_is_german(member: Person) -> None:
    """With the name of the field and its limit, in the place of the English sentence."""
    member.client.headers["Accept-Language"] = "de"

    page = send(member, "/books", title="x" * 301, author="", isbn="0-321-12521-6").text

    assert "Der Titel darf nicht länger als 300 Zeichen sein." in page
    assert "Die Angabe, von wem das Buch ist, darf nicht leer sein." in page
    assert "Die Prüfziffer der ISBN ist falsch." in page
    assert "<title>Fehler: Buch eintragen · Reading club</title>" in page
