"""What can go wrong, as one tree.

PartnerflowError
├── Refused              a policy, the table or the request itself says no; carries the Decision
│   └── IllegalTrigger   the table has no such step from this state
├── Conflict             somebody else moved the partnership first
├── KeyReused            an idempotency key came back with another request
├── NotFound             no such thing on file
├── InvalidRequest       an argument that cannot be meant
├── InvalidRecord        evidence that does not have the shape of its kind; lists every fault
├── Unreadable           a file that is not what it was said to be
├── UnsoundLifecycle     a table that would trap or strand a partnership; lists every fault
├── UnknownState         a stored state that today's table does not know
├── PackError            a policy pack that cannot be used; lists every fault
├── PluginError          an installed package that offers what cannot be used
├── StoreError           the store cannot do its work
│   ├── SchemaMismatch   its tables are of another version
│   └── StoreBusy        another writer held it for too long
└── Tampered             stored history does not hold together; names every link

Every class carries its data as attributes and a `http_status` that a host may answer with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID


class PartnerflowError(Exception):
    """Anything that partnerflow raises on purpose."""

    http_status: ClassVar[int] = 500


class Explained(Protocol):
    """What a refusal carries: a `partnerflow.Decision`, which this file cannot import without a circle."""

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
    """A request that the district's own rules turn down; `decision` says why and what would mend it."""

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
    """The lifecycle has no such step from the state that the partnership is in; the Decision names those it has."""

    http_status: ClassVar[int] = 409


class Conflict(PartnerflowError):
    """The partnership is not at the version that the caller expected: read it again and decide anew."""

    http_status: ClassVar[int] = 409

    def __init__(self, subject: UUID, expected: int, actual: int) -> None:
        super().__init__(subject, expected, actual)
        self.subject, self.expected, self.actual = subject, expected, actual

    def __str__(self) -> str:
        return f"partnership {self.subject} is at version {self.actual}, not at {self.expected}: read it again"


class KeyReused(PartnerflowError):
    """An idempotency key has already done other work: use one key for one request."""

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
    """An argument that cannot be meant: which one, what it was, and what would do."""

    http_status: ClassVar[int] = 422

    def __init__(self, argument: str, value: object, remedy: str) -> None:
        super().__init__(argument, value, remedy)
        self.argument, self.value, self.remedy = argument, value, remedy

    def __str__(self) -> str:
        return f"{self.argument}={self.value!s}: {self.remedy}"


class Fault(NamedTuple):
    """One thing that is wrong: where (a JSON Pointer, or the name of a row) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path or '/'}: {self.message}"


class _Faulty(PartnerflowError):
    """Something with a list of faults."""

    http_status: ClassVar[int] = 422

    def __init__(self, what: str, faults: Iterable[Fault]) -> None:
        self.what, self.faults = what, tuple(faults)
        super().__init__(what, self.faults)

    def __str__(self) -> str:
        return "\n  ".join([f"{self.what}: {len(self.faults)} fault(s)", *map(str, self.faults)])


class InvalidRecord(_Faulty):
    """Data that does not have the shape of its kind; `faults` holds every one, with its JSON Pointer."""


class Unreadable(PartnerflowError):
    """A file, address or text that cannot be read as what it was said to be; nothing of it was taken in."""

    http_status: ClassVar[int] = 422

    def __init__(self, source: str, why: str) -> None:
        super().__init__(source, why)
        self.source, self.why = source, why

    def __str__(self) -> str:
        return f"{self.source}: {self.why}"


class UnsoundLifecycle(_Faulty):
    """A table in which a partnership could get lost; `faults` names every row concerned."""

    http_status: ClassVar[int] = 500


class UnknownState(PartnerflowError):
    """A stored state that the table in force does not know: hold the flow with the table that made it, or evolve it."""

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
    """An installed package offers what cannot be used: which distribution, which entry point, and what would do."""

    def __init__(self, package: str, point: str, remedy: str) -> None:
        super().__init__(package, point, remedy)
        self.package, self.point, self.remedy = package, point, remedy

    def __str__(self) -> str:
        return f"{self.package}: entry point {self.point}: {self.remedy}"


class StoreError(PartnerflowError):
    """The store cannot do its work."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class SchemaMismatch(StoreError):
    """Tables of ours are there, but not of the version that this release reads."""


class StoreBusy(StoreError):
    """Another writer held the store for longer than the time-out; nothing was written, and trying again is safe."""

    http_status: ClassVar[int] = 503


class Tampered(PartnerflowError):
    """Stored history that does not hold together; `links` names every transition and record concerned."""

    def __init__(self, links: Sequence[str]) -> None:
        self.links = tuple(links)
        super().__init__(self.links)

    def __str__(self) -> str:
        return "\n  ".join([f"{len(self.links)} link(s) do not hold", *self.links])
