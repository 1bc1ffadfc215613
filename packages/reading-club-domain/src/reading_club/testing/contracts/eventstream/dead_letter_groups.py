"""What every store of dead letters promises about their groups."""

from datetime import timedelta
from typing import Any

from reading_club.eventstream.ports.dead_letters import (
    NO_FILTER,
    DeadLetter,
    DeadLetterFilter,
    DeadLetterGroup,
)
from reading_club.testing.contracts.eventstream.dead_letters import (
    NEW_YEAR,
    DeadLetterFixtures,
    a_letter,
)

HOUR = timedelta(hours=1)


def alike(number: int, error: str, **changes: Any) -> list[DeadLetter]:
    """Return dead letters with one class of error, an hour apart, each with a text of its own."""
    return [
        a_letter(error=f"{error}: {n}: told", set_aside_at=NEW_YEAR + n * HOUR, **changes)
        for n in range(number)
    ]


class DeadLetterGroupsContract(DeadLetterFixtures):
    """Dead letters with the same subscriber, type and class of error are one group.

    Needs the fixture ``uow_factory``.
    """

    async def groups(
        self, wanted: DeadLetterFilter = NO_FILTER, limit: int = 100
    ) -> list[DeadLetterGroup]:
        """Return the groups."""
        async with self.uow_factory() as transaction:
            found = await transaction.uow.dead_letters.groups(wanted, limit=limit)
            await transaction.rollback()
        return list(found)

    async def test_alike_dead_letters_are_one_group(self) -> None:
        """A group has its number and the times of its oldest and newest dead letter."""
        await self.add(*alike(3, "KeyError"))

        (group,) = await self.groups()

        assert group == DeadLetterGroup(
            subscriber="activity",
            type="parcel_burned_v1",
            error_class="KeyError",
            parked=False,
            count=3,
            oldest=NEW_YEAR,
            newest=NEW_YEAR + 2 * HOUR,
        )
        assert group.name == "activity/parcel_burned_v1/KeyError"

    async def test_each_difference_makes_a_group(self) -> None:
        """Subscriber, type, class of error and being parked tell groups apart, largest first."""
        letters = [
            *alike(3, "KeyError"),
            *alike(4, "KeyError", subscriber="catalogue"),
            *alike(2, "KeyError", type="parcel_drowned_v1"),
            *alike(1, "keyError"),
            *alike(5, "KeyError", parked=True),
        ]
        await self.add(*letters)

        groups = await self.groups()

        assert [group.count for group in groups] == [5, 4, 3, 2, 1]
        assert [group.count for group in await self.groups(limit=2)] == [5, 4]
        for group in groups:
            found = await self.page(group.wanted)
            assert len(found) == group.count
            assert {letter.set_aside_at for letter in found} >= {group.oldest, group.newest}

    async def test_an_error_without_a_class_is_its_own(self) -> None:
        """The whole text of an error without a colon names its group; so does an empty one."""
        errors = ["the broker refused it", "", ": nothing before the colon"]
        await self.add(*[a_letter(error=error) for error in errors])

        classes = [group.error_class for group in await self.groups()]

        assert sorted(classes) == ["", "the broker refused it"]

    async def test_groups_of_some_dead_letters(self) -> None:
        """A filter narrows what is counted."""
        await self.add(*alike(3, "KeyError"), *alike(2, "ValueError", subscriber="catalogue"))

        (group,) = await self.groups(DeadLetterFilter(subscriber="catalogue"))

        assert (group.error_class, group.count) == ("ValueError", 2)
        assert await self.groups(DeadLetterFilter(type="unknown_v1")) == []
        (one,) = await self.groups(DeadLetterFilter(error="1: told", subscriber="activity"))
        assert one.count == 1

    async def test_letters_are_chosen_by_type_and_class(self) -> None:
        """The class has to be the whole text before the colon."""
        await self.add(*alike(1, "KeyError"), *alike(1, "Key"))

        for error_class, number in {"Key": 1, "KeyError": 1, "Ke": 0, "": 0}.items():
            found = await self.page(DeadLetterFilter(error_class=error_class))
            assert len(found) == number
        assert len(await self.page(DeadLetterFilter(type="parcel_burned_v1"))) == 2
        assert await self.page(DeadLetterFilter(type="parcel")) == []
