"""Files that still hold what was deleted are emptied: SQLite's log and the embedded broker's."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from reading_club.app.bootstrap.broker import rewrite_embedded_file
from reading_club.app.embedded.broker import free_port
from reading_club.app.private_files import write_private
from reading_club.app.settings import Settings
from reading_club.eventstream.errors import EventstreamUnavailable


def test_a_broker_of_the_settings_is_left_alone(tmp_path: Path) -> None:
    """The file of a broker that is not embedded is its operator's matter."""
    url = SecretStr(f"redis://127.0.0.1:{free_port()}/0")

    rewrite_embedded_file(Settings(data_dir=tmp_path, broker_url=url))


def test_a_broker_that_is_away_is_an_outage(tmp_path: Path) -> None:
    """The error names no address, and the rewrite is tried again later."""
    write_private(Settings(data_dir=tmp_path).broker_file, f"redis://:x@127.0.0.1:{free_port()}/0")

    with pytest.raises(EventstreamUnavailable, match="ConnectionError") as caught:
        rewrite_embedded_file(Settings(data_dir=tmp_path))

    assert "127.0.0.1" not in str(caught.value)
