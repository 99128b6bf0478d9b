"""One pack can stand on another, and ask different things of different partnerships and from different renewals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import attrs
import pytest

from partnerflow.dossier import Dossier, RecordIndex
from partnerflow.errors import InvalidRecord, PackError
from partnerflow.lifecycle import Move, State
from partnerflow.policies import Pack, load_pack
from partnerflow.records import Money, Profile, Record
from partnerflow.testing import EXAMPLE_DAY, OFFICE, deletions, example_dossier

HEAD = '[pack]\nname = "ours"\nversion = "1"\nextends = "default"\n'
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a pack's file and give its path."""

    def write(text: str, name: str = "ours.toml") -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def read(write: Write) -> Callable[[str], Pack]:
    return lambda text: load_pack(write(HEAD + text))


def of_kind(kind: str | None, *records: Record, without: frozenset[str] = frozenset()) -> Dossier:
    """Return the example as a partnership of that kind; None: the file does not say."""
    profile = [] if kind is None else [Profile(partnership_kind=kind, owning_office="Partnerships")]  # type: ignore[arg-type]
    return example_dossier(without={"profile", *without}, records=[*profile, *records])


# --- one pack stands on another -------------------------------------------------------------------------------------


def test_a_pack_that_extends_another_has_its_policies_settings_roles_and_leads(read: Callable[[str], Pack]) -> None:
    default, ours = load_pack("default"), read("")
    assert [rule.policy.code for rule in ours] == [rule.policy.code for rule in default]
    assert ours.digest == default.digest
    assert (ours.roles, ours.leads) == (default.roles, default.leads)


def test_policies_are_switched_off_and_on_by_code(write: Write) -> None:
    small = write('[pack]\nname = "small"\nversion = "1"\npolicies = ["SAFE-001", "SAFE-002"]\n', "small.toml")
    head = f'[pack]\nname = "o"\nversion = "1"\nextends = "{Path(small).name}"\n'
    ours = write(head + 'with = ["AGR-001"]\nwithout = ["SAFE-001"]\n')
    assert {rule.policy.code for rule in load_pack(ours)} == {"SAFE-002", "AGR-001"}


def test_what_a_pack_sets_wins_over_what_it_extends_on_any_day(write: Write) -> None:
    write('[pack]\nname="b"\nversion="1"\n[[set]]\ncode="SAFE-002"\nminimum="3000000 USD"\nfrom=2027-01-01\n', "b.toml")
    ours = write('[pack]\nname="o"\nversion="1"\nextends="b.toml"\n[[set]]\ncode="SAFE-002"\nminimum="1500000 USD"\n')
    assert load_pack(ours)["SAFE-002"].parameters(date(2028, 1, 1))["minimum"] == Money.of(1_500_000, "USD")


def test_a_role_replaces_the_one_of_its_name_and_leaves_the_others(read: Callable[[str], Pack]) -> None:
    pack = read('[roles.principal]\nfire = ["propose"]\n')
    assert pack.roles["principal"].fire == {"propose"}
    assert "partnership_office" in pack.roles
    assert pack["AUTH-001"].pack_parameters["roles"] == pack.roles


def test_packs_that_extend_each_other_are_told(write: Write) -> None:
    write('[pack]\nname = "a"\nversion = "1"\nextends = "b.toml"\n', "a.toml")
    with pytest.raises(PackError, match="goes round in a circle"):
        load_pack(write('[pack]\nname = "b"\nversion = "1"\nextends = "a.toml"\n', "b.toml"))


def test_a_pack_that_extends_one_that_nobody_offers_names_its_file(write: Write) -> None:
    path = write('[pack]\nname = "a"\nversion = "1"\nextends = "defualt"\n')
    with pytest.raises(PackError, match=r"ours\.toml.*pack\.extends.*defualt"):
        load_pack(path)


# --- for whom -------------------------------------------------------------------------------------------------------

LIGHTER = """
[[set]]
code = "SAFE-002"
for = { kind = "short_term_collaboration" }
enforcement = "off"
"""
HIGHER = """
[[set]]
code = "SAFE-002"
for = { kind = ["long_term", "contractual_service"] }
minimum = "5000000 USD"
"""


def test_a_lighter_set_is_for_that_kind_alone(read: Callable[[str], Pack]) -> None:
    """TK-4: what a short-term collaboration is spared, the same file of another kind still fails."""
    pack, bare = read(LIGHTER), frozenset({"insurance"})
    short = pack.check(of_kind("short_term_collaboration", without=bare), on=EXAMPLE_DAY)
    assert short["SAFE-002"].outcome == "not_applicable"
    assert short.ok
    long = pack.check(of_kind("long_term", without=bare), on=EXAMPLE_DAY)
    assert [finding.code for finding in long.blocking] == ["SAFE-002"]


@pytest.mark.parametrize("setting", [LIGHTER, HIGHER])
def test_a_kind_that_nobody_stated_is_missing_and_blocks(read: Callable[[str], Pack], setting: str) -> None:
    finding = read(setting)["SAFE-002"](of_kind(None), on=EXAMPLE_DAY)
    assert (finding.outcome, finding.is_blocking) == ("missing", True)
    assert finding.problems[0].path == "profile"


def test_the_strictest_that_may_apply_counts_where_the_kind_is_not_stated(read: Callable[[str], Pack]) -> None:
    setting = '[[set]]\ncode = "SAFE-002"\nfor = {{ kind = "{kind}" }}\nseverity = "{severity}"\n'
    softer = read(setting.format(kind="short_term_collaboration", severity="advisory"))
    assert softer["SAFE-002"](of_kind(None), on=EXAMPLE_DAY).severity == "blocking"
    stricter = read(
        '[[set]]\ncode = "SAFE-002"\nseverity = "advisory"\n' + setting.format(kind="long_term", severity="blocking")
    )
    assert stricter["SAFE-002"](of_kind(None), on=EXAMPLE_DAY).severity == "blocking"
    assert (
        stricter["SAFE-002"](
            of_kind("short_term_collaboration", without=frozenset({"insurance"})), on=EXAMPLE_DAY
        ).severity
        == "advisory"
    )


@pytest.mark.parametrize(
    ("applies", "outcome"),
    [
        ('scope = "school"', "failed"),
        ('scope = "district"', "passed"),
        ('classification = ["partner", "vendor"]', "failed"),
        ('classification = "sponsor"', "passed"),
        ('partner_kind = "community_organization"', "failed"),
        ('partner_kind = "our own word"', "passed"),
        ('scope = "school", kind = "long_term"', "failed"),
        ('scope = "district", kind = "long_term"', "passed"),
    ],
)
def test_a_setting_differs_by_scope_classification_and_kind(
    read: Callable[[str], Pack], applies: str, outcome: str
) -> None:
    pack = read(f'[[set]]\ncode = "SAFE-002"\nfor = {{ {applies} }}\nminimum = "5000000 USD"\n')
    assert pack["SAFE-002"](of_kind("long_term"), on=EXAMPLE_DAY).outcome == outcome


def test_a_pilot_is_reported_only_for_the_group_and_blocks_elsewhere(read: Callable[[str], Pack]) -> None:
    """SPPS-V.6b."""
    pack = read('[[set]]\ncode = "SAFE-002"\nfor = { scope = "district" }\nenforcement = "report_only"\n')
    assert not pack.check(example_dossier(without={"insurance"}), on=EXAMPLE_DAY).ok
    pilot = read('[[set]]\ncode = "SAFE-002"\nfor = { scope = "school" }\nenforcement = "report_only"\n')
    report = pilot.check(example_dossier(without={"insurance"}), on=EXAMPLE_DAY)
    assert report.ok
    assert report["SAFE-002"] in report.noted


# --- one layer over another -----------------------------------------------------------------------------------------

FOR_SHORT = '[[set]]\ncode = "SAFE-002"\nfor = {{ kind = "short_term_collaboration" }}\n{}\n'
FOR_ALL = '[[set]]\ncode = "SAFE-002"\n{}\n'


@pytest.fixture
def layered(write: Write) -> Callable[[str, str], Pack]:
    """Read a pack that extends another, each of its own settings."""

    def layered(below: str, above: str) -> Pack:
        write('[pack]\nname = "below"\nversion = "1"\n' + below, "below.toml")
        return load_pack(write('[pack]\nname = "above"\nversion = "1"\nextends = "below.toml"\n' + above))

    return layered


def test_what_a_district_enforces_is_enforced_though_the_pack_below_spares_some(read: Callable[[str], Pack]) -> None:
    """The default pack asks no short-term collaboration for a shared vision."""
    short = of_kind("short_term_collaboration", without=frozenset({"statement"}))
    assert load_pack("default")["MUT-001"](short, on=EXAMPLE_DAY).outcome == "not_applicable"
    ours = read('[[set]]\ncode = "MUT-001"\nenforcement = "enforce"\n')
    assert "MUT-001" in {finding.code for finding in ours.check(short, on=EXAMPLE_DAY).blocking}
    assert ours.digest != load_pack("default").digest
    pilot = read('[[set]]\ncode = "MUT-001"\nenforcement = "report_only"\n').check(short, on=EXAMPLE_DAY)
    assert pilot["MUT-001"] in pilot.noted


@pytest.mark.parametrize(
    ("below", "above", "how"),
    [
        ('enforcement = "off"', 'enforcement = "enforce"', ("blocking", True)),
        ('enforcement = "report_only"', 'enforcement = "enforce"', ("blocking", True)),
        ('enforcement = "off"', 'enforcement = "report_only"', ("blocking", False)),
        ('severity = "advisory"', 'severity = "blocking"', ("blocking", True)),
        ('severity = "advisory"\nenforcement = "report_only"', 'enforcement = "enforce"', ("advisory", True)),
        ('severity = "advisory"\nenforcement = "report_only"', 'severity = "blocking"', ("blocking", False)),
        ('enforcement = "off"', 'severity = "advisory"', None),
    ],
)
def test_what_is_set_for_everyone_wins_over_what_was_set_for_some(
    layered: Callable[[str, str], Pack],
    read: Callable[[str], Pack],
    below: str,
    above: str,
    how: tuple[str, bool] | None,
) -> None:
    some, everyone = FOR_SHORT.format(below), FOR_ALL.format(above)
    for pack in (layered(some, everyone), read(some + everyone)):
        found = pack["SAFE-002"](of_kind("short_term_collaboration", without=frozenset({"insurance"})), on=EXAMPLE_DAY)
        assert ((found.severity, found.enforced) if found.outcome == "missing" else None) == how


@pytest.mark.parametrize(
    ("below", "above"),
    [
        ('minimum = "2 USD"', 'minimum = "1 USD"'),
        ('severity = "blocking"', 'severity = "advisory"'),
        ('enforcement = "enforce"', 'enforcement = "report_only"'),
    ],
)
def test_what_is_set_for_some_wins_over_what_was_set_for_everyone(
    layered: Callable[[str, str], Pack], below: str, above: str
) -> None:
    bare = frozenset({"insurance"})
    pack, some = layered(FOR_ALL.format(below), FOR_SHORT.format(above)), layered("", FOR_ALL.format(above))
    everyone = layered("", FOR_ALL.format(below))
    for kind, like in (("short_term_collaboration", some), ("long_term", everyone)):
        dossier = of_kind(kind, without=bare)
        assert pack["SAFE-002"](dossier, on=EXAMPLE_DAY) == like["SAFE-002"](dossier, on=EXAMPLE_DAY)


def test_nobody_must_say_of_which_kind_it_is_where_that_no_longer_matters(layered: Callable[[str, str], Pack]) -> None:
    below = FOR_SHORT.format('enforcement = "off"\nminimum = "1 USD"')
    half = layered(below, FOR_ALL.format('enforcement = "enforce"'))["SAFE-002"]
    assert half(of_kind(None), on=EXAMPLE_DAY).outcome == "missing"
    whole = layered(below, FOR_ALL.format('enforcement = "enforce"\nminimum = "2 USD"'))["SAFE-002"]
    assert whole(of_kind(None), on=EXAMPLE_DAY).outcome == "passed"
    assert [str(setting) for setting in whole.overrides] == ["minimum = 2 USD; enforced"]
    dated = FOR_ALL.format('enforcement = "enforce"') + FOR_ALL.format('minimum = "2 USD"\nfrom = 2026-01-01')
    assert layered(below, dated)["SAFE-002"](of_kind(None), on=EXAMPLE_DAY).outcome == "missing"


def test_how_strictly_it_was_asked_below_counts_no_longer_where_the_kind_is_not_stated(
    layered: Callable[[str, str], Pack],
) -> None:
    softer = FOR_ALL.format('severity = "advisory"\nenforcement = "report_only"')
    pack = layered(FOR_ALL.format('severity = "blocking"\nenforcement = "enforce"'), softer + HIGHER)
    found = pack["SAFE-002"](of_kind(None), on=EXAMPLE_DAY)
    assert (found.outcome, found.severity, found.enforced) == ("missing", "advisory", False)


def test_where_a_setting_comes_from_is_kept_whatever_it_sets(layered: Callable[[str, str], Pack]) -> None:
    below = FOR_ALL.format('severity = "advisory"\ncites = "below"') + FOR_ALL.format('guards = ["renew"]\ncites = "g"')
    rule = layered(below, FOR_ALL.format('enforcement = "report_only"\ncites = "above"'))["SAFE-002"]
    assert [setting.cites for setting in rule.overrides] == ["below", "g", "above"]
    assert (rule.severity, rule.enforcement, rule.guards) == ("advisory", "report_only", {"renew"})
    (survey,) = load_pack("minneapolis")["SURV-001"].overrides
    assert str(survey) == "blocking (Minneapolis Public Schools, community partners: year-end survey)"


# --- from which renewal ---------------------------------------------------------------------------------------------

RENEWED = '[[set]]\ncode = "SAFE-002"\nminimum = "5000000 USD"\nfrom_renewal = 2026-09-10\n'


def renewed(day: date, *, hour: int = 12) -> Dossier:
    """Return the example, active since 2026-09-01, as renewed on a day."""
    made = example_dossier()
    at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return attrs.evolve(made, moves=(*(made.moves or ()), Move("renew", State.ACTIVE, State.ACTIVE, by=OFFICE, at=at)))


def low(pack: Pack, dossier: Dossier, on: date = date(2026, 12, 1)) -> bool:
    return pack["SAFE-002"](dossier, on=on).outcome == "failed"


def test_a_running_partnership_keeps_its_terms_until_it_is_renewed(read: Callable[[str], Pack]) -> None:
    """SPPS-V.15."""
    pack = read(RENEWED)
    assert not low(pack, example_dossier())
    assert not low(pack, renewed(date(2026, 9, 9)))
    assert low(pack, renewed(date(2026, 9, 10)))


def test_the_renewal_that_is_asked_is_judged_by_the_new_terms(read: Callable[[str], Pack]) -> None:
    pack = read(RENEWED)
    assert "SAFE-002" in {f.code for f in pack.check(example_dossier(), on=date(2026, 9, 12), trigger="renew").blocking}
    assert pack.check(example_dossier(), on=date(2026, 9, 9), trigger="renew")["SAFE-002"].is_ok


def test_a_new_partnership_has_the_new_terms_from_their_day_on(read: Callable[[str], Pack]) -> None:
    pack = read(RENEWED)
    onboarding = example_dossier(State.ONBOARDING)
    assert not low(pack, onboarding, on=date(2026, 9, 9))
    assert low(pack, onboarding, on=date(2026, 9, 10))
    report = pack.check(onboarding, on=date(2026, 9, 12), trigger="activate")
    assert "SAFE-002" in {finding.code for finding in report.blocking}


def test_a_file_that_says_nothing_of_its_moves_is_missing_them(read: Callable[[str], Pack]) -> None:
    finding = read(RENEWED)["SAFE-002"](attrs.evolve(example_dossier(), moves=None), on=date(2026, 12, 1))
    assert (finding.outcome, finding.problems[0].path) == ("missing", "moves")


def test_a_renewal_is_on_the_day_of_the_district_and_not_of_greenwich(read: Callable[[str], Pack]) -> None:
    pack, late = read(RENEWED), renewed(date(2026, 9, 10), hour=3)
    chicago = timezone(timedelta(hours=-5))
    assert low(pack, late)
    assert not low(pack, attrs.evolve(late, tz=chicago))


LOOSER = """
[[set]]
code = "SAFE-002"
minimum = "5000000 USD"

[[set]]
code = "SAFE-002"
minimum = "100000 USD"
from_renewal = 2026-09-10
"""


LAYERED = LIGHTER + HIGHER + FOR_ALL.format('enforcement = "enforce"')


@pytest.mark.usefixtures("records_read_once")
@pytest.mark.parametrize("text", [RENEWED, LOOSER, LIGHTER, HIGHER, LAYERED])
def test_no_deletion_changes_for_whom_or_from_when_less_is_asked(read: Callable[[str], Pack], text: str) -> None:
    """The day from which somebody says that it ran is no evidence of when its term began: without it, as with it."""
    pack = read(text)
    adopted = Move(
        "adopt",
        None,
        "active",
        by=OFFICE,
        reason="in place",
        since=date(2019, 8, 1),
        at=datetime(2026, 8, 1, 12, tzinfo=UTC),
    )
    for made in (of_kind("long_term"), attrs.evolve(of_kind("long_term"), moves=(adopted,)), renewed(EXAMPLE_DAY)):
        for on in (date(2026, 9, 9), date(2026, 12, 1)):
            for records in (frozenset[str](), frozenset({"insurance"})):
                dossier = attrs.evolve(made, on_file=_but(made, records))
                if pack["SAFE-002"](dossier, on=on).is_ok:
                    continue
                for deleted, rest in deletions(dossier.to_mapping()):
                    try:
                        finding = pack["SAFE-002"](rest, on=on)
                    except InvalidRecord:
                        continue
                    assert not finding.is_ok, deleted


def _but(dossier: Dossier, without: frozenset[str]) -> RecordIndex:
    return RecordIndex(entry for entry in dossier.entries if entry.kind not in without)


def test_every_day_through_the_due_date_says_the_same(read: Callable[[str], Pack]) -> None:
    pack = read(RENEWED + LIGHTER)
    for dossier in (of_kind("long_term"), of_kind("short_term_collaboration")):
        report = pack.check(dossier, on=date(2026, 9, 5))
        due = pack.due_dates(report, dossier)["SAFE-002"]
        last = due or date(2026, 10, 1)
        assert all(pack["SAFE-002"](dossier, on=last - timedelta(days=back)).is_ok for back in range(3))
        assert due is None or not pack["SAFE-002"](dossier, on=due + timedelta(days=1)).is_ok


DATED = '[[set]]\ncode = "SAFE-002"\nminimum = "1 USD"\n'


# --- slips ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ('[[set]]\ncode = "SAFE-002"\nfor = { knid = "x" }\nminimum = "1 USD"', "for.knid", "did you mean 'kind'"),
        (DATED + 'for = { kind = "long" }', "for.kind", "did you mean 'long_term'"),
        ('[[set]]\ncode = "SAFE-002"\nfor = "school"\nminimum = "1 USD"', "for", "must be a table"),
        ('[[set]]\ncode = "SAFE-002"\nenforcement = "off"', "enforcement", "pack.without"),
        (DATED + "from = 2027-01-01\nfrom_renewal = 2027-01-01", "from_renewal", "one of the two"),
        (DATED + 'from_renewal = "2027-01-01"', "from_renewal", "without quotes"),
        ('[[set]]\ncode = "SAFE-002"\nfor = { scope = "school" }\nholds_in = ["vetting"]', "holds_in", "without for"),
    ],
)
def test_a_slip_names_its_place_and_the_remedy(read: Callable[[str], Pack], text: str, place: str, remedy: str) -> None:
    with pytest.raises(PackError) as error:
        read(text)
    assert "ours.toml" in str(error.value)
    assert place in str(error.value)
    assert remedy in str(error.value)


@pytest.mark.parametrize(
    ("key", "remedy"), [("with", "did you mean 'SAFE-002'"), ("without", "did you mean 'SAFE-002'")]
)
def test_a_slip_in_a_code_names_the_nearest(write: Write, key: str, remedy: str) -> None:
    with pytest.raises(PackError, match=rf"pack\.{key}.*{remedy}"):
        load_pack(write(HEAD + f'{key} = ["SAFE-0O2"]\n'))


@pytest.mark.parametrize("setting", [LIGHTER, HIGHER, RENEWED])
def test_the_digest_covers_for_whom_and_from_which_renewal(read: Callable[[str], Pack], setting: str) -> None:
    assert read(setting).digest != read("").digest
