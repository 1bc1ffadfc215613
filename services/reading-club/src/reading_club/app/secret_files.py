"""Secrets that lie in files, as containers and systemd hand them over."""

from pathlib import Path
from typing import Any

from pydantic import ValidationInfo


def require_secret(path: Path | None) -> Path | None:
    """Return the path of a file that has a secret. Raises ValueError, without the content."""
    if path is not None:
        read_secret(path)
    return path


def secret_or_file(value: Any, info: ValidationInfo) -> Any:
    """Return the value of a field, or else the content of the file that ``…_file`` names.

    Raises ValueError if both are given.
    """
    path: Path | None = info.data.get(f"{info.field_name}_file")
    if path is None:
        return value
    if value is not None:
        raise ValueError("must not be set beside its _FILE")
    return read_secret(path)


def read_secret(path: Path) -> str:
    """Return the content of a file without the space around. Raises ValueError, without content."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise ValueError(f"{path} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text") from None
    if not secret:
        raise ValueError(f"{path} is empty")
    return secret
