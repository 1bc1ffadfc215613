"""Members with addresses, for the contracts of mail."""

from uuid import UUID

from lastuuid import uuid7

from reading_club.service.accounts.secrets import SecretHash, new_secret
from reading_club.service.notifications.mail_addresses import AddressState
from reading_club.service.notifications.outgoing_mail import DigestMail, Outgoing
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.accounts_helpers import a_hash
from reading_club.testing.contracts.club.notifications_helpers import NoticeFixtures, registered

ADDRESS = "ann@example.org"
EVERY = 3_600.0


class MailFixtures(NoticeFixtures):
    """Stores addresses, and takes mail as the process that sends it does."""

    async def put(self, account_id: UUID, address: str = ADDRESS) -> str:
        """Store an address, and return the secret that ends it."""
        secret = new_secret()
        await self.run(lambda uow: uow.mail_addresses.put(account_id, address, unsubscribe=secret))
        return secret

    async def take(self, hash: SecretHash | None = None, id: UUID | None = None) -> Outgoing | None:
        """Take one piece of mail."""
        taken: Outgoing | None = await self.run(
            lambda uow: uow.outgoing_mail.take(id=id or uuid7(), hash=hash or a_hash(), every=EVERY)
        )
        return taken

    async def send(self) -> Outgoing:
        """Take one piece of mail that is due, and note that it was sent."""
        assert await self.run(lambda uow: uow.outgoing_mail.is_due(EVERY))
        mail = await self.take()
        assert mail is not None
        await self.run(lambda uow: uow.outgoing_mail.sent(mail))
        return mail

    async def confirm(self, hash: SecretHash) -> bool:
        """Open the link of an address."""
        confirmed: bool = await self.run(lambda uow: uow.mail_addresses.confirm(hash))
        return confirmed

    async def state(self, account_id: UUID) -> AddressState | None:
        """Return the state of an account's address; None without one."""
        found = await self.run(lambda uow: uow.mail_addresses.find(account_id))
        return None if found is None else found.state

    async def a_subscriber(self, account: UUID | None = None) -> UUID:
        """Store a follower of the club, or take this one, and confirm an address of the account."""
        account, hash_ = account or await self.a_follower(), a_hash()
        await self.put(account, f"{account}@example.org")
        mail = await self.take(hash_)
        assert mail is not None
        await self.run(lambda uow: uow.outgoing_mail.sent(mail))
        assert await self.confirm(hash_)
        return account

    async def happen(self, *titles: str) -> None:
        """Let books with these titles be registered, and the subscriber handle it."""
        for title in titles:
            book = await self.a_stored_book(title)
            await self.handle(await self.at(registered(book)))

    async def told_by(self, mail: Outgoing | None) -> list[str]:
        """Return the titles of the books of a digest."""

        async def read(uow: AbstractUnitOfWork) -> list[str]:
            assert isinstance(mail, DigestMail)
            return [notice.title for notice in await uow.outgoing_mail.notices(mail)]

        titles: list[str] = await self.run(read)
        return titles
