"""The contracts of what members are told of, on SQL."""

from reading_club.testing.contracts import club


class TestFollows(club.FollowsContract):
    """What members follow, on SQL."""


class TestNotices(club.NoticesContract):
    """The notices on SQL."""


class TestFollowingFeeds(club.FollowingFeedsContract):
    """The private feeds on SQL."""
