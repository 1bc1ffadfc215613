"""Which changes of an event break readers: each is told with its field, and what to do."""

from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from messagebus import Event, Metadata
from pydantic import BaseModel, ConfigDict, Field, create_model
from typing_extensions import TypeAliasType

from reading_club.eventstream.schemas import Break, payload_schema, schema_breaks


class Kind(Enum):
    """Kinds of parcels, as they were."""

    LETTER = "letter"
    BOX = "box"


class MoreKinds(Enum):
    """Kinds of parcels, with one more."""

    LETTER = "letter"
    BOX = "box"
    CRATE = "crate"


class Place(BaseModel):
    """A place, as it was."""

    town: str


class PlaceWithZone(BaseModel):
    """A place, with an optional field more."""

    town: str
    zone: int = 0


class PlaceWithoutTown(BaseModel):
    """A place that has lost its field."""

    zone: int = 0


class Node(BaseModel):
    """A recursive type."""

    text: str
    children: list["Node"] = []


class NodeOfNumber(BaseModel):
    """The recursive type with another type in it."""

    text: int
    children: list["NodeOfNumber"] = []


class StrictPlace(BaseModel):
    """A place whose readers refuse unknown fields."""

    model_config = ConfigDict(extra="forbid")
    town: str


class StrictPlaceWithZone(StrictPlace):
    """The same with an optional field more."""

    zone: int = 0


Json = TypeAliasType("Json", "int | list[Json]")
OtherJson = TypeAliasType("OtherJson", "str | list[OtherJson]")


def event(version: int = 1, **fields: Any) -> type[Event]:
    """Return a version of the event ``parcel_sent`` with these fields."""
    metadata = Metadata(name="parcel_sent", schema_version=version, published=True)
    name = "ParcelSent" if version == 1 else f"ParcelSentV{version}"
    return create_model(name, __base__=Event, metadata=(Metadata, metadata), **fields)


def breaks(old: Any, new: Any) -> list[Break]:
    """Return the breaks when the field ``it`` becomes another; ... stands for no field."""
    before, after = (event() if each is ... else event(it=each) for each in (old, new))
    return schema_breaks("parcel_sent_v1", payload_schema(before), [after])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (str, str),
        (..., (str, "")),
        (..., (str | None, None)),
        (Place, PlaceWithZone),
        (list[Place], list[PlaceWithZone]),
        ((Place | None, None), (PlaceWithZone | None, None)),
        (dict[str, Place], dict[str, PlaceWithZone]),
        (int | str, str | int),
        (Place | StrictPlace, StrictPlace | Place),
        (Json, Json),
        (Node, Node),
        (str, Annotated[str, Field(description="A new text", examples=["x"], deprecated=True)]),
        ((list[str], Field(default_factory=list)), (list[str], [])),
    ],
)
def test_a_change_that_no_reader_notices_is_allowed(old: Any, new: Any) -> None:
    """Optional fields are added, also in nested models; names and descriptions may change."""
    assert breaks(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "field", "change"),
    [
        (str, ..., "it", "is gone"),
        ((str, ""), ..., "it", "is gone"),
        (..., str, "it", "is new and required"),
        ((str, ""), str, "it", "is required now"),
        (str, (str, ""), "it", "is not required any more"),
        ((int, 1), (int, 2), "it", "has the default 2 and no longer 1"),
        (str, list[str], "it", "was string and is array of string"),
        (str, int, "it", "was string and is integer"),
        (int, float, "it", "was integer and is number"),
        (float, int, "it", "was number and is integer"),
        (str, str | None, "it", "was string and is null or string"),
        (str | None, str, "it", "was null or string and is string"),
        (list[int | str], list[int] | str, "it", "was array of (integer or string) and is"),
        (UUID, str, "it", "was string (uuid) and is string"),
        (str, UUID, "it", "was string and is string (uuid)"),
        (list[str], list[int], "it", "was array of string and is array of integer"),
        (tuple[int, str], tuple[str, int], "it", "was array of [integer, string] and is"),
        (Kind, MoreKinds, "it", "has new values, 'crate'"),
        (MoreKinds, Kind, "it", "has no longer the values 'crate'"),
        (Literal["a"], Literal["b"], "it", "has new values, 'b'"),
        (Literal["a"], Literal["a", "b"], "it", "has new values, 'b'"),
        (Literal["a"], str, "it", "has values unlimited, and had ['a']"),
        (str, Annotated[str, Field(max_length=9)], "it", "has maxLength 9, and had unlimited"),
        (
            Annotated[int, Field(ge=0, le=10)],
            Annotated[int, Field(ge=0, le=5)],
            "it",
            "has maximum 5, and had 10",
        ),
        (Place, PlaceWithoutTown, "it.town", "is gone"),
        (list[Place], list[PlaceWithoutTown], "it[].town", "is gone"),
        (dict[str, Place], dict[str, PlaceWithoutTown], "it{}.town", "is gone"),
        (dict[str, int], dict[str, str], "it{}", "was integer and is string"),
        (Place | None, PlaceWithoutTown | None, "it.town", "is gone"),
        (tuple[Place, int], tuple[PlaceWithoutTown, int], "it[0].town", "is gone"),
        (Node, NodeOfNumber, "it.text", "was string and is integer"),
        (StrictPlace, StrictPlaceWithZone, "it.zone", "is new: readers of earlier releases refuse"),
        (Place | Node, Place | Node | StrictPlace, "it", "was object or object and is object or"),
        (Place | Node, PlaceWithoutTown | Node, "it.town", "is gone"),
        (Json, OtherJson, "it", "was array of (array of (… or …) or integer) or integer and is"),
        (Place, StrictPlace, "it", "has additionalProperties False"),
    ],
)
def test_a_change_that_a_reader_notices_names_the_field(
    old: Any, new: Any, field: str, change: str
) -> None:
    """A change breaks if either release refuses or misreads the messages of the other."""
    first, *_ = breaks(old, new)

    assert first.field == field
    assert first.change.startswith(change)


def test_a_break_says_what_to_do() -> None:
    """The class stays as it was, and the next version has an upcaster from the newest one."""
    old = payload_schema(event(author=str))
    events = [event(authors=list[str]), event(2, authors=list[str])]

    gone, new = schema_breaks("parcel_sent_v1", old, events)

    assert str(gone) == (
        "parcel_sent_v1: author is gone: programs that read it do not find it. "
        "Leave ParcelSent as it was, and add ParcelSentV3 (schema_version=3) with an upcaster "
        "from ParcelSentV2."
    )
    assert new.remedy.startswith("Give it a default; or else: Leave ParcelSent as it was")


def test_a_type_used_twice_is_compared_at_both_places() -> None:
    """Only a recursive type is left out, where it is within itself."""
    old, new = event(a=Place, b=Place), event(a=PlaceWithoutTown, b=PlaceWithoutTown)

    found = schema_breaks("parcel_sent_v1", payload_schema(old), [new])

    assert [each.field for each in found] == ["a.town", "b.town"]
