"""How a member gets another password: by the present one, or by a link of an organiser."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from reading_club.app.accounts.membership import LONGEST, Password, not_the_nickname, start_session
from reading_club.app.application import Application
from reading_club.domain.errors import LinkNotValid, WrongPassword
from reading_club.service.accounts.accounts import Account
from reading_club.service.accounts.secrets import SecretHash, hash_of


class NewPassword(BaseModel):
    """A new password of the member with this nickname."""

    model_config = ConfigDict(frozen=True)

    nickname: str
    new_password: Annotated[Password, AfterValidator(not_the_nickname)]

    @property
    def secret(self) -> str:
        """The password itself."""
        return self.new_password.get_secret_value()


async def require_password(application: Application, account: Account, password: str) -> None:
    """Raise WrongPassword unless the member has this password, at once if it is too long."""
    if len(password) > LONGEST:
        raise WrongPassword
    async with application.reading() as uow:
        credentials = await uow.accounts.credentials(account.nickname)
    stored = None if credentials is None else credentials.password_hash
    if not await application.passwords.verify(password, stored):
        raise WrongPassword


async def change_password(
    application: Application,
    account: Account,
    present: str,
    new: NewPassword,
    keep: SecretHash | None,
) -> None:
    """Replace the password; all sessions of the member end but ``keep``. Raises WrongPassword."""
    await require_password(application, account, present)
    password_hash = await application.passwords.hash(new.secret)
    async with application.writing() as transaction:
        await transaction.uow.accounts.change_password(account.id, password_hash, keep=keep)


async def account_of_link(application: Application, link: str) -> Account:
    """Return whose password the link can replace, and leave the link as it is.

    Raises LinkNotValid.
    """
    async with application.unit_of_work() as transaction:
        account = await transaction.uow.password_links.redeem(hash_of(link))
        await transaction.rollback()
    if account is None:
        raise LinkNotValid
    return account


async def replace_forgotten_password(
    application: Application, link: str, new: NewPassword, label: str
) -> tuple[Account, str]:
    """Use the link up: replace the password, end all sessions, and start a new one.

    Returns the account and the session's id. Raises LinkNotValid.
    """
    password_hash = await application.passwords.hash(new.secret)
    async with application.writing() as transaction:
        uow = transaction.uow
        account = await uow.password_links.redeem(hash_of(link))
        if account is None:
            raise LinkNotValid
        await uow.accounts.change_password(account.id, password_hash)
        credentials = await uow.accounts.credentials(account.nickname)
        if credentials is None:
            raise LinkNotValid
        return account, await start_session(uow, credentials, label)
