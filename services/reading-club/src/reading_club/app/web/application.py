"""The FastAPI application with its routers, error handlers and middleware."""

from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware

from reading_club.app.application import Application
from reading_club.app.web import activity, book_form, books, health, pages, problems, reviews
from reading_club.app.web.middleware import RequestLimits, ResponseHeaders
from reading_club.app.web.static_files import STATIC, VersionedFiles

MIDDLEWARE = (
    Middleware(ResponseHeaders),
    Middleware(ExceptionMiddleware, handlers={HTTPException: problems.HANDLERS[HTTPException]}),
    Middleware(RequestLimits),
)


def create_app(application: Application) -> FastAPI:
    """Return the FastAPI application for the open application."""
    app = FastAPIOffline(
        title="Reading club",
        description="Books, reviews and what happens in the club.",
        version=version("reading-club"),
        redoc_url=None,
        favicon_url="/static/favicon.svg",
        responses=problems.RESPONSES,
        exception_handlers=problems.HANDLERS,
        middleware=MIDDLEWARE,
    )
    app.state.application = application
    for part in (books, reviews, activity, health, book_form, pages):
        app.include_router(part.router)
    app.mount("/static", VersionedFiles(directory=STATIC), name="static")
    return app
