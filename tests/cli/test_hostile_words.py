"""Whatever is typed: a message and an exit code of 1 or 2, or the work done; never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import click
import pytest

from partnerflow.cli.app import BY_NAME, cli

Shell: TypeAlias = Any
HOSTILE = (
    *("", " ", "\u200b", "\x1b[31m", "a\nb", "\u202e", "\udc80", "x" * 20_000, "-1", "1e400", "9" * 400, "{partner}"),
    *("{", "null", '"', "[[[", "/", ".", "--", "*", "\u0000", "2026-13-45", "9999-12-31T23:59:59-23:59", "nobody"),
)
OPENING_A_FILE = ("--db", "--pack", "--output", "--html", "--schema", "--prefix")
"""What may not be anything: it would make files of that name."""


def commands(group: click.Command = cli, *above: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with the words that call it."""
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            yield from commands(found, *above, name)
    else:
        yield above, group


COMMANDS = {name: command for name, command in commands() if name != ("demo",)}
"""Every command but the one whose only word is the name of a file that it makes."""


def words_for(parameter: click.Parameter, text: str) -> list[str]:
    """Return the words that give a parameter this text."""
    if isinstance(parameter, click.Option):
        return [parameter.opts[0]] if parameter.is_flag else [parameter.opts[0], text]
    return [text]


@pytest.mark.parametrize("name", COMMANDS, ids=" ".join)
def test_no_word_for_any_argument_or_option_ends_in_a_traceback(name: tuple[str, ...], lived: Shell) -> None:
    parameters = [each for each in COMMANDS[name].params if each.opts[0] not in OPENING_A_FILE]
    for place, text in enumerate(HOSTILE):
        given = [word for each in parameters if each.required for word in words_for(each, text)]
        one = parameters[place % len(parameters)] if parameters else None
        for more in ([], words_for(one, text) if one is not None and not one.required else []):
            said = lived(*name, *more, *given, given=text.encode("utf-8", "surrogateescape"))
            assert said.code in (0, 1, 2), said
            assert said.code == 0 or said.err or said.out, (name, text)
            assert "Traceback" not in said.err


def test_every_command_is_tried() -> None:
    assert {name[0] for name in COMMANDS} == set(BY_NAME) - {"demo"}
