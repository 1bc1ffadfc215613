"""What the functional suite leaves to the night."""

from typing import Final

import pytest

ON_VALKEY_AT_NIGHT: Final = pytest.mark.parametrize(
    "broker_url", ["rabbitmq", pytest.param("valkey", marks=pytest.mark.nightly)], indirect=True
)
"""A test runs on RabbitMQ, and on Valkey with ``make test-nightly`` alone."""

WITHOUT_SCRIPT_AT_NIGHT: Final = pytest.mark.parametrize(
    "javascript",
    [True, pytest.param(False, marks=pytest.mark.nightly)],
    ids=["script", "no-script"],
)
"""A test runs in a browser with JavaScript, and with ``make test-nightly`` without it as well."""
