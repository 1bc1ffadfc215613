"""The examples of the README run."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["club", "outbox"])
def test_the_example_runs(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example of the README runs unchanged, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    exec(compile(example, README.name, "exec"), {"__name__": "__main__"})
