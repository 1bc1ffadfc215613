"""The club's settings, in memory."""

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.domain.errors import VersionMismatch
from reading_club.service.accounts.club import Club, ClubSettings, CurrentSettings


class InMemoryClub(Club):
    """The club's settings, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def get(self) -> CurrentSettings:
        """Return the stored settings, or the defaults."""
        return _current(self.transaction.tables)

    async def change(self, settings: ClubSettings, expected_version: int) -> CurrentSettings:
        """Replace the settings; the version is checked again at the commit."""
        changed = CurrentSettings(settings, expected_version + 1)

        def change(tables: InMemoryDatabase) -> None:
            if _current(tables).version != expected_version:
                raise VersionMismatch(expected_version)
            tables.club_settings[1] = changed

        self.transaction.write(change)
        return changed


def _current(tables: InMemoryDatabase) -> CurrentSettings:
    return tables.club_settings.get(1, CurrentSettings(ClubSettings(), version=0))
