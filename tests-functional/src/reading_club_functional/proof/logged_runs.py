"""Runs of real processes whose logs are compared with the model at their end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from unittest.mock import patch
from uuid import UUID

from reading_club_functional.cluster import SUBSCRIBER_NAMES, ClubCluster
from reading_club_functional.proof.logged_command import FOLDER, MODULE
from reading_club_functional.proof.traces import check_log, read_log

EVENTS = "SELECT id FROM messages WHERE type = 'book_registered_v1'"


@contextmanager
def logged(club: ClubCluster, *, only_if: bool = True) -> Iterator[None]:
    """Let the club's processes log their calls; then end them, and check each stored event.

    Raises Refused for an event whose calls are no path of the model, and AssertionError for one
    without calls.
    """
    if not only_if:
        yield
        return
    folder = club.folder / "protocol"
    folder.mkdir()
    club.module = MODULE
    with patch.dict(os.environ, {FOLDER: str(folder)}):
        yield
    stored = {str(UUID(str(id_))) for (id_,) in club.database.rows(EVENTS)}
    club.close()
    calls = read_log(folder)
    killed = sum(call["end"] == inf and bool(call["keys"]) for call in calls)
    claims = sum(call["action"] == "claim" and bool(call["keys"]) for call in calls)
    print(f"{len(stored)} events; {len(calls)} calls, {killed} ended by a kill; {claims} claims")
    for name in SUBSCRIBER_NAMES:
        assert check_log(calls, name) >= stored
