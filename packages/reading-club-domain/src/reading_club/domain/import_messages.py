"""The event of imports, see ``messages``."""

from uuid import UUID

from messagebus import Metadata

from reading_club.domain.message_base import ClubEvent, event_metadata


class ImportStepDue(ClubEvent):
    """Some rows of an import are to be handled next. The steps count from 1."""

    import_id: UUID
    step: int
    metadata: Metadata = event_metadata("import_step_due")
