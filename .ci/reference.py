"""Write the reference pages of settings, command line and metrics, from the code.

``test_reference.py`` of the service tells when a page is not as it would be written.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic.fields import FieldInfo

from reading_club.app.cli import main as command_line
from reading_club.app.metrics.children import CLUB
from reading_club.app.metrics.names import NAMESPACE, Named
from reading_club.app.metrics.process import ProcessMetrics
from reading_club.app.metrics.state import NAMES as STATE
from reading_club.app.settings import Settings

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
SETTINGS = """\
# Settings

The processes and commands of `reading-club` are configured by environment variables. The packages
read none: they take arguments. A wrong value ends a process with one line and exit code 2.

| Variable | Default | Meaning |
|---|---|---|
"""
METRICS = """\
# Metrics

With `READING_CLUB_METRICS_PORT` each of web, relay and worker serves its metrics in the text
format of Prometheus, on that port of `READING_CLUB_METRICS_HOST`, by default `127.0.0.1`. There
is no log-in on that port: let the scraper reach it alone. Without the setting nothing is counted.
`run`, and `worker` without `--subscriber`, give their children this port, the next one, and so
on: `run` with 9100 gives

| Process | Port |
|---|---|
{ports}
and `worker` gives 9100 to the first worker. A port in use ends the process with one line.

The web process serves its own metrics at `/metrics` of its address as well, for organisers: by a
session, or by a token, `Authorization: Bearer …`.

```yaml
scrape_configs:
  - job_name: reading-club
    static_configs:
      - targets: ["127.0.0.1:9100", "127.0.0.1:9101", "127.0.0.1:9102", "127.0.0.1:9103"]
```

[A dashboard for Grafana](../monitoring/grafana-dashboard.json) and [alert rules for
Prometheus](../monitoring/alerts.yml) use these names. Each alert leads to its
heading in [the page for operators](../how-to/operate.md).

## Of each process

A process exports what it does: the web process commands and its sender, the relay what it sends
and re-sends, a worker what it handles. A type of an event that this release does not know is
`unknown`. Histograms have buckets from 1 ms to 5 minutes. The time to an effect lies between two
wall clocks, that of the process that made the event and that of the worker; it is as exact as
they agree.

| Name | Kind | Labels | Meaning |
|---|---|---|---|
{ours}
## Of the database, by the relay

Two statements at a scrape read them, none of which counts the history: the outbox by its first
rows, and each subscriber's lag by the rule that `status` and the reconciler have. The answer is
repeated for 15 s, or for twenty times as long as the statements took. Each of several relays
exports the same values: use `max()`, not `sum()`. While the database does not answer,
`reading_club_stream_readable` is 0 and the others are left out.

| Name | Kind | Labels | Meaning |
|---|---|---|---|
{state}
## Of the interpreter and the system

| Name | Meaning |
|---|---|
{library}"""
COMMANDS = """\
# The command line

Commands end with 0, or with 2 and one line about what is wrong; the exit codes of `status` are
[in the page for operators](../how-to/operate.md).
"""


def settings() -> str:
    """Return the page of the settings."""
    rows = [_setting(name, field) for name, field in Settings.model_fields.items()]
    return SETTINGS + "".join(rows)


def _setting(name: str, field: FieldInfo) -> str:
    default = "" if field.default in (None, ()) else f"`{field.default}`"
    meaning = (field.description or "").replace("``", "`").replace("\n", " ")
    variable = f"{Settings.model_config.get('env_prefix', '')}{name}".upper()
    return f"| `{variable}` | {default} | {meaning} |\n"


def commands() -> str:
    """Return the page of the command line."""
    return COMMANDS + "".join(_command(command_line, "reading-club"))


def _command(command: click.Command, path: str) -> Iterator[str]:
    shown = inspect.cleandoc(command.help or "")
    usage = [path, *(p.make_metavar(click.Context(command)) for p in _arguments(command))]
    yield f"\n## `{' '.join(usage)}`\n\n{shown}\n"
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    if options:
        yield "\n| Option | Meaning |\n|---|---|\n"
        yield from (_option(option, command) for option in options)
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            if not command.commands[name].hidden:
                yield from _command(command.commands[name], f"{path} {name}")


def _arguments(command: click.Command) -> list[click.Argument]:
    return [parameter for parameter in command.params if isinstance(parameter, click.Argument)]


def _option(option: click.Option, command: click.Command) -> str:
    value = "" if option.is_flag else f" {option.make_metavar(click.Context(command))}"
    if isinstance(option.type, click.IntRange):
        value = f" {option.type.min} to {option.type.max}"
    default = f"Default: {option.default}." if option.show_default else ""
    shown = f"{', '.join(option.opts)}{value}".replace("|", "\\|")
    return f"| `{shown}` | {' '.join(filter(None, (option.help, default)))} |\n"


def metrics() -> str:
    """Return the page of the metrics."""
    process = ProcessMetrics("web")
    ours = "".join(_metric(kind, named) for kind, named in process.make.made)
    state = "".join(_metric("gauge", named) for named in STATE)
    others = [f for f in process.registry.collect() if not f.name.startswith(NAMESPACE)]
    library = "".join(f"| `{_full(f.type, f.name)}` | {f.documentation} |\n" for f in others)
    ports = "".join(f"| `{name}` | {9100 + number} |\n" for number, name in enumerate(CLUB))
    return METRICS.format(ports=ports, ours=ours, state=state, library=library)


def _metric(kind: str, named: Named) -> str:
    labels = ", ".join(f"`{label}`" for label in named.labels)
    name = _full(kind, f"{NAMESPACE}_{named.name}")
    return f"| `{name}` | {kind} | {labels} | {named.description} |\n"


def _full(kind: str, name: str) -> str:
    return f"{name}_total" if kind == "counter" else name


def main() -> None:
    """Write the pages."""
    FOLDER.joinpath("settings.md").write_text(settings(), encoding="utf-8")
    FOLDER.joinpath("command-line.md").write_text(commands(), encoding="utf-8")
    FOLDER.joinpath("metrics.md").write_text(metrics(), encoding="utf-8")


if __name__ == "__main__":
    main()
