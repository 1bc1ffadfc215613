"""Accounts over HTTP: API and pages of members, sessions, invitations and tokens."""
