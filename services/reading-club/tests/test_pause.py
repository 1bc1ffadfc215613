"""Pausing a subscriber: the commands, the status, and the how-to page that shows them."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.app.cli import main
from reading_club.app.testing.database_file import NOW, publish, rows

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "pause-a-subscriber.md"
CONSOLE = re.compile(r"^```console\n\$ reading-club (.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)
REFUSED = (
    "INSERT INTO outbox (message_id, subscriber, token, leased_until, attempts, reason) "
    f"VALUES (?, 'activity', ?, {NOW.format(20)}, 1, 'the queue is full')"
)


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that is available."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")


def call(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments)


def culprits() -> list[str]:
    """Return the culprits of ``status``."""
    found: list[str] = json.loads(call("status", "--json").output)["culprits"]
    return found


@pytest.mark.usefixtures("data_dir")
def test_a_pause_is_told_with_its_start_and_ends_once() -> None:
    """The second command of each kind says the same, and changes nothing."""
    first, second = (
        call("subscribers", "pause", "activity"),
        call("subscribers", "pause", "activity"),
    )
    listed = call("subscribers", "list").output.splitlines()
    ends = [call("subscribers", "resume", "activity").output for _ in range(2)]

    assert first.output.startswith("activity is paused since 20")
    assert first.output == second.output
    since = first.output.split()[-1]
    assert [f"paused since {since}" in line for line in listed] == [True, False, False, False]
    assert ends == ["activity is resumed\n", "activity is not paused\n"]
    assert "paused" not in call("subscribers", "list").output


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("command", ["pause", "resume"])
def test_only_a_subscriber_of_the_club_is_paused(command: str) -> None:
    """The refusal names them, and says who pauses a program outside; nothing is stored."""
    refused = call("subscribers", command, "digest")

    assert refused.exit_code == 2
    assert (
        "activity, catalogue, imports, notices; a program outside pauses itself" in refused.stderr
    )
    assert "paused" not in call("subscribers", "list").output


def test_a_paused_subscriber_is_no_culprit(running: Path) -> None:
    """Neither its lag nor its queue nor a missing worker is one, until it is resumed."""
    rows(
        running,
        "INSERT INTO subscriptions (subscriber, type, since) "
        f"VALUES ('activity', 'book_registered_v1', {NOW.format(-1e6)})",
    )
    publish(running, age=75)
    rows(running, REFUSED, "0" * 32, "1" * 32)
    rows(running, f"UPDATE processes SET beat_at = {NOW.format(-31)} WHERE subscriber = 'activity'")
    before = culprits()
    call("subscribers", "pause", "activity")

    report = json.loads(call("status", "--json").output)
    text = call("status")

    assert [sentence.split()[0] for sentence in before] == ["1", "no", "activity"]
    assert report["culprits"] == []
    activity, catalogue, *_ = report["subscribers"]
    assert (activity["lag"], catalogue["paused_since"]) == (1, None)
    assert activity["paused_since"].startswith("20")
    assert text.exit_code == 0
    assert ", 1 behind by " in text.output
    assert "dead letters, paused since 20" in text.output
    call("subscribers", "resume", "activity")
    assert len(culprits()) == 3


def test_other_subscribers_stay_culprits(running: Path) -> None:
    """The pause of one subscriber hides no failure of another one, or of its own processes."""
    rows(
        running, f"UPDATE processes SET beat_at = {NOW.format(-31)} WHERE subscriber = 'catalogue'"
    )
    rows(running, "UPDATE processes SET clock_offset = -60 WHERE subscriber = 'activity'")
    call("subscribers", "pause", "activity")

    wrong_clock, missing = sorted(culprits(), key=lambda sentence: "no worker" in sentence)

    assert missing.startswith("no worker of catalogue is running")
    assert wrong_clock.startswith("the clock of worker activity")


@pytest.mark.usefixtures("running")
def test_the_page_shows_what_the_commands_print() -> None:
    """Each command of the page prints the lines that the page shows; … is any text."""
    shown = CONSOLE.findall(PAGE.read_text(encoding="utf-8"))

    for command, expected in shown:
        pattern = re.escape(expected).replace("…", ".*")
        assert re.fullmatch(pattern, call(*command.split()).output, re.DOTALL), command
    assert len(shown) == 3
