"""A policy whose body changes is another revision of it. The lock has a hash of each body, and of what it calls.

When a test here fails because a body changed, decide: if the policy now asks for something else, raise `revision` on
its card (waivers of the old revision lapse, and every Decision stores the revision) and run this file. If it asks for
the same, put the line that the test prints into policies.lock by hand.

    python tests/policies/test_lock.py      writes the lines of new policies and of raised revisions, and no others
"""

from __future__ import annotations

import ast
import hashlib
import inspect
from copy import copy
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

from partnerflow.policies import Policy
from partnerflow.policies.shipped import POLICIES, RETIRED

LOCK = Path(__file__).with_name("policies.lock")
SHIPPED = "partnerflow.policies.shipped"


def lines() -> dict[str, str]:
    found = (line.split() for line in LOCK.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    return {code: f"{code} {revision} {body}" for code, revision, body in found}


@cache
def functions(module: ModuleType) -> dict[str, ast.AST]:
    tree = ast.parse(inspect.getsource(module))
    return {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))} | {
        target.id: node
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def body(policy: Policy) -> str:
    """Hash the body of a policy with every function and constant of ours that it uses, but for docstrings."""
    seen: dict[tuple[str, str], str] = {}

    def walk(module: ModuleType, name: str) -> None:
        node = functions(module).get(name)
        if (module.__name__, name) in seen or node is None:
            return
        node = without_docs(node)
        seen[module.__name__, name] = ast.unparse(node)
        for used in ast.walk(node):
            if isinstance(used, ast.Name):
                there = vars(module).get(used.id)
                home = there.__module__ if isinstance(there, FunctionType) else module.__name__
                if home.startswith(SHIPPED):
                    walk(import_module(home), used.id)

    walk(import_module(policy.body.__module__), policy.body.__name__)
    return hashlib.sha256(repr(sorted(seen.items())).encode()).hexdigest()[:16]


def without_docs(node: ast.AST) -> ast.AST:
    """Leave out what does not decide: docstrings, and the card that stands before the body."""
    if not isinstance(node, ast.FunctionDef):
        return node
    bare = copy(node)
    bare.body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    bare.decorator_list = []
    return bare


def line(policy: Policy) -> str:
    return f"{policy.code} {policy.revision} {body(policy)}"


def relocked() -> str:
    """Return the lock with a line for every policy; a line that has the revision of its policy stays as it is."""
    known = lines()

    def kept(policy: Policy) -> str | None:
        old = known.get(policy.code, "")
        return old if old.startswith(f"{policy.code} {policy.revision} ") else None

    written = (kept(policy) or line(policy) for policy in POLICIES)
    return "\n".join(("# code, revision, body: see test_lock.py", *written, ""))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.code)
def test_a_body_that_changes_is_another_revision(policy: Policy) -> None:
    now, known = line(policy), lines().get(policy.code)
    if known is not None and known.split()[1] == str(policy.revision):
        assert now == known, f"the body changed: raise revision on the card of {policy.code}, then write: {now}"
    assert now == known, f"run python tests/policies/test_lock.py, or in policies.lock write: {now}"


def test_no_code_is_locked_that_is_not_there() -> None:
    codes = {policy.code for policy in POLICIES}
    assert not set(lines()) - codes, f"in policies.lock delete: {', '.join(sorted(set(lines()) - codes))}"
    absent = ", ".join(sorted(codes - set(lines())))
    assert not absent, f"run python tests/policies/test_lock.py to write the lines of {absent}"


def test_a_retired_code_is_never_used_again() -> None:
    assert not set(RETIRED) & {policy.code for policy in POLICIES}


def test_the_lock_tells_when_a_function_that_a_body_calls_changes() -> None:
    """SAFE-001 calls who_meet_students: what that says is part of what the policy says."""
    (policy,) = (policy for policy in POLICIES if policy.code == "SAFE-001")
    before = body(policy)
    people = import_module(f"{SHIPPED}.people")
    known = functions(people)
    was = known["who_meet_students"]
    known["who_meet_students"] = ast.parse("def who_meet_students(dossier): return ()").body[0]
    try:
        assert body(policy) != before
    finally:
        known["who_meet_students"] = was


def test_a_lock_without_new_policies_is_written_as_it_is() -> None:
    assert relocked() == LOCK.read_text("utf-8")


def test_a_new_policy_is_locked_and_a_body_that_changed_under_its_revision_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second, *others = LOCK.read_text("utf-8").splitlines()[1:]
    forged = f"{first.rpartition(' ')[0]} {'0' * 16}"
    lock = tmp_path / "policies.lock"
    lock.write_text("\n".join((forged, *others)), encoding="utf-8")
    monkeypatch.setitem(globals(), "LOCK", lock)
    assert relocked().splitlines()[1:] == [forged, second, *others]


if __name__ == "__main__":
    LOCK.write_text(relocked(), encoding="utf-8", newline="\n")
