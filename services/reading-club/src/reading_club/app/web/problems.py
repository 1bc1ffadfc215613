"""Error handlers that respond with RFC 9457 problem details, or a page for browsers."""

import logging
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from reading_club.app.web.middleware import HEADERS
from reading_club.app.web.problem_words import words_of
from reading_club.app.web.templates import templates
from reading_club.domain import errors as refusals
from reading_club.eventstream.errors import CommitInDoubt, TransientFailure

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
STATUS: Mapping[type[Exception], int] = {
    refusals.NotFound: 404,
    refusals.Conflict: 409,
    TransientFailure: 503,
}
FIELDS: Mapping[type[Exception], str] = {
    refusals.BookAlreadyRegistered: "isbn",
    refusals.IdentifierTaken: "id",
    refusals.NicknameTaken: "nickname",
}


class FieldError(BaseModel):
    """The error of one field."""

    field: str
    detail: str


class Problem(BaseModel):
    """A problem detail. ``type`` identifies the kind of problem, ``detail`` is for people.

    ``id`` is set if the outcome of a commit is unknown: get the resource, or repeat the request.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    id: UUID | None = None


RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem",
        "model": Problem,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Return the errors of pydantic, with the field names of the request."""
    return [FieldError(field=_field(error), detail=_detail(error)) for error in errors]


def refusal_errors(refusal: Exception) -> list[FieldError]:
    """Return the error of the field that a refusal concerns, or an empty list."""
    field = FIELDS.get(type(refusal))
    return [FieldError(field=field, detail=str(refusal))] if field else []


def _field(error: Mapping[str, Any]) -> str:
    location: Sequence[str | int] = error["loc"]
    if error["type"] == "json_invalid":
        return "body"
    names = location[1:] if location[0] in {"body", "query", "path"} else location
    return ".".join(map(str, names)) or "body"


def _detail(error: Mapping[str, Any]) -> str:
    if error["type"] == "string_too_short":
        return "must not be empty"
    if error["type"] == "string_too_long":
        return f"must not be longer than {error['ctx']['max_length']} characters"
    return str(error["msg"])


def _response(
    request: Request, problem: Problem, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the page of a problem for a browser that asks for a page, else its JSON."""
    wanted = request.headers.get("accept", "")
    if "text/html" in wanted and not request.url.path.startswith("/api/"):
        words = words_of(problem.type, problem.status, problem.title)
        context = {"problem": problem, "words": words}
        return templates.TemplateResponse(
            request, "problem.html", context, status_code=problem.status, headers=headers
        )
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True),
        problem.status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


async def on_failure(request: Request, error: refusals.Refusal | TransientFailure) -> Response:
    """Respond to a refusal of the domain with 404, 409 or 400.

    Respond to a transient failure with 503 and Retry-After, and log it.
    """
    headers, name = {}, type(error).__name__
    if isinstance(error, TransientFailure):
        fields = {"method": request.method, "path": request.url.path, "error": name}
        log.warning("answered with 503", extra={**fields, "reason": str(error)})
        headers = {"Retry-After": "5"}
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
    problem = Problem(
        type=f"urn:reading-club:problem:{name}",
        title=(type(error).__doc__ or name).splitlines()[0].rstrip("."),
        status=next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400),
        detail=str(error),
        errors=refusal_errors(error),
        id=error.identifier if isinstance(error, CommitInDoubt) else None,
    )
    return _response(request, problem, headers)


async def on_invalid_request(request: Request, error: RequestValidationError) -> Response:
    """Respond to an invalid request with 422 and the errors of its fields."""
    errors = field_errors(error.errors())
    problem = Problem(
        type="urn:reading-club:problem:invalid-request",
        title="The request is not valid",
        status=422,
        detail="; ".join(f"{e.field}: {e.detail}" for e in errors),
        errors=errors,
    )
    return _response(request, problem)


async def on_http_error(request: Request, error: HTTPException) -> Response:
    """Respond to an error of the framework, such as an unknown path."""
    status = error.status_code
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=error.detail)
    headers = error.headers
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(_allowed_methods(request))}
    return _response(request, problem, headers)


def _allowed_methods(request: Request) -> list[str]:
    """Return the methods of all routes that match the path of a request, sorted."""
    asked = request.scope
    root = asked.get("app_root_path", asked.get("root_path", ""))
    scope = {"type": "http", "path": asked["path"], "root_path": root}
    methods = [
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
            if not isinstance(route, Mount) or method == "GET"  # static files
        )
    ]
    return sorted([*methods, "HEAD"]) if "GET" in methods else methods


async def on_bug(request: Request, _: Exception) -> Response:
    """Respond to a bug with 500 and no details; the server logs the traceback."""
    problem = Problem(
        title="Internal Server Error", status=500, detail="An unexpected error occurred."
    )
    return _response(request, problem, HEADERS)  # it runs outside of the middleware that adds them


HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    refusals.Refusal: on_failure,
    TransientFailure: on_failure,
    RequestValidationError: on_invalid_request,
    HTTPException: on_http_error,
    Exception: on_bug,
}
