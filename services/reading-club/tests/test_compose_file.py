"""The compose file names commands, settings, secrets and files that exist."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs would be for a few tests alone

from reading_club.app.bootstrap.web import DRAIN
from reading_club.app.processes.web import SHUTDOWN
from reading_club.app.supervision.supervisor import STOP_DEADLINE
from reading_club.app.testing import deployment
from reading_club.service.subscribers import SUBSCRIBERS

FOLDER = Path(__file__).parents[3] / deployment.FOLDER
COMPOSE = yaml.safe_load((FOLDER / "compose" / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: Mapping[str, Any] = COMPOSE["services"]
CLUB = {name: service for name, service in SERVICES.items() if service["image"] == "reading-club"}
SECRETS = "/run/secrets/"

every_process = pytest.mark.parametrize("name", CLUB)


def test_the_club_has_all_of_its_processes() -> None:
    """Migration, web, relay, and one worker for each subscriber."""
    workers = [f"worker-{subscriber.name}" for subscriber in SUBSCRIBERS]

    assert sorted(CLUB) == sorted(["migrate", "web", "relay", *workers])
    for subscriber in SUBSCRIBERS:
        command = CLUB[f"worker-{subscriber.name}"]["command"]
        assert command == ["worker", "--subscriber", subscriber.name]


@every_process
def test_a_process_runs_a_command_with_settings_of_this_release(name: str) -> None:
    """Its health check is a command as well; a migration, which ends, has none."""
    service = CLUB[name]

    deployment.require_command(service["command"])
    assert deployment.unknown_settings(service["environment"]) == []
    if name != "migrate":
        kind, *argv = service["healthcheck"]["test"]
        assert kind == "CMD"
        deployment.require_check(argv)
        assert argv[2:] == service["command"]


@every_process
def test_a_process_has_the_secrets_that_it_needs_and_no_others(name: str) -> None:
    """Each is a file of the folder of secrets, and no value is in the compose file."""
    service = CLUB[name]
    files = list(service["environment"].values())

    assert [SECRETS + secret for secret in service["secrets"]] == files
    assert set(service["secrets"]) <= COMPOSE["secrets"].keys()
    assert ("owner" in str(files)) == (name == "migrate")


@every_process
def test_a_process_can_write_to_its_own_folders_alone(name: str) -> None:
    """No root, no capability, and a read-only file system but for two folders in memory."""
    service = CLUB[name]

    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert not service["user"].startswith("0")
    assert [mount.partition(":")[0] for mount in service["tmpfs"]] == [
        "/var/lib/reading-club",
        "/tmp",
    ]


def test_processes_start_after_what_they_need() -> None:
    """The migration after the database, the others after the migration and the broker."""
    for name, service in CLUB.items():
        needs = {other: on["condition"] for other, on in service["depends_on"].items()}
        if name == "migrate":
            assert needs == {"database": "service_healthy"}
        else:
            assert needs == {
                "migrate": "service_completed_successfully",
                "broker": "service_healthy",
            }


def test_processes_have_the_time_to_stop() -> None:
    """The time to stop is longer than a process needs at most."""
    for service in CLUB.values():
        grace = float(service["stop_grace_period"].removesuffix("s"))
        assert grace > max(STOP_DEADLINE, SHUTDOWN + DRAIN)


def test_only_web_is_published_and_only_to_this_computer() -> None:
    """Database and broker have no way out of the network inside."""
    published = {n: s["ports"] for n, s in SERVICES.items() if "ports" in s}

    assert published == {"web": ["127.0.0.1:8000:8000"]}
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert [n for n, s in SERVICES.items() if "outside" in s["networks"]] == ["web"]


def test_mounted_files_exist() -> None:
    """Each mounted file exists, and the script writes each secret."""
    script = (FOLDER / "compose" / "make-secrets.sh").read_text(encoding="utf-8")
    mounts = [v for s in SERVICES.values() for v in s.get("volumes", ()) if v.startswith(".")]

    assert len(mounts) == 3
    for mount in mounts:
        assert (FOLDER / "compose" / mount.partition(":")[0]).is_file()
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"secrets/{name}"}
        assert re.search(rf'(put {name} |folder/{name}")', script), name


def test_the_script_of_passwords_is_executed() -> None:
    """The image of PostgreSQL would else read it into its own script, with its options."""
    assert os.access(FOLDER / "postgresql" / "passwords.sh", os.X_OK)


def test_secrets_are_not_kept_in_version_control() -> None:
    """What a reader makes beside the files is ignored."""
    ignored = (FOLDER.parents[2] / ".gitignore").read_text(encoding="utf-8").splitlines()

    assert f"/{deployment.FOLDER}/compose/secrets/" in ignored
    assert f"/{deployment.FOLDER}/kubernetes/my-secrets.yaml" in ignored


def test_images_are_of_one_release() -> None:
    """A tag names each, and none of them moves with every release."""
    images = [s["image"] for n, s in SERVICES.items() if n not in CLUB]

    assert len(images) == 2
    assert all(re.search(r":\d+\.\d+(\.\d+)?(-\w+)?$", image) for image in images)
