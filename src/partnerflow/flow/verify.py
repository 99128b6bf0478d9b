"""Verifying: check every link of every chain of hashes, and name each that does not verify.

Everything is read in streams: a whole file at once would not fit in memory. A row that cannot be read ends its stream,
so then each chain is read by itself, and if that fails too, entry by entry: what cannot be read is named, and the rest
is still checked.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from itertools import chain, groupby
from operator import attrgetter
from typing import TypeAlias, TypeVar
from uuid import UUID

from partnerflow import gate
from partnerflow.errors import PartnerflowError, Tampered
from partnerflow.history import START, Chain, Head, Transition, entry_link, transition_link
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.ports import Audit
from partnerflow.records import Entry, Redaction, kinds
from partnerflow.records.conversion import read_record
from partnerflow.records.registry import Unread

from .arguments import batched
from .context import Context

Place: TypeAlias = tuple[Chain, UUID, int]
T = TypeVar("T")
UNREADABLE = (ValueError, TypeError, LookupError, PartnerflowError)
BATCH = 500
"""How many transitions are checked together; the links of the entries that they cover are read in one statement."""
OTHER_LINK = "its link is not the one that was kept"
NO_REDACTION = "was blanked, and no redaction says so"
NOT_BLANK = "a redaction says that it was blanked, and it is not"


def heads(context: Context) -> Iterator[Head]:
    """Yield where every chain ends, all as of one moment."""
    with context.store.audit() as audit:
        yield from (
            Head(chain="history", id=current.id, count=current.version, link=link)
            for current, link in audit.partnerships()
            if link
        )
        for file_id, entries in groupby(audit.entries(), attrgetter("file_id")):
            (last,) = deque(entries, maxlen=1)
            if last.seq:
                yield Head(chain="file", id=file_id, count=last.seq, link=last.link)


def verify(context: Context, *, against: Iterable[Head] = ()) -> None:
    """Check everything, as of one moment; *against* are heads that were kept elsewhere. Raises Tampered."""
    known, broken = dict[Place, str](), list[str]()
    for head in gate.several(against, "against"):
        gate.of_type(head, Head, "against", "must be heads, as `heads` returned them")
        if known.setdefault((head.chain, head.id, head.count), head.link) != head.link:
            broken.append(f"{_name(head.chain, head.id)} had two different links at {head.count} once")
    with context.store.audit() as audit:
        check = _Verification(audit, known)
        broken += [*check.files(), *check.histories(), *check.missing_heads()]
    if broken:
        raise Tampered(list(dict.fromkeys(broken)))


class _Verification:
    """One verification of everything that is chained; files come first, because steps are checked against them."""

    def __init__(self, audit: Audit, known: Mapping[Place, str]) -> None:
        self._audit, self._known = audit, known
        self._seen: set[Place] = set()
        self._unread: set[tuple[Chain, UUID]] = set()
        """The chains that could not be read to the end."""
        self._whole = 0
        """How many links of the current chain have been checked."""
        self._steps_redacted: dict[UUID, set[int]] = {}
        self._gone: dict[UUID, int] = {}
        """For each file with entries missing inside, the first place that is missing."""

    def files(self) -> Iterator[str]:
        """Yield what is wrong with the files."""
        audit = self._audit
        try:
            yield from list(self._files(audit.entries()))
        except UNREADABLE:  # one by one, so that what cannot be read is named and the rest is still checked
            file_ids, unreadable = _read("the files", partial(audit.ids, "file"))
            yield from unreadable
            for file_id in self._expected_files() if unreadable else file_ids:
                yield from self._alone("file", file_id, self._file_alone)

    def histories(self) -> Iterator[str]:
        """Yield what is wrong with the histories."""
        audit = self._audit
        try:
            yield from list(self._histories(audit.partnerships(), audit.transitions()))
        except UNREADABLE:
            ids, unreadable = _read("the partnerships", partial(audit.ids, "history"))
            yield from unreadable
            for each in ids:
                yield from self._alone("history", each, self._history_alone)

    def missing_heads(self) -> Iterator[str]:
        """Yield each head that was kept elsewhere and is not there any more."""
        for kind, whose, count in sorted(self._known.keys() - self._seen):
            if (kind, whose) not in self._unread:
                yield f"{_name(kind, whose)} went on to {count} once, and does not any more"

    def _expected_files(self) -> list[UUID]:
        """Return the ids of the files that the partnerships should have, for when the files' own ids cannot be read."""
        partnerships, _ = _read("the partnerships", self._audit.partnerships)
        return sorted({DISTRICT, *(whose for current, _ in partnerships for whose in (current.partner_id, current.id))})

    def _file_alone(self, file_id: UUID, _: int) -> Iterator[str]:
        return self._files(self._audit.entries(file_id))

    def _history_alone(self, partnership_id: UUID, at_once: int) -> Iterator[str]:
        audit = self._audit
        return self._histories(audit.partnerships(partnership_id), audit.transitions(partnership_id), at_once)

    def _alone(self, kind: Chain, whose: UUID, look: Callable[[UUID, int], Iterator[str]]) -> list[str]:
        """Return what is wrong with one chain, as far as it can be read, and name what cannot be read."""
        try:
            return list(look(whose, BATCH))
        except UNREADABLE:
            found, self._whole = list[str](), 0
        try:
            found.extend(look(whose, 1))
        except UNREADABLE as error:
            self._unread.add((kind, whose))
            what = f"{self._whole + 1} cannot be read ({type(error).__name__}), nor was what follows it looked at"
            found.append(f"{_name(kind, whose)}, {'record' if kind == 'file' else 'transition'} {what}")
        return found

    def _differs_from_head(self, kind: Chain, whose: UUID, count: int, link: str) -> bool:
        """Return whether a head that was kept elsewhere has another link for that place."""
        place = (kind, whose, count)
        if place in self._known:
            self._seen.add(place)
        return self._known.get(place, link) != link

    # --- files ------------------------------------------------------------------------------------------------------

    def _files(self, entries: Iterator[Entry]) -> Iterator[str]:
        for file_id, on_file in groupby(entries, attrgetter("file_id")):
            previous, blanked, accounted = START, dict[UUID | None, str](), set[UUID]()
            missing: int | None = None
            last = 0
            for place, entry in enumerate(on_file, 1):
                faults = chain(_faults_of_entry(entry, place, previous), self._entry_faults(entry))
                yield from (f"{_named(entry)}: {fault}" for fault in faults)
                if entry.redacted:
                    blanked[entry.id] = _named(entry)
                if isinstance(entry.record, Redaction):
                    accounted |= set(entry.record.entries)
                    self._steps_redacted.setdefault(file_id, set()).update(entry.record.steps)
                previous = entry.link
                missing = place if missing is None and entry.seq != place else missing
                self._whole, last = place, entry.seq
            if missing is not None and last > self._whole:
                self._gone[file_id] = missing
            yield from (f"{name}: {NO_REDACTION}" for one, name in blanked.items() if one not in accounted)
            yield from (f"file {file_id}, entry {one}: {NOT_BLANK}" for one in sorted(accounted - blanked.keys()))

    def _entry_faults(self, entry: Entry) -> Iterator[str]:
        if entry.file_id is not None and self._differs_from_head("file", entry.file_id, entry.seq, entry.link):
            yield OTHER_LINK

    # --- histories --------------------------------------------------------------------------------------------------

    def _histories(
        self, partnerships: Iterator[tuple[Partnership, str]], transitions: Iterator[Transition], at_once: int = BATCH
    ) -> Iterator[str]:
        last_current: tuple[Partnership, str] | None = None
        last: Transition | None = None
        entered: Transition | None = None
        for some in batched(_paired(partnerships, transitions), at_once):
            links = self._audit.links({place for current, made in some for place in _basis(current, made)})
            for current, made in some:
                if last is not None and (made is None or made.partnership_id != last.partnership_id):
                    yield from _ends(last_current, last, entered)
                    last = entered = None
                if made is None:
                    yield from _ends(current, None, None)
                    continue
                faults = chain(
                    _faults_of_transition(made, last),
                    self._redaction_faults(made),
                    self._basis_faults(current, made, links),
                )
                yield from (f"{_named_step(made)}: {fault}" for fault in faults)
                last_current, last, self._whole = current, made, made.version
                entered = made if made.entered == made.version else entered
        if last is not None:
            yield from _ends(last_current, last, entered)

    def _redaction_faults(self, made: Transition) -> Iterator[str]:
        if self._differs_from_head("history", made.partnership_id, made.version, made.link):
            yield OTHER_LINK
        claimed = made.version in self._steps_redacted.get(made.partnership_id, ())
        blank = (made.reason_redacted, made.decision_redacted)
        if any(blank) and not claimed:
            yield NO_REDACTION
        if claimed and not all(blank):
            yield NOT_BLANK

    def _basis_faults(
        self, current: tuple[Partnership, str] | None, made: Transition, links: Mapping[tuple[UUID, int], str]
    ) -> Iterator[str]:
        if current is None:
            yield "belongs to no partnership"
            return
        for whose, file_id, seq, link in (
            ("the partner's file", current[0].partner_id, made.partner_seq, made.partner_link),
            ("its own file", current[0].id, made.file_seq, made.file_link),
        ):
            if link != (links.get((file_id, seq)) if seq else START) or self._gone.get(file_id, seq + 1) <= seq:
                yield f"{whose} is not the one that it was judged on, up to record {seq}"


def _faults_of_entry(entry: Entry, place: int, previous: str) -> Iterator[str]:
    if entry.seq != place:
        yield f"place {place} is missing"
    unread = entry.record if isinstance(entry.record, Unread) else None
    if entry.link != entry_link(entry, previous) or (unread and unread.is_misfit):
        yield f"cannot be read ({unread.why})" if unread else "what is stored does not match its link"
    elif entry.redacted and entry.text:
        yield "was redacted, and has a text again"
    elif not entry.redacted and not _matches_text(entry):
        yield "its record is not what its text says"


def _named(entry: Entry) -> str:
    return f"file {entry.file_id}, record {entry.seq} ({entry.kind}, entry {entry.id})"


def _named_step(made: Transition) -> str:
    return f"partnership {made.partnership_id}, transition {made.version} ({made.trigger})"


def _matches_text(entry: Entry) -> bool:
    """Return whether the record that policies read is the one in the text that was hashed."""
    if kinds().get(entry.kind) is not type(entry.record):
        return True  # the kind is no longer registered, so only the text is there
    return read_record(entry.kind, json.loads(entry.text), revision=entry.revision) == entry.record


def _paired(
    partnerships: Iterator[tuple[Partnership, str]], transitions: Iterator[Transition]
) -> Iterator[tuple[tuple[Partnership, str] | None, Transition | None]]:
    """Yield each transition with its partnership; either is None where a transition or a partnership has no other."""
    current = next(partnerships, None)
    for partnership_id, made in groupby(transitions, attrgetter("partnership_id")):
        while current is not None and current[0].id < partnership_id:
            yield current, None
            current = next(partnerships, None)
        own = current is not None and current[0].id == partnership_id
        yield from ((current if own else None, each) for each in made)
        current = next(partnerships, None) if own else current
    while current is not None:
        yield current, None
        current = next(partnerships, None)


def _basis(current: tuple[Partnership, str] | None, made: Transition | None) -> Iterator[tuple[UUID, int]]:
    """Yield the places on the two files up to which a transition was evaluated."""
    if current is not None and made is not None:
        places = ((current[0].partner_id, made.partner_seq), (current[0].id, made.file_seq))
        yield from (place for place in places if place[1] > 0)


def _faults_of_transition(made: Transition, last: Transition | None) -> Iterator[str]:
    place = last.version + 1 if last else 1
    if made.version != place:
        yield f"version {place} is missing"
    if made.link != transition_link(made):
        yield "what is stored does not match its link"
    if made.previous != (last.link if last else START):
        yield "it does not follow the link before it"
    if made.source != (last.target if last else None):
        yield f"it leaves {made.source}, not where the one before it led"
    if made.entered != (last.entered if last and made.source == made.target else made.version):
        yield f"it did not enter {made.target} at version {made.entered}"
    if (made.reason_redacted and made.reason) or (made.decision_redacted and made.decision):
        yield "was redacted, and has a text again"


def _ends(
    current: tuple[Partnership, str] | None, last: Transition | None, entered: Transition | None
) -> Iterator[str]:
    """Yield how a history differs from its partnership: *last* is how it ends, *entered* how the state was entered."""
    if current is None:
        return
    partnership, link = current
    if not link:
        yield f"partnership {partnership.id}: cannot be read"
    elif last is None:
        yield f"partnership {partnership.id}: has no history"
    elif (last.target, last.version) != (partnership.state, partnership.version):
        is_at = f"stands in {partnership.state} at version {partnership.version}"
        yield f"partnership {partnership.id}: {is_at}, but its history ends {last.target} at version {last.version}"
    elif last.link != link:
        yield f"partnership {partnership.id}: its history does not end with the link that is kept with its state"
    elif entered is not None and not _entered_on(entered, partnership.since):
        yield f"partnership {partnership.id}: it did not enter {partnership.state} on {partnership.since}"


def _entered_on(entered: Transition, since: date | None) -> bool:
    """Return whether a step can have entered its state on that day; which day a moment is depends on the time zone."""
    if entered.move.since is not None or since is None:
        return since is not None and entered.move.since == since
    return abs((entered.at.date() - since).days) <= 1


def _name(kind: Chain, whose: UUID) -> str:
    return f"partnership {whose}: its history" if kind == "history" else f"file {whose}"


def _read(name: str, look: Callable[[], Iterator[T]]) -> tuple[list[T], list[str]]:
    """Return what can be read, and a fault if something cannot, instead of raising it."""
    found: list[T] = []
    try:
        found.extend(look())
    except UNREADABLE as error:
        return found, [f"{name}: cannot be read: {type(error).__name__}"]
    return found, []
