"""Partnerflow: the names a host calls. What each does is in the module beside this one that is named after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from datetime import date, datetime, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Self
from uuid import UUID

import attrs

from partnerflow.clauses import answers

from .context import Context, Opened
from .reading import Reading

if TYPE_CHECKING:
    from types import TracebackType

    from partnerflow.actors import Actor
    from partnerflow.decision import Decision
    from partnerflow.dossier import Dossier
    from partnerflow.history import Attempt, Transition
    from partnerflow.lifecycle import Lifecycle
    from partnerflow.partnership import Partnership
    from partnerflow.policies import Pack, Report
    from partnerflow.ports import Clock, HostRecords, Licensed, Listing, NewId, Store
    from partnerflow.records import Document, Entry, Partner, Record, Site
    from partnerflow.signals import After, Before

    from .admit import Admission
    from .bulk import Adoption, Done, Filing, Step
    from .redact import Purged
    from .sweep import Sweep


class Partnerflow(Reading):
    """The life of a district's partnerships, on one store, under one pack and one lifecycle.

    It is never changed after it is made, and safe to share between threads. Every write takes `by` (who acts), and may
    take `at` (when it happened: an aware moment, not in the future, not before the partnership's last step; left out:
    now), `expected_version` (else Conflict) and `idempotency_key` (the same key with the same request gives the same
    work again; with another, KeyReused). What is refused raises Refused, which carries the Decision.
    """

    __slots__ = ("context", "opened")

    context: Context
    """The parts that it is made of, as its use cases take them."""
    opened: Opened | None
    """How `open` opened its store; None for a store that a host brought."""

    def __init__(
        self,
        *,
        store: Store,
        pack: Pack | str = "default",
        tz: tzinfo | str = "UTC",
        clock: Clock | None = None,
        lifecycle: Lifecycle | None = None,
        host_records: HostRecords | None = None,
        new_id: NewId | None = None,
    ) -> None:
        """Put a flow together by hand; it makes no tables.

        *tz* is the district's time zone: a day ends at its midnight. *clock* and *new_id* are the machine's own if left
        out. Raises PackError for a pack that names states or triggers which *lifecycle* does not have.
        """
        from partnerflow.adapters import system
        from partnerflow.lifecycle import DEFAULT
        from partnerflow.policies import load_pack
        from partnerflow.signals import After, Before

        from .putting_together import check_fit, time_zone

        self.context = Context(
            store=store,
            pack=load_pack(pack) if isinstance(pack, str) else pack,
            lifecycle=DEFAULT if lifecycle is None else lifecycle,
            tz=time_zone(tz) if isinstance(tz, str) else tz,
            clock=system.now if clock is None else clock,
            new_id=system.uuid7 if new_id is None else new_id,
            host_records=host_records,
            before=Before(),
            after=After(),
        )
        check_fit(self.pack, self.lifecycle)
        self.opened = None

    @classmethod
    def open(
        cls,
        url: str,
        *,
        pack: Pack | str = "default",
        tz: tzinfo | str = "UTC",
        tenant: str = "default",
        clock: Clock | None = None,
        lifecycle: Lifecycle | None = None,
        host_records: HostRecords | None = None,
        new_id: NewId | None = None,
    ) -> Partnerflow:
        """Open a database by its SQLAlchemy URL, and make the tables if it has none of ours.

        Close it with `close`, or use it in a `with` statement. Raises Unreadable for something that is no database,
        SchemaMismatch for tables of another version.
        """
        from partnerflow.adapters.sqlalchemy import open_store

        store = open_store(url, tenant=tenant)
        try:
            flow = cls(
                store=store,
                pack=pack,
                tz=tz,
                clock=clock,
                lifecycle=lifecycle,
                host_records=host_records,
                new_id=new_id,
            )
        except BaseException:
            store.close()
            raise
        again = partial(cls.open, url, pack=pack, tz=tz, tenant=tenant, lifecycle=lifecycle, host_records=host_records)
        flow.opened = Opened(store.close, None if store.in_memory else again)
        return flow

    def close(self) -> None:
        """Close the database connections of a flow that `open` made; a store that the host brought stays open.

        Calling it again does nothing. Afterwards every call that needs the database raises StoreError.
        """
        if self.opened is not None:
            self.opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Partnerflow {self.store!r}, {self.pack.ref}, {self.lifecycle}>"

    @property
    def before(self) -> Before:
        """Called inside the transaction, before anything is written; raising stops the change."""
        return self.context.before

    @property
    def after(self) -> After:
        """Called after the commit."""
        return self.context.after

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
        return self.context.today(at)

    # --- the host's transaction -------------------------------------------------------------------------------------

    @answers("SPPS-V.6a")
    def within(self, session: object) -> Partnerflow:
        """Return this flow inside a host's Session or Connection, which it never begins, commits or rolls back.

        Receivers of `after` are told when the Session's outermost transaction has been committed; on a bare Connection,
        when the host then calls `committed()`.
        """
        joined = copy(self)
        joined.opened = None
        joined.context = attrs.evolve(self.context, store=self.store.within(session))
        return joined

    def committed(self) -> None:
        """Say that the bare Connection has been committed, which SQLAlchemy tells nobody."""
        self.store.committed()

    # --- bringing a partnership into being --------------------------------------------------------------------------

    @answers("SPPS-III.D4")
    def propose(
        self,
        partner: Partner | UUID,
        *,
        by: Actor,
        reason: str | None = None,
        succeeds: UUID | None = None,
        at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> Partnership:
        """Propose a partnership with a new partner, or one more with a partner that is known by its id (SPPS-III.D4).

        *succeeds* names an ended partnership of the same partner that this one comes back from.
        """
        from .propose import propose

        return propose(
            self.context, partner, by=by, reason=reason, succeeds=succeeds, at=at, idempotency_key=idempotency_key
        )

    @answers("SPPS-II.4")
    def adopt(
        self,
        partner: Partner | UUID,
        *,
        state: str,
        by: Actor,
        reason: str,
        since: date | None = None,
        at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> Partnership:
        """Take in a partnership that was there before us, in any state but a final one (SPPS-II.4).

        What its file lacks is recorded and reported, not refused. *since* is the day from which it has been in *state*.
        """
        from .propose import adopt

        return adopt(
            self.context,
            partner,
            state=state,
            by=by,
            reason=reason,
            since=since,
            at=at,
            idempotency_key=idempotency_key,
        )

    def register(self, partner: Partner, *, by: Actor, at: datetime | None = None) -> UUID:
        """Put an organisation on file that has no partnership, and give its id; one that is known stays as it is."""
        from .propose import register

        return register(self.context, partner, by=by, at=at)

    def admit(self, listed: Iterable[Site | Listing | Licensed], *, by: Actor) -> Iterator[Admission]:
        """Take in what an outside system lists, and say of each what became of it; doing it twice changes nothing."""
        from .admit import admit

        return admit(self.context, listed, by=by)

    # --- evidence ---------------------------------------------------------------------------------------------------

    def file(
        self, subject: UUID, *records: Record, by: Actor, documents: Iterable[Document] = (),
        at: datetime | None = None, expected_version: int | None = None, idempotency_key: str | None = None,
    ) -> tuple[Entry, ...]:  # fmt: skip
        """File records on a partnership, or on its partner where that is what they are about: one Entry each.

        Any number, in one transaction, in any state. What already stands is not filed again; its entry is given back.
        *subject* is a partnership's id, or `DISTRICT` for what is about the district. Raises InvalidRecord for a shape
        that is wrong, Refused for somebody who may not file this.
        """
        from .file import file

        return file(
            self.context, subject, records, by=by, documents=tuple(documents), at=at, expected_version=expected_version,
            idempotency_key=idempotency_key,
        )  # fmt: skip

    def retract(
        self, partnership_id: UUID, entry_id: UUID, *, by: Actor, reason: str, at: datetime | None = None,
        expected_version: int | None = None, idempotency_key: str | None = None,
    ) -> Entry:  # fmt: skip
        """Take back a record that should not have been filed; both stay readable. Gives the entry of the retraction."""
        from .file import retract

        return retract(
            self.context, partnership_id, entry_id, by=by, reason=reason, at=at, expected_version=expected_version,
            idempotency_key=idempotency_key,
        )  # fmt: skip

    def redact(
        self, partnership_id: UUID, *, entries: Iterable[UUID] = (), steps: Iterable[int] = (), by: Actor, reason: str,
        at: datetime | None = None, idempotency_key: str | None = None,
    ) -> tuple[Entry, ...]:  # fmt: skip
        """Blank texts that should not be kept; give the redactions that say so.

        Of *entries*, named by id, it is the record; of *steps*, named by version, the reason and the decision, which
        quotes what it judged. Each keeps its place and its hash, so every chain holds. What was blanked already stays
        so. Raises InvalidRequest for a record that still counts: file what is right, and retract it, first.
        """
        from .redact import redact

        return redact(self.context, partnership_id, entries=entries, steps=steps, by=by, reason=reason, at=at,
            idempotency_key=idempotency_key,
        )  # fmt: skip

    def purge(self, *, before: date, by: Actor, reason: str) -> Iterator[Purged]:
        """Blank all texts of partnerships that ended before a day, and longer ago than the pack has them kept.

        The partner's file goes with the last of its partnerships, but for what it is called. Work is done as what it
        gives is read: one partnership, one transaction. Raises InvalidRequest where the pack has no retention_months.
        """
        from .redact import purge

        return purge(self.context, before=before, by=by, reason=reason)

    # --- asking and doing -------------------------------------------------------------------------------------------

    def check(
        self,
        partnership_id: UUID,
        trigger: str,
        *,
        by: Actor,
        reason: str | None = None,
        at: datetime | None = None,
    ) -> Decision:
        """Say whether *trigger* may be done and everything that stands in its way; change nothing."""
        from .decide import check

        return check(self.context, partnership_id, trigger, by=by, reason=reason, at=at)

    def options(self, partnership_id: UUID, *, by: Actor, at: datetime | None = None) -> dict[str, Decision]:
        """Return a Decision for every trigger that is legal from here: the host's buttons."""
        from .decide import options

        return options(self.context, partnership_id, by=by, at=at)

    @answers("EAF-4.2.j")
    def fire(
        self, partnership_id: UUID, trigger: str, *, by: Actor, reason: str | None = None, at: datetime | None = None,
        expected_version: int | None = None, idempotency_key: str | None = None,
    ) -> Transition:  # fmt: skip
        """Do *trigger*, or raise Refused (IllegalTrigger for a step that is not there) and keep the attempt."""
        from .fire import fire

        return fire(
            self.context, partnership_id, trigger, by=by, reason=reason, at=at, expected_version=expected_version,
            idempotency_key=idempotency_key,
        )  # fmt: skip

    def fire_many(
        self, steps: Iterable[Step], *, by: Actor, key: str, at_once: int = 1000,
        progress: Callable[[int], object] | None = None,
    ) -> Iterator[Done[Step]]:  # fmt: skip
        """Do many steps, up to *at_once* in a transaction, and say of each, in their order, what became of it.

        One that is refused, late or wrong spoils none of the others. Work is done as what it gives is read; *progress*
        is told how many are done. *key* names the batch, in at most 120 characters: sent again after a crash, it goes
        on where it stopped. Raises StoreError where the store fails; what was given until then is done.
        """
        from .bulk import Steps, work_through

        return work_through(Steps(self.context, by), self.context, steps, key=key, at_once=at_once, progress=progress)

    def file_many(
        self, filings: Iterable[Filing], *, by: Actor, key: str, at_once: int = 1000,
        progress: Callable[[int], object] | None = None,
    ) -> Iterator[Done[Filing]]:  # fmt: skip
        """File many records; as `fire_many` in all else."""
        from .bulk import Filings, work_through

        return work_through(
            Filings(self.context, by), self.context, filings, key=key, at_once=at_once, progress=progress
        )

    def adopt_many(
        self, adoptions: Iterable[Adoption], *, by: Actor, key: str, at_once: int = 1000,
        progress: Callable[[int], object] | None = None,
    ) -> Iterator[Done[Adoption]]:  # fmt: skip
        """Take in many partnerships; as `fire_many` in all else."""
        from .bulk import Adoptions, work_through

        return work_through(
            Adoptions(self.context, by), self.context, adoptions, key=key, at_once=at_once, progress=progress
        )

    def sweep(self, *, at: datetime | None = None) -> Sweep:
        """Tell, each once, what approaches, was missed, broke or was mended; change no state."""
        from .sweep import sweep

        return sweep(self.context, at=at)

    # --- looking ----------------------------------------------------------------------------------------------------

    @answers("SPPS-III.D2")
    def dossier(self, partnership_id: UUID, *, as_of: datetime | None = None) -> Dossier:
        """Return everything on a partnership, as recorded now or up to and with a past moment."""
        from .look import dossier

        return dossier(self.context, partnership_id, as_of=as_of)

    @answers("CS2-X3g", "TK-9")
    def history(self, partnership_id: UUID) -> list[Transition]:
        """Return every transition of a partnership, oldest first."""
        from .look import history

        return history(self.context, partnership_id)

    def attempts(self, partnership_id: UUID) -> list[Attempt]:
        """Return every step that was asked for and refused, oldest first."""
        from .look import attempts

        return attempts(self.context, partnership_id)

    @answers("SPPS-III.D2")
    def find(
        self, *, state: str | None = None, site: str | None = None, kind: str | None = None,
        partner: UUID | None = None, ids: Mapping[str, str] | None = None, service: str | None = None,
        contact: str | None = None, text: str | None = None, due_before: date | None = None,
        as_of: datetime | None = None, after: UUID | None = None, limit: int | None = None,
    ) -> Iterator[Partnership]:  # fmt: skip
        """Return the partnerships that fit everything said, in the order of their ids.

        *kind* is the partner's kind, *ids* are outside ids of the partner, `{"edfi": "19255901"}`. *service*, *contact*
        and *text* are words, 16 at most and in any order, each the beginning of one that stands in the services, in the
        contacts and liaisons, or in any of these, the partner's name and summary and the needs; letter case, accents
        and signs do not matter. *due_before*: something was due before that day: it holds only until then, or was
        missed and still does not hold. *as_of* gives them as they were recorded up to a past moment, and goes with
        *state* and *partner* alone. The next page is `after=` the last id of this one, with the same *limit*. Raises
        InvalidRequest for a text without a word, and for an id, a day or a limit that is none.
        """
        from .find import find

        return find(
            self.context, state=state, site=site, kind=kind, partner=partner, ids=ids, service=service, contact=contact,
            text=text, due_before=due_before, as_of=as_of, after=after, limit=limit,
        )  # fmt: skip

    @answers("SPPS-III.D2")
    def counts(
        self, *, site: str | None = None, kind: str | None = None, partner: UUID | None = None,
        ids: Mapping[str, str] | None = None, service: str | None = None, contact: str | None = None,
        text: str | None = None, due_before: date | None = None,
    ) -> dict[str, int]:  # fmt: skip
        """Return how many partnerships there are in each state, of those that fit everything said; see `find`."""
        from .find import counts

        return counts(
            self.context, site=site, kind=kind, partner=partner, ids=ids, service=service, contact=contact, text=text,
            due_before=due_before,
        )  # fmt: skip

    @answers("SPPS-V.5")
    def explain(self, partnership_id: UUID, *, at: datetime | None = None) -> Report:
        """Return the Report of what does not hold now, with no trigger asked."""
        from .decide import standing

        return standing(self.context, partnership_id, at=at)
