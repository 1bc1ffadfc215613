"""Dead letters and their groups as text, for a terminal and for programs."""

import json

from reading_club.eventstream.ports.dead_letters import DeadLetter, DeadLetterGroup
from reading_club.eventstream.printable import printable


def line(dead_letter: DeadLetter) -> str:
    """Return a line about a dead letter, without its envelope."""
    kind = "parked" if dead_letter.parked else f"{dead_letter.attempts} attempts"
    moment = dead_letter.set_aside_at.isoformat(timespec="seconds")
    subject = f"{dead_letter.subscriber}  {dead_letter.type or '(no type)'}"
    text = f"{subject}  {kind}  {dead_letter.error}"
    return f"{dead_letter.message_id}  {moment}  {printable(text)}"


def group_line(group: DeadLetterGroup) -> str:
    """Return a line about a group: its number, the times of its ends, and its name."""
    oldest, newest = (each.isoformat(timespec="seconds") for each in (group.oldest, group.newest))
    parked = "  (parked)" if group.parked else ""
    return f"{group.count:>7}  {oldest}  {newest}  {printable(group.name)}{parked}"


def as_json(dead_letter: DeadLetter) -> str:
    """Return a dead letter whole, as JSON: in ASCII if its envelope has what UTF-8 has not."""
    try:
        return dead_letter.model_dump_json(indent=2)
    except ValueError:
        return json.dumps(dead_letter.model_dump(), indent=2, default=str)
