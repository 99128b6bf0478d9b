"""The half of Partnerflow that writes nothing: checking, reading, searching, comparing, verifying."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from uuid import UUID

from partnerflow import gate
from partnerflow.actors import Actor
from partnerflow.clauses import answers
from partnerflow.decision import Decision
from partnerflow.dossier import Dossier
from partnerflow.events import Event
from partnerflow.history import Attempt, Head, Transition
from partnerflow.lifecycle import Lifecycle
from partnerflow.obligations import Obligation
from partnerflow.partnership import Partnership
from partnerflow.policies import Pack, Report
from partnerflow.ports import Clock, NewId, Store
from partnerflow.records import Entry, Partner, Site

from . import check, compare, confirm, due, impact, inventory, queries, search, verify
from .compare import Compared
from .context import Context, Opened
from .due import DueItem
from .impact import Impact
from .inventory import InventoryRow


class Reading:
    """What can be called on a `Partnerflow` without anything being written."""

    __slots__ = ("context", "opened")

    context: Context
    """The parts that it is made of, as the modules beside this one take them."""
    opened: Opened | None
    """How `open` opened its store; None for a store that a host brought."""

    @property
    def store(self) -> Store:
        """The store that it works on."""
        return self.context.store

    @property
    def pack(self) -> Pack:
        """The policies that it asks."""
        return self.context.pack

    @property
    def lifecycle(self) -> Lifecycle:
        """The table of transitions."""
        return self.context.lifecycle

    @property
    def tz(self) -> tzinfo:
        """The district's time zone."""
        return self.context.tz

    @property
    def clock(self) -> Clock:
        """Where the current moment comes from."""
        return self.context.clock

    @property
    def new_id(self) -> NewId:
        """Where new ids come from."""
        return self.context.new_id

    def today(self, at: datetime | None = None) -> date:
        """Return the day in the district's time zone, now or at a moment."""
        return self.context.today(None if at is None else gate.moment(at, "at"))

    # --- checking ---------------------------------------------------------------------------------------------------

    def check(
        self,
        partnership_id: UUID,
        trigger: str,
        *,
        by: Actor,
        reason: str | None = None,
        at: datetime | None = None,
    ) -> Decision:
        """Return whether *trigger* may be fired and everything that stands in its way; change nothing."""
        return check.check(self.context, partnership_id, trigger, self.context.request(by, at, reason))

    def options(self, partnership_id: UUID, *, by: Actor, at: datetime | None = None) -> dict[str, Decision]:
        """Return a Decision for every trigger that is legal from here: the host's buttons."""
        return check.options(self.context, partnership_id, by=by, at=at)

    @answers("SPPS-V.5")
    def explain(self, partnership_id: UUID, *, at: datetime | None = None) -> Report:
        """Return the Report of what does not hold now, with no trigger requested."""
        return check.explain(self.context, partnership_id, at=at)

    # --- reading ----------------------------------------------------------------------------------------------------

    @answers("SPPS-III.D2")
    def dossier(self, partnership_id: UUID, *, as_of: datetime | None = None) -> Dossier:
        """Return everything on a partnership, as recorded now or up to and with a past moment."""
        return queries.dossier(self.context, partnership_id, as_of=as_of)

    def waiting(self, among: Iterable[Partnership] | None = None) -> Iterator[Dossier]:
        """Return the dossier of each live partnership on whose file words of the partner's wait, in order of id.

        *among* are those to look at, such as `find` returns; None: all. `Dossier.waiting` has the words; `confirm` and
        `confirm_many` make them count.
        """
        return confirm.waiting(self.context, among)

    @answers("CS2-X3g", "TK-9")
    def history(self, partnership_id: UUID) -> list[Transition]:
        """Return every transition of a partnership, oldest first."""
        return queries.history(self.context, partnership_id)

    def attempts(self, partnership_id: UUID) -> list[Attempt]:
        """Return every step that was requested and refused, oldest first."""
        return queries.attempts(self.context, partnership_id)

    @answers("SPPS-III.D2")
    def find(
        self,
        *,
        state: str | None = None,
        site: str | None = None,
        kind: str | None = None,
        partner: UUID | None = None,
        ids: Mapping[str, str] | None = None,
        service: str | None = None,
        contact: str | None = None,
        text: str | None = None,
        due_before: date | None = None,
        as_of: datetime | None = None,
        after: UUID | None = None,
        limit: int | None = None,
    ) -> Iterator[Partnership]:
        """Return the partnerships that match every argument, in the order of their ids.

        *kind* is the partner's kind, *ids* are outside ids of the partner, `{"edfi": "19255901"}`. *service*, *contact*
        and *text* are words, 16 at most and in any order. Each matches the beginning of a word: in the services; in the
        contacts and liaisons; or in any of these, the partner's name and summary and the needs. Letter case, accents
        and signs do not matter, and a text is found by its first 1000 words. *due_before*: something holds only until a
        day before that one, or was missed on such a day and still does not hold. *as_of* returns them as they were
        recorded up to a past moment, and goes with *state* and *partner* alone. For the next page, pass the last id of
        this one as *after*, with the same *limit*. Raises InvalidRequest for a text without a word, and for an id, a
        day or a limit that is none.
        """
        query = search.read_query(
            state=state,
            site=site,
            kind=kind,
            partner=partner,
            ids=ids,
            service=service,
            contact=contact,
            text=text,
            due_before=due_before,
        )
        return search.find(self.context, query, as_of=as_of, after=after, limit=limit)

    @answers("SPPS-III.D2")
    def counts(
        self,
        *,
        site: str | None = None,
        kind: str | None = None,
        partner: UUID | None = None,
        ids: Mapping[str, str] | None = None,
        service: str | None = None,
        contact: str | None = None,
        text: str | None = None,
        due_before: date | None = None,
    ) -> dict[str, int]:
        """Return how many partnerships in each state match every argument; see `find`."""
        query = search.read_query(
            site=site,
            kind=kind,
            partner=partner,
            ids=ids,
            service=service,
            contact=contact,
            text=text,
            due_before=due_before,
        )
        return search.counts(self.context, query)

    def inventory(
        self,
        *,
        state: str | None = None,
        site: str | None = None,
        kind: str | None = None,
        partner: UUID | None = None,
        ids: Mapping[str, str] | None = None,
        service: str | None = None,
        contact: str | None = None,
        text: str | None = None,
        due_before: date | None = None,
        as_of: datetime | None = None,
        after: UUID | None = None,
        limit: int | None = None,
        evaluated: bool = True,
    ) -> Iterator[InventoryRow]:
        """Return a row for each partnership that matches every argument of `find`, in the order of their ids.

        Each has the partner's name, the partnership, its sites, what does not hold today and what is due next. A page
        of 500 rows is read in five statements. Not *evaluated*, or *as_of* a past moment: the name and the partnership
        alone, in fewer statements. A partnership that cannot be evaluated has an `error` in its row.
        """
        query = search.read_query(
            state=state,
            site=site,
            kind=kind,
            partner=partner,
            ids=ids,
            service=service,
            contact=contact,
            text=text,
            due_before=due_before,
        )
        return inventory.inventory(self.context, query, as_of=as_of, after=after, limit=limit, evaluated=evaluated)

    def due(self, partnership_id: UUID | None = None, *, before: date | None = None) -> list[DueItem]:
        """Return what comes due and what was missed, sorted by day: of one partnership, *before* a day, or both.

        It is read from the obligations on file, which every write and every sweep brings up to date. Raises
        InvalidRequest where neither is given, NotFound for a partnership that does not exist.
        """
        return due.due(self.context, partnership_id, before=before)

    def obligations(self, partnership_id: UUID) -> tuple[Obligation, ...]:
        """Return the obligations of a partnership, by code, as the last write or sweep evaluated them."""
        return due.obligations(self.context, partnership_id)

    def entries_of(self, partnership_id: UUID) -> tuple[Entry, ...]:
        """Return everything filed on a partnership's partner and then on it, each oldest first.

        Superseded, retracted and redacted records are included.
        """
        return queries.entries_of(self.context, partnership_id)

    def events_of(self, partnership_id: UUID) -> list[Event]:
        """Return the events of a partnership that the outbox still holds, oldest first."""
        return queries.events_of(self.context, partnership_id)

    def partner(self, partner_id: UUID) -> Partner:
        """Return what is now on file of a partner. Raises NotFound."""
        return queries.partner(self.context, partner_id)

    def sites(self) -> tuple[Site, ...]:
        """Return the district's sites that are on file."""
        return queries.sites(self.context)

    def district_file(self) -> tuple[Entry, ...]:
        """Return everything filed on the district itself, oldest first, superseded records included."""
        return queries.district_file(self.context)

    def impact(
        self,
        pack: Pack | str | None = None,
        *,
        at: datetime | None = None,
        after: UUID | None = None,
        through: UUID | None = None,
        processes: int | None = 1,
    ) -> Impact:
        """Return what *pack* in place of this flow's own would newly block and free, over every live partnership.

        Without *pack*, what the next sweep would newly find broken and mended: after an upgrade, what this release
        finds otherwise under the same pack. Only what must hold in the state is compared then, as it is on file.

        *at* may be in the future, since nothing is written. Only ids greater than *after*, up to and with *through*.
        All partnerships concerned are kept in memory; `compare` yields them one by one. Policies about who acts are
        left out. *processes* is how many processes compare, None for as many as pay. More than one is for a flow that
        `open` made of packs by name; the script that calls it keeps its own work under `if __name__ == "__main__":`.
        """
        when = compare.moment(self.context, at)
        compared = self.compare(pack, at=when, after=after, through=through, processes=processes)
        return impact.impact(self.context, pack, compared, at=when)

    def compare(
        self,
        pack: Pack | str | None = None,
        *,
        at: datetime | None = None,
        after: UUID | None = None,
        through: UUID | None = None,
        processes: int | None = 1,
    ) -> Iterator[Compared]:
        """Return every live partnership, in the order of ids, with what *pack* would change for it; see `impact`."""
        if pack is None:
            return compare.compare_with_stored(self.context, at=at, after=after, through=through)
        if processes == 1:
            return compare.compare(self.context, pack, at=at, after=after, through=through)
        from .impact_pool import compare_with  # here, because few need multiprocessing

        reopen = None if self.opened is None else self.opened.reopen
        return compare_with(self.context, reopen, pack, at=at, after=after, through=through, processes=processes)

    def verify(self, *, against: Iterable[Head] = ()) -> None:
        """Check every link of every history and file, in a stream, as of one moment.

        *against* are heads that were kept elsewhere: each must still be there. Raises Tampered, which names each link
        that does not verify.
        """
        verify.verify(self.context, against=against)

    def heads(self) -> Iterator[Head]:
        """Return where each history and file ends now; kept elsewhere, they show later whether anything was changed."""
        return verify.heads(self.context)
