"""What the examination of a club has found."""

from pydantic import BaseModel, ConfigDict, computed_field


class Finding(BaseModel):
    """Something that is wrong. No part has a URL or a password."""

    model_config = ConfigDict(frozen=True)

    about: str
    """The part of the club: ``settings``, ``broker``, ``queues`` and so on."""
    wrong: str
    """What is wrong, as are the next two a part of a sentence."""
    means: str
    """What follows for the club."""
    do: str
    """What to do about it."""

    @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def sentence(self) -> str:
        """What is wrong, what it means, and what to do."""
        return f"{self.wrong}: {self.means}; {self.do}"


class Report(BaseModel):
    """The report of ``reading-club doctor``."""

    findings: list[Finding] = []
    examined: list[str] = []
    """The parts of the club that could be examined."""

    @property
    def exit_code(self) -> int:
        """0 if all is well, else 1."""
        return 1 if self.findings else 0

    def lines(self) -> list[str]:
        """Return the report as text lines."""
        looked = f"looked at {', '.join(self.examined)}"
        if not self.findings:
            return [f"all is well: {looked}"]
        return [*(f"{each.about:<14}{each.sentence}" for each in self.findings), looked]
