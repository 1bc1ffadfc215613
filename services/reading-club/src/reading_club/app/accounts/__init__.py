"""Use cases of accounts: how people come in, what organisers do, passwords and tokens."""
