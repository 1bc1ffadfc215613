"""The key of a group of dead letters, in the address of its page and in its forms."""

from typing import Annotated, Final, Self
from urllib.parse import urlencode

from pydantic import BaseModel, StringConstraints

from reading_club.eventstream.ports.dead_letters import DeadLetterFilter, DeadLetterGroup

PATH: Final = "/stream/dead-letters/group"

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""A text that a database can have stored: NUL is in none."""


class GroupKey(BaseModel):
    """What the dead letters of a group have in common."""

    subscriber: Text = ""
    type: Text = ""
    error: Text = ""
    """The class of the error, or the error as a whole if no colon is in it."""
    parked: bool = False

    @classmethod
    def of(cls, group: DeadLetterGroup) -> Self:
        """Return the key of a group."""
        return cls(
            subscriber=group.subscriber,
            type=group.type,
            error=group.error_class,
            parked=group.parked,
        )

    @property
    def url(self) -> str:
        """The address of the group's page."""
        fields = {**self.model_dump(), "parked": "yes" if self.parked else ""}
        return f"{PATH}?{urlencode({name: text for name, text in fields.items() if text})}"

    @property
    def wanted(self) -> DeadLetterFilter:
        """The filter that matches the dead letters of the group."""
        return DeadLetterFilter(
            subscriber=self.subscriber,
            type=self.type,
            error_class=self.error,
            parked=self.parked,
        )
