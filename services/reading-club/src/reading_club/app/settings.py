"""What an operator may set, all of it by environment variables ``READING_CLUB_…``."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from reading_club.app import addresses
from reading_club.app.addresses import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import URL


LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class Settings(BaseSettings):
    """The settings of one process. Addresses may hold passwords: they are never printed."""

    model_config = SettingsConfigDict(env_prefix="READING_CLUB_", frozen=True)

    database_url: SecretStr | None = None
    """``postgresql://…`` or ``sqlite:///…``; unset: a SQLite file in the data folder."""
    broker_url: SecretStr | None = None
    """``amqp://…`` or ``redis://…``; unset: the broker that ``run`` keeps in the data folder."""
    host: str = Field(default="127.0.0.1", min_length=1)
    port: int | None = Field(default=None, ge=0, le=65535)
    """Where the web process listens; unset: 8000, or for ``run`` a free one if that is taken."""
    data_dir: Path = Path("var")
    """Where the embedded database and broker live."""
    log_level: LogLevel = "INFO"

    @property
    def broker_file(self) -> Path:
        """Where ``run`` writes the address of the embedded broker, readable by its owner only."""
        return self.data_dir / "broker.url"

    def make_data_dir(self) -> None:
        """Make the data folder if it is not there. Raises ConfigurationError."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigurationError(
                f"READING_CLUB_DATA_DIR cannot be used: {self.data_dir}: {exc.strerror}"
            ) from exc

    def resolved_database_url(self) -> "URL":
        """Return the address of the database. Raises ConfigurationError for a wrong one."""
        if self.database_url is None:
            return addresses.sqlite_url(self.data_dir / "club.sqlite3")
        return addresses.database_url(self.database_url.get_secret_value())

    def resolved_broker_url(self) -> str:
        """Return the address of the broker.

        Raises ConfigurationError for a wrong one, and if nothing names one.
        """
        if self.broker_url is not None:
            return addresses.broker_url(self.broker_url.get_secret_value())
        if self.broker_file.exists():
            return self.broker_file.read_text(encoding="utf-8").strip()
        raise ConfigurationError(
            "READING_CLUB_BROKER_URL is not set, and no `reading-club run` has left a broker in "
            f"{self.data_dir}"
        )
