"""Every command: its purpose, arguments, options and examples."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from partnerflow.cli.app import cli

from .write import codes, fenced, table


def sections() -> str:
    return "\n".join(_section(command, path) for command, path in _commands(cli, ("partnerflow",)))


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[click.Command, tuple[str, ...]]]:
    """Yield the command itself and every command below it that can be run."""
    if path == ("partnerflow",) or not isinstance(command, click.Group):
        yield command, path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if (found := command.get_command(context, name)) is not None:
                yield from _commands(found, (*path, name))


def _section(command: click.Command, path: tuple[str, ...]) -> str:
    text = inspect.cleandoc(command.help or "").partition("\b")[0]
    lines = [f"### {' '.join(path)}", *(" ".join(part.split()) for part in text.split("\n\n") if part.strip())]
    arguments = [each.metavar or each.name or "" for each in command.params if isinstance(each, click.Argument)]
    if arguments:
        lines.append(f"Takes `{' '.join(arguments)}`.")
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    if options:
        lines.append(table(("option", ""), [(_written(each), each.help or "") for each in options]).rstrip())
    shared = [each for each in command.params if isinstance(each, click.Option) and each.hidden]
    if shared:
        lines.append(f"It also takes {codes(option.opts[0] for option in shared)}.")
    examples = getattr(command, "examples", ())
    if examples:
        lines.append(fenced("\n".join(examples), "").rstrip())
    return "\n\n".join(lines) + "\n"


def _written(option: click.Option) -> str:
    if option.is_flag:
        kind = ""
    elif isinstance(option.type, click.Choice):
        kind = " " + "/".join(map(str, option.type.choices))
    else:
        kind = f" {option.metavar or option.type.name.upper()}"
    return f"`{', '.join(option.opts)}{kind}`"
