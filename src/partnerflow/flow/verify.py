"""Checking every link of every chain, and naming each that does not hold."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, groupby
from operator import attrgetter
from typing import Literal, TypeAlias, TypeVar
from uuid import UUID

from partnerflow.errors import PartnerflowError, Tampered
from partnerflow.history import START, Head, Transition, entry_link, transition_link
from partnerflow.partnership import DISTRICT, Partnership
from partnerflow.ports import Audit
from partnerflow.records import Entry, Redaction, kinds
from partnerflow.records.conversion import read_record

from .arguments import batched
from .context import Context

Chain: TypeAlias = Literal["history", "file"]
Place: TypeAlias = tuple[Chain, UUID, int]
T = TypeVar("T")
UNREADABLE = (ValueError, TypeError, LookupError, PartnerflowError)
AT_ONCE = 500
"""How many transitions are looked at together, with what they were judged on."""
ANOTHER = "its link is not the one that was kept"
UNSAID = "was blanked, and no redaction says so"
PUT_BACK = "a redaction says that it was blanked, and it is not"


def heads(context: Context) -> Iterator[Head]:
    """Return where every chain ends, as one moment has it."""
    with context.store.audit() as audit:
        yield from (
            Head(chain="history", id=stands.id, count=stands.version, link=link)
            for stands, link in audit.partnerships()
        )
        for file_id, entries in groupby(audit.entries(), attrgetter("file_id")):
            (last,) = deque(entries, maxlen=1)
            yield Head(chain="file", id=file_id, count=last.seq, link=last.link)


def verify(context: Context, *, against: Iterable[Head] = ()) -> None:
    """Read everything in a stream, as one moment has it. Raises Tampered."""
    known, broken = dict[Place, str](), list[str]()
    for head in against:
        if known.setdefault((head.chain, head.id, head.count), head.link) != head.link:
            broken.append(f"{_name(head.chain, head.id)} had two different links at {head.count} once")
    with context.store.audit() as audit:
        looking = _Looking(audit, known)
        broken += [*looking.at_files(), *looking.at_histories(), *looking.for_what_is_gone()]
    if broken:
        raise Tampered(list(dict.fromkeys(broken)))


class _Looking:
    """One look at everything that is chained."""

    def __init__(self, audit: Audit, known: Mapping[Place, str]) -> None:
        self._audit, self._known = audit, known
        self._seen: set[Place] = set()
        self._unread: set[tuple[Chain, UUID]] = set()
        """The chains that could not be read to their ends."""
        self._whole = 0
        """How many links of the chain that is looked at are done with."""
        self._steps_redacted: dict[UUID, set[int]] = {}
        self._gone: dict[UUID, int] = {}
        """Of each file from which something was taken away, the first place that is missing."""

    def at_files(self) -> Iterator[str]:
        """Name what is wrong with the files."""
        audit = self._audit
        try:
            yield from list(self._files(audit.entries()))
        except UNREADABLE:  # one after the other, so that what cannot be read is named and the rest is still looked at
            file_ids, unreadable = _read("the files", audit.file_ids)
            yield from unreadable
            for file_id in self._files_of_somebody() if unreadable else file_ids:
                yield from self._alone("file", file_id, self._file_alone)

    def at_histories(self) -> Iterator[str]:
        """Name what is wrong with the histories."""
        audit = self._audit
        try:
            yield from list(self._histories(audit.partnerships(), audit.transitions()))
        except UNREADABLE:
            ids, unreadable = _read("the partnerships", audit.partnership_ids)
            yield from unreadable
            for each in ids:
                yield from self._alone("history", each, self._history_alone)

    def for_what_is_gone(self) -> Iterator[str]:
        """Name what was there once, by the heads that somebody kept, and is not any more."""
        for kind, whose, count in sorted(self._known.keys() - self._seen):
            if (kind, whose) not in self._unread:
                yield f"{_name(kind, whose)} went on to {count} once, and does not any more"

    def _files_of_somebody(self) -> list[UUID]:
        """Return the files that there should be, where what is stored does not say which there are."""
        partnerships, _ = _read("the partnerships", self._audit.partnerships)
        return sorted({DISTRICT, *(whose for stands, _ in partnerships for whose in (stands.partner_id, stands.id))})

    def _file_alone(self, file_id: UUID, _: int) -> Iterator[str]:
        return self._files(self._audit.entries(file_id))

    def _history_alone(self, partnership_id: UUID, at_once: int) -> Iterator[str]:
        audit = self._audit
        return self._histories(audit.partnerships(partnership_id), audit.transitions(partnership_id), at_once)

    def _alone(self, kind: Chain, whose: UUID, look: Callable[[UUID, int], Iterator[str]]) -> list[str]:
        """Look at one chain, as far as it can be read; what cannot be is named."""
        try:
            return list(look(whose, AT_ONCE))
        except UNREADABLE:
            found, self._whole = list[str](), 0
        try:
            found.extend(look(whose, 1))
        except UNREADABLE as error:
            self._unread.add((kind, whose))
            what = f"{self._whole + 1} cannot be read ({type(error).__name__}), nor was what follows it looked at"
            found.append(f"{_name(kind, whose)}, {'record' if kind == 'file' else 'transition'} {what}")
        return found

    def _unlike(self, kind: Chain, whose: UUID, count: int, link: str) -> bool:
        """Tell whether somebody kept another link of that place."""
        place = (kind, whose, count)
        if place in self._known:
            self._seen.add(place)
        return self._known.get(place, link) != link

    # --- files ------------------------------------------------------------------------------------------------------

    def _files(self, entries: Iterator[Entry]) -> Iterator[str]:
        for file_id, lying in groupby(entries, attrgetter("file_id")):
            previous, blanked, accounted = START, dict[UUID | None, str](), set[UUID]()
            missing: int | None = None
            last = 0
            for place, entry in enumerate(lying, 1):
                faults = chain(_faults_of_entry(entry, place, previous), self._kept_otherwise(entry))
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
            yield from (f"{name}: {UNSAID}" for one, name in blanked.items() if one not in accounted)
            yield from (f"file {file_id}, entry {one}: {PUT_BACK}" for one in sorted(accounted - blanked.keys()))

    def _kept_otherwise(self, entry: Entry) -> Iterator[str]:
        if entry.file_id is not None and self._unlike("file", entry.file_id, entry.seq, entry.link):
            yield ANOTHER

    # --- histories --------------------------------------------------------------------------------------------------

    def _histories(
        self, partnerships: Iterator[tuple[Partnership, str]], transitions: Iterator[Transition], at_once: int = AT_ONCE
    ) -> Iterator[str]:
        stood: tuple[Partnership, str] | None = None
        last: Transition | None = None
        for some in batched(_paired(partnerships, transitions), at_once):
            links = self._audit.links({place for stands, made in some for place in _judged_on(stands, made)})
            for stands, made in some:
                if last is not None and (made is None or made.partnership_id != last.partnership_id):
                    yield from _ends(stood, last)
                    last = None
                if made is None:
                    yield from _ends(stands, None)
                    continue
                faults = chain(
                    _faults_of_transition(made, last), self._unaccounted(made), self._misjudged(stands, made, links)
                )
                yield from (f"{_named_step(made)}: {fault}" for fault in faults)
                stood, last, self._whole = stands, made, made.version
        if last is not None:
            yield from _ends(stood, last)

    def _unaccounted(self, made: Transition) -> Iterator[str]:
        if self._unlike("history", made.partnership_id, made.version, made.link):
            yield ANOTHER
        said = made.version in self._steps_redacted.get(made.partnership_id, ())
        blank = (made.reason_redacted, made.decision_redacted)
        if any(blank) and not said:
            yield UNSAID
        if said and not all(blank):
            yield PUT_BACK

    def _misjudged(
        self, stands: tuple[Partnership, str] | None, made: Transition, links: Mapping[tuple[UUID, int], str]
    ) -> Iterator[str]:
        if stands is None:
            yield "belongs to no partnership"
            return
        for whose, file_id, seq, link in (
            ("the partner's file", stands[0].partner_id, made.partner_seq, made.partner_link),
            ("its own file", stands[0].id, made.file_seq, made.file_link),
        ):
            if link != (links.get((file_id, seq)) if seq else START) or self._gone.get(file_id, seq + 1) <= seq:
                yield f"{whose} is not the one that it was judged on, up to record {seq}"


def _faults_of_entry(entry: Entry, place: int, previous: str) -> Iterator[str]:
    if entry.seq != place:
        yield f"place {place} is missing"
    if entry.link != entry_link(entry, previous):
        yield "what is stored does not match its link"
    elif entry.redacted and entry.text:
        yield "was redacted, and has a text again"
    elif not entry.redacted and not _says_its_text(entry):
        yield "its record is not what its text says"


def _named(entry: Entry) -> str:
    return f"file {entry.file_id}, record {entry.seq} ({entry.kind}, entry {entry.id})"


def _named_step(made: Transition) -> str:
    return f"partnership {made.partnership_id}, transition {made.version} ({made.trigger})"


def _says_its_text(entry: Entry) -> bool:
    """Tell whether the record that policies read is what the text says that was hashed."""
    if kinds().get(entry.kind) is not type(entry.record):
        return True  # nobody reads the kind any more, so there is only its text
    return read_record(entry.kind, json.loads(entry.text), revision=entry.revision) == entry.record


def _paired(
    partnerships: Iterator[tuple[Partnership, str]], transitions: Iterator[Transition]
) -> Iterator[tuple[tuple[Partnership, str] | None, Transition | None]]:
    """Return each transition with its partnership; a partnership without any, and any without one, are given alone."""
    stands = next(partnerships, None)
    for partnership_id, made in groupby(transitions, attrgetter("partnership_id")):
        while stands is not None and stands[0].id < partnership_id:
            yield stands, None
            stands = next(partnerships, None)
        own = stands is not None and stands[0].id == partnership_id
        yield from ((stands if own else None, each) for each in made)
        stands = next(partnerships, None) if own else stands
    while stands is not None:
        yield stands, None
        stands = next(partnerships, None)


def _judged_on(stands: tuple[Partnership, str] | None, made: Transition | None) -> Iterator[tuple[UUID, int]]:
    """Return the places on the two files up to which a transition was judged."""
    if stands is not None and made is not None:
        places = ((stands[0].partner_id, made.partner_seq), (stands[0].id, made.file_seq))
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


def _ends(stands: tuple[Partnership, str] | None, last: Transition | None) -> Iterator[str]:
    """Compare where the history ends with where the partnership is said to stand."""
    if stands is None:
        return
    where, link = stands
    if last is None:
        yield f"partnership {where.id}: has no history"
    elif (last.target, last.version) != (where.state, where.version):
        yield (f"partnership {where.id}: stands in {where.state} at version {where.version}, but its history ends "
               f"{last.target} at version {last.version}")  # fmt: skip
    elif last.link != link:
        yield f"partnership {where.id}: its history does not end with the link that is kept beside where it stands"


def _name(kind: Chain, whose: UUID) -> str:
    return f"partnership {whose}: its history" if kind == "history" else f"file {whose}"


def _read(name: str, look: Callable[[], Iterator[T]]) -> tuple[list[T], list[str]]:
    """Return what can be read, and name what cannot, instead of stopping at it."""
    found: list[T] = []
    try:
        found.extend(look())
    except UNREADABLE as error:
        return found, [f"{name}: cannot be read: {type(error).__name__}"]
    return found, []
