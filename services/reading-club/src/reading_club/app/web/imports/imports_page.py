"""The pages ``/imports``: choosing a file, and watching what becomes of its rows."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reading_club.app.application import Application, TheApplication
from reading_club.app.field_errors import FieldError
from reading_club.app.imports import change_state, get_import
from reading_club.app.web.html_forms import errors_of, form_page, require_form
from reading_club.app.web.identity import MemberInSession, club_of_page
from reading_club.app.web.imports.received_files import received_file
from reading_club.app.web.response_headers import LIVE
from reading_club.domain.errors import Refusal
from reading_club.service.accounts.accounts import Account
from reading_club.service.imports.book_imports import ImportState
from reading_club.service.imports.reading import store_file

router = APIRouter(prefix="/imports", include_in_schema=False, dependencies=[Depends(club_of_page)])

STATES: Final = {
    "stop": ImportState.STOPPED,
    "go-on": ImportState.RUNNING,
    "end": ImportState.FINISHED,
}
"""What the buttons do, by the last part of their address."""
ACTIONS: Final = "^(stop|go-on|end)$"


async def _page(
    request: Request,
    application: Application,
    account: Account,
    errors: Sequence[FieldError] = (),
    **context: Any,
) -> HTMLResponse:
    async with application.reading() as uow:
        found = await uow.imports.list(account.id)
    unfinished = next((each for each in found if each.state is not ImportState.FINISHED), None)
    context |= {"imports": found, "unfinished": unfinished}
    return form_page(request, "imports.html", {"file": ""}, errors, **context)


@router.get("")
async def imports_page(
    request: Request, application: TheApplication, account: MemberInSession
) -> HTMLResponse:
    """Show the form for a file, and the member's imports."""
    return await _page(request, application, account)


@router.post("", dependencies=[Depends(require_form)])
async def post_file(
    request: Request, application: TheApplication, account: MemberInSession
) -> Response:
    """Store the rows of the file, and show the import; show why the file is refused."""
    try:
        async with received_file(request) as file:
            id_ = await store_file(file, account.id, application.writing)
    except Refusal as exc:
        return await _page(request, application, account, errors_of(exc))
    return RedirectResponse(f"/imports/{id_}", status_code=303)


@router.get("/{id}")
async def import_page(
    id: UUID, request: Request, application: TheApplication, account: MemberInSession
) -> HTMLResponse:
    """Show an import, and again after some seconds while it runs."""
    found = await get_import(application, account, id)
    page = form_page(request, "import.html", {}, found=found)
    if found.state in (ImportState.READING, ImportState.RUNNING):
        page.headers.update(LIVE)  # the page has a script then
    return page


@router.post("/{id}/{action}", dependencies=[Depends(require_form)])
async def change_import(
    id: UUID,
    action: Annotated[str, Path(pattern=ACTIONS)],
    application: TheApplication,
    account: MemberInSession,
) -> Response:
    """Stop an import, let it go on, or end it."""
    await change_state(application, account, id, STATES[action])
    return RedirectResponse(f"/imports/{id}", status_code=303)
