"""Mail to members: what is sent, once, from the link to the end."""

import re

import pytest
from fastapi.testclient import TestClient

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.application import Application
from reading_club.app.testing.mail import ADDRESS, ME, MailingClub, link_in
from reading_club.app.testing.person import SURE, Person


@pytest.fixture
def club(
    client: TestClient, application: Application, transport: RecordingOutboxTransport
) -> MailingClub:
    """A club that sends mail."""
    return MailingClub(client, application, transport)


def test_a_digest_is_sent_once(club: MailingClub, member: Person, organiser: Person) -> None:
    """However often the events come; without news no connection is made."""
    club.subscribe(member)
    for title in ("First", "Second"):
        club.happen(organiser, title)

    sent = [club.send() for _ in range(2)]

    ((to, message),) = club.server.sent
    assert (sent, club.server.connections) == ([1, 0], 2)
    assert to == ADDRESS
    assert re.findall("“(.*)”", message.get_content()) == ["First", "Second"]


def test_an_address_is_told_nothing_before_it_is_confirmed(
    club: MailingClub, member: Person, organiser: Person
) -> None:
    """The link comes once; looking at its page confirms nothing, its button does."""
    member.put(f"{ME}/club")
    member.put(f"{ME}/mail", json={"address": ADDRESS})
    club.happen(organiser, "Before")
    sent = [club.send() for _ in range(2)]
    ((_, message),) = club.server.sent
    path = link_in(message)
    page = club.client.get(path)
    before = member.get(ME).json()["mail"]["state"]

    answer = club.client.post(path, data=SURE)

    assert sent == [1, 0]
    assert "Confirm the address" in page.text
    assert f'action="{path}"' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert before == "unconfirmed"
    assert "Your address is confirmed." in answer.text
    assert member.get(ME).json()["mail"] == {"address": ADDRESS, "state": "confirmed"}
    assert club.send() == 0


def test_the_mail_ends_by_one_click(club: MailingClub, member: Person, organiser: Person) -> None:
    """As a mail program sends it, without a cookie; again, it is answered in the same way."""
    club.subscribe(member)
    club.happen(organiser, "First")
    club.send()
    ((_, message),) = club.server.sent
    path = link_in(message)
    assert message["List-Unsubscribe"] == f"<http://testserver{path}>"
    assert "End the mail" in club.client.get(path).text
    assert member.get(ME).json()["mail"]["address"] == ADDRESS

    one_click = {"List-Unsubscribe": "One-Click"}
    answers = [club.client.post(path, data=one_click) for _ in range(2)]
    club.happen(organiser, "Second")

    assert {answer.status_code for answer in answers} == {200}
    assert "the address is deleted" in answers[0].text
    assert member.get(ME).json()["mail"] is None
    assert club.send() == 0


def test_a_wrong_link_confirms_nothing(club: MailingClub, member: Person) -> None:
    """403, and the address is as it was."""
    member.put(f"{ME}/mail", json={"address": ADDRESS})
    club.send()

    answer = club.client.post("/mail/confirm?token=wrong", data=SURE)

    assert answer.status_code == 403
    assert member.get(ME).json()["mail"]["state"] == "unconfirmed"


def test_a_digest_whose_notices_are_withdrawn_is_not_sent(
    club: MailingClub, member: Person, organiser: Person
) -> None:
    """It is done with; what comes later is sent."""
    book = club.happen(organiser, "First")
    club.subscribe(member)
    member.delete(f"{ME}/club")
    member.put(f"{ME}/books/{book}")
    organiser.put(f"/api/books/{book}/review", json={"rating": 7})
    club.work()
    organiser.delete(f"/api/books/{book}/review")

    assert [club.send() for _ in range(2)] == [0, 0]
    member.put(f"{ME}/club")
    club.happen(organiser, "Second")
    assert club.send() == 1
    ((_, message),) = club.server.sent
    assert "“Second”" in message.get_content()
    assert "rated" not in message.get_content()
