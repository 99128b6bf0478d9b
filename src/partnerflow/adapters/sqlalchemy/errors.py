"""Translate DBAPI errors to StoreError and StoreBusy, each with a remedy."""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError, IntegrityError, NotSupportedError, OperationalError, ProgrammingError

from partnerflow.errors import StoreBusy, StoreError

_BUSY = frozenset(
    {
        # PostgreSQL: could not serialize, deadlock, lock not available
        *("40001", "40P01", "55P03"),
        # MariaDB: changed since last read, lock wait timeout, deadlock
        *("1020", "1205", "1213"),
        # MariaDB: no such savepoint, because a deadlock has rolled back the whole transaction
        "1305",
    }
)
"""The codes of a conflict with another writer: the same request, sent again, may well succeed."""

REFUSAL = "partnerflow keeps history: "
"""The beginning of every message that our triggers raise."""


class TranslatingErrors:
    """Context manager that raises StoreBusy or StoreError for a database error in the block.

    *in_hosts*: in a host's transaction, which only the host can roll back, as the remedy then says. It is a class,
    because a transition enters it nine times, and a generator would cost three times as much.
    """

    __slots__ = ("_in_hosts",)

    def __init__(self, *, in_hosts: bool) -> None:
        self._in_hosts = in_hosts

    def __enter__(self) -> None:
        """Do nothing yet."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Translate the error."""
        if isinstance(error, DBAPIError):
            _translate(error, in_hosts=self._in_hosts)


def _translate(error: DBAPIError, *, in_hosts: bool) -> None:
    if kept := re.search(rf"{REFUSAL}[\w ,]+", str(error.orig)):
        raise StoreError(f"the database refuses this: {kept[0]}") from error
    if isinstance(error, IntegrityError):
        raise StoreBusy(f"another writer was faster ({_message(error)}): roll back and try again") from error
    if isinstance(error, (ProgrammingError, NotSupportedError)):
        return  # a mistake in our own SQL, which no remedy of the caller's would mend
    if isinstance(error, OperationalError) and _on_sqlite_busy(error):
        remedy = (
            "have your engine begin with BEGIN IMMEDIATE (see the how-to on embedding), roll back and try again"
            if in_hosts
            else "try again"
        )
        raise StoreBusy(f"another writer holds the database: {remedy}") from error
    if _codes(error) & _BUSY:
        remedy = "roll back and try again" if in_hosts else "try again"
        raise StoreBusy(f"another writer was in the way ({_message(error)}): {remedy}") from error
    raise StoreError(f"the database cannot do this: {_message(error)}") from error


def _on_sqlite_busy(error: OperationalError) -> bool:
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is None:
        return "is locked" in str(error.orig)  # another driver than Python's own
    return str(name).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _codes(error: DBAPIError) -> set[str]:
    """Return the server's codes, from wherever the driver keeps them: an SQLSTATE (PostgreSQL), a number (MariaDB)."""
    orig = error.orig
    found = {str(getattr(orig, name, "")) for name in ("sqlstate", "pgcode", "errno")}
    return found | set(map(str, orig.args[:1] if orig is not None else ()))


def _message(error: DBAPIError) -> str:
    """Return the first line of the database's message; the lines after it are about its internals."""
    return str(error.orig).partition("\n")[0]
