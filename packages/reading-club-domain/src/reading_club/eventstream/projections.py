"""Why a projection cannot be rebuilt."""

from collections.abc import Collection


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
    if gone := sorted({*types} & {*deleted}):
        return (
            f"the history does not reach back to the beginning: messages of the type {gone[0]} "
            f"were deleted, and {name} would lose their rows. Restore a backup that has them; "
            "READING_CLUB_MESSAGES_DAYS unset keeps all"
        )
    if lacking := sorted({*types} - {*subscribed}):
        return f"{name} is not subscribed to {lacking[0]} yet: start its worker first"
    return None
