"""Free ports of tests that run side by side."""

import secrets

import pytest

from reading_club_functional.servers.ports import borrowed_port, free_ports, is_free


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is free on TCP, and that was asked for before, is not given again."""
    (first,) = free_ports(1)
    choices = iter([first, first, *range(20_001, 20_200)])
    monkeypatch.setattr(secrets, "choice", lambda _: next(choices))
    assert is_free(first)

    with borrowed_port() as port:
        assert port != first


def test_a_borrowed_port_is_given_back() -> None:
    """After the block the port can be given again."""
    with borrowed_port() as port:
        pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "choice", lambda _: port)
        assert free_ports(1) == (port,)
