"""``/api/club``: the settings of the club."""

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from reading_club.app.accounts import administration
from reading_club.app.application import TheApplication
from reading_club.app.web.books.books import require_json
from reading_club.app.web.etags import IF_MATCH, etag, expected_version
from reading_club.app.web.identity import require_organiser
from reading_club.app.web.problems import BODY, responses
from reading_club.domain.text import ClubName
from reading_club.service.accounts.club import ClubSettings

router = APIRouter(prefix="/api/club", tags=["club"], responses=responses(503))


class ClubOut(BaseModel):
    """The settings of the club."""

    name: str
    open_to_read: bool = Field(description="whether visitors may look, or members only")
    may_ask_to_join: bool = Field(description="whether people without an invitation may ask")


class ClubChanges(BaseModel):
    """The settings to change; null and what is left out stay as they are."""

    model_config = ConfigDict(extra="forbid")

    name: ClubName | None = None
    open_to_read: StrictBool | None = None
    may_ask_to_join: StrictBool | None = None


def _club(response: Response, settings: ClubSettings, version: int) -> ClubOut:
    response.headers["ETag"] = etag(version)
    return ClubOut.model_validate(settings.model_dump())


@router.get("")
async def get_club(application: TheApplication, response: Response) -> ClubOut:
    """Get the settings of the club, with their version as the ETag."""
    async with application.reading() as uow:
        current = await uow.club.get()
    return _club(response, current.settings, current.version)


@router.patch(
    "",
    dependencies=[Depends(require_organiser), Depends(require_json)],
    responses=responses(401, 412, 428, *BODY),
    openapi_extra=IF_MATCH,
)
async def change_club(
    changes: ClubChanges, request: Request, response: Response, application: TheApplication
) -> ClubOut:
    """Change settings of the club. If-Match names the version that was read."""
    version, new = expected_version(request), changes.model_dump(exclude_none=True)
    current = await administration.change_club(application, new, version)
    return _club(response, current.settings, current.version)
