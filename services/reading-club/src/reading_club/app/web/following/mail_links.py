"""The pages that mails link to: ``/mail/confirm`` and ``/mail/unsubscribe``.

Programs that examine mail open links: so a page changes nothing before its button is pressed.
"""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from reading_club.app.application import TheApplication
from reading_club.app.mail.messages import CONFIRM, UNSUBSCRIBE
from reading_club.app.web.html_forms import form_page, require_form
from reading_club.app.web.identity import club_of_page
from reading_club.domain.errors import LinkNotValid
from reading_club.service.accounts.secrets import hash_of

router = APIRouter(include_in_schema=False, dependencies=[Depends(club_of_page)])

TEMPLATE = "mail_link.html"


def _page(request: Request, path: str, token: str, *, is_done: bool) -> HTMLResponse:
    is_end = path == UNSUBSCRIBE
    form = {"token": token}
    return form_page(request, TEMPLATE, form, path=path, is_end=is_end, is_done=is_done)


@router.get(CONFIRM)
async def confirm_page(request: Request, token: str = "") -> HTMLResponse:
    """Show the button that confirms an address."""
    return _page(request, CONFIRM, token, is_done=False)


@router.post(CONFIRM, dependencies=[Depends(require_form)])
async def confirm(request: Request, application: TheApplication, token: str = "") -> HTMLResponse:
    """Confirm the address of the link. Raises LinkNotValid."""
    async with application.writing() as transaction:
        if not await transaction.uow.mail_addresses.confirm(hash_of(token)):
            raise LinkNotValid
    return _page(request, CONFIRM, "", is_done=True)


@router.get(UNSUBSCRIBE)
async def unsubscribe_page(request: Request, token: str = "") -> HTMLResponse:
    """Show the button that ends the mail."""
    return _page(request, UNSUBSCRIBE, token, is_done=False)


@router.post(UNSUBSCRIBE, dependencies=[Depends(require_form)])
async def unsubscribe(
    request: Request, application: TheApplication, token: str = ""
) -> HTMLResponse:
    """Delete the address of the link, also by the one click of a mail program (RFC 8058).

    The answer is the same if there is none any more: the mail has ended either way.
    """
    async with application.writing() as transaction:
        await transaction.uow.mail_addresses.unsubscribe(token)
    return _page(request, UNSUBSCRIBE, "", is_done=True)
