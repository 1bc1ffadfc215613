"""What the forms on the pages of a book and of the account are sent to: follow, and be told."""

from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from reading_club.app.application import TheApplication
from reading_club.app.web.accounts.account import show_account
from reading_club.app.web.accounts.secret_links import secret_link
from reading_club.app.web.following.feed import PATH, new_feed
from reading_club.app.web.html_forms import require_form
from reading_club.app.web.identity import Member, MemberInSession, TheCaller, club_of_page

router = APIRouter(
    include_in_schema=False, dependencies=[Depends(club_of_page), Depends(require_form)]
)


def _to_account(said: str) -> Response:
    return RedirectResponse(f"/account?said={said}#following", status_code=303)


@router.post("/books/{id:uuid}/follow")
async def follow_book(id: UUID, account: Member, application: TheApplication) -> Response:
    """Follow the book."""
    async with application.writing() as transaction:
        await transaction.uow.follows.follow_book(account.id, id)
    return RedirectResponse(f"/books/{id}?said=followed", status_code=303)


@router.post("/books/{id:uuid}/unfollow")
async def unfollow_book(id: UUID, account: Member, application: TheApplication) -> Response:
    """Follow the book no more."""
    async with application.writing() as transaction:
        await transaction.uow.follows.unfollow_book(account.id, id)
    return RedirectResponse(f"/books/{id}?said=unfollowed", status_code=303)


@router.post("/account/following/club")
async def follow_club(account: MemberInSession, application: TheApplication) -> Response:
    """Follow the club."""
    async with application.writing() as transaction:
        await transaction.uow.follows.follow_club(account.id)
    return _to_account("followed")


@router.post("/account/following/club/stop")
async def unfollow_club(account: MemberInSession, application: TheApplication) -> Response:
    """Follow the club no more."""
    async with application.writing() as transaction:
        await transaction.uow.follows.unfollow_club(account.id)
    return _to_account("unfollowed")


@router.post("/account/following/feed")
async def make_feed(
    request: Request, application: TheApplication, account: MemberInSession, caller: TheCaller
) -> HTMLResponse:
    """Make the private feed, and show its link on the page this once."""
    link = secret_link(request, PATH, await new_feed(application, account))
    return await show_account(request, application, account, caller, feed_link=link)


@router.post("/account/following/feed/revoke")
async def revoke_feed(account: MemberInSession, application: TheApplication) -> Response:
    """Revoke the private feed."""
    async with application.writing() as transaction:
        await transaction.uow.following_feeds.revoke(account.id)
    return _to_account("feed-revoked")
