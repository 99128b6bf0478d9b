"""A pack is read strictly, applies its parameters by date, and is known by its digest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Any

import attrs
import pytest

from partnerflow.errors import NotFound, PackError
from partnerflow.lifecycle import State, Trigger
from partnerflow.policies import Pack, Role, Severity, Verdict, load_pack, policy, shipped_packs
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
    assert rule.parameters(date(2026, 12, 31)) == {"minimum": Money.of(900_000, "USD")}
    assert rule.parameters(date(2027, 1, 1)) == {"minimum": Money.of(2_000_000, "USD")}
    assert rule.changes_after(date(2026, 12, 31)) == date(2027, 1, 1)
    assert rule.changes_after(date(2027, 1, 1)) is None


def test_a_finding_falls_due_on_the_day_before_a_parameter_that_breaks_it(read: Callable[..., Pack]) -> None:
    pack, dossier = read(BY_DATE), example_dossier()
    report = pack.check(dossier, on=EXAMPLE_DAY)
    assert report.ok
    assert pack.due_dates(report, dossier)["SAFE-002"] == date(2026, 12, 31)
    assert not pack["SAFE-002"](dossier, on=date(2027, 1, 1)).sound


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
        (HEAD + "leads = [30, -1]\n", "pack.leads", "not negative"),
        (HEAD + 'leads = "30"\n', "pack.leads", "'30' is not a list"),
        (HEAD + 'policies = ["SAFE-02"]\n', "pack.policies", "did you mean 'SAFE-002'?"),
        (HEAD + '[packs]\nname = "x"\n', "top level.packs", "did you mean 'pack'?"),
        (HEAD + '[set]\ncode = "SAFE-002"\n', "set", "write [[set]]"),
        (HEAD + "[[set]]\nminimum = 1\n", "set[0].code", "is required"),
        (setting("SAFE-2", ""), "set[0].code", "did you mean 'SAFE-002'?"),
        (setting("XYZ", ""), "set[0].code", "'XYZ' is not known; known are AGR-001"),
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
        (setting("TRN-001", "topics = [1]"), "set[0] (TRN-001).topics.0", "1 is not a text"),
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
        (HEAD + '[roles.clerk]\nfire = "approve"\n', "roles.clerk.fire", "'approve' is not a list"),
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
    assert caught.value.where == where
    assert remedy in caught.value.remedy
    assert str(caught.value) == f"{caught.value.source}: {where}: {caught.value.remedy}"


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
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group, name: [point] if name == "theirs" else [])


OFFERED = attrs.evolve(load_pack("default"), name="theirs")


def test_another_package_may_offer_a_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch, f"{__name__}:OFFERED")
    monkeypatch.setitem(__import__("sys").modules, __name__, type("Module", (), {"OFFERED": OFFERED}))
    assert load_pack("theirs") is OFFERED
    with pytest.raises(NotFound, match="shipped are"):
        load_pack("others")


@pytest.mark.parametrize(("value", "why"), [("no_such_module:PACK", "No module named"), ("json:dumps", "not a Pack")])
def test_a_broken_package_is_an_error_that_names_it_and_harms_only_who_asks(
    monkeypatch: pytest.MonkeyPatch, value: str, why: str
) -> None:
    offers(monkeypatch, value)
    assert load_pack("default").name == "default"
    with pytest.raises(PackError, match=f"pack theirs of their-packs: {value}: .*{why}"):
        load_pack("theirs")


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
    ],
)
def test_the_digest_changes_with_everything_that_decides(read: Callable[..., Pack], line: str) -> None:
    assert read(HEAD + line).digest != read(HEAD).digest


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
    assert (pack.pin.name, pack.pin.version, pack.pin.digest) == ("ours", "3", pack.digest)
    assert str(pack.pin) == f"ours@3 ({pack.digest[:12]})"
    assert pack.check(example_dossier(), on=EXAMPLE_DAY).pack == pack.pin


# --- roles ----------------------------------------------------------------------------------------------------------


def test_a_role_may_what_it_names_and_a_star_stands_for_all() -> None:
    clerk = Role(name="clerk", fire=frozenset({"amend"}), file=frozenset({"*"}))
    assert clerk.may("fire", "amend")
    assert not clerk.may("fire", "approve")
    assert clerk.may("file", "need")


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
