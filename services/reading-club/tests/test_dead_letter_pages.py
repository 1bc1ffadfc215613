"""The pages of dead letters: their groups, and the page of a group."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from reading_club.app.application import Application
from reading_club.app.testing.dead_letters import store_some_dead_letters
from reading_club.app.testing.person import HTML, Person
from reading_club.eventstream.ports.dead_letters import DeadLetter

GROUP = "/stream/dead-letters/group?subscriber=activity&type=book_registered_v1&error=KeyError"


@pytest.fixture
def letters(client: TestClient, application: Application) -> list[DeadLetter]:
    """Two dead letters of one group, one of another, and one that is no event."""
    return store_some_dead_letters(client, application)


def test_without_dead_letters_the_page_says_so(organiser: Person) -> None:
    """Neither a group nor a form."""
    page = organiser.get("/stream/dead-letters").text

    assert "There are no dead letters" in page
    assert "<form" not in page


@pytest.mark.usefixtures("letters")
def test_dead_letters_are_shown_in_groups(organiser: Person) -> None:
    """The largest first, each with its count, its newest error, and a link to its page."""
    page = organiser.get("/stream/dead-letters").text

    groups = re.findall(r'<h3 dir="auto"><a href="([^"]+)">(.*?)</a></h3>', page)
    assert len(groups) == 3
    assert groups[0] == (GROUP.replace("&", "&amp;"), "KeyError")
    assert "2 events of book_registered_v1 for activity" in page
    assert "KeyError: &#39;b&#39;" in page
    assert "from <time" in page
    assert "1 event of no type for activity" in page


def test_a_group_lists_its_dead_letters(organiser: Person, letters: list[DeadLetter]) -> None:
    """The newest first, each with a link to its life, and without what it says."""
    page = organiser.get(GROUP).text

    links = re.findall(r'<a href="/stream/events/([\w-]{36})">', page)
    assert links == [str(letters[1].message_id), str(letters[0].message_id)]
    assert "5 attempts" in page
    assert "secret" not in page


def test_an_unreadable_row_hides_no_other(
    organiser: Person,
    letters: list[DeadLetter],
    client: TestClient,
    application: Application,
) -> None:
    """A row whose envelope is no JSON is shown among the others."""

    async def spoil() -> None:
        async with application.writing() as transaction:
            session: Any = transaction.uow.session
            await session.write(
                text("UPDATE dead_letters SET envelope = '{no' WHERE message_id = :id").bindparams(
                    id=letters[1].message_id.hex
                )
            )

    assert client.portal is not None
    client.portal.call(spoil)

    assert "2 events of book_registered_v1" in organiser.get("/stream/dead-letters").text
    page = organiser.get(GROUP).text
    assert all(str(letter.message_id) in page for letter in letters[:2])
    assert "cannot be sent again" in page


@pytest.mark.parametrize(
    "address",
    ["/stream/dead-letters/group?error=%00", "/stream/dead-letters/group?parked=perhaps"],
)
def test_a_made_up_address_is_refused(organiser: Person, address: str) -> None:
    """422, before a database is asked."""
    assert organiser.get(address, headers=HTML).status_code == 422


def test_a_made_up_notice_is_not_shown(organiser: Person) -> None:
    """Only what a form has done is said."""
    assert 'role="status"' not in organiser.get("/stream/dead-letters?said=hello").text
