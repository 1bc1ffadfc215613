"""A merged log is compared with the model: paths are accepted, corrupted logs are refused."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from reading_club_functional.proof.traces import Refused, check_log, read_log

Calls = list[dict[str, Any]]
EVENT, SENDER, RELAY = "an event", "token of the sender", "token of a claim"


def call(
    action: str,
    token: str = "",
    *,
    begin: float,
    end: float,
    rows: Sequence[str] = ("",),
    **told: str,
) -> dict[str, Any]:
    """Return a call that concerns the event's rows, with one outcome for all of them."""
    keys = [[EVENT, name, told.get("outcome", "")] for name in rows]
    return {"action": action, "token": token, "keys": keys, "begin": begin, "end": end}


def healthy() -> Calls:
    """The log of an event that the sender publishes; its effect comes before the confirm."""
    return [
        call("commit", begin=1, end=2),
        call("publish", begin=3, end=6, outcome="confirmed"),
        call("receive", rows=["counting"], begin=4, end=5, outcome="effect"),
        call("delete", SENDER, begin=7, end=8),
    ]


def relayed() -> Calls:
    """The log of an event whose sender is killed amid its publication."""
    return [
        call("commit", begin=1, end=2),
        call("publish", begin=3, end=float("inf")),
        call("receive", rows=["counting"], begin=4, end=5, outcome="effect"),
        call("claim", RELAY, begin=20, end=21),
        call("publish", RELAY, begin=22, end=23, outcome="confirmed"),
        call("delete", RELAY, begin=24, end=25),
        call("receive", rows=["counting"], begin=26, end=27, outcome="skip"),
    ]


@pytest.mark.parametrize("log", [healthy, relayed])
def test_a_path_of_the_model_is_accepted(log: Callable[[], Calls]) -> None:
    """Calls overlap, and a killed process leaves calls without an end."""
    assert check_log(log(), "counting") == {EVENT}


def without(action: str, log: Calls) -> Calls:
    """Return the log without the first call of an action."""
    (first, *_) = (number for number, each in enumerate(log) if each["action"] == action)
    return log[:first] + log[first + 1 :]


CORRUPTED = {
    "an effect without a publication": without("publish", healthy()),
    "an event without a commit": without("commit", healthy()),
    "a second effect": [
        *relayed()[:-1],
        call("receive", rows=["counting"], begin=26, end=27, outcome="effect"),
    ],
    "a publication without a claim": without("claim", relayed()),
    "a row is deleted without a confirm": [
        healthy()[0],
        call("publish", begin=3, end=6, outcome="undecided"),
        healthy()[3],
    ],
    "a skipped message that was not received": [
        *healthy()[:2],
        call("receive", rows=["counting"], begin=4, end=5, outcome="skip"),
    ],
    "an effect before the publication": [
        healthy()[0],
        call("receive", rows=["counting"], begin=2.1, end=2.2, outcome="effect"),
        *healthy()[1:2],
    ],
    "a deletion before the publication": [
        healthy()[0],
        healthy()[3],
        healthy()[1] | {"begin": 9, "end": 10},
    ],
}


@pytest.mark.parametrize("log", CORRUPTED.values(), ids=CORRUPTED)
def test_a_corrupted_log_is_refused(log: Calls) -> None:
    """No steps that were not logged make a path of it."""
    with pytest.raises(Refused):
        check_log(log, "counting")


def test_calls_are_read_from_the_files_of_all_processes(tmp_path: Path) -> None:
    """The second line of a call has its end; without one the process was killed."""
    lines: dict[str, Calls] = {
        "7": [{"call": 0, "begin": 5, "action": "claim"}, {"call": 0, "end": 6}],
        "8": [{"call": 0, "begin": 2, "action": "publish"}],
    }
    for process, each in lines.items():
        text = "".join(f"{json.dumps(line)}\n" for line in each)
        (tmp_path / f"{process}.jsonl").write_text(text, encoding="utf-8")

    calls = read_log(tmp_path)

    assert [(each["process"], each["end"]) for each in calls] == [("8", float("inf")), ("7", 6)]
