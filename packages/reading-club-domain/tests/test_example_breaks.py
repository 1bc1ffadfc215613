"""Breaks that the example of an event shows: no class reads it, or reads another value."""

from typing import Annotated, Any

from messagebus import Event, Metadata
from pydantic import AfterValidator, create_model

from reading_club.eventstream.schemas import (
    example_breaks,
    example_message,
    payload_schema,
    schema_breaks,
)


def event(version: int = 1, **fields: Any) -> type[Event]:
    """Return a version of the event ``parcel_sent`` with these fields."""
    metadata = Metadata(name="parcel_sent", schema_version=version, published=True)
    return create_model("ParcelSent", __base__=Event, metadata=(Metadata, metadata), **fields)


def test_an_event_that_is_gone_or_not_published_any_more_is_a_break() -> None:
    """The history has messages of each type that was ever published."""
    schema, message = payload_schema(event()), example_message(event())
    silent = event()
    silent.model_fields["metadata"].default = Metadata(name="parcel_sent", schema_version=1)

    for events in ([], [event(2)], [silent]):
        (gone,) = schema_breaks("parcel_sent_v1", schema, events)
        assert gone.change == "no published event has this type any more"
        assert example_breaks("parcel_sent_v1", message, events) == [gone]


def test_an_example_that_is_not_read_any_more_is_a_break() -> None:
    """A validator that no schema shows refuses what is in the history."""

    def refuse(_: str) -> str:
        raise ValueError("must not be sent")

    message = example_message(event(article=str))
    strict = event(article=Annotated[str, AfterValidator(refuse)])

    (found,) = example_breaks("parcel_sent_v1", message, [strict])

    assert "the example is not read any more" in found.change
    assert "article: Value error, must not be sent" in found.change
    assert example_breaks("parcel_sent_v1", message, [event(article=str)]) == []


def test_an_example_that_is_read_as_something_else_is_a_break() -> None:
    """A validator changes a value without a change of the schema, or a field is not read."""
    message = example_message(event(article=str))
    loud = event(article=Annotated[str, AfterValidator(str.upper)])

    (found,) = example_breaks("parcel_sent_v1", message, [loud])
    (lost,) = example_breaks("parcel_sent_v1", message, [event()])

    assert (found.field, lost.field) == ("article", "article")
    assert found.change == "of the example is 'article', and read as 'ARTICLE'"
    assert lost.change == "of the example is 'article', and read as None"
