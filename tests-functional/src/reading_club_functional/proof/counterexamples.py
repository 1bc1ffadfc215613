"""Violations as readable stories, in which each process and event keeps its name."""

from collections.abc import Iterator
from typing import Final

from reading_club_functional.proof.exploration import Story, Violation
from reading_club_functional.proof.model import Model
from reading_club_functional.proof.publishing import SENDER, Step
from reading_club_functional.proof.states import canonical

_OF_EVENTS: Final = {
    "commit": "The web process commits event {0}; its outbox row is leased to the sender.",
    "roll back": "The web process rolls back the transaction of event {0}.",
    "store the row first": "The web process commits the outbox row of event {0} alone.",
    "hand over before the commit": "The sender gets event {0}, which is not committed.",
}
_OF_PUBLISHERS: Final = {
    "claim": "claims every row that is due",
    "delete": "deletes the rows that it takes for confirmed",
    "fail": "counts a failed attempt",
    "split": "splits the returned row into one for each subscriber",
    "release": "gives back the rows that were not sent",
    "crash of a publishing process": "crashes",
}
_OF_CONSUMERS: Final = {
    "deliver": "gets {outcome} of event {event}",
    "count the attempt": "counts the attempt that it is about to begin",
    "skip": "skips the event, which has an inbox row",
    "begin to handle": "begins to handle the event",
    "commit the effect": "commits, or finds that another one has committed the inbox row",
    "fail to handle": "fails, for a reason of the event's own",
    "meet an outage": "meets an outage of the database",
    "record the failure": "records the failure, counted",
    "give up": "gives the event up: a dead letter, unless it was handled meanwhile",
    "take back the attempt": "takes the counted attempt back",
    "leave the attempt counted": "leaves the attempt counted",
    "try again": "tries again",
    "put off": "puts the event off into the outbox",
    "acknowledge": "acknowledges the message",
    "lose the connection of a consumer": "loses its connection: the broker has the message again",
    "crash of a consumer": "crashes",
}
_OF_NOBODY: Final = {
    "time passes": "Time passes: leases run out.",
    "the broker loses the queue": "The broker loses the queue with all that it has confirmed.",
    "reconcile": "The reconciler puts each missing event into the outbox.",
}


def story_of(violation: Violation, model: Model) -> str:
    """Return the steps to a violation as numbered lines, and the invariant that is violated."""
    steps = _named(violation.story, model)
    lines = [f"  {number}. {_sentence(step)}" for number, step in enumerate(steps, 1)]
    return "\n".join([*lines, f"  Violated: {violation.invariant}."])


def _named(story: Story, model: Model) -> Iterator[Step]:
    """Yield the steps once more, from the first state, without the permutations between them."""
    state = model.first
    for wanted, target in story[1:]:
        assert wanted
        step, state = next(
            (step, after)
            for step, after in model.steps(state)
            if step.kind == wanted.kind and canonical(after) == target
        )
        yield step


def _sentence(step: Step) -> str:
    action, number, outcome = step.action, step.number, ", ".join(step.outcome)
    if action in _OF_EVENTS:
        return _OF_EVENTS[action].format(number + 1)
    if action in _OF_NOBODY:
        return _OF_NOBODY[action]
    if action in _OF_CONSUMERS:
        told = _OF_CONSUMERS[action].format(outcome=outcome, event=step.event + 1)
        return f"Consumer {number + 1} {told}."
    name = "The sender" if number == SENDER else f"Relay {number}"
    if action == "publish":
        return f"{name} publishes its batch: {outcome}."
    return f"{name} {_OF_PUBLISHERS[action]}."
