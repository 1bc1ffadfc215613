"""The command ``python -m reading_club.eventstream.schemas``, on an application's events."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from messagebus import Event, Metadata

from reading_club.eventstream.schemas.__main__ import main

PARCEL_SENT = Metadata(name="parcel_sent", schema_version=1, published=True)


class ParcelSent(Event):
    """A parcel is on its way."""

    title: str
    metadata: Metadata = PARCEL_SENT


class Longer(ParcelSent):
    """The event with a field more, which may be missing."""

    colour: str = ""


class Changed(Event):
    """The event with a change that breaks readers."""

    metadata: Metadata = PARCEL_SENT


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An application's module with its events."""
    module = ModuleType("parcels")
    module.EVENTS = (ParcelSent,)  # type: ignore[attr-defined]  # made here
    monkeypatch.setitem(sys.modules, "parcels", module)
    return module


def test_the_command_writes_and_checks(
    module: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 comes with sentences, 0 with the paths that were written or with nothing."""
    arguments = [str(tmp_path), "parcels:EVENTS"]

    assert main(["check", *arguments]) == 1
    assert "parcel_sent_v1.json is missing" in capsys.readouterr().out
    assert main(["write", *arguments]) == 0
    assert f"wrote {tmp_path / 'parcel_sent_v1.json'}\n" in capsys.readouterr().out
    assert main(["check", *arguments]) == 0
    assert capsys.readouterr().out == ""

    module.EVENTS = (Longer,)  # type: ignore[attr-defined]  # made here
    assert (main(["compare", *arguments]), main(["check", *arguments])) == (0, 1)
    module.EVENTS = (Changed,)  # type: ignore[attr-defined]  # made here
    assert [main([action, *arguments]) for action in ("write", "check", "compare")] == [1, 1, 1]
    assert "parcel_sent_v1: title is gone" in capsys.readouterr().out


@pytest.mark.usefixtures("module")
def test_the_command_says_what_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name without events and a file that is not JSON are named."""
    (tmp_path / "parcel_sent_v1.json").write_text("{", encoding="utf-8")

    assert main(["check", str(tmp_path), "parcels:MESSAGES"]) == 1
    assert main(["check", str(tmp_path), "parcels"]) == 1
    printed = capsys.readouterr().out
    assert "parcels has no events under the name MESSAGES" in printed
    assert "parcel_sent_v1.json is not JSON" in printed
