"""The club's settings on SQL."""

from sqlalchemy import select, update

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_new
from reading_club.domain.errors import VersionMismatch
from reading_club.service.accounts.club import Club, ClubSettings, CurrentSettings

_COLUMNS = orm.club_settings.c


class SQLClub(Club):
    """The club's settings, in the one row of the table ``club_settings``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def get(self) -> CurrentSettings:
        """Return the settings of the row, or the defaults."""
        row = (await self.session.read(select(orm.club_settings))).one_or_none()
        if row is None:
            return CurrentSettings(ClubSettings(), version=0)
        settings = ClubSettings.model_construct(
            name=row.name, open_to_read=row.open_to_read, may_ask_to_join=row.may_ask_to_join
        )
        return CurrentSettings(settings, row.version)

    async def change(self, settings: ClubSettings, expected_version: int) -> CurrentSettings:
        """Update the row of the expected version; insert it if none is expected."""
        changed = CurrentSettings(settings, expected_version + 1)
        if not await (self._update(changed) if expected_version else self._insert(changed)):
            raise VersionMismatch(expected_version)
        return changed

    async def _insert(self, first: CurrentSettings) -> bool:
        row = {**first.settings.model_dump(), "number": 1, "version": first.version}
        return await insert_new(self.session, orm.club_settings, row)

    async def _update(self, changed: CurrentSettings) -> bool:
        statement = update(orm.club_settings).where(_COLUMNS.version == changed.version - 1)
        values = {**changed.settings.model_dump(), "version": changed.version}
        return (await self.session.write(statement.values(values))).rowcount == 1
