"""Dependencies of the routes: application, pagination, content types."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, HTTPException, Query, Request
from pydantic import BaseModel

from reading_club.app.application import Application


async def the_application(request: Request) -> Application:
    """Return the application behind the FastAPI application.

    This is a coroutine function because FastAPI runs plain functions in a thread pool.
    """
    application: Application = request.app.state.application
    return application


async def _json(request: Request) -> None:
    type_, subtype = _content_type(request)
    if type_ != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise HTTPException(415, "the body has to be application/json")


async def _form(request: Request) -> None:
    if "/".join(_content_type(request)) not in FORMS:
        raise HTTPException(415, f"the body has to be {' or '.join(FORMS)}")


def _content_type(request: Request) -> tuple[str, str]:
    value = request.headers.get("content-type", "").partition(";")[0]
    type_, _, subtype = value.strip().lower().partition("/")
    return type_, subtype


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
JsonOnly = Depends(_json)
"""Dependency of routes with a JSON body: 415 for another content type."""
FormOnly = Depends(_form)
"""Dependency of routes with a form: 415 for another content type."""
TheApplication = Annotated[Application, Depends(the_application)]
Cursor = Annotated[
    UUID | None, Query(description="`next_cursor` of the page before; none for the first page")
]
Limit = Annotated[int, Query(ge=1, le=100, description="how many items at most")]


class Page(BaseModel):
    """A page of a list. ``next_cursor`` is the cursor of the next page, null on the last page."""

    next_cursor: UUID | None
