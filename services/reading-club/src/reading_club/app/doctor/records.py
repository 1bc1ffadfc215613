"""What is wrong by the records in the database: subscriptions, pauses, dead letters, processes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from reading_club.app.doctor.findings import Finding
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.description import outdated
from reading_club.eventstream.outside import OutsideSubscriber
from reading_club.eventstream.ports.dead_letters import RELAY, DeadLetterGroup
from reading_club.eventstream.ports.heartbeats import Heartbeat
from reading_club.eventstream.wire import wire_type
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.service.versions import VERSIONS


def outside_findings(subscribers: Iterable[OutsideSubscriber]) -> Iterator[Finding]:
    """Yield each type of a subscriber outside that is not known, or has a newer version."""
    known = frozenset(map(wire_type, EVENTS))
    for each in subscribers:
        for type_ in sorted(each.types - known):
            yield Finding(
                about="subscribers",
                wrong=f"{each.name}, outside the club, wants {type_}, which this release has not",
                means="no such event is sent",
                do=f"see which version the program handles, and run `reading-club subscribers add "
                f"{each.name} TYPE`",
            )
        for older, newest in outdated(each.types, EVENTS, VERSIONS).items():
            yield Finding(
                about="subscribers",
                wrong=f"{each.name}, outside the club, knows {older} and not {newest}",
                means=f"it gets nothing once {older} is no longer published",
                do=f"let the program handle {newest} as well, and then run `reading-club "
                f"subscribers add {each.name} {newest}`",
            )


def removed_findings(subscribed: Mapping[str, object]) -> Iterator[Finding]:
    """Yield each subscriber in the database that this release does not have."""
    for name in sorted(subscribed.keys() - {subscriber.name for subscriber in SUBSCRIBERS}):
        yield Finding(
            about="subscribers",
            wrong=f"the database has subscriptions of {name}, which is no subscriber of this "
            "release",
            means="its queue, if the broker still has it, fills with events that no worker takes",
            do=f"delete the queue eventstream.{name} on the broker, and the rows of {name} in the "
            "table subscriptions",
        )


def pause_findings(paused: Mapping[str, datetime]) -> Iterator[Finding]:
    """Yield each paused subscriber."""
    for name, since in sorted(paused.items()):
        yield Finding(
            about="subscribers",
            wrong=f"{name} is paused since {since.isoformat(timespec='seconds')}",
            means="its events wait in its queue",
            do=f"run `reading-club subscribers resume {name}` when the reason is gone",
        )


def dead_letter_findings(groups: Iterable[DeadLetterGroup]) -> Iterator[Finding]:
    """Yield each subscriber that has dead letters, and the relay if it has some."""
    counts = Counter[str]()
    for group in groups:
        counts[group.subscriber] += group.count
    for name, number in sorted(counts.items()):
        letters = "1 dead letter" if number == 1 else f"{number} dead letters"
        owner = "the relay" if name == RELAY else name
        yield Finding(
            about="dead letters",
            wrong=f"{owner} has {letters}",
            means="these events have had no effect there",
            do=f"see them by `reading-club dead-letters list --subscriber {name}`, mend the "
            "cause, and retry or discard them",
        )


def release_findings(beats: Sequence[Heartbeat], release: str) -> Iterator[Finding]:
    """Yield each running process of another release."""
    for beat in beats:
        if beat.fresh and beat.process.release != release:
            yield Finding(
                about="processes",
                wrong=f"{beat.process} runs release {beat.process.release}, and this is {release}",
                means="both work together while an upgrade lasts, and not for good",
                do="start it again with the new release",
            )
