"""What the failures that ``reading-club status`` names mean, and what to do about them."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from reading_club.app.doctor.findings import Finding


class Advice(NamedTuple):
    """What a failure means, by a pattern of its sentence."""

    about: str
    pattern: str
    means: str
    do: str


WAITS: Final = "events wait in the outbox, and none is lost"
ADVICE: Final = (
    Advice(
        "database",
        r"database: (?=.*migrate)",
        "no process of this release starts",
        "run `reading-club migrate` once, with this release",
    ),
    Advice(
        "database",
        r"database: ",
        "nothing is read or stored",
        "start the database, or correct READING_CLUB_DATABASE_URL",
    ),
    Advice("broker", r"broker: ", WAITS, "start the broker, or correct READING_CLUB_BROKER_URL"),
    Advice(
        "outbox",
        r"outbox: ",
        "events reach their subscribers late",
        "see that a relay runs, and that it reaches the broker",
    ),
    Advice(
        "queues",
        r"\S+ events? waits? for ",
        "this subscriber alone gets none of them",
        "mend what the broker says of the queue; the relay tries again each minute",
    ),
    Advice(
        "processes",
        r"no relay is running",
        "events of a process that has died stay in the outbox, and lost ones are not sent again",
        "start `reading-club relay`",
    ),
    Advice(
        "processes",
        r"no worker of (?P<name>\S+) ",
        "its events wait in its queue",
        "start `reading-club worker --subscriber {name}`",
    ),
    Advice(
        "processes",
        r"the clock of ",
        "times that its process writes are wrong",
        "let that machine take its time from the network (NTP)",
    ),
    Advice(
        "subscribers",
        r"(?P<name>\S+) is late: ",
        "its part of the club is not up to date",
        "see the log of `reading-club worker --subscriber {name}`",
    ),
)
OTHER: Final = Advice(
    "status", "", "part of the club is not working or not known", "see the log of that process"
)


def findings_of(culprits: Iterable[str]) -> Iterator[Finding]:
    """Yield a finding for each failure of the status."""
    for culprit in culprits:
        found = ((each, re.match(each.pattern, culprit)) for each in (*ADVICE, OTHER))
        advice, match = next((each, match) for each, match in found if match)
        yield Finding(
            about=advice.about,
            wrong=culprit,
            means=advice.means,
            do=advice.do.format(**match.groupdict()),
        )
