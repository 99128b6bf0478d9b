"""Ed-Fi Data Standard 5.2 interchange XML, read in a stream.

A district's Ed-Fi files say which partnerships it has already: taken in, they document these (SPPS-II.4) and
start its inventory (SPPS-III.D2). Districts and schools become `Site`, community organizations and providers
`Listing`, their licences `Licensed`. Nothing else of an interchange is even held in memory, so no data on
students is ever taken in.

What tells one element from another must be there, or the file is `Unreadable`. Evidence that is absent (a
status, the last day of a licence) stays absent: policies say what is missing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar
from xml.etree.ElementTree import Element, TreeBuilder

import attrs
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

from partnerflow.errors import Unreadable
from partnerflow.ports import Licensed, Listing
from partnerflow.records import Licence, Partner, Site

TARGETS = ("LocalEducationAgency", "CommunityOrganization", "CommunityProvider")
_EDFI = "{http://ed-fi.org/5.2.0}"
CHUNK = 64 * 1024
FAULTS_SHOWN = 20

Source: TypeAlias = str | Path
Progress: TypeAlias = Callable[[int], None]
XmlIds: TypeAlias = Mapping[str, Mapping[str, str]]
T = TypeVar("T")


@attrs.frozen
class Summary:
    """A file that was read to its end and found good."""

    source: Source
    elements: Mapping[str, int]
    """How many there are of each element that is taken in."""
    xml_ids: XmlIds = attrs.field(repr=False)
    """The Ed-Fi ids of what others may refer to, as `{"LocalEducationAgency": {"LEAG_255901": "255901"}}`."""


def read(sources: Sequence[Source], progress: Progress | None = None) -> Iterator[Site | Listing | Licensed]:
    """Yield the parties of all files, then the licences of all files: the order of files and elements does not matter.

    Every file is checked before anything is yielded. Raises Unreadable. *progress* is called with the number of bytes
    newly read; their sum is `work(sources)`.
    """
    summaries = [check(source, progress=progress) for source in sources]
    for summary in summaries:
        yield from parties(summary.source, checked=summary, progress=progress)
    for summary in summaries:
        yield from licences(summary.source, checked=summary, progress=progress)


def work(sources: Iterable[Source]) -> int:
    """Return the number of bytes that `read` goes through: each file three times. Raises Unreadable."""
    total = 0
    for source in sources:
        try:
            total += 3 * Path(source).stat().st_size
        except (OSError, ValueError) as error:
            raise _no_file(source, error) from None
    return total


def check(source: Source, *, progress: Progress | None = None) -> Summary:
    """Read one file to its end. Raises Unreadable with its faults, the first twenty of them in full."""
    elements: Counter[str] = Counter()
    faults: list[str] = []
    xml_ids: dict[str, dict[str, str]] = {target: {} for target in TARGETS}
    unresolved: dict[str, dict[str, int]] = {target: {} for target in TARGETS}
    for facts in _stream(source, _READERS, xml_ids, progress):
        _READERS[facts.element](facts)
        elements[facts.element] += 1
        faults += facts.faults
        for target, xml_id in facts.unresolved:
            unresolved[target].setdefault(xml_id, facts.line)
        if facts.element in TARGETS and (own := facts.node.get("id")):
            xml_ids[facts.element][own] = facts.edfi_id
            unresolved[facts.element].pop(own, None)
    for target, lines in unresolved.items():
        faults += (_dangling(line, target, xml_id) for xml_id, line in lines.items())
    _refuse(source, faults)
    return Summary(source, elements, xml_ids)


def parties(
    source: Source, *, checked: Summary | None = None, progress: Progress | None = None
) -> Iterator[Site | Listing]:
    """Yield the district, its schools and the organisations of one file, which is checked first unless it was."""
    return _records(source, _PARTIES, checked, progress)


def licences(source: Source, *, checked: Summary | None = None, progress: Progress | None = None) -> Iterator[Licensed]:
    """Yield the licences of one file, which is checked first unless it was."""
    return _records(source, _LICENCES, checked, progress)


def _records(source: Source, readers: Readers[T], checked: Summary | None, progress: Progress | None) -> Iterator[T]:
    summary = checked or check(source)
    for facts in _stream(source, readers, summary.xml_ids, progress):
        record = readers[facts.element](facts)
        faults = facts.faults + [_dangling(facts.line, *reference) for reference in facts.unresolved]
        _refuse(source, faults)  # there are some only if the file has changed since
        yield record


def _dangling(line: int, target: str, xml_id: str) -> str:
    return f"line {line}: {target}Reference refers to {xml_id[:60]!r}, but no {target} of this file has that id"


def _refuse(source: Source, faults: Sequence[str]) -> None:
    if faults:
        more = [f"and {len(faults) - FAULTS_SHOWN} more"] if len(faults) > FAULTS_SHOWN else []
        raise Unreadable(str(source), "\n  ".join([f"{len(faults)} fault(s)", *faults[:FAULTS_SHOWN], *more]))


# --- what each element becomes ------------------------------------------------------------------------------


def _site(facts: _Facts) -> Site:
    school = facts.element == "School"
    return Site(
        site=facts.edfi_id,
        name=facts.required("NameOfInstitution"),
        level="school" if school else "district",
        part_of=facts.referred("LocalEducationAgency", prefix="" if school else "Parent"),
        ids=facts.codes() | {"edfi": facts.edfi_id},
    )


def _organization(facts: _Facts) -> Listing:
    partner = Partner(
        name=facts.required("NameOfInstitution"),
        kind="community_organization",
        website=facts.text("WebSite"),
        ids={"edfi": facts.edfi_id},
    )
    return Listing(partner, "organization")


def _provider(facts: _Facts) -> Listing:
    organization = facts.referred("CommunityOrganization")
    partner = Partner(
        name=facts.required("NameOfInstitution"),
        kind="community_organization",
        website=facts.text("WebSite"),
        licences_required=() if facts.flag("LicenseExemptIndicator") else None,
        ids={"edfi": facts.edfi_id},
        part_of=organization and f"edfi:{organization}",
    )
    return Listing(partner, _STANDINGS.get(facts.descriptor("ProviderStatus") or "", "unknown"))


def _licence(facts: _Facts) -> Licensed:
    provider = facts.referred("CommunityProvider") or facts.wrong("CommunityProviderReference", "is missing")
    licence = Licence(
        licence_type=facts.descriptor("License/LicenseType") or "unspecified",
        identifier=facts.required("License/LicenseIdentifier"),
        issuer=facts.required("License/LicensingOrganization"),
        status=facts.descriptor("License/LicenseStatus"),
        starts_on=facts.day("License/LicenseEffectiveDate"),
        ends_on=facts.day("License/LicenseExpirationDate"),
    )
    if licence.starts_on and licence.ends_on and licence.ends_on < licence.starts_on:
        facts.wrong("License/LicenseExpirationDate", f"{licence.ends_on} is before its start, {licence.starts_on}")
    return Licensed(f"edfi:{provider}", licence)


Readers: TypeAlias = Mapping[str, Callable[["_Facts"], T]]

_STANDINGS: Mapping[str, Literal["active", "inactive"]] = {"Active": "active", "Inactive": "inactive"}
_PARTIES: Readers[Site | Listing] = {
    "LocalEducationAgency": _site,
    "School": _site,
    "CommunityOrganization": _organization,
    "CommunityProvider": _provider,
}
_LICENCES: Readers[Licensed] = {"CommunityProviderLicense": _licence}
_READERS: Readers[Site | Listing | Licensed] = {**_PARTIES, **_LICENCES}


# --- one element --------------------------------------------------------------------------------------------

_STAND_IN = "?"
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class _Facts:
    """One element, read field by field; a fault is noted, and a stand-in is used in the place of the value."""

    def __init__(self, node: Element, line: int, xml_ids: XmlIds) -> None:
        self.node, self.line, self.xml_ids = node, line, xml_ids
        self.element = node.tag
        self.faults: list[str] = []
        self.unresolved: list[tuple[str, str]] = []
        self.own_id = "License/LicenseIdentifier" if self.element in _LICENCES else f"{self.element}Id"
        self.edfi_id = _STAND_IN if self.element in _LICENCES else self.identity(self.own_id)

    def wrong(self, path: str, what: str) -> str:
        own_id = self.text(self.own_id) or "without an id"
        self.faults.append(f"line {self.line}, {self.element} {own_id[:60]}: {path} {what}")
        return _STAND_IN

    def text(self, path: str) -> str | None:
        return " ".join(self.node.findtext(path, "").split()) or None

    def descriptor(self, path: str) -> str | None:
        """Return the value of a descriptor: `uri://ed-fi.org/ProviderStatusDescriptor#Active` says Active."""
        return (self.text(path) or "").rpartition("#")[2] or None

    def required(self, path: str) -> str:
        return self.text(path) or self.wrong(path, "is missing")

    def identity(self, path: str) -> str:
        text = self.text(path)
        if text is None:
            return self.wrong(path, "is missing")
        if not re.fullmatch(r"[0-9]{1,19}", text):
            return self.wrong(path, f"{text[:60]!r} is not a whole number")
        return text.lstrip("0") or "0"

    def day(self, path: str) -> date | None:
        text = self.text(path)
        if text is None:
            return None
        try:
            matched = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?", text)
            return date.fromisoformat(matched[1] if matched else "")
        except ValueError:
            self.wrong(path, f"{text[:60]!r} is not a day such as 2026-09-01")
            return None

    def flag(self, path: str) -> bool | None:
        text = self.text(path)
        if text is not None and text not in _FLAGS:
            self.wrong(path, f"{text[:60]!r} is not true or false")
        return _FLAGS.get(text or "")

    def codes(self) -> dict[str, str]:
        """Return the identification codes by their system in lower case: `{"sea": "255901"}`."""
        codes = {}
        for each in self.node.iterfind("EducationOrganizationIdentificationCode"):
            system = each.findtext("EducationOrganizationIdentificationSystem", "").rpartition("#")[2]
            codes[system.strip().lower()] = each.findtext("IdentificationCode", "").strip()
        return {system: code for system, code in codes.items() if system and code}

    def referred(self, target: str, prefix: str = "") -> str | None:
        """Return the Ed-Fi id of the *target* referred to: by that id, or by its XML id in the same file."""
        path = f"{prefix}{target}Reference"
        reference = self.node.find(path)
        if reference is None:
            return None
        for way in (f"{target}Identity/{target}Id", f"{target}Lookup/{target}Id"):
            if reference.find(way) is not None:
                return self.identity(f"{path}/{way}")
        xml_id = reference.get("ref")
        if not xml_id:
            return self.wrong(path, f"does not say which: give its {target}Id, or its XML id as ref")
        if xml_id not in self.xml_ids[target]:
            self.unresolved.append((target, xml_id))
        return self.xml_ids[target].get(xml_id, _STAND_IN)


# --- the stream ---------------------------------------------------------------------------------------------


class _Target:
    """Builds the wanted children of the root, and skips everything else."""

    def __init__(self, source: str, wanted: Iterable[str], xml_ids: XmlIds) -> None:
        self.source, self.xml_ids = source, xml_ids
        self.wanted = frozenset(_EDFI + element for element in wanted)
        self.expat: Any = None
        self.depth = self.line = 0
        self.builder: TreeBuilder | None = None
        self.built: list[_Facts] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth == 1 and not tag.startswith(f"{_EDFI}Interchange"):
            wanted = f"such as {_EDFI}InterchangeEducationOrganization"
            raise Unreadable(self.source, f"the root is {tag[:200]}, and no Ed-Fi 5.2 interchange, {wanted}")
        if self.depth == 2 and tag in self.wanted:
            self.builder, self.line = TreeBuilder(), self.expat.CurrentLineNumber
        if self.builder is not None:
            self.builder.start(tag.removeprefix(_EDFI), attributes)

    def data(self, text: str) -> None:
        if self.builder is not None:
            self.builder.data(text)

    def end(self, tag: str) -> None:
        self.depth -= 1
        if self.builder is not None:
            self.builder.end(tag.removeprefix(_EDFI))
            if self.depth == 1:
                self.built.append(_Facts(self.builder.close(), self.line, self.xml_ids))
                self.builder = None


def _no_file(source: Source, error: OSError | ValueError) -> Unreadable:
    """Return the error for what is no file; a ValueError says that no file can have such a name."""
    return Unreadable(str(source), getattr(error, "strerror", None) or str(error))


def _stream(source: Source, wanted: Iterable[str], xml_ids: XmlIds, progress: Progress | None) -> Iterator[_Facts]:
    """Yield the wanted children of the root one by one, and keep none. Raises Unreadable."""
    target = _Target(str(source), wanted, xml_ids)
    parser: Any = XMLParser(target=target, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    target.expat = parser.parser
    try:
        opened = Path(source).open("rb")  # noqa: SIM115  closed below
    except (OSError, ValueError) as error:
        raise _no_file(source, error) from None
    try:
        with opened as file:
            while chunk := file.read(CHUNK):
                parser.feed(chunk)
                yield from target.built
                target.built.clear()
                if progress is not None:
                    progress(len(chunk))
        parser.close()
        yield from target.built  # what expat held back until it knew that there was no more
    except OSError as error:
        raise Unreadable(str(source), error.strerror or str(error)) from None
    except ParseError as error:
        raise Unreadable(str(source), f"is not well-formed XML: {error}") from None
    except DefusedXmlException:
        why = "declares a document type (DTD), which can hide an entity bomb or another file: remove it"
        raise Unreadable(str(source), f"line {target.expat.CurrentLineNumber}: {why}") from None
    except (LookupError, ValueError) as error:
        raise Unreadable(str(source), f"its text cannot be decoded ({error}): save it as UTF-8") from None
