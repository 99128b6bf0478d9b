"""A district's own system on FastAPI and an AsyncSession, with partnerships in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError

from partnerflow import Partnerflow, PartnerflowError, Refused
from partnerflow.adapters.sqlalchemy import SQLAlchemyStore

from .board import hung_up
from .database import engine_on
from .routes import routes


def create_app(url: str = "sqlite+aiosqlite:///district.db") -> FastAPI:
    """Create the application on a database whose tables exist."""
    app = FastAPI(lifespan=running)
    app.state.engine = engine_on(url)
    store = SQLAlchemyStore(app.state.engine.sync_engine, tenant="riverside")
    app.state.flow = Partnerflow(store=store, tz="America/Chicago")
    app.include_router(routes)
    app.add_exception_handler(PartnerflowError, no)
    app.add_exception_handler(IntegrityError, taken)
    return app


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """Connect the board, and close the database at the end."""
    async with hung_up(app.state.flow, app.state.engine) as app.state.heard:
        yield
    await app.state.engine.dispose()


async def no(_: Request, error: Exception) -> JSONResponse:
    """Return the error of partnerflow with its reasons. An error 500 is not the user's: log it, do not show it."""
    if not isinstance(error, PartnerflowError) or error.http_status == 500:
        raise error
    answer: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    if isinstance(error, Refused):
        answer |= {"findings": error.decision.codes, "lacks": error.lacks, "why": error.decision.explain()}
    return JSONResponse(answer, error.http_status)


async def taken(_: Request, __: Exception) -> JSONResponse:
    """Return that the room is taken. The step is rolled back too: it is in the same transaction."""
    return JSONResponse({"error": "taken", "message": "somebody has that already"}, 409)
