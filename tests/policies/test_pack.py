"""A pack is read strictly, applies its parameters by date, and is known by its digest."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import date
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Any, get_args

import attrs
import pytest

from partnerflow.actors import Actor, ActorSide
from partnerflow.errors import Fault, InvalidRequest, NotFound, PackError
from partnerflow.lifecycle import State, Trigger
from partnerflow.policies import Pack, Role, Severity, Verdict, load_pack, offered_packs, policy, shipped_packs
from partnerflow.policies.pack import ENGINE
from partnerflow.policies.shipped import POLICIES
from partnerflow.policies.toml import read_pack
from partnerflow.records import Money
from partnerflow.testing import EXAMPLE_DAY, example_dossier

HEAD = '[pack]\nname = "ours"\nversion = "3"\n'


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Pack]:
    """Read a pack from a file of this text."""

    def read(text: str, **more: Any) -> Pack:
        file = tmp_path / "ours.toml"
        file.write_text(text, encoding="utf-8")
        return load_pack(str(file), **more)

    return read


@policy(
    "OURS-001", "A summary is on file", holds_in={State.ACTIVE}, cites=["EAF-C.2"], fix="Write at least {words} words."
)
def summarised(dossier: Any, on: date, *, words: int = 3, kinds: frozenset[str] = frozenset()) -> Verdict:
    """What a newcomer reads first."""
    from partnerflow.policies import Problem, need

    if len(need(dossier.partner.summary, dossier.partner, "summary").split()) < words:
        yield Problem(dossier.partner, "summary", "is too short")


# --- parameters by date ---------------------------------------------------------------------------------------------

BY_DATE = (
    HEAD
    + """
    [[set]]
    code = "SAFE-002"
    minimum = "2000000 USD"
    from = 2027-01-01
    cites = "Board policy 1240"

    [[set]]
    code = "SAFE-002"
    minimum = "900000 USD"
"""
)


def test_a_parameter_applies_from_its_day_on(read: Callable[..., Pack]) -> None:
    rule = read(BY_DATE)["SAFE-002"]
    assert rule.parameters(date(2026, 12, 31))["minimum"] == Money.of(900_000, "USD")
    assert rule.parameters(date(2027, 1, 1))["minimum"] == Money.of(2_000_000, "USD")
    assert rule.changes_after(date(2026, 12, 31)) == date(2027, 1, 1)
    assert rule.changes_after(date(2027, 1, 1)) is None


def test_a_finding_falls_due_on_the_day_before_a_parameter_that_breaks_it(read: Callable[..., Pack]) -> None:
    pack, dossier = read(BY_DATE), example_dossier()
    report = pack.check(dossier, on=EXAMPLE_DAY)
    assert report.ok
    assert pack.due_dates(report, dossier)["SAFE-002"] == date(2026, 12, 31)
    assert not pack["SAFE-002"](dossier, on=date(2027, 1, 1)).is_ok


def test_a_parameter_that_breaks_nothing_is_no_due_date(read: Callable[..., Pack]) -> None:
    pack, dossier = read(BY_DATE.replace("2000000", "1000000")), example_dossier()
    due = pack.due_dates(pack.check(dossier, on=EXAMPLE_DAY), dossier)
    assert due["SAFE-002"] == date(2027, 6, 30), "the day on which the cover ends"


def test_a_fix_names_the_parameter_of_the_day(read: Callable[..., Pack]) -> None:
    rule, dossier = read(BY_DATE)["SAFE-002"], example_dossier(without={"insurance"})
    assert "900000 USD" in rule(dossier, on=EXAMPLE_DAY).fix
    assert "2000000 USD" in rule(dossier, on=date(2027, 1, 1)).fix


def test_the_order_of_settings_in_the_file_does_not_matter_when_their_days_differ(read: Callable[..., Pack]) -> None:
    first, second = BY_DATE.removeprefix(HEAD).split("[[set]]")[1:]
    other = read(f"{HEAD}[[set]]{second}\n[[set]]{first}")
    assert other.digest == read(BY_DATE).digest


def test_a_setting_widens_where_a_policy_holds_and_guards(read: Callable[..., Pack]) -> None:
    pack = read(HEAD + '[[set]]\ncode = "SAFE-004"\nholds_in = ["onboarding"]\nguards = ["begin_vetting"]\n')
    bare = example_dossier(State.ONBOARDING, without={"licence"})
    assert [finding.code for finding in pack.check(bare, on=EXAMPLE_DAY).blocking] == ["SAFE-004"]
    bare = example_dossier(State.INTAKE, without={"licence"})
    report = pack.check(bare, on=EXAMPLE_DAY, trigger=Trigger.BEGIN_VETTING)
    assert [finding.code for finding in report.blocking] == ["SAFE-004"]
    assert "onboarding" in pack.names()[0]


def test_a_pilot_is_reported_and_stops_nothing(read: Callable[..., Pack]) -> None:
    pack = read(HEAD + '[[set]]\ncode = "SAFE-002"\nenforcement = "report_only"\n')
    report = pack.check(example_dossier(without={"insurance"}), on=EXAMPLE_DAY)
    assert report.ok
    assert report["SAFE-002"].outcome == "missing"
    assert "SAFE-002 missing, reported only" in report.explain()


def test_an_advisory_finding_is_reported_and_stops_nothing(read: Callable[..., Pack]) -> None:
    pack = read(HEAD + '[[set]]\ncode = "SAFE-002"\nseverity = "advisory"\n')
    report = pack.check(example_dossier(without={"insurance"}), on=EXAMPLE_DAY)
    assert report.ok
    assert report["SAFE-002"].severity is Severity.ADVISORY
    assert "SAFE-002 missing, advisory" in report.explain()


def test_a_pack_asks_only_the_policies_that_it_lists(read: Callable[..., Pack]) -> None:
    pack = read(HEAD + 'policies = ["SAFE-002", "REG-001"]\n')
    assert list(pack.by_code) == ["SAFE-002", "REG-001"]
    with pytest.raises(NotFound, match="SAFE-001"):
        pack["SAFE-001"]


def test_a_pack_asks_every_policy_that_cites_a_guide_beside_those_that_it_lists(read: Callable[..., Pack]) -> None:
    pack = read(HEAD + 'citing = ["TK-2", "EAF-4.1"]\npolicies = ["SAFE-002"]\nwith = ["REG-001"]\n')
    cited = [policy.code for policy in POLICIES if "TK-2" in policy.cites or "EAF-4.1." in str(policy.cites)]
    listed = [policy.code for policy in POLICIES if policy.code in {*cited, "SAFE-002"}]
    assert len(cited) > 2
    assert list(pack.by_code) == [*listed, "REG-001"]


def test_a_clause_is_no_clause_that_merely_begins_with_the_same_digits(read: Callable[..., Pack]) -> None:
    ten = {policy.code for policy in POLICIES if "TK-10" in policy.cites and "TK-1" not in policy.cites}
    assert ten
    assert ten.isdisjoint(read(HEAD + 'citing = ["TK-1"]\n').by_code)


def test_a_host_may_add_policies_of_its_own(read: Callable[..., Pack]) -> None:
    pack = read(HEAD + '[[set]]\ncode = "OURS-001"\nwords = 9\nkinds = ["civic"]\n', policies=[summarised])
    assert pack["OURS-001"].parameters(EXAMPLE_DAY) == {"words": 9, "kinds": frozenset({"civic"})}
    finding = pack.check(example_dossier(), on=EXAMPLE_DAY)["OURS-001"]
    assert (finding.outcome, finding.fix) == ("failed", "Write at least 9 words.")


# --- what cannot be meant -------------------------------------------------------------------------------------------


def setting(code: str, line: str) -> str:
    return f'{HEAD}[[set]]\ncode = "{code}"\n{line}\n'


@pytest.mark.parametrize(
    ("text", "where", "remedy"),
    [
        ("[pack\n", "TOML", "line 1"),
        ('[pack]\nversion = "1"\n', "pack.name", "is required"),
        ('[pack]\nname = "x"\n', "pack.version", "is required"),
        ('[pack]\nname = "x"\nversion = 1\n', "pack.version", "1 is not a text"),
        ("", "pack", "must be a table: write [pack]"),
        ('pack = "default"\n', "pack", "must be a table"),
        (HEAD + 'titel = "x"\n', "pack.titel", "did you mean 'title'?"),
        (HEAD + "leads = [30, -1]\n", "pack.leads[1]", "-1: days before a due date are not negative"),
        (HEAD + "backdate_days = -1\n", "pack.backdate_days", "-1: days back are not negative"),
        (HEAD + "[roles.a]\nside = 'school'\nbackdate_days = -1\n", "roles.a.backdate_days", "-1: days back are not"),
        (HEAD + 'leads = "30"\n', "pack.leads", "'30' is not a list"),
        (HEAD + 'policies = ["SAFE-02"]\n', "pack.policies[0]", "did you mean 'SAFE-002'?"),
        (HEAD + 'citing = ["CS9"]\n', "pack.citing[0]", "'CS9': no policy cites a clause that begins so"),
        (HEAD + 'citing = "CS2"\n', "pack.citing", "'CS2' is not a list"),
        (HEAD + '[packs]\nname = "x"\n', "packs", "did you mean 'pack'?"),
        (HEAD + '[set]\ncode = "SAFE-002"\n', "set", "write [[set]]"),
        (HEAD + "[[set]]\nminimum = 1\n", "set[0].code", "is required"),
        (setting("SAFE-2", ""), "set[0].code", "did you mean 'SAFE-002'?"),
        (setting("XYZ", ""), "set[0].code", "'XYZ' is not known; known are ACC-001"),
        (
            '[pack]\nname = "x"\nversion = "1"\npolicies = ["REG-001"]\n[[set]]\ncode = "SAFE-002"\n',
            "set[0].code",
            "SAFE-002 is not among this pack's policies",
        ),
        (setting("SAFE-002", 'minimun = "1 USD"'), "set[0] (SAFE-002).minimun", "did you mean 'minimum'?"),
        (setting("SAFE-002", "minimum = 1000000"), "set[0] (SAFE-002).minimum", "not an amount such as '1000000 USD'"),
        (setting("TRN-001", 'months = "24"'), "set[0] (TRN-001).months", "'24' is not a whole number"),
        (setting("TRN-001", "months = true"), "set[0] (TRN-001).months", "True is not a whole number"),
        (setting("TRN-001", 'topics = "content_area"'), "set[0] (TRN-001).topics", "is not a list"),
        (setting("TRN-001", "topics = [1]"), "set[0] (TRN-001).topics[0]", "1 is not a text"),
        (setting("SAFE-002", 'from = "2026-07-01"'), "set[0] (SAFE-002).from", "not a day such as 2026-07-01, without"),
        (setting("SAFE-002", "from = 2026-07-01T00:00:00"), "set[0] (SAFE-002).from", "is not a day"),
        (setting("SAFE-002", 'severity = "loud"'), "set[0] (SAFE-002).severity", "not one of blocking, advisory"),
        (setting("SAFE-002", 'enforcement = "no"'), "set[0] (SAFE-002).enforcement", "not one of enforce, report_only"),
        (setting("SAFE-002", "cites = 1240"), "set[0] (SAFE-002).cites", "1240 is not a text"),
        (
            setting("SAFE-002", 'from = 2026-07-01\nseverity = "advisory"'),
            "set[0] (SAFE-002).severity",
            "only parameters go by date",
        ),
        (setting("SAFE-002", "from = 2026-07-01"), "set[0] (SAFE-002).from", "sets no parameter"),
        (setting("SAFE-002", 'holds_in = "active"'), "set[0] (SAFE-002).holds_in", "'active' is not a list"),
        (setting("AUTH-001", "roles = {}"), "set[0] (AUTH-001).roles", "is not known"),
        (HEAD + '[roles.clerk]\nfiles = ["need"]\n', "roles.clerk.files", "did you mean 'file'?"),
        (HEAD + '[roles.clerk]\nfile = ["insurence"]\n', "roles.clerk.file", "did you mean 'insurance'?"),
        (HEAD + '[roles.clerk]\nretract = ["insurence"]\n', "roles.clerk.retract", "did you mean 'insurance'?"),
        (HEAD + '[roles.clerk]\nfire = "approve"\n', "roles.clerk.fire", "'approve' is not a list"),
        (HEAD + '[roles.clerk]\nside = "parner"\n', "roles.clerk.side[0]", "'parner' is not one of district"),
        (HEAD + '[roles.clerk]\nown_sites = "yes"\n', "roles.clerk.own_sites", "'yes' is not true or false"),
        (HEAD + '[roles]\nclerk = "all"\n', "roles.clerk", "must be a table"),
    ],
)
def test_every_slip_is_an_error_that_names_the_file_the_place_and_what_would_do(
    read: Callable[..., Pack], text: str, where: str, remedy: str
) -> None:
    with pytest.raises(PackError) as caught:
        read(text)
    assert caught.value.source.endswith("ours.toml")
    (fault,) = caught.value.faults
    assert fault.path == where
    assert remedy in fault.message
    assert str(caught.value) == f"{caught.value.source}: {where}: {fault.message}"


SEVERAL_SLIPS = """
[pack]
name = "ours"
version = 3
leeds = [30]
without = ["SAFE-02", "SAFE-003"]

[[set]]
code = "SAFE-002"
minimun = "1 USD"
severity = "loud"
from = "2027-01-01"

[roles.clerk]
files = ["need"]
file = ["insurence"]

[[set]]
codes = ["TRN-001", "TRN-1", "REG-002"]
months = "12"

[[set]]
code = "SAFE-2"
anything = true
enforcement = "no"

[[set]]
code = "TRN-001"
from = 2027-01-01
severity = "advisory"
enforcement = "report_only"

[[set]]
code = "TRN-001"
for = { kind = ["long", "long_term"], scoop = "school" }
holds_in = ["onboarding"]
guards = ["renew"]
"""


def test_every_slip_of_a_file_is_told_at_once_in_the_order_of_the_file(read: Callable[..., Pack]) -> None:
    with pytest.raises(PackError) as caught:
        read(SEVERAL_SLIPS)
    told = [f"{fault.path}: {fault.message.partition('; known are')[0]}" for fault in caught.value.faults]
    assert told == [
        "pack.version: 3 is not a text",
        "pack.leeds: is not known; did you mean 'leads'?",
        "pack.without[0]: 'SAFE-02' is not known; did you mean 'SAFE-002'?",
        "set[0] (SAFE-002).minimun: is not known; did you mean 'minimum'?",
        "set[0] (SAFE-002).severity: 'loud' is not one of blocking, advisory",
        "set[0] (SAFE-002).from: '2027-01-01' is not a day such as 2026-07-01, without quotes",
        "set[1].codes[1]: 'TRN-1' is not known; did you mean 'TRN-001'?",
        "set[1] (TRN-001).months: '12' is not a whole number",
        "set[1] (REG-002).months: is not known",
        "set[2].code: 'SAFE-2' is not known; did you mean 'SAFE-002'?",
        "set[2].enforcement: 'no' is not one of enforce, report_only, off",
        "set[3] (TRN-001).severity: applies always: only parameters go by date",
        "set[3] (TRN-001).enforcement: applies always: only parameters go by date",
        "set[4] (TRN-001).for.kind: 'long' is not known; did you mean 'long_term'?",
        "set[4] (TRN-001).for.scoop: is not known; did you mean 'scope'?",
        "set[4] (TRN-001).holds_in: applies to everyone: take it into a [[set]] without for",
        "set[4] (TRN-001).guards: applies to everyone: take it into a [[set]] without for",
        "roles.clerk.files: is not known; did you mean 'file'?",
        "roles.clerk.file: 'insurence' is not known; did you mean 'insurance'?",
    ]
    lines = str(caught.value).splitlines()
    assert lines == [f"{caught.value.source}: {fault}" for fault in caught.value.faults]


def test_a_slip_in_a_list_of_policies_is_not_told_again_where_they_are_named(read: Callable[..., Pack]) -> None:
    with pytest.raises(PackError) as caught:
        read(HEAD + 'policies = ["SAFE-02"]\nwithout = ["TRN-001"]\n[[set]]\ncode = "SAFE-002"\nminimum = "1 USD"\n')
    assert [fault.path for fault in caught.value.faults] == ["pack.policies[0]"]


def test_every_slip_of_a_pack_that_is_extended_is_told_beside_ours(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('[pack]\nname = "base"\nleads = [-1]\n', encoding="utf-8")
    (tmp_path / "ours.toml").write_text(HEAD + 'extends = "base.toml"\n[rolls.clerk]\n', encoding="utf-8")
    with pytest.raises(PackError) as caught:
        load_pack(str(tmp_path / "ours.toml"))
    base = tmp_path / "base.toml"
    assert [str(fault) for fault in caught.value.faults] == [
        f"pack.extends: {base}: pack.version: is required",
        f"pack.extends: {base}: pack.leads[0]: -1: days before a due date are not negative",
        "rolls: is not known; did you mean 'roles'?",
    ]


def test_an_error_of_a_pack_survives_a_pickle() -> None:
    error = PackError("ours.toml", Fault("pack.name", "is required"), Fault("set", "must be a list of tables"))
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.source, copy.faults, str(copy)) == (error.source, error.faults, str(error))


# --- one [[set]] for several policies -------------------------------------------------------------------------------


def test_a_set_for_several_policies_is_one_for_each(read: Callable[..., Pack]) -> None:
    body = 'for = { kind = "long_term" }\nenforcement = "report_only"\ncites = "Board policy 1240"\n'
    together = read(f'{HEAD}[[set]]\ncodes = ["SAFE-002", "TRN-001"]\n{body}')
    apart = read(f'{HEAD}[[set]]\ncode = "SAFE-002"\n{body}[[set]]\ncode = "TRN-001"\n{body}')
    assert together.digest == apart.digest
    assert [rule.overrides for rule in together] == [rule.overrides for rule in apart]


def test_a_parameter_that_several_policies_share_is_set_for_each(read: Callable[..., Pack]) -> None:
    pack = read(HEAD + '[[set]]\ncodes = ["TRN-001", "REN-001"]\nmonths = 7\nfrom = 2027-01-01\n')
    for code in ("TRN-001", "REN-001"):
        assert pack[code].parameters(date(2027, 1, 1))["months"] == 7


@pytest.mark.parametrize(
    ("line", "where", "remedy"),
    [
        ('code = "SAFE-002"\ncodes = ["TRN-001"]', "set[0].codes", "stands beside code: write one of the two"),
        ('severity = "advisory"', "set[0].code", "is required, or codes for several policies"),
        ("codes = []", "set[0].codes", "names no policy"),
        ('codes = "SAFE-002"', "set[0].codes", "'SAFE-002' is not a list"),
        ('codes = ["SAFE-002", 2]', "set[0].codes[1]", "2 is not a text"),
        ('codes = ["SAFE-002", "TRN-1"]', "set[0].codes[1]", "did you mean 'TRN-001'?"),
        ('codes = ["SAFE-002", "SAFE-002"]', "set[0].codes[1]", "SAFE-002 is named twice: leave one out"),
        ('codes = ["SAFE-002", "TRN-001"]\nmonths = 7', "set[0] (SAFE-002).months", "is not known"),
        ('codes = ["SAFE-002", "TRN-001"]\nmonhts = 7', "set[0].monhts", "did you mean 'months'?"),
        ('codes = ["SAFE-002", "TRN-001"]\nseverity = "loud"', "set[0].severity", "not one of blocking, advisory"),
    ],
)
def test_a_slip_in_a_set_for_several_policies_is_told_once(
    read: Callable[..., Pack], line: str, where: str, remedy: str
) -> None:
    with pytest.raises(PackError) as caught:
        read(f"{HEAD}[[set]]\n{line}\n")
    (fault,) = caught.value.faults
    assert fault.path == where
    assert remedy in fault.message


def test_a_file_that_is_not_there_or_no_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"nowhere\.toml: file: cannot be read"):
        load_pack(str(tmp_path / "nowhere.toml"))
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PackError, match=r"odd\.toml: file: cannot be read"):
        load_pack(str(tmp_path / "odd.toml"))


@pytest.mark.parametrize("name", ["defualt", "../default", "", "no such pack"])
def test_a_name_that_nobody_offers_is_not_found(name: str) -> None:
    with pytest.raises(NotFound):
        load_pack(name)


# --- by name --------------------------------------------------------------------------------------------------------


def test_every_shipped_pack_loads_by_its_name() -> None:
    assert "default" in shipped_packs()
    for name in shipped_packs():
        assert load_pack(name).name == name


def offers(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    class Theirs(Distribution):
        metadata = {"Name": "their-packs"}  # type: ignore[assignment]  # noqa: RUF012

        def read_text(self, filename: str) -> str | None:
            return None

        def locate_file(self, path: Any) -> Any:
            return path

    point = EntryPoint("theirs", value, "partnerflow.packs")
    vars(point)["dist"] = Theirs()
    monkeypatch.setattr(
        "importlib.metadata.entry_points", lambda group, name="theirs": [point] if name == "theirs" else []
    )


OFFERED = attrs.evolve(load_pack("default"), name="theirs")


def test_another_package_may_offer_a_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch, f"{__name__}:OFFERED")
    monkeypatch.setitem(__import__("sys").modules, __name__, type("Module", (), {"OFFERED": OFFERED}))
    assert load_pack("theirs") is OFFERED
    assert offered_packs() == (("theirs", "their-packs"),)
    with pytest.raises(NotFound, match=r"there are: community-schools, default, .*, theirs"):
        load_pack("others")


def test_a_pack_that_two_packages_offer_is_an_error_that_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch, f"{__name__}:OFFERED")
    from importlib.metadata import entry_points

    monkeypatch.setattr("importlib.metadata.entry_points", lambda group, name: entry_points(group=group, name=name) * 2)
    with pytest.raises(PackError, match="offered by their-packs and their-packs: remove one"):
        load_pack("theirs")


@pytest.mark.parametrize(("value", "why"), [("no_such_module:PACK", "No module named"), ("json:dumps", "not a Pack")])
def test_a_broken_package_is_an_error_that_names_it_and_harms_only_who_asks(
    monkeypatch: pytest.MonkeyPatch, value: str, why: str
) -> None:
    offers(monkeypatch, value)
    assert load_pack("default").name == "default"
    with pytest.raises(PackError, match=f"pack theirs of their-packs: {value}: .*{why}"):
        load_pack("theirs")


# --- how far back ---------------------------------------------------------------------------------------------------


def test_a_pack_says_how_far_back_a_step_may_be_dated_and_who_may_go_further(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(HEAD + "backdate_days = 10\n", encoding="utf-8")
    roles = "[roles.registrar]\nside = 'district'\nbackdate_days = 90\n[roles.clerk]\nside = 'school'\n"
    (tmp_path / "ours.toml").write_text(HEAD + 'extends = "base.toml"\n' + roles, encoding="utf-8")
    ours = load_pack(str(tmp_path / "ours.toml"))
    assert (load_pack("default").backdate_days, ours.backdate_days) == (30, 10)
    assert ours.days_back(Actor("c", side="school", roles={"clerk", "no such role"})) == 10
    assert ours.days_back(Actor("r", roles={"clerk", "registrar"})) == 90
    assert ours.days_back(Actor("r", side="partner", roles={"registrar"})) == 10, "the role is for the district"
    assert (ours.may_date_back(10), ours.may_date_back(90)) == (("registrar",), ())


# --- the digest -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        '[[set]]\ncode = "SAFE-002"\nminimum = "1000001 USD"\n',
        '[[set]]\ncode = "SAFE-002"\nminimum = "2000000 USD"\nfrom = 2030-01-01\n',
        '[[set]]\ncode = "SAFE-002"\nseverity = "advisory"\n',
        '[[set]]\ncode = "SAFE-002"\nenforcement = "report_only"\n',
        '[[set]]\ncode = "SAFE-002"\nholds_in = ["onboarding"]\n',
        '[[set]]\ncode = "SAFE-002"\nguards = ["renew"]\n',
        '[roles.clerk]\nfire = ["amend"]\n',
        "backdate_days = 31\n",
        "[roles.clerk]\nbackdate_days = 31\n",
    ],
)
def test_the_digest_changes_with_everything_that_decides(read: Callable[..., Pack], line: str) -> None:
    assert read(HEAD + line).digest != read(HEAD).digest


def test_the_digest_changes_with_the_engine(read: Callable[..., Pack], monkeypatch: pytest.MonkeyPatch) -> None:
    before = read(HEAD).digest
    monkeypatch.setattr("partnerflow.policies.pack.ENGINE", ENGINE + 1)
    assert read(HEAD).digest != before


def test_the_digest_changes_with_the_policies_and_their_revisions(read: Callable[..., Pack]) -> None:
    assert read(HEAD + 'policies = ["SAFE-002"]\n').digest != read(HEAD).digest
    revised = attrs.evolve(summarised, revision=2)
    assert read(HEAD, policies=[revised]).digest != read(HEAD, policies=[summarised]).digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (HEAD, '# ours\n[pack]\nversion = "4"\nname = "theirs"\ntitle = "Anything"\n'),
        (HEAD + 'policies = ["SAFE-002", "REG-001"]\n', HEAD + 'policies = ["REG-001", "SAFE-002"]\n'),
        (HEAD + "leads = [30, 0, 7]\n", HEAD + "leads = [0, 7, 7, 30]\n"),
        (
            HEAD + '[roles.a]\nfire = ["amend", "renew"]\n[roles.b]\nfile = ["need"]\n',
            HEAD + '[roles.b]\nfile = ["need"]\n[roles.a]\nfire = ["renew", "amend"]\n',
        ),
    ],
)
def test_the_digest_does_not_change_with_names_and_order(read: Callable[..., Pack], one: str, other: str) -> None:
    assert read(one).digest == read(other).digest


def test_a_pin_says_name_version_and_digest(read: Callable[..., Pack]) -> None:
    pack = read(HEAD)
    assert (pack.ref.name, pack.ref.version, pack.ref.digest) == ("ours", "3", pack.digest)
    assert str(pack.ref) == f"ours@3 ({pack.digest[:12]})"
    assert pack.check(example_dossier(), on=EXAMPLE_DAY).pack == pack.ref


# --- roles ----------------------------------------------------------------------------------------------------------


def test_a_role_may_what_it_names_and_a_star_stands_for_all() -> None:
    clerk = Role(name="clerk", fire=frozenset({"amend"}), file=frozenset({"*"}))
    assert clerk.may("fire", "amend")
    assert not clerk.may("fire", "approve")
    assert clerk.may("file", "need")


SIDES: tuple[ActorSide, ...] = get_args(ActorSide)


@pytest.mark.parametrize(
    ("written", "sides"), [('"partner"', {"partner"}), ('["school", "system"]', {"school", "system"})]
)
def test_a_role_says_for_which_sides_it_is(read: Callable[..., Pack], written: str, sides: set[str]) -> None:
    role = read(HEAD + f"[roles.clerk]\nside = {written}\n").roles["clerk"]
    assert {side for side in SIDES if role.is_for(Actor("x", side))} == sides


def test_a_role_without_a_side_is_for_any_and_the_log_says_so(
    read: Callable[..., Pack], caplog: pytest.LogCaptureFixture
) -> None:
    role = read(HEAD + '[roles.clerk]\nfire = ["amend"]\n').roles["clerk"]
    assert all(role.is_for(Actor("x", side)) for side in SIDES)
    assert "roles.clerk.side is not set, so that anybody may hold this role" in caplog.text


@pytest.mark.parametrize(
    ("rights", "kinds"),
    [
        ('file = ["*"]', {"need", "waiver"}),
        ('file = ["need"]', set()),
        ('file = ["*"]\nretract = ["need"]', {"need"}),
        ('file = ["need"]\nretract = ["waiver"]', {"waiver"}),
        ('file = ["*"]\nretract = []', set()),
    ],
)
def test_a_role_retracts_for_others_what_it_says_or_everything_where_it_files_everything(
    read: Callable[..., Pack], rights: str, kinds: set[str]
) -> None:
    role = read(HEAD + f'[roles.clerk]\nside = "district"\n{rights}\n').roles["clerk"]
    assert {kind for kind in ("need", "waiver") if role.may("retract", kind)} == kinds


def test_every_role_of_a_shipped_pack_is_for_certain_sides() -> None:
    assert all(role.side for name in shipped_packs() for role in load_pack(name).roles.values())


def test_the_default_roles_are_those_of_the_design() -> None:
    roles = load_pack("default").roles
    assert sorted(roles) == ["partner", "partnership_office", "principal", "program_lead"]
    assert all(roles["partnership_office"].may("fire", trigger) for trigger in Trigger)
    for name in ("principal", "program_lead"):
        assert roles[name].own_sites
        assert roles[name].may("fire", "open_improvement_plan")
        assert not roles[name].may("fire", "approve")
        assert roles[name].may("file", "evaluation")
    assert roles["partner"].own_partner
    assert roles["partner"].fire == {"propose", "withdraw", "end"}
    assert not any(roles["partner"].may("file", kind) for kind in ("vetting_review", "approval", "waiver"))


def test_a_pack_tells_which_triggers_need_the_neighbours() -> None:
    pack = load_pack("default")
    assert {trigger for trigger in Trigger if pack.compares(trigger)} == {"approve", "activate"}


def test_a_pack_read_from_text_is_one_that_any_source_may_give() -> None:
    assert read_pack(HEAD, "the office", [summarised]).by_code.keys() == {"OURS-001"}


# --- to the letter --------------------------------------------------------------------------------------------------

SETTINGS = """
leads = [14]
[[set]]
code = "OURS-001"
words = 4
from = 2027-01-01
[[set]]
code = "OURS-001"
enforcement = "report_only"
for = { kind = "long_term" }
[[set]]
code = "OURS-001"
severity = "advisory"
holds_in = ["onboarding"]
guards = ["renew"]
[roles.clerk]
fire = ["amend"]
file = ["need"]
own_sites = true
"""


def test_a_digest_that_is_on_record_is_found_again_by_later_releases() -> None:
    # Decisions keep digests for good: change what goes into one only where a pack would say something else, which is
    # also what the number of the engine says.
    small = read_pack(HEAD + 'policies = ["OURS-001"]' + SETTINGS, "small.toml", [summarised])
    assert small.digest == "8950ed76e22128fa0c06d45324db0dd2fab66c55c9db79aa688075a1ddef0458"


def test_settings_that_differ_in_one_thing_have_digests_of_their_own(read: Callable[..., Pack]) -> None:
    several = [
        "words = 4",
        "words = 5",
        "words = 4\nfrom = 2027-01-01",
        "words = 4\nfrom = 2027-01-02",
        "words = 4\nfrom_renewal = 2027-01-01",
        'words = 4\nfor = { kind = "long_term" }',
        'words = 4\nfor = { kind = "contractual_service" }',
        'words = 4\nfor = { kind = "long_term" }\nseverity = "advisory"',
        'words = 4\nfor = { kind = "long_term" }\nenforcement = "report_only"',
    ]
    digests = {read(setting("OURS-001", one), policies=[summarised]).digest for one in several}
    assert len(digests) == len(several)


def test_a_pack_that_says_little_reminds_a_month_a_week_and_a_day_before() -> None:
    small = read_pack(HEAD, "small.toml", [summarised])
    assert (small.leads, small.title, dict(small.roles)) == ((30, 7, 0), "", {})
    assert small["OURS-001"].approvers is None
    assert read_pack(HEAD + "leads = [0, 7, 7, 30]\n", "small.toml", [summarised]).leads == (30, 7, 0)


@pytest.mark.parametrize(
    ("text", "where", "remedy"),
    [
        (HEAD + "title = 1\n", "pack.title", "1 is not a text"),
        (HEAD + "extends = 1\n", "pack.extends", "1 is not a text"),
        (HEAD + "policies = [1]\n", "pack.policies[0]", "1 is not a text"),
        (HEAD + 'with = ["SAFE-02"]\n', "pack.with[0]", "did you mean 'SAFE-002'?"),
        (HEAD + 'without = ["SAFE-02"]\n', "pack.without[0]", "did you mean 'SAFE-002'?"),
        (
            HEAD + 'policies = ["SAFE-001"]\nwithout = ["SAFE-002"]\n',
            "pack.without[0]",
            "SAFE-002 is not among this pack's policies; did you mean 'SAFE-001'?",
        ),
        (HEAD + 'set = "x"\n', "pack.set", "is not known"),
        (setting("TRN-001", 'months = 12\nfrom_renewal = "soon"'), "set[0] (TRN-001).from_renewal", "is not a day"),
        (
            setting("TRN-001", "from_renewal = 2027-01-01"),
            "set[0] (TRN-001).from_renewal",
            "TRN-001 has months, topics",
        ),
        (setting("REG-002", "from = 2027-01-01"), "set[0] (REG-002).from", "REG-002 has none"),
        (
            setting("TRN-001", "months = 12\nfrom = 2027-01-01\nfrom_renewal = 2027-01-01"),
            "set[0] (TRN-001).from_renewal",
            "stands beside from",
        ),
        (
            setting("TRN-001", 'months = 12\nfrom = 2027-01-01\nenforcement = "report_only"'),
            "set[0] (TRN-001).enforcement",
            "only parameters go by date",
        ),
        (setting("TRN-001", 'enforcement = "off"'), "set[0] (TRN-001).enforcement", "list it under pack.without"),
        (
            setting("TRN-001", 'for = { kind = "long_term" }\nguards = ["renew"]'),
            "set[0] (TRN-001).guards",
            "applies to everyone",
        ),
        (setting("TRN-001", 'for = { knid = "long_term" }'), "set[0] (TRN-001).for.knid", "did you mean 'kind'?"),
        (setting("TRN-001", 'for = { kind = "long" }\nmonths = 7'), "set[0] (TRN-001).for.kind", "'long' is not known"),
        (
            setting("TRN-001", 'for = { scope = "town" }\nmonths = 7'),
            "set[0] (TRN-001).for.scope",
            "'town' is not known",
        ),
        (setting("TRN-001", 'for = "kind"'), "set[0] (TRN-001).for", "must be a table"),
        (
            setting("TRN-001", 'for = { kind = "long_term" }\ncites = "B 1"'),
            "set[0] (TRN-001).for",
            "sets nothing for them: say what, such as enforcement",
        ),
        (HEAD + '[roles.clerk]\nfile = ["zzz"]\n', "roles.clerk.file", "'zzz' is not known; known are"),
    ],
)
def test_every_other_slip_names_its_place_too(read: Callable[..., Pack], text: str, where: str, remedy: str) -> None:
    with pytest.raises(PackError) as caught:
        read(text)
    (fault,) = caught.value.faults
    assert fault.path == where
    assert remedy in fault.message


def test_a_setting_for_some_changes_nothing_for_the_others(read: Callable[..., Pack]) -> None:
    some = (
        'for = { partner_kind = ["choir", "band"] }\nseverity = "advisory"\nenforcement = "report_only"\ncites = "B 1"'
    )
    rule = read(setting("SAFE-002", some))["SAFE-002"]
    assert (rule.severity, rule.enforcement) == (Severity.BLOCKING, "enforce")
    (found,) = rule.overrides
    assert (found.severity, found.enforcement, found.cites) == (Severity.ADVISORY, "report_only", "B 1")
    assert (found.applies, found.since, found.at_renewal) == (
        {"partner_kind": {"choir", "band"}},
        date.min,
        False,
    )
    everyone = read(setting("SAFE-002", 'severity = "advisory"\nenforcement = "report_only"'))["SAFE-002"]
    assert (everyone.severity, everyone.enforcement) == (Severity.ADVISORY, "report_only")
    assert [(one.severity, one.enforcement) for one in everyone.overrides] == [(Severity.ADVISORY, "report_only")]
    assert read(setting("SAFE-002", 'minimum = "1 USD"'))["SAFE-002"].overrides[0].cites is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("words = 4", "words = 4"),
        ('words = 4\nkinds = ["choir", "band"]\nseverity = "advisory"', "words = 4; kinds = band, choir; advisory"),
        ('enforcement = "report_only"\ncites = "Board policy 7"', "reported only (Board policy 7)"),
        ('severity = "blocking"\nenforcement = "enforce"', "blocking; enforced"),
        ('for = { kind = "long_term" }\nenforcement = "off"', "not asked, where kind is long_term"),
        (
            'for = { scope = ["school", "district"], kind = "long_term" }\nwords = 4\nfrom = 2027-01-01\ncites = "B 1"',
            "words = 4, where scope is district or school and kind is long_term, from 2027-01-01 (B 1)",
        ),
        ("words = 4\nfrom_renewal = 2027-01-01", "words = 4, from the renewal on or after 2027-01-01"),
        (
            'holds_in = ["onboarding"]\nguards = ["renew", "amend"]\ncites = "B 1"',
            "also in onboarding; also before amend, renew (B 1)",
        ),
        ('cites = "B 1"', "as on its card (B 1)"),
    ],
)
def test_a_setting_is_said_in_words_with_where_it_comes_from(read: Callable[..., Pack], line: str, words: str) -> None:
    (found,) = read(setting("OURS-001", line), policies=[summarised])["OURS-001"].overrides
    assert str(found) == words


def test_a_table_that_sets_nothing_changes_nothing(read: Callable[..., Pack]) -> None:
    assert read(setting("OURS-001", ""), policies=[summarised])["OURS-001"].overrides == ()


def test_where_it_comes_from_decides_nothing(read: Callable[..., Pack]) -> None:
    for line in ("", "words = 4", 'severity = "advisory"', 'guards = ["renew"]'):
        plain, cited = (
            read(setting("OURS-001", line + more), policies=[summarised]) for more in ("", '\ncites = "B 1"')
        )
        assert cited.digest == plain.digest


def test_a_setting_for_some_is_how_they_are_asked(read: Callable[..., Pack]) -> None:
    pack = read(
        HEAD
        + '[[set]]\ncode = "SAFE-002"\nfor = { kind = "long_term" }\nseverity = "advisory"\n'
        + '[[set]]\ncode = "SAFE-005"\nfor = { kind = "long_term" }\nenforcement = "report_only"\n'
        + '[[set]]\ncode = "SAFE-004"\nfor = { kind = "long_term" }\nenforcement = "off"\n'
        + '[[set]]\ncode = "AGR-001"\nfor = { kind = "contractual_service" }\nenforcement = "off"\n'
    )
    bare = example_dossier(without={"insurance", "licence", "agreement"})
    report = pack.check(bare, on=EXAMPLE_DAY)
    asked = {code: (report[code].severity, report[code].enforced) for code in ("SAFE-002", "SAFE-005", "AGR-001")}
    assert asked == {
        "SAFE-002": (Severity.ADVISORY, True),
        "SAFE-005": (Severity.BLOCKING, False),
        "AGR-001": (Severity.BLOCKING, True),
    }
    assert report["SAFE-004"].outcome == "not_applicable"


@pytest.mark.parametrize(
    ("circumstance", "without", "path"),
    [
        ('scope = "school"', "scope", "scope"),
        ('kind = "long_term"', "profile", "profile"),
    ],
)
def test_what_one_must_know_to_ask_is_named_where_it_is_missing(
    read: Callable[..., Pack], circumstance: str, without: str, path: str
) -> None:
    pack = read(setting("AGR-001", f"for = {{ {circumstance} }}\nenforcement = 'report_only'"))
    (problem,) = pack["AGR-001"](example_dossier(without={without}), on=EXAMPLE_DAY).problems
    assert (problem.path, problem.absent) == (path, True)
    fields = {"scope": "level", "profile": "partnership_kind"}
    (record,) = (entry.record for entry in example_dossier().entries if entry.kind == without)
    unsaid = example_dossier(without={without}, records=[attrs.evolve(record, **{fields[without]: None})])
    finding = pack["AGR-001"](unsaid, on=EXAMPLE_DAY)
    assert [problem.path for problem in finding.problems] == [f"{path}/{fields[path]}"]


@pytest.mark.parametrize(
    ("circumstance", "field"), [('classification = "partner"', "classification"), ('partner_kind = "choir"', "kind")]
)
def test_what_the_partner_must_say_is_named_where_it_does_not(
    read: Callable[..., Pack], circumstance: str, field: str
) -> None:
    rule = read(setting("AGR-001", f"for = {{ {circumstance} }}\nenforcement = 'report_only'"))["AGR-001"]
    partner = attrs.evolve(example_dossier().partner, **{field: None})
    finding = rule(example_dossier(partner=partner), on=EXAMPLE_DAY)
    assert [problem.path for problem in finding.problems] == [f"/partner/{field}"]
    assert (finding.enforced, finding.gates, finding.is_standing) == (True, True, True)


def test_only_who_may_file_a_waiver_approves_one(read: Callable[..., Pack]) -> None:
    roles = '[roles.clerk]\nfile = ["need"]\nfire = ["waiver"]\n'
    roles += '[roles.head]\nfile = ["waiver"]\n[roles.all]\nfile = ["*"]\n'
    pack = read(HEAD + roles)
    assert pack["SAFE-002"].approvers == {"head", "all"}
    assert pack.check(example_dossier(), on=EXAMPLE_DAY).may_waive == ("all", "head")
    assert pack["AUTH-001"].pack_parameters == {"roles": pack.roles}
    assert pack["SAFE-002"].pack_parameters == {}


def test_a_pack_names_the_states_and_triggers_that_a_flow_must_have(read: Callable[..., Pack]) -> None:
    listed = HEAD + 'policies = ["DUP-001", "AUTH-001", "AUTH-002", "IMP-005"]\n[roles.clerk]\nfire = ["sing", "*"]\n'
    assert read(listed).names() == ({"improvement_plan"}, {"approve", "activate", "sing"})


def test_where_a_partnership_is_over_nothing_can_be_asked() -> None:
    ended = attrs.evolve(example_dossier(), partnership=attrs.evolve(example_dossier().partnership, state="terminated"))
    with pytest.raises(InvalidRequest, match=r"cannot be asked in terminated; what can is: nothing$"):
        load_pack("default").check(ended, on=EXAMPLE_DAY, trigger="renew")


@policy("OURS-002", "Every day is another day", cites=["EAF-C.2"], fix="Wait.", holds_in={State.ACTIVE})
def from_day_to_day(dossier: Any, on: date, *, last: int = 3, first: int = 1) -> Verdict:
    """Stand on so many days in a row, each of which says only that it is so today."""
    from partnerflow.policies import Until

    yield Until(on if first <= on.day <= last else date(2026, 8, 1), "the day ends")


@pytest.mark.parametrize(("last", "due"), [(15, 15), (16, 16), (17, 17), (20, 20)])
def test_a_due_date_is_followed_from_day_to_day(last: int, due: int) -> None:
    text = f'{HEAD}[[set]]\ncode = "OURS-002"\nlast = {last}\n'
    pack = read_pack(text, "days.toml", [from_day_to_day])
    report = pack.check(example_dossier(), on=EXAMPLE_DAY)
    assert pack.due_dates(report, example_dossier()) == {"OURS-002": date(2026, 9, due)}


def test_what_stands_to_the_end_of_the_calendar_falls_due_never() -> None:
    from partnerflow.policies import Until
    from partnerflow.records import NO_END

    @policy("OURS-003", "For ever", cites=["EAF-C.2"], fix="Wait.", holds_in={State.ACTIVE})
    def for_ever(dossier: Any, on: date) -> Verdict:
        yield Until(NO_END, "the calendar ends")

    pack = read_pack(HEAD, "ever.toml", [for_ever])
    assert pack.due_dates(pack.check(example_dossier(), on=EXAMPLE_DAY), example_dossier()) == {"OURS-003": None}


def test_only_files_of_packs_are_packs() -> None:
    assert all(load_pack(name).name == name for name in shipped_packs())
    assert not any("." in name or name.startswith("_") for name in shipped_packs())


def test_a_setting_for_everyone_does_not_hide_one_for_some(read: Callable[..., Pack]) -> None:
    text = HEAD + '[[set]]\ncode = "SAFE-002"\nminimum = "1 USD"\n'
    text += '[[set]]\ncode = "SAFE-002"\nminimum = "9000000 USD"\nfor = { kind = "long_term" }\n'
    assert read(text)["SAFE-002"](example_dossier(), on=EXAMPLE_DAY).outcome == "failed"


def test_only_what_stands_falls_due() -> None:
    pack = load_pack("default")
    report = pack.check(example_dossier(), on=EXAMPLE_DAY, trigger="amend")
    assert set(pack.due_dates(report, example_dossier())) == {one.code for one in report.findings if one.is_standing}
    assert "AMD-001" in report.by_code.keys() - pack.due_dates(report, example_dossier()).keys()


def test_what_is_read_apart_extends_nothing_and_a_code_that_was_retired_says_what_became_of_it() -> None:
    with pytest.raises(PackError, match=r"pack\.extends: cannot be followed here: load the pack with load_pack"):
        read_pack(HEAD + 'extends = "default"\n', "text", [summarised])
    retired = {"OLD-001": "OURS-001 asks it", "OURS-001": "it came back"}
    with pytest.raises(PackError, match=r"pack\.policies\[0\]: OLD-001 is no longer used: OURS-001 asks it"):
        read_pack(HEAD + 'policies = ["OLD-001"]\n', "text", [summarised], retired=retired)
    assert read_pack(HEAD + 'policies = ["OURS-001"]\n', "text", [summarised], retired=retired).by_code
    with pytest.raises(PackError, match=r"roles: must be a table: write \[roles\]"):
        read_pack("roles = 1\n" + HEAD, "text", [summarised])


def test_who_may_take_the_step_and_who_may_waive_are_told_apart(read: Callable[..., Pack]) -> None:
    pack = read(HEAD + '[roles.clerk]\nfire = ["amend"]\n[roles.head]\nfile = ["waiver"]\n')
    report = pack.check(example_dossier(), on=EXAMPLE_DAY, trigger="amend")
    assert (report.may_fire, report.may_waive) == (("clerk",), ("head",))
