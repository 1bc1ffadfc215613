"""What all storages of the club's settings promise."""

import pytest
from pydantic import ValidationError

from reading_club.domain.errors import VersionMismatch
from reading_club.service.accounts.club import ClubSettings, CurrentSettings
from reading_club.testing.contracts.club.accounts_helpers import AccountFixtures, Work


def changes(settings: ClubSettings, version: int) -> Work:
    """Return a change of the settings that expects a version."""
    return lambda uow: uow.club.change(settings, version)


class ClubSettingsContract(AccountFixtures):
    """The club's settings have a version, and each change expects one."""

    async def current(self) -> CurrentSettings:
        """Return the stored settings."""
        found: CurrentSettings = await self.run(lambda uow: uow.club.get())
        return found

    async def test_a_new_club_has_the_defaults(self) -> None:
        """Visitors may look, and may not ask to join."""
        expected = ClubSettings(name="Reading club", open_to_read=True, may_ask_to_join=False)

        assert await self.current() == CurrentSettings(expected, version=0)

    async def test_settings_are_changed(self) -> None:
        """Each change adds one to the version."""
        for version, settings in enumerate(
            [
                ClubSettings(name="É 🦉", open_to_read=False, may_ask_to_join=True),
                ClubSettings(name="Owls", open_to_read=True, may_ask_to_join=False),
            ]
        ):
            changed = await self.run(changes(settings, version))

            assert changed == CurrentSettings(settings, version + 1)
            assert await self.current() == changed

    async def test_a_change_that_is_rolled_back_is_none(self) -> None:
        """The defaults apply still."""
        async with self.uow_factory() as transaction:
            await transaction.uow.club.change(ClubSettings(name="Owls"), 0)
            assert (await transaction.uow.club.get()).version == 1
            await transaction.rollback()

        assert (await self.current()).version == 0

    async def test_a_change_of_another_version_is_refused(self) -> None:
        """An older one and one that does not exist, before and after the first change."""
        wrong = ClubSettings(name="wrong")
        with pytest.raises(VersionMismatch, match="version 1 is not the current one"):
            await self.run(changes(wrong, 1))
        stored = await self.run(changes(ClubSettings(name="Owls"), 0))

        for version in (0, 2, -1):
            with pytest.raises(VersionMismatch):
                await self.run(changes(wrong, version))

        assert await self.current() == stored

    @pytest.mark.parametrize("version", [0, 1])
    async def test_of_two_changes_at_the_same_time_one_is_refused(self, version: int) -> None:
        """Of the first two of a club, and of later ones."""
        for before in range(version):
            await self.run(changes(ClubSettings(), before))

        works = [changes(ClubSettings(name=name), version) for name in ("Owls", "Larks")]
        results = await self.race(*works)

        (changed,) = [each for each in results if isinstance(each, CurrentSettings)]
        (refused,) = [each for each in results if not isinstance(each, CurrentSettings)]
        assert isinstance(refused, VersionMismatch)
        assert await self.current() == changed

    @pytest.mark.parametrize("name", ["", " ", "a\nb", "\u200b", "a" * 81, "\u202ea"])
    def test_a_name_has_one_visible_line(self, name: str) -> None:
        """Up to 80 characters; the error names the field."""
        assert ClubSettings(name=f" {'a' * 80} ").name == "a" * 80
        with pytest.raises(ValidationError, match="name"):
            ClubSettings(name=name)
