"""Skips tests whose server is not installed."""

import os

import pytest

from reading_club_functional.servers import Server


def require(kind: type[Server]) -> None:
    """Skip the test where the server is missing; the reason says how to install the server.

    With READING_CLUB_REQUIRE_RABBITMQ set, the test fails instead.
    """
    missing = kind.missing()
    if missing is None:
        return
    if os.environ.get("READING_CLUB_REQUIRE_RABBITMQ"):
        pytest.fail(missing)
    pytest.skip(missing)
