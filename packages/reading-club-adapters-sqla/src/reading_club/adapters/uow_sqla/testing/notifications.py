"""The contracts of what members are told of, on SQL."""

from reading_club.testing.contracts import club


class TestNotices(club.FollowsContract, club.NoticesContract, club.FollowingFeedsContract):
    """What members follow, their notices and their feeds, on SQL."""


class TestMail(club.MailAddressesContract, club.OutgoingMailContract):
    """The addresses for notices, and the mail that is to be sent, on SQL."""
