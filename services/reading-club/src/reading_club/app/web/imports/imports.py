"""``/api/imports``: lists of books from elsewhere, and what became of their rows."""

from collections.abc import AsyncIterator
from typing import Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict

from reading_club.app.application import Application, TheApplication
from reading_club.app.imports import change_state, get_import, rejected_rows
from reading_club.app.web.books.books import require_json
from reading_club.app.web.identity import Member
from reading_club.app.web.imports.received_files import received_file
from reading_club.app.web.problems import responses
from reading_club.app.web.response_headers import download_headers
from reading_club.service.imports.book_imports import BookImport, ImportState
from reading_club.service.imports.reading import store_file

router = APIRouter(prefix="/api/imports", tags=["imports"], responses=responses(401, 503))

FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}}
}


class SumsOut(BaseModel):
    """The numbers of rows by what became of them; ``rows`` is the sum of the others."""

    model_config = ConfigDict(from_attributes=True)

    rows: int
    waiting: int
    added: int
    known: int
    rejected: int
    skipped: int


class ImportOut(BaseModel):
    """An import. Times are by the club's clock."""

    id: UUID
    format: str
    state: ImportState
    created_at: AwareDatetime
    changed_at: AwareDatetime
    sums: SumsOut

    @classmethod
    def of(cls, found: BookImport) -> Self:
        """Return the representation of an import."""
        return cls.model_validate(found, from_attributes=True)


class ImportList(BaseModel):
    """The imports of the member that are kept, the newest first."""

    items: list[ImportOut]


class ImportChange(BaseModel):
    """The state that an import is to have: ``finished`` ends it, rows that wait are skipped."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["running", "stopped", "finished"]


@router.post(
    "",
    status_code=201,
    responses=responses(400, 403, 409, 413, 422),
    openapi_extra=FILE,
)
async def post_import(
    request: Request, response: Response, account: Member, application: TheApplication
) -> ImportOut:
    """Import a file: Goodreads' or StoryGraph's export, the club's own, or a list of ISBNs.

    The file, of at most 64 MB, is the body, or the field ``file`` of a form. When this answers, all
    rows are stored; they are handled afterwards. One import a member at a time.
    """
    async with received_file(request) as file:
        id_ = await store_file(file, account.id, application.writing)
    response.headers["Location"] = f"/api/imports/{id_}"
    return ImportOut.of(await get_import(application, account, id_))


@router.get("")
async def list_imports(account: Member, application: TheApplication) -> ImportList:
    """List your imports; each is deleted a month after its last change."""
    async with application.reading() as uow:
        found = await uow.imports.list(account.id)
    return ImportList(items=list(map(ImportOut.of, found)))


@router.get("/{id}", responses=responses(404, 422))
async def read_import(id: UUID, account: Member, application: TheApplication) -> ImportOut:
    """Get an import. The sums are equal to the rows at that moment."""
    return ImportOut.of(await get_import(application, account, id))


@router.patch(
    "/{id}",
    dependencies=[Depends(require_json)],
    responses=responses(400, 403, 404, 413, 415, 422),
)
async def patch_import(
    id: UUID, change: ImportChange, account: Member, application: TheApplication
) -> ImportOut:
    """Stop an import, let it go on, or end it. A finished one stays as it is."""
    await change_state(application, account, id, ImportState(change.state))
    return ImportOut.of(await get_import(application, account, id))


@router.get(
    "/{id}/rejected.csv",
    response_class=StreamingResponse,
    responses={**CSV, **responses(404, 422)},
)
async def read_rejected_rows(
    id: UUID, account: Member, application: TheApplication
) -> StreamingResponse:
    """Get the rejected rows, with the columns of the file and a reason: mend and import them."""
    found = await get_import(application, account, id)
    return StreamingResponse(
        _lines(application, found),
        media_type="text/csv; charset=utf-8",
        headers=download_headers("rejected.csv"),
    )


async def _lines(application: Application, found: BookImport) -> AsyncIterator[str]:
    async for line in rejected_rows(application, found):
        yield line
