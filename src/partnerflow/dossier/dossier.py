"""A partnership with all its evidence, as policies read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, tzinfo
from typing import Any, cast

import attrs

from partnerflow.clauses import answers
from partnerflow.lifecycle.move import Move
from partnerflow.lifecycle.states import BEFORE_ACTIVE, TERM_BEGINS
from partnerflow.partnership import Partnership
from partnerflow.records import NO_END, Entry, Partner, Record, Scope, Service
from partnerflow.records.registry import key_of, kind_of, shown_key

from . import mapping
from .neighbour import Neighbour
from .record_index import ONE_DAY, R, RecordIndex, Succession, change_days, in_force, may_cover, period_of
from .waiting import WaitingWord, WeighedPartner
from .zone import time_zone


class Absent(Exception):
    """Evidence that a policy needs is not on file: the finding's outcome becomes `missing`."""

    def __init__(self, where: object, field: str | None = None) -> None:
        super().__init__(where, field)
        self.where, self.field = where, field


@attrs.frozen
class Dossier:
    """A partnership with all its evidence, as known at one moment."""

    partner: Partner
    partnership: Partnership
    on_file: RecordIndex = attrs.field(factory=lambda: RecordIndex(()), eq=lambda on_file: on_file.entries)
    moves: tuple[Move, ...] | None = None
    """The transitions made, oldest first; None where a file does not list them."""
    move: Move | None = None
    """The transition that is requested; None when a file is checked in the state that it is in."""
    filing: tuple[Record, ...] = ()
    """The records that are about to be filed."""
    neighbours: tuple[Neighbour, ...] | None = None
    """Services of other partnerships that share a site and a content area; None where nobody has looked."""
    tz: tzinfo = UTC
    """The district's time zone, which decides on which day a moment falls."""
    partner_word: WeighedPartner | None = None
    """What waits of the partner's own record; None where the file does not say."""
    by_label: str = ""
    """The label of the records that the methods below return where none is named; of kinds that have labels."""

    # --- records ----------------------------------------------------------------------------------------------------

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Everything on file, in the order of filing, retracted and superseded records included."""
        return self.on_file.entries

    @property
    def redacted(self) -> tuple[Entry, ...]:
        """The entries whose record was redacted: their kind, and when and by whom they were filed, are still there."""
        return tuple(entry for entry in self.entries if entry.redacted is not None)

    @property
    def waiting(self) -> tuple[WaitingWord, ...]:
        """The words of the partner's that wait for the district's side, and are not what the methods below return."""
        of_partner = self.partner_word.word if self.partner_word is not None else None
        words = self.on_file.weighed.words
        return words if of_partner is None else (of_partner, *words)

    def under(self, confirm: AbstractSet[str]) -> Dossier:
        """Return the dossier as a pack reads it that has the kinds in *confirm* confirmed always."""
        on_file = self.on_file.under(confirm)
        return self if on_file is self.on_file else attrs.evolve(self, on_file=on_file)

    def in_place(self) -> tuple[Dossier, ...]:
        """Return the dossier with all waiting words in place, once or in two ways; none where nothing waits.

        A rule is asked on these too, and the worse finding counts: a word that waits can only make things worse.
        """
        partners = self.partner_word.in_place if self.partner_word is not None else ()
        if not partners and not self.on_file.weighed.views:
            return ()
        files = self.on_file.in_place or (self.on_file,)
        partners = partners or (self.partner,)
        return tuple(
            attrs.evolve(
                self,
                on_file=files[min(at, len(files) - 1)],
                partner=partners[min(at, len(partners) - 1)],
                partner_word=None,
            )
            for at in range(max(len(files), len(partners)))
        )

    def _refuse_nobodys(self, cls: type[Record], key: Mapping[str, object]) -> None:
        """Raise Absent where an entry under the key does not say who filed it."""
        for entry in self.on_file.weighed.nobodys:
            record = entry.record
            if isinstance(record, cls) and all(
                getattr(record, name) == value for name, value in self._with_defaults(cls, key).items()
            ):
                raise Absent(record, "entry/filed_by")

    def all(self, cls: type[R], **key: object) -> tuple[R, ...]:
        """Return the current records of a kind: the one that begins last for each key, oldest key first."""
        if self.on_file.weighed.nobodys:
            self._refuse_nobodys(cls, key)
        if not key and not cls.kind_info.key_defaults:
            return self.on_file.newest(cls)
        return tuple([series[0] for series in reversed(self._matching(cls, key))])

    def latest(self, cls: type[R], **key: object) -> R | None:
        """Return the record of a kind that begins last; None where there is none."""
        if self.on_file.weighed.nobodys:
            self._refuse_nobodys(cls, key)
        if not key and not cls.kind_info.key_defaults:
            newest = self.on_file.newest(cls)
            return newest[-1] if newest else None
        matching = self._matching(cls, key)
        return matching[0][0] if matching else None

    def filed(self, cls: type[R], **key: object) -> tuple[R, ...]:
        """Return every record of a kind that was not retracted, including superseded ones, oldest first."""
        if self.on_file.weighed.nobodys:
            self._refuse_nobodys(cls, key)
        records = cast("list[R]", [entry.record for entry in self.on_file.standing(cls)])
        for name, value in self._with_defaults(cls, key).items():
            records = [record for record in records if getattr(record, name) == value]
        return tuple(records)

    def on(self, cls: type[R], day: date, **named: object) -> R | None:
        """Return the record of a kind that stands on *day*: of one key, what began last, whether it has ended or not.

        Of several keys, one that covers the day, else the one that ended last. A record without its dates is returned
        too, so that a policy that reads the date finds it missing.
        """
        info, on_file = cls.kind_info, self.on_file
        key = self._with_defaults(cls, named) if info.key_defaults else named
        if on_file.weighed.nobodys:
            self._refuse_nobodys(cls, key)
        if tuple(key) == info.key:  # the whole key: by far the most frequent call
            return in_force(on_file.series(cls).get(tuple(key.values()), ()), day)
        found = [one for series in self._matching(cls, key) if (one := in_force(series, day)) is not None]
        covering = next((record for record in found if may_cover(record, day)), None)
        return covering or max(found, key=lambda record: period_of(record)[1] or NO_END, default=None)

    def all_on(self, cls: type[R], day: date) -> tuple[R, ...]:
        """Return, for each key, the record of a kind that stands on *day* and covers it, or lacks its dates."""
        if self.on_file.weighed.nobodys:
            self._refuse_nobodys(cls, {})
        found = [in_force(records, day) for records in self._matching(cls, {})]
        return tuple([record for record in found if record is not None and may_cover(record, day)])

    def succession(self, cls: type[R], day: date, **key: object) -> Succession[R]:
        """Return every record of one key, superseded ones too, in the order of their days; those after *day* apart.

        For evidence that stays until it is answered, `on` returns too little: what a later record says of one thing
        leaves an earlier one standing about another.
        """
        if self.on_file.weighed.nobodys:
            self._refuse_nobodys(cls, key)
        whole = self._with_defaults(cls, key)
        return self.on_file.succession(cls, tuple([whole[name] for name in cls.kind_info.key]), day)

    def is_of_district(self, record: Record) -> bool:
        """Return whether the district's side filed or confirmed *record*, or the host supplied it without an entry."""
        entry = self.entry(record)
        is_confirmed = entry.id is not None and entry.id in self.on_file.weighed.confirmed
        return is_confirmed or not (entry.is_partners or entry.is_nobodys)

    def through(self, record: Record, day: date) -> date:
        """Return the last day, from *day*, on which `on` still returns *record*. Raises Absent for a missing date."""
        start, end = period_of(record)
        if start is None or end is None:
            raise Absent(record, record.kind_info.period[0 if start is None else 1])
        replaced = self.replaced_on(record, day)
        return end if replaced is None else min(end, replaced - ONE_DAY)

    def replaced_on(self, record: Record, day: date) -> date | None:
        """Return the first day after *day* on which `on` returns another record; None where it never does."""
        if len(self.on_file.standing(type(record))) < 2:
            return None
        series = self.on_file.series(type(record)).get(key_of(record), [])
        if len(series) < 2:
            return None
        return next(
            (change for change in sorted(change_days(series, day)) if in_force(series, change) is not record), None
        )

    def hidden_by(self, record: Record, day: date) -> Record | None:
        """Return the record that stands on *day* in place of *record*, which has begun too; None where it stands."""
        series = self.on_file.under_keys(type(record)).get(key_of(record), [])
        start = period_of(record)[0]
        if not any(one is record for one in series) or (start is not None and start > day):
            return None
        stands = in_force(self.on_file.series(type(record))[key_of(record)], day)
        return None if stands is record else stands

    def _with_defaults(self, cls: type[Record], key: Mapping[str, object]) -> Mapping[str, object]:
        """Return a key with the fields that may be left out."""
        defaults = cls.kind_info.key_defaults
        if not defaults:
            return key
        whole = dict(key)
        for name, value in defaults.items():
            whole.setdefault(name, self.by_label if name == "label" and self.by_label else value)
        return whole

    def _matching(self, cls: type[R], key: Mapping[str, object]) -> list[list[R]]:
        series = self.on_file.series(cls)
        if cls.kind_info.key_defaults:
            key = self._with_defaults(cls, key)
        if not key:
            return list(series.values())
        names = cls.kind_info.key
        if tuple(key) == names:  # the whole key: by far the most frequent call
            found = series.get(tuple(key.values()))
            return [found] if found else []
        if not set(names).issuperset(key):
            raise TypeError(f"{cls.__name__} is looked up by {names or 'nothing'}, not by {sorted(key)}")
        if len(key) == 1:
            ((name, wanted),) = key.items()
            at = names.index(name)
            return [found for values, found in series.items() if values[at] == wanted]
        parts = [(names.index(name), value) for name, value in key.items()]
        return [found for values, found in series.items() if all(values[i] == value for i, value in parts)]

    def entry(self, record: Record) -> Entry:
        """Return the entry that holds *record*."""
        return self.on_file.entry(record)

    # --- state and term ---------------------------------------------------------------------------------------------

    def entered_at_version(self) -> int | None:
        """Return the version at which the partnership entered the state that it is in; None where no move says."""
        for version in range(len(self.moves or ()), 0, -1):
            made = (self.moves or ())[version - 1]
            if made.source != made.target:
                return version
        return None

    def filed_since(self, record: Record, version: int | None) -> bool:
        """Return whether *record* was filed at *version* or later. Raises Absent where that is not on file."""
        filed = self.entry(record)
        if version is None or self.moves is None:
            raise Absent("moves")
        if filed.version is None:
            raise Absent(record, "entry/version")
        return filed.version >= version

    def last_made(self, trigger: str) -> int:
        """Return the version after the last move by *trigger*; 0 where there was none."""
        moves = self.moves or ()
        return next((v for v in range(len(moves), 0, -1) if moves[v - 1].trigger == trigger), 0)

    def day_of(self, moment: datetime) -> date:
        """Return the day on which a moment falls in the district."""
        return moment.astimezone(self.tz).date()

    def term_began_at_version(self) -> int | None:
        """Return the version at which the present term began; None where no move says.

        A term begins when a partnership is activated, renewed, or adopted as running.
        """
        moves = self.moves or ()
        return next((version for version in range(len(moves), 0, -1) if _begins_a_term(moves[version - 1])), None)

    def made_on(self, version: int, on: date) -> date:
        """Return the day of the move that led to *version*. Raises Absent where no move says.

        A day after *on* was recorded by a clock that was ahead. Nobody knows the right one; until that day comes, the
        day of the move before it counts, since it cannot have been earlier.
        """
        for place, move in reversed(tuple(enumerate((self.moves or ())[:version]))):
            if move.at is None:
                raise Absent(f"/moves/{place}", "at")
            if (day := self.day_of(move.at)) <= on:
                return day
        raise Absent(f"/moves/{version - 1}", "at")

    def began_on(self, version: int | None, on: date) -> date:
        """Return the day from which the state holds that was entered at *version*, as `made_on` does."""
        if version is None:
            raise Absent("moves")
        since = (self.moves or ())[version - 1].since
        return self.made_on(version, on) if since is None or since > on else since

    def entered_on(self, on: date) -> date | None:
        """Return the day from which the present state holds, as `made_on` does; None where it is not on file."""
        since, version = self.partnership.since, self.entered_at_version()
        return since if since is None or since <= on or version is None else self.made_on(version, on)

    def term_began(self, on: date) -> date | None:
        """Return the recorded day on which the term of the day *on* began; None before the partnership first runs.

        A requested transition counts as made *on*, unless it has a time of its own. A move that was recorded by a clock
        that was ahead begins no term before its day comes. Raises Absent where no move says.
        """
        if self.move is not None and _begins_a_term(self.move):
            return on if self.move.at is None else self.day_of(self.move.at)
        if self.moves is None and self.partnership.state not in BEFORE_ACTIVE:
            raise Absent("moves")
        for place, move in reversed(tuple(enumerate(self.moves or ()))):
            if _begins_a_term(move):
                if move.at is None:
                    raise Absent(f"/moves/{place}", "at")
                if (began := self.day_of(move.at)) <= on:
                    return began
        return None

    def sites(self) -> frozenset[str] | None:
        """Return the ids of the sites in its scope; None where the scope does not name any."""
        scope = self.latest(Scope)
        return None if scope is None or scope.sites is None else frozenset(scope.sites)

    def places(self) -> frozenset[tuple[str, str]]:
        """Return each pair of site and content area of its services; neighbours are found by these."""
        return frozenset(
            (site, area)
            for service in self.all(Service)
            for site in service.sites or ()
            for area in service.content_areas or ()
        )

    def after(self, move: Move, on: date) -> Dossier:
        """Return the dossier as it would be after *move*, made on the day *on*."""
        since = self.partnership.since if move.source == move.target else move.since or on
        stood = self.partnership
        partnership = Partnership(move.target, stood.id, stood.partner_id, since, stood.version, stood.succeeds)
        return Dossier(
            self.partner,
            partnership,
            self.on_file,
            self.moves,
            move,
            self.filing,
            self.neighbours,
            self.tz,
            self.partner_word,
            self.by_label,
        )

    # --- as a mapping -----------------------------------------------------------------------------------------------

    def pointer(self, where: object, field: str | None = None) -> str:
        """Return the JSON Pointer of a value in this dossier; a text is returned as it is."""
        if isinstance(where, str):
            base = where
        elif (position := self.on_file.position(where)) is not None:
            base = f"/records/{position}"
        elif where is self.partner:
            base = "/partner"
        elif where is self.partnership:
            base = "/partnership"
        elif isinstance(where, Neighbour) and (place := _place(where, self.neighbours or ())) is not None:
            base = f"/neighbours/{place}"
        elif isinstance(where, Entry) and (place := _place(where, self.entries)) is not None:
            base = f"/records/{place}/entry"
        else:
            base = ""
        return f"{base}/{field}" if field else base

    def label(self, where: object) -> str:
        """Return a name for a value in this dossier: a record's kind and key, a neighbour's partner, else ""."""
        if isinstance(where, Record) and where is not self.partner:
            return " ".join([kind_of(where), *map(str, shown_key(where))])
        return where.partner if isinstance(where, Neighbour) else ""

    @answers("SPPS-KPI-Y1.1b")
    def to_mapping(self) -> dict[str, Any]:
        """Return the dossier as plain JSON data, which `from_mapping` reads."""
        return mapping.of(self.partner, self.partnership, self.entries, self.moves, self.neighbours, self.tz)

    @classmethod
    @answers("SPPS-KPI-Y1.1b")
    def from_mapping(cls, data: Mapping[str, Any], *, tz: tzinfo | str | None = None) -> Dossier:
        """Read a dossier from plain JSON data. Raises InvalidRecord with every fault, each with its JSON Pointer.

        *tz* is the district's time zone, or its name; None: the one that the data names, else UTC.
        """
        partner, partnership, entries, moves, neighbours, own = mapping.read(data)
        zone = own if tz is None else time_zone(tz) if isinstance(tz, str) else tz
        return cls(partner, partnership, RecordIndex(entries), moves=moves, neighbours=neighbours, tz=zone)


def _begins_a_term(move: Move) -> bool:
    return move.trigger in TERM_BEGINS and move.target not in BEFORE_ACTIVE


def _place(one: object, several: Iterable[object]) -> int | None:
    return next((place for place, other in enumerate(several) if other is one), None)
