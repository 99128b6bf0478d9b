"""An audit shows everything that is chained, as of one moment."""
# ruff: noqa: S101  these are tests

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from partnerflow.flow import Partnerflow
from partnerflow.partnership import DISTRICT
from partnerflow.ports import Store
from partnerflow.records import (
    Insurance,
    Need,
    Site,
)

from .fixtures import NOBODY, ODD, WHO, Fixtures, adopted, all_of, held_by, history_of, id_of, write_much


class AuditTests(Fixtures):
    """An audit shows everything that is chained, as of one moment."""

    def test_an_audit_gives_everything_that_is_chained_in_order(self, flow: Partnerflow, store: Store) -> None:
        """Partnerships and histories in the order of their ids, files in that of theirs; or one that is named."""
        with store.audit() as audit:
            every = (
                audit.partnerships(),
                audit.ids("history"),
                audit.transitions(),
                audit.ids("file"),
                audit.entries(),
            )
            assert [list(each) for each in every] == [[]] * 5
        begun = [adopted(flow) for _ in range(4)]
        for one in begun[::2]:
            flow.fire(one.id, "amend", by=WHO, reason=ODD)
            flow.file(one.id, Need(need="a"), Need(need="b"), Insurance(line="x"), by=WHO)
        flow.file(DISTRICT, Site(site="255901001", name="Grand Bend"), by=WHO)
        held = {each: held_by(store, each) for each in sorted(one.id for one in begun)}
        files = {each: holding.own_file for each, holding in held.items() if holding.own_file}
        files |= {holding.partnership.partner_id: holding.partner_file for holding in held.values()}
        with store.reading() as tx:
            files |= tx.files([DISTRICT])
        entries = [entry for each in sorted(files) for entry in files[each]]
        with store.audit() as audit:
            assert list(audit.ids("history")) == list(held)
            assert list(audit.partnerships()) == [(each.partnership, each.link) for each in held.values()]
            assert list(audit.transitions()) == [made for each in held for made in history_of(store, each)]
            assert list(audit.ids("file")) == sorted(files)
            assert list(audit.entries()) == entries
            for each, holding in held.items():
                assert list(audit.partnerships(each)) == [(holding.partnership, holding.link)]
                assert list(audit.transitions(each)) == history_of(store, each)
            for whose, lying in files.items():
                assert tuple(audit.entries(whose)) == lying
            for nothing in (audit.partnerships(NOBODY), audit.transitions(NOBODY), audit.entries(NOBODY)):
                assert list(nothing) == []
            links = {(entry.file_id, entry.seq): entry.link for entry in entries if entry.file_id is not None}
            absent = {(NOBODY, 1), (begun[0].id, 0), (begun[0].id, 3)}
            assert dict(audit.links({*links, *absent})) == links
            assert dict(audit.links([])) == {}

    def test_an_audit_is_of_one_moment_and_nobody_who_writes_waits(self, flow: Partnerflow, store: Store) -> None:
        """What is written while somebody looks is not seen, neither what is new nor what is blanked."""
        begun = sorted(adopted(flow).id for _ in range(3))
        (entry,) = flow.file(begun[2], Need(need=ODD), by=WHO)
        flow.retract(begun[2], id_of(entry), by=WHO, reason="wrong")
        before = all_of(store)
        with ThreadPoolExecutor(1) as pool, store.audit() as audit:
            partnerships = audit.partnerships()
            first = next(partnerships)
            pool.submit(write_much, flow, begun, entry).result(timeout=60)
            seen = [first, *partnerships]
            assert [(each.version, link) for each, link in seen] == [(1, step[0].link) for step in before[2]]
            assert list(audit.transitions()) == [made for history in before[2] for made in history]
            assert list(audit.entries()) == before[1]
        assert [each.version for each, _ in store.find()] == [2, 2, 2, 1]
        flow.verify()
