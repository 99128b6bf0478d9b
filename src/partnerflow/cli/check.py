"""The commands `check` and `schema`: check dossiers in files, without a database; print the schemas."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import click

from partnerflow.errors import InvalidRecord, PartnerflowError

from .command import command
from .console import say, say_raw
from .errors import COULD_NOT, REFUSED
from .json_input import read_json, read_source
from .parameters import day
from .settings import Settings

if TYPE_CHECKING:
    from partnerflow.policies import Report

SCHEMA = "partnerflow.check/1"
FORMATS = ("text", "json", "jsonl", "junit", "html")
_NAMES = ("dossier", "report")


@attrs.frozen
class CheckedFile:
    """A file and the result of checking it: a report, or why there is none."""

    name: str
    found: Report | PartnerflowError

    @property
    def code(self) -> int:
        """The exit code for this file alone."""
        if isinstance(self.found, PartnerflowError):
            return COULD_NOT
        return 0 if self.found.ok else REFUSED

    def to_data(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        if not isinstance(self.found, PartnerflowError):
            return {"file": self.name, "exit_code": self.code, "report": self.found.to_data()}
        error: dict[str, Any] = {"type": type(self.found).__name__, "message": str(self.found)}
        if isinstance(self.found, InvalidRecord):
            error["faults"] = [{"path": fault.path, "message": fault.message} for fault in self.found.faults]
        return {"file": self.name, "exit_code": self.code, "error": error}


@command(
    "check",
    "partnerflow check dossier.json",
    "partnerflow check *.json --trigger approve --on 2026-09-01 --format json",
    "partnerflow check dossier.json --format html > report.html",
    shares=("rules", "who"),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--trigger", metavar="TRIGGER", help="Check what blocks this step (default: what does not hold).")
@click.option("--on", type=day, help="The day to check for (default: today in the time zone of the file).")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="The form of the output.")
@click.option("--language", default="en", metavar="CODE", help="The language of text, junit and html.")
@click.pass_obj
def check(
    settings: Settings, files: Sequence[str], trigger: str | None, on: date | None, form: str, language: str
) -> int:
    """Check dossiers in JSON files against the policies.

    A FILE of - is standard input. Moments in a file fall on the days of --tz, or else of the time zone that the file
    names. With --by or --role, it also checks whether that person may take the step. Exit code: 0 nothing blocks, 1
    something does, 2 a file could not be checked; of several files, the highest. Formats: text; json, one document;
    jsonl, a line for each file; junit, for build servers; html, one page to read and to print.
    """
    from partnerflow.policies.translation import translation

    translation(language)  # an unknown language is refused before any file is read
    pack = settings.rules()
    by = settings.actor() if settings.by or settings.role else None
    asked = partial(pack.check, trigger=trigger, by=by)
    found = (_checked(asked, file, settings, on) for file in files)
    if form == "text":
        return _in_text(found, language, several=len(files) > 1)
    if form == "jsonl":
        return max(_in_line(one) for one in found)
    listed = list(found)
    code = max(one.code for one in listed)
    say_raw(_document(listed, form, code, language))
    return code


def _in_text(found: Iterable[CheckedFile], language: str, *, several: bool) -> int:
    """Print each file as it is checked; return the highest exit code."""
    code, first = 0, True
    for one in found:
        code = max(code, one.code)
        if isinstance(one.found, PartnerflowError):
            say(f"error: {one.found}", stderr=True)
            continue
        if several:
            say(f"{'' if first else chr(10)}{one.name}:", style="pf.head")
        first = False
        say(one.found.explain(language))
    return code


def _in_line(one: CheckedFile) -> int:
    say_raw(json.dumps(one.to_data(), ensure_ascii=False))
    return one.code


def _document(found: Sequence[CheckedFile], form: str, code: int, language: str) -> str:
    """Write the results of all files as one document."""
    if form == "json":
        data = {"schema": SCHEMA, "exit_code": code, "files": [one.to_data() for one in found]}
        return json.dumps(data, ensure_ascii=False, indent=2)
    pairs = _pairs(found)
    if form == "junit":
        from partnerflow.policies.formats.junit import junit_xml

        return junit_xml(pairs, language=language)
    from partnerflow.policies.formats.page import html_page

    return html_page(pairs, language=language)


def _pairs(found: Iterable[CheckedFile]) -> Iterator[tuple[str, Report | Exception]]:
    for one in found:
        yield one.name, one.found


def _checked(check: Callable[..., Report], file: str, settings: Settings, on: date | None) -> CheckedFile:
    """Check one file, in the time zone of --tz or else in its own."""
    from partnerflow.dossier import Dossier

    name = file
    try:
        given = read_source(file)
        name = given.name
        dossier = Dossier.from_mapping(read_json(given), tz=settings.tz)
        return CheckedFile(name, check(dossier, on=on or settings.today(dossier.tz)))
    except InvalidRecord as error:
        return CheckedFile(name, InvalidRecord(name, error.faults))
    except PartnerflowError as error:
        return CheckedFile(name, error)


@command("schema", "partnerflow schema dossier > dossier.schema.json", "partnerflow schema report", shares=())
@click.argument("name", type=click.Choice(_NAMES), metavar="|".join(_NAMES))
def schema(name: str) -> None:
    """Print the JSON Schema of a dossier or of a report.

    They are of draft 2020-12. The schema of the dossier has every kind of record that is installed here.
    """
    from partnerflow.policies.schemas import SCHEMAS

    say_raw(json.dumps(SCHEMAS[name](), ensure_ascii=False, indent=2))
