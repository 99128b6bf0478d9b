"""All errors that partnerflow raises, as one tree.

PartnerflowError
├── Refused              a policy, the lifecycle or the request itself forbids it; carries the Decision
│   └── IllegalTrigger   the lifecycle has no such transition from this state
├── Conflict             another request moved the partnership first
├── KeyReused            an idempotency key was used for another request
├── NotFound             there is no such thing on file
├── InvalidRequest       an argument has a value that is not allowed
├── InvalidRecord        data does not have the shape of its kind; lists every fault
├── Unreadable           a file or text is not in the format that was expected
├── UnsoundLifecycle     a partnership could get stuck or lost in this lifecycle; lists every fault
├── UnknownState         a stored state is not in the lifecycle in use
├── PackError            a policy pack that cannot be used; lists every fault
├── PluginError          an installed package offers something that cannot be used
├── HookError            a function of the host's failed, or returned something else than it may
├── NestedWrite          a write was requested inside another call
├── PackReplaced         a sweep under rules that others have replaced
├── StoreError           the store cannot do its work
│   ├── SchemaMismatch   its tables are of another version
│   └── StoreBusy        another writer held a lock for too long
└── Tampered             stored history is not intact; names every broken link

Every class carries its data as attributes, and an `http_status` that a host may answer with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID


class PartnerflowError(Exception):
    """The base class of every error that partnerflow raises."""

    http_status: ClassVar[int] = 500


def error_text(error: BaseException) -> str:
    """Return the class and the text of any error, in at most 500 characters that every database can store.

    An error of another's may have no text, and finding its text may itself fail.
    """
    try:
        text = str(error)
    except KeyboardInterrupt:
        raise
    except BaseException as failed:  # noqa: BLE001  whatever it is, the error that it hides is to be named
        text = f"its text cannot be read ({type(failed).__name__})"
    named = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return named.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")[:500]


def unjudged_text(error: Exception) -> str:
    """Return why a partnership could not be evaluated: the text of an error of ours, and of any other its class too."""
    return str(error) if isinstance(error, PartnerflowError) else error_text(error)


class Explained(Protocol):
    """The part of a `partnerflow.Decision` that a refusal uses; importing the class here would make a circle."""

    @property
    def trigger(self) -> str:
        """The trigger that was requested."""
        ...

    @property
    def legal(self) -> bool:
        """Whether the lifecycle has such a transition from the partnership's state."""
        ...

    @property
    def legal_triggers(self) -> tuple[str, ...]:
        """The triggers that may be requested in that state."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """What the request must carry, such as a reason."""
        ...

    @property
    def allowed(self) -> bool:
        """Whether the transition is legal and no policy blocks it."""
        ...

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the policies that block it."""
        ...

    @property
    def report(self) -> Any:
        """The `partnerflow.policies.Report`, with every finding."""
        ...

    def explain(self) -> str:
        """Return the decision in words, with everything that blocks and how to fix it."""
        ...

    def to_data(self) -> dict[str, Any]:
        """Return the decision as plain JSON data."""
        ...

    def text(self) -> str:
        """Return the decision as canonical JSON."""
        ...


class Refused(PartnerflowError):
    """The district's rules refuse the request; `decision` says why, and what to do.

    `lacks` names what the request must carry and does not, such as a reason.
    """

    http_status: ClassVar[int] = 403

    def __init__(self, decision: Explained, lacks: tuple[str, ...] = ()) -> None:
        super().__init__(decision, lacks)
        self.decision = decision
        self.lacks = lacks

    def __str__(self) -> str:
        if not self.lacks:
            return self.decision.explain()
        lacking = f"{self.decision.trigger} must carry: {', '.join(self.lacks)}"
        return lacking if self.decision.allowed else f"{lacking}\n{self.decision.explain()}"


class IllegalTrigger(Refused):
    """The lifecycle has no such transition from the partnership's state; the Decision names those that it has."""

    http_status: ClassVar[int] = 409


class Conflict(PartnerflowError):
    """The partnership is not at the version that the caller expected: read it again, then decide."""

    http_status: ClassVar[int] = 409

    def __init__(self, subject: UUID, expected: int, actual: int) -> None:
        super().__init__(subject, expected, actual)
        self.subject, self.expected, self.actual = subject, expected, actual

    def __str__(self) -> str:
        return f"partnership {self.subject} is at version {self.actual}, not at {self.expected}: read it again"


class KeyReused(PartnerflowError):
    """An idempotency key was used for another request: use one key for each request."""

    http_status: ClassVar[int] = 422

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        return f"idempotency key {self.key!r} has already been used for another request: take a new key"


class NotFound(PartnerflowError):
    """Nothing of that name or id is on file for this tenant."""

    http_status: ClassVar[int] = 404

    def __init__(self, what: str, name: object) -> None:
        super().__init__(what, name)
        self.what, self.name = what, name

    def __str__(self) -> str:
        return f"no {self.what} {self.name} is on file"


class InvalidRequest(PartnerflowError):
    """An argument has a value that is not allowed; carries its name, the value and the remedy."""

    http_status: ClassVar[int] = 422

    def __init__(self, argument: str, value: object, remedy: str) -> None:
        super().__init__(argument, value, remedy)
        self.argument, self.value, self.remedy = argument, value, remedy

    def __str__(self) -> str:
        return f"{self.argument}={self.value!s}: {self.remedy}"


class Fault(NamedTuple):
    """One thing that is wrong: its place (a JSON Pointer, or the name of a row), and a message."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or '/'}: {self.message}"


class _Faulty(PartnerflowError):
    """An error with a list of faults."""

    http_status: ClassVar[int] = 422

    def __init__(self, what: str, faults: Iterable[Fault]) -> None:
        self.what, self.faults = what, tuple(faults)
        super().__init__(what, self.faults)

    def __str__(self) -> str:
        return "\n  ".join([f"{self.what}: {len(self.faults)} fault(s)", *map(str, self.faults)])


class InvalidRecord(_Faulty):
    """Data does not have the shape of its kind; `faults` holds every fault, with its JSON Pointer."""


class Unreadable(PartnerflowError):
    """A file, address or text is not in the format that was expected; nothing of it was imported."""

    http_status: ClassVar[int] = 422

    def __init__(self, source: str, why: str) -> None:
        super().__init__(source, why)
        self.source, self.why = source, why

    def __str__(self) -> str:
        return f"{self.source}: {self.why}"


class UnsoundLifecycle(_Faulty):
    """A partnership could get stuck or lost in this lifecycle; `faults` names every row concerned."""

    http_status: ClassVar[int] = 500


class UnknownState(PartnerflowError):
    """A stored state is not in the lifecycle in use: use the lifecycle that it was made under, or evolve yours."""

    def __init__(self, state: str, made_under: str, in_force: str) -> None:
        super().__init__(state, made_under, in_force)
        self.state, self.made_under, self.in_force = state, made_under, in_force

    def __str__(self) -> str:
        return f"state {self.state!r} was made under {self.made_under}; {self.in_force}, in force now, does not know it"


class PackError(PartnerflowError):
    """A pack that cannot be used; `faults` holds every fault of its file, each with its table and key."""

    def __init__(self, source: str, *faults: Fault) -> None:
        super().__init__(source, *faults)
        self.source, self.faults = source, faults

    def __str__(self) -> str:
        return "\n".join(f"{self.source}: {fault}" for fault in self.faults)


class PluginError(PartnerflowError):
    """An installed package offers something that cannot be used; names its distribution, entry point and the remedy."""

    def __init__(self, package: str, point: str, remedy: str) -> None:
        super().__init__(package, point, remedy)
        self.package, self.point, self.remedy = package, point, remedy

    def __str__(self) -> str:
        return f"{self.package}: entry point {self.point}: {self.remedy}"


class HookError(PartnerflowError):
    """A function of the host's failed, or returned something else than it may; names it and the partnership.

    What it raised is the cause (`__cause__`).
    """

    def __init__(self, hook: str, partnership_id: UUID | None, why: str) -> None:
        super().__init__(hook, partnership_id, why)
        self.hook, self.partnership_id, self.why = hook, partnership_id, why

    def __str__(self) -> str:
        return f"{self.hook} for partnership {self.partnership_id}: {self.why}"


class NestedWrite(PartnerflowError):
    """A receiver of `before`, `host_records` or a policy wrote through a flow inside a call; use `after` for that."""

    def __str__(self) -> str:
        return (
            "nothing can be written through a flow inside another call: a receiver of before, host_records and "
            "policies may read through it, and write to tables of their own; write in a receiver of after"
        )


class PackReplaced(PartnerflowError):
    """A sweep under a pack that was in force here once, and that another has replaced; nothing was evaluated under it.

    Two processes sweep under different rules or releases, or somebody went back to earlier ones.
    """

    http_status: ClassVar[int] = 409

    def __init__(self, pack: object, in_force: object, since: datetime) -> None:
        super().__init__(pack, in_force, since)
        self.pack, self.in_force, self.since = pack, in_force, since

    def __str__(self) -> str:
        return (
            f"since {self.since:%Y-%m-%d %H:%M %Z}, sweeps run under {self.in_force} here, and no longer under "
            f"{self.pack}: sweep with the pack and the release that are in force, or put the earlier rules in force "
            "again with back_to_earlier_rules=True (partnerflow sweep --back-to-earlier-rules)"
        )


class StoreError(PartnerflowError):
    """The store cannot do its work."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SchemaMismatch(StoreError):
    """The database has tables of partnerflow, but of another version than this release reads."""


class StoreBusy(StoreError):
    """Another writer held a lock for longer than the time-out; nothing was written, and it is safe to try again."""

    http_status: ClassVar[int] = 503


class Tampered(PartnerflowError):
    """Stored history is not intact; `links` names every transition and record concerned."""

    def __init__(self, links: Sequence[str]) -> None:
        self.links = tuple(links)
        super().__init__(self.links)

    def __str__(self) -> str:
        return "\n  ".join([f"{len(self.links)} link(s) do not hold", *self.links])
