"""The Jinja templates of the pages, with the filter ``story``."""

from pathlib import Path

from fastapi.templating import Jinja2Templates

from reading_club.app.web.stories import story

templates = Jinja2Templates(Path(__file__).parent)
templates.env.filters["story"] = story
