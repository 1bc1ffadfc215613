"""``/privacy``: a page for visitors as well, also where only members may look."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from reading_club.app.web.identity import club_of_page
from reading_club.app.web.templates import templates

router = APIRouter(include_in_schema=False, dependencies=[Depends(club_of_page)])


@router.get("/privacy")
async def privacy(request: Request) -> HTMLResponse:
    """Show what the club keeps of its members, and for how long."""
    return templates.TemplateResponse(request, "privacy.html")
