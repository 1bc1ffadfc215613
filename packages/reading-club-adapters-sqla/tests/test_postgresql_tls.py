"""libpq's options for TLS in the address of PostgreSQL."""

import ssl
from pathlib import Path

import pytest
from sqlalchemy import make_url

from reading_club.adapters.uow_sqla.engine import (
    UnusableAddress,
    configuration_fault,
    create_engine,
)
from reading_club.adapters.uow_sqla.postgresql_tls import split_tls
from reading_club.testing.certificate_authority import AUTHORITY

ADDRESS = "postgresql+asyncpg://club:hunter2@db/club"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A file with the certificate of an authority."""
    path = tmp_path / "root.crt"
    path.write_text(AUTHORITY, encoding="utf-8")
    return path


def context_of(query: str) -> ssl.SSLContext:
    """Return the context of an address with these options."""
    return split_tls(make_url(f"{ADDRESS}?{query}"))[1]["ssl"]


@pytest.mark.parametrize("mode", ["", "sslmode=verify-full&", "ssl=verify-full&"])
def test_an_authority_lets_certificate_and_host_name_be_verified(
    mode: str, authority: Path
) -> None:
    """With ``sslrootcert``, and with ``verify-full`` beside it."""
    context = context_of(f"{mode}sslrootcert={authority}")

    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1


def test_the_name_is_left_out_on_demand_alone(authority: Path) -> None:
    """``verify-ca`` verifies the certificate, and ``require`` with an authority does."""
    for mode in ("verify-ca", "require"):
        context = context_of(f"sslmode={mode}&sslrootcert={authority}")
        assert (context.check_hostname, context.verify_mode) == (False, ssl.CERT_REQUIRED)


def test_the_systems_authorities_can_be_asked_for() -> None:
    """By the word ``system``, as libpq has it."""
    assert context_of("sslrootcert=system").check_hostname


async def test_files_are_not_handed_to_the_driver(authority: Path) -> None:
    """The driver knows no such options; others stay in the address."""
    engine = create_engine(f"{ADDRESS}?sslrootcert={authority}&application_name=club")

    assert dict(engine.url.query) == {"application_name": "club"}
    await engine.dispose()


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("sslrootcert=/no/such/file", "sslrootcert is not there: /no/such/file"),
        ("sslrootcert={text}", "sslrootcert cannot be used"),
        ("sslmode=require&sslcert={text}", "sslcert cannot be used"),
        ("sslmode=verify-full&sslcert={text}", "needs sslrootcert"),
        ("sslmode=prefer&sslrootcert={text}", "needs sslmode=verify-full"),
        ("sslmode=verify-it&sslrootcert={text}", "needs sslmode=verify-full"),
    ],
)
def test_options_that_verify_nothing_are_refused(query: str, reason: str, tmp_path: Path) -> None:
    """The error names the option, and not the password."""
    text = tmp_path / "text"
    text.write_text("no certificate", encoding="utf-8")

    with pytest.raises(UnusableAddress, match=reason) as refused:
        create_engine(f"{ADDRESS}?{query.format(text=text)}")

    assert "hunter2" not in str(refused.value)


def test_a_refused_certificate_is_a_wrong_setting() -> None:
    """At the start of a process, which ends with one line."""
    error = ssl.SSLCertVerificationError(1, "certificate is not valid for 'hunter2'")
    error.verify_code = 62

    fault = configuration_fault(error)

    assert fault == (
        "the database is not trusted: its certificate is refused: it is for another host name"
    )
