"""The board in the staff room: what became a fact is put up there, after the request is answered."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from partnerflow import Partnerflow
from partnerflow.events import Event

from .models import Notice

log = logging.getLogger(__name__)


@asynccontextmanager
async def hung_up(flow: Partnerflow, engine: AsyncEngine) -> AsyncIterator[asyncio.Queue[Event]]:
    """Have the board hear of every event, as long as the application runs."""
    heard: asyncio.Queue[Event] = asyncio.Queue()

    def hear(_: str, event: Event) -> None:
        """Only take it down: this is called in the event loop, in the middle of a commit, and may not wait."""
        heard.put_nowait(event)

    flow.after.connect(hear)
    clerk = asyncio.create_task(put_up(heard, engine))
    try:
        yield heard
        await heard.join()
    finally:
        flow.after.disconnect(hear)
        clerk.cancel()
        await asyncio.gather(clerk, return_exceptions=True)


async def put_up(heard: asyncio.Queue[Event], engine: AsyncEngine) -> None:
    """Put up a line for each event, in a transaction of its own."""
    while True:
        event = await heard.get()
        try:
            async with AsyncSession(engine) as session, session.begin():
                session.add(Notice(event_id=event.id, text=f"{event.partnership_id}: {event.type.split('.')[-2]}"))
        except SQLAlchemyError:
            log.exception("event %s is not on the board", event.id)
        finally:
            heard.task_done()
