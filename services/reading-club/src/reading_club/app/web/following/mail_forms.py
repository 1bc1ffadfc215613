"""What the forms for mail on the account's page are sent to."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from reading_club.app.application import TheApplication
from reading_club.app.field_errors import FieldError
from reading_club.app.web.accounts.account import show_account
from reading_club.app.web.following.mail_api import NewAddress, store_address
from reading_club.app.web.html_forms import FormText, errors_of, require_form
from reading_club.app.web.identity import MemberInSession, TheCaller, club_of_page
from reading_club.domain.errors import Refusal

router = APIRouter(
    prefix="/account/following/mail",
    include_in_schema=False,
    dependencies=[Depends(club_of_page), Depends(require_form)],
)


@router.post("")
async def post_address(
    request: Request,
    application: TheApplication,
    account: MemberInSession,
    caller: TheCaller,
    address: FormText = "",
) -> Response:
    """Have digests sent to the address of the form."""
    try:
        await store_address(request, application, account, NewAddress(address=address))
    except (ValidationError, Refusal) as exc:
        errors = [FieldError(field="address", detail=each.detail) for each in errors_of(exc)]
        form = {"address": address}
        return await show_account(request, application, account, caller, form=form, errors=errors)
    return RedirectResponse("/account?said=address#mail", status_code=303)


@router.post("/remove")
async def remove_address(account: MemberInSession, application: TheApplication) -> Response:
    """Delete the address."""
    async with application.writing() as transaction:
        await transaction.uow.mail_addresses.remove(account.id)
    return RedirectResponse("/account?said=address-removed#mail", status_code=303)
