"""How people come in, by a password or by a link: with a limit of attempts."""

from collections.abc import Awaitable, Callable

from fastapi import Request

from reading_club.app.accounts import membership
from reading_club.app.accounts.membership import LONGEST, NewMember
from reading_club.app.application import Application
from reading_club.app.web.identity import Caller
from reading_club.app.web.rate_limits import Kind, limits_of
from reading_club.domain.errors import WrongCredentials
from reading_club.service.accounts.accounts import Account

Admit = Callable[[Application, str, NewMember, str], Awaitable[tuple[Account, str]]]
"""Admits the holder of a link: ``membership.claim`` or ``membership.join``."""
KINDS: dict[Admit, Kind] = {membership.claim: "welcome", membership.join: "join"}


def user_agent(request: Request) -> str:
    """Return what the browser calls itself, as the label of a session."""
    return request.headers.get("user-agent", "")


async def enter_by_link(
    request: Request, application: Application, admit: Admit, link: str, new: NewMember
) -> tuple[Account, str]:
    """Admit the holder of the link; return the account and the session's id.

    Links that are valid do not count, as a whole club may join at one address. Raises RateLimited,
    LinkNotValid or NicknameTaken.
    """
    limits, kind = limits_of(request), KINDS[admit]
    await limits.require(kind, request)
    entered = await admit(application, link, new, user_agent(request))
    await limits.clear(kind, request)
    return entered


async def enter_by_password(
    request: Request, application: Application, caller: Caller, nickname: str, password: str
) -> tuple[Account, str]:
    """Log in; return the account and the session's id. The caller's session ends.

    What is too long for a member's is refused at once: to normalise it would take seconds.

    Raises RateLimited or WrongCredentials.
    """
    if max(len(nickname), len(password)) > LONGEST:
        raise WrongCredentials
    limits, label = limits_of(request), user_agent(request)
    await limits.require("log-in", request, nickname)
    entered = await membership.log_in(application, nickname, password, label, caller.session)
    await limits.clear("log-in", request, nickname)
    return entered
