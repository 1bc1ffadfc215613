"""Back-off between the attempts of a message."""

from itertools import islice

from reading_club.eventstream.outbox.backoff import Backoff


def test_delays_double_up_to_the_cap() -> None:
    """Delays double up to the cap, which bounds the reaction to the end of an outage."""
    backoff = Backoff(first=0.5, cap=3.0, jitter=lambda: 0.0)

    assert list(islice(backoff.delays(), 6)) == [0.5, 1.0, 2.0, 3.0, 3.0, 3.0]


def test_jitter_takes_up_to_a_half() -> None:
    """Jitter shortens a delay by up to a half, so that workers retry at different times."""
    assert list(islice(Backoff(first=1, jitter=lambda: 1.0).delays(), 2)) == [0.5, 1.0]
    assert all(0.05 <= next(Backoff().delays()) <= 0.1 for _ in range(100))
