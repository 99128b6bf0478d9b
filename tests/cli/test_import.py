"""Taking in Ed-Fi files: what is on file afterwards, what is said of it, and nothing where a file has a fault."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from rich.console import Console

from partnerflow import Partnerflow
from partnerflow.cli import importing
from partnerflow.testing.contract.fixtures import files_of

Shell: TypeAlias = Any
SAMPLE = Path(__file__).parents[1] / "data" / "edfi" / "EducationOrganization.xml"
OPEN = '<InterchangeEducationOrganization xmlns="http://ed-fi.org/5.2.0">'
CLOSE = "</InterchangeEducationOrganization>"


def provider(edfi_id: int, status: str | None) -> str:
    said = f"<ProviderStatus>uri://ed-fi.org/ProviderStatusDescriptor#{status}</ProviderStatus>" if status else ""
    return (
        f"<CommunityProvider><NameOfInstitution>Provider {edfi_id}</NameOfInstitution>"
        f"<CommunityProviderId>{edfi_id}</CommunityProviderId>{said}</CommunityProvider>"
    )


def interchange(*elements: str) -> str:
    return OPEN + "".join(elements) + CLOSE


def test_the_sample_gives_a_summary_and_how_to_see_what_its_partner_lacks(shell: Shell, broken: int) -> None:
    lines = shell.does("import", "edfi", str(SAMPLE)).splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["sites", "4", "filed"],
        ["organisations", "1", "registered,", "1", "adopted"],
        ["licences", "1", "filed"],
    ]
    assert lines[3] == "adopted: Communities in Schools of Grand Bend"
    assert f"{broken} policies do not hold in active" in lines[4]
    (why,) = [line for line in lines if "why: " in line]
    said = shell(*why.partition("why: partnerflow ")[2].split())
    assert "licence 594835-c ends on 2022-12-31" in said.out


def test_importing_twice_changes_nothing_and_says_so(district: Shell, opened: Partnerflow) -> None:
    def everything() -> list[Any]:
        return [*opened.store.outgoing(), *files_of(opened.store).items()]

    before = everything()
    said = district.does("import", "edfi", str(SAMPLE))
    assert said.startswith("unchanged: everything that is listed was on file already\n")
    assert re.findall(r"\d+ (\w+)", said) == ["unchanged"] * 3
    assert everything() == before


def test_each_provider_is_taken_in_as_its_status_says(shell: Shell, opened: Partnerflow) -> None:
    statuses = {1: "Active", 2: "Unknown", 3: None, 4: "Inactive"}
    shell.write("a.xml", interchange(*(provider(number, status) for number, status in statuses.items())))
    said = shell.does("import", "edfi", "a.xml")
    assert re.search(r"organisations +1 adopted, 2 proposed, 1 skipped\n", said)
    assert "  skipped: Provider 4 (inactive there)\n" in said
    assert "proposed: Provider 2" in said
    states = {opened.partner(each.partner_id).name: each.state for each in opened.find()}
    assert states == {"Provider 1": "active", "Provider 2": "intake", "Provider 3": "intake"}


def test_what_is_imported_is_the_partners_word_unless_it_is_confirmed(shell: Shell, opened: Partnerflow) -> None:
    shell.write("a.xml", interchange(provider(1, "Active")))
    for words, word_of in (([], "partner"), (["--confirm"], None)):
        shell.does("import", "edfi", "a.xml", *words)
        (found,) = opened.find()
        assert opened.entries_of(found.id)[-1].word_of == word_of
    assert shell.does("import", "edfi", "a.xml").startswith("unchanged")
    assert opened.entries_of(found.id)[-1].word_of is None


def test_many_that_are_new_are_not_all_told_one_by_one(shell: Shell) -> None:
    shell.write("a.xml", interchange(*(provider(number, None) for number in range(1, 26))))
    said = shell.does("import", "edfi", "a.xml")
    assert said.count("proposed: Provider") == 20
    assert "and 5 more: partnerflow list" in said


def test_a_file_that_lists_nothing_is_no_error(shell: Shell) -> None:
    shell.write("a.xml", interchange())
    assert shell.does("import", "edfi", "a.xml") == "nothing was listed\n"


HOSTILE = {
    "malformed": f"{OPEN}<School>",
    "not XML": "hello",
    "empty": "",
    "another root": "<a/>",
    "a bomb": '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + interchange("<School>&b;</School>"),
    "another file": '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + interchange("<School>&a;</School>"),
    "bytes that are no text": b"\xff\xfe\x00<",
    "a wrong date": interchange(
        provider(1, "Active"),
        "<CommunityProviderLicense><CommunityProviderReference><CommunityProviderIdentity><CommunityProviderId>1"
        "</CommunityProviderId></CommunityProviderIdentity></CommunityProviderReference><License><LicenseIdentifier>a"
        "</LicenseIdentifier><LicensingOrganization>b</LicensingOrganization><LicenseExpirationDate>31.12.2022"
        "</LicenseExpirationDate></License></CommunityProviderLicense>",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_with_a_fault_is_named_and_nothing_is_written_not_even_a_database(shell: Shell, name: str) -> None:
    shell.write("bad.xml", HOSTILE[name])
    shell.write("good.xml", interchange(provider(7, "Active")))
    said = shell("import", "edfi", "good.xml", "bad.xml")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: bad.xml: ")
    assert "Traceback" not in said.err
    assert "root:" not in said.err
    assert shell.files() == ["bad.xml", "good.xml"]


def test_a_file_that_is_not_there_is_named(shell: Shell) -> None:
    said = shell("import", "edfi", "none.xml")
    assert (said.code, said.err) == (2, "error: none.xml: No such file or directory\n")


# --- the bar ---------------------------------------------------------------------------------------------------------


def bar(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, patience: float) -> importing.Bar:
    screen = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    monkeypatch.setattr(importing, "console", lambda *, stderr: screen)
    return importing.Bar(100, patience=patience)


def test_a_bar_is_shown_at_a_terminal_to_whoever_has_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    with bar(monkeypatch, terminal=True, patience=0) as shown:
        shown.advance(50)
        assert shown.shown


def test_no_bar_is_shown_for_what_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    with bar(monkeypatch, terminal=True, patience=60) as quick:
        quick.advance(50)
        assert not quick.shown


def test_no_bar_is_shown_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    with bar(monkeypatch, terminal=False, patience=0) as unseen:
        unseen.advance(50)
        assert not unseen.shown
