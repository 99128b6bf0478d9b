"""What a redaction blanks, and what a purge forgets."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

import attrs
import pytest

from partnerflow.canonical import sha256
from partnerflow.errors import Refused
from partnerflow.flow import Partnerflow
from partnerflow.ports import ChangeSet, Erasure, Store
from partnerflow.records import (
    Document,
    Need,
    Unregistered,
)

from .fixtures import ODD, WHO, Fixtures, adopted, files_of, held_by, history_of, id_of


class ErasureTests(Fixtures):
    """What a redaction blanks, and what a purge forgets."""

    def test_what_is_blanked_leaves_its_place_its_hash_and_its_link(self, flow: Partnerflow, store: Store) -> None:
        """The text of an entry, the reason and the decision of a step; all else of them stays, and all beside them."""
        begun, beside = adopted(flow), adopted(flow)
        paper = Document("s3://bucket/a", "0" * 64)
        for each in (begun, beside):
            flow.file(each.id, Need(need=ODD), Need(need="kept"), by=WHO, documents=[paper])
            flow.fire(each.id, "amend", by=WHO, reason=ODD)
        gone, made = held_by(store, begun.id).own_file[0], flow.history(begun.id)[1]
        flow.retract(begun.id, id_of(gone), by=WHO, reason="wrong")
        files, steps = files_of(store), {each.id: flow.history(each.id) for each in (begun, beside)}
        (said,) = flow.redact(begun.id, entries=[id_of(gone)], steps=[2], by=WHO, reason="names a student")
        unread = Unregistered(kind="need", fields={})
        blank = attrs.evolve(gone, record=unread, text="", redacted=sha256(gone.text))
        step = attrs.evolve(
            made,
            move=attrs.evolve(made.move, reason=None),
            decision="",
            reason_redacted=sha256(ODD),
            decision_redacted=sha256(made.decision),
        )
        assert (blank.link, blank.documents, blank.kind, step.link) == (gone.link, (paper,), "need", made.link)
        assert files_of(store) == {**files, begun.id: [blank, *files[begun.id][1:], said]}
        assert history_of(store, begun.id) == [steps[begun.id][0], step]
        assert history_of(store, beside.id) == steps[beside.id]
        held = held_by(store, begun.id)
        assert (held.own_file[0], held.moves[1], held.link) == (blank, step.move, made.link)
        with store.reading() as tx:
            lying = tx.files([begun.id])[begun.id]
            assert (lying[0], lying[-1]) == (blank, said)
        flow.verify()

    def test_attempts_are_forgotten_only_where_it_is_said(self, flow: Partnerflow, store: Store) -> None:
        """One by one, of one partnership."""
        begun, beside = adopted(flow), adopted(flow)
        for each in (begun, beside, begun):
            with pytest.raises(Refused):
                flow.fire(each.id, "approve", by=WHO)
        first, last = store.attempts(begun.id)
        (other,) = store.attempts(beside.id)
        for forgotten, left in (((), [first, last]), ((first, other), [last]), ((first, last), [])):
            with store.transaction() as tx:
                tx.snapshots([begun.id], lock=True)
                tx.write(ChangeSet(erasure=Erasure(partnership_id=begun.id, attempts=forgotten)))
            assert [list(store.attempts(each.id)) for each in (begun, beside)] == [left, [other]]
