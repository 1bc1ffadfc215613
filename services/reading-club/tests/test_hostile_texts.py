"""Texts that are made to break the club: too long to normalise, or in another encoding."""

import re
import unicodedata
from typing import Any

import pytest
from fastapi.testclient import TestClient

from reading_club.app.testing.person import Person
from reading_club.app.web.application import PARTS

PASSWORD = "correct horse"
MARKS = "a" + "\u0301\u0316" * 15_000
"""A text of 60 kB, whose normalisation takes most of a second."""
MULTIPART = (
    b'--b\r\nContent-Disposition: form-data; name="nickname"\r\n\r\n\\ud800\r\n'
    b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\ncorrect horse\r\n--b--\r\n'
)
FORMS = sorted(
    route.path
    for part in PARTS
    for route in part.router.routes
    if "POST" in route.methods and not route.path.startswith("/api/")
)


@pytest.fixture
def normalised(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the texts that were normalised."""
    lengths, normalize = [], unicodedata.normalize

    def counting(form: Any, text: str) -> str:
        lengths.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", counting)
    return lengths


@pytest.mark.parametrize("field", ["nickname", "password"])
def test_a_log_in_normalises_no_long_text(
    organiser: Person, visitor: Person, normalised: list[int], field: str
) -> None:
    """It is refused as a wrong one: normalising it would stop every other request."""
    organiser.get("/api/me")
    said = {"nickname": (None, "Olga"), "password": (None, PASSWORD), field: (None, MARKS)}

    answer = visitor.post("/login", files=said)

    assert answer.status_code == 422
    assert "The nickname or the password is wrong." in answer.text
    assert max(normalised, default=0) <= 200


def test_a_long_password_is_not_normalised(organiser: Person, normalised: list[int]) -> None:
    """Where a member repeats the present one."""
    leave = organiser.post("/account/leave", files={"leave_password": (None, MARKS)})
    said = {"password": (None, MARKS), "new_password": (None, "battery staple")}
    change = organiser.post("/account/password", files=said)

    assert (leave.status_code, change.status_code) == (422, 422)
    assert max(normalised) <= 200


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7"])
def test_a_form_is_in_utf_8(organiser: Person, charset: str) -> None:
    """415 for another encoding: its texts may be such that no page can hold them."""
    headers = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}

    for form in FORMS:
        path = re.sub(r"\{\w+(:uuid)?\}", "0199e3a0-0000-7000-8000-000000000000", form)
        path = path.replace("role/0199e3a0-0000-7000-8000-000000000000", "role/member")
        answer = organiser.post(path, content=MULTIPART, headers=headers)
        assert (form, answer.status_code) == (form, 415)


def test_a_form_may_name_utf_8(client: TestClient) -> None:
    """In capitals as well."""
    for charset in ("utf-8", "UTF-8", "utf8"):
        headers = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
        assert client.post("/login", content=MULTIPART, headers=headers).status_code == 422
