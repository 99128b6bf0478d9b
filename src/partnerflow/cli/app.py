"""The command as a whole: its commands in the order in which one meets them, and what happens to errors."""

from __future__ import annotations

from typing import Any

import click

from partnerflow.errors import PartnerflowError

from . import check, clauses, db, demo, impact, importing, maintenance, read, rules, write
from .console import cope
from .errors import said
from .settings import Settings
from .shared import on_top

SECTIONS: dict[str, tuple[click.Command, ...]] = {
    "Begin": (demo.demo, importing.import_, write.propose, write.adopt),
    "Look": (read.list_partnerships, read.show, read.why, read.options, read.history),
    "Act": (write.file, write.retract, write.fire),
    "Keep watch": (maintenance.sweep, maintenance.verify, maintenance.heads, impact.impact),
    "Keep no longer": (maintenance.redact, maintenance.purge),
    "The tables": (db.db,),
    "The rules, with no database": (
        check.check, check.schema, rules.policies, rules.explain, clauses.clauses, rules.diagram,
    ),
}  # fmt: skip


class Commands(click.Group):
    """A group that shows its commands by section and turns partnerflow's errors into messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it returns is the exit code."""
        try:
            code = super().invoke(ctx)
        except PartnerflowError as error:
            raise said(error) from error
        if code:
            ctx.exit(code)
        return code

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Name the commands, in the order of the sections."""
        return [command.name for commands in SECTIONS.values() for command in commands if command.name]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write a section for each group of commands."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(command.name or "", command.get_short_help_str(90)) for command in commands])


def _made() -> Commands:
    top = Commands(
        "partnerflow",
        callback=click.pass_context(_start),
        params=[*on_top()],
        help=_HELP,
        epilog="More of one command, with examples: partnerflow COMMAND --help. "
        "Exit codes: 0 done, 1 refused or something broken found, 2 could not be done.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    for commands in SECTIONS.values():
        for command in commands:
            top.add_command(command)
    return click.version_option(package_name="partnerflow", prog_name="partnerflow")(top)


_HELP = """The life of partnerships between a school district and outside organisations.

What may happen next is decided by policies; whatever is refused is explained, with what would mend it.

\b
The first three to type:
  partnerflow demo                       a whole life, on real data, in ten seconds
  partnerflow import edfi FILE           take in the partners that your Ed-Fi system lists
  partnerflow list                       see where each stands and what does not hold
"""


def _start(ctx: click.Context) -> None:
    ctx.ensure_object(Settings)
    cope()


cli = _made()


def run() -> None:
    """Run the command line of this process."""
    cli(prog_name="partnerflow")
