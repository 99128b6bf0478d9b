"""Partnerflow: everything that a host calls. Each method is one call of the module that does the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from datetime import date, datetime, tzinfo
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self
from uuid import UUID

import attrs

from partnerflow import gate
from partnerflow.actors import Actor
from partnerflow.clauses import answers
from partnerflow.dossier import time_zone
from partnerflow.history import Transition
from partnerflow.lifecycle import DEFAULT, Lifecycle
from partnerflow.partnership import Partnership
from partnerflow.policies import Pack, load_pack
from partnerflow.ports import Clock, HostRecords, Licensed, Listing, NewId, Store
from partnerflow.records import Document, Entry, Partner, Record, Site

from . import (
    admit,
    begin,
    confirm,
    file,
    fire,
    purge,
    redact,
    register,
    retract,
    sweep,
    validation,
)
from .admit import Admission
from .bulk import Adoption, BulkResult, Confirming, Filing, Step, operations, run
from .context import Context, Opened
from .purge import Purged
from .reading import Reading
from .submission import check_submission
from .sweep import Sweep

if TYPE_CHECKING:
    from partnerflow.signals import After, Before


class Partnerflow(Reading):
    """The life of a district's partnerships, on one store, under one pack and one lifecycle.

    It never changes after it is made, and threads may share it. Every write takes `by` (who acts), and may take `at`
    (when it happened: an aware moment, not in the future, not before the partnership's last step; default: now),
    `expected_version` (else Conflict) and `idempotency_key` (the same key with the same request returns the same work
    again; with another request: KeyReused). A refusal raises Refused, which carries the Decision.
    """

    __slots__ = ()

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
        longest_text: int = gate.LONGEST_TEXT,
    ) -> None:
        """Put a flow together by hand; it makes no tables.

        *tz* is the district's time zone: a day ends at its midnight. *clock* and *new_id* default to the machine's own.
        *longest_text* is how many characters a text may have that is filed or given as a reason.
        Raises PackError for a pack that names states or triggers which *lifecycle* does not have.
        """
        from partnerflow.adapters import system
        from partnerflow.signals import After, Before

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
            longest_text=validation.longest_text(longest_text),
        )
        validation.check_fit(self.pack, self.lifecycle)
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
        longest_text: int = gate.LONGEST_TEXT,
    ) -> Partnerflow:
        """Open a database by its SQLAlchemy URL, and make the tables if it has none of ours.

        Close it with `close`, or use it in a `with` statement. Raises Unreadable for something that is no database,
        SchemaMismatch for tables of another version.
        """
        from partnerflow.adapters.sqlalchemy import open_store

        store = open_store(url, tenant=tenant)
        try:
            rest = partial(
                cls, lifecycle=lifecycle, host_records=host_records, new_id=new_id, longest_text=longest_text
            )
            flow = rest(store=store, pack=pack, tz=tz, clock=clock)
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
        """Receivers that are called inside the transaction, before anything is written; raising stops the change."""
        return self.context.before

    @property
    def after(self) -> After:
        """Receivers that are called after the commit."""
        return self.context.after

    # --- the host's transaction -------------------------------------------------------------------------------------

    @answers("SPPS-V.6a")
    def within(self, session: object) -> Partnerflow:
        """Return this flow inside a host's Session or Connection, which it never begins, commits or rolls back.

        Receivers of `after` are called when the Session's outermost transaction has been committed; on a bare
        Connection, when the host then calls `committed()`.
        """
        joined = copy(self)
        joined.opened = None
        joined.context = attrs.evolve(self.context, store=self.store.within(session), session=session)
        return joined

    def committed(self) -> None:
        """Report that the bare Connection has been committed, which SQLAlchemy does not report."""
        self.store.committed()

    # --- beginning a partnership ------------------------------------------------------------------------------------

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
        request = self.context.request(by, at, reason, None, idempotency_key)
        return begin.propose(self.context, partner, request, succeeds=succeeds)

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
        request = self.context.request(by, at, reason, None, idempotency_key)
        return begin.adopt(self.context, partner, request, state=state, since=since)

    def register(self, partner: Partner, *, by: Actor, at: datetime | None = None) -> UUID:
        """Put an organisation on file that has no partnership; return its id. One that is on file stays as it is."""
        return register.register(self.context, partner, self.context.request(by, at))

    def admit(
        self, listed: Iterable[Site | Listing | Licensed], *, by: Actor, confirm: bool = False
    ) -> Iterator[Admission]:
        """Take in what an outside system lists; yield what was done about each. Doing it twice changes nothing.

        What it lists of partners is filed as their word; with *confirm*, the district stands behind it.
        """
        return admit.admit(self.context, listed, self.context.request(by, word_of=None if confirm else "partner"))

    # --- evidence ---------------------------------------------------------------------------------------------------

    def file(
        self,
        subject: UUID,
        *records: Record,
        by: Actor,
        documents: Iterable[Document] = (),
        word_of: Literal["partner"] | None = None,
        at: datetime | None = None,
        expected_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> tuple[Entry, ...]:
        """File records on a partnership, or on its partner if they are about the partner; return one Entry for each.

        Any number, in one transaction, in any state. A record that is on file already is not filed again; its entry is
        returned. *subject* is a partnership's id, or `DISTRICT` for records about the district. What the office files
        as the partner's word is filed with `word_of="partner"`. Raises InvalidRecord for a record of the wrong shape,
        Refused for an actor who may not file it.
        """
        submission = check_submission(self.context, subject, records, documents)
        request = self.context.request(by, at, None, expected_version, idempotency_key, word_of)
        return file.file(self.context, submission, request)

    @answers("EAF-C.3b")
    def confirm(
        self,
        partnership_id: UUID,
        *entry_ids: UUID,
        by: Actor,
        at: datetime | None = None,
        expected_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> tuple[Entry, ...]:
        """Confirm words of the partner's, which count from then on; return the confirmations.

        Any number of entries on the partnership's file and its partner's, in one transaction. Confirming again changes
        nothing. `dossier(...).waiting` has what waits. Raises Refused for an actor on the partner's side, or one who
        may not file these kinds here.
        """
        request = self.context.request(by, at, None, expected_version, idempotency_key)
        return confirm.confirm(self.context, partnership_id, entry_ids, request)

    def retract(
        self,
        partnership_id: UUID,
        entry_id: UUID,
        *,
        by: Actor,
        reason: str,
        at: datetime | None = None,
        expected_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> Entry:
        """Take back a record that should not have been filed; return the retraction's entry. Both stay readable."""
        request = self.context.request(by, at, reason, expected_version, idempotency_key)
        return retract.retract(self.context, partnership_id, entry_id, request)

    def redact(
        self,
        partnership_id: UUID,
        *,
        entries: Iterable[UUID] = (),
        steps: Iterable[int] = (),
        by: Actor,
        reason: str,
        at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> tuple[Entry, ...]:
        """Blank texts that should not be kept; return the redactions that record it.

        *entries* are ids: their records are blanked. *steps* are versions: their reasons and decisions are blanked, as
        a decision quotes what it evaluated. All keep their places and hashes, so every chain verifies; what is blank
        already stays so. Raises InvalidRequest for a record that still counts: file what is right, and retract it,
        first.
        """
        request = self.context.request(by, at, reason, None, idempotency_key)
        return redact.redact(self.context, partnership_id, request, entries=entries, steps=steps)

    def purge(self, *, before: date, by: Actor, reason: str) -> Iterator[Purged]:
        """Blank all texts of partnerships that ended before a day, and longer ago than the pack keeps them.

        The partner's file is blanked with the last of its partnerships, except its name. The work is done as the
        iterator is read, with one transaction for each partnership. Raises InvalidRequest where the pack has no
        retention_months.
        """
        return purge.purge(self.context, self.context.request(by, None, reason), before=before)

    # --- firing ----------------------------------------------------------------------------------------------------

    @answers("EAF-4.2.j")
    def fire(
        self,
        partnership_id: UUID,
        trigger: str,
        *,
        by: Actor,
        reason: str | None = None,
        at: datetime | None = None,
        expected_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> Transition:
        """Do *trigger*, or raise Refused (IllegalTrigger for a step that is not there) and keep the attempt."""
        request = self.context.request(by, at, reason, expected_version, idempotency_key)
        return fire.fire(self.context, partnership_id, trigger, request)

    def fire_many(
        self,
        steps: Iterable[Step],
        *,
        by: Actor,
        key: str,
        at_once: int = 1000,
        progress: Callable[[int], object] | None = None,
    ) -> Iterator[BulkResult[Step]]:
        """Take many steps, up to *at_once* in a transaction; yield a result for each, in their order.

        One that is refused, late or wrong does not affect the others. The work is done as the iterator is read;
        *progress* is called with how many are done. *key* names the run, in at most 120 characters: started again with
        it after a crash, the run continues where it stopped. Raises StoreError where the store fails; what was yielded
        until then is done.
        """
        operation = operations.Steps(self.context, by)
        return run.run(operation, steps, key=key, at_once=at_once, progress=progress)

    def file_many(
        self,
        filings: Iterable[Filing],
        *,
        by: Actor,
        key: str,
        at_once: int = 1000,
        progress: Callable[[int], object] | None = None,
    ) -> Iterator[BulkResult[Filing]]:
        """File many records; in all else as `fire_many`."""
        operation = operations.Filings(self.context, by)
        return run.run(operation, filings, key=key, at_once=at_once, progress=progress)

    def confirm_many(
        self,
        confirmings: Iterable[Confirming],
        *,
        by: Actor,
        key: str,
        at_once: int = 1000,
        progress: Callable[[int], object] | None = None,
    ) -> Iterator[BulkResult[Confirming]]:
        """Confirm words of many partners; in all else as `fire_many`.

        `map(Confirming.everything, flow.waiting())` confirms everything that waits when it is read.
        """
        operation = operations.Confirmings(self.context, by)
        return run.run(operation, confirmings, key=key, at_once=at_once, progress=progress)

    def adopt_many(
        self,
        adoptions: Iterable[Adoption],
        *,
        by: Actor,
        key: str,
        at_once: int = 1000,
        progress: Callable[[int], object] | None = None,
    ) -> Iterator[BulkResult[Adoption]]:
        """Adopt many partnerships; in all else as `fire_many`."""
        operation = operations.Adoptions(self.context, by)
        return run.run(operation, adoptions, key=key, at_once=at_once, progress=progress)

    def sweep(
        self, *, at: datetime | None = None, everything: bool = False, back_to_earlier_rules: bool = False
    ) -> Sweep:
        """Notify, each once, of what approaches, was missed or broke, and was mended, waived or is over.

        With *everything*, every partnership is evaluated, whether something is due or not, and what is derived from
        histories and files is derived again: obligations, and what partnerships are found by.

        Raises PackReplaced where sweeps ran under this pack before and run under another now, so that no two packs take
        turns; with *back_to_earlier_rules*, this one is in force again.
        """
        return sweep.sweep(self.context, at=at, everything=everything, back_to_earlier_rules=back_to_earlier_rules)
