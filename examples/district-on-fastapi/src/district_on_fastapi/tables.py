"""Makes the tables, once: `python -m district_on_fastapi.tables URL`."""

import asyncio
import sys

from sqlalchemy.ext.asyncio import AsyncEngine

from partnerflow.adapters.sqlalchemy import create_tables

from .database import engine_on
from .models import Base


async def make_tables(engine: AsyncEngine) -> None:
    """Make our tables and those of partnerflow, in one transaction where the database has that."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.run_sync(create_tables)


async def main(url: str) -> None:
    """Make the tables in a database, and let go of it."""
    engine = engine_on(url)
    await make_tables(engine)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
