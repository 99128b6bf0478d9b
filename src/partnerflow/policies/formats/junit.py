"""Reports as JUnit XML, which build servers show: a suite for each file, a test case for each policy.

What blocks is a failure, a policy that could not be asked an error; what is noted, waived or does not apply is skipped,
and says why. The form is the one that Jenkins reads (junit-10.xsd), which GitLab and others read too.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from partnerflow.policies.advice import finding_lines, marks, note_line, sentence
from partnerflow.policies.finding import Finding, Outcome
from partnerflow.policies.report import Report
from partnerflow.policies.translation import ENGLISH, Translation, translation

from . import Checked, as_text


def junit_xml(checked: Iterable[Checked], *, language: str = ENGLISH) -> str:
    """Return the results of checking some files as one JUnit XML document.

    Raises InvalidRequest for a language that has no catalogue.
    """
    say = translation(language)
    root = ET.Element("testsuites", name="partnerflow")
    for name, found in checked:
        root.append(_suite(name, found, say) if isinstance(found, Report) else _broken(name, found, say))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(name: str, report: Report, say: Translation) -> ET.Element:
    suite = ET.Element("testsuite", name=as_text(name))
    facts = {"partner": report.partner, "on": report.on, "state": report.state, "trigger": report.trigger}
    properties = ET.SubElement(suite, "properties")
    for fact, value in {**facts, "pack": report.pack}.items():
        if value is not None:
            ET.SubElement(properties, "property", name=fact, value=as_text(str(value)))
    blocking = {finding.code for finding in report.blocking}
    for finding in report.findings:
        case = _case(suite, report.pack.name, f"{finding.code} {say(finding.title)}")
        _outcome(case, finding, report, say, blocks=finding.code in blocking)
    for code in report.not_asked:
        ET.SubElement(_case(suite, report.pack.name, code), "skipped", message=say("nobody was named who asks"))
    aside = [say("waiver does not count: {lapsed}", lapsed=note_line(one, say)) for one in report.lapsed_waivers]
    aside += [say("waiver of {code} is not needed", code=code) for code in report.unused_waivers]
    if aside:
        ET.SubElement(suite, "system-out").text = as_text("\n".join(aside))
    return _counted(suite)


def _outcome(case: ET.Element, finding: Finding, report: Report, say: Translation, *, blocks: bool) -> None:
    """Add the outcome of a policy to its test case; a pass adds nothing."""
    if finding.outcome is Outcome.NOT_APPLICABLE:
        ET.SubElement(case, "skipped", message=say("does not apply"))
    elif finding.outcome is not Outcome.PASSED:
        tag = ("error" if finding.outcome is Outcome.ERROR else "failure") if blocks else "skipped"
        why = "; ".join(sentence(problem, say) for problem in finding.problems)
        message = why if blocks else f"{_aside(finding, report, say)}: {why}"
        said = ET.SubElement(case, tag, type=str(finding.outcome), message=as_text(message))
        told = finding_lines(finding, say, trigger=report.trigger, may_waive=report.may_waive)
        said.text = as_text("\n".join(line.strip() for line in told))


def _aside(finding: Finding, report: Report, say: Translation) -> str:
    """Return why a finding that is wrong stops nothing."""
    if finding.waiver is not None:
        return say("waived through {day}", day=finding.waiver.expires_on)
    if finding.is_blocking:
        return say("does not stop {trigger}", trigger=report.trigger or report.state)
    return ", ".join(marks(finding, say))


def _broken(name: str, error: Exception, say: Translation) -> ET.Element:
    suite = ET.Element("testsuite", name=as_text(name))
    case = _case(suite, "partnerflow", say("can be checked"))
    first, _, _ = str(error).partition("\n")
    ET.SubElement(case, "error", type=type(error).__name__, message=as_text(first)).text = as_text(str(error))
    return _counted(suite)


def _case(suite: ET.Element, group: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=as_text(group), name=as_text(name))


def _counted(suite: ET.Element) -> ET.Element:
    """Set the counts of a suite: its test cases, failures, errors and skipped ones."""
    suite.set("tests", str(len(suite.findall("testcase"))))
    for count, tag in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
        suite.set(count, str(len(suite.findall(f"testcase/{tag}"))))
    return suite
