"""How a partnership, what holds for it, its life and the notices of a sweep are printed; for commands and the demo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, NamedTuple

from partnerflow.gate import on_one_line
from partnerflow.records import NO_END, Redaction
from partnerflow.records.registry import Unregistered, shown_key

from .console import facts, say, table
from .resolve import short

if TYPE_CHECKING:
    from uuid import UUID

    from partnerflow import Dossier, Entry, InventoryRow, Partnerflow
    from partnerflow.dossier import WaitingWord
    from partnerflow.flow.sweep import Sweep
    from partnerflow.obligations import Notice
    from partnerflow.policies import Report
    from partnerflow.records import Record

    from .settings import Settings

_SHOWN = 3
"""How many due dates of one partnership are printed."""
_URGENCY = ("missed", "approaching", "waived", "mended", "over", "broken")

# --- days and names --------------------------------------------------------------------------------------------------


def day(value: date | None) -> str:
    """Write a day; "no end" for what has none, and nothing for what is not known."""
    return "" if value is None else "no end" if value == NO_END else value.isoformat()


def minute(flow: Partnerflow, moment: datetime) -> str:
    """Write a moment to the minute, in the district's time zone."""
    return f"{moment.astimezone(flow.tz):%Y-%m-%d %H:%M}"


def called(entry: Entry) -> str:
    """Name an entry by its kind and the values of its key."""
    if isinstance(entry.record, Redaction):
        return f"{entry.kind} ({_extent(entry.record)})"
    key = () if isinstance(entry.record, Unregistered) else shown_key(entry.record)
    return f"{entry.kind} ({', '.join(map(str, key))})" if key else entry.kind


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number of things; *many* where the plural is not just an s more."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def few(names: Sequence[str], most: int = 6) -> str:
    """Name the first of many, and say how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


# --- what holds ------------------------------------------------------------------------------------------------------


def what_holds(state: str, broken: Sequence[str], waived: Sequence[str] = ()) -> str:
    """Say in one line whether everything holds, and if not, which policies do not."""
    if not broken:
        return ", ".join([f"everything holds in {state}", *waived])
    verb = "does" if len(broken) == 1 else "do"
    codes = f"{counted(len(broken), 'policy', 'policies')} {verb} not hold in {state}: {few(broken)}"
    return "; ".join([codes, *waived])


def of_report(report: Report) -> str:
    """Say in one line what a report found to hold, waivers included."""
    waived = [f"{f.code} by waiver through {f.waiver.expires_on}" for f in report.findings if f.waiver]
    broken = [finding.code for finding in report.broken]
    return what_holds(report.state, broken, waived)


def standing(settings: Settings, flow: Partnerflow, partnership_id: UUID, dossier: Dossier | None = None) -> None:
    """Evaluate a partnership, and print what holds, what can be requested, and how to learn more.

    With the *dossier*, it prints too what ends first of what holds.
    """
    report = flow.explain(partnership_id)
    say(f"  {of_report(report)}")
    due_dates = {} if dossier is None else flow.pack.due_dates(report, dossier)
    ends = sorted((last, code) for code, last in due_dates.items() if last is not None and report[code].is_ok)
    for last, code in ends[:_SHOWN]:
        say(f"  {code} holds through {day(last)}")
    _what_next(settings, flow, report.state, partnership_id, broken=bool(report.broken))


def obligations(settings: Settings, flow: Partnerflow, state: str, partnership_id: UUID) -> None:
    """Print the same of what was just evaluated and stored, without evaluating it again."""
    broken = [each.code for each in flow.obligations(partnership_id) if not each.holds]
    say(f"  {what_holds(state, broken)}")
    _what_next(settings, flow, state, partnership_id, broken=bool(broken))


def _what_next(settings: Settings, flow: Partnerflow, state: str, partnership_id: UUID, *, broken: bool) -> None:
    legal = ", ".join(flow.lifecycle.legal(state))
    say(f"  what can be asked: {legal or 'nothing: this state is final'}")
    if broken:
        say(f"  why: {settings.command('why', short(partnership_id))}", style="pf.quiet", whole=True)


# --- tables ----------------------------------------------------------------------------------------------------------


def partnerships(rows: Iterable[InventoryRow], *, evaluated: bool = True, indent: int = 0) -> None:
    """Print a table of partnerships; unless they were *evaluated*, without the columns that only that can fill."""
    columns = ["id", "partner", "state", "since", *(["do not hold", "next due"] if evaluated else [])]
    cells = (_cells(row, evaluated=evaluated) for row in rows)
    table(columns, cells, wide=["partner"], right=["do not hold"], indent=indent)


def _cells(row: InventoryRow, *, evaluated: bool) -> list[str]:
    stands = row.partnership
    known = [short(stands.id), on_one_line(row.partner), stands.state, day(stands.since)]
    if not evaluated:
        return known
    if row.broken is None:
        return [*known, "?", "cannot be evaluated"]
    due = row.next_due
    return [*known, str(len(row.broken) or ""), f"{day(due.due_on)} {due.code}" if due else ""]


def entries(flow: Partnerflow, dossier: Dossier) -> None:
    """Print a table of the entries on a file."""
    kinds = {type(entry.record) for entry in dossier.entries}
    waiting = {word.entry.id for word in dossier.waiting}
    valid = {id(entry) for kind in kinds for entry in dossier.on_file.standing(kind)}
    table(
        ["entry", "record", "from", "through", "filed"],
        (
            [
                short(entry.id) if entry.id else "",
                called(entry),
                *_days(entry),
                _standing_of(flow, entry, unconfirmed=entry.id in waiting, valid=id(entry) in valid),
            ]
            for entry in dossier.entries
        ),
        wide=["record"],
    )
    _redactions(flow, dossier)


def waiting_words(dossiers: Iterable[Dossier]) -> Iterator[tuple[Dossier, WaitingWord]]:
    """Yield the words that wait, each once, with a partnership on whose file it is."""
    seen: set[UUID | None] = set()
    for dossier in dossiers:
        for word in dossier.waiting:
            if word.entry.id not in seen:
                seen.add(word.entry.id)
                yield dossier, word


def unconfirmed(words: Iterable[tuple[Dossier, WaitingWord]], flow: Partnerflow) -> int:
    """Print words that wait by partnership, each with what counts until it is confirmed; return how many there are."""
    number = 0
    for dossier, together in groupby(words, key=itemgetter(0)):
        rows = [
            [
                short(word.entry.id) if word.entry.id else "",
                f"filed {_filed_on(flow, word.entry)}",
                _with_fields(word),
                f"until then: {_in_place_of(flow, dossier, word.replaces)}",
            ]
            for _, word in together
        ]
        number += len(rows)
        say(f"{on_one_line(dossier.partner.name)} ({short(dossier.partnership.id)})", style="pf.head")
        facts(rows)
    return number


def _with_fields(word: WaitingWord) -> str:
    """Name an entry that waits, and its fields where only some of them do."""
    return f"{called(word.entry)}: {', '.join(word.fields)}" if word.fields else called(word.entry)


def _in_place_of(flow: Partnerflow, dossier: Dossier, record: Record | None) -> str:
    """Name what counts as long as a word waits."""
    if record is None:
        return "nothing"
    if dossier.on_file.position(record) is None:
        return "what was on file before"
    entry = dossier.entry(record)
    return f"{short(entry.id)} of {_filed_on(flow, entry)}" if entry.id else "what the host supplies"


def _standing_of(flow: Partnerflow, entry: Entry, *, unconfirmed: bool, valid: bool) -> str:
    if entry.redacted:
        return "redacted"
    if unconfirmed:
        return "unconfirmed"
    return _filed_on(flow, entry) if valid else "retracted"


def _filed_on(flow: Partnerflow, entry: Entry) -> str:
    return day(flow.today(entry.filed_at)) if entry.filed_at else ""


def _redactions(flow: Partnerflow, dossier: Dossier) -> None:
    """Print when, by whom and why something in a dossier was blanked, even if that was after the moment it shows."""
    there, version = {entry.id for entry in dossier.redacted}, dossier.partnership.version
    for entry in flow.entries_of(dossier.partnership.id):
        if not isinstance(redaction := entry.record, Redaction):
            continue
        blank = [f"entry {short(each)}" for each in redaction.entries if each in there]
        if entry.file_id == dossier.partnership.id:
            blank += [f"step {step}" for step in redaction.steps if step <= version]
        if blank:
            by = f" by {entry.filed_by.id}" if entry.filed_by else ""
            say(f"redacted on {_filed_on(flow, entry)}{by}, {few(blank)}: {redaction.reason}")


def _extent(redaction: Redaction) -> str:
    """Write how much a redaction blanked."""
    parts = ((len(redaction.entries), "record"), (len(redaction.steps), "step"))
    return ", ".join(counted(number, one) for number, one in parts if number)


def _days(entry: Entry) -> tuple[str, str]:
    period = () if isinstance(entry.record, Unregistered) else entry.record.kind_info.period
    first, last = (*(day(getattr(entry.record, name)) for name in period), "", "")[:2]
    return first, last


def notices(swept: Sweep, *, brief: bool = False, indent: int = 0) -> None:
    """Print the notices of a sweep by partnership; in *brief*, those of policies that never held as one line."""
    for partnership_id, together in groupby(swept.notices, key=attrgetter("partnership_id")):
        sent = sorted(together, key=lambda notice: _URGENCY.index(notice.telling))
        broken = [notice.code for notice in sent if notice.telling == "broken"]
        say(f"{'':{indent}}{on_one_line(sent[0].partner)} ({short(partnership_id)})", style="pf.head")
        rows = [_notice(notice) for notice in sent if not (brief and notice.telling == "broken")]
        facts([*rows, *([["broken", "", "", few(broken)]] if brief and broken else [])], indent=indent + 2)


def _notice(notice: Notice) -> list[str]:
    left = "" if notice.days_left is None else f" ({counted(notice.days_left, 'day')} left)"
    return [notice.telling, day(notice.due_on), notice.code, notice.title + left]


# --- a life ----------------------------------------------------------------------------------------------------------


class Moment(NamedTuple):
    """One line of a timeline."""

    at: datetime
    order: int
    """The order within one moment: what was filed, then steps, then notices."""
    who: str
    what: str


def timeline(flow: Partnerflow, partnership_id: UUID, *, told: bool = False, indent: int = 0) -> None:
    """Print the life of a partnership: steps taken and refused, what was filed, and with *told* the notices sent."""
    lines = [
        *_steps(flow, partnership_id),
        *_refusals(flow, partnership_id),
        *_filings(flow, partnership_id),
        *(_notices_sent(flow, partnership_id) if told else ()),
    ]
    rows = ([minute(flow, line.at), line.who, line.what] for line in sorted(lines))
    table(["when", "who", "what"], rows, wide=["what"], indent=indent)


def _steps(flow: Partnerflow, partnership_id: UUID) -> Iterator[Moment]:
    for made in flow.history(partnership_id):
        where = f"{made.source} -> {made.target}" if made.source != made.target else f"stays in {made.target}"
        why = "; why was redacted" if made.reason_redacted else f"; {made.reason}" if made.reason else ""
        yield Moment(made.at, 1, made.by, f"{made.trigger}: {where if made.source else made.target}{why}")


def _refusals(flow: Partnerflow, partnership_id: UUID) -> Iterator[Moment]:
    for attempt in flow.attempts(partnership_id):
        why = f" for {few(attempt.codes)}" if attempt.codes else ""
        yield Moment(attempt.at, 1, attempt.by, f"{attempt.trigger}: refused{why}")


def _filings(flow: Partnerflow, partnership_id: UUID) -> Iterator[Moment]:
    """Yield one line for what one person filed at one moment, and one for each redaction."""
    filed = sorted((entry for entry in flow.entries_of(partnership_id) if entry.filed_at), key=_when_and_who)
    for (at, who), together in groupby(filed, key=_when_and_who):
        kinds = []
        for entry in together:
            if isinstance(redaction := entry.record, Redaction):
                yield Moment(at, 0, who, f"redacted {_extent(redaction)}: {redaction.reason}")
            else:
                kinds.append(entry.kind)
        if not kinds:
            continue
        names = [kind if (n := kinds.count(kind)) == 1 else f"{kind} x{n}" for kind in dict.fromkeys(kinds)]
        yield Moment(at, 0, who, f"filed {', '.join(names)}")


def _when_and_who(entry: Entry) -> tuple[datetime, str]:
    assert entry.filed_at is not None  # noqa: S101  the others were left out
    return entry.filed_at, entry.filed_by.id if entry.filed_by else ""


def _notices_sent(flow: Partnerflow, partnership_id: UUID) -> Iterator[Moment]:
    for event in flow.events_of(partnership_id):
        if "due_on" in event.data:
            word, data = event.type.split(".")[-2], event.data
            due = f" ({data['due_on']})" if data["due_on"] else ""
            yield Moment(event.time, 2, "", f"{data['policy']} {word}{due}: {data['title']}")
