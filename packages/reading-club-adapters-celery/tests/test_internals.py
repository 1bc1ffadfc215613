"""Internals of libraries are used by few modules, and each has a test."""

import re
from pathlib import Path
from types import ModuleType

import pytest

import reading_club.adapters.eventstream
from reading_club.adapters.eventstream import _celery_app, _celery_worker, _kombu_redis, _pyamqp
from reading_club.testing.library_internals import assert_internals_are_listed

PACKAGE = Path(reading_club.adapters.eventstream.__file__).parent
INTERNALS = re.compile(
    r"noqa: SLF001|^(?:from|import) (?:celery\.worker|kombu\.transport)\b|import .*\bspec\b",
    re.MULTILINE,
)


@pytest.mark.parametrize("module", [_celery_app, _celery_worker, _kombu_redis, _pyamqp])
def test_each_internal_is_listed_with_its_test(module: ModuleType) -> None:
    """A list at the head of the module names each internal, its release and its test."""
    assert_internals_are_listed(module, Path(__file__).parent)


def test_other_modules_use_no_internals() -> None:
    """Only modules with such a list use internals of py-amqp, kombu and Celery."""
    sources = [p for p in PACKAGE.rglob("*.py") if "testing" not in p.parts]

    users = {p.name for p in sources if INTERNALS.search(p.read_text(encoding="utf-8"))}

    assert users == {"_celery_app.py", "_celery_worker.py", "_kombu_redis.py", "_pyamqp.py"}
