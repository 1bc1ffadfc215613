"""The contracts of accounts on SQL."""

from reading_club.testing.contracts import club


class TestAccounts(club.AccountsContract):
    """The accounts on SQL."""


class TestSessions(club.SessionsContract):
    """The sessions on SQL."""


class TestInvitations(club.InvitationsContract):
    """The invitations on SQL."""


class TestWelcomeLink(club.WelcomeLinkContract):
    """The welcome link on SQL."""


class TestTokens(club.TokensContract):
    """The tokens of the API on SQL."""


class TestSecrecy(club.SecrecyContract):
    """The secrets of accounts on SQL."""
