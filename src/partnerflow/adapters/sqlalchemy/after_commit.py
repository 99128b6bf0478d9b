"""Callbacks to run after a commit: the host's, which SQLAlchemy tells us of, or the host does.

With a host's Session they run after its outermost commit, and never after a rollback; a savepoint that is rolled back
drops those that were added inside it. SQLAlchemy's `after_commit` event fires when a savepoint is released, too, so
what counts is the end of the transaction in which a callback was added: at the release of a savepoint it moves to the
transaction around it, and only at the end of the outermost one it runs.

There is no event after the commit of a bare Connection (`commit` fires before it), so there the callbacks wait until
the host calls `committed()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, SessionTransaction

from partnerflow.errors import InvalidRequest

Callback: TypeAlias = Callable[[], None]


class _SessionCallbacks:
    """The callbacks of one Session, each with its number and the transaction in which it was added."""

    def __init__(self, session: Session) -> None:
        self._pending: list[tuple[int, SessionTransaction, Callback]] = []
        self._committed: set[SessionTransaction] = set()
        self._count = 0
        self._savepoints: WeakKeyDictionary[Connection, _Savepoints] = WeakKeyDictionary()
        event.listen(session, "after_commit", self._after_commit)
        event.listen(session, "after_transaction_end", self._after_end)

    def add(self, session: Session, callback: Callback) -> None:
        transaction = session.get_nested_transaction() or session.get_transaction()
        assert transaction is not None  # noqa: S101  we have just written in it
        # a host may begin savepoints on the connection itself, and the Session has no event for these
        connection = session.connection()
        if connection not in self._savepoints:
            self._savepoints[connection] = _Savepoints(connection, lambda: self._count, self._drop)
        self._pending.append((self._count, transaction, callback))
        self._count += 1

    def _drop(self, first: int) -> None:
        self._pending = [pending for pending in self._pending if pending[0] < first]

    def _after_commit(self, session: Session) -> None:
        transaction = session.get_nested_transaction() or session.get_transaction()
        if transaction is not None:
            self._committed.add(transaction)

    def _after_end(self, _: Session, transaction: SessionTransaction) -> None:
        ended = [(number, callback) for number, added_in, callback in self._pending if added_in is transaction]
        self._pending = [pending for pending in self._pending if pending[1] is not transaction]
        if transaction not in self._committed:
            return
        self._committed.discard(transaction)
        if transaction.parent is not None:  # a savepoint was released: they now wait for the transaction around it
            self._pending += [(number, transaction.parent, callback) for number, callback in ended]
            return
        for _number, callback in ended:
            callback()


class _ConnectionCallbacks:
    """The callbacks of one bare Connection."""

    def __init__(self, connection: Connection) -> None:
        self.pending: list[Callback] = []
        self._savepoints = _Savepoints(connection, lambda: len(self.pending), self._drop)
        event.listen(connection, "rollback", lambda _: self._drop(0))

    def _drop(self, first: int) -> None:
        del self.pending[first:]

    def run(self) -> None:
        pending, self.pending = self.pending, []
        for callback in pending:
            callback()


class _Savepoints:
    """The savepoints of a Connection, each with how many callbacks there were when it began.

    When one is rolled back, the callbacks that were added since are dropped.
    """

    def __init__(self, connection: Connection, count: Callable[[], int], drop: Callable[[int], None]) -> None:
        self._count, self._drop = count, drop
        self._counts: dict[str, int] = {}
        event.listen(connection, "before_cursor_execute", self._executing)
        event.listen(connection, "rollback_savepoint", self._rolled_back)
        event.listen(connection, "release_savepoint", self._released)

    def _executing(self, _: Connection, __: object, statement: str, *___: object) -> None:
        """Note that a savepoint begins; SQLAlchemy's `savepoint` event fires before the savepoint has a name."""
        if statement.startswith("SAVEPOINT "):
            self._counts[statement.split()[1]] = self._count()

    def _rolled_back(self, _: Connection, name: str, __: Any) -> None:
        self._drop(self._counts.get(name, 0))  # one that began before we listened is around every callback

    def _released(self, _: Connection, name: str, __: Any) -> None:
        self._counts.pop(name, None)


_sessions: WeakKeyDictionary[Session, _SessionCallbacks] = WeakKeyDictionary()
_connections: WeakKeyDictionary[Connection, _ConnectionCallbacks] = WeakKeyDictionary()


def listen(host: Session | Connection) -> None:
    """Listen to the host's transaction from now on."""
    if isinstance(host, Session):
        if host not in _sessions:
            _sessions[host] = _SessionCallbacks(host)
    elif host not in _connections:
        _connections[host] = _ConnectionCallbacks(host)


def add_callback(host: Session | Connection, callback: Callback) -> None:
    """Run *callback* after the host's commit."""
    if isinstance(host, Session):
        _sessions[host].add(host, callback)
    else:
        _connections[host].pending.append(callback)


def committed(host: Session | Connection) -> None:
    """Run the callbacks of a bare Connection that the host has committed; a Session's run by themselves."""
    if isinstance(host, Session):
        return
    if host.in_transaction():
        raise InvalidRequest("connection", "in a transaction", "commit it first, then call committed()")
    _connections[host].run()
