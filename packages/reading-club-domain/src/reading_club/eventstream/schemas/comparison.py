"""Comparison of two JSON Schemas of one payload: which changes break readers.

A change is harmless if programs with the old class read new messages, and programs with the new
class read old messages, those of the history. So a field may be added that is not required.
"""

from collections.abc import Iterator
from typing import Any, Final

from reading_club.eventstream.schemas.payload import Schema, resolve

Change = tuple[str, str]
"""A field and a sentence without a subject: how the field changed, and which readers fail."""

_TEXTS: Final = {"$schema", "deprecated", "description", "examples", "title"}
_COMPARED: Final = {
    *("$defs", "additionalProperties", "anyOf", "const", "default", "enum", "format", "items"),
    *("oneOf", "prefixItems", "properties", "required", "type"),
}
_BOTH_FAIL: Final = (
    "readers of earlier releases expect the former, and messages of the history have it"
)
_DEEPEST: Final = 5
"""Nested arrays and unions that the name of a type shows."""
_ABSENT: Final = object()

ADDED_REQUIRED: Final = "is new and required: messages of the history have none"


def compare(old: Schema, new: Schema) -> Iterator[Change]:
    """Yield each change of the payload that breaks readers, with the path of the field."""
    yield from _Comparison(old, new).schemas(old, new, "")


class _Comparison:
    """Compares parts of two schemas, whose definitions are in their roots."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new
        self._open = set[tuple[str, str]]()

    def schemas(self, old: Schema, new: Schema, path: str) -> Iterator[Change]:
        """Yield the changes of one value; a recursive type is not entered again."""
        pair = (old.get("$ref", ""), new.get("$ref", ""))
        if pair in self._open:
            return
        if all(pair):
            self._open.add(pair)
        yield from self._values(resolve(old, self._old), resolve(new, self._new), path)
        self._open.discard(pair)

    def _values(self, old: Schema, new: Schema, path: str) -> Iterator[Change]:
        was, is_ = _kind(old, self._old), _kind(new, self._new)
        if was != is_:
            yield path, f"was {was} and is {is_}: {_BOTH_FAIL}"
            return
        yield from self._fields(old, new, path)
        yield from self._parts(old, new, path)
        yield from _listed_values(old, new, path)
        yield from _other_keywords(old, new, path)

    def _fields(self, old: Schema, new: Schema, path: str) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, field in before.items():
            inner = f"{path}.{name}".lstrip(".")
            if name not in after:
                yield inner, "is gone: programs that read it do not find it"
                continue
            yield from _presence(
                name in old.get("required", ()), name in new.get("required", ()), inner
            )
            yield from _default(field, after[name], inner)
            yield from self.schemas(field, after[name], inner)
        closed = old.get("additionalProperties") is False
        for name in sorted(after.keys() - before.keys()):
            inner = f"{path}.{name}".lstrip(".")
            if name in new.get("required", ()):
                yield inner, ADDED_REQUIRED
            elif closed:
                yield inner, "is new: readers of earlier releases refuse a field that is unknown"

    def _parts(self, old: Schema, new: Schema, path: str) -> Iterator[Change]:
        """Yield the changes of items, values of a mapping and members of a union."""
        for key, name in (("items", f"{path}[]"), ("additionalProperties", f"{path}{{}}")):
            before, after = old.get(key), new.get(key)
            if isinstance(before, dict) and isinstance(after, dict):
                yield from self.schemas(before, after, name)
            elif before != after:
                yield path, _changed(key, before, after)
        options = zip(_options(old, self._old), _options(new, self._new), strict=True)
        for before, after in options:
            yield from self.schemas(before, after, path)
        items = zip(old.get("prefixItems", ()), new.get("prefixItems", ()), strict=True)
        for place, (before, after) in enumerate(items):
            yield from self.schemas(before, after, f"{path}[{place}]")


def _options(schema: Schema, root: Schema, depth: int = _DEEPEST) -> list[Schema]:
    """Return the members of a union, and of unions in it, in the order of kind and title."""
    options = list[Schema]()
    for option in schema.get("anyOf") or schema.get("oneOf") or ():
        resolved = resolve(option, root)
        options += _options(resolved, root, depth - 1) or [{"title": "", **resolved, **option}]
    return sorted(options, key=lambda option: (_kind(option, root, depth), option["title"]))


def _kind(schema: Schema, root: Schema, depth: int = _DEEPEST) -> str:
    """Return the name of the type: arrays with their items, unions with their members."""
    if depth < 1:
        return "…"
    schema = resolve(schema, root)
    if options := _options(schema, root, depth - 1):
        return " or ".join(_kind(option, root, depth - 1) for option in options)
    if "prefixItems" in schema:
        items = (_kind(item, root, depth - 1) for item in schema["prefixItems"])
        return f"array of [{', '.join(items)}]"
    if isinstance(schema.get("items"), dict):
        item = _kind(schema["items"], root, depth - 1)
        return f"array of ({item})" if " or " in item else f"array of {item}"
    kind = str(schema.get("type", "any value"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _presence(was_required: bool, is_required: bool, path: str) -> Iterator[Change]:  # noqa: FBT001  # two of a kind
    if is_required and not was_required:
        yield path, "is required now: messages of the history may have none"
    if was_required and not is_required:
        yield path, "is not required any more: readers rely on it"


def _default(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    before, after = old.get("default", _ABSENT), new.get("default", _ABSENT)
    if _ABSENT not in (before, after) and before != after:
        yield (
            path,
            f"has the default {after!r} and no longer {before!r}: "
            "messages of the history without it change their meaning",
        )


def _listed_values(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    """Yield the changes of the values that are allowed, if they are listed."""
    before, after = _listed(old), _listed(new)
    if before is None or after is None:
        if before is not after:
            yield path, _changed("values", before, after)
        return
    if added := [value for value in after if value not in before]:
        yield path, f"has new values, {_list(added)}: readers of earlier releases refuse them"
    if lost := [value for value in before if value not in after]:
        yield path, f"has no longer the values {_list(lost)}: messages of the history have them"


def _listed(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _list(values: list[Any]) -> str:
    return ", ".join(map(repr, values))


def _other_keywords(old: Schema, new: Schema, path: str) -> Iterator[Change]:
    """Yield the changes of all other keywords, such as maxLength."""
    for key in sorted((old.keys() | new.keys()) - _TEXTS - _COMPARED):
        if old.get(key) != new.get(key):
            yield path, _changed(key, old.get(key), new.get(key))


def _changed(key: str, before: object, after: object) -> str:
    was, is_ = ("unlimited" if each is None else repr(each) for each in (before, after))
    return f"has {key} {is_}, and had {was}: readers of one release refuse messages of the other"
