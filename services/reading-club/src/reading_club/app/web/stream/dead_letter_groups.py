"""``/stream/dead-letters``: the dead letters in groups by subscriber, type and error."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from reading_club.app.application import TheApplication
from reading_club.app.web.stream.access import PAGE
from reading_club.app.web.stream.group_key import GroupKey
from reading_club.app.web.templates import counted, templates
from reading_club.eventstream.ports.dead_letters import DeadLetter, DeadLetterGroup
from reading_club.service.uow import AbstractUnitOfWork

router = APIRouter(prefix="/stream/dead-letters", include_in_schema=False, dependencies=PAGE)

GROUPS: Final = 20
"""Maximum of groups on the page, the largest first: each is asked for an example."""
DONE: Final[Mapping[str, str]] = {"retried": "sent again", "discarded": "given up for good"}


def notice_of(said: str, number: int) -> str | None:
    """Return what the page says after a form was sent."""
    if said not in DONE:
        return None
    if number == 0:
        return "Nothing was done: another organiser was first, or none of them can be sent."
    return f"{counted(number, 'event')} {'is' if number == 1 else 'are'} {DONE[said]}."


async def _example(uow: AbstractUnitOfWork, group: DeadLetterGroup) -> DeadLetter | None:
    newest: Sequence[DeadLetter] = await uow.dead_letters.page(group.wanted, limit=1)
    return newest[0] if newest else None


@router.get("")
async def dead_letter_groups(
    request: Request, application: TheApplication, said: str = "", number: int = 0
) -> HTMLResponse:
    """Show the groups, each with its newest error as an example."""
    async with application.reading() as uow:
        groups = await uow.dead_letters.groups(limit=GROUPS + 1)
        shown = [(GroupKey.of(each), each, await _example(uow, each)) for each in groups[:GROUPS]]
    context: dict[str, Any] = {
        "groups": shown,
        "more": len(groups) > GROUPS,
        "notice": notice_of(said, number),
    }
    return templates.TemplateResponse(request, "dead_letters.html", context)
