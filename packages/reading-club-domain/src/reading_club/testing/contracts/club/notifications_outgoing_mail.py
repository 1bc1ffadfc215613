"""What all storages of mail that is to be sent promise."""

from lastuuid import uuid7

from reading_club.eventstream.errors import WriteConflict
from reading_club.service.notifications.mail_addresses import MOST_REFUSALS, AddressState
from reading_club.service.notifications.notices import KEPT
from reading_club.service.notifications.outgoing_mail import (
    LEASE,
    PAUSE,
    ConfirmationMail,
    DigestMail,
)
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.accounts_helpers import a_hash
from reading_club.testing.contracts.club.notifications_mail_helpers import (
    ADDRESS,
    EVERY,
    MailFixtures,
)


class OutgoingMailContract(MailFixtures):
    """Each piece of mail is taken by one process, until it was sent."""

    async def test_a_new_address_gets_its_link_once(self) -> None:
        """Until it is asked for again; nothing else is due."""
        account, hash_ = await self.a_follower(), a_hash()
        assert await self.take() is None
        await self.put(account)
        await self.happen("Before")

        mail = await self.take(hash_)
        assert mail == ConfirmationMail(account, ADDRESS, hash_)
        await self.run(lambda uow: uow.outgoing_mail.sent(mail))
        await self.pass_time(EVERY)

        assert await self.take() is None
        await self.put(account)
        assert isinstance(await self.send(), ConfirmationMail)

    async def test_a_link_that_was_not_sent_is_replaced(self) -> None:
        """One that takes it after the lease has run out makes another one, and the first ends."""
        account, first, second = await self.an_account(), a_hash(), a_hash()
        await self.put(account)
        await self.take(first)
        during = await self.take(second)
        await self.pass_time(LEASE)
        after = await self.take(second)

        assert during is None
        assert after == ConfirmationMail(account, ADDRESS, second)
        assert [await self.confirm(hash_) for hash_ in (first, second)] == [False, True]

    async def test_a_digest_has_the_notices_since_the_address_was_confirmed(self) -> None:
        """When its time has come, the oldest first; there is none without a notice."""
        account = await self.a_follower()
        await self.happen("Before")
        await self.pass_time(1)
        await self.a_subscriber(account)
        await self.pass_time(EVERY)
        assert not await self.run(lambda uow: uow.outgoing_mail.is_due(EVERY))
        await self.happen("First", "Second")

        mail = await self.send()

        assert isinstance(mail, DigestMail)
        assert (mail.account_id, mail.address) == (account, f"{account}@example.org")
        assert await self.told_by(mail) == ["First", "Second"]

    async def test_a_notice_is_in_one_digest(self) -> None:
        """The next one has what is new, not before its time, however often an event comes."""
        await self.a_subscriber()
        await self.happen("First")
        early = await self.take()
        await self.pass_time(EVERY)
        first = await self.send()
        await self.happen("Second")
        soon = await self.take()
        await self.pass_time(EVERY)
        second = await self.send()
        await self.pass_time(EVERY)

        assert (early, soon, await self.take()) == (None, None, None)
        assert [await self.told_by(mail) for mail in (first, second)] == [["First"], ["Second"]]

    async def test_a_digest_that_was_not_sent_is_the_same_again(self) -> None:
        """A process died: the next one sends the same id and notices, without later ones."""
        await self.a_subscriber()
        await self.happen("First")
        await self.pass_time(EVERY)
        first = await self.take()
        await self.happen("Second")
        during = await self.take()
        await self.pass_time(LEASE)

        again = await self.send()

        assert during is None
        assert again == first
        assert await self.told_by(again) == ["First"]
        await self.pass_time(EVERY)
        assert await self.told_by(await self.take()) == ["Second"]

    async def test_of_two_at_once_one_takes_it(self) -> None:
        """The other one finds nothing, or is refused."""
        await self.a_subscriber()
        await self.happen("First")
        await self.pass_time(EVERY)

        async def take(uow: AbstractUnitOfWork) -> object:
            return await uow.outgoing_mail.take(id=uuid7(), hash=a_hash(), every=EVERY)

        both = await self.race(take, take)

        (other,) = [each for each in both if not isinstance(each, DigestMail)]
        assert other is None or isinstance(other, WriteConflict)

    async def test_what_is_withdrawn_is_not_in_a_digest(self) -> None:
        """It may have nothing left to tell."""
        reader, book = await self.a_subscriber(), await self.a_stored_book()
        await self.run(lambda uow: uow.follows.follow_book(reader, book.id))
        review, event = await self.a_stored_review(book)
        await self.handle(await self.at(event))
        await self.pass_time(EVERY)
        review.withdraw(review.reviewer_id)
        await self.run(lambda uow: uow.reviews.update(review))

        assert await self.told_by(await self.take()) == []

    async def test_an_address_that_is_refused_again_and_again_is_given_up(self) -> None:
        """Between two attempts there is a pause; mail that is sent forgets earlier refusals."""
        account = await self.a_subscriber()
        await self.happen("First")
        await self.pass_time(EVERY)
        for _ in range(MOST_REFUSALS - 1):
            await self.refuse()
        await self.send()
        await self.happen("Second")
        await self.pass_time(EVERY)
        for _ in range(MOST_REFUSALS):
            assert await self.state(account) == AddressState.CONFIRMED
            await self.refuse()

        assert await self.take() is None
        assert await self.state(account) == AddressState.REFUSED
        await self.put(account, f"{account}@example.org")
        assert await self.state(account) == AddressState.UNCONFIRMED

    async def refuse(self) -> None:
        """Take mail, which a server refuses, and let the pause pass."""
        mail = await self.take()
        assert mail is not None
        await self.run(lambda uow: uow.outgoing_mail.refused(mail))
        await self.pass_time(LEASE)
        assert await self.take() is None
        await self.pass_time(PAUSE)

    async def test_what_was_sent_to_a_former_address_changes_nothing(self) -> None:
        """The link to the new one is still to be sent."""
        account = await self.an_account()
        await self.put(account)
        former = await self.take()
        await self.put(account, "bea@example.org")
        await self.run(lambda uow: uow.outgoing_mail.sent(former))
        await self.run(lambda uow: uow.outgoing_mail.refused(former))

        mail = await self.take()

        assert mail is not None
        assert mail.address == "bea@example.org"

    async def test_notices_wait_for_their_digest(self) -> None:
        """A server that is away for longer than notices are kept delays them only."""
        await self.a_subscriber()
        await self.happen("First")
        await self.pass_time(KEPT + 60)
        kept = await self.run(lambda uow: uow.notices.prune())
        told = await self.told_by(await self.send())

        assert (kept, told) == (0, ["First"])
        assert await self.run(lambda uow: uow.notices.prune()) == 1
