"""The contract of published events: JSON Schemas, golden examples, and which changes break readers.

The files of a folder are the contract: ``<type>.json`` is the JSON Schema of the payload, and
``<type>.example.json`` a message as it is on the wire. ``write_schemas`` writes them,
``check_schemas`` compares them with the classes, and so does the command
``python -m reading_club.eventstream.schemas``.
"""

from reading_club.eventstream.schemas.breaks import Break, example_breaks, schema_breaks
from reading_club.eventstream.schemas.example import example_message
from reading_club.eventstream.schemas.files import (
    BreakingChange,
    check_schemas,
    find_breaks,
    write_schemas,
)
from reading_club.eventstream.schemas.payload import payload_of, payload_schema

__all__ = [
    "Break",
    "BreakingChange",
    "check_schemas",
    "example_breaks",
    "example_message",
    "find_breaks",
    "payload_of",
    "payload_schema",
    "schema_breaks",
    "write_schemas",
]
