"""The board in the staff room: a line for each committed event, written after the request."""

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
    """Connect the board to every event, as long as the application runs."""
    heard: asyncio.Queue[Event] = asyncio.Queue()

    def hear(_: str, event: Event) -> None:
        """Only put it into the queue: this runs in the event loop, during a commit, and may not block."""
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
    """Add a line for each event, in a transaction of its own."""
    while True:
        event = await heard.get()
        try:
            async with AsyncSession(engine) as session, session.begin():
                session.add(Notice(event_id=event.id, text=f"{event.partnership_id}: {event.type.split('.')[-2]}"))
        except SQLAlchemyError:
            log.exception("event %s is not on the board", event.id)
        finally:
            heard.task_done()
