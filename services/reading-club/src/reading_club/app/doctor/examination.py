"""The examination of a running club: every part that can be reached, none of which is changed."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import Any

from reading_club.app.bootstrap.doctor import Records, open_queues, open_records
from reading_club.app.doctor.advice import findings_of
from reading_club.app.doctor.broker_queues import queue_findings
from reading_club.app.doctor.findings import Finding, Report
from reading_club.app.doctor.own_machine import (
    open_ports,
    readable_files,
    unusable_broker,
    unusable_database,
)
from reading_club.app.doctor.records import (
    dead_letter_findings,
    outside_findings,
    pause_findings,
    release_findings,
    removed_findings,
)
from reading_club.app.health import result_of
from reading_club.app.settings import Settings
from reading_club.app.status import QUERY_TIMEOUT, Status, status_of
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.outside import OutsideSubscriber, outside_subscribers
from reading_club.eventstream.ports.dead_letters import DeadLetterGroup
from reading_club.eventstream.ports.heartbeats import Heartbeat
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.subscribers import SUBSCRIBERS

BROKER = "broker: "
"""The start of what the status says of the broker."""
GROUPS = 1000
"""Maximum of groups of dead letters that are counted."""


@dataclass(frozen=True)
class Recorded:
    """What the database has on record."""

    outside: Sequence[OutsideSubscriber] = ()
    subscribed: Mapping[str, object] = field(default_factory=dict)
    paused: Mapping[str, datetime] = field(default_factory=dict)
    letters: Sequence[DeadLetterGroup] = ()
    beats: Sequence[Heartbeat] = ()

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with it."""
        yield from outside_findings(self.outside)
        yield from removed_findings(self.subscribed)
        yield from pause_findings(self.paused)
        yield from dead_letter_findings(self.letters)
        yield from release_findings(self.beats, version("reading-club"))


async def examine(settings: Settings) -> Report:
    """Return what is wrong with the club of these settings."""
    no_database, no_broker = unusable_database(settings), unusable_broker(settings)
    findings = [*no_database, *no_broker, *open_ports(settings), *readable_files(settings)]
    examined = ["settings", "files"]
    if not no_database:
        status = await status_of(settings)
        told = [each for each in status.culprits if not (no_broker and each.startswith(BROKER))]
        findings += findings_of(told)
        examined += ["database", "broker", "outbox", "processes"]
        recorded = await _recorded(settings, status, findings)
        if recorded is not None:
            findings += recorded.findings()
            examined += ["subscribers", "dead letters"]
        if status.health.broker.ok and recorded is not None:
            findings += await asyncio.to_thread(_queues, settings, recorded)
            examined.append("queues")
    return Report(findings=findings, examined=examined)


async def _recorded(settings: Settings, status: Status, findings: list[Finding]) -> Recorded | None:
    """Return the records; None of a database that is not usable, or does not answer."""
    if not status.health.database.ok:
        return None
    async with open_records(settings) as records:
        recorded, failure = await result_of(_read(records), QUERY_TIMEOUT)
    if failure:
        findings += findings_of([f"the records: {failure}"])
    return recorded


async def _read(records: Records) -> Recorded:
    async with records.make_uow() as transaction:
        uow = transaction.uow
        recorded = Recorded(
            await outside_subscribers(uow),
            await uow.subscriptions.own(),
            await uow.pauses.list(),
            await uow.dead_letters.groups(limit=GROUPS),
            await records.heartbeats.list(),
        )
        await transaction.rollback()
    return recorded


def _queues(settings: Settings, recorded: Recorded) -> list[Finding]:
    """Return what is wrong with the queues; the rest is not asked once the broker is away."""
    known: list[tuple[Subscriber[Any, Any], bool]] = [(each, False) for each in SUBSCRIBERS]
    known += [(each, True) for each in recorded.outside]
    found: list[Finding] = []
    with open_queues(settings) as queues:
        for subscriber, outside in known:
            try:
                state = queues.inspect(subscriber)
            except EventstreamUnavailable as exc:
                return [*found, *findings_of([f"{BROKER}{exc}"])]
            paused = subscriber.name in recorded.paused
            found += queue_findings(subscriber, state, outside=outside, paused=paused)
    return found
