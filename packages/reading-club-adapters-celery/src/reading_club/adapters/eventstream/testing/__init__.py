"""A fake Celery with its fixtures, a club in memory, and what every event stream promises.

Import the fixtures in the conftest that needs them; a ``transport`` imported there replaces
the one of ``reading_club.testing``.
"""

import pytest

pytest.register_assert_rewrite("reading_club.adapters.eventstream.testing.contract")

from reading_club.adapters.eventstream.testing.club import (  # noqa: E402  # after rewriting
    InMemoryClub,
    on_the_wire,
)
from reading_club.adapters.eventstream.testing.contract import (  # noqa: E402
    EventstreamTransportContract,
    Received,
)
from reading_club.adapters.eventstream.testing.fake import FakeCelery, SentTask  # noqa: E402
from reading_club.adapters.eventstream.testing.fixtures import (  # noqa: E402
    celery_app,
    celery_queue,
    transport,
)

__all__ = [
    "EventstreamTransportContract",
    "FakeCelery",
    "InMemoryClub",
    "Received",
    "SentTask",
    "celery_app",
    "celery_queue",
    "on_the_wire",
    "transport",
]
