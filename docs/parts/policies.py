"""Every policy that comes with us, as its card says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from partnerflow.lifecycle import DEFAULT
from partnerflow.policies import Policy, Rule, load_pack
from partnerflow.policies.finding import in_words

from .records import kind_in_words
from .write import codes, fenced, pretty, prose, table


def _in_order(names: Iterable[str], order: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: (order.index(name) if name in order else -1, name))


def _waivable(policy: Policy) -> str:
    return f"{policy.max_waiver_days} days" if policy.max_waiver_days else "never"


def _parameters(rule: Rule) -> list[str]:
    return [name for name in rule.policy.defaults if name not in rule.given]


def overview() -> str:
    def cells(rule: Rule) -> tuple[str, ...]:
        policy = rule.policy
        anchor = f"[{policy.code}](#{policy.code.lower()})"
        asked = (codes(_in_order(policy.holds_in, DEFAULT.states)), codes(_in_order(policy.guards, DEFAULT.triggers)))
        return anchor, policy.title, *asked, codes(_parameters(rule), ""), _waivable(policy), ", ".join(policy.cites)

    header = ("code", "title", "holds in", "guards", "parameters", "waivable", "clauses")
    return table(header, map(cells, load_pack("default")))


def sections() -> str:
    return "\n".join(_section(rule) for rule in load_pack("default"))


def _section(rule: Rule) -> str:
    policy = rule.policy
    fix = policy.fix.format(**{name: in_words(value) for name, value in policy.defaults.items()})
    lines = [f"### {policy.code}", f"**{policy.title}.** {prose(policy.doc)}", f"To mend it: {fix}"]
    facts = [
        ("holds in", codes(_in_order(policy.holds_in, DEFAULT.states), "")),
        ("guards", codes(_in_order(policy.guards, DEFAULT.triggers), "")),
        ("severity", str(rule.severity)),
        ("waivable", _waivable(policy)),
        ("revision", str(policy.revision)),
        ("clauses", ", ".join(policy.cites)),
    ]
    lines.append("\n".join(f"- {name}: {fact}" for name, fact in facts if fact))
    if names := _parameters(rule):
        given = ((f"`{name}`", kind_in_words(policy.types[name]), in_words(policy.defaults[name])) for name in names)
        lines.append(table(("parameter", "type", "default"), given).rstrip())
    examples = "\n".join(
        f"{name}:\n\n{fenced(pretty(_plain(policy.examples[name])), 'json')}" for name in policy.examples
    )
    lines.append(f"<details><summary>Examples</summary>\n\n{examples}\n</details>")
    return "\n\n".join(lines) + "\n"


def _plain(example: Any) -> Any:
    return dict(example) if isinstance(example, Mapping) else {"records": list(example)}
