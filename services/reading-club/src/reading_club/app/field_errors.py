"""The errors of fields, in plain words: for problem details, forms and the command line."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

DETAILS: Final[Mapping[str, str]] = {
    "string_too_short": "must not be empty",
    "string_too_long": "must not be longer than {max_length} characters",
    "too_short": "must have at least {min_length} characters",
    "too_long": "must not be longer than {max_length} characters",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_many_marks": "must have at most {most} marks on one letter",
}
"""The words for pydantic's types of errors; for other types, its own message."""


class FieldError(BaseModel):
    """The error of one field."""

    field: str
    detail: str


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Return the errors of pydantic, with the field names of the request."""
    return [FieldError(field=field_of(error), detail=detail_of(error)) for error in errors]


def field_of(error: Mapping[str, Any]) -> str:
    """Return the name of the field in the request; ``body`` for the body as a whole."""
    location: Sequence[str | int] = error["loc"]
    if error["type"] == "json_invalid":
        return "body"
    names = location[1:] if location[0] in {"body", "query", "path"} else location
    return ".".join(map(str, names)) or "body"


def detail_of(error: Mapping[str, Any], translate: Callable[[str], str] = str) -> str:
    """Return what is wrong; ``translate`` gets it with placeholders, where it has values."""
    detail = DETAILS.get(error["type"])
    if detail is None:
        return translate(str(error["msg"]))
    return translate(detail).format_map(error.get("ctx", {}))
