"""The pages of imports, as a browser without scripts uses them."""

import re
from typing import Any

from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.testing.person import HTML, Person, follow, script_policy, send
from reading_club.app.testing.valid_imports import FILE
from reading_club.domain.messages import ImportStepDue
from reading_club.service.imports.subscriber import imports


def upload(person: Person, content: bytes) -> Any:
    """Send a file as the form does."""
    return person.post("/imports", files={"file": ("library.csv", content)}, headers=HTML)


def test_the_account_leads_to_the_form(member: Person) -> None:
    """And the form says what a file has to be."""
    account = member.get("/account", headers=HTML).text
    page = member.get("/imports", headers=HTML).text

    assert 'href="/imports"' in account
    assert 'type="file"' in page
    assert 'enctype="multipart/form-data"' in page
    assert "up to 64 MB" in page


def test_a_file_leads_to_its_import(
    member: Person, client: TestClient, application: Application
) -> None:
    """Which is loaded again while it runs, and tells the sums when it is finished."""
    answer = upload(member, FILE)
    running = follow(member, answer)
    where = answer.headers["location"]
    runs = member.get(where, headers=HTML)

    async def handle() -> None:
        async with application.writing() as transaction:
            event = ImportStepDue.model_validate({"import_id": where[9:], "step": 1})
            await imports.handle(event, transaction.uow)

    assert client.portal is not None
    client.portal.call(handle)
    finished = member.get(where, headers=HTML).text
    policies = [script_policy(page) for page in (runs, member.get(where, headers=HTML))]

    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in running
    assert "2 rows: 1 of 2 done." in running
    assert "2 rows: finished." in finished
    assert "refresh" not in finished
    assert "import.js" not in finished
    assert policies == ["'self'", "'none'"]
    assert sums_of(finished) == {"added": 1, "known": 0, "rejected": 1, "skipped": 0}
    assert f'href="/api{where}/rejected.csv"' in finished


def sums_of(page: str) -> dict[str, int]:
    """Return the numbers of the page."""
    rows = re.findall(r"<strong>([0-9,]+) (\w+)</strong>", page)
    return {name: int(number) for number, name in rows}


def test_an_import_is_stopped_goes_on_and_is_ended(member: Person) -> None:
    """By forms; while it is not finished, the form for another file is not shown."""
    where = upload(member, FILE).headers["location"]

    stopped = follow(member, send(member, f"{where}/stop"))
    listed = member.get("/imports", headers=HTML).text
    running = follow(member, send(member, f"{where}/go-on"))
    ended = follow(member, send(member, f"{where}/end"))

    assert "stopped at 1 of 2" in stopped
    assert "Go on" in stopped
    assert "refresh" not in stopped
    assert "An import of yours is not finished." in listed
    assert 'type="file"' not in listed
    assert "1 of 2 done" in running
    assert sums_of(ended)["skipped"] == 1
    assert 'type="file"' in member.get("/imports", headers=HTML).text


def test_a_refused_file_is_told_at_its_field(member: Person) -> None:
    """Also that no file was chosen, and that another import is not finished."""
    refused = upload(member, b"PK\x03\x04")
    nothing = member.post("/imports", files={"file": ("", b"")}, headers=HTML)
    upload(member, FILE)
    another = upload(member, FILE)

    assert refused.status_code == nothing.status_code == another.status_code == 422
    assert '<p class="error" id="file-error">This is a ZIP archive' in refused.text
    assert "Choose a file." in nothing.text
    assert "Another import of yours is not finished" in another.text


def test_another_members_import_is_not_there(member: Person, organiser: Person) -> None:
    """404, as for one that does not exist."""
    where = upload(member, FILE).headers["location"]

    answer = organiser.get(where, headers=HTML)

    assert answer.status_code == 404
    assert "There is no such import of yours" in answer.text
