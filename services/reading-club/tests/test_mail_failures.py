"""Mail to members while a server, the database or a process fails."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.application import Application
from reading_club.app.mail import mail_sending
from reading_club.app.mail.server import AddressRefused, MailDeferred, MailServerUnavailable
from reading_club.app.testing.mail import ADDRESS, MailingClub
from reading_club.app.testing.person import Person
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.liveness import Liveness
from reading_club.service.accounts.accounts import Role


@pytest.fixture
def club(
    client: TestClient, application: Application, transport: RecordingOutboxTransport
) -> MailingClub:
    """A club that sends mail."""
    return MailingClub(client, application, transport)


def test_a_server_that_is_away_delays_the_mail(
    club: MailingClub, member: Person, organiser: Person
) -> None:
    """Nothing is taken meanwhile: the first connection sends it."""
    club.subscribe(member)
    club.happen(organiser, "First")
    club.server.away = MailServerUnavailable("SMTPConnectError")
    for _ in range(2):
        with pytest.raises(MailServerUnavailable):
            club.send()
    club.server.away = None

    assert club.send() == 1
    assert "First" in club.server.sent[0][1].get_content()


def test_an_answer_that_is_lost_leaves_the_mail_with_its_lease(
    club: MailingClub, member: Person, organiser: Person
) -> None:
    """The server may have taken it: it is not sent again at once."""
    club.subscribe(member)
    club.happen(organiser, "First")
    club.server.refusals = [MailServerUnavailable("SMTPServerDisconnected")]
    with pytest.raises(MailServerUnavailable):
        club.send()

    assert club.send() == 0


def test_a_refused_address_keeps_nobody_waiting(
    club: MailingClub,
    member: Person,
    organiser: Person,
    enter: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The others get their mail in the same pass; no address is in the log."""
    people = [member, enter("Ann", Role.MEMBER), enter("Bea", Role.MEMBER)]
    for number, person in enumerate(people):
        club.subscribe(person, f"reader{number}@example.org")
    club.happen(organiser, "First")
    club.server.refusals = [AddressRefused("the server answered 550"), MailDeferred("451"), None]

    sent = [club.send() for _ in range(2)]

    assert sent == [1, 0]
    assert len(club.server.sent) == 1
    assert "an address was refused: the server answered 550" in caplog.text
    assert "mail was not taken: 451" in caplog.text
    assert "example.org" not in caplog.text


def test_the_end_leaves_the_rest_for_the_next_process(
    club: MailingClub, member: Person, organiser: Person
) -> None:
    """A pass that is asked to stop takes nothing more."""
    club.subscribe(member)
    club.happen(organiser, "First")
    club.sending.stopping.set()

    assert club.send() == 0

    club.sending.stopping.clear()
    assert club.send() == 1


FAILURES = [
    MailServerUnavailable("SMTPServerDisconnected"),
    StorageUnavailable("away"),
    ValueError(ADDRESS),
]


@pytest.mark.parametrize("failure", FAILURES, ids=["mail server", "database", "bug"])
def test_the_relay_outlives_each_failure(
    club: MailingClub,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is logged, without an address, and the next pass follows."""
    passes = 0

    async def fail() -> int:
        nonlocal passes
        passes += 1
        if passes > 2:
            club.sending.stopping.set()
        raise failure

    async def run() -> None:
        async with mail_sending.sending_mail(club.sending, Liveness()):
            await club.sending.stopping.wait()

    monkeypatch.setattr(club.sending, "send_due", fail)
    club.call(run)

    assert passes == 3
    assert caplog.text.count("no mail was sent") == 3
    assert ADDRESS not in caplog.text


async def test_without_a_server_nothing_runs() -> None:
    """And nothing fails."""
    liveness = Liveness()
    async with mail_sending.sending_mail(None, liveness):
        assert liveness.alive()
