"""Builders, fixtures and contract suites for tests.

Load the fixtures ``bus``, ``uow``, ``transport``, ``database`` and ``make_event`` with
``-p reading_club.testing``; a conftest may replace any of them.
"""

import pytest

pytest.register_assert_rewrite("reading_club.testing.contracts")

from reading_club.testing.builders import (
    a_book,
    a_review,
    a_reviewer,
    an_event,
    an_isbn,
)
from reading_club.testing.clock import ManualClock
from reading_club.testing.fixtures import bus, database, make_event, transport, uow

__all__ = [
    "ManualClock",
    "a_book",
    "a_review",
    "a_reviewer",
    "an_event",
    "an_isbn",
    "bus",
    "database",
    "make_event",
    "transport",
    "uow",
]
