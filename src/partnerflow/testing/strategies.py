"""Strategies for Hypothesis: dossiers that are almost in order, and any record that a kind allows.

    from hypothesis import given
    from partnerflow.policies import load_pack
    from partnerflow.testing import days, dossiers

    @given(dossiers(), days())
    def test_a_report_can_be_explained(dossier, on):
        assert load_pack("default").check(dossier, on=on).explain()

They change the example of `partnerflow.testing.examples`, which every policy of the default pack passes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from partnerflow.actors import Actor
from partnerflow.dossier import Dossier, Neighbour, RecordIndex
from partnerflow.errors import InvalidRecord
from partnerflow.lifecycle import DEFAULT, Move, State
from partnerflow.partnership import Partnership
from partnerflow.records import NO_END, Entry, Money, Partner, Record, Retraction, Service, Unregistered, Waiver, kinds
from partnerflow.records.conversion import read_record, unstructure
from partnerflow.records.registry import fields_of

from .examples import BOARD, EXAMPLE_DAY, OFFICE, example_dossier, example_records

# --- single values -------------------------------------------------------------------------------------------------

_NAMES: Mapping[str, tuple[str, ...]] = {
    "person": ("j.rivera", "l.chen"),
    "line": ("general_liability", "workers_compensation"),
    "licence_type": ("School Age Program", "Food service"),
    "site": ("255901001", "255901044", "*"),
    "service": ("tutoring", "mentoring"),
    "topic": ("advising_fundamentals", "content_area"),
    "plan": ("autumn 2026", "spring 2027"),
    "policy": ("SAFE-002", "REG-002", "AGR-001"),
    "trigger": ("terminate_for_cause", "approve"),
    "name": ("Ines Moreno", "L. Chen"),
}
"""Values of key fields that the example has on file too, so that records meet; other texts are drawn as well."""

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12)


@lru_cache
def days() -> SearchStrategy[date]:
    """Return a strategy for days: most are close to EXAMPLE_DAY or to last days in the example, some are years away."""
    close = st.integers(-4, 4).map(lambda after: EXAMPLE_DAY + timedelta(days=after))
    near = st.integers(-60, 400).map(lambda after: EXAMPLE_DAY + timedelta(days=after))
    ends = [date(2026, 8, 31), date(2026, 9, 1), date(2027, 6, 30), date(2027, 7, 1), date(2027, 8, 31)]
    return close | near | st.sampled_from(ends) | st.dates(date(2019, 1, 1), date(2040, 12, 31))


def actors() -> SearchStrategy[Actor]:
    """Return a strategy for actors: those of the example, and others with any side, roles, sites and partner."""
    sites = st.sampled_from(["255901001", "255901044", "*"])
    others = st.builds(
        Actor,
        st.sampled_from(["a.anderson", "b.okafor", "p.park", "i.moreno"]),
        side=st.sampled_from(["district", "school", "partner", "system"]),
        roles=st.sets(st.sampled_from(["partnership_office", "principal", "program_lead", "partner", "nobody"])),
        sites=st.none() | st.sets(sites),
        partner_id=st.sampled_from([None, example_dossier().partnership.partner_id, UUID(int=7)]),
    )
    return st.sampled_from([OFFICE, BOARD]) | others


@lru_cache
def _values(wanted: Any) -> SearchStrategy[Any]:
    """Return a strategy for the values of a field's type."""
    simple: dict[Any, SearchStrategy[Any]] = {
        str: _TEXT,
        int: st.integers(-3, 10_000),
        bool: st.booleans(),
        date: days() | st.just(NO_END),
        datetime: st.datetimes(datetime(2019, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        UUID: st.uuids(),
        Money: st.builds(Money, st.integers(0, 10**12), st.sampled_from(["USD", "JPY", "KWD", "CLF"])),
        NoneType: st.none(),
    }
    if wanted in simple:
        return simple[wanted]
    whole, parts = get_origin(wanted), get_args(wanted)
    if whole in (Union, UnionType):
        return st.one_of([_values(part) for part in parts])
    if whole is Literal:
        return st.sampled_from(parts)
    if whole in (frozenset, AbstractSet):
        return st.frozensets(_values(parts[0]), max_size=3)
    if whole is tuple:
        return st.lists(_values(parts[0]), max_size=3).map(tuple)
    if whole is dict:
        return st.dictionaries(_values(parts[0]), _values(parts[1]), max_size=3)
    if attrs.has(wanted):
        return _objects(wanted)
    raise TypeError(f"a field of type {wanted} is not known here: draw such records from a strategy of your own")


@lru_cache
def _objects(cls: Any) -> SearchStrategy[Any]:
    hints = get_type_hints(cls)
    fields = {name: _field(name, hints[name]) for name in (f.name for f in attrs.fields(cls)) if name != "extra"}
    if issubclass(cls, Record):
        fields["extra"] = st.just({}) | st.dictionaries(_TEXT.map("x_{}".format), _TEXT | st.booleans(), max_size=2)
    return st.fixed_dictionaries(fields).map(partial(_build, cls)).filter(lambda one: one is not None)


def _build(cls: Any, fields: dict[str, Any]) -> Any:
    """Return a *cls* with these fields; None where it refuses them together, such as shares that do not add up."""
    try:
        made = cls(**fields)
    except ValueError:
        return None
    return _in_order(made) if isinstance(made, Record) else made


def _in_order(record: Record) -> Record:
    """Return a record whose last day is not before its first: the other way round it would never be filed."""
    if isinstance(record, Unregistered) or len(record.kind_info.period) != 2:
        return record
    first, last = record.kind_info.period
    begins, ends = getattr(record, first), getattr(record, last)
    turned: dict[str, Any] = {first: ends, last: begins}
    return attrs.evolve(record, **turned) if begins and ends and ends < begins else record


def _field(name: str, wanted: Any) -> SearchStrategy[Any]:
    values = _values(wanted)
    known = st.sampled_from(_NAMES[name]) if name in _NAMES else None
    return values if known is None or str not in (wanted, *get_args(wanted)) else known | values


def records(kind: str | None = None) -> SearchStrategy[Record]:
    """Return a strategy for records of one *kind*, or of any kind that is registered at the first draw.

    Each field has any value that its type allows, including None, but no amount is below zero and no period ends before
    it begins; extra fields are drawn too. Raises TypeError for a kind with a field of a host's own type.
    """
    if kind is not None:
        return st.deferred(lambda: _of_kind(kind))
    return st.deferred(lambda: st.sampled_from(sorted(kinds())).flatmap(_of_kind))


def _of_kind(kind: str) -> SearchStrategy[Record]:
    cls: Any = kinds()[kind]
    return _objects(cls)


# --- dossiers ------------------------------------------------------------------------------------------------------


@st.composite
def dossiers(draw: DrawFn, state: str | None = None, kinds: Collection[str] = ()) -> Dossier:
    """Draw the example dossier, in any of the six states or in *state*, with up to eight changes.

    Fields are dropped, days moved, and records added, removed, filed twice, superseded, retracted and redacted; people,
    services, waivers and closings are added; moves and neighbours may be left out. With *kinds*, only records of these
    kinds change. Every dossier can be written as a mapping and read again.
    """
    in_state = draw(st.sampled_from(list(State))) if state is None else state
    trigger = draw(st.none() | st.sampled_from(DEFAULT.legal(in_state) or [None]))
    made = example_dossier(in_state, trigger=trigger)
    draft = _Draft(draw, list(made.entries), kinds)
    for change in draw(st.lists(st.sampled_from(_CHANGES if kinds else [*_CHANGES, *_ADDITIONS]), max_size=8)):
        change(draft)
    there = {entry.id for entry in draft.entries}
    standing = [e for e in draft.entries if not isinstance(e.record, Retraction) or e.record.entry_id in there]
    made = attrs.evolve(made, on_file=RecordIndex(standing))
    if kinds:
        return made
    return attrs.evolve(
        made,
        partner=draw(st.just(made.partner) | _partners(made.partner)),
        partnership=draw(st.just(made.partnership) | st.just(Partnership(in_state))),
        moves=draw(st.just(made.moves) | _moves(made.moves or ())),
        neighbours=draw(st.just(()) | st.none() | st.lists(_neighbours(), max_size=2).map(tuple)),
    )


@st.composite
def _partners(draw: DrawFn, partner: Partner) -> Partner:
    required = [None, (), ("School Age Program",), ("School Age Program", "Food service")]
    return attrs.evolve(
        partner,
        kind=draw(st.none() | st.just(partner.kind)),
        classification=draw(st.sampled_from([None, "partner", "vendor", "sponsor"])),
        licences_required=draw(st.sampled_from(required)),
    )


def _moves(made: tuple[Move, ...]) -> SearchStrategy[tuple[Move, ...] | None]:
    nameless = tuple(attrs.evolve(move, by=None) for move in made)
    amended = (*made, Move("amend", made[-1].target, made[-1].target, by=OFFICE, reason="a second site"))
    return st.sampled_from([None, (), nameless, amended])


@st.composite
def _neighbours(draw: DrawFn) -> Neighbour:
    mine = next(record for record in example_records() if isinstance(record, Service))
    theirs = attrs.evolve(
        mine,
        sites=draw(st.sampled_from([None, frozenset({"*"}), frozenset({"255901044"}), mine.sites])),
        content_areas=draw(st.sampled_from([None, frozenset({"college_advising"}), mine.content_areas])),
        grades=draw(st.sampled_from([None, frozenset(), frozenset({"12"}), mine.grades])),
        starts_on=draw(st.none() | days()),
        ends_on=draw(st.none() | days()),
    )
    return Neighbour(str(draw(st.uuids())), "Northside Tutors", theirs)


@attrs.define
class _Draft:
    """A list of entries that is being changed; each method draws one change."""

    draw: DrawFn
    entries: list[Entry]
    kinds: Collection[str]

    def drop_fact(self) -> None:
        """Drop a field of a record, or of a part of it."""
        place = self._pick()
        data: dict[str, Any] = unstructure(self.entries[place].record)
        holder = self.draw(st.sampled_from([data, *_parts(data)]))
        if not holder:
            return
        holder.pop(self.draw(st.sampled_from(sorted(holder))))
        try:
            self._put(place, record=read_record(self.entries[place].kind, data))
        except InvalidRecord:
            return  # a required field

    def move_days(self) -> None:
        """Change the days of a record, if it has any."""
        place = self._pick()
        self._put(place, record=self._moved(self.entries[place].record))

    def take_out(self) -> None:
        """Remove a record, as if it had never been filed."""
        place = self._pick()
        if len(self._read()) > 1:
            self.entries.pop(place)

    def file_for_another_term(self) -> None:
        """File a record again, with other days."""
        entry = self.entries[self._pick()]
        self._file(self._moved(entry.record), like=entry)

    def file_for_another(self) -> None:
        """File a record again, under another key."""
        entry = self.entries[self._pick()]
        names = [name for name in entry.record.kind_info.key if name in _NAMES]
        key: dict[str, Any] = {name: self.draw(st.sampled_from(_NAMES[name])) for name in names}
        self._file(attrs.evolve(entry.record, **key), like=entry)

    def supersede(self) -> None:
        """File any record of the same kind and key."""
        entry = self.entries[self._pick()]
        info = entry.record.kind_info
        key = {name: getattr(entry.record, name) for name in info.key}
        self._file(attrs.evolve(self.draw(records(info.name)), **key), like=entry)

    def retract(self) -> None:
        """Retract a record."""
        entry = self.entries[self._pick()]
        if entry.id is not None and not isinstance(entry.record, Retraction):
            self._file(Retraction(entry_id=entry.id, reason="filed for the wrong partner"))

    def redact(self) -> None:
        """Redact a record: only its entry is left."""
        place = self._pick()
        blank = Unregistered(kind=self.entries[place].kind, fields={})
        if len(self._read()) > 1:
            self._put(place, record=blank, text="", redacted="0" * 64)

    def forget_filing(self) -> None:
        """Drop one fact about the filing of a record."""
        known = ["id", "filed_at", "recorded_at", "filed_by", "version"]
        self._put(self._pick(), **{self.draw(st.sampled_from(known)): None})

    def file_any(self) -> None:
        """File a record of any kind."""
        record = self.draw(records())
        if not isinstance(record, (Partner, Retraction)):
            self._file(record)

    def join(self) -> None:
        """File another person or service."""
        self._file(self.draw(st.sampled_from(["person", "service"]).flatmap(records)))

    def waive(self) -> None:
        """File a waiver, which may apply or not."""
        from partnerflow.policies.shipped import POLICIES

        waiver = Waiver(
            self.draw(st.sampled_from([policy.code for policy in POLICIES])),
            reason="the paper is late",
            requested_by=self.draw(st.sampled_from([OFFICE.id, BOARD.id])),
            expires_on=self.draw(days()),
            revision=self.draw(st.sampled_from([1, 1, 1, None])),
            covers_all=self.draw(st.sampled_from([True, True, False])),
        )
        self._file(waiver, filed_by=self.draw(st.sampled_from([BOARD, BOARD, None])))

    def close(self) -> None:
        """File a closing of the improvement plan."""
        of_the_plan: dict[str, Any] = {"plan": "autumn 2026"}
        self._file(attrs.evolve(self.draw(records("plan_closing")), **of_the_plan))

    def _pick(self) -> int:
        """Return the place of a record that was not redacted, of one of `kinds` if there is any."""
        places = self._read()
        return self.draw(st.sampled_from([n for n in places if self.entries[n].kind in self.kinds] or places))

    def _read(self) -> list[int]:
        return [place for place, entry in enumerate(self.entries) if entry.redacted is None]

    def _put(self, place: int, **changes: Any) -> None:
        self.entries[place] = attrs.evolve(self.entries[place], **changes)

    def _file(self, record: Record, like: Entry | None = None, **filed: Any) -> None:
        """Append *record*, under an id that no other entry has."""
        taken = {entry.id for entry in self.entries}
        number = next(n for n in range(0xA000, 0xFFFF) if _entry_id(n) not in taken)
        like = like or self.entries[self._read()[-1]]
        self.entries.append(attrs.evolve(like, record=record, id=_entry_id(number), **filed))

    def _moved(self, record: Record) -> Record:
        dated = _dated(record.kind_info.name)
        named = self.draw(st.lists(st.sampled_from(dated), unique=True, min_size=1)) if dated else []
        changes: dict[str, Any] = {name: self.draw(days() | st.just(NO_END)) for name in named}
        return _in_order(attrs.evolve(record, **changes))


def _entry_id(number: int) -> UUID:
    return UUID(int=0x0198F000_0000_7000_8000_000000000000 + number)


def _parts(data: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects within a record, at any depth."""
    for part in data.values() if isinstance(data, dict) else data:
        if isinstance(part, dict):
            yield part
        if isinstance(part, (dict, list)):
            yield from _parts(part)


@lru_cache
def _dated(kind: str) -> tuple[str, ...]:
    cls = kinds()[kind]
    hints = get_type_hints(cls)
    return tuple(f.name for f in fields_of(cls) if date in (hints[f.name], *get_args(hints[f.name])))


_CHANGES = (
    _Draft.drop_fact,
    _Draft.move_days,
    _Draft.take_out,
    _Draft.file_for_another_term,
    _Draft.file_for_another,
    _Draft.supersede,
    _Draft.retract,
    _Draft.redact,
    _Draft.forget_filing,
)
_ADDITIONS = (_Draft.file_any, _Draft.join, _Draft.waive, _Draft.close)
