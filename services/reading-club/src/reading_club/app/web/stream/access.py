"""Who opens the pages of the stream, and sends their forms: organisers with a password."""

from typing import Final

from fastapi import Depends

from reading_club.app.web.html_forms import require_form
from reading_club.app.web.identity import club_of_page, require_organiser_session

PAGE: Final = (Depends(require_organiser_session), Depends(club_of_page))
"""The dependencies of every page of the stream."""
FORM: Final = (*PAGE, Depends(require_form))
"""The dependencies of what a form on such a page is sent to."""
