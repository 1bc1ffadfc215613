"""A club as ``services/reading-club/deploy`` has it: roles, secrets, units of systemd, TLS."""
