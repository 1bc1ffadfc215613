"""Skips tests whose server or browser is not installed."""

import os

import pytest

from reading_club_functional.browser.chromium import missing_chromium
from reading_club_functional.servers import Server


def require(kind: type[Server]) -> None:
    """Skip the test where the server is missing; the reason says how to install the server.

    With READING_CLUB_REQUIRE_RABBITMQ set, the test fails instead.
    """
    _skip_without(kind.missing(), "READING_CLUB_REQUIRE_RABBITMQ")


def require_chromium() -> None:
    """Skip the test where Chromium is missing; the reason says how to install it.

    With READING_CLUB_REQUIRE_CHROMIUM set, the test fails instead.
    """
    _skip_without(missing_chromium(), "READING_CLUB_REQUIRE_CHROMIUM")


def _skip_without(missing: str | None, required_by: str) -> None:
    if missing is None:
        return
    if os.environ.get(required_by):
        pytest.fail(missing)
    pytest.skip(missing)
