"""The web server ends when it is told to stop, at whatever moment that is."""

import asyncio

import pytest
import uvicorn
from fastapi import FastAPI

from reading_club.app.processes import web as serve

WITHIN = 5.0


@pytest.fixture
def config() -> uvicorn.Config:
    """An application without routes."""
    return uvicorn.Config(FastAPI(), lifespan="off", log_config=None)


async def test_a_stop_that_came_before_the_start_ends_the_server(config: uvicorn.Config) -> None:
    """A signal that came while the application was opened is kept."""
    stopping = asyncio.Event()
    stopping.set()

    await asyncio.wait_for(serve.Server(config, stopping).serve(sockets=[]), WITHIN)


async def test_a_stop_ends_the_streams(config: uvicorn.Config) -> None:
    """Before the server waits for open responses."""
    stopping, ended = asyncio.Event(), asyncio.Event()
    stopping.set()

    await asyncio.wait_for(serve.Server(config, stopping, ended.set).serve(sockets=[]), WITHIN)

    assert ended.is_set()


async def test_a_stop_ends_a_server_that_listens(
    config: uvicorn.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal that comes as soon as the server is ready ends it."""
    stopping = asyncio.Event()
    monkeypatch.setattr(serve, "report_ready", stopping.set)

    await asyncio.wait_for(serve.Server(config, stopping).serve(sockets=[]), WITHIN)
