"""Port of the club's settings."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from reading_club.domain.text import ClubName


class ClubSettings(BaseModel):
    """What organisers decide for the whole club."""

    model_config = ConfigDict(frozen=True)

    name: ClubName = "Reading club"
    open_to_read: bool = True
    """Whether visitors may look; otherwise members only."""
    may_ask_to_join: bool = False
    """Whether people without an invitation may ask to join."""


@dataclass(frozen=True)
class CurrentSettings:
    """The settings, with the number of their changes so far."""

    settings: ClubSettings
    version: int


class Club(Protocol):
    """The settings of the club: the defaults, until they are changed first."""

    @abstractmethod
    async def get(self) -> CurrentSettings:
        """Return the settings."""

    @abstractmethod
    async def change(self, settings: ClubSettings, expected_version: int) -> CurrentSettings:
        """Replace the settings, and return them with their version.

        Raises VersionMismatch if the stored ones have another version than expected.
        """
