"""The examination of a running club by ``reading-club doctor``."""
