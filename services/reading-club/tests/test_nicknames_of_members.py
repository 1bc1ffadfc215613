"""Nicknames that look like another one, or like none, are refused when a member joins."""

import pytest

from reading_club.app.testing.invitations import invited, join, nicknames
from reading_club.app.testing.person import Person

PASSWORD = "correct horse"


@pytest.mark.parametrize("nickname", ["OLGA", "\uff2flga", "Ol\u200bga", "  olga "])
def test_a_nickname_that_looks_like_another_is_refused(
    organiser: Person, visitor: Person, nickname: str
) -> None:
    """409 at the field, nothing is stored, and the invitation works still."""
    token = invited(organiser)["token"]

    refused = join(visitor, token, nickname)

    assert refused.status_code == 409
    assert [error["field"] for error in refused.json()["errors"]] == ["nickname"]
    assert nicknames(organiser) == ["Olga"]
    assert join(visitor, token).status_code == 201


@pytest.mark.parametrize("nickname", ["\u202eMo", "M\u2066o", "\u200b", "\u200d\u200c"])
def test_an_invisible_or_reordered_nickname_is_refused(
    organiser: Person, visitor: Person, nickname: str
) -> None:
    """422 for bidi controls, and for a nickname without a visible character."""
    token = invited(organiser)["token"]

    assert join(visitor, token, nickname).status_code == 422
    assert nicknames(organiser) == ["Olga"]
