"""People who invite and join over the API."""

from typing import Any, Final

from reading_club.app.testing.person import Person

PASSWORD: Final = "correct horse"


def invited(organiser: Person, **terms: int) -> dict[str, Any]:
    """Make an invitation."""
    answer = organiser.post("/api/invitations", json=terms)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def join(person: Person, token: str, nickname: str = "Mo") -> Any:
    """Join by an invitation."""
    said = {"nickname": nickname, "password": PASSWORD, "invitation": token}
    return person.post("/api/members", json=said)


def nicknames(organiser: Person) -> list[str]:
    """Return the nicknames of all members."""
    return [member["nickname"] for member in organiser.get("/api/members").json()["items"]]
