"""Reports for build servers and for people: everything is there, nothing that came from a file can act."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from partnerflow.dossier import Dossier
from partnerflow.errors import Fault, InvalidRecord, InvalidRequest, Unreadable
from partnerflow.lifecycle import DEFAULT
from partnerflow.policies import Outcome, Problem, Report, Severity, Verdict, WaiverNote, load_pack, policy
from partnerflow.policies.formats import Checked
from partnerflow.policies.formats.junit import junit_xml
from partnerflow.policies.formats.page import html_page
from partnerflow.records import Partner, Waiver
from partnerflow.testing import EXAMPLE_DAY, days, dossiers, example_dossier

HOSTILE = "<script>alert('x')</script> & \"quoted\" \x00\x0b\ud800\N{PILE OF POO}"
PACK = load_pack("default")


def blocked() -> Report:
    """Return a report with a policy that blocks, one that is waived, some that pass and some that do not apply."""
    waiver = Waiver(
        "SAFE-002",
        reason="the paper is late",
        requested_by="i.moreno",
        expires_on=date(2026, 12, 1),
        revision=PACK["SAFE-002"].policy.revision,
        covers_all=True,
    )
    dossier = example_dossier("onboarding", without={"insurance", "training"}, records=[waiver])
    return PACK.check(dossier, on=EXAMPLE_DAY, trigger="activate")


@pytest.fixture(scope="module")
def report() -> Report:
    return blocked()


def broken() -> list[Checked]:
    faults = [Fault("/partner/name", "is required"), Fault("/records/0/kind", "'x' is no kind of record")]
    return [("odd.json", InvalidRecord("odd.json", faults)), ("no.json", Unreadable("no.json", "is not JSON"))]


def labelled(problem: Problem, label: str) -> Problem:
    """Name the record at the problem's place, as `found_in` does for one in a file."""
    object.__setattr__(problem, "label", label)
    return problem


def of_hostile_words() -> Report:
    """Return a report in which the partner, a policy and its problem all say what could act in a page."""
    partner = Partner(name=HOSTILE)
    report = PACK.check(example_dossier(partner=partner), on=EXAMPLE_DAY)
    finding = blocked().blocking[0]
    problem = labelled(Problem(finding.problems[0].path, None, "{what}", what=HOSTILE), HOSTILE)
    odd = attrs.evolve(finding, title=HOSTILE, problems=(problem,), advice=HOSTILE, cites=(HOSTILE,))
    lapsed = WaiverNote(HOSTILE, "{actor} held no role that may grant it", {"actor": HOSTILE})
    return attrs.evolve(report, findings=(odd, *report.findings), lapsed_waivers=(lapsed,), not_asked=(HOSTILE,))


# --- JUnit -----------------------------------------------------------------------------------------------------------


def suites(text: str) -> list[Any]:
    return list(JUnitXml.fromstring(text.encode()))


def cases(text: str) -> dict[str, TestCase]:
    return {case.name.split(" ")[0]: case for suite in suites(text) for case in suite}


def results(case: TestCase) -> list[type[Any]]:
    return [type(result) for result in case.result]


def test_each_file_is_a_suite_and_each_policy_a_case(report: Report) -> None:
    text = junit_xml([("riverbend.json", report), *broken()])
    first, *others = suites(text)
    assert [suite.name for suite in (first, *others)] == ["riverbend.json", "odd.json", "no.json"]
    assert first.tests == len(report.findings) + len(report.not_asked)
    assert {p.name: p.value for p in first.properties()} == {
        "partner": report.partner,
        "on": "2026-09-15",
        "state": "active",
        "trigger": "activate",
        "pack": str(report.pack),
    }
    assert [(suite.tests, suite.errors) for suite in others] == [(1, 1), (1, 1)]
    whole = JUnitXml.fromstring(text.encode())
    assert (whole.failures, whole.errors) == (len(report.blocking), 2)


def test_what_came_of_a_policy_is_what_the_build_server_sees(report: Report) -> None:
    said = cases(junit_xml([("riverbend.json", report)]))
    assert set(said) == {finding.code for finding in report.findings} | set(report.not_asked)
    blocking = {finding.code for finding in report.blocking}
    for finding in report.findings:
        wanted = [] if finding.outcome is Outcome.PASSED else [Failure if finding.code in blocking else Skipped]
        assert results(said[finding.code]) == wanted, finding.code
    (failure,) = said["TRN-001"].result
    assert failure.type == "missing"
    assert failure.message == "; ".join(problem.message for problem in report["TRN-001"].problems)
    assert "To mend it: " in failure.text
    assert "EAF-4.2.g2" in failure.text
    assert said["SAFE-002"].result[0].message.startswith("waived through 2026-12-01: ")
    assert said["AUTH-001"].result[0].message == "nobody was named who asks"


def test_a_policy_that_could_not_be_asked_is_an_error_and_one_that_only_advises_is_skipped() -> None:
    @policy("X-001", "It can be asked", cites=["EAF-0"], fix="Mend it.", holds_in={"active"})
    def errs(dossier: Dossier, on: date) -> Verdict:
        raise RuntimeError(HOSTILE)

    one = errs.evaluate(example_dossier(), EXAMPLE_DAY, {})
    advised = attrs.evolve(blocked()["SAFE-002"], waiver=None, severity=Severity.ADVISORY)
    base = PACK.check(example_dossier(), on=EXAMPLE_DAY)
    said = cases(junit_xml([("x", attrs.evolve(base, findings=(one, advised)))]))
    assert results(said["X-001"]) == [Error]
    assert results(said["SAFE-002"]) == [Skipped]
    assert said["SAFE-002"].result[0].message.startswith("missing, advisory: ")


def test_a_file_that_could_not_be_checked_says_every_fault() -> None:
    (odd, no) = suites(junit_xml(broken()))
    (case,) = odd
    assert (case.result[0].type, case.result[0].message) == ("InvalidRecord", "odd.json: 2 fault(s)")
    assert "/partner/name: is required" in case.result[0].text
    assert no.errors == 1


ALLOWED = {
    "testsuites": {"name", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
WITHIN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped"},
}


def assert_jenkins_reads(text: str) -> None:
    """Hold a document against what junit-10.xsd of Jenkins allows."""
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) <= ALLOWED[element.tag]
        assert {child.tag for child in element} <= WITHIN.get(element.tag, set())
    for suite in root:
        assert {"name", "tests", "failures", "errors"} <= set(suite.attrib)
        counted = {tag: len(suite.findall(f"testcase/{tag}")) for tag in ("failure", "error", "skipped")}
        assert [suite.get(name) for name in ("failures", "errors", "skipped")] == [str(n) for n in counted.values()]
    for name in ("tests", "failures", "errors"):
        assert int(root.get(name, "")) == sum(int(suite.get(name, "")) for suite in root)


def test_no_word_of_a_file_breaks_the_document() -> None:
    text = junit_xml([(HOSTILE, of_hostile_words()), (HOSTILE, Unreadable("x", HOSTILE))])
    assert_jenkins_reads(text)
    assert "<script" not in text
    kept = HOSTILE.translate({0: "\ufffd", 0xB: "\ufffd", 0xD800: "\ufffd"})
    assert suites(text)[0].name == kept


def test_no_files_are_no_suites() -> None:
    assert_jenkins_reads(junit_xml([]))


# --- the page --------------------------------------------------------------------------------------------------------

VOID = {"meta"}
LOADS = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "svg", "source"}


class Element(NamedTuple):
    tag: str
    attributes: dict[str, str]


class Reader(HTMLParser):
    """Reads a page as strictly as the writer is meant to write: every tag closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append(Element(tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def said(self) -> str:
        return " ".join("".join(self.words).split())

    def named(self, tag: str) -> Iterator[Element]:
        return (element for element in self.elements if element.tag == tag)


def read(checked: Sequence[Checked], **options: Any) -> Reader:
    """Read a page; whatever is on it, it acts on nothing, loads nothing and has its headings in order."""
    text = html_page(checked, **options)
    assert text.startswith("<!DOCTYPE html>\n<html lang=")
    page = Reader(text)
    assert {element.tag for element in page.elements}.isdisjoint(LOADS)
    for element in page.elements:
        assert not any(name.startswith("on") or name in ("src", "style", "srcset") for name in element.attributes)
        assert element.attributes.get("href", "#").startswith("#")
    assert not re.search(r"url\(|@import|https?:|javascript:", text[: text.index("</style>")])
    ranks = [int(element.tag[1]) for element in page.elements if re.fullmatch(r"h[1-6]", element.tag)]
    assert ranks[0] == 1
    assert ranks.count(1) == 1
    assert all(later <= rank + 1 for rank, later in pairwise(ranks)), ranks
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    assert {element.attributes["href"][1:] for element in page.named("a")} <= set(ids)
    return page


def test_a_page_says_what_stands_in_the_way_and_what_to_do_by_whom_and_when(report: Report) -> None:
    page = read([("riverbend.json", report)])
    assert next(page.named("html")).attributes == {"lang": "en"}
    said = page.said
    parts = [
        "Riverbend Youth Center",
        "One thing stands in the way.",
        "What stands in the way, and what to do",
        report["TRN-001"].title,
        "TRN-001",
        report["TRN-001"].problems[0].message,
        "What to do",
        report["TRN-001"].fix,
        "For the partner, before activate.",
        "Noted; it stops nothing",
        report["SAFE-002"].title,
        "Through 2026-12-01, by a.anderson at i.moreno's request: the paper is late",
        "Also to be known",
        "AUTH-001",
        "What holds",
        report["SAFE-001"].title,
        "2029-07-31",
        "What does not apply here",
        f"by pack {report.pack}",
    ]
    places = [said.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert places == sorted(places)


def test_a_page_that_finds_nothing_wrong_says_so() -> None:
    sound = attrs.evolve(PACK.check(example_dossier(), on=EXAMPLE_DAY), findings=())
    assert "Everything holds." in read([("x.json", sound)]).said
    asked = attrs.evolve(sound, trigger="amend")
    assert "Nothing stands in the way." in read([("x.json", asked)]).said


def test_a_standing_check_counts_what_does_not_hold() -> None:
    bare = PACK.check({"partner": {"name": "Riverbend"}, "partnership": {"state": "active"}}, on=EXAMPLE_DAY)
    said = read([("x.json", bare)]).said
    assert f"{len(bare.blocking)} things do not hold." in said
    assert "in the state: active" in said
    one = attrs.evolve(bare, findings=bare.blocking[:1])
    assert "One thing does not hold." in read([("x.json", one)]).said
    several = attrs.evolve(bare, findings=bare.blocking[:2], trigger="amend")
    assert "2 things stand in the way." in read([("x.json", several)]).said


def test_a_page_on_several_files_begins_with_all_of_them(report: Report) -> None:
    page = read([("riverbend.json", report), *broken()])
    said = page.said
    assert "3 partnership files checked" in said
    assert [element.attributes["href"] for element in page.named("a")] == ["#file-1", "#file-2", "#file-3"]
    assert said.count("This file could not be checked.") == 4
    assert "/partner/name: is required." in said
    assert "no.json: is not JSON" in said
    assert "0 partnership files checked" in read([]).said


def test_no_word_of_a_file_acts_on_the_page() -> None:
    checked: list[Checked] = [
        (HOSTILE, of_hostile_words()),
        (HOSTILE, InvalidRecord("x", [Fault(HOSTILE, HOSTILE)])),
        (HOSTILE, Unreadable("x", HOSTILE)),
    ]
    page = read(checked)
    assert page.said.count("<script>alert('x')</script> & \"quoted\"") > 10
    html_page(checked).encode()


@pytest.mark.parametrize(
    ("path", "label", "place"),
    [
        ("/records/3/why_this_partner", "need reading", "need reading (record 4), why this partner:"),
        ("/records/0", "", "record 1:"),
        ("/partner/licences_required", "", "partner, licences required:"),
        ("/neighbours/0/service", "Northside Tutors", "Northside Tutors, neighbours, 0, service:"),
        ("insurance.general_liability", "", "insurance, general liability:"),
    ],
)
def test_a_place_in_the_file_is_said_in_words(report: Report, path: str, label: str, place: str) -> None:
    problem = labelled(Problem(path, None, report["TRN-001"].problems[0].message), label)
    odd = attrs.evolve(report, findings=(attrs.evolve(report["TRN-001"], problems=(problem,)),))
    assert place in read([("x.json", odd)]).said


def test_the_colours_of_a_page_can_be_read(report: Report) -> None:
    """Text and ground contrast as WCAG AA asks, 4.5 to 1."""
    style = html_page([("x", report)])
    colours = dict(re.findall(r"--([\w-]+): (#\w+);", style))
    pairs = [(ink, ground) for ink in ("ink", "quiet", "bad", "note", "good") for ground in ("paper", "ground")]
    for ink, ground in [*pairs, ("bad", "bad-ground"), ("good", "good-ground")]:
        lighter, darker = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, ground)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# --- both ------------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(dossiers(), days(), st.data())
def test_whatever_a_pack_says_can_be_written(dossier: Dossier, on: date, data: st.DataObject) -> None:
    trigger = data.draw(st.sampled_from([None, *DEFAULT.legal(dossier.partnership.state)]))
    report = PACK.check(dossier, on=on, trigger=trigger)
    assert_jenkins_reads(junit_xml([("x", report)]))
    said = read([("x", report)]).said
    for finding in report.findings:
        assert finding.code in said


@pytest.mark.parametrize("write", [junit_xml, html_page])
def test_a_language_that_has_no_catalogue_is_an_error(write: Any, report: Report) -> None:
    with pytest.raises(InvalidRequest, match="has no catalogue"):
        write([("x", report)], language="tlh")
    assert write([("x", report)], language="en") == write([("x", report)])


def test_a_page_says_in_which_language_it_is(report: Report) -> None:
    page = read([("x", report)], language="es")
    assert next(page.named("html")).attributes == {"lang": "es"}
