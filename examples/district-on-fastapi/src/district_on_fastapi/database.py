"""The engine, and the transaction of a request, for our own rows and for those of partnerflow."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Connection, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from partnerflow import Partnerflow

T = TypeVar("T")


def engine_on(url: str) -> AsyncEngine:
    """Create the engine; on SQLite, one that begins a transaction when SQLAlchemy does."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_async_engine(url, isolation_level="READ COMMITTED", pool_pre_ping=True)
    engine = create_async_engine(url)

    @event.listens_for(engine.sync_engine, "connect")
    def leave_beginning_to_us(dbapi_connection: Any, _: object) -> None:
        dbapi_connection.isolation_level = None

    @event.listens_for(engine.sync_engine, "begin")
    def begin_immediate(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@dataclass(frozen=True)
class Transaction:
    """The transaction of a request; the route ends it with `await transaction.session.commit()`."""

    session: AsyncSession
    flow: Partnerflow

    async def within(self, work: Callable[[Partnerflow], T]) -> T:
        """Call *work* with the flow bound to this transaction, through `run_sync`: partnerflow is synchronous."""
        return await self.session.run_sync(lambda session: work(self.flow.within(session)))


async def open_transaction(request: Request) -> AsyncIterator[Transaction]:
    """Open a session for one request; what the route did not commit is rolled back."""
    state = request.app.state
    async with AsyncSession(state.engine, expire_on_commit=False) as session:
        yield Transaction(session, state.flow)


InTransaction = Annotated[Transaction, Depends(open_transaction)]
