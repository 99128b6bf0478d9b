"""Makes the gettext catalogues of partnerflow.policies from the code and from the translations in them.

    python translations/build.py           writes every catalogue, with what the code says today
    python translations/build.py --check   changes nothing; exits 1 if one is not what would be written, or is not whole

Sentences are collected from the cards of the policies (title and fix), from the rubric (rows and criteria), from the
calls that say something (Problem, lack, Until, WaiverNote, say), and the words that stand in facts. A translation is
written into the .po file by hand, and so is the comment at its top, which keeps the terms of the language.

A new language is one more name in LANGUAGES: run this, translate what the new .po file asks for, and run it again.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

from partnerflow.actors import ActorSide
from partnerflow.lifecycle import DEFAULT
from partnerflow.policies.finding import Outcome, Severity
from partnerflow.policies.shipped import POLICIES
from partnerflow.policies.translation import DOMAIN
from partnerflow.policies.verdict import PASSED
from partnerflow.records.registry import kinds
from partnerflow.rubric import CRITERIA, LEVELS, ROWS

PACKAGE = Path(__file__).parents[1] / "src" / "partnerflow"
LOCALE = PACKAGE / "policies" / "locale"
LANGUAGES = ("en", "es")
SAYS = {"Problem": 2, "lack": 2, "Until": 1, "WaiverNote": 1, "say": 0}
"""The calls that say something, and which of their arguments is the sentence."""
WORDS = (
    *map(str, DEFAULT.states),
    *map(str, DEFAULT.triggers),
    *map(str, Outcome),
    *map(str, Severity),
    *ActorSide.__args__,
    *LEVELS.values(),
    *("college", "industry", "sponsor", "vendor", "file", "fire", "retract", "nobody", "a source"),
)
"""Words that stand in facts, and are translated as words. Other names that a file is written in stay as they are."""
KINDS = tuple(name for name, kind in kinds().items() if kind.__module__.startswith("partnerflow."))
"""The kinds of records that are ours, as they are called where one is spoken of."""


def sentences() -> Iterator[tuple[str, str]]:
    """Return every sentence that may be said, with the place it comes from."""
    for path in sorted(path for room in ("policies", "rubric") for path in (PACKAGE / room).rglob("*.py")):
        place = path.relative_to(PACKAGE.parent).as_posix()
        for said in _said(ast.parse(path.read_text(encoding="utf-8"))):
            yield said, place
    for policy in POLICIES:
        place = f"{policy.body.__module__.replace('.', '/')}.py"
        yield policy.title, place
        yield policy.fix, place
    for asked in (*ROWS, *CRITERIA):
        yield asked.title, "partnerflow/rubric"
    yield "is not on file", "partnerflow/policies/verdict.py"


def _said(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        place = SAYS.get(name)
        if place is None or len(node.args) <= place:
            continue
        for said in _constants(node.args[place]):
            yield said + PASSED if name == "Until" else said


def _constants(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)


class Sentences(Catalog):
    """A catalogue whose head has neither days nor versions, so that making it again changes nothing."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """Return the lines of the head."""
        return [
            ("Project-Id-Version", "partnerflow"),
            ("Language", str(self.locale_identifier)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit\n"),
        ]


def catalogue(language: str) -> Catalog:
    """Make the catalogue of a language: today's sentences, with the translations that its .po file has."""
    old = _read(language)
    comment = old.header_comment if len(old) else f"# What partnerflow says, in the language {language}."
    made = Sentences(locale=language, domain=DOMAIN, header_comment=comment, charset="utf-8", fuzzy=False)
    places: dict[str, list[str]] = {}
    for said, place in sentences():
        places.setdefault(said, []).append(place)
    for said in sorted(places):
        made.add(said, _translated(old, said, None, language), [(place, 0) for place in sorted(set(places[said]))])
    for context, names in (("kind", KINDS), ("word", WORDS)):
        for name in sorted(set(names)):
            made.add(name, _translated(old, name, context, language), context=context)
    return made


def _read(language: str) -> Catalog:
    path = LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _translated(old: Catalog, said: str, context: str | None, language: str) -> str:
    known = old.get(said, context)
    if known is not None and known.string:
        return str(known.string)
    return said if language == "en" else ""


def wrong(language: str, messages: Catalog) -> Iterator[str]:
    """Name what is not translated, and translations that lose a fact or add one."""
    for message in messages:
        if message.id and not message.string:
            yield f"{language}: not translated: {message.id} (write it into {_po(language)}, then run this again)"
        elif message.id and _facts(str(message.id)) != _facts(str(message.string)):
            yield f"{language}: facts differ: {message.id!r} and {message.string!r}"


def _po(language: str) -> str:
    path = LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    return path.relative_to(PACKAGE.parents[1]).as_posix()


def _facts(said: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", said))


def files(language: str, messages: Catalog) -> dict[Path, bytes]:
    """Return what the files of a language are to hold."""
    folder = LOCALE / language / "LC_MESSAGES"
    text, compiled = io.BytesIO(), io.BytesIO()
    write_po(text, messages, width=120, sort_output=False, omit_header=False, include_lineno=False)
    write_mo(compiled, messages)
    return {folder / f"{DOMAIN}.po": text.getvalue(), folder / f"{DOMAIN}.mo": compiled.getvalue()}


def same(path: Path, data: bytes) -> bool:
    """Tell whether a file says what *data* says; another version of Babel may lay it out in another way."""
    if not path.exists():
        return False
    read = read_mo if path.suffix == ".mo" else read_po
    there, wanted = (read(io.BytesIO(one)) for one in (path.read_bytes(), data))
    return _pairs(there) == _pairs(wanted)


def _pairs(messages: Catalog) -> dict[tuple[str | None, str], str]:
    return {(message.context, str(message.id)): str(message.string) for message in messages if message.id}


def main() -> int:
    """Write the catalogues, or check them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    found: list[str] = []
    for language in LANGUAGES:
        messages = catalogue(language)
        found += wrong(language, messages)
        for path, data in files(language, messages).items():
            if check and not same(path, data):
                found.append(f"stale: {path.name} of {language}; run: python translations/build.py")
            elif not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    sys.stderr.write("\n".join(found or ["every catalogue is whole"]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
