"""The commands ``reading-club tokens``."""

import pytest
from click.testing import CliRunner, Result

from reading_club.app.cli import main


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments, input="correct horse\n")


@pytest.fixture(autouse=True)
def olga(data_dir: object) -> None:  # noqa: ARG001  # the database
    """A club with the organiser Olga."""
    assert call("members", "add", "Olga", "--organiser").exit_code == 0


def test_a_token_is_printed_once_and_listed_until_it_is_revoked() -> None:
    """The list has its id, its last use and its name, and not the token."""
    made = call("tokens", "create", "olga", "a script").output.strip()
    listed = call("tokens", "list", "Olga").output
    revoked = call("tokens", "revoke", "Olga", listed.split()[0])

    assert len(made) == 43
    assert made not in listed
    assert listed.endswith("  never used  a script\n")
    assert revoked.output == "revoked\n"
    assert call("tokens", "list", "Olga").output == ""


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("create", "Eve", "a script"), "no member has the nickname 'Eve'"),
        (("create", "Olga", " "), "the name must not be empty"),
        (("revoke", "Olga", f"{0:032x}"), f"Olga has no token {0:08x}-0000-0000-0000-{0:012x}"),
    ],
)
def test_a_refusal_is_one_line(arguments: tuple[str, ...], error: str) -> None:
    """Exit code 2, and no token is made."""
    refused = call("tokens", *arguments)

    assert refused.exit_code == 2
    assert refused.stderr == f"reading-club: {error}\n"
    assert call("tokens", "list", "Olga").output == ""
