"""Members who are logged in at an application in this process."""

from typing import Final

from fastapi.testclient import TestClient

from reading_club.app.accounts.membership import NewMember, add_member, log_in
from reading_club.app.application import Application
from reading_club.app.testing.person import Person
from reading_club.service.accounts.accounts import Role

PASSWORD: Final = "correct horse"
"""The password of each of them."""


def logged_in(client: TestClient, application: Application, nickname: str, role: Role) -> Person:
    """Add a member to the application of the client, which is open, and log the member in."""

    async def session() -> str:
        new = NewMember.model_validate({"nickname": nickname, "password": PASSWORD})
        await add_member(application, new, role)
        return (await log_in(application, nickname, PASSWORD, "a test"))[1]

    assert client.portal is not None
    person = Person(client)
    person.cookies["session"] = client.portal.call(session)
    return person
