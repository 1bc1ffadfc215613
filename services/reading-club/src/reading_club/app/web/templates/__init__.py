"""The Jinja templates of the pages, with the filter ``activity_text``."""

from pathlib import Path

from fastapi.templating import Jinja2Templates

from reading_club.app.web.activity_text import activity_text

templates = Jinja2Templates(Path(__file__).parent)
templates.env.filters["activity_text"] = activity_text
