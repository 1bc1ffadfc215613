"""What a club has for its pages: books, members and reviews, added through its API."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from httpx2 import Response

from reading_club_functional.browser.books import REVIEWS, WAITING, some_books
from reading_club_functional.browser.dead_letters import add_dead_letters, newest_events
from reading_club_functional.browser.pages import Role
from reading_club_functional.cluster import Browser as Client
from reading_club_functional.imports import FINISHED, library
from reading_club_functional.polling import eventually
from reading_club_functional.process import command, environment

PASSWORD: Final = "correct horse"  # noqa: S105  # of clubs that a test runs
SHOWN_WITHIN: Final = 30.0
"""Seconds until a projection shows what was added."""
BUSY: Final = 503
FEW: Final = 3
"""Books of a club that has no dead letters."""
REVIEWED: Final = 2
"""The place of the book with the most reviews: the newest book has 0."""

Cookies = Mapping[str, str]


@dataclass(frozen=True)
class Content:
    """Ids that the addresses of pages name, and the cookies of each role.

    ``book`` is the newest book, without a review; Olga and others have reviewed ``reviewed``;
    ``member`` is the account of Mo, ``event`` the event of the newest book. Olga has imported a
    file with a rejected row, as ``imported``.
    """

    book: str = ""
    reviewed: str = ""
    member: str = ""
    event: str = ""
    imported: str = ""
    cookies: Mapping[Role, Cookies] = field(default_factory=lambda: {"visitor": {}})


def fill_club(folder: Path, client: Client, books: int) -> Content:
    """Add books, an organiser, members and reviews, and wait until the projections have them."""
    ids = _add_books(client, books)[::-1]
    for nickname, *options in (("Olga", "--organiser"), ("Mo",)):
        _add_by_command(folder, nickname, *options)
    organiser, member = (_log_in(client, nickname) for nickname in ("Olga", "Mo"))
    with Client(base_url=client.base_url, cookies=dict(organiser), timeout=10) as olga:
        others = {name: add_member(olga, name) for name in REVIEWS if name not in ("Olga", "Mo")}
        _let_ask(olga)
        imported = _import(olga)
        accounts = olga.get("/api/members").json()["items"]
    _add_reviews(client, {"Olga": organiser, "Mo": member, **others}, ids)
    if books > FEW:
        add_dead_letters(folder, books // 2)
    (event,) = newest_events(folder, 1)
    return Content(
        event=event,
        imported=imported,
        book=ids[0],
        reviewed=ids[REVIEWED],
        member=next(account["id"] for account in accounts if account["nickname"] == "Mo"),
        cookies={"visitor": {}, "organiser": organiser, "member": member},
    )


def add_member(organiser: Client, nickname: str) -> Cookies:
    """Invite a member, join by the invitation, and return the cookies of the session."""
    invitation = organiser.post("/api/invitations", json={}).raise_for_status().json()
    new = {"invitation": invitation["token"], "nickname": nickname, "password": PASSWORD}
    with Client(base_url=organiser.base_url, timeout=10) as client:
        return dict(client.post("/api/members", json=new).raise_for_status().cookies)


def _let_ask(organiser: Client) -> None:
    """Allow requests to join, and send one."""
    version = {"If-Match": organiser.get("/api/club").headers["etag"]}
    _accepted(lambda: organiser.patch("/api/club", json={"may_ask_to_join": True}, headers=version))
    asked = {"nickname": WAITING, "password": PASSWORD}
    with Client(base_url=organiser.base_url, timeout=10) as client:
        _accepted(lambda: client.post("/api/join-requests", json=asked))


def _import(member: Client) -> str:
    """Import a file with a rejected row, wait until it is finished, and return its id."""
    file = "".join(library(1))
    id_: str = _accepted(lambda: member.post("/api/imports", content=file)).json()["id"]
    path = f"/api/imports/{id_}"
    eventually(lambda: member.get(path).json()["state"] == FINISHED, within=SHOWN_WITHIN)
    return id_


def _accepted(send: Callable[[], Response]) -> Response:
    """Send a request, again as long as the database is busy. Raises HTTPStatusError."""

    def answer() -> Response | None:
        response = send()
        return None if response.status_code == BUSY else response

    response = eventually(answer, within=SHOWN_WITHIN)
    assert response is not None
    return response.raise_for_status()


def _add_by_command(folder: Path, nickname: str, *options: str) -> None:
    subprocess.run(
        command("members", "add", nickname, *options),
        env=environment(folder),
        input=PASSWORD,
        text=True,
        stdout=subprocess.DEVNULL,
        check=True,
    )


def _log_in(client: Client, nickname: str) -> Cookies:
    """Log in, and return the cookies of the session."""
    answer = client.post("/api/session", json={"nickname": nickname, "password": PASSWORD})
    cookies = dict(answer.raise_for_status().cookies)
    client.cookies.clear()
    return cookies


def _add_books(client: Client, number: int) -> Sequence[str]:
    """Add books, wait until the activity shows them, and return their ids."""
    added = [client.add_book(**book._asdict()) for book in some_books(number)]
    ids = [answer.raise_for_status().json()["id"] for answer in added]

    def are_shown() -> bool:
        return len(client.get("/api/activity", params={"limit": 100}).json()["items"]) >= number

    eventually(are_shown, within=SHOWN_WITHIN)
    return ids


def _add_reviews(client: Client, writers: Mapping[str, Cookies], ids: Sequence[str]) -> None:
    """Write the reviews of each member, and wait until the ratings have them."""
    for nickname, cookies in writers.items():
        with Client(base_url=client.base_url, cookies=dict(cookies), timeout=10) as writer:
            for place, (rating, comment) in REVIEWS[nickname].items():
                if place < len(ids):
                    said = {"rating": rating, "comment": comment}
                    put = partial(writer.put, f"/api/books/{ids[place]}/review", json=said)
                    _accepted(put)
    reviewed = f"/api/books/{ids[REVIEWED]}"

    def are_counted() -> bool:
        ratings = client.get(reviewed).json()["ratings"]
        return bool(ratings["count"] == sum(REVIEWED in said for said in REVIEWS.values()))

    eventually(are_counted, within=SHOWN_WITHIN)
