"""The versions of the club's events."""

from typing import Final

from reading_club.domain import upcasters
from reading_club.eventstream.versions import Versions, upcasters_in

VERSIONS: Final = Versions(upcasters_in(upcasters))
"""The upcasters of the club; every version is published."""
