"""Addresses of mail."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

LONGEST: Final = 254
"""Characters of an address: a path of RFC 5321 without its brackets."""
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS: Final = re.compile(
    rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})+", re.IGNORECASE
)
"""As browsers check a field for an address, with a domain of two labels at least.

Such an address has neither space nor line break, so that it cannot add a header.
"""


def _as_address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise PydanticCustomError("address", "must look like ann@example.org")
    return text


Address = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=LONGEST), AfterValidator(_as_address)
]
"""An address in ASCII, such as ``ann@example.org``."""
