"""The fast path: statements that are compiled once, and executed on the DBAPI cursor.

**Why.** A transition runs nine statements. Executed through SQLAlchemy, each costs more CPU than the database, the
policies and our own code together: SQLAlchemy looks up the compiled statement, expands lists, finds the processors of
types, and builds a context and a result each time anew, for statements that are the same every time.

**What it gains.** A persisted transition on SQLite takes 1.05 times the time of Core statements that were prepared by
hand (1.11 times on PostgreSQL), and about 1.5 times without the fast path; with `fire_many` over 100,000 partnerships
it is 1.27 and 1.78 times. `python benchmarks/storage.py --only 1` measures it; `benchmarks/README.md` says how.

**How.** `CompiledStatement` is SQLAlchemy's own compilation of a statement, with the bind and result processors of its
types, which are public. `CursorExecution` executes it on the cursor of the connection that SQLAlchemy checked out, in
the transaction that SQLAlchemy began and will commit, and raises a driver's errors as SQLAlchemy does.

**When it steps aside**, and everything goes through SQLAlchemy:

- in a host's transaction: its Session must flush first, and its Connection's events and options are the host's;
- while an engine has listeners or its log is on, so that they get our statements as well (`has_listeners`);
- under a `schema_translate_map`, which changes what a statement compiles to;
- on drivers on which it was not tested (`DRIVERS`);
- for statements that are built for a single call, such as those of `search`;
- everywhere, with `SQLAlchemyStore(engine, fast_path=False)`.

Nothing depends on it: `tests/adapters/sqlalchemy/test_execution.py` compares what the driver gets with what SQLAlchemy
would send, word for word, and the contract runs with it and without. To take it out, delete this package and the lines
of `store.py` that name it.
"""

from __future__ import annotations

from .cursor import CursorExecution, FastPath, has_listeners

__all__ = ["CursorExecution", "FastPath", "has_listeners"]
