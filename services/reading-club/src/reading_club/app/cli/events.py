"""The commands ``reading-club events``: show and list."""

from reading_club.app.cli.dead_letters import units_of_work
from reading_club.eventstream.events_cli import events_group

events = events_group(units_of_work)
