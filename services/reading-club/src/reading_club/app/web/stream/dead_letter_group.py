"""The page of a group of dead letters, and its forms: all are retried, or all discarded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import AwareDatetime

from reading_club.app.application import Application, TheApplication
from reading_club.app.field_errors import FieldError
from reading_club.app.web.html_forms import form_page
from reading_club.app.web.stream.access import FORM, PAGE
from reading_club.app.web.stream.group_key import GroupKey
from reading_club.eventstream.dead_letters.batches import BATCH, Decision, decide
from reading_club.eventstream.dead_letters.commands import discard, retry
from reading_club.eventstream.errors import BUSY
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.unit_of_work import StreamUnitOfWork

router = APIRouter(prefix="/stream/dead-letters", include_in_schema=False)

SHOWN: Final = 50
"""Maximum of dead letters on the page, the newest first."""
MOST_CONFLICTS: Final = 3
"""How often a batch may meet another writer before the form is answered with 503."""
NOT_SURE = FieldError(field="sure", detail="tick the box: a discarded event cannot be brought back")


class GroupForm(GroupKey):
    """What a form of the page sends."""

    until: AwareDatetime
    """The time of the newest dead letter that was shown: later ones were not seen, and stay."""
    sure: str = ""


@router.get("/group", dependencies=PAGE)
async def show_group(
    request: Request, application: TheApplication, key: Annotated[GroupKey, Query()]
) -> HTMLResponse:
    """Show the dead letters of a group, and the forms that retry or discard them."""
    return await _group_page(request, application, key)


async def _group_page(
    request: Request, application: Application, key: GroupKey, errors: Sequence[FieldError] = ()
) -> HTMLResponse:
    async with application.reading() as uow:
        groups = await uow.dead_letters.groups(key.wanted, limit=1)
        letters = await uow.dead_letters.page(key.wanted, limit=SHOWN)
    context = {
        "key": key,
        "group": groups[0] if groups else None,
        "letters": letters,
        "most": BATCH,
        "can_be_sent": any(letter.can_be_sent for letter in letters),
    }
    return form_page(request, "dead_letter_group.html", {}, errors, **context)


@router.post("/retry", dependencies=FORM)
async def retry_group(application: TheApplication, key: Annotated[GroupForm, Form()]) -> Response:
    """Send the events of a group again, each to the subscriber that could not handle it."""
    return await _decide(application, key, retry, "retried")


@router.post("/discard", dependencies=FORM)
async def discard_group(
    request: Request,
    application: TheApplication,
    key: Annotated[GroupForm, Form()],
) -> Response:
    """Give the events of a group up, if the box is ticked."""
    if not key.sure:
        return await _group_page(request, application, key, [NOT_SURE])
    return await _decide(application, key, discard, "discarded")


async def _decide(
    application: Application, key: GroupForm, decision: Decision, said: str
) -> Response:
    number = await _decide_on_shown(application, key, decision)
    return RedirectResponse(f"/stream/dead-letters?said={said}&number={number}", 303)


async def _decide_on_shown(application: Application, key: GroupForm, decision: Decision) -> int:
    """Decide on what was shown, a batch in each transaction, until BATCH or more are changed.

    Returns their number. A batch that met another writer is done again: it was rolled back.
    """

    async def on_shown(
        letters: Sequence[DeadLetter], uow: StreamUnitOfWork, now: datetime
    ) -> Sequence[DeadLetter]:
        shown = [letter for letter in letters if letter.set_aside_at <= key.until]
        return await decision(shown, uow, now)

    number = conflicts = 0
    while conflicts < MOST_CONFLICTS:
        try:
            async for batch in decide(application.unit_of_work, on_shown, key.wanted):
                number += len(batch.changed)
                if number >= BATCH:
                    break
        except BUSY:
            conflicts += 1
            if conflicts == MOST_CONFLICTS:
                raise
        else:
            break
    return number
