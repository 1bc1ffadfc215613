"""A club with books, and pages of its site in a browser."""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, Protocol

from playwright.async_api import Browser, ConsoleMessage, Page

from reading_club.testing.builders import an_isbn
from reading_club_functional.browser.content import Content, add_member, fill_club
from reading_club_functional.browser.pages import Role, SitePage
from reading_club_functional.cluster import Browser as Client
from reading_club_functional.process import ClubProcess
from reading_club_functional.servers.ports import free_ports

Scheme = Literal["light", "dark"]

EXPECTED: Final = (
    "Failed to load resource: the server responded with",
    "Failed to load resource: net::ERR_INTERNET_DISCONNECTED",
)
HEIGHT: Final = 844
"""Pixels from top to bottom of a window."""
ATTEMPTS: Final = 3
"""The number of times that a page is asked for while the database is busy."""
_NUMBERS: Final = count(1)


@dataclass(frozen=True)
class View:
    """How a page is looked at."""

    width: int = 390
    scheme: Scheme = "light"
    javascript: bool = True
    locale: str = "en-GB"


@dataclass(frozen=True)
class Site:
    """The pages of a club: its console is the text that it opens with."""

    url: str
    console: str
    content: Content

    def add_member(self) -> str:
        """Add a member, who is logged in nowhere; return the nickname."""
        nickname = f"Member {next(_NUMBERS)}"
        with self._organiser() as organiser:
            cookies = add_member(organiser, nickname)
        with Client(base_url=self.url, cookies=dict(cookies)) as member:
            member.delete("/api/session").raise_for_status()
        return nickname

    def add_book(self) -> str:
        """Add a book without a review; return the path of its page."""
        number = next(_NUMBERS)
        with self._organiser() as organiser:
            book = {"title": f"Book {number}", "author": "Anon", "isbn": an_isbn().canonical}
            return f"/books/{organiser.add_book(**book).raise_for_status().json()['id']}"

    def _organiser(self) -> Client:
        cookies = self.content.cookies["organiser"]
        return Client(base_url=self.url, cookies=dict(cookies), timeout=10)

    @asynccontextmanager
    async def opened(
        self, browser: Browser, view: View | None = None, role: Role = "visitor"
    ) -> AsyncIterator[Page]:
        """Yield a page in a new profile. Raises AssertionError for errors on its console."""
        view = view or View()
        context = await browser.new_context(
            base_url=self.url,
            viewport={"width": view.width, "height": HEIGHT},
            color_scheme=view.scheme,
            java_script_enabled=view.javascript,
            locale=view.locale,
            timezone_id="UTC",
        )
        context.set_default_timeout(10_000)
        errors: list[str] = []
        async with context:
            await context.add_cookies(
                [
                    {"name": name, "value": value, "url": self.url}
                    for name, value in self.content.cookies[role].items()
                ]
            )
            page = await context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.extend(_errors(message)))
            yield page
        assert errors == [], errors

    async def show(self, page: Page, shown: SitePage) -> None:
        """Go to a page of the site, press its button, and wait for the page that follows.

        A club whose database was busy is asked again, as its page proposes.
        """
        (welcome,) = re.findall(r"/welcome\?token=(\S+)", self.console)
        for _ in range(ATTEMPTS):
            answer = await page.goto(shown.path.format(content=self.content, welcome=welcome))
            if shown.press:
                async with page.expect_navigation() as navigation:
                    await page.get_by_role("button", name=shown.press).click()
                answer = await navigation.value
            if answer is None or answer.status != HTTPStatus.SERVICE_UNAVAILABLE:
                return


class Visit(Protocol):
    """Opens a page of a club in a new profile, with a view, as a role."""

    async def __call__(self, site: Site, view: View | None = None, role: Role = "visitor") -> Page:
        """Return the page, which closes after the test."""
        ...


def _errors(message: ConsoleMessage) -> list[str]:
    """Return the text of an error that no test asserts: statuses 4xx, and a browser offline."""
    is_expected = message.text.startswith(EXPECTED)
    return [message.text] if message.type == "error" and not is_expected else []


@dataclass(frozen=True)
class FilledClub:
    """The folder of a club that does not run, the text that it opened with, and what it has."""

    folder: Path
    console: str
    content: Content


def filled(folder: Path, books: int) -> FilledClub:
    """Fill a club with this number of books, and end it when its activity shows them.

    A club without books has no members. Another one has the organiser Olga, the member Mo, and
    reviews.
    """
    (port,) = map(str, free_ports(1))
    with _open_club(folder, port=port) as process:
        content = Content()
        if books:
            with Client(base_url=_url(port), timeout=10) as client:
                content = fill_club(folder, client, books)
    return FilledClub(folder, process.output, content)


@contextmanager
def running_site(club: FilledClub, folder: Path) -> Iterator[Site]:
    """Run a copy of a club in an empty folder.

    A club without members opens with another text each time. One with books would send mail: it has
    an origin, and a server that is away.
    """
    shutil.copytree(club.folder, folder, dirs_exist_ok=True)
    port, mail_port = map(str, free_ports(2))
    mail = {"smtp_host": "localhost", "smtp_port": mail_port, "smtp_sender": "club@club.example"}
    more = {"origin": _url(port), **mail} if club.content.book else {}
    with _open_club(folder, port=port, **more) as process:
        console = club.console if club.content.book else process.output
        yield Site(_url(port), console, club.content)


@contextmanager
def filled_site(books: int) -> Iterator[Site]:
    """Run a new club with this number of books, in a folder that is deleted afterwards."""
    with TemporaryDirectory() as first, TemporaryDirectory() as copy:
        club = filled(Path(first), books)
        with running_site(club, Path(copy)) as site:
            yield site


def _url(port: str) -> str:
    return f"http://127.0.0.1:{port}"


@contextmanager
def _open_club(folder: Path, **settings: str) -> Iterator[ClubProcess]:
    with ClubProcess(folder, "run", settings=settings) as process:
        process.expect("Ctrl-C closes it")
        yield process
