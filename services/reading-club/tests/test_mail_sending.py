"""Mail to members: what is sent, once, and what happens if a server or a process fails."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.application import Application
from reading_club.app.mail import sending as sending_module
from reading_club.app.mail.sending import MailSending
from reading_club.app.mail.server import AddressRefused, MailDeferred, MailServerUnavailable
from reading_club.app.testing.mail import MailServerInMemory
from reading_club.app.testing.notices import handle_all
from reading_club.app.testing.person import Person
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.liveness import Liveness
from reading_club.service.accounts.accounts import Role
from reading_club.testing.builders import an_isbn

ME = "/api/me/notifications"
ADDRESS = "mo@example.org"
Call = Callable[..., Any]


@pytest.fixture
def server() -> MailServerInMemory:
    """A mail server."""
    return MailServerInMemory()


@pytest.fixture
def sending(application: Application, server: MailServerInMemory) -> MailSending:
    """What sends the application's mail to that server, without a pause between digests."""
    application.sends_mail = True
    return MailSending(
        application.unit_of_work, server.connect, "http://testserver", "club@club.example", 0.0
    )


@pytest.fixture
def call(client: TestClient) -> Call:
    """Await a coroutine on the loop of the client."""

    def call(work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        assert client.portal is not None
        return client.portal.call(work, *arguments)

    return call


Happen = Callable[[Person, str], None]


@pytest.fixture
def happen(call: Call, application: Application, transport: RecordingOutboxTransport) -> Happen:
    """Let a member register a book, and the subscriber handle all events so far, twice."""

    def happen(person: Person, title: str) -> None:
        book = {"title": title, "author": "A", "isbn": str(an_isbn())}
        assert person.post("/api/books", json=book).status_code == 201
        for _ in range(2):
            call(handle_all, application, transport.handed_over)

    return happen


def link_in(text: str) -> str:
    """Return the path of the secret link of a mail."""
    (path,) = re.findall(r"http://testserver(/mail/\w+\?token=[\w-]{43})\n", text)
    return str(path)


def subscribed(person: Person, sending: MailSending, call: Call, address: str = ADDRESS) -> None:
    """Let the member follow the club, with a confirmed address."""
    person.put(f"{ME}/club")
    assert person.put(f"{ME}/mail", json={"address": address}).status_code == 202
    assert call(sending.send_due) == 1
    server: Any = sending.connect.__self__  # type: ignore[attr-defined] # it is a bound method
    _, message = server.sent.pop()
    answer = person.client.post(link_in(message.get_content()), data={"sure": "yes"})
    assert answer.status_code == 200


def test_a_digest_is_sent_once(
    member: Person,
    organiser: Person,
    sending: MailSending,
    server: MailServerInMemory,
    call: Call,
    happen: Happen,
) -> None:
    """However often the events come; without news no connection is made."""
    subscribed(member, sending, call)
    happen(organiser, "First")
    happen(organiser, "Second")

    sent = [call(sending.send_due) for _ in range(2)]

    ((to, message),) = server.sent
    assert (sent, server.connections) == ([1, 0], 2)
    assert to == ADDRESS
    assert re.findall("“(.*)”", message.get_content()) == ["First", "Second"]


def test_an_address_is_told_nothing_before_it_is_confirmed(
    member: Person,
    organiser: Person,
    sending: MailSending,
    server: MailServerInMemory,
    call: Call,
    happen: Happen,
) -> None:
    """The link comes once; looking at its page confirms nothing, its button does."""
    member.put(f"{ME}/club")
    member.put(f"{ME}/mail", json={"address": ADDRESS})
    happen(organiser, "Before")
    sent = [call(sending.send_due) for _ in range(2)]
    ((_, message),) = server.sent
    path = link_in(message.get_content())
    page = member.client.get(path)
    before = member.get(ME).json()["mail"]["state"]

    answer = member.client.post(path, data={"sure": "yes"})

    assert sent == [1, 0]
    assert "Confirm the address" in page.text
    assert f'action="{path}"' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert before == "unconfirmed"
    assert "Your address is confirmed." in answer.text
    assert member.get(ME).json()["mail"] == {"address": ADDRESS, "state": "confirmed"}
    assert call(sending.send_due) == 0


def test_the_mail_ends_by_one_click(
    member: Person,
    organiser: Person,
    sending: MailSending,
    server: MailServerInMemory,
    call: Call,
    happen: Happen,
) -> None:
    """As a mail program sends it, without a cookie; again, it is answered in the same way."""
    subscribed(member, sending, call)
    happen(organiser, "First")
    call(sending.send_due)
    ((_, message),) = server.sent
    path = link_in(message.get_content())
    assert message["List-Unsubscribe"] == f"<http://testserver{path}>"
    assert "End the mail" in member.client.get(path).text
    assert member.get(ME).json()["mail"]["address"] == ADDRESS

    one_click = {"List-Unsubscribe": "One-Click"}
    answers = [member.client.post(path, data=one_click) for _ in range(2)]
    happen(organiser, "Second")

    assert {answer.status_code for answer in answers} == {200}
    assert "the address is deleted" in answers[0].text
    assert member.get(ME).json()["mail"] is None
    assert call(sending.send_due) == 0


def test_a_wrong_link_confirms_nothing(
    member: Person, sending: MailSending, call: Call, client: TestClient
) -> None:
    """403, and the address is as it was."""
    member.put(f"{ME}/mail", json={"address": ADDRESS})
    call(sending.send_due)

    answer = client.post("/mail/confirm?token=wrong", data={"sure": "yes"})

    assert answer.status_code == 403
    assert member.get(ME).json()["mail"]["state"] == "unconfirmed"


def test_a_server_that_is_away_delays_the_mail(
    member: Person,
    organiser: Person,
    sending: MailSending,
    server: MailServerInMemory,
    call: Call,
    happen: Happen,
) -> None:
    """Nothing is taken meanwhile: the first connection sends it."""
    subscribed(member, sending, call)
    happen(organiser, "First")
    server.away = MailServerUnavailable("SMTPConnectError")
    for _ in range(2):
        with pytest.raises(MailServerUnavailable):
            call(sending.send_due)
    server.away = None

    assert call(sending.send_due) == 1
    assert "First" in server.sent[0][1].get_content()


def test_a_refused_address_keeps_nobody_waiting(
    member: Person,
    enter: Any,
    organiser: Person,
    sending: MailSending,
    server: MailServerInMemory,
    call: Call,
    happen: Happen,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The others get their mail in the same pass; no address is in the log."""
    people = [member, enter("Ann", Role.MEMBER), enter("Bea", Role.MEMBER)]
    for number, person in enumerate(people):
        subscribed(person, sending, call, f"reader{number}@example.org")
    happen(organiser, "First")
    server.refusals = [AddressRefused("the server answered 550"), MailDeferred("451"), None]

    sent = [call(sending.send_due) for _ in range(2)]

    assert sent == [1, 0]
    assert len(server.sent) == 1
    assert "an address was refused: the server answered 550" in caplog.text
    assert "mail was not taken: 451" in caplog.text
    assert "example.org" not in caplog.text


@pytest.mark.parametrize(
    "failure",
    [
        MailServerUnavailable("SMTPServerDisconnected"),
        StorageUnavailable("away"),
        ValueError(ADDRESS),
    ],
    ids=["mail server", "database", "bug"],
)
def test_the_relay_outlives_each_failure(
    application: Application,
    sending: MailSending,
    call: Call,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is logged, without an address, and the next pass follows."""
    monkeypatch.setattr(sending_module, "PAUSE", 0.0)
    passes = 0

    async def fail() -> int:
        nonlocal passes
        passes += 1
        if passes > 2:
            sending.stopping.set()
        raise failure

    async def run() -> None:
        async with sending_module.sending_mail(sending, Liveness()):
            await sending.stopping.wait()

    monkeypatch.setattr(sending, "send_due", fail)
    call(run)

    assert passes == 3
    assert caplog.text.count("no mail was sent") == 3
    assert ADDRESS not in caplog.text


def test_without_a_server_nothing_runs(call: Call) -> None:
    """And nothing fails."""

    async def run() -> None:
        async with sending_module.sending_mail(None, Liveness()):
            pass

    call(run)


def test_the_end_leaves_the_rest_for_the_next_process(
    member: Person,
    organiser: Person,
    sending: MailSending,
    server: MailServerInMemory,
    call: Call,
    happen: Happen,
) -> None:
    """A pass that is asked to stop takes nothing more."""
    subscribed(member, sending, call)
    happen(organiser, "First")
    sending.stopping.set()

    assert call(sending.send_due) == 0

    sending.stopping.clear()
    assert call(sending.send_due) == 1


def test_a_digest_whose_notices_are_withdrawn_is_not_sent(
    member: Person,
    organiser: Person,
    sending: MailSending,
    server: MailServerInMemory,
    call: Call,
    happen: Happen,
) -> None:
    """It is done with; what comes later is sent."""
    happen(organiser, "First")
    (book,) = organiser.get("/api/books").json()["items"]
    subscribed(member, sending, call)
    member.delete(f"{ME}/club")
    member.put(f"{ME}/books/{book['id']}")
    organiser.put(f"/api/books/{book['id']}/review", json={"rating": 7})
    happen(organiser, "Second")
    organiser.delete(f"/api/books/{book['id']}/review")

    assert [call(sending.send_due) for _ in range(2)] == [0, 0]
    assert server.sent == []
    member.put(f"{ME}/club")
    happen(organiser, "Third")
    assert call(sending.send_due) == 1
