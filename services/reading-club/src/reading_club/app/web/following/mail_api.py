"""``/api/me/notifications/mail``: the address to which a member has digests sent."""

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, ConfigDict

from reading_club.app.application import Application, TheApplication
from reading_club.app.mail.address import Address
from reading_club.app.web.books.books import require_json
from reading_club.app.web.identity import MemberInSession
from reading_club.app.web.problems import BODY, responses
from reading_club.app.web.rate_limits import limits_of
from reading_club.domain.errors import NoMailServer
from reading_club.service.accounts.accounts import Account
from reading_club.service.accounts.secrets import new_secret

router = APIRouter(
    prefix="/api/me/notifications/mail",
    tags=["notifications"],
    responses=responses(401, 403, 503),
)


class NewAddress(BaseModel):
    """An address for digests."""

    model_config = ConfigDict(extra="forbid")

    address: Address


async def store_address(
    request: Request, application: Application, account: Account, new: NewAddress
) -> None:
    """Store the member's address, to which a link is sent that confirms it.

    Raises NoMailServer, or RateLimited, as each address may be another person's.
    """
    if not application.sends_mail:
        raise NoMailServer("this club sends no mail: a feed tells you what is new")
    await limits_of(request).require("mail", request, account.nickname)
    async with application.writing() as transaction:
        addresses = transaction.uow.mail_addresses
        await addresses.put(account.id, new.address, unsubscribe=new_secret())


@router.put(
    "",
    status_code=202,
    dependencies=[Depends(require_json)],
    responses=responses(409, 429, *BODY),
)
async def put_address(
    new: NewAddress, request: Request, account: MemberInSession, application: TheApplication
) -> None:
    """Have digests sent to an address, in place of an earlier one.

    A link is sent to it, and nothing more until that is opened. The address that is confirmed
    already stays as it is.
    """
    await store_address(request, application, account, new)


@router.delete("", status_code=204, responses=responses(404))
async def remove_address(account: MemberInSession, application: TheApplication) -> None:
    """Delete my address: nothing more is sent to it."""
    async with application.writing() as transaction:
        is_removed = await transaction.uow.mail_addresses.remove(account.id)
    if not is_removed:
        raise HTTPException(404, "you have no address here")
