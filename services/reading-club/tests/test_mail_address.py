"""The address of a member: the API and the page."""

from uuid import UUID

import pytest

from reading_club.app.application import Application
from reading_club.app.testing.person import Person, follow, problem_of, send
from reading_club.app.web.rate_limits import OF_ACCOUNT

MAIL = "/api/me/notifications/mail"
ADDRESS = "mo@example.org"


@pytest.fixture(autouse=True)
def sends_mail(application: Application) -> None:
    """A club that sends mail."""
    application.sends_mail = True


@pytest.mark.parametrize(
    "address",
    [
        "",
        "mo",
        "mo@",
        "@example.org",
        "mo@example",
        "mo @example.org",
        "mo@example.org\r\nBcc: all@example.org",
        "mo@exa mple.org",
        "mö@example.org",
        "mo@-example.org",
        f"{'m' * 65}@example.org",
        f"mo@{'e' * 250}.org",
        "mo@example.org, ann@example.org",
        "<mo@example.org>",
    ],
)
def test_what_is_no_address_is_refused(member: Person, address: str) -> None:
    """With the name of the field; nothing is stored. On the page the error stands at its field."""
    answer = member.put(MAIL, json={"address": address})
    page = send(member, "/account/following/mail", address=address, sure="yes")

    assert problem_of(answer) == (422, "invalid-request")
    assert [error["field"] for error in answer.json()["errors"]] == ["address"]
    assert page.status_code == 422
    assert '<p class="error" id="address-error">The address ' in page.text
    assert "Value error" not in answer.text + page.text
    assert member.get("/api/me/notifications").json()["mail"] is None


def test_an_address_is_stored_and_deleted(member: Person, organiser: Person) -> None:
    """It is the member's alone, and is in the data to take along."""
    put = member.put(MAIL, json={"address": f" {ADDRESS} "}).status_code
    mine = member.get("/api/me/notifications").json()["mail"]
    kept = member.get("/api/me/export").json()["following"]
    theirs = organiser.get("/api/me/notifications").json()["mail"]
    removed = [member.delete(MAIL).status_code for _ in range(2)]

    assert (put, removed) == (202, [204, 404])
    assert mine == {"address": ADDRESS, "state": "unconfirmed"}
    assert kept["address"] == ADDRESS
    assert theirs is None


def test_the_account_page_takes_and_deletes_the_address(member: Person) -> None:
    """It says what comes next, and what the state is."""
    blank = member.get("/account").text
    page = follow(member, send(member, "/account/following/mail", address=ADDRESS))
    ended = follow(member, send(member, "/account/following/mail/remove"))

    assert 'type="email"' in blank
    assert "a link is on its way to it" in page
    assert f"<bdi>{ADDRESS}</bdi> is not confirmed yet" in page
    assert "The address is deleted" in ended
    assert ADDRESS not in ended


def test_a_club_without_a_server_takes_no_address(member: Person, application: Application) -> None:
    """409; the page has no such form."""
    application.sends_mail = False

    assert problem_of(member.put(MAIL, json={"address": ADDRESS})) == (409, "no-mail-server")
    assert send(member, "/account/following/mail", address=ADDRESS).status_code == 422
    assert 'type="email"' not in member.get("/account").text


def test_links_to_addresses_are_limited(member: Person) -> None:
    """Each address may be another person's, who did not ask for mail."""
    for number in range(OF_ACCOUNT.amount):
        address = {"address": f"reader{number}@example.org"}
        assert member.put(MAIL, json=address).status_code == 202

    assert problem_of(member.put(MAIL, json={"address": ADDRESS})) == (429, "rate-limited")


def test_the_address_goes_with_the_member(member: Person, application: Application) -> None:
    """Whether the words are erased or not."""
    member.put(MAIL, json={"address": ADDRESS})
    account = UUID(member.get("/api/me").json()["id"])
    member.post("/api/me/leave", json={"erase": False, "password": "correct horse"})

    async def find() -> object:
        async with application.reading() as uow:
            return await uow.mail_addresses.find(account)

    assert member.client.portal is not None
    assert member.client.portal.call(find) is None
