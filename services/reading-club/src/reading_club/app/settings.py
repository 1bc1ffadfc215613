"""The settings, from environment variables ``READING_CLUB_…``."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from reading_club.app.logs import LogFormat
from reading_club.app.mail.address import Address
from reading_club.app.private_files import make_private_folder
from reading_club.app.proxy_settings import Origin, TrustedProxies
from reading_club.app.secret_files import require_secret, secret_or_file
from reading_club.app.smtp_settings import Tls, require_origin, require_password, require_sender
from reading_club.eventstream.liveness import STALLED_AFTER
from reading_club.eventstream.retention import DAY

RECONCILE_DAYS = 7.0
SLACK_DAYS = 1.0
"""Days for a redelivery to arrive after the reconciler requeued it: leases, broker, restarts."""


class ConfigurationError(Exception):
    """A setting is missing or wrong; the message says what to set."""


def unusable(name: str, known: str) -> ConfigurationError:
    """Return the error of a URL without its value, which may hold a password."""
    return ConfigurationError(
        f"{name} is not an address that the club can use: it takes {known}, "
        "with the special characters of a password percent-encoded"
    )


class Settings(BaseSettings):
    """The settings of one process. URLs may hold passwords and are never printed."""

    model_config = SettingsConfigDict(
        env_prefix="READING_CLUB_", frozen=True, use_attribute_docstrings=True
    )

    database_url_file: Path | None = None
    """A file that has the value of READING_CLUB_DATABASE_URL, instead of that."""
    database_url: SecretStr | None = Field(default=None, validate_default=True)
    """``postgresql://…`` or ``sqlite:///…``; unset: a SQLite file in the data folder."""
    broker_url_file: Path | None = None
    """A file that has the value of READING_CLUB_BROKER_URL, instead of that."""
    broker_url: SecretStr | None = Field(default=None, validate_default=True)
    """``amqp://…`` or ``redis://…``; unset: the embedded broker of ``run`` in the data folder."""
    host: str = Field(default="127.0.0.1", min_length=1)
    """Address on which the web process listens."""
    port: int | None = Field(default=None, ge=0, le=65535)
    """Port of the web process; unset: 8000, or for ``run`` a free one if 8000 is taken."""
    origin: Origin | None = None
    """Scheme and host by which browsers reach the club; unset: the address that they ask for."""
    trusted_proxies: TrustedProxies = ()
    """Networks of proxies whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed."""
    smtp_host: str | None = Field(default=None, min_length=1)
    """Host of the server that takes the club's mail; unset: members follow by feeds alone."""
    smtp_port: int | None = Field(default=None, ge=1, le=65535)
    """Port of the mail server; unset: 587, with ``tls`` 465, without TLS 25."""
    smtp_tls: Tls = "starttls"
    """``starttls``, ``tls`` from the first byte, or ``off``: on this machine only."""
    smtp_user: str | None = Field(default=None, min_length=1)
    """User of the mail server; unset: no log-in."""
    smtp_password_file: Path | None = None
    """A file that has the value of READING_CLUB_SMTP_PASSWORD, instead of that."""
    smtp_password: SecretStr | None = Field(default=None, validate_default=True)
    """Password of that user."""
    smtp_sender: Address | None = Field(default=None, validate_default=True)
    """Address that the club's mail comes from."""
    digest_hours: float = Field(default=24.0, gt=0)
    """Hours between two mails to a member about what is new, at least."""
    activity_streams: int = Field(default=100, ge=1, le=256)
    """Streams of the activity that clients may have open in the web process."""
    data_dir: Path = Path("var")
    """Folder of the embedded database and broker."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    """The least severe messages that are logged."""
    log_format: LogFormat = "text"
    """``text`` for people, or ``json``: one object a line, for programs that collect logs."""
    traces: str = Field(default="off", pattern="^(off|otlp|file:.+)$")
    """``otlp`` exports spans to an OpenTelemetry collector, whose address is the SDK's own
    OTEL_EXPORTER_OTLP_ENDPOINT; ``file:PATH`` appends them to a file, one JSON object a line."""
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Port of the metrics; unset: none. The children of ``run`` and ``worker`` have one each."""
    metrics_host: str = Field(default="127.0.0.1", min_length=1)
    """Address on which the metrics are served, without log-in: not one that strangers reach."""
    attempts: int = Field(default=5, ge=1, le=100)
    """Attempts at an event whose handler fails, before it becomes a dead letter."""
    attempt_pause: float = Field(default=5.0, ge=0.1, le=3600)
    """Seconds between the first two attempts at an event that may have killed its worker."""
    stalled_after: float = Field(default=STALLED_AFTER, ge=5)
    """Seconds without progress after which a process hangs: more than the longest handler."""
    reconcile_after: float = Field(default=300.0, ge=1)
    """Seconds after which an event missing at a subscriber is requeued to it."""
    reconcile_days: float = Field(default=RECONCILE_DAYS, gt=0)
    """Days after which a missing event is no longer requeued."""
    inbox_days: float = Field(default=30.0, gt=0)
    """Days that inbox rows are kept."""
    messages_days: float | None = Field(default=None, gt=0)
    """Days that stored messages are kept; unset: for ever."""
    dead_letters_days: float | None = Field(default=None, gt=0)
    """Days that dead letters are kept before they are discarded; unset: for ever."""

    _require_secret = field_validator("database_url_file", "broker_url_file", "smtp_password_file")(
        require_secret
    )
    _secret_or_file = field_validator("database_url", "broker_url", "smtp_password", mode="before")(
        secret_or_file
    )
    _require_origin = field_validator("smtp_host")(require_origin)
    _require_password = field_validator("smtp_password")(require_password)
    _require_sender = field_validator("smtp_sender")(require_sender)

    @field_validator("data_dir", mode="before")
    @classmethod
    def _is_named(cls, folder: object) -> object:
        """Refuse an empty name, which would mean the working directory."""
        if not str(folder).strip():
            raise ValueError("must name a folder, or not be set")
        return folder

    @field_validator("inbox_days")
    @classmethod
    def _outlives_redelivery(cls, days: float, info: ValidationInfo) -> float:
        """Refuse a retention of inbox rows that is shorter than redelivery by the reconciler."""
        if days < info.data.get("reconcile_days", 0) + SLACK_DAYS:
            raise ValueError(
                "must be at least a day more than READING_CLUB_RECONCILE_DAYS: "
                "an event that is sent again after its receipt has gone takes effect twice"
            )
        return days

    @field_validator("messages_days")
    @classmethod
    def _outlives_the_reconciler(cls, days: float | None, info: ValidationInfo) -> float | None:
        """Refuse a retention of messages that is shorter than the reconciler's horizon."""
        if days is not None and days < info.data.get("reconcile_days", 0):
            raise ValueError("must not be less than READING_CLUB_RECONCILE_DAYS")
        return days

    @property
    def horizon(self) -> float:
        """The reconciler's horizon in seconds."""
        return self.reconcile_days * DAY

    @property
    def database_file(self) -> Path:
        """The SQLite file of a data folder, used without a database URL."""
        return self.data_dir / "club.sqlite3"

    @property
    def alive_folder(self) -> Path:
        """Folder in which relay and workers tell health checks that they make progress."""
        return self.data_dir / "alive"

    @property
    def broker_file(self) -> Path:
        """File in which ``run`` writes the URL of the embedded broker, with mode 0600."""
        return self.data_dir / "broker.url"

    def make_data_dir(self) -> None:
        """Create the data folder with mode 0700. Raises ConfigurationError."""
        try:
            make_private_folder(self.data_dir)
        except OSError as exc:
            raise ConfigurationError(
                f"READING_CLUB_DATA_DIR cannot be used: {self.data_dir}: {exc.strerror}"
            ) from exc
