"""``reading-club run``: broker, web, relay and workers as child processes, in one data folder."""
