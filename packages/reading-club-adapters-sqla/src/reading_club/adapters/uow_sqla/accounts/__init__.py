"""Accounts, sessions, invitations and tokens on SQL."""
