"""Versions of event types: upcasters to the next version, and which versions are published."""

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, Final, get_type_hints

from messagebus import Event

from reading_club.eventstream.wire import Envelope, payload_json, wire_type

Upcaster = Callable[[Any], Event]
"""A function from an event to the next version of its type; it need not keep id and time."""


def upcasters_in(module: ModuleType) -> tuple[Upcaster, ...]:
    """Return the functions of a module whose one parameter and result are annotated as events."""
    functions = (f for _, f in inspect.getmembers(module, inspect.isfunction))
    own = (f for f in functions if f.__module__ == module.__name__)
    return tuple(function for function in own if _signature(function) is not None)


class Versions:
    """The versions of event types, by the upcasters that lead from each version to the next.

    A fact is stored in one version, and is published in this and in each later one under the same
    id, but for those that are ``retired``: these are read, and no longer published. Raises
    ValueError for a function that is no upcaster, and for two from one version.
    """

    def __init__(
        self, upcasters: Iterable[Upcaster] = (), *, retired: Collection[type[Event]] = ()
    ) -> None:
        self._next: dict[type[Event], tuple[type[Event], Upcaster]] = {}
        self._retired = frozenset(map(wire_type, retired))
        for upcaster in upcasters:
            older, newer = _checked(upcaster)
            if older in self._next:
                raise ValueError(f"{wire_type(older)} has two upcasters")
            self._next[older] = (newer, upcaster)
        self._types = {wire_type(t): t for older in self._next for t in self.later(older)}

    def later(self, event_type: type[Event]) -> Iterator[type[Event]]:
        """Yield the version and each later one, the newest last."""
        yield event_type
        while (following := self._next.get(event_type)) is not None:
            event_type = following[0]
            yield event_type

    def newest(self, event_type: type[Event]) -> type[Event]:
        """Return the newest version of the event type."""
        *_, newest = self.later(event_type)
        return newest

    def readable_as(self, event_type: type[Event]) -> frozenset[type[Event]]:
        """Return the versions that can be read as this one: itself and older ones."""
        return frozenset({event_type, *(t for t in self._next if event_type in self.later(t))})

    def read_as(self, event_type: type[Event]) -> frozenset[str]:
        """Return the types on the wire that can be read as this version: its own and older ones."""
        return frozenset(map(wire_type, self.readable_as(event_type)))

    def outdated(self, types: Collection[str]) -> frozenset[str]:
        """Return the types, of these on the wire, whose newest version is not among them."""
        newest = {t: wire_type(self.newest(self._types[t])) for t in types if t in self._types}
        return frozenset(each for each, last in newest.items() if last not in types)

    def published_as(self, type_: str) -> tuple[str, ...]:
        """Return the types in which an event that is stored as ``type_`` is published, in order."""
        known = self._types.get(type_)
        types = (type_,) if known is None else tuple(map(wire_type, self.later(known)))
        return tuple(each for each in types if each not in self._retired)

    def stored_as(self, type_: str) -> frozenset[str]:
        """Return the types whose stored events are published as ``type_``, with itself."""
        known = self._types.get(type_)
        return frozenset({type_}) if known is None else self.read_as(known)

    def upcast(self, event: Event, known: Collection[type[Event]]) -> Event:
        """Return the event in the first version, from its own on, that is known; else unchanged."""
        upcast = event
        while type(upcast) not in known:
            following = self._next.get(type(upcast))
            if following is None:
                return event
            upcast = _same_message(following[1](upcast), event)
        return upcast

    def convert(self, envelope: Mapping[str, Any], type_: str) -> dict[str, Any]:
        """Return the envelope of an event in a later version.

        Raises KeyError for a type without versions, and pydantic's ValidationError for a payload
        that is not of its type.
        """
        read = Envelope.model_validate(envelope)
        fields = {**read.payload, "message_id": read.id, "created_at": read.created_at}
        event = self._types[read.type].model_validate(fields)
        upcast = self.upcast(event, {self._types[type_]})
        return {**envelope, "type": type_, "payload": payload_json(upcast)}


_EVENT: Final[type] = Event  # mypy takes the name for a parameterised generic


NO_VERSIONS: Final = Versions()
"""The versions of events that have one version each."""


def _same_message(upcast: Event, event: Event) -> Event:
    same = {"message_id": event.message_id, "created_at": event.created_at}
    return upcast.model_copy(update=same)


def _signature(function: Upcaster) -> tuple[type[Event], type[Event]] | None:
    hints = get_type_hints(function)
    result = hints.pop("return", None)
    types = [*hints.values(), result]
    parameters = inspect.signature(function).parameters
    if len(parameters) != 1 or len(types) != 2:  # noqa: PLR2004  # one parameter, one result
        return None
    older, newer = types
    both = all(isinstance(each, type) and issubclass(each, _EVENT) for each in types)
    return (older, newer) if both else None


def _checked(upcaster: Upcaster) -> tuple[type[Event], type[Event]]:
    signature = _signature(upcaster)
    if signature is None:
        name = getattr(upcaster, "__name__", upcaster)
        raise ValueError(f"{name} is no upcaster: annotate one event, and the event it returns")
    older, newer = (each.model_fields["metadata"].default for each in signature)
    if older.name != newer.name or older.schema_version + 1 != newer.schema_version:
        raise ValueError(
            f"{wire_type(signature[1])} is not the version after {wire_type(signature[0])}"
        )
    return signature
