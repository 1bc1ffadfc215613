"""Accounts, sessions, invitations and tokens, in memory."""
