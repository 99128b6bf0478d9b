"""Calls that wait for a commit: ours, or one that the host makes and we only hear of.

With a host's Session they run after its outermost commit, and never after a rollback; a savepoint that is rolled back
takes those made inside it with it. SQLAlchemy's `after_commit` fires on a savepoint's release too, so what counts is
the end of the transaction in which a call was made. After the commit of a bare Connection SQLAlchemy tells nobody, so
there they wait until the host says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction

from partnerflow.errors import InvalidRequest

Call: TypeAlias = Callable[[], None]


class _OfSession:
    """The calls that wait for one Session."""

    def __init__(self, session: Session) -> None:
        self._calls: list[tuple[int, SessionTransaction, Call]] = []
        self._committed: set[SessionTransaction] = set()
        self._count = 0
        self._savepoints: WeakKeyDictionary[Connection, _Savepoints] = WeakKeyDictionary()
        event.listen(session, "after_commit", self._after_commit)
        event.listen(session, "after_transaction_end", self._after_end)

    def add(self, session: Session, call: Call) -> None:
        transaction = session.get_nested_transaction() or session.get_transaction()
        assert transaction is not None  # noqa: S101  we have just written in it
        connection = session.connection()  # on which a host may set savepoints that the Session knows nothing of
        if connection not in self._savepoints:
            self._savepoints[connection] = _Savepoints(connection, lambda: self._count, self._forget)
        self._calls.append((self._count, transaction, call))
        self._count += 1

    def _forget(self, since: int) -> None:
        self._calls = [waiting for waiting in self._calls if waiting[0] < since]

    def _after_commit(self, session: Session) -> None:
        transaction = session.get_nested_transaction() or session.get_transaction()
        if transaction is not None:
            self._committed.add(transaction)

    def _after_end(self, _: Session, transaction: SessionTransaction) -> None:
        mine = [(number, call) for number, made_in, call in self._calls if made_in is transaction]
        self._calls = [waiting for waiting in self._calls if waiting[1] is not transaction]
        if transaction not in self._committed:
            return
        self._committed.discard(transaction)
        if transaction.parent is not None:  # a savepoint released: they now wait for what is around it
            self._calls += [(number, transaction.parent, call) for number, call in mine]
            return
        for _number, call in mine:
            call()


class _OfConnection:
    """The calls that wait for one bare Connection."""

    def __init__(self, connection: Connection) -> None:
        self.calls: list[Call] = []
        self._savepoints = _Savepoints(connection, lambda: len(self.calls), self._forget)
        event.listen(connection, "rollback", lambda _: self._forget(0))

    def _forget(self, since: int) -> None:
        del self.calls[since:]

    def run(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


class _Savepoints:
    """Where the savepoints of a Connection began among the calls; one that is rolled back has those since forgotten."""

    def __init__(self, connection: Connection, count: Callable[[], int], forget: Callable[[int], None]) -> None:
        self._count, self._forget = count, forget
        self._marks: dict[str, int] = {}
        event.listen(connection, "before_cursor_execute", self._executing)
        event.listen(connection, "rollback_savepoint", self._undone)
        event.listen(connection, "release_savepoint", self._released)

    def _executing(self, _: Connection, __: object, statement: str, *___: object) -> None:
        """Note where a savepoint begins; SQLAlchemy's own event comes before it has made up the name."""
        if statement.startswith("SAVEPOINT "):
            self._marks[statement.split()[1]] = self._count()

    def _undone(self, _: Connection, name: str, __: Any) -> None:
        self._forget(self._marks.get(name, 0))  # one from before we listened holds all that we heard

    def _released(self, _: Connection, name: str, __: Any) -> None:
        self._marks.pop(name, None)


_sessions: WeakKeyDictionary[Session, _OfSession] = WeakKeyDictionary()
_connections: WeakKeyDictionary[Connection, _OfConnection] = WeakKeyDictionary()


def listen(host: Session | Connection) -> None:
    """Begin to follow the host's transaction."""
    if isinstance(host, Session):
        if host not in _sessions:
            _sessions[host] = _OfSession(host)
    elif host not in _connections:
        _connections[host] = _OfConnection(host)


def wait(host: Session | Connection, call: Call) -> None:
    """Have *call* wait for the host's commit."""
    if isinstance(host, Session):
        _sessions[host].add(host, call)
    else:
        _connections[host].calls.append(call)


def committed(host: Session | Connection) -> None:
    """Run what waits for a bare Connection, which the host says it has committed. A Session tells us itself."""
    if isinstance(host, Session):
        return
    if host.in_transaction():
        raise InvalidRequest("connection", "in a transaction", "commit it first, then call committed()")
    _connections[host].run()
