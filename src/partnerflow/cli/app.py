"""The command as a whole: its subcommands in the order in which a user meets them, and what happens to errors.

A module of commands is imported when one of them is run or asked for help, so that `--version` and `--help` load
neither policies nor rich. The list below therefore repeats the first line of each command's help; a test compares them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import click

from partnerflow import __version__
from partnerflow.errors import PartnerflowError

from .errors import as_click_error
from .settings import Settings
from .shared import on_top


class Listed(NamedTuple):
    """A command, as the help of the whole lists it."""

    name: str
    home: str
    """The module and the name in it, as `module:name`."""
    help: str

    def load(self) -> click.Command:
        """Import the command."""
        module, _, name = self.home.partition(":")
        loaded: click.Command = getattr(import_module(f".{module}", __package__), name)
        return loaded


SECTIONS: dict[str, tuple[Listed, ...]] = {
    "Begin": (
        Listed("demo", "demo:demo", "Run through a partnership's whole life, on real data."),
        Listed("import", "importing:import_", "Import what another system lists."),
        Listed("propose", "write:propose", "Propose a partnership."),
        Listed("adopt", "write:adopt", "Take in a partnership that exists already, in its present state."),
    ),
    "Read": (
        Listed("list", "read:list_partnerships", "List partnerships, with what does not hold and what is due next."),
        Listed("show", "read:show", "Show one partnership: who, where, and what is on file."),
        Listed("why", "read:why", "Explain what does not hold, or what blocks a step."),
        Listed("options", "read:options", "List the steps that can be requested from here."),
        Listed("history", "read:history", "Show the life of a partnership as a timeline."),
    ),
    "Write": (
        Listed("file", "write:file", "File records, as JSON."),
        Listed("confirm", "confirming:confirm", "Confirm what partners filed, so that it counts."),
        Listed("retract", "write:retract", "Take back a record that should not have been filed."),
        Listed("fire", "write:fire", "Take a step of the lifecycle, or learn what blocks it."),
    ),
    "Watch": (
        Listed("sweep", "maintenance:sweep", "Report what comes due, was missed or broke, and how that ended."),
        Listed("verify", "maintenance:verify", "Check that nothing stored was changed."),
        Listed("heads", "maintenance:heads", "Print where every chain ends, one JSON object a line."),
        Listed("impact", "impact:impact", "Show what other rules would newly block, and no longer block."),
    ),
    "Erase": (
        Listed("redact", "maintenance:redact", "Blank texts that should not be kept, for good."),
        Listed("purge", "maintenance:purge", "Blank everything on partnerships that ended long ago, for good."),
    ),
    "Database": (Listed("db", "db:db", "Create the tables, migrate them, and protect history."),),
    "Rules, without a database": (
        Listed("check", "check:check", "Check dossiers in JSON files against the policies."),
        Listed("schema", "check:schema", "Print the JSON Schema of a dossier or of a report."),
        Listed("policies", "rules:policies", "List the policies, with where each applies."),
        Listed("explain", "rules:explain", "Explain one policy: why, what it asks, what passes."),
        Listed("clauses", "clauses:clauses", "Show what answers each clause of the guides."),
        Listed("diagram", "rules:diagram", "Draw the lifecycle, as text for other programs."),
    ),
}
BY_NAME = {listed.name: listed for commands in SECTIONS.values() for listed in commands}


class Commands(click.Group):
    """A group that shows its commands by section and turns partnerflow's errors into messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it returns is the exit code."""
        try:
            code = super().invoke(ctx)
        except PartnerflowError as error:
            raise as_click_error(error) from error
        if code:
            ctx.exit(code)
        return code

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names of the commands, in the order of the sections."""
        return list(BY_NAME)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Import the command of that name."""
        return BY_NAME[cmd_name].load() if cmd_name in BY_NAME else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands, section by section."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(listed.name, listed.help) for listed in commands])


_HELP = """The life of partnerships between a school district and outside organisations.

Policies decide which step may come next. A refusal is explained in full, with what would mend it.

\b
The first three commands to try:
  partnerflow demo                 a whole life, on real data, in ten seconds
  partnerflow import edfi FILE     import the partners in your Ed-Fi system
  partnerflow list                 see the state of each and what does not hold
"""


def _start(ctx: click.Context) -> None:
    from .console import replace_unknown_letters

    ctx.ensure_object(Settings)
    replace_unknown_letters()


cli = click.version_option(__version__, prog_name="partnerflow")(
    Commands(
        "partnerflow",
        callback=click.pass_context(_start),
        params=[*on_top()],
        help=_HELP,
        epilog="Help for one command, with examples: partnerflow COMMAND --help. "
        "Exit codes: 0 done, 1 refused or something broken found, 2 could not be done.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
)


def run() -> None:
    """Run the command line of this process."""
    cli(prog_name="partnerflow")
