"""What the reader of Ed-Fi interchange XML promises, on the standard's own sample and on files made here."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from itertools import permutations
from pathlib import Path

import pytest

pytest.importorskip("defusedxml")

from partnerflow.adapters.standards.edfi import check, licences, parties, read, work
from partnerflow.errors import Unreadable
from partnerflow.ports import Licensed, Listing
from partnerflow.records import Site

SAMPLE = Path(__file__).parents[1] / "data" / "edfi" / "EducationOrganization.xml"
OPEN = '<?xml version="1.0" encoding="UTF-8"?>\n<InterchangeEducationOrganization xmlns="http://ed-fi.org/5.2.0">\n'
CLOSE = "</InterchangeEducationOrganization>\n"

DISTRICT = """<LocalEducationAgency id="LEAG_1"><NameOfInstitution>Grand Bend ISD</NameOfInstitution>
<LocalEducationAgencyId>255901</LocalEducationAgencyId></LocalEducationAgency>"""
SCHOOL = """<School id="SCOL_1"><NameOfInstitution>Grand Bend High School</NameOfInstitution>
<SchoolId>255901001</SchoolId><LocalEducationAgencyReference ref="LEAG_1"/></School>"""
ORGANIZATION = """<CommunityOrganization id="CO_19"><NameOfInstitution>CIS</NameOfInstitution>
<CommunityOrganizationId>19</CommunityOrganizationId></CommunityOrganization>"""


def named(target: str, edfi_id: object) -> str:
    identity = f"<{target}Identity><{target}Id>{edfi_id}</{target}Id></{target}Identity>"
    return f"<{target}Reference>{identity}</{target}Reference>"


def provider(edfi_id: object = 7, more: str = "", name: str = "Riverbend", attributes: str = "") -> str:
    return (
        f"<CommunityProvider{attributes}><NameOfInstitution>{name}</NameOfInstitution>"
        f"<CommunityProviderId>{edfi_id}</CommunityProviderId>{more}</CommunityProvider>"
    )


def licence(
    of: str = named("CommunityProvider", 7),
    starts: str = "<LicenseEffectiveDate>2020-01-01</LicenseEffectiveDate>",
    ends: str = "",
    more: str = "",
    identifier: str = "A-1",
) -> str:
    return (
        f"<CommunityProviderLicense>{of}<License><LicenseIdentifier>{identifier}</LicenseIdentifier>"
        f"<LicensingOrganization>State</LicensingOrganization>{starts}{ends}{more}</License></CommunityProviderLicense>"
    )


def ends(day: str) -> str:
    return f"<LicenseExpirationDate>{day}</LicenseExpirationDate>"


def status(value: str) -> str:
    return f"<ProviderStatus>uri://ed-fi.org/ProviderStatusDescriptor#{value}</ProviderStatus>"


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0

    def file(self, *elements: str) -> Path:
        return self.raw(OPEN + "\n".join(elements) + "\n" + CLOSE)

    def raw(self, text: str | bytes) -> Path:
        self.count += 1
        path = self.path / f"interchange-{self.count}.xml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def refusal(*sources: Path | str) -> str:
    """Read *sources* and see them refused before anything is given; return what is said."""
    given = []
    with pytest.raises(Unreadable) as caught:
        given.extend(read(sources))
    assert given == []
    assert str(caught.value).startswith(f"{caught.value.source}: ")
    assert caught.value.source in map(str, sources)
    return str(caught.value)


# --- what is read -------------------------------------------------------------------------------------------


def test_the_sample_holds_one_district_and_its_three_schools() -> None:
    sites = [record for record in parties(SAMPLE) if isinstance(record, Site)]
    assert [(site.site, site.level, site.part_of) for site in sites] == [
        ("255901", "district", None),
        ("255901001", "school", "255901"),
        ("255901044", "school", "255901"),
        ("255901107", "school", "255901"),
    ]
    assert sites[0].name == "Grand Bend ISD"
    assert sites[3].ids == {"edfi": "255901107", "sea": "255901107"}


def test_the_sample_holds_an_organisation_its_active_provider_and_a_licence_that_ended() -> None:
    organization, listed = (record for record in parties(SAMPLE) if isinstance(record, Listing))
    assert (organization.standing, organization.partner.ids) == ("organization", {"edfi": "19"})
    assert organization.partner.name == "Communities in Schools"
    assert (listed.standing, listed.partner.ids) == ("active", {"edfi": "19255901"})
    assert (listed.partner.part_of, listed.partner.kind) == ("edfi:19", "community_organization")
    assert listed.partner.licences_required is None

    (licensed,) = licences(SAMPLE)
    assert licensed.partner == "edfi:19255901"
    assert (licensed.licence.identifier, licensed.licence.licence_type) == ("594835-c", "School Age Program")
    assert (licensed.licence.issuer, licensed.licence.status) == (
        "Texas Health and Human Services",
        "Regulated",
    )
    assert (licensed.licence.starts_on, licensed.licence.ends_on) == (date(2020, 1, 1), date(2022, 12, 31))


def test_a_check_counts_what_the_file_holds() -> None:
    assert check(SAMPLE).elements == {
        "LocalEducationAgency": 1,
        "School": 3,
        "CommunityOrganization": 1,
        "CommunityProvider": 1,
        "CommunityProviderLicense": 1,
    }


def test_a_path_may_be_a_text() -> None:
    assert list(read([str(SAMPLE)])) == list(read([SAMPLE]))


def test_the_order_of_elements_and_of_files_does_not_matter(folder: Folder) -> None:
    elements = (DISTRICT, SCHOOL, ORGANIZATION, provider(more=named("CommunityOrganization", 19)), licence())

    def known(*sources: Path) -> list[str]:
        return sorted(map(repr, read(sources)))

    wanted = known(folder.file(*elements))
    assert len(wanted) == 5
    for order in permutations(elements):
        assert known(folder.file(*order)) == wanted
    apart = [folder.file(DISTRICT, SCHOOL), *(folder.file(element) for element in elements[2:])]
    for files in permutations(apart):
        assert known(*files) == wanted


def test_parties_come_before_licences_whatever_file_they_are_in(folder: Folder) -> None:
    first, second = folder.file(licence(), provider(8)), folder.file(licence(), provider(7))
    assert [type(record) for record in read([first, second])] == [Listing, Listing, Licensed, Licensed]


def test_a_provider_of_one_file_may_be_licensed_in_another(folder: Folder) -> None:
    licensed, listing = folder.file(licence()), folder.file(provider())
    listed, given = read([licensed, listing])
    assert isinstance(listed, Listing)
    assert isinstance(given, Licensed)
    assert given.partner == "edfi:7"
    assert listed.partner.ids == {"edfi": "7"}


def test_a_licence_without_an_end_date_has_no_end_date(folder: Folder) -> None:
    (licensed,) = licences(folder.file(licence()))
    assert licensed.licence.ends_on is None
    assert licensed.licence.licence_type == "unspecified"


def test_a_date_may_carry_a_time_zone(folder: Folder) -> None:
    (licensed,) = licences(folder.file(licence(ends=ends("2026-08-31-06:00"))))
    assert licensed.licence.ends_on == date(2026, 8, 31)


@pytest.mark.parametrize(
    ("given", "standing"),
    [
        (status("Active"), "active"),
        (status("Inactive"), "inactive"),
        (status("Unknown"), "unknown"),
        (status("Suspended"), "unknown"),
        ("<ProviderStatus/>", "unknown"),
        ("", "unknown"),
    ],
)
def test_only_what_the_file_says_plainly_is_a_standing(folder: Folder, given: str, standing: str) -> None:
    (listing,) = parties(folder.file(provider(more=given)))
    assert isinstance(listing, Listing)
    assert listing.standing == standing


@pytest.mark.parametrize(("given", "required"), [("true", ()), ("1", ()), ("false", None), ("0", None)])
def test_only_an_exemption_says_that_no_licence_is_required(
    folder: Folder, given: str, required: tuple[str, ...] | None
) -> None:
    flag = f"<LicenseExemptIndicator>{given}</LicenseExemptIndicator>"
    (listing,) = parties(folder.file(provider(more=flag)))
    assert isinstance(listing, Listing)
    assert listing.partner.licences_required == required


def test_references_by_xml_id_hold_in_either_direction(folder: Folder) -> None:
    part = '<CommunityOrganizationReference ref="CO_19"/>'
    listed = provider(more=part, attributes=' id="CP_7"')
    before = folder.file(licence(of='<CommunityProviderReference ref="CP_7"/>'), SCHOOL, listed, ORGANIZATION, DISTRICT)
    school, listing, _, _, licensed = read([before])
    assert isinstance(school, Site)
    assert isinstance(listing, Listing)
    assert isinstance(licensed, Licensed)
    assert (school.part_of, listing.partner.part_of, licensed.partner) == ("255901", "edfi:19", "edfi:7")


def test_an_id_is_the_number_that_it_is(folder: Folder) -> None:
    listing, licensed = read([folder.file(provider(" 007\n"), licence())])
    assert isinstance(listing, Listing)
    assert isinstance(licensed, Licensed)
    assert listing.partner.ids == {"edfi": "7"}
    assert licensed.partner == "edfi:7"


def test_identification_codes_are_kept_by_system(folder: Folder) -> None:
    code = (
        "<EducationOrganizationIdentificationCode><IdentificationCode>4823</IdentificationCode>"
        "<EducationOrganizationIdentificationSystem>uri://ed-fi.org/XDescriptor#NCES"
        "</EducationOrganizationIdentificationSystem></EducationOrganizationIdentificationCode>"
    )
    (site,) = parties(folder.file(DISTRICT.replace("<NameOf", code + "<NameOf", 1)))
    assert isinstance(site, Site)
    assert site.ids == {"nces": "4823", "edfi": "255901"}


def test_a_district_may_be_part_of_another(folder: Folder) -> None:
    parent = named("LocalEducationAgency", 255900).replace(
        "LocalEducationAgencyReference", "ParentLocalEducationAgencyReference"
    )
    (site,) = parties(folder.file(DISTRICT.replace("</LocalEducationAgency>", parent + "</LocalEducationAgency>")))
    assert isinstance(site, Site)
    assert site.part_of == "255900"


def test_other_interchanges_and_elements_are_passed_over(folder: Folder) -> None:
    students = folder.raw(
        '<InterchangeStudent xmlns="http://ed-fi.org/5.2.0"><Student id="S1">'
        "<Name><FirstName>A</FirstName></Name><StudentUniqueId>604822</StudentUniqueId></Student></InterchangeStudent>"
    )
    assert list(read([students])) == []
    foreign = provider().replace("<CommunityProvider>", '<CommunityProvider xmlns="urn:else">')
    assert list(read([folder.file("<Course><School/></Course>", foreign)])) == []


def test_any_encoding_that_the_file_declares_is_read(folder: Folder) -> None:
    text = (OPEN + provider(name="Peña") + CLOSE).replace("UTF-8", "UTF-16")
    (listing,) = parties(folder.raw(text.encode("utf-16")))
    assert isinstance(listing, Listing)
    assert listing.partner.name == "Peña"


def test_progress_comes_to_the_work_foretold(folder: Folder) -> None:
    files = [SAMPLE, folder.file(provider())]
    steps: list[int] = []
    assert len(list(read(files, steps.append))) == 8
    assert sum(steps) == work(files) == 3 * sum(file.stat().st_size for file in files)


# --- what is refused ----------------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(SAMPLE.read_bytes()[:-2000], "is not well-formed XML: no element found: line", id="truncated"),
        pytest.param(
            OPEN + provider().replace("</", "<", 1) + CLOSE,
            "not well-formed XML: mismatched tag: line 3, column",
            id="mismatched",
        ),
        pytest.param(
            f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>' + OPEN.splitlines()[1] + "&l9;" + CLOSE,
            "line 1: declares a document type (DTD)",
            id="billion laughs",
        ),
        pytest.param(
            '\n<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + OPEN.splitlines()[1] + "&e;" + CLOSE,
            "line 2: declares a document type (DTD)",
            id="external entity",
        ),
        pytest.param(
            '<!DOCTYPE x SYSTEM "http://example.org/x.dtd">' + OPEN.splitlines()[1] + CLOSE,
            "line 1: declares a document type (DTD)",
            id="external DTD",
        ),
        pytest.param(OPEN + "&e;" + CLOSE, "undefined entity: line 3, column 0", id="undeclared entity"),
        pytest.param(
            '<Partners xmlns="http://ed-fi.org/5.2.0"/>',
            "the root is {http://ed-fi.org/5.2.0}Partners, and no Ed-Fi 5.2 interchange",
            id="wrong root",
        ),
        pytest.param(
            OPEN.replace("5.2.0", "4.0.0") + CLOSE,
            "the root is {http://ed-fi.org/4.0.0}InterchangeEducationOrganization, and no Ed-Fi 5.2",
            id="wrong namespace",
        ),
        pytest.param("<InterchangeEducationOrganization/>", "the root is InterchangeEducationOrganization", id="none"),
        pytest.param("name,id\nRiverbend,7\n", "is not well-formed XML: syntax error: line 1, column 0", id="not XML"),
        pytest.param("", "is not well-formed XML: no element found: line 1, column 0", id="empty"),
        pytest.param(
            b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe",
            "is not well-formed XML: not well-formed (invalid token)",
            id="binary",
        ),
        pytest.param('<?xml version="1.0" encoding="klingon"?><a/>', "unknown encoding: klingon", id="encoding"),
        pytest.param('<?xml version="1.0" encoding="gb2312"?><a/>', "multi-byte encodings are not", id="multi-byte"),
    ],
)
def test_what_is_no_ed_fi_interchange_is_unreadable(folder: Folder, text: str | bytes, says: str) -> None:
    assert says in refusal(folder.raw(text))


@pytest.mark.parametrize(
    ("element", "says"),
    [
        (
            provider().replace("<CommunityProviderId>7</CommunityProviderId>", ""),
            "line 3, CommunityProvider without an id: CommunityProviderId is missing",
        ),
        (
            provider("seven"),
            "line 3, CommunityProvider seven: CommunityProviderId 'seven' is not a whole number",
        ),
        (provider("?"), "CommunityProviderId '?' is not a whole number"),
        (provider(name=" "), "line 3, CommunityProvider 7: NameOfInstitution is missing"),
        (
            provider(more="<LicenseExemptIndicator>maybe</LicenseExemptIndicator>"),
            "line 3, CommunityProvider 7: LicenseExemptIndicator 'maybe' is not true or false",
        ),
        (
            provider(more="<CommunityOrganizationReference/>"),
            "CommunityOrganizationReference does not say which",
        ),
        (
            SCHOOL,
            "line 3: LocalEducationAgencyReference refers to 'LEAG_1', but no LocalEducationAgency of this file",
        ),
        (
            ORGANIZATION + SCHOOL.replace("LEAG_1", "CO_19"),
            "line 4: LocalEducationAgencyReference refers to 'CO_19', but no LocalEducationAgency of this file",
        ),
        (licence(of=""), "line 3, CommunityProviderLicense A-1: CommunityProviderReference is missing"),
        (
            licence(identifier=""),
            "CommunityProviderLicense without an id: License/LicenseIdentifier is missing",
        ),
        (
            licence(ends=ends("2022-13-31")),
            "line 3, CommunityProviderLicense A-1: License/LicenseExpirationDate '2022-13-31' is not a day",
        ),
        (licence(ends=ends("31/12/2022")), "'31/12/2022' is not a day such as 2026-09-01"),
        (licence(ends=ends("20221231")), "'20221231' is not a day"),
        (licence(ends=ends("2019-12-31")), "2019-12-31 is before its start, 2020-01-01"),
    ],
)
def test_an_element_that_cannot_be_meant_is_named(folder: Folder, element: str, says: str) -> None:
    assert says in refusal(folder.file(element))


def test_every_fault_of_a_file_is_found_in_one_pass(folder: Folder) -> None:
    said = refusal(folder.file(provider(name=""), SCHOOL, provider(more=status("Active")), licence(ends=ends("soon"))))
    assert "3 fault(s)" in said
    assert [line.split(":")[0].strip() for line in said.splitlines()[1:]] == [
        "line 3, CommunityProvider 7",
        "line 7, CommunityProviderLicense A-1",
        "line 4",
    ]


def test_of_many_faults_twenty_are_told_and_the_rest_counted(folder: Folder) -> None:
    lines = refusal(folder.file(*(provider(n, name="") for n in range(1, 32)))).splitlines()
    assert lines[0].endswith("31 fault(s)")
    assert len(lines) == 22
    assert lines[-1].strip() == "and 11 more"


def test_nothing_is_given_when_the_second_file_is_broken(folder: Folder) -> None:
    good = folder.file(provider())
    assert "interchange-2.xml: is not well-formed XML" in refusal(good, folder.raw(OPEN))


def test_a_file_that_is_not_there_or_no_file_is_unreadable(folder: Folder) -> None:
    for path, why in (
        (folder.path / "absent.xml", "No such file or directory"),
        (folder.path, "Is a directory"),
    ):
        assert why in refusal(path)
    with pytest.raises(Unreadable, match=r"absent\.xml: No such file"):
        work([folder.path / "absent.xml"])


@pytest.mark.parametrize("one_way_in", [parties, licences])
def test_parties_and_licences_check_the_file_by_themselves(folder: Folder, one_way_in: object) -> None:
    broken = folder.file(provider(), licence(), provider(name=""))
    with pytest.raises(Unreadable, match="NameOfInstitution is missing"):
        next(one_way_in(broken))  # type: ignore[operator]


def test_a_file_that_changes_after_its_check_is_still_not_believed(folder: Folder) -> None:
    file = folder.file(provider(), licence())
    checked = check(file)
    file.write_text(OPEN + provider() + licence(ends=ends("never")) + CLOSE, encoding="utf-8")
    with pytest.raises(Unreadable, match="'never' is not a day"):
        list(licences(file, checked=checked))


# --- what it costs ------------------------------------------------------------------------------------------

CONSUME = """
import sys
from pathlib import Path
from partnerflow.adapters.standards.edfi import read

print(sum(1 for _ in read([sys.argv[1]])))
status = Path("/proc/self/status")
if status.exists():  # ru_maxrss would count the process that started this one
    print(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))
else:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def generate(path: Path, size: int) -> int:
    """Write an interchange of about *size* bytes; return how many of its elements are taken in.

    Schools, locations and a few more elements are those of the sample. Providers bear XML ids, and every second
    licence refers by that to the provider that follows: the most that a reader has to remember.
    """
    sample = SAMPLE.read_text(encoding="utf-8")
    cut = [sample.index(tag) for tag in ("<School ", "<Location ", "<ClassPeriod ")]
    organizations, locations = sample[cut[0] : cut[1]], sample[cut[1] : cut[2]]
    more = '<CommunityOrganizationReference ref="CO_19"/>' + status("Active")
    blocks = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(OPEN + DISTRICT)
        while file.tell() < size:
            file.write(organizations.replace("LEAG_255901", "LEAG_1") + locations)
            for n in range(50 * blocks, 50 * (blocks + 1)):
                by_ref = f'<CommunityProviderReference ref="CP_{n}"/>'
                of = by_ref if n % 2 else named("CommunityProvider", n)
                file.write(licence(of, ends=ends("2026-08-31")) + "\n")
                file.write(provider(n, more, attributes=f' id="CP_{n}"') + "\n")
            blocks += 1
        file.write(ORGANIZATION + CLOSE)
    return (6 + 2 * 50) * blocks + 2


@pytest.mark.skipif(sys.platform == "win32", reason="measures memory the POSIX way")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for megabytes in (5, 50):
        path = tmp_path / f"{megabytes}.xml"
        wanted = generate(path, megabytes * 1_000_000)
        done = subprocess.run(
            [sys.executable, "-c", CONSUME, str(path)],
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        given, peak = map(int, done.stdout.split())
        assert given == wanted
        peaks.append(peak)
        path.unlink()
    assert peaks[1] <= 1.5 * peaks[0], f"5 MB peaks at {peaks[0]} kB, 50 MB at {peaks[1]} kB"
