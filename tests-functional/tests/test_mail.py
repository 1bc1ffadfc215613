"""Mail to members by real processes and a real mail server: once, whatever is killed or away."""

import asyncio
import re
from collections.abc import Iterator
from email.message import EmailMessage

import httpx2
import pytest

from reading_club.app.accounts.membership import NewMember, add_member
from reading_club.app.bootstrap.web import open_application_without_broker
from reading_club.app.settings import Settings
from reading_club.service.accounts.accounts import Role
from reading_club.testing.builders import an_isbn
from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.polling import eventually
from reading_club_functional.servers import PostgreSQLServer, ValkeyServer
from reading_club_functional.servers.mail import MailServer
from reading_club_functional.servers.ports import free_ports

WITHIN = 60.0
ME = "/api/me/notifications"
ADDRESS = "mo@example.org"
PASSWORD = "correct horse"
LEASE_IS_OVER = """
UPDATE mail_addresses SET leased_until = now() - interval '1 second'
WHERE leased_until IS NOT NULL"""


class MailingClub:
    """A club whose member Mo follows it by mail."""

    def __init__(self, club: ClubCluster, server: MailServer) -> None:
        self.club, self.server = club, server
        self.relay = club.start("relay")
        self.links: list[str] = []

    def add_books(self, *titles: str) -> None:
        """Register books, and wait until there is a notice of each."""
        before = self.club.database.count("notices")
        for title in titles:
            book = {"title": title, "author": "A", "isbn": str(an_isbn())}
            assert self.club.browser.add_book(**book).status_code == 201
        wanted = before + len(titles)
        eventually(lambda: self.club.database.count("notices") == wanted, within=WITHIN)

    def titles(self) -> list[str]:
        """Return the titles that were told by mail so far, in their order."""
        digests = self.server.messages("What is new")
        return [title for each in digests for title in re.findall("“(.*)”", each.get_content())]

    def expect_titles(self, *titles: str) -> None:
        """Wait until these were told, and assert that no other ones were."""
        eventually(lambda: len(self.titles()) >= len(titles), within=WITHIN)
        self.at_rest()
        assert self.titles() == list(titles)

    def at_rest(self) -> None:
        """Wait until no notice waits for its mail."""
        waiting = "digest_id IS NULL OR digest_id IN (SELECT digest_id FROM mail_addresses)"
        eventually(lambda: not self.club.database.count("notices", waiting), within=WITHIN)

    def link_in(self, message: EmailMessage) -> str:
        """Return the secret link of a mail."""
        (link,) = re.findall(r"(http\S+\?token=[\w-]{43})\r?\n", message.get_content())
        self.links.append(link)
        return str(link)


async def add_mo(settings: Settings) -> None:
    """Store the member."""
    async with open_application_without_broker(settings) as application:
        new = NewMember.model_validate({"nickname": "Mo", "password": PASSWORD})
        await add_member(application, new, Role.MEMBER)


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    """A mail server."""
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def mailing(
    postgresql: PostgreSQLServer,
    valkey: ValkeyServer,
    server: MailServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[MailingClub]:
    """A running club, whose member has confirmed the address by its link."""
    port, folder = free_ports(1)[0], tmp_path_factory.mktemp("club")
    settings = {
        "port": str(port),
        "origin": f"http://127.0.0.1:{port}",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(server.port),
        "smtp_tls": "off",
        "smtp_sender": "club@club.example",
        "digest_hours": "0.0001",
    }
    url = postgresql.create_database()
    with prepared_cluster(folder, url, valkey.url, **settings) as club:
        asyncio.run(add_mo(club.app_settings))
        club.ready(*club.begin_workers("notices"), club.begin("web"))
        mailing = MailingClub(club, server)
        login = {"nickname": "Mo", "password": PASSWORD}
        club.browser.post("/api/session", json=login).raise_for_status()
        club.browser.put(f"{ME}/club").raise_for_status()
        club.browser.put(f"{ME}/mail", json={"address": ADDRESS}).raise_for_status()
        eventually(lambda: server.messages("Confirm your address"), within=WITHIN)
        (mail,) = server.messages("Confirm your address")
        sent = httpx2.post(mailing.link_in(mail), data={"sure": "yes"})
        assert sent.status_code == 200
        yield mailing
    postgresql.drop_database(url)


@pytest.fixture(autouse=True)
def nothing_was_told(server: MailServer, mailing: MailingClub) -> None:
    """Forget the mail of earlier tests."""
    mailing.at_rest()
    server.taken.clear()


def test_what_is_delivered_twice_is_told_once(mailing: MailingClub) -> None:
    """Also if the receipts of all events are gone, and the history is replayed."""
    mailing.add_books("First", "Second")
    mailing.expect_titles("First", "Second")
    handled = mailing.club.database.count("inbox", "subscriber = 'notices'")
    mailing.club.database.rows("DELETE FROM inbox WHERE subscriber = 'notices'")
    mailing.club.call("replay", "--subscriber", "notices")
    eventually(
        lambda: mailing.club.database.count("inbox", "subscriber = 'notices'") >= handled,
        within=WITHIN,
    )

    mailing.add_books("Third")

    mailing.expect_titles("First", "Second", "Third")


def test_a_server_that_is_away_delays_the_mail_and_nothing_else(mailing: MailingClub) -> None:
    """Notices are made meanwhile, and the first connection sends them all, once."""
    mailing.server.stop()
    mailing.add_books("Fourth")
    mailing.relay.expect("no mail was sent: the server is unavailable")
    mailing.add_books("Fifth")
    assert mailing.titles() == []

    mailing.server.start()

    mailing.expect_titles("Fourth", "Fifth")


def test_a_relay_that_dies_before_it_notes_the_mail_sends_the_same_again(
    mailing: MailingClub,
) -> None:
    """The server has taken it, which no row says: two mails, with one Message-ID and text."""
    mailing.server.silent.set()
    mailing.add_books("Sixth")
    eventually(lambda: mailing.server.messages("What is new"), within=WITHIN)
    mailing.relay.kill()
    mailing.server.silent.clear()
    mailing.relay = mailing.club.start("relay")
    mailing.add_books("Seventh")
    (first,) = mailing.server.taken
    mailing.club.database.rows(LEASE_IS_OVER)

    mailing.expect_titles("Sixth", "Sixth", "Seventh")

    assert mailing.server.taken[1] == first
    again, next_ = mailing.server.messages("What is new")[1:]
    assert again["Message-ID"] != next_["Message-ID"]


def test_one_click_ends_it_and_nothing_tells_who_it_was(mailing: MailingClub) -> None:
    """No address and no secret is in a log, in a message, or in the database any more."""
    mailing.add_books("Eighth")
    mailing.expect_titles("Eighth")
    (digest,) = mailing.server.messages("What is new")
    link = str(digest["List-Unsubscribe"]).strip("<>")
    mailing.links.append(link)
    feed = mailing.club.browser.post(f"{ME}/feed").json()["url"]
    assert httpx2.get(feed).status_code == 200
    mailing.links.append(feed)

    ended = httpx2.post(link, data={"List-Unsubscribe": "One-Click"})

    assert ended.status_code == 200
    assert mailing.club.database.count("mail_addresses") == 0
    hidden = [ADDRESS, *(each.rpartition("=")[2] for each in mailing.links)]
    logs = "".join(path.read_text() for path in mailing.club.folder.glob("*.log"))
    stored = str(mailing.club.database.rows("SELECT * FROM messages"))
    assert "mail was sent" in logs
    assert [each for each in hidden if each in logs or each in stored] == []
