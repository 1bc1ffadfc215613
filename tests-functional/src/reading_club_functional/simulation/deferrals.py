"""The invariants of deferrals: what never began is taken back, and no count of another one."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from reading_club.eventstream.ports.inbox import InboxKey
from reading_club_functional.simulation.processes import CURRENT, Process
from reading_club_functional.simulation.scenarios import ATTEMPTS

if TYPE_CHECKING:
    from reading_club_functional.simulation.invariants import Invariants


class DeferralInvariants:
    """Follows which process may take each count back."""

    def __init__(self, invariants: "Invariants") -> None:
        self._all = invariants
        self._counters = defaultdict[InboxKey, list[Process | None]](list)
        """The process that has counted each attempt; None for one that has failed. The last one is
        made again until the dead letter is stored."""

    def committed(
        self,
        failed: Collection[tuple[InboxKey, int]],
        deferred: Collection[InboxKey],
        unbegun: Mapping[InboxKey, tuple[Process, int]],
    ) -> None:
        """Check a transaction that has recorded failures, and deferred what never began."""
        attempts, process = self._all.database.attempts, CURRENT.get()
        for key in self._counters.keys() | attempts.keys():
            count = attempts.get(key)
            self._follow(key, 0 if count is None else count.number, forgotten=count is None)
        for key, number in failed:
            if number <= len(self._counters[key]) and number < ATTEMPTS:
                self._counters[key][number - 1] = None
        for key in deferred:
            is_alone = not self._is_done(key) and self._all.broker.in_hand(key) == 1
            number = len(self._counters[key])  # one more than the limit is no attempt
            is_attempt = number <= ATTEMPTS and unbegun.get(key) == (process, number)
            if is_alone and is_attempt:
                detail = f"an attempt of {_name(key)} is counted, and put off before it began"
                self._all.violated("an outage is not poison", detail)

    def doubted(self, failed: Collection[tuple[InboxKey, int]]) -> None:
        """Note that a process does not know if its latest transaction was committed.

        ``failed`` are the failures that it has recorded; it may repeat them.
        """
        for key, number in failed:
            if number <= len(self._counters[key]):
                self._counters[key][number - 1] = CURRENT.get()

    def _is_done(self, key: InboxKey) -> bool:
        """Whether the message is handled or given up: its attempts decide nothing any more."""
        return key in self._all.database.inbox or key in self._all.database.dead_letters

    def _follow(self, key: InboxKey, number: int, *, forgotten: bool) -> None:
        """Check that a count that is taken back is one of this process."""
        counters, process = self._counters[key], CURRENT.get()
        if forgotten:
            counters.clear()
        elif number < len(counters):
            if process in counters:
                counters.remove(process)
            elif self._all.broker.number[key] == 1 and not self._is_done(key):
                detail = f"attempt {len(counters)} of {_name(key)} is taken back by another one"
                self._all.violated("attempts are counted", detail)
        del counters[number:]
        counters += [process] * (number - len(counters))


def _name(key: InboxKey) -> str:
    return f"{key.message_id.int} of {key.subscriber}"
