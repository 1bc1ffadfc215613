"""Chromium on the pages of a club that runs."""
