"""Creates the tables, once: `python -m district_on_fastapi.tables URL`."""

import asyncio
import sys

from sqlalchemy.ext.asyncio import AsyncEngine

from partnerflow.adapters.sqlalchemy import create_tables

from .database import engine_on
from .models import Base


async def make_tables(engine: AsyncEngine) -> None:
    """Create our tables and those of partnerflow, in one transaction if the database supports that."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.run_sync(create_tables)


async def main(url: str) -> None:
    """Create the tables in a database, and close it."""
    engine = engine_on(url)
    await make_tables(engine)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
