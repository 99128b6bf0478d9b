"""Reports as one page of HTML that a principal can read: what blocks, what to do, by whom, by when.

The page has no script and loads nothing, so it can be mailed, filed and printed. Everything from a file is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib import resources

import attrs

from partnerflow.errors import InvalidRecord
from partnerflow.policies.advice import marks, note_line, sentence, who_and_when
from partnerflow.policies.finding import Finding, Outcome
from partnerflow.policies.report import Report
from partnerflow.policies.translation import ENGLISH, Translation, translation
from partnerflow.policies.verdict import Problem
from partnerflow.records import NO_END

from . import Checked, as_text

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The Content-Security-Policy: the page may load nothing."""


def html_page(checked: Iterable[Checked], *, language: str = ENGLISH) -> str:
    """Return the results of checking some files as one page of HTML.

    Raises InvalidRequest for a language that has no catalogue.
    """
    return as_text(_Page(list(checked), translation(language)).text())


@attrs.frozen
class _Page:
    checked: Sequence[Checked]
    say: Translation

    def text(self) -> str:
        """Return the whole page."""
        say, several = self.say, len(self.checked) != 1
        title = say("{count} partnership files checked", count=len(self.checked)) if several else self._title(0)
        style = resources.files("partnerflow.policies.formats").joinpath("style.css").read_text(encoding="utf-8")
        return "\n".join(
            [
                "<!DOCTYPE html>",
                f'<html lang="{escape(say.language)}">',
                "<head>",
                '<meta charset="utf-8">',
                f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f"<title>{escape(title)}</title>",
                f"<style>\n{style}</style>",
                "</head>",
                "<body>",
                "<main>",
                *(self._overview(title) if several else ()),
                *(line for place in range(len(self.checked)) for line in self._article(place)),
                "</main>",
                "</body>",
                "</html>",
                "",
            ]
        )

    def _title(self, place: int) -> str:
        name, found = self.checked[place]
        return found.partner if isinstance(found, Report) else name

    def _overview(self, title: str) -> Iterator[str]:
        """Yield the head of a page on several files: each file with its result and a link to it."""
        say = self.say
        yield f"<header><h1>{escape(title)}</h1></header>"
        if not self.checked:
            return
        heads = [say("Partner"), say("File"), say("Result")]
        yield f"<nav><table><thead><tr>{_heads(heads)}</tr></thead><tbody>"
        for place, (name, found) in enumerate(self.checked):
            good = isinstance(found, Report) and found.ok
            yield (
                f'<tr><td><a href="#file-{place + 1}">{escape(self._title(place))}</a></td><td>{escape(name)}</td>'
                f'<td class="{"good" if good else "bad"}">{escape(self._verdict(found))}</td></tr>'
            )
        yield "</tbody></table></nav>"

    def _article(self, place: int) -> Iterator[str]:
        name, found = self.checked[place]
        yield f'<article id="file-{place + 1}">'
        yield f"<header><h{self._rank}>{escape(self._title(place))}</h{self._rank}>"
        if isinstance(found, Report):
            yield f'<p class="lead">{escape(self._asked(found))}</p>'
        yield f'<p class="verdict {"good" if isinstance(found, Report) and found.ok else "bad"}">'
        yield f"{escape(self._verdict(found))}</p></header>"
        yield from self._report(found) if isinstance(found, Report) else self._error(found)
        yield f"<footer>{escape(name)}{escape(self._rules(found))}</footer>"
        yield "</article>"

    @property
    def _rank(self) -> int:
        """The rank of the heading of a file: the first, or below that of the page."""
        return 1 if len(self.checked) == 1 else 2

    def _head(self, text: str) -> str:
        return f'<h{self._rank + 1} class="part">{escape(text)}</h{self._rank + 1}>'

    # --- in words ---------------------------------------------------------------------------------------------------

    def _word(self, word: str) -> str:
        return self.say.fact(word).replace("_", " ")

    def _asked(self, report: Report) -> str:
        state = self._word(report.state)
        if report.trigger is None:
            return self.say("As it stood on {on}, in the state: {state}.", on=report.on, state=state)
        return self.say(
            "As it stood on {on}, for the step: {trigger} (to: {state}).",
            on=report.on,
            trigger=self._word(report.trigger),
            state=state,
        )

    def _verdict(self, found: Report | Exception) -> str:
        say = self.say
        if not isinstance(found, Report):
            return say("This file could not be checked.")
        count = len(found.blocking)
        if not count:
            return say("Nothing stands in the way.") if found.trigger else say("Everything holds.")
        if found.trigger is None:
            return say("One thing does not hold.") if count == 1 else say("{count} things do not hold.", count=count)
        one = say("One thing stands in the way.")
        return one if count == 1 else say("{count} things stand in the way.", count=count)

    def _rules(self, found: Report | Exception) -> str:
        return f" · {self.say('Checked by pack {pack}.', pack=str(found.pack))}" if isinstance(found, Report) else ""

    # --- a report ---------------------------------------------------------------------------------------------------

    def _report(self, report: Report) -> Iterator[str]:
        say = self.say
        if report.blocking:
            yield self._head(say("What stands in the way, and what to do") if report.trigger else say("What to do"))
            for finding in report.blocking:
                yield from self._card(finding, report, "bad")
        if report.blocking and report.trigger and report.may_fire:
            yield f"<p>{escape(say('Who may take this step: {roles}', roles=_spaced(report.may_fire)))}</p>"
        if report.noted:
            yield self._head(say("Noted; it stops nothing"))
            for finding in report.noted:
                yield from self._card(finding, report, "note")
        yield from self._aside(report)
        yield from self._sound(report)

    def _card(self, finding: Finding, report: Report, kind: str) -> Iterator[str]:
        say = self.say
        yield f'<section class="card {kind}">'
        yield f'<h{self._rank + 2} class="title">{escape(say(finding.title))}</h{self._rank + 2}>'
        mark = ", ".join(marks(finding, say))
        clauses = f" · {escape(', '.join(finding.cites))}" if finding.cites else ""
        yield f'<p class="meta"><span class="mark">{escape(mark)}</span> · {escape(finding.code)}{clauses}</p>'
        yield "<ul>"
        for problem in finding.problems:
            yield _item(self._place(problem), sentence(problem, say))
        yield "</ul><dl>"
        if finding.waiver is not None:
            granted = finding.waiver
            told = say(
                "Through {day}, by {approver} at {asker}'s request: {reason}",
                day=granted.expires_on,
                approver=granted.approved_by,
                asker=granted.requested_by,
                reason=granted.reason,
            )
            yield _fact(say("Waived"), told)
        else:
            if finding.advice:
                yield _fact(say("What to do"), say(finding.advice, **finding.parameters))
            may_waive = _spaced(report.may_waive)
            trigger = None if report.trigger is None else self._word(report.trigger)
            yield _fact(say("By whom and when"), who_and_when(finding, say, trigger=trigger, may_waive=may_waive))
        yield "</dl></section>"

    def _place(self, problem: Problem) -> str:
        """Return where a problem is, for a reader who has the file on paper."""
        steps = [step.replace("~1", "/").replace("~0", "~") for step in problem.path.split("/") if step]
        if steps[:1] == ["records"] and len(steps) > 1 and steps[1].isdigit():
            record = self.say("record {number}", number=int(steps[1]) + 1)
            steps[:2] = [f"{problem.label} ({record})" if problem.label else record]
        elif problem.label:
            steps[:0] = [problem.label]
        elif not problem.path.startswith("/"):
            steps = problem.path.split(".")
        return ", ".join(step.replace("_", " ") for step in steps)

    def _aside(self, report: Report) -> Iterator[str]:
        """Yield the notes on waivers, and the policies that were not asked."""
        say = self.say
        told = [
            say("waiver does not count: {lapsed}", lapsed=note_line(lapsed, say)) for lapsed in report.lapsed_waivers
        ]
        told += [say("waiver of {code} is not needed", code=code) for code in report.unused_waivers]
        roles = _spaced(report.may_waive) or (say.fact("nobody"),)
        told += [
            say(
                "waiver asked for, to be granted or refused by {roles}: {asked}", asked=note_line(one, say), roles=roles
            )
            for one in report.asked_waivers
        ]
        if report.unconfirmed:
            told.append(
                say("filed by the partner, to be confirmed before it counts: {words}", words=report.unconfirmed)
            )
        if report.not_asked:
            told.append(say("not asked, because nobody was named who asks: {codes}", codes=report.not_asked))
        if told:
            yield self._head(say("Also to be known"))
            yield f"<ul>{''.join(f'<li>{escape(_sentence(line))}</li>' for line in told)}</ul>"

    def _sound(self, report: Report) -> Iterator[str]:
        """Yield what holds, each with its last day, and what does not apply."""
        say = self.say
        holds = [finding for finding in report.findings if finding.outcome is Outcome.PASSED]
        if holds:
            yield self._head(say("What holds"))
            heads = [say("What is asked"), say("Through"), say("Policy")]
            yield f"<table><thead><tr>{_heads(heads)}</tr></thead><tbody>"
            for finding in holds:
                until = "" if finding.until in (None, NO_END) else str(finding.until)
                yield (
                    f'<tr><td>{escape(say(finding.title))}</td><td class="day">{until}</td>'
                    f'<td class="day">{escape(finding.code)}</td></tr>'
                )
            yield "</tbody></table>"
        idle = [finding for finding in report.findings if finding.outcome is Outcome.NOT_APPLICABLE]
        if idle:
            yield self._head(say("What does not apply here"))
            items = (f"<li>{escape(say(finding.title))} ({escape(finding.code)})</li>" for finding in idle)
            yield f'<ul class="meta">{"".join(items)}</ul>'

    def _error(self, error: Exception) -> Iterator[str]:
        """Yield what is wrong with a file that could not be checked."""
        yield '<section class="card bad">'
        if isinstance(error, InvalidRecord):
            yield f"<ul>{''.join(_item(fault.path, fault.message) for fault in error.faults)}</ul>"
        else:
            yield f"<p>{escape(str(error))}</p>"
        yield "</section>"


def _fact(name: str, text: str) -> str:
    return f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"


def _heads(texts: Iterable[str]) -> str:
    return "".join(f'<th scope="col">{escape(text)}</th>' for text in texts)


def _item(where: str, text: str) -> str:
    """Return one list item: where something is wrong, and what."""
    if not where:
        return f"<li>{escape(_sentence(text))}</li>"
    return f'<li><span class="where">{escape(where)}:</span> {escape(_stopped(text))}</li>'


def _spaced(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.replace("_", " ") for name in names)


def _sentence(text: str) -> str:
    """Return *text* with a capital first letter and a full stop."""
    return _stopped(text[:1].upper() + text[1:])


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
