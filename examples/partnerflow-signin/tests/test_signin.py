from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from partnerflow_signin.policies import KIOSK, signed_in
from partnerflow_signin.records import SignInSystem

from partnerflow import Dossier
from partnerflow.policies import load_pack
from partnerflow.testing import assert_card, assert_removing_never_unblocks, days, example_dossier, records

BADGE = SignInSystem(tool="badge", starts_on=date(2026, 1, 1), ends_on=date(2027, 12, 31))


def test_the_card_means_what_it_shows():
    assert_card(signed_in)


@settings(max_examples=40, deadline=None)
@given(st.lists(records("sign_in_system"), max_size=3), days())
def test_removing_evidence_never_unblocks(filed, on):
    assert_removing_never_unblocks(signed_in, filed, on=on)


def test_it_says_until_when_it_holds():
    finding = signed_in(example_dossier("active", records=[BADGE]), on=date(2026, 9, 15))
    assert (finding.outcome, finding.until) == ("passed", date(2027, 12, 31))


def test_the_pack_is_found_by_its_name_and_takes_badges_until_july_2027():
    rule = load_pack("riverside")["RVS-001"]
    filed = example_dossier("active", records=[BADGE])
    assert rule(filed, on=date(2027, 6, 30)).outcome == "passed"
    assert rule(filed, on=date(2027, 7, 1)).outcome == "failed"


def test_the_pack_asks_what_the_default_pack_asks_too():
    codes = {rule.policy.code for rule in load_pack("riverside")}
    assert codes == {rule.policy.code for rule in load_pack("default")} | {"RVS-001"}


def test_the_record_is_read_by_its_name():
    mapping = {"partner": {"name": "Riverbend Youth Center"}, "partnership": {"state": "active"}, "records": [KIOSK]}
    assert Dossier.from_mapping(mapping).latest(SignInSystem).tool == "kiosk"
