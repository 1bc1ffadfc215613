"""What all storages of requests to join promise."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import (
    AlreadyAsked,
    IdentifierTaken,
    NicknameTaken,
    TooManyJoinRequests,
)
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.accounts.join_requests import (
    MOST_WAITING,
    WAITING_DAYS,
    JoinRequest,
    TakenRequest,
)
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_reviewer
from reading_club.testing.contracts.club.accounts_helpers import DAY, AccountFixtures, Work


class JoinRequestsContract(AccountFixtures):
    """A request to join waits until it is answered, once, or expires."""

    async def ask(self, nickname: str, *, id: UUID | None = None) -> UUID:
        """Store a request, and return its id."""
        identifier = id or uuid7()
        await self.run(
            lambda uow: uow.join_requests.add(identifier, nickname=nickname, password_hash="argon")
        )
        return identifier

    async def waiting(self) -> Sequence[JoinRequest]:
        """Return the requests that wait."""
        requests: Sequence[JoinRequest] = await self.run(lambda uow: uow.join_requests.list())
        return requests

    async def take(self, id: UUID) -> TakenRequest | None:
        """Take a request in a transaction of its own."""
        taken: TakenRequest | None = await self.run(lambda uow: uow.join_requests.take(id))
        return taken

    async def test_a_request_is_taken_once(self) -> None:
        """With the hash of its password, which is not shown."""
        id_ = await self.ask("Ada")
        (waiting,) = await self.waiting()

        taken = await self.take(id_)

        assert (waiting.id, waiting.nickname) == (id_, "Ada")
        assert taken == TakenRequest(waiting, "argon")
        assert "argon" not in repr(taken)
        assert await self.take(id_) is None
        assert await self.waiting() == []

    async def test_requests_are_listed_with_the_oldest_first(self) -> None:
        """One that is refused is gone, and can be refused once."""
        ids = []
        for nickname in ("Ada", "Bob", "Cleo"):
            ids.append(await self.ask(nickname))
            await self.pass_time(1.0)

        refused = [
            await self.run(lambda uow, id_: uow.join_requests.refuse(id_), id_)
            for id_ in (ids[1], ids[1], uuid7())
        ]

        assert refused == [True, False, False]
        assert [request.id for request in await self.waiting()] == [ids[0], ids[2]]

    async def test_an_approval_that_is_rolled_back_leaves_the_request(self) -> None:
        """The nickname may have been taken while the request waited."""
        id_ = await self.ask("Ada")
        await self.an_account(nickname="ADA")

        async def approve(uow: AbstractUnitOfWork) -> None:
            taken = await uow.join_requests.take(id_)
            assert taken is not None
            await uow.reviewers.add(a_reviewer(nickname=taken.request.nickname))

        with pytest.raises(NicknameTaken):
            await self.run(approve)

        assert [request.id for request in await self.waiting()] == [id_]

    async def test_of_two_approvals_at_the_same_time_one_gets_the_request(self) -> None:
        """The second transaction begins while the first has not committed."""
        id_ = await self.ask("Ada")

        results = await self.race(*[lambda uow: uow.join_requests.take(id_)] * 2)

        taken = [each for each in results if isinstance(each, TakenRequest)]
        others = [each for each in results if not isinstance(each, TakenRequest)]
        assert len(taken) == 1
        assert others == [None] or isinstance(others[0], WriteConflict)

    async def test_a_nickname_asks_once_while_it_waits(self) -> None:
        """Nicknames that look the same are the same; one that was refused may ask again."""
        id_ = await self.ask("Ada")

        with pytest.raises(AlreadyAsked, match="ＡＤＡ"):  # noqa: RUF001  # wide letters
            await self.ask("ＡＤＡ")  # noqa: RUF001  # wide letters
        await self.run(lambda uow: uow.join_requests.refuse(id_))
        await self.ask("ADA")

        assert [request.nickname for request in await self.waiting()] == ["ADA"]

    async def test_two_cannot_ask_with_one_nickname_at_the_same_time(self) -> None:
        """The second transaction begins while the first has not committed."""
        results = await self.race(*[_asks("Ada")] * 2)

        assert [type(each) for each in results if each is not None] == [AlreadyAsked]
        assert len(await self.waiting()) == 1

    async def test_a_members_nickname_cannot_ask(self) -> None:
        """Nor can a request have the id of another one."""
        await self.an_account(nickname="Ada")
        id_ = await self.ask("Bob")

        with pytest.raises(NicknameTaken):
            await self.ask("ada")
        with pytest.raises(IdentifierTaken):
            await self.ask("Cleo", id=id_)

    async def test_the_number_of_requests_is_limited(self) -> None:
        """Of two that ask for the last place at the same time, one gets it."""

        async def ask_many(uow: AbstractUnitOfWork) -> None:
            for number in range(MOST_WAITING - 1):
                await _asks(f"reader {number}")(uow)

        await self.run(ask_many)
        results = await self.race(_asks("Ada"), _asks("Bob"))

        assert [type(each) for each in results if each is not None] == [TooManyJoinRequests]
        waiting = await self.waiting()
        assert len(waiting) == MOST_WAITING
        await self.run(lambda uow: uow.join_requests.refuse(waiting[0].id))
        await self.ask("Cleo")

    async def test_a_request_expires(self) -> None:
        """It cannot be answered then, and its nickname may ask again."""
        id_ = await self.ask("Ada")
        await self.pass_time(WAITING_DAYS * DAY - 60.0)
        assert [request.id for request in await self.waiting()] == [id_]

        await self.pass_time(61.0)

        assert await self.waiting() == []
        assert await self.take(id_) is None
        assert not await self.run(lambda uow: uow.join_requests.refuse(id_))
        again = await self.ask("Ada")
        assert [request.id for request in await self.waiting()] == [again]

    async def test_expired_requests_are_pruned(self) -> None:
        """One call deletes them; the others stay."""
        await self.ask("Ada")
        await self.pass_time(WAITING_DAYS * DAY / 2)
        newer = await self.ask("Bob")
        await self.pass_time(WAITING_DAYS * DAY / 2)

        pruned = [await self.run(lambda uow: uow.accounts.prune()) for _ in range(2)]

        assert [each["join_requests"] for each in pruned] == [1, 0]
        assert [request.id for request in await self.waiting()] == [newer]


def _asks(nickname: str) -> Work:
    return lambda uow: uow.join_requests.add(uuid7(), nickname=nickname, password_hash="h")
