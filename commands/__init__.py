"""The command line: one file per command, imported only when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

COMMANDS: Mapping[str, str] = {
    "targets": "List the targets found, and why others are not.",
    "new-adapter": "Write a file to judge a layer of your own with.",
    "report": "Make pages and summaries from records.",
    "explain": "Say what a record knows of one case.",
    "upgrade": "Say what another version of a framework changes.",
    "judged": "Count what was judged, by target and layer, and list what was found.",
    "reproduce": "Print a script that does what a case does, with the framework alone.",
    "merge": "Merge the records of several runs into one.",
    "compare": "Say what changed between two versions, from their records.",
    "baseline": "Condense a record to a file that later runs are held against.",
    "ledger": "Draft ledger entries for the unexplained failures of a record.",
    "bench": "Say what is slower than before, of two targets timed in turns.",
    "bench-history": "Show how times moved over the saved runs of the benchmarks.",
    "lint": "Check the specs.",
    "coverage": "List what frameworks export, and which case covers it.",
    "digests": "Lock the exact answers of the cases.",
    "schema": "Write the JSON Schemas of specs and records.",
}


class Commands(click.Group):
    """A group whose commands are the modules beside this file, each with its command under its own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, its module imported now; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command = getattr(importlib.import_module(f"{__name__}.{name}"), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{__name__}.{name}.{name} is no click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without importing a command for its help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands)
@click.version_option(package_name="normcheck")
def main() -> None:
    """Normcheck: a conformance test suite for normalization layers. The suite itself is run with pytest."""
