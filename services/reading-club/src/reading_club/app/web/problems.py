"""Error handlers that respond with RFC 9457 problem details, or a page for browsers."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from reading_club.app.field_errors import FieldError, detail_of, field_errors, field_of
from reading_club.app.web.languages import N_, gettext, language_headers
from reading_club.app.web.problem_words import type_of, words_of
from reading_club.app.web.refusal_texts import refusal_errors, refusal_text
from reading_club.app.web.response_headers import NO_STORE, security_headers
from reading_club.app.web.templates import templates
from reading_club.domain import errors as refusals
from reading_club.eventstream.errors import CommitInDoubt, TransientFailure
from reading_club.service.book_files.rows import FileRefused

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
STATUS: Mapping[type[Exception], int] = {
    refusals.NotFound: 404,
    refusals.NotSignedIn: 401,
    refusals.NotAllowed: 403,
    refusals.VersionMismatch: 412,
    refusals.Conflict: 409,
    FileRefused: 422,
    TransientFailure: 503,
}


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


BODY: Final = (400, 403, 413, 415, 422)
"""The statuses of an operation with a body, if the body is refused or from another site."""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the entries of the OpenAPI document for an operation that responds with problems."""
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def _response(
    request: Request, problem: Problem, headers: Mapping[str, str] | None = None, said: str = ""
) -> Response:
    """Return the page of a problem for a browser that asks for a page, else its JSON.

    ``said`` is its detail in the language of the page; by default a sentence of the catalogue.
    """
    wanted = request.headers.get("accept", "")
    is_page = not request.url.path.startswith("/api/") and request.url.path != "/activity.atom"
    if "text/html" in wanted and is_page:
        if problem.status == HTTPStatus.UNAUTHORIZED and request.method == "GET":
            return RedirectResponse(log_in_url(request), 303)
        words = words_of(problem.type, problem.status, problem.title)
        detail = said or gettext(problem.detail)
        is_english = detail == problem.detail  # on a page in English it need not be said
        context = {"problem": problem, "words": words, "detail": detail, "is_english": is_english}
        return templates.TemplateResponse(
            request, "problem.html", context, status_code=problem.status, headers=headers
        )
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True),
        problem.status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


def log_in_url(request: Request) -> str:
    """Return the page to log in, which leads back to the page of the request."""
    page = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    return f"/login?{urlencode({'next': page})}"


async def on_failure(request: Request, error: refusals.Refusal | TransientFailure) -> Response:
    """Respond to a refusal of the domain with 404, 412, 409, 401, 403 or 400.

    Respond to a transient failure with 503 and Retry-After, and log it.
    """
    headers, kind = {}, type(error)
    if isinstance(error, TransientFailure):
        path = request.url.path  # and no query: there may be a token in it
        fields = {"method": request.method, "path": path, "error": kind.__name__}
        log.warning("answered with 503", extra={**fields, "reason": str(error)})
        headers = {"Retry-After": "5"}
    elif isinstance(error, refusals.NotSignedIn):
        headers = {"WWW-Authenticate": 'Bearer realm="reading club"'}
    problem = Problem(
        type=type_of(error),
        title=(kind.__doc__ or kind.__name__).splitlines()[0].rstrip("."),
        status=next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400),
        detail=str(error),
        errors=refusal_errors(error),
        id=error.identifier if isinstance(error, CommitInDoubt) else None,
    )
    return _response(request, problem, headers, refusal_text(error))


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
    said = "; ".join(f"{field_of(e)}: {detail_of(e, gettext)}" for e in error.errors())
    return _response(request, problem, said=said)


async def on_http_error(request: Request, error: HTTPException) -> Response:
    """Respond to an error of the framework, such as an unknown path."""
    status = error.status_code
    problem = Problem(
        type=type_of(error), title=HTTPStatus(status).phrase, status=status, detail=error.detail
    )
    headers = error.headers
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(_allowed_methods(request))}
    return _response(request, problem, headers, refusal_text(error))


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
        title="Internal Server Error", status=500, detail=N_("An unexpected error occurred.")
    )
    headers = security_headers(request.app.state.policy)  # outside of the middleware that adds them
    return _response(request, problem, {**headers, **language_headers(), "Cache-Control": NO_STORE})


HANDLERS: dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    refusals.Refusal: on_failure,
    TransientFailure: on_failure,
    RequestValidationError: on_invalid_request,
    HTTPException: on_http_error,
    Exception: on_bug,
}
