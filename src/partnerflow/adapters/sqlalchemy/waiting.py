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
        self.calls: list[tuple[SessionTransaction, Call]] = []
        self._committed: set[SessionTransaction] = set()
        event.listen(session, "after_commit", self._after_commit)
        event.listen(session, "after_transaction_end", self._after_end)

    def add(self, session: Session, call: Call) -> None:
        transaction = session.get_nested_transaction() or session.get_transaction()
        assert transaction is not None  # noqa: S101  we have just written in it
        self.calls.append((transaction, call))

    def _after_commit(self, session: Session) -> None:
        transaction = session.get_nested_transaction() or session.get_transaction()
        if transaction is not None:
            self._committed.add(transaction)

    def _after_end(self, _: Session, transaction: SessionTransaction) -> None:
        mine = [call for made_in, call in self.calls if made_in is transaction]
        self.calls = [(made_in, call) for made_in, call in self.calls if made_in is not transaction]
        if transaction not in self._committed:
            return
        self._committed.discard(transaction)
        if transaction.parent is not None:  # a savepoint released: they now wait for what is around it
            self.calls += [(transaction.parent, call) for call in mine]
            return
        for call in mine:
            call()


class _OfConnection:
    """The calls that wait for one bare Connection, and where its savepoints began among them."""

    def __init__(self, connection: Connection) -> None:
        self.calls: list[Call] = []
        self._marks: dict[str, int] = {}
        event.listen(connection, "before_cursor_execute", self._executing)
        event.listen(connection, "rollback_savepoint", self._undone)
        event.listen(connection, "release_savepoint", self._released)
        event.listen(connection, "rollback", self._rolled_back)

    def _executing(self, _: Connection, __: object, statement: str, *___: object) -> None:
        """Note where a savepoint begins; SQLAlchemy's own event comes before it has made up the name."""
        if statement.startswith("SAVEPOINT "):
            self._marks[statement.split()[1]] = len(self.calls)

    def _undone(self, _: Connection, name: str, __: Any) -> None:
        del self.calls[self._marks.get(name, 0) :]  # one from before we listened holds all that we heard

    def _released(self, _: Connection, name: str, __: Any) -> None:
        self._marks.pop(name, None)

    def _rolled_back(self, _: Connection) -> None:
        self.calls.clear()
        self._marks.clear()

    def run(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


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
