"""The health check, as a container runs it."""

from click.testing import CliRunner

from reading_club.app.cli import main


def check(*arguments: str) -> tuple[int, str]:
    """Run the health check; return its exit code and its sentence."""
    done = CliRunner().invoke(main, ["healthcheck", *arguments])
    return done.exit_code, done.output.strip()
