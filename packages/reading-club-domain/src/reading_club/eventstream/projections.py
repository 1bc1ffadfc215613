"""Why a projection cannot be rebuilt."""

from collections.abc import Collection

from reading_club.eventstream.errors import RebuildRefused


def gap_of(name: str, types: Collection[str], deleted: Collection[str]) -> str | None:
    """Return which of these types has a gap in the history, and what to do; None if none has."""
    if gone := sorted({*types} & {*deleted}):
        return (
            f"the history does not reach back to the beginning: messages of the type {gone[0]} "
            f"were deleted, and {name} would lose their rows. Restore a backup that has them; "
            "READING_CLUB_MESSAGES_DAYS unset keeps all"
        )
    return None


def require_no_gap(name: str, types: Collection[str], deleted: Collection[str]) -> None:
    """Raise RebuildRefused if messages of these types were deleted since the rebuild began."""
    if gap := gap_of(name, types, deleted):
        raise RebuildRefused(f"{gap}. Cancel this rebuild: the old rows are complete")


def refusal(
    name: str,
    types: Collection[str],
    subscribed: Collection[str],
    deleted: Collection[str],
    *,
    has_tables: bool,
) -> str | None:
    """Return why a projection cannot be built from events of these types, and what to do.

    ``deleted`` are the types of which messages were deleted from the history. None if it can be
    rebuilt.
    """
    if not has_tables:
        return f"{name} has no tables with generations: there is nothing to rebuild"
    if gap := gap_of(name, types, deleted):
        return gap
    if lacking := sorted({*types} - {*subscribed}):
        return f"{name} is not subscribed to {lacking[0]} yet: start its worker first"
    return None
