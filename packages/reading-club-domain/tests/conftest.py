"""Fixtures of tests in memory."""

import pytest

from reading_club.testing.dead_letters_command_line import DeadLettersCommandLine


@pytest.fixture
def shop() -> DeadLettersCommandLine:
    """A program without dead letters, and its command line."""
    return DeadLettersCommandLine()
