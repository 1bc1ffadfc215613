"""The FastAPI application with its routers, error handlers and middleware."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware

from reading_club.app._uvicorn import connection_limit
from reading_club.app.activity_streams import MOST_STREAMS, ActivityStreams
from reading_club.app.application import Application
from reading_club.app.web import activity, activity_stream, feed, health, pages, privacy, problems
from reading_club.app.web.accounts import (
    account,
    club,
    club_forms,
    entry_forms,
    invitations,
    join_forms,
    join_requests,
    member_forms,
    members,
    members_page,
    my_data,
    password,
    session,
    sessions,
    tokens,
)
from reading_club.app.web.books import (
    book_changes,
    book_form,
    book_page,
    books,
    edit_form,
    export,
    my_review,
    review_form,
    reviews,
)
from reading_club.app.web.following import api as following_api
from reading_club.app.web.following import feed as following_feed
from reading_club.app.web.following import follow_forms, mail_api, mail_forms, mail_links
from reading_club.app.web.imports import imports, imports_page
from reading_club.app.web.languages import languages
from reading_club.app.web.middleware import (
    HEALTH,
    Correlation,
    RequestChecks,
    RequestLimits,
    ResponseHeaders,
)
from reading_club.app.web.policy import ANY_HOST, WebPolicy
from reading_club.app.web.rate_limits import RateLimits
from reading_club.app.web.static_files import STATIC, VersionedFiles
from reading_club.app.web.stream import (
    asyncapi,
    dead_letter_group,
    dead_letter_groups,
    event_list,
    event_page,
    overview,
)


def layers(policy: WebPolicy) -> Sequence[Middleware]:
    """Return the middleware, from the outside to the routes."""
    on_http_error = {HTTPException: problems.HANDLERS[HTTPException]}
    return (
        Middleware(Correlation),
        Middleware(ResponseHeaders, policy),
        Middleware(ExceptionMiddleware, handlers=on_http_error),
        Middleware(RequestChecks, policy),
        Middleware(RequestLimits),
    )


PARTS = (
    *(books, book_changes, reviews, my_review, activity, activity_stream),
    *(members, invitations, join_requests, club),
    *(session, sessions, password, tokens, my_data, export, imports, health),
    *(following_api, follow_forms, following_feed, mail_api, mail_forms, mail_links),
    *(book_form, edit_form, book_page, review_form, entry_forms, join_forms),
    *(members_page, member_forms, club_forms, account, imports_page, privacy),
    *(overview, event_list, event_page, dead_letter_groups, dead_letter_group, asyncapi),
    *(feed, pages),
)
"""The modules with routes; the API first."""


UNTRACED = frozenset({*HEALTH, "/api/activity/stream"})
TELEMETRY = TelemetryConfig(
    metrics=False,
    logs=False,
    operation_spans=False,
    auto_configure=False,
    exclude=lambda scope: scope["path"] in UNTRACED or scope["path"].startswith("/static/"),
)
"""A span of each request, if traces are on, but for files, health checks and open streams."""


def document_problems(app: FastAPI) -> None:
    """Add the schema of problems to the OpenAPI document.

    FastAPI adds the model of a response itself, but then as ``application/json`` as well.
    """
    without_problems = app.openapi
    template = "#/components/schemas/{model}"
    _, schema = models_json_schema([(problems.Problem, "validation")], ref_template=template)

    def openapi() -> dict[str, Any]:
        document = without_problems()
        document["components"]["schemas"].update(schema["$defs"])
        return document

    app.openapi = openapi  # type: ignore[method-assign] # as FastAPI's documentation says


def streams_of(application: Application, most: int) -> ActivityStreams:
    """Return the streams of the activity: at most ``most``, and half of the limit of requests."""

    def count(number: int) -> None:
        if application.metrics is not None:
            application.metrics.streams.set(number)

    return ActivityStreams(
        lambda: application.reading(),  # noqa: PLW0108  # the OpenAPI document has no application
        most=min(most, connection_limit() // 3),
        count=count,
    )


def create_app(
    application: Application, policy: WebPolicy = ANY_HOST, *, most_streams: int = MOST_STREAMS
) -> FastAPI:
    """Return the FastAPI application for the open application.

    No path redirects to itself with another slash: such an address would repeat the Host header.
    The catalogues of the languages are read, so that no request waits for them.
    """
    languages()
    app = FastAPIOffline(
        title="Reading club",
        description="Books, reviews and what happens in the club.",
        version=version("reading-club"),
        redoc_url=None,
        favicon_url="/static/favicon.svg",
        exception_handlers=problems.HANDLERS,
        middleware=layers(policy),
        redirect_slashes=False,
        telemetry=TELEMETRY,
    )
    app.state.application = application
    app.state.policy, app.state.is_https = policy, policy.is_https
    app.state.rate_limits = RateLimits()
    app.state.activity_streams = streams_of(application, most_streams)
    for part in PARTS:
        app.include_router(part.router)
    document_problems(app)
    app.mount("/static", VersionedFiles(directory=STATIC), name="static")
    return app
