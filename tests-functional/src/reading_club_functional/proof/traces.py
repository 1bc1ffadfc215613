"""Logs of real processes, merged for each event, as paths of the model.

What a log does not tell, such as a delivery, an acknowledgement, a crash or the passing of time, is
filled in by steps of the model. A call takes effect at some moment between its two lines.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, Final, NamedTuple

from reading_club_functional.proof.guards import Size
from reading_club_functional.proof.model import Model
from reading_club_functional.proof.publishing import SENDER, Step, next_finish
from reading_club_functional.proof.states import TO_ALL, TO_ONE, State

LOGGED: Final = {
    *("commit", "claim", "publish", "delete", "release", "split", "fail"),
    *("commit the effect", "skip"),
}
"""The actions of the model that a log tells."""
_FAULTS: Final = {"undecided", "returned", "refused"}
_REPORTED: Final = {"confirm lost": "undecided", "not sent": "undecided"}
MOST_FAULTS: Final = 3
"""How many faults may fill in a path, beside those that the log tells."""


class Call(NamedTuple):
    """A call that concerns one event and one subscriber, or all of them."""

    action: str
    batch: int
    """The position of the batch in the model: 0 for the sender, from 1 for each claim."""
    outcomes: tuple[tuple[int, str], ...]
    """The rows, for all subscribers and for the one, each with its outcome."""
    begin: float
    end: float
    """Infinity if the process was killed before the call returned."""


@dataclass(frozen=True)
class Refused(Exception):
    """The calls of one event, for one subscriber, are no path of the model."""

    event: str
    calls: Sequence[Call]


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Return the calls of all processes, ordered by their beginning."""
    found = list[dict[str, Any]]()
    for path in sorted(folder.glob("*.jsonl")):
        calls: dict[int, dict[str, Any]] = {}
        for text in path.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            calls.setdefault(line["call"], {"end": inf, "process": path.stem}).update(line)
        found += calls.values()
    return sorted(found, key=lambda call: call["begin"])


def check_log(calls: Sequence[Mapping[str, Any]], subscriber: str) -> frozenset[str]:
    """Return the ids of the events, as the calls of each are a path. Raises Refused."""
    by_event = calls_of_events(calls, subscriber)
    known = dict[object, bool]()
    for event, each in by_event.items():
        shape = _shape(each)
        if shape not in known:
            known[shape] = is_path(each)
        if not known[shape]:
            raise Refused(event, each)
    return frozenset(by_event)


def calls_of_events(
    calls: Sequence[Mapping[str, Any]], subscriber: str
) -> Mapping[str, Sequence[Call]]:
    """Return the calls that concern each event, with the positions of their batches."""
    found, batches = defaultdict[str, list[Call]](list), defaultdict[str, dict[str, int]](dict)
    for call in calls:
        rows = defaultdict[str, list[tuple[int, str]]](list)
        for event, name, outcome in call["keys"]:
            if name in {"", subscriber}:
                rows[event].append((TO_ONE if name else TO_ALL, outcome))
        for event, outcomes in rows.items():
            if call["action"] == "claim":
                batches[event][call["token"]] = len(batches[event]) + 1
            batch = batches[event].get(call["token"], SENDER)
            told = Call(call["action"], batch, tuple(sorted(outcomes)), call["begin"], call["end"])
            found[event].append(told)
    return found


def _shape(calls: Sequence[Call]) -> object:
    """Return what the answer depends on: the calls, and the order of their ends and beginnings."""
    times = sorted({time for call in calls for time in (call.begin, call.end)} - {inf})
    rank = {time: number for number, time in enumerate([*times, inf])}
    return tuple((*call[:3], rank[call.begin], rank[call.end], call.end == inf) for call in calls)


def is_path(calls: Sequence[Call]) -> bool:
    """Whether the model has a path with these calls, with as few faults as that needs."""
    told = sum(outcome in _FAULTS for call in calls for _, outcome in call.outcomes)
    return any(_Search(calls, told + more).succeeds() for more in range(MOST_FAULTS + 1))


class _Search:
    """Searches for a path, with the set of calls that are on it so far as part of each state."""

    def __init__(self, calls: Sequence[Call], faults: int) -> None:
        self._calls = calls
        relays = max((call.batch for call in calls), default=0)
        self._model = Model(Size(1, max(relays, 1), 2, faults, 5))

    def succeeds(self) -> bool:
        everything = frozenset(n for n, call in enumerate(self._calls) if call.end < inf)
        waiting = [(self._model.first, frozenset[int]())]
        seen = set(waiting)
        while waiting:
            state, done = waiting.pop()
            if everything <= done:
                return True
            for each in self._next(state, done):
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)
        return False

    def _next(self, state: State, done: frozenset[int]) -> Iterator[tuple[State, frozenset[int]]]:
        left = [number for number in range(len(self._calls)) if number not in done]
        first_end = min(self._calls[number].end for number in left)
        for step, after in self._model.steps(state):
            if step.action not in LOGGED:
                yield after, done
                continue
            for number in left:
                call = self._calls[number]
                if call.begin <= first_end and _is(call, step, state, after):
                    yield after, done | {number}


def _is(call: Call, step: Step, state: State, after: State) -> bool:
    """Whether this step of the model is the call."""
    if call.action in {"commit", "receive"}:
        return _is_commit(call, step, state, after)
    if (call.action, call.batch) != (step.action, step.number):
        return False
    rows, batch = [row for row, _ in call.outcomes], state.batches[step.number]
    if step.action == "claim":
        return rows == [row for row, held in enumerate(after.batches[step.number]) if held]
    if step.action != "publish":
        return rows == next_finish(batch, step.number)[1]
    reported = [_REPORTED.get(outcome, outcome) for outcome in step.outcome]
    told = [outcome for _, outcome in call.outcomes]
    published = [row for row, held in enumerate(batch) if held]
    return rows == published and all(a in {"", b} for a, b in zip(told, reported, strict=True))


def _is_commit(call: Call, step: Step, state: State, after: State) -> bool:
    if call.action == "commit":
        return step.action == "commit"
    (_, outcome), *_ = call.outcomes
    took_effect = after.events[0].effects > state.events[0].effects
    if step.action == "skip" or took_effect:
        return outcome in {"", "effect" if took_effect else "skip"}
    return False
