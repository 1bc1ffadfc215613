"""What is true of every test run here, whichever packages are in it."""

import gc


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what was imported: there is much of it, and it stays."""
    gc.collect()
    gc.freeze()
