"""What each command does where all is well: on a SQLite file, through the same words that a person types."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from partnerflow import Actor, Partnerflow
from partnerflow.cli.app import BY_NAME, SECTIONS, cli
from partnerflow.cli.db import db
from partnerflow.cli.importing import import_

Shell: TypeAlias = Any
SCOPE = '{"kind": "scope", "level": "school", "sites": ["255901001"]}'
NEED = '{"kind": "need", "need": "no tutors", "purposes": ["fill_gap"], "why_this_partner": "is near"}'


@pytest.fixture
def riverbend(shell: Shell) -> Shell:
    shell.does("propose", "Riverbend Youth Center", "--kind", "community_organization", "--id", "ein:12-3")
    return shell


# --- beginning -------------------------------------------------------------------------------------------------------


def test_propose_begins_at_intake_and_says_what_can_be_asked(shell: Shell) -> None:
    said = shell.does("propose", "Riverbend Youth Center")
    assert re.search(r"proposed: Riverbend Youth Center, id [0-9a-f-]{36}, in intake", said)
    assert "what can be asked: begin_vetting" in said
    assert shell.files() == ["partnerflow.db"]


def test_propose_takes_one_more_partnership_with_a_partner_on_file(riverbend: Shell, opened: Partnerflow) -> None:
    riverbend.does("propose", "--of", "riverbend", "--reason", "summer programme")
    first, second = opened.find()
    assert first.partner_id == second.partner_id


def test_propose_takes_one_that_comes_back(riverbend: Shell, opened: Partnerflow) -> None:
    riverbend.does("fire", "riverbend", "withdraw", "--reason", "no staff")
    (ended,) = opened.find()
    riverbend.does("propose", "--succeeds", "riverbend")
    (again,) = opened.find(state="intake")
    assert again.succeeds == ended.id


def test_adopt_takes_in_what_is_there_and_tells_what_its_file_lacks(shell: Shell, opened: Partnerflow) -> None:
    said = shell.does(
        "adopt", "YMCA", "--state", "active", "--since", "2021-09-01", "--reason", "in place", "--id", "ein:3"
    )
    assert "in active since 2021-09-01" in said
    assert "policies do not hold in active: REG-001" in said
    assert re.search(r"why: partnerflow why [0-9a-f]{8}$", said, re.MULTILINE)
    (made,) = opened.find(ids={"ein": "3"})
    assert opened.history(made.id)[0].reason == "in place"


# --- looking ---------------------------------------------------------------------------------------------------------


def test_list_shows_where_each_stands(lived: Shell, broken: int) -> None:
    said = lived.does("list")
    line = rf"[0-9a-f]{{8}}  Communities in Schools of Grand Bend  active +2026-09-01 +{broken}  2027-08-29 SURV-001\n"
    assert re.search(line, said)
    assert re.search(r"[0-9a-f]{8}  Riverbend Youth Center +terminated  2027-05-04\n", said)
    assert "2 partnerships" in said


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--state", "active"], ["Communities in Schools of Grand Bend"]),
        (["--state", "vetting"], []),
        (["--site", "255901001"], ["Riverbend Youth Center"]),
        (["--kind", "community_organization"], ["Communities in Schools of Grand Bend", "Riverbend Youth Center"]),
        (["--id", "edfi:19255901"], ["Communities in Schools of Grand Bend"]),
        (["--brief"], ["Communities in Schools of Grand Bend", "Riverbend Youth Center"]),
    ],
)
def test_list_shows_only_what_fits(lived: Shell, words: list[str], names: list[str]) -> None:
    said = lived.does("list", *words)
    assert [
        name for name in ("Communities in Schools of Grand Bend", "Riverbend Youth Center") if name in said
    ] == names


def test_show_gives_who_where_and_what_is_on_file(lived: Shell) -> None:
    said = lived.does("show", "riverbend")
    assert "terminated since 2027-05-04 (version 6)" in said
    assert re.search(r"[0-9a-f]{8}  insurance \(general_liability\) +2027-02-01  2028-01-31  2027-02-03", said)
    assert "everything holds in terminated" in said
    assert "what can be asked: nothing: this state is final" in said


def test_show_gives_what_was_known_at_a_past_moment(lived: Shell) -> None:
    said = lived.does("show", "riverbend", "--as-of", "2026-09-10T00:00+00:00")
    assert "vetting since 2026-09-04" in said
    assert "agreement" not in said


def test_show_as_json_is_the_dossier_that_check_reads(lived: Shell) -> None:
    lived.write("dossier.json", lived.does("show", "communities", "--format", "json"))
    said = lived("check", "dossier.json", "--on", "2026-09-01")
    assert said.code == 1
    assert "SAFE-004 failed" in said.out


def test_why_says_what_does_not_hold(district: Shell, broken: int) -> None:
    said = district("why", "communities")
    assert (said.code, said.err) == (1, "")
    assert "licence 594835-c ends on 2022-12-31, which has passed" in said.out
    assert "To mend it:" in said.out
    assert len(re.findall(r"^  [A-Z]+-\d+ (?:missing|failed):", said.out, re.MULTILINE)) == broken


def test_why_says_what_stands_in_the_way_of_a_step_and_changes_nothing(riverbend: Shell, opened: Partnerflow) -> None:
    said = riverbend("why", "riverbend", "begin_vetting")
    assert said.code == 1
    assert "begin_vetting is refused: 4 finding(s) stand in the way." in said.out
    assert riverbend("why", "riverbend", "withdraw").code == 0
    (made,) = opened.find()
    assert opened.attempts(made.id) == []


def test_why_says_which_steps_there_are_where_one_is_not(riverbend: Shell) -> None:
    said = riverbend("why", "riverbend", "activate")
    assert said.code == 1
    assert "activate cannot be asked in intake. What can be asked: begin_vetting, decline, withdraw." in said.out


def test_why_as_json_is_the_decision_or_the_report(riverbend: Shell) -> None:
    decision = json.loads(riverbend("why", "riverbend", "begin_vetting", "--format", "json").out)
    assert (decision["schema"], decision["allowed"]) == ("partnerflow.decision/1", False)
    assert json.loads(riverbend.does("why", "riverbend", "--format", "json"))["schema"] == "partnerflow.report/1"


def test_options_list_every_step_and_whether_it_may_be_taken(riverbend: Shell) -> None:
    said = riverbend.does("options", "riverbend")
    assert re.search(r"begin_vetting +vetting +no +REG-001, REG-002, REG-003, NEED-001\n", said)
    assert re.search(r"withdraw +terminated +yes +reason\n", said)
    assert re.search(
        r"withdraw +terminated +no +reason +AUTH-001\n", riverbend.does("options", "riverbend", "--role", "x")
    )


def test_options_of_what_is_over_say_so(lived: Shell) -> None:
    assert "this state is final" in lived.does("options", "riverbend")


def test_history_is_a_timeline_of_steps_refusals_and_filings(lived: Shell) -> None:
    lines = lived.does("history", "riverbend").splitlines()[2:]
    assert lines == sorted(lines, key=lambda line: line[:16])
    said = "\n".join(lines)
    assert "2026-09-02 08:05  a.anderson   begin_vetting: refused for REG-001, REG-002, REG-003, NEED-001" in said
    assert "2026-09-14 08:00  b.okafor     approve: vetting -> onboarding; board of 2026-09-14" in said
    assert "2026-10-05 08:00  ines.moreno  filed insurance" in said
    assert "missed" not in said
    told = lived.does("history", "riverbend", "--told")
    assert "SAFE-002 missed (2027-01-31): General liability cover meets the minimum" in told


def test_times_are_shown_in_the_districts_time_zone(lived: Shell) -> None:
    assert "2026-09-14 03:00  b.okafor" in lived.does("--tz", "America/Chicago", "history", "riverbend")


# --- acting ----------------------------------------------------------------------------------------------------------


def test_file_takes_records_from_the_line_from_files_and_from_standard_input(
    riverbend: Shell, opened: Partnerflow
) -> None:
    riverbend.write("one.json", NEED)
    riverbend.write("many.json", f"[{SCOPE}]")
    given = '{"kind": "person", "person": "j.rivera", "direct_contact": true}'
    goal = '{"kind": "strategic_goal", "goal": "read"}'
    said = riverbend(
        "file", "riverbend", "--json", goal, "--from", "one.json", "--from", "many.json", "--from", "-", given=given
    )
    assert (said.code, said.err) == (0, "")
    for what in ("strategic_goal (read)", "need (no tutors)", "scope", "person (j.rivera)"):
        assert re.search(rf"filed: {re.escape(what)}, entry [0-9a-f]{{8}}\n", said.out)
    (made,) = opened.find()
    assert len(opened.dossier(made.id).entries) == 4


def test_what_stands_already_is_not_filed_again(riverbend: Shell) -> None:
    first, second = (riverbend.does("file", "riverbend", "--json", SCOPE).splitlines()[0] for _ in range(2))
    assert (first[:6], second[:10]) == ("filed:", "unchanged:")
    assert first[-8:] == second[-8:]


def test_a_file_may_change_some_facts_of_the_partner_and_keeps_the_rest(riverbend: Shell, opened: Partnerflow) -> None:
    riverbend.does("file", "riverbend", "--json", '{"partner": {"classification": "vendor"}}')
    (made,) = opened.find(ids={"ein": "12-3"})
    partner = opened.partner(made.partner_id)
    assert (partner.classification, partner.kind) == ("vendor", "community_organization")


def test_the_districts_own_file_takes_its_sites(riverbend: Shell, opened: Partnerflow) -> None:
    riverbend.does("file", "district", "--json", '{"kind": "site", "site": "1", "name": "North"}')
    assert [site.name for site in opened.sites()] == ["North"]


def test_a_field_that_no_policy_reads_is_kept_and_told(riverbend: Shell) -> None:
    said = riverbend("file", "riverbend", "--json", '{"kind": "insurance", "line": "x", "per_ocurrence": "5 USD"}')
    assert said.code == 0
    assert "insurance has no field per_ocurrence" in said.err
    assert "did you mean per_occurrence?" in said.err


def test_retract_takes_an_entry_back_and_both_stay_readable(riverbend: Shell, opened: Partnerflow) -> None:
    entry = riverbend.does("file", "riverbend", "--json", SCOPE).splitlines()[0][-8:]
    assert "both stay readable" in riverbend.does("retract", "riverbend", entry, "--reason", "wrong school")
    said = riverbend.does("show", "riverbend")
    assert re.search(rf"{entry}  scope +retracted\n", said)
    assert re.search(r"retraction \([0-9a-f-]{36}\)", said)
    (made,) = opened.find()
    assert opened.dossier(made.id).sites() is None


def test_fire_takes_a_step_and_says_how_it_stands(riverbend: Shell, opened: Partnerflow) -> None:
    said = riverbend.does("fire", "riverbend", "withdraw", "--reason", "no staff", "--by", "i.moreno")
    assert "Riverbend Youth Center: intake -> terminated (withdraw by i.moreno, version 2)" in said
    (made,) = opened.find()
    assert (made.state, opened.history(made.id)[-1].reason) == ("terminated", "no staff")


def test_at_says_when_it_happened(district: Shell, opened: Partnerflow) -> None:
    (made,) = opened.find()
    adopted_at = opened.history(made.id)[0].at.isoformat()
    district.does("file", "communities", "--json", SCOPE, "--at", adopted_at)
    (entry,) = [entry for entry in opened.dossier(made.id).entries if entry.kind == "scope"]
    assert entry.filed_at is not None
    assert entry.filed_at.isoformat() == adopted_at
    assert district("why", "communities", "renew", "--at", adopted_at).code == 1


# --- who acts --------------------------------------------------------------------------------------------------------


def test_who_acts_is_the_user_of_the_system_unless_said(riverbend: Shell, opened: Partnerflow) -> None:
    (made,) = opened.find()
    assert opened.history(made.id)[0].by == "a.anderson"
    by = opened.history(made.id)[0].move.by
    assert by is not None
    assert by == Actor("a.anderson", side="district", roles={"partnership_office"}, sites=None)


def test_shared_options_stand_before_the_command_or_after_it(riverbend: Shell) -> None:
    for words in (
        ["--by", "x", "--role", "nobody", "fire", "riverbend", "withdraw", "--reason", "r"],
        ["fire", "riverbend", "withdraw", "--reason", "r", "--by", "x", "--role", "nobody"],
        [
            "--role",
            "partnership_office",
            "fire",
            "riverbend",
            "withdraw",
            "--reason",
            "r",
            "--by",
            "x",
            "--role",
            "nobody",
        ],
    ):
        said = riverbend(*words)
        assert said.code == 1
        assert "x (district) holds no role that may fire withdraw" in said.err


def test_somebody_of_the_partners_acts_for_it_and_for_no_other(riverbend: Shell) -> None:
    riverbend.does("propose", "Northside")
    words = ["--side", "partner", "--by", "i.moreno", "file", "riverbend", "--json", SCOPE]
    assert "acts for another partner" in riverbend(*words).err
    assert "acts for another partner" in riverbend(*words, "--acts-for", "northside").err
    assert riverbend(*words, "--acts-for", "riverbend").code == 0


def test_what_the_partner_files_is_listed_until_it_is_confirmed(riverbend: Shell) -> None:
    cover = '{"kind": "insurance", "line": "auto", "insurer": "%s"}'
    riverbend.does("file", "riverbend", "--json", cover % "Acme")
    assert "nothing waits for confirmation" in riverbend.does("list", "--waiting")
    rep = ["--side", "partner", "--by", "i.moreno", "--acts-for", "riverbend"]
    filed = riverbend.does(
        *rep, "file", "riverbend", "--json", cover % "Other", "--json", '{"kind": "contact", "name": "A"}'
    )
    assert filed.count("it counts once the district confirms it") == 1
    said = riverbend.does("list", "--waiting")
    assert "insurance (auto)" in said
    assert "1 entry; to confirm one" in said
    assert "nothing waits" in riverbend.does("list", "--waiting", "--state", "active")
    assert re.search(r"insurance \(auto\) +unconfirmed", riverbend.does("show", "riverbend"))
    assert "confirms nothing" in riverbend(*rep, "confirm", "riverbend", "--all").err
    assert "name the entries to be confirmed, or give --all" in riverbend("confirm", "riverbend").err
    (entry,) = re.findall(r"([0-9a-f]{8})  filed \S+  insurance \(auto\)", said)
    assert f"confirmed: entry {entry}" in riverbend.does("confirm", "riverbend", entry)
    assert "nothing waits on this file" in riverbend.does("confirm", "riverbend", "--all")
    riverbend.does("file", "riverbend", "--word-of", "partner", "--json", cover % "Third")
    assert "nothing waits for confirmation" in riverbend.does("list", "--waiting")


def test_what_many_partners_filed_is_confirmed_by_partner_or_by_a_list(riverbend: Shell) -> None:
    riverbend.does("propose", "Northside")
    riverbend.does("propose", "--of", "northside", "--reason", "one more")
    check = '{"kind": "background_check", "person": "%s", "result": "clear"}'
    one, other = (line.split()[0] for line in riverbend.does("list", "--brief").splitlines() if "Northside" in line)
    for identity, person in (("riverbend", "x"), (one, "y"), (one, "z")):
        riverbend.does("file", identity, "--word-of", "partner", "--json", check % person)
    said = riverbend.does("list", "--waiting")
    assert said.count("until then: nothing") == 3, "once each, though two partnerships share a file"
    seen = riverbend.does("list", "--waiting", "--brief")
    assert {line.split(" ", 2)[2] for line in seen.splitlines()} == {
        "Riverbend Youth Center: background_check (x)",
        "Northside: background_check (y)",
        "Northside: background_check (z)",
    }
    riverbend.write("seen.txt", seen)
    assert riverbend.does("confirm", "--partner", other).count("confirmed: entry") == 2
    assert "Riverbend" in riverbend.does("list", "--waiting")
    rep = riverbend("--side", "partner", "--by", "i", "--acts-for", "riverbend", "confirm", "--from", "seen.txt")
    assert (rep.code, rep.err.count("not confirmed on")) == (1, 2)
    assert "3 entries confirmed" in riverbend.does("confirm", "--from", "seen.txt")
    assert "3 entries confirmed" in riverbend.does("confirm", "--from", "seen.txt"), "again changes nothing"
    assert riverbend.does("list", "--waiting") == "nothing waits for confirmation\n"
    assert riverbend.does("list", "--waiting", "--brief") == ""
    assert riverbend.does("confirm", "--partner", one) == "nothing waits\n"
    riverbend.write("wrong.txt", f"{seen}\nbackground_check (x)\n")
    assert "wrong.txt: line 5 does not begin with the ids" in riverbend("confirm", "--from", "wrong.txt").err
    for words in ([], [one, "--partner", one], ["--from", "seen.txt", "--all"], ["--partner", one, "--from", "x"]):
        assert "give --partner or --from alone" in riverbend("confirm", *words).err
    assert "leave out --count" in riverbend("list", "--waiting", "--count").err


def test_a_principal_acts_at_their_own_sites(riverbend: Shell) -> None:
    riverbend.does("file", "riverbend", "--json", SCOPE)
    park = ["--by", "p.park", "--side", "school", "--role", "principal"]
    words = [*park, "file", "riverbend", "--json", NEED, "--site"]
    assert "may not act at 255901001" in riverbend(*words, "255901044").err
    assert riverbend(*words, "255901001").code == 0
    assert "give a role too" in riverbend("--side", "school", "fire", "riverbend", "withdraw").err


# --- keeping watch ---------------------------------------------------------------------------------------------------


def test_sweep_tells_each_thing_once_and_the_ended_licence_first(district: Shell, broken: int) -> None:
    said = district.does("sweep").splitlines()
    assert said[0].startswith("Communities in Schools of Grand Bend (")
    assert said[1].split()[:3] == ["missed", "2022-12-31", "SAFE-004"]
    assert said[-1] == f"{broken - 1} broken, 1 missed"
    assert district.does("sweep") == "nothing new to tell\n"


def test_a_sweep_names_what_it_could_not_evaluate_and_its_exit_code_says_so(lived: Shell) -> None:
    with closing(sqlite3.connect("partnerflow.db")) as connection:
        connection.execute("update pf_partnership set since = 'yesterday' where rowid = 1")
        connection.commit()
    said = lived("sweep", "--everything")
    assert said.code == 2
    assert re.search(r"^[0-9a-f-]{36} was not evaluated: .*since is 'yesterday'", said.err, re.MULTILINE)
    assert lived("list").code == 0
    assert "cannot be evaluated" in lived("list").out


def test_verify_says_that_every_link_holds(lived: Shell) -> None:
    assert lived.does("verify") == "every link holds: the histories of 2 partnerships, and every file\n"


# --- where -----------------------------------------------------------------------------------------------------------


def test_the_database_is_named_by_url_path_or_environment(shell: Shell) -> None:
    shell.does("--db", "sqlite:///one.db", "propose", "One")
    shell.does("propose", "Two", "--db", "two.db")
    assert shell("propose", "Three", env={"PARTNERFLOW_DB": "three.db"}).code == 0
    assert shell.files() == ["one.db", "three.db", "two.db"]
    said = shell("list", "--db", "one.db", env={"PARTNERFLOW_DB": "three.db"})
    assert "One" in said.out


def test_what_to_type_next_looks_at_the_same_data(shell: Shell) -> None:
    said = shell.does("--db", "my files.db", "--tenant", "north", "propose", "Riverbend")
    assert "--db" not in said
    said = shell.does("--db", "my files.db", "--tenant", "north", "list")
    assert "partnerflow --db 'my files.db' --tenant north show ID" in said


def test_tenants_of_one_database_do_not_see_each_other(shell: Shell) -> None:
    shell.does("--tenant", "north", "propose", "Riverbend")
    assert shell.does("--tenant", "south", "list") == "there is no partnership yet\n"


# --- help ------------------------------------------------------------------------------------------------------------


def test_the_help_of_the_whole_shows_the_first_three_commands_to_type(shell: Shell) -> None:
    said = shell.does("--help")
    for line in ("partnerflow demo ", "partnerflow import edfi FILE ", "partnerflow list "):
        assert f"    {line}" in said
    assert "..." not in said.replace("[ARGS]...", "")


@pytest.mark.parametrize("listed", BY_NAME.values(), ids=lambda listed: listed.name)
def test_the_list_of_commands_says_what_each_says_of_itself(listed: Any) -> None:
    loaded = listed.load()
    assert (loaded.name, loaded.get_short_help_str(110)) == (listed.name, listed.help)


GROUPS = (import_, db)
LOADED = [listed.load() for commands in SECTIONS.values() for listed in commands]
ALL = [
    *(command for command in LOADED if command not in GROUPS),
    *(command for group in GROUPS for command in group.commands.values()),
]


@pytest.mark.parametrize("command", ALL, ids=lambda command: command.name)
def test_every_command_has_examples_that_can_be_typed(command: Any, shell: Shell) -> None:
    import shlex

    assert command.examples
    for example in command.examples:
        words = shlex.split(example.partition(" > ")[0].partition(" | ")[0])
        assert words[0] == "partnerflow"
        context = cli.make_context("partnerflow", words[1:])
        name, sub, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
        if sub in GROUPS:
            name, sub, rest = sub.resolve_command(context, rest)
        assert sub is command
        assert sub.make_context(name, list(rest), parent=context).args == []


def test_the_data_of_the_demo_ships_with_the_package() -> None:
    import partnerflow.cli

    data = Path(partnerflow.cli.__file__).parent / "data"
    assert sorted(path.name for path in data.iterdir()) == [
        "edfi-5.2-sample.LICENSE", "edfi-5.2-sample.xml", "riverbend.json",
    ]  # fmt: skip
