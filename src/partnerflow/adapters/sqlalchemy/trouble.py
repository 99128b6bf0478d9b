"""What a database says when it cannot do its work, as errors that say what to do."""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError, IntegrityError, NotSupportedError, OperationalError, ProgrammingError

from partnerflow.errors import StoreBusy, StoreError

_BUSY = frozenset(
    {
        "40001", "40P01", "55P03",  # PostgreSQL: could not serialize, deadlock, lock not available
        "1020", "1205", "1213",  # MariaDB: changed since last read, lock wait timeout, deadlock
        "1305",  # MariaDB: after a deadlock it has rolled back everything, and knows our savepoint no more
    }
)  # fmt: skip
"""What a server says where another writer was in the way: the same request, sent again, may well succeed."""

KEPT = "partnerflow keeps history: "
"""How everything begins that a trigger of ours says."""


class translated:  # noqa: N801  it reads as a function, and a step enters it too often for a generator
    """Raise StoreBusy or StoreError for the trouble that a database has in the block; *in_hosts*: in a host's own."""

    __slots__ = ("_in_hosts",)

    def __init__(self, *, in_hosts: bool) -> None:
        self._in_hosts = in_hosts

    def __enter__(self) -> None:
        """Begin to listen."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Translate what the database said."""
        if isinstance(error, DBAPIError):
            _translate(error, in_hosts=self._in_hosts)


def _translate(error: DBAPIError, *, in_hosts: bool) -> None:
    if kept := re.search(rf"{KEPT}[\w ,]+", str(error.orig)):
        raise StoreError(f"the database refuses this: {kept[0]}") from error
    if isinstance(error, IntegrityError):
        raise StoreBusy(f"another writer was quicker ({_said(error)}): roll back and try again") from error
    if isinstance(error, (ProgrammingError, NotSupportedError)):
        return  # our own mistake, not the database's trouble
    if isinstance(error, OperationalError) and _on_sqlite_busy(error):
        remedy = (
            "have your engine begin with BEGIN IMMEDIATE (see the how-to on embedding), roll back and try again"
            if in_hosts
            else "try again"
        )
        raise StoreBusy(f"another writer holds the database: {remedy}") from error
    if _codes(error) & _BUSY:
        remedy = "roll back and try again" if in_hosts else "try again"
        raise StoreBusy(f"another writer was in the way ({_said(error)}): {remedy}") from error
    raise StoreError(f"the database cannot do this: {_said(error)}") from error


def _on_sqlite_busy(error: OperationalError) -> bool:
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is None:
        return "is locked" in str(error.orig)  # another driver than Python's own
    return str(name).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _codes(error: DBAPIError) -> set[str]:
    """Return the server's own codes, wherever a driver keeps them: an SQLSTATE of PostgreSQL, a number of MariaDB."""
    orig = error.orig
    found = {str(getattr(orig, name, "")) for name in ("sqlstate", "pgcode", "errno")}
    return found | set(map(str, orig.args[:1] if orig is not None else ()))


def _said(error: DBAPIError) -> str:
    """Return the first line of what the database said; what follows are its internals."""
    return str(error.orig).partition("\n")[0]
