"""The envelope that the relay makes of a row is the one that the unit of work publishes."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from lastuuid import uuid7
from messagebus.service.eventstream import MessageSerializer
from pydantic import ValidationError

from reading_club.adapters.uow_sqla.eventstream.history import envelope_of
from reading_club.adapters.uow_sqla.eventstream.message_store import row_of
from reading_club.domain.messages import ReviewCreated

INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001  # made UTC below


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(), st.integers(0, 10), INSTANTS)
def test_it_is_the_same_to_the_character(comment: str, rating: int, instant: datetime) -> None:
    """Both envelopes are equal for any comment, rating and time."""
    try:
        event = ReviewCreated(
            id=uuid7(),
            book_id=uuid7(),
            reviewer_id=uuid7(),
            rating=rating,
            comment=comment,
            version=1,
            created_at=instant.replace(tzinfo=UTC),
        )
    except ValidationError:
        reject()
    row: Any = SimpleNamespace(**row_of(event))

    assert envelope_of(row) == MessageSerializer().serialize_message(event)
