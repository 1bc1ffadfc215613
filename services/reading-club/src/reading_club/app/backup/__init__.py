"""Backup and restore of a club's database: copies of a SQLite file, commands for PostgreSQL."""
