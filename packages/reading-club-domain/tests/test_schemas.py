"""Schemas and golden examples of events: what is in them, and the files that hold them."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import pytest
from messagebus import Event, Metadata
from pydantic import AfterValidator, BaseModel, Field

from reading_club.eventstream.schemas import (
    BreakingChange,
    check_schemas,
    example_message,
    find_breaks,
    payload_schema,
    write_schemas,
)
from reading_club.eventstream.wire import EventRegistry


class Stop(BaseModel):
    """A stop of a parcel on its way."""

    town: str
    arrived_at: datetime


class ParcelSent(Event):
    """A parcel is on its way."""

    id: UUID
    title: str
    weight: Annotated[Decimal, Field(examples=["1.50"])]
    to: Annotated[str, Field(examples=["Ann"])]
    kind: Literal["letter", "box"]
    pieces: Annotated[int, Field(gt=0, le=9)]
    insured: bool
    took: timedelta
    code: Annotated[str, Field(min_length=6, max_length=8)]
    stops: list[Stop]
    size: tuple[int, float]
    labels: dict[str, str]
    note: str | None = None
    metadata: Metadata = Metadata(name="parcel_sent", schema_version=1, published=True)


class ParcelWeighed(Event):
    """An event that stays within the program."""

    metadata: Metadata = Metadata(name="parcel_weighed", schema_version=1)


class Changed(Event):
    """The event with a change that breaks readers."""

    id: UUID
    metadata: Metadata = Metadata(name="parcel_sent", schema_version=1, published=True)


class Longer(ParcelSent):
    """The event with a field more, which may be missing."""

    colour: str = ""


EVENTS = (ParcelSent, ParcelWeighed)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder with the files of the events."""
    write_schemas(tmp_path / "schemas", EVENTS)
    return tmp_path / "schemas"


def test_a_schema_is_that_of_the_payload() -> None:
    """Fields of the envelope are not in it, nor titles and types that only those need."""
    schema = payload_schema(ParcelSent)

    assert list(schema["$defs"]) == ["Stop"]
    assert schema["title"] == "ParcelSent"
    assert schema["properties"]["title"] == {"type": "string"}
    assert schema["properties"]["id"] == {"type": "string", "format": "uuid"}
    assert set(schema["properties"]) - set(schema["required"]) == {"note"}
    assert not {"message_id", "created_at", "metadata"} & {*schema["properties"]}


def test_an_example_is_read_and_has_a_value_for_each_field() -> None:
    """Examples of fields are taken, then defaults, then values that are made for their types."""
    message = example_message(ParcelSent)
    payload = json.loads(message["payload"])

    event = EventRegistry([ParcelSent]).decode(message)

    assert message == example_message(ParcelSent)
    assert (message["type"], str(event.message_id)) == ("parcel_sent_v1", message["id"])
    assert payload.keys() == payload_schema(ParcelSent)["properties"].keys()
    assert (event.to, event.kind, event.pieces, event.note) == ("Ann", "letter", 1, None)
    assert payload["stops"] == [{"town": "town", "arrived_at": "2026-01-31T12:00:00Z"}]


def test_an_example_that_a_class_refuses_is_an_error_that_names_the_field() -> None:
    """The field needs an example of its own."""

    def refuse(_: str) -> str:
        raise ValueError("not an address")

    class Posted(Event):
        address: Annotated[str, AfterValidator(refuse)]
        metadata: Metadata = Metadata(name="posted", schema_version=1, published=True)

    with pytest.raises(ValueError, match=r"not a posted_v1: address: .*Field"):
        example_message(Posted)


def test_the_files_are_those_of_the_published_events(folder: Path) -> None:
    """Each published event has two files; the same again changes none of them."""
    assert {path.name for path in folder.iterdir()} == {
        "parcel_sent_v1.json",
        "parcel_sent_v1.example.json",
    }
    assert check_schemas(folder, EVENTS) == []
    assert write_schemas(folder, EVENTS) == []


def test_a_harmless_change_is_to_be_written(folder: Path) -> None:
    """The sentence names the file; the example of an older message stays."""
    example = (folder / "parcel_sent_v1.example.json").read_text(encoding="utf-8")

    (sentence,) = check_schemas(folder, [Longer])

    assert sentence.startswith("parcel_sent_v1: parcel_sent_v1.json is out of date")
    assert write_schemas(folder, [Longer]) == [folder / "parcel_sent_v1.json"]
    assert (folder / "parcel_sent_v1.example.json").read_text(encoding="utf-8") == example
    assert check_schemas(folder, [Longer]) == []


def test_a_missing_file_is_told(folder: Path) -> None:
    """Schema and example are both needed."""
    (folder / "parcel_sent_v1.json").unlink()

    (sentence,) = check_schemas(folder, EVENTS)

    assert sentence.startswith("parcel_sent_v1: parcel_sent_v1.json is missing")


def test_a_change_that_breaks_readers_is_not_written(folder: Path) -> None:
    """Nothing is written over; each field that is gone is named once."""
    before = {path: path.read_text(encoding="utf-8") for path in folder.iterdir()}

    with pytest.raises(BreakingChange) as error:
        write_schemas(folder, [Changed])

    assert {path: path.read_text(encoding="utf-8") for path in folder.iterdir()} == before
    assert len(error.value.breaks) == len(ParcelSent.model_fields) - len(Changed.model_fields)
    assert find_breaks(folder, [Changed]) == error.value.breaks


def test_an_example_alone_shows_a_break(folder: Path) -> None:
    """Without the schema the example still shows what is not read."""
    (folder / "parcel_sent_v1.json").unlink()

    assert {each.field for each in find_breaks(folder, [Changed])} > {"title", "weight"}


def test_an_earlier_folder_needs_no_files_of_later_events(folder: Path) -> None:
    """Only breaks are looked for."""

    class ParcelLost(Event):
        metadata: Metadata = Metadata(name="parcel_lost", schema_version=1, published=True)

    assert find_breaks(folder, [*EVENTS, ParcelLost]) == []
    assert len(check_schemas(folder, [*EVENTS, ParcelLost])) == 2
