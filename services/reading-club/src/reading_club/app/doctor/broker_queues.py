"""What is wrong with the queues on the broker."""

from collections.abc import Iterator
from typing import Any

from reading_club.app.doctor.findings import Finding
from reading_club.eventstream.ports.queues import QueueState
from reading_club.eventstream.subscriber import Subscriber


def queue_findings(
    subscriber: Subscriber[Any, Any], queue: QueueState, *, outside: bool, paused: bool
) -> Iterator[Finding]:
    """Yield what is wrong with the queue of a subscriber.

    ``outside`` is that of another program, whose consumers are not the club's.
    """
    resend = (
        f"`reading-club replay --subscriber {subscriber.name}`" if outside else "the reconciler"
    )
    if not queue.exists:
        yield _missing(subscriber, queue, resend)
    elif queue.refusal:
        yield _refused(queue)
    elif queue.missing_bindings:
        yield _unbound(subscriber, queue, resend)
    if queue.exists and queue.consumers == 0 and not paused:
        yield _unconsumed(subscriber, queue, outside=outside)


def _missing(subscriber: Subscriber[Any, Any], queue: QueueState, resend: str) -> Finding:
    return Finding(
        about="queues",
        wrong=f"queue {queue.name} does not exist",
        means=f"events for {subscriber.name} have no place on the broker",
        do=f"start a relay, which declares it within a minute; {resend} sends events again",
    )


def _unbound(subscriber: Subscriber[Any, Any], queue: QueueState, resend: str) -> Finding:
    return Finding(
        about="queues",
        wrong=f"queue {queue.name} is not bound to {', '.join(queue.missing_bindings or ())}",
        means=f"these events do not reach {subscriber.name}",
        do=f"start a relay, which binds it within a minute; {resend} sends events again",
    )


def _refused(queue: QueueState) -> Finding:
    return Finding(
        about="queues",
        wrong=queue.refusal,
        means="it exists with other arguments, or belongs to another user, and its workers do not "
        "start; what is routed to it may still arrive",
        do=f"stop its workers, delete it by `rabbitmqctl delete_queue {queue.name}`, and start "
        "them again; the reconciler sends its events again",
    )


def _unconsumed(subscriber: Subscriber[Any, Any], queue: QueueState, *, outside: bool) -> Finding:
    what = "1 message waits" if queue.messages == 1 else f"{queue.messages} messages wait"
    start = f"`reading-club worker --subscriber {subscriber.name}`"
    return Finding(
        about="queues",
        wrong=f"queue {queue.name} has no consumer",
        means=f"{what} in it",
        do=f"start the program {subscriber.name}" if outside else f"start {start}",
    )
