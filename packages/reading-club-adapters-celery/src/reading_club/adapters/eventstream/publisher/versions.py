"""The versions in which a publisher writes an event, by the bindings of the known queues."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from reading_club.eventstream.versions import Versions


class CannotBeConverted(ValueError):
    """An event cannot be converted to a later version; the text has none of its content."""


class Written(NamedTuple):
    """How an event is written that not every queue gets as it is stored."""

    type: str
    """The type in which the event is published, or in which its one queue gets it."""
    copies: Mapping[str, str] = {}
    """The type that a queue gets by its name, for each queue that is not bound to ``type``."""


class WrittenVersions:
    """How events are written, for those types that are not simply written as they are stored.

    An event is published in the version in which it is stored, or the next one that is not retired.
    A known queue that is not bound to this version gets a copy in the newest one that it is bound
    to, past the exchange: no other queue gets the event twice.
    """

    def __init__(self, versions: Versions, bindings: Iterable[tuple[str, str]]) -> None:
        """Take the bindings as pairs of a type and the name of a queue."""
        self._versions = versions
        self._bound = defaultdict[str, set[str]](set)
        for type_, queue in bindings:
            self._bound[queue].add(type_)
        self.to_all: dict[object, Written] = {}
        """By the stored type."""
        self.to_one: dict[tuple[object, str], Written] = {}
        """By the stored type and the queue's name."""
        for stored in versions.types:
            self._add(stored)

    def convert(self, envelope: Mapping[str, Any], type_: str) -> Mapping[str, Any]:
        """Return the envelope in this version. Raises CannotBeConverted."""
        if envelope["type"] == type_:
            return envelope
        try:
            return self._versions.convert(envelope, type_)
        except Exception as exc:  # an upcaster's bug concerns its event only
            reason = f"it cannot be converted to {type_}: {type(exc).__name__}"
            raise CannotBeConverted(reason) from exc

    def _add(self, stored: str) -> None:
        published = self._versions.published_as(stored) or (stored,)
        wanted = {
            queue: type_
            for queue, bound in self._bound.items()
            if (type_ := self._versions.delivered_as(stored, bound)) is not None
        }
        copies = {queue: type_ for queue, type_ in wanted.items() if type_ != published[0]}
        if copies or published[0] != stored:
            self.to_all[stored] = Written(published[0], copies)
        for queue, type_ in wanted.items():
            if type_ != stored:
                self.to_one[stored, queue] = Written(type_)
