"""``docs/how-to/deploy.md`` names files, users and an installation that are in the files."""

import json
import re
import shlex
from pathlib import Path

import pytest

from reading_club.app.testing import deployment

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / deployment.FOLDER
TEXT = (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL))
OWN = "my-secrets.yaml"
"""The file that a reader makes."""


def test_the_files_of_the_page_exist() -> None:
    """Those of its commands and those of its table."""
    shown = re.findall(rf"{deployment.FOLDER}/[\w./-]+\w", SHELL)
    manifests = {name for name in re.findall(r"--filename (\S+)", SHELL) if name != OWN}
    parts = re.findall(r"^\| (`.*`) \| .+ \|$", TEXT.partition("## Rights")[0], re.M)

    assert len(shown) > 4
    assert [path for path in shown if not (ROOT / path).exists()] == []
    folders = re.findall(r"`([\w/]+)`", " ".join(parts))
    assert len(folders) > 5
    assert [folder for folder in folders if not (FOLDER / folder).exists()] == []
    here = {path.name for path in (FOLDER / "kubernetes").iterdir()}
    assert manifests == here - {"secrets.example.yaml"}


def test_an_installation_is_the_images() -> None:
    """``uv sync`` has the same options under systemd and in the image."""
    (command,) = re.findall(r"(uv sync .+)", SHELL)
    image = (FOLDER / "Containerfile").read_text(encoding="utf-8")
    (built,) = [json.loads(words) for words in re.findall(r"^RUN (.*sync.*)$", image, re.M)]

    assert shlex.split(command) == built


@pytest.mark.parametrize("name", ["reading_club_owner", "reading_club_app"])
def test_the_roles_of_the_page_are_those_of_the_script(name: str) -> None:
    """Names of roles are the same in both."""
    assert f"`{name}`" in TEXT
    assert f"CREATE ROLE {name} LOGIN" in (FOLDER / "postgresql" / "roles.sql").read_text("utf-8")


def test_the_users_of_the_page_are_those_of_the_definitions() -> None:
    """The script of the secrets fills in the passwords of both users."""
    definitions = json.loads((FOLDER / "rabbitmq" / "definitions.json").read_text("utf-8"))
    script = (FOLDER / "compose" / "make-secrets.sh").read_text(encoding="utf-8")

    for user in definitions["users"]:
        assert f"`{user['name']}`" in TEXT
        assert user["password"] in script


def test_the_credentials_of_the_page_are_those_of_the_units() -> None:
    """Each file that a unit loads is named."""
    units = [path.read_text(encoding="utf-8") for path in (FOLDER / "systemd").iterdir()]
    loaded = set(re.findall(r"^LoadCredential=\w+:/etc/reading-club/(\w+)$", "".join(units), re.M))

    assert len(loaded) == 4
    assert [name for name in loaded if f"`{name}`" not in TEXT] == []
