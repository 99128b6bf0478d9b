"""What is said can be said in another language: every sentence is in the catalogue, and keeps its facts."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest

from partnerflow import rubric
from partnerflow.actors import Actor
from partnerflow.dossier import RecordIndex
from partnerflow.errors import InvalidRequest
from partnerflow.lifecycle import DEFAULT
from partnerflow.policies import Policy, WaiverNote, load_pack
from partnerflow.policies.advice import finding_lines, lines, note_line
from partnerflow.policies.formats.page import html_page
from partnerflow.policies.shipped import POLICIES
from partnerflow.policies.translation import Translation, languages, translation
from partnerflow.records import Waiver, WaiverRequest, WaiverRevocation
from partnerflow.testing import BOARD, EXAMPLE_DAY, OFFICE, example_dossier
from partnerflow.testing.examples.rubric import example_evidence

ROOT = Path(__file__).parents[2]
PACK = load_pack("default")


def test_the_catalogues_are_what_the_code_says_and_whole() -> None:
    ran = subprocess.run(
        [sys.executable, str(ROOT / "translations" / "build.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_there_are_english_and_spanish() -> None:
    assert languages() == ("en", "es")


def test_a_language_that_nobody_translated_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(InvalidRequest, match=r"tlh.*en, es"):
        PACK.check(example_dossier(), on=EXAMPLE_DAY).explain("tlh")


class Listening(Translation):
    """The words of a language that note what they have no translation of."""

    def __call__(self, template: str, /, **facts: object) -> str:
        self._listen(template)
        return super().__call__(template, **facts)

    def kind(self, name: str) -> str:
        self._listen(f"kind\x04{name}")
        return super().kind(name)

    def _listen(self, said: str) -> None:
        if said and self.catalogue._catalog.get(said) is None:  # type: ignore[attr-defined]
            MISSED.append(said)


MISSED: list[str] = []


@pytest.fixture
def listening() -> Iterator[Translation]:
    MISSED.clear()
    yield Listening("es", translation("es").catalogue)
    assert not MISSED


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.code)
def test_everything_that_a_policy_says_of_its_examples_is_in_the_catalogue(
    policy: Policy, listening: Translation
) -> None:
    for name in policy.examples:
        finding = policy.evaluate(
            policy.example(name).dossier(), EXAMPLE_DAY, {**policy.defaults, **PACK[policy.code].pack_parameters}
        )
        assert "\n".join(finding_lines(finding, listening, trigger="renew", may_waive=("partnership_office",)))


def test_a_whole_report_is_said_in_spanish_with_the_same_facts() -> None:
    dossier = example_dossier(
        without={"insurance", "agreement"},
        records=[
            WaiverRequest("SAFE-002", reason="late", expires_on=EXAMPLE_DAY, revision=1),
        ],
    )
    for trigger in (None, *DEFAULT.legal("active")):
        report = PACK.check(dossier, on=EXAMPLE_DAY, trigger=trigger, by=OFFICE)
        english, spanish = report.explain(), report.explain("es")
        assert english != spanish
        assert len(english.splitlines()) == len(spanish.splitlines())
        assert _facts(english) == _facts(spanish)
    assert "SAFE-002" in spanish


def lapsed(policy: str = "SAFE-002", **changes: Any) -> tuple[WaiverNote, ...]:
    """Return what is said of a waiver that does not count for the reason that *changes* make."""
    told = {"reason": "late", "requested_by": OFFICE.id, "expires_on": EXAMPLE_DAY, "revision": 1, "covers_all": True}
    by = changes.pop("by", BOARD)
    after = changes.pop("after", ())
    filed = attrs.evolve(
        example_dossier().entries[-1], id=None, record=Waiver(policy, **{**told, **changes}), filed_by=by
    )
    later = [attrs.evolve(filed, record=record) for record in after]
    dossier = example_dossier()
    on_file = RecordIndex((*dossier.entries, filed, *later))
    return PACK.check(attrs.evolve(dossier, on_file=on_file), on=EXAMPLE_DAY).lapsed_waivers


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"policy": "SAFE-001"}, "SAFE-001: no se puede conceder una exención de SAFE-001"),
        ({"policy": "OURS-001"}, "OURS-001: ninguna norma de este paquete tiene ese código"),
        ({"by": None}, "SAFE-002: no consta nadie en el expediente que la haya aprobado"),
        ({"by": OFFICE}, "SAFE-002: a.anderson la pidió y la aprobó"),
        ({"by": attrs.evolve(BOARD, roles={"principal"})}, f"SAFE-002: {BOARD.id} no tenía ningún rol que permita"),
        ({"revision": 2}, "SAFE-002: se concedió para la versión 2; la norma está en la versión 1"),
        ({"expires_on": date.max}, "SAFE-002: dura más que los 365 días por los que se puede conceder una exención"),
        ({"expires_on": date(2026, 9, 14)}, "SAFE-002: venció el 2026-09-14"),
        ({"after": [WaiverRevocation("SAFE-002", reason="closed")]}, "SAFE-002: fue revocada"),
    ],
    ids=lambda given: next(iter(given)) if isinstance(given, dict) else "",
)
def test_why_a_waiver_does_not_count_is_said_in_spanish(
    changes: dict[str, Any], said: str, listening: Translation
) -> None:
    (remark,) = lapsed(**changes)
    assert note_line(remark, listening).startswith(said)
    assert str(remark) == note_line(remark, translation("en"))


@pytest.mark.parametrize("by", [OFFICE, None])
def test_a_waiver_that_is_asked_for_is_listed_in_spanish(by: Actor | None, listening: Translation) -> None:
    dossier = example_dossier()
    request = WaiverRequest("SAFE-002", reason="late", expires_on=EXAMPLE_DAY, revision=1)
    entry = attrs.evolve(dossier.entries[-1], id=None, record=request, filed_by=by)
    report = PACK.check(attrs.evolve(dossier, on_file=RecordIndex((*dossier.entries, entry))), on=EXAMPLE_DAY)
    said = f"por {OFFICE.id}, hasta el 2026-09-15" if by else "por nadie que conste en el expediente"
    assert said in "\n".join(lines(report, listening))
    assert said in report.explain("es")
    assert report.to_data()["asked_waivers"] == [str(report.asked_waivers[0])]


@pytest.mark.parametrize("site", [None, "255901001"])
@pytest.mark.parametrize("shown", [0, 30, None])
def test_a_rating_is_said_in_spanish_with_the_same_facts(
    site: str | None, shown: int | None, listening: Translation
) -> None:
    rating = rubric.rate(example_evidence()[:shown], on=EXAMPLE_DAY, site=site)
    english, spanish = rating.explain(), rating.explain("es")
    assert _facts(english) == _facts(spanish)
    assert "una calificación que no impide nada:" in spanish.splitlines()[0]
    assert not {line for line in english.splitlines() if "[" in line} & set(spanish.splitlines())
    assert "\n".join(rating._lines(listening)) == spanish


def test_a_page_is_written_in_spanish() -> None:
    report = PACK.check(example_dossier(without={"insurance"}), on=EXAMPLE_DAY, trigger="renew", by=OFFICE)
    page, english = (html_page([("x.json", report)], language=language) for language in ("es", "en"))
    assert '<html lang="es">' in page
    for said in (
        "Qué lo impide y qué hacer",
        "antes de renovar",
        "Pida a la aseguradora",
        "no consta en el expediente",
    ):
        assert said in page
    headings = [set(re.findall(r"<(?:h\d|th|dt)[^>]*>([^<]+)<", text)) for text in (page, english)]
    assert headings[0] & headings[1] == {report.partner}


def test_every_sentence_keeps_its_facts_and_none_joins_a_side_to_a_word_that_merges_with_its_article() -> None:
    known = {said: told for said, told in translation("es").catalogue._catalog.items() if said}  # type: ignore[attr-defined]
    assert len(known) > 400
    for said, told in known.items():
        assert sorted(re.findall(r"{\w+}", said)) == sorted(re.findall(r"{\w+}", told)), said
        assert not re.search(r"\b(de|a) {side}", told), told


def test_making_the_catalogues_with_another_version_of_babel_or_another_day_makes_none_of_them_stale() -> None:
    for language in languages():
        head = translation(language).catalogue.info()
        assert sorted(head) == [
            "content-transfer-encoding",
            "content-type",
            "language",
            "mime-version",
            "project-id-version",
        ]


def _facts(said: str) -> list[str]:
    """Return what must be the same in every language: codes, clauses, places, days, amounts."""
    return re.findall(r"[A-Z]+-\d{3}|\[[^\]]*\]|/records/\S+|\d{4}-\d\d-\d\d|\d+ USD", said)


def test_a_plan_is_made_in_spanish_too() -> None:
    report = PACK.check(example_dossier(without={"insurance"}), on=EXAMPLE_DAY)
    english, spanish = report.improvement_plan("autumn"), report.improvement_plan("otoño", language="es")
    assert english.items
    assert spanish.items
    assert [item.due_on for item in english.items] == [item.due_on for item in spanish.items]
    assert english.items[0].what != spanish.items[0].what


def test_words_stand_in_sentences_as_words_and_other_facts_as_they_are() -> None:
    say = translation("es")
    fact: Any = frozenset({"b", "a"})
    assert say("{x}: {y}", x=fact, y="Ines") == "a, b: Ines"
    assert say.fact("active") != "active"
    assert translation("en").fact("active") == "active"
