"""Valid requests of the API about what a member follows, and how the member is told."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from reading_club.app.testing.valid_imports import AnyClub
from reading_club.service.accounts.secrets import hash_of, new_secret

ADDRESS: Final = "ann@example.org"


def _book(club: AnyClub) -> Mapping[str, Any]:
    return {"path_parameters": {"id": club.book}}


def _told(club: AnyClub) -> Mapping[str, Any]:
    """Give the member who joined last a feed and an address; a request needs no more."""
    club.call(_tell, club)
    return {}


async def _tell(club: AnyClub) -> None:
    account = await club.newest_account()
    if account is None:
        return
    async with club.application.writing() as transaction:
        uow = transaction.uow
        await uow.following_feeds.put(account.id, hash_of(new_secret()))
        await uow.mail_addresses.put(account.id, ADDRESS, unsubscribe=new_secret())


NOTIFICATIONS: Final[Mapping[str, Callable[[AnyClub], Mapping[str, Any]]]] = {
    "PUT /api/me/notifications/books/{id}": _book,
    "DELETE /api/me/notifications/books/{id}": _book,
    "DELETE /api/me/notifications/feed": _told,
    "PUT /api/me/notifications/mail": lambda _: {"body": {"address": ADDRESS}},
    "DELETE /api/me/notifications/mail": _told,
}
"""The path parameters and the body of a valid request, by operation; others need neither."""
