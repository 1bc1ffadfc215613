"""Imports for valid requests of the API."""

import io
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol
from uuid import UUID

from lastuuid import uuid7

from reading_club.app.application import Application
from reading_club.service.accounts.accounts import Account
from reading_club.service.imports.reading import store_file

FILE: Final = b"Title,Author,ISBN13,My Rating\nEmma,Jane Austen,9780141439587,4\nRoom,E.D.,12,5\n"
"""A file of Goodreads, with a row that is rejected."""
_UPLOAD: Final[Mapping[str, Any]] = {"body": FILE, "media_type": "application/octet-stream"}
"""A request that succeeds if the member has no import that is not finished."""


class AnyClub(Protocol):
    """A club with a book, whose newest account can be found."""

    application: Application
    book: str

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a coroutine function, and return its result."""

    async def newest_account(self) -> Account | None:
        """Return the account of the member who joined last."""
        ...


def _of_import(club: AnyClub) -> Mapping[str, Any]:
    """Return the path of an import of the member who joined last."""
    return {"path_parameters": {"id": str(club.call(_import, club))}}


async def _import(club: AnyClub) -> UUID:
    account = await club.newest_account()
    if account is None:
        return uuid7()
    async with club.application.reading() as uow:
        known = await uow.imports.list(account.id)
    if known:
        return known[0].id
    return await store_file(io.BytesIO(FILE), account.id, club.application.writing)


IMPORTS: Final[Mapping[str, Callable[[AnyClub], Mapping[str, Any]]]] = {
    "POST /api/imports": lambda _: _UPLOAD,
    "GET /api/imports/{id}": _of_import,
    "PATCH /api/imports/{id}": lambda club: {**_of_import(club), "body": {"state": "stopped"}},
    "GET /api/imports/{id}/rejected.csv": _of_import,
}
"""The path parameters and the body of a valid request, by operation."""
