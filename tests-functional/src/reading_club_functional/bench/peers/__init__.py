"""Alternatives to the club that do the same work, each wired as its documentation shows."""
