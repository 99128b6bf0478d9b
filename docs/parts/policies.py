"""Every policy that comes with us: one table, and a page for each from its card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from partnerflow.lifecycle import DEFAULT
from partnerflow.policies import Pack, Policy, Rule, load_pack, shipped_packs
from partnerflow.policies.verdict import in_words

from .records import kind_in_words
from .write import codes, fenced, pretty, table, whole

EXAMPLES_ON = date(2026, 9, 1)
"""The day for which the examples of the cards are written."""
_SHOWN = {"passing": "It passes", "failing": "It fails", "missing": "Something is missing"}


def _in_order(names: Iterable[str], order: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: (order.index(name) if name in order else -1, name))


def _waivable(policy: Policy) -> str:
    return f"{policy.max_waiver_days} days" if policy.max_waiver_days else "never"


def _parameters(rule: Rule) -> list[str]:
    return [name for name in rule.policy.defaults if name not in rule.pack_parameters]


def _page(code: str) -> str:
    return f"policies/{code.lower()}.md"


def overview() -> str:
    def cells(rule: Rule) -> tuple[str, ...]:
        policy = rule.policy
        link = f"[{policy.code}]({_page(policy.code)})"
        asked = (codes(_in_order(policy.holds_in, DEFAULT.states)), codes(_in_order(policy.guards, DEFAULT.triggers)))
        return link, policy.title, *asked, str(rule.severity), _waivable(policy), ", ".join(policy.cites)

    return table(
        ("code", "title", "holds in", "guards", "severity", "waivable", "clauses"), map(cells, load_pack("default"))
    )


def packs() -> str:
    """Return a table of the packs that come with us."""
    loaded = [load_pack(name) for name in shipped_packs()]
    rows = ((f"`{pack.name}`", pack.title, pack.version, str(len(pack.rules))) for pack in loaded)
    return table(("pack", "what it is", "version", "policies"), rows)


def pages() -> Mapping[str, Callable[[], str]]:
    """Return the functions that write the pages of the policies, by their path in the docs."""
    every = [load_pack(name) for name in shipped_packs()]
    return {f"reference/{_page(rule.policy.code)}": partial(_of, rule, every) for rule in load_pack("default")}


def _of(rule: Rule, every: Sequence[Pack]) -> str:
    policy = rule.policy
    parts = [
        f"# {policy.code}: {policy.title}",
        "<!-- written by docs/generate.py from the policy's card -->",
        whole(policy.doc),
        "\n".join(f"- {name}: {fact}" for name, fact in _facts(rule) if fact),
        "## To mend it",
        policy.fix.format(**{name: in_words(value) for name, value in policy.defaults.items()}),
    ]
    if names := _parameters(rule):
        given = ((f"`{name}`", kind_in_words(policy.types[name]), in_words(policy.defaults[name])) for name in names)
        parts += ["## Parameters", table(("parameter", "type", "default"), given).rstrip()]
    parts += ["## In the packs", table(("pack", "settings"), _in_packs(rule, every)).rstrip()]
    for name, title in _SHOWN.items():
        if name in policy.examples:
            parts += [f"## {title}", *_example(rule, name)]
    return "\n\n".join(parts) + "\n"


def _facts(rule: Rule) -> Iterator[tuple[str, str]]:
    policy = rule.policy
    yield "holds in", codes(_in_order(policy.holds_in, DEFAULT.states), "")
    yield "guards", codes(_in_order(policy.guards, DEFAULT.triggers), "")
    yield "severity", str(policy.severity)
    yield "who has to act", f"the {policy.owner}"
    yield "can be waived", f"for at most {policy.max_waiver_days} days" if policy.max_waiver_days else "never"
    yield "revision", str(policy.revision)
    yield "clauses", ", ".join(f"[{clause}](../clauses.md)" for clause in policy.cites)


def _in_packs(rule: Rule, every: Sequence[Pack]) -> Iterator[tuple[str, str]]:
    for pack in every:
        found = pack.by_code.get(rule.policy.code)
        if found is None:
            yield f"`{pack.name}`", "does not include it"
            continue
        yield f"`{pack.name}`", "<br>".join(map(str, found.overrides)) or "the defaults of the card"


def _example(rule: Rule, name: str) -> Iterator[str]:
    policy = rule.policy
    finding = policy.evaluate(policy.example(name).dossier(), EXAMPLES_ON, {**policy.defaults, **rule.pack_parameters})
    yield fenced(pretty(_plain(policy.examples[name])), "json").rstrip()
    if finding.problems:
        problems = (f"- `{p.path}`: {p.message}" if p.path else f"- {p.message}" for p in finding.problems)
        yield f"Problems on {EXAMPLES_ON}:\n\n" + "\n".join(problems)


def _plain(example: Any) -> Any:
    return dict(example) if isinstance(example, Mapping) else {"records": list(example)}
