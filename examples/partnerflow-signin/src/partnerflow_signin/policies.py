"""The policies of our district, in addition to those of partnerflow."""

from datetime import date

from partnerflow.policies import Dossier, Problem, Until, Verdict, need, policy

from .records import SignInSystem

KIOSK = {"kind": "sign_in_system", "tool": "kiosk", "starts_on": "2026-01-01", "ends_on": "no_end"}


@policy(
    "RVS-001",
    "People are signed in at the door",
    holds_in={"active", "improvement_plan"},
    owner="partner",
    cites=["Board policy 7"],
    fix="File the sign-in system in use, one of: {tools}.",
    passing=[KIOSK],
    failing=[{**KIOSK, "tool": "paper"}],
    missing=[],
)
def signed_in(dossier: Dossier, on: date, *, tools: tuple[str, ...] = ("kiosk", "badge")) -> Verdict:
    """Who is in the building must be known when the alarm rings."""
    system = need(dossier.on(SignInSystem, on), "sign_in_system")
    tool = need(system.tool, system, "tool")
    if tool not in tools:
        yield Problem(system, "tool", "{tool} is not accepted here", tool=tool)
    yield Until(dossier.through(system, on), "the sign-in system is taken out of use")
