"""Kinds of records that other packages offer: imported when asked for by name, and a broken one harms only who asks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import partnerflow
from partnerflow import Actor, Dossier, InvalidRecord, Partner, Partnerflow, PluginError
from partnerflow.adapters.memory import MemoryStore
from partnerflow.adapters.sqlalchemy import open_store
from partnerflow.policies import Pack, load_pack
from partnerflow.records import Insurance, Offer, Record, Unregistered, find_kind, kind_names, kinds, offered_kinds
from partnerflow.records import plugins as looked_up
from partnerflow.records.conversion import read_filed, read_record, unstructure
from partnerflow.records.registry import KINDS

SRC = str(Path(partnerflow.__file__).parents[1])
OFFICE = Actor("a.anderson", side="district", roles={"partnership_office"})
KIOSK = {"kind": "door_sign_in", "tool": "kiosk", "starts_on": "2026-01-01"}
SOUND = """
from datetime import date
from partnerflow.records import Record, record

@record("door_sign_in", about="partnership", period=("starts_on",))
class DoorSignIn(Record):
    '''How people are signed in.'''

    tool: str | None = None
    starts_on: date | None = None
"""
BROKEN = {
    "a module that is not there": ("no_such_module:X", "", "ModuleNotFoundError: No module named 'no_such_module'"),
    "a module without the class": ("door:Other", SOUND, "AttributeError: module 'door' has no attribute 'Other'"),
    "a module that fails after it registered": ("door:DoorSignIn", SOUND + "\n1 / 0\n", "ZeroDivisionError"),
    "a module that leaves": ("door:X", "raise SystemExit(1)", "SystemExit: 1"),
    "what is no reference": ("door-sign-in!", "", "cannot be loaded"),
    "what is no class": ("door:date", SOUND, "is not a kind of record: name a subclass of Record"),
    "a class that nobody decorated": (
        "door:X", "from partnerflow.records import Insurance\nclass X(Insurance): pass\n", "is not a kind of record",
    ),
    "a kind of another name": (
        "door:DoorSignIn", SOUND.replace('"door_sign_in"', '"gate"'), "is the kind 'gate': give the entry point that",
    ),
    "a kind whose name is taken by one of ours": (
        "door:Insurance",
        SOUND.replace('"door_sign_in"', '"insurance"').replace("DoorSignIn", "Insurance"),
        "insurance: is taken by partnerflow.records.safety.Insurance",
    ),
}  # fmt: skip


def offer(folder: Path, points: str, code: str = "", package: str = "their-kinds") -> None:
    """Install a package: its metadata, and a module `door` of *code*."""
    about = folder / f"{package.replace('-', '_')}-2.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 2.1\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[partnerflow.records]\n{points}\n", encoding="utf-8")
    if code:
        (folder / "door.py").write_text(code, encoding="utf-8")


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder in which packages can be installed, and forget afterwards what was."""
    before = dict(kinds())
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    yield tmp_path
    KINDS.clear()
    KINDS.update(before)
    sys.modules.pop("door", None)
    forget()


def forget() -> None:
    looked_up._offers.cache_clear()
    looked_up._loaded.cache_clear()


@pytest.fixture
def sound(installed: Path) -> Path:
    offer(installed, "door_sign_in = door:DoorSignIn", SOUND)
    return installed


def dossier(*records: dict[str, Any]) -> dict[str, Any]:
    return {"partner": {"name": "Riverbend"}, "partnership": {"state": "active"}, "records": list(records)}


# --- lazily, by name ------------------------------------------------------------------------------------------------


def test_a_kind_is_imported_when_a_record_of_it_is_read(sound: Path) -> None:
    assert "door_sign_in" not in kinds()
    (entry,) = Dossier.from_mapping(dossier(KIOSK)).entries
    assert type(entry.record) is kinds()["door_sign_in"]
    assert unstructure(entry.record) == {"tool": "kiosk", "starts_on": "2026-01-01"}
    with pytest.raises(InvalidRecord, match="/records/0/tool: 7 is not a text"):
        Dossier.from_mapping(dossier({**KIOSK, "tool": 7}))


def test_what_is_offered_is_told_without_importing_it(sound: Path) -> None:
    assert Offer("door_sign_in", "their-kinds 2.1", "door:DoorSignIn") in offered_kinds()
    assert {"door_sign_in", "insurance"} <= set(kind_names())
    assert "door" not in sys.modules
    assert find_kind("insurance") is Insurance
    assert find_kind("no_such_kind") is None


SCRIPT = """
import sys
from datetime import date
from partnerflow.policies import load_pack
from partnerflow.records import find_kind, kinds, offered_kinds
from partnerflow.records.conversion import read_record
asked = []
import importlib.metadata
real = importlib.metadata.distributions
importlib.metadata.distributions = lambda: asked.append(1) or real()
load_pack("default")
read_record("insurance", {"line": "general_liability"})
assert "insurance" in kinds()
print(len(asked), "door" in sys.modules, "other" in sys.modules)
find_kind("nothing"); find_kind("nothing_else"); offered_kinds()
print(len(asked), "door" in sys.modules, "other" in sys.modules)
find_kind("door_sign_in")
print(len(asked), "door" in sys.modules, "other" in sys.modules)
"""


def test_nothing_is_looked_up_or_imported_before_it_is_asked_for_and_then_once(installed: Path) -> None:
    offer(installed, "door_sign_in = door:DoorSignIn\nother = other:Other", SOUND)
    (installed / "other.py").write_text("raise RuntimeError('nobody asked')", encoding="utf-8")
    script = f"import sys\nsys.path[:0] = {[str(installed), SRC]!r}\n{SCRIPT}"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == ["0 False False", "1 False False", "1 True False"]


def test_a_name_that_is_nearly_an_offered_one_is_pointed_out(sound: Path) -> None:
    with pytest.raises(InvalidRecord, match="'door_signin' is no kind of record; did you mean 'door_sign_in'"):
        Dossier.from_mapping(dossier({**KIOSK, "kind": "door_signin"}))


def test_a_kind_that_comes_with_us_is_never_replaced(installed: Path) -> None:
    offer(installed, "insurance = door:DoorSignIn", SOUND)
    assert find_kind("insurance") is Insurance
    assert isinstance(read_record("insurance", {"line": "general_liability"}), Insurance)
    assert "door" not in sys.modules
    assert [offer.kind for offer in offered_kinds() if offer.package == "their-kinds 2.1"] == ["insurance"]


def test_it_is_filed_kept_and_read_again_as_any_other(sound: Path) -> None:
    flow = Partnerflow(store=MemoryStore(), pack=load_pack("default"))
    p = flow.propose(Partner(name="Riverbend"), by=OFFICE)
    (entry,) = flow.file(p.id, read_record("door_sign_in", KIOSK), by=OFFICE)
    assert entry.text == '{"starts_on":"2026-01-01","tool":"kiosk"}'
    again = Dossier.from_mapping(json.loads(json.dumps(flow.dossier(p.id).to_mapping())))
    assert again.entries[-1].record == entry.record
    assert type(again.entries[-1].record).__name__ == "DoorSignIn"
    flow.verify()


# --- broken ones ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_is_named_with_its_package_and_why_each_time_it_is_asked_for(installed: Path, name: str) -> None:
    value, code, why = BROKEN[name]
    offer(installed, f"door_sign_in = {value}", code)
    for _ in range(2):
        with pytest.raises(PluginError) as raised:
            Dossier.from_mapping(dossier(KIOSK))
        point = f"[partnerflow.records] door_sign_in = {value!r}"
        assert str(raised.value).startswith(f"their-kinds 2.1: entry point {point}: ")
        assert why in str(raised.value)
    assert raised.value.package == "their-kinds 2.1"
    assert "door_sign_in" not in kinds()
    assert kinds()["insurance"] is Insurance


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_harms_nobody_else(installed: Path, name: str) -> None:
    value, code, _ = BROKEN[name]
    offer(installed, f"door_sign_in = {value}", code)
    cover = {"kind": "insurance", "line": "general_liability"}
    assert Dossier.from_mapping(dossier(cover)).latest(Insurance) is not None
    assert "door_sign_in" in {offer.kind for offer in offered_kinds()}
    with pytest.raises(InvalidRecord, match="'zzz' is no kind of record"):
        Dossier.from_mapping(dossier({"kind": "zzz"}))


def test_two_packages_that_offer_one_kind_are_both_named(sound: Path) -> None:
    offer(sound, "door_sign_in = gate:Gate", package="more-kinds")
    with pytest.raises(PluginError, match=r"is offered by .* too: uninstall all but one") as raised:
        find_kind("door_sign_in")
    assert "their-kinds 2.1" in str(raised.value)
    assert "more-kinds 2.1" in str(raised.value)


def test_a_package_that_is_found_twice_on_the_path_is_one(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (sound / "elsewhere").mkdir()
    offer(sound / "elsewhere", "door_sign_in = door:DoorSignIn")
    monkeypatch.syspath_prepend(str(sound / "elsewhere"))
    found = find_kind("door_sign_in")
    assert found is not None
    assert found.__name__ == "DoorSignIn"


def test_metadata_that_cannot_be_read_hide_nobody_else(sound: Path) -> None:
    offer(sound, "this line says nothing", package="a-broken-one")
    assert find_kind("door_sign_in") is not None


def test_an_entry_on_file_of_a_broken_kind_is_kept_and_shown(installed: Path) -> None:
    offer(installed, "door_sign_in = no_such_module:X")
    filed = {"id": str(UUID(int=7)), "filed_at": "2026-09-01T08:00:00.000000Z"}
    mapping = dossier({**KIOSK, "entry": filed}, {"kind": "insurance", "line": "general_liability"})
    whole = Dossier.from_mapping(mapping)
    kept = whole.entries[0].record
    assert kept == Unregistered(kind="door_sign_in", fields={"tool": "kiosk", "starts_on": "2026-01-01"})
    assert whole.latest(Insurance) is not None
    assert Dossier.from_mapping(whole.to_mapping()) == whole
    assert whole.to_mapping()["records"][0]["tool"] == "kiosk"
    assert load_pack("default").check(whole, on=date(2026, 9, 15)).blocking
    assert read_filed("door_sign_in", KIOSK) == kept


def test_a_store_gives_back_what_it_keeps_of_a_kind_that_broke(sound: Path) -> None:
    flow = Partnerflow(store=open_store("sqlite:///:memory:"), pack=Pack(name="free", version="1", rules=()))
    signed = read_record("door_sign_in", KIOSK)
    partnership = flow.propose(Partner(name="Riverbend"), by=OFFICE)
    flow.file(partnership.id, signed, by=OFFICE)
    assert flow.dossier(partnership.id).entries[-1].record == signed
    KINDS.pop("door_sign_in")
    (sound / "door.py").write_text("1 / 0", encoding="utf-8")
    sys.modules.pop("door")
    forget()
    gone = flow.dossier(partnership.id).entries[-1].record
    assert isinstance(gone, Unregistered)
    assert gone.fields == {"tool": "kiosk", "starts_on": "2026-01-01"}


def test_another_class_of_the_same_name_is_no_reload_of_ours() -> None:
    made = type("Insurance", (Record,), {"__doc__": "Not ours.", "__annotations__": {}, "__module__": "theirs"})
    with pytest.raises(partnerflow.InvalidRequest, match=r"is taken by partnerflow\.records\.safety\.Insurance"):
        partnerflow.records.registry.record("insurance", about="partner")(made)
