"""What the relay process deletes each hour."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lastuuid import uuid7
from sqlalchemy import insert

from reading_club.adapters.uow_sqla import orm
from reading_club.app.bootstrap.database import open_engine
from reading_club.app.bootstrap.relay import open_relay
from reading_club.app.settings import Settings
from reading_club.eventstream.run import _prune
from reading_club.service.accounts.join_requests import WAITING_DAYS

ROW = {"nickname": "Ada", "nickname_key": "ada", "password_hash": "hash"}


async def test_expired_rows_of_accounts_are_deleted(
    data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Beside the event stream's rows; the log has their numbers."""
    settings = Settings.model_validate({"data_dir": data_dir, "broker_url": "memory://"})
    old = datetime.now(UTC) - timedelta(days=WAITING_DAYS + 1)
    async with open_engine(settings) as engine, engine.begin() as connection:
        row = {**ROW, "id": uuid7(), "created_at": old}
        await connection.execute(insert(orm.join_requests).values(row))

    caplog.set_level("INFO")
    async with open_relay(settings) as opened:
        await _prune(opened.prunings)
        of_stream, of_accounts, remnants, indexed = [await prune() for prune in opened.prunings]

    (record,) = [record for record in caplog.records if record.name.endswith("run")]
    assert vars(record)["deleted_join_requests"] == 1
    assert of_accounts["join_requests"] == of_stream["inbox"] == 0
    assert remnants == indexed == {}
    assert (of_accounts["notices"], of_accounts["mail_addresses"]) == (0, 0)
