"""The club in one folder: database file, broker and processes, started and stopped as one."""
