"""How a partnership, its standing, its life and what a sweep told are shown; by commands and by the demo alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import attrs

from partnerflow.records import NO_END, Redaction
from partnerflow.records.registry import Unregistered, key_of

from .console import facts, say, table
from .resolve import Named, short

if TYPE_CHECKING:
    from uuid import UUID

    from partnerflow import Dossier, Entry, Partnerflow
    from partnerflow.flow.sweep import Sweep
    from partnerflow.obligations import Notice
    from partnerflow.policies import Report

    from .settings import Settings

_URGENCY = ("missed", "approaching", "mended", "broken")

# --- days and names --------------------------------------------------------------------------------------------------


def day(value: date | None) -> str:
    """Write a day, what has no end, and what is not known."""
    return "" if value is None else "no end" if value == NO_END else value.isoformat()


def minute(flow: Partnerflow, moment: datetime) -> str:
    """Write a moment to the minute, in the district's time zone."""
    return f"{moment.astimezone(flow.tz):%Y-%m-%d %H:%M}"


def called(entry: Entry) -> str:
    """Name an entry by its kind and the values of its key."""
    if isinstance(entry.record, Redaction):
        return f"{entry.kind} ({_extent(entry.record)})"
    key = () if isinstance(entry.record, Unregistered) else key_of(entry.record)
    return f"{entry.kind} ({', '.join(map(str, key))})" if key else entry.kind


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number of things; *many* where the plural is not just an s more."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def few(names: Sequence[str], most: int = 6) -> str:
    """Name the first of many, and say how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def on_file(flow: Partnerflow, subject: UUID) -> tuple[Entry, ...]:
    """Return all that lies on the files of a partnership and its partner, or on the district's."""
    with flow.store.reading() as tx:
        holding = tx.snapshots([subject]).get(subject)
        return tx.file(subject) if holding is None else (*holding.partner_file, *holding.own_file)


# --- standing --------------------------------------------------------------------------------------------------------


@attrs.frozen
class Standing:
    """What must go on being true of a partnership now, and until when."""

    report: Report
    due_dates: Mapping[str, date | None]

    @classmethod
    def of(cls, flow: Partnerflow, partnership_id: UUID) -> Standing:
        """Judge a partnership as it stands."""
        report: Report = flow.explain(partnership_id)
        return cls(report, flow.pack.due_dates(report, flow.dossier(partnership_id)))

    @property
    def due(self) -> list[tuple[date, str]]:
        """What holds now and until when, the nearest day first; without what has no end."""
        sound = {finding.code for finding in self.report.findings if finding.is_ok}
        return sorted((until, code) for code, until in self.due_dates.items() if until is not None and code in sound)

    def sentence(self) -> str:
        """Say in one line whether everything holds, and if not, what does not."""
        broken = self.report.broken
        waived = [f"{f.code} by waiver through {f.waiver.expires_on}" for f in self.report.findings if f.waiver]
        if not self.report.findings:
            return f"nothing has to hold in {self.report.state}"
        if not broken:
            return ", ".join([f"everything holds in {self.report.state}", *waived])
        verb = "does" if len(broken) == 1 else "do"
        codes = few([finding.code for finding in broken])
        return (
            f"{counted(len(broken), 'policy', 'policies')} {verb} not hold in {self.report.state}: {codes}"
            + "".join(f"; {one}" for one in waived)
        )


def standing(settings: Settings, flow: Partnerflow, partnership_id: UUID, *, due: int = 0) -> None:
    """Say how a partnership stands, what comes due first, what can be asked, and how to learn more."""
    found = Standing.of(flow, partnership_id)
    say(f"  {found.sentence()}")
    for until, code in found.due[:due]:
        say(f"  {code} holds through {day(until)}")
    legal = ", ".join(flow.lifecycle.legal(found.report.state))
    say(f"  what can be asked: {legal or 'nothing: this state is final'}")
    if found.report.broken:
        say(f"  why: {settings.command('why', short(partnership_id))}", style="pf.quiet", whole=True)


# --- tables ----------------------------------------------------------------------------------------------------------


def partnerships(flow: Partnerflow, found: Iterable[Named], *, judged: bool = True, indent: int = 0) -> None:
    """Print a table of partnerships; unless they are *judged*, without what that would tell."""
    columns = ["id", "partner", "state", "since", *(["do not hold", "next due"] if judged else [])]
    rows = (_row(flow, named, judged=judged) for named in found)
    table(columns, rows, wide=["partner"], right=["do not hold"], indent=indent)


def _row(flow: Partnerflow, named: Named, *, judged: bool) -> list[str]:
    stands = named.partnership
    known = [short(stands.id), named.name, stands.state, day(stands.since)]
    if not judged:
        return known
    judgement = Standing.of(flow, stands.id)
    due = judgement.due
    return [*known, str(len(judgement.report.broken) or ""), f"{day(due[0][0])} {due[0][1]}" if due else ""]


def entries(flow: Partnerflow, dossier: Dossier) -> None:
    """Print a table of what lies on a file."""
    kinds = {type(entry.record) for entry in dossier.entries}
    valid = {id(entry) for kind in kinds for entry in dossier.on_file.standing(kind)}
    table(
        ["entry", "record", "from", "through", "filed"],
        (
            [
                short(entry.id) if entry.id else "",
                called(entry),
                *_days(entry),
                "redacted" if entry.redacted else "retracted" if id(entry) not in valid else _filed_on(flow, entry),
            ]
            for entry in dossier.entries
        ),
        wide=["record"],
    )
    _redactions(flow, dossier)


def _filed_on(flow: Partnerflow, entry: Entry) -> str:
    return day(flow.today(entry.filed_at)) if entry.filed_at else ""


def _redactions(flow: Partnerflow, dossier: Dossier) -> None:
    """Say when, by whom and why something in a dossier was blanked, by now or since the moment that it shows."""
    there, version = {entry.id for entry in dossier.redacted}, dossier.partnership.version
    for entry in on_file(flow, dossier.partnership.id):
        if not isinstance(said := entry.record, Redaction):
            continue
        blank = [f"entry {short(each)}" for each in said.entries if each in there]
        if entry.file_id == dossier.partnership.id:
            blank += [f"step {step}" for step in said.steps if step <= version]
        if blank:
            by = f" by {entry.filed_by.id}" if entry.filed_by else ""
            say(f"redacted on {_filed_on(flow, entry)}{by}, {few(blank)}: {said.reason}")


def _extent(said: Redaction) -> str:
    """Write how much a redaction blanked."""
    parts = ((len(said.entries), "record"), (len(said.steps), "step"))
    return ", ".join(counted(number, one) for number, one in parts if number)


def _days(entry: Entry) -> tuple[str, str]:
    period = () if isinstance(entry.record, Unregistered) else entry.record.kind_info.period
    first, last = (*(day(getattr(entry.record, name)) for name in period), "", "")[:2]
    return first, last


def notices(flow: Partnerflow, swept: Sweep, *, brief: bool = False, indent: int = 0) -> None:
    """Print what a sweep told, by partnership; in *brief*, those that never held as one line."""
    names = {partnership.id: name for partnership, name in flow.store.find()}
    for partnership_id, together in groupby(swept.notices, key=attrgetter("partnership_id")):
        told = sorted(together, key=lambda notice: _URGENCY.index(notice.telling))
        broken = [notice.code for notice in told if notice.telling == "broken"]
        say(f"{'':{indent}}{names[partnership_id]} ({short(partnership_id)})", style="pf.head")
        rows = [_told_of(notice) for notice in told if not (brief and notice.telling == "broken")]
        facts([*rows, *([["broken", "", "", few(broken)]] if brief and broken else [])], indent=indent + 2)


def _told_of(notice: Notice) -> list[str]:
    left = "" if notice.days_left is None else f" ({counted(notice.days_left, 'day')} left)"
    return [notice.telling, day(notice.due_on), notice.code, notice.title + left]


# --- a life ----------------------------------------------------------------------------------------------------------


class Moment(NamedTuple):
    """One line of a timeline."""

    at: datetime
    order: int
    """Among what has the same moment: evidence, then steps, then what was told."""
    who: str
    what: str


def timeline(flow: Partnerflow, named: Named, *, told: bool = False, indent: int = 0) -> None:
    """Print the life of a partnership: steps taken and refused, what was filed, and what sweeps *told*."""
    lines = [
        *_steps(flow, named),
        *_refusals(flow, named),
        *_filings(flow, named),
        *(_told(flow, named) if told else ()),
    ]
    rows = ([minute(flow, line.at), line.who, line.what] for line in sorted(lines))
    table(["when", "who", "what"], rows, wide=["what"], indent=indent)


def _steps(flow: Partnerflow, named: Named) -> Iterator[Moment]:
    for made in flow.history(named.partnership.id):
        where = f"{made.source} -> {made.target}" if made.source != made.target else f"stays in {made.target}"
        why = "; why was redacted" if made.reason_redacted else f"; {made.reason}" if made.reason else ""
        yield Moment(made.at, 1, made.by, f"{made.trigger}: {where if made.source else made.target}{why}")


def _refusals(flow: Partnerflow, named: Named) -> Iterator[Moment]:
    for tried in flow.attempts(named.partnership.id):
        why = f" for {few(tried.codes)}" if tried.codes else ""
        yield Moment(tried.at, 1, tried.by, f"{tried.trigger}: refused{why}")


def _filings(flow: Partnerflow, named: Named) -> Iterator[Moment]:
    """Return one line for what somebody filed at one moment, and one for each redaction."""
    filed = sorted((entry for entry in on_file(flow, named.partnership.id) if entry.filed_at), key=_filing)
    for (at, who), together in groupby(filed, key=_filing):
        kinds = []
        for entry in together:
            if isinstance(said := entry.record, Redaction):
                yield Moment(at, 0, who, f"redacted {_extent(said)}: {said.reason}")
            else:
                kinds.append(entry.kind)
        if not kinds:
            continue
        names = [kind if (n := kinds.count(kind)) == 1 else f"{kind} x{n}" for kind in dict.fromkeys(kinds)]
        yield Moment(at, 0, who, f"filed {', '.join(names)}")


def _filing(entry: Entry) -> tuple[datetime, str]:
    assert entry.filed_at is not None  # noqa: S101  chosen so
    return entry.filed_at, entry.filed_by.id if entry.filed_by else ""


def _told(flow: Partnerflow, named: Named) -> Iterator[Moment]:
    for event in flow.store.outgoing():
        if event.partnership_id == named.partnership.id and "due_on" in event.data:
            word, data = event.type.split(".")[-2], event.data
            due = f" ({data['due_on']})" if data["due_on"] else ""
            yield Moment(event.time, 2, "", f"{data['policy']} {word}{due}: {data['title']}")
