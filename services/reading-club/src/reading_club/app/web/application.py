"""The FastAPI application with its routers, error handlers and middleware."""

from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline

from reading_club.app.application import Application
from reading_club.app.web import activity, books, health, pages, problems
from reading_club.app.web.middleware import BodyLimit, Head, RequestLimit
from reading_club.app.web.security_headers import SecurityHeaders

STATIC = Path(__file__).parent / "static"


def create_app(application: Application) -> FastAPI:
    """Return the FastAPI application for the open application."""
    app = FastAPIOffline(
        title="Reading club",
        description="Books, reviews and what happens in the club.",
        version=version("reading-club"),
        redoc_url=None,
        favicon_url="/static/favicon.svg",
        responses=problems.RESPONSES,
    )
    app.state.application = application
    problems.install(app)
    for part in (books, activity, health, pages):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(RequestLimit)
    app.add_middleware(BodyLimit)
    app.add_middleware(Head)
    app.add_middleware(SecurityHeaders)
    return app
