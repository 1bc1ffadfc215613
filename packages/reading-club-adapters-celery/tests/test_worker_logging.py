"""A worker in a process that has a log of its own."""

import logging
import sys
from typing import Any

import pytest
from celery import Celery, signals
from celery.apps import worker

from reading_club.adapters.eventstream._celery_app import only_logging


def test_a_worker_prints_nothing_past_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    """What Celery says of a stop is on no stream, and afterwards standard output is as before."""
    celery_worker: Any = worker
    stdout = sys.__stdout__

    with only_logging():
        celery_worker.safe_say("worker: Warm shutdown", sys.__stdout__)

    assert capfd.readouterr() == ("", "")
    assert sys.__stdout__ is stdout


def test_a_log_that_is_configured_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery adds no handler and sets no level, neither of the root logger nor of its own."""
    app = Celery("club")
    monkeypatch.setattr(type(app.log), "_setup", False)
    root, tasks = logging.getLogger(), logging.getLogger("celery.task")
    before = [*root.handlers], root.level, [*tasks.handlers]
    assert root.handlers

    with only_logging():
        app.log.setup(loglevel=logging.CRITICAL)

    assert ([*root.handlers], root.level, [*tasks.handlers]) == before


def test_a_process_without_a_log_gets_celerys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a worker would be silent."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])

    with only_logging():
        assert not signals.setup_logging.has_listeners()
