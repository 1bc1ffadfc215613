"""What a machine has to have for the functional suite."""

import os

import pytest

from reading_club_functional.servers import Server


def require(kind: type[Server]) -> None:
    """Skip the test, with a word on how to install it, where the server is missing.

    With READING_CLUB_REQUIRE_RABBITMQ set, nothing may be missing: the test fails.
    """
    missing = kind.missing()
    if missing is None:
        return
    if os.environ.get("READING_CLUB_REQUIRE_RABBITMQ"):
        pytest.fail(missing)
    pytest.skip(missing)
