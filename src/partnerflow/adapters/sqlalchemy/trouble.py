"""What a database says when it cannot do its work, as errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, IntegrityError, NotSupportedError, OperationalError, ProgrammingError

from partnerflow.errors import StoreBusy, StoreError


@contextmanager
def translated(*, in_hosts: bool) -> Iterator[None]:
    """Raise StoreBusy or StoreError for the trouble that a database has in the block; *in_hosts*: in a host's own."""
    try:
        yield
    except IntegrityError as error:
        raise StoreBusy(f"another writer was quicker ({error.orig}): roll back and try again") from error
    except OperationalError as error:
        text = str(error.orig).lower()
        if "locked" not in text and "busy" not in text:
            raise StoreError(f"the database cannot do this: {error.orig}") from error
        remedy = (
            "have your engine begin with BEGIN IMMEDIATE (see the how-to on embedding), roll back and try again"
            if in_hosts
            else "try again"
        )
        raise StoreBusy(f"another writer holds the database: {remedy}") from error
    except (ProgrammingError, NotSupportedError):
        raise  # our own mistake, not the database's trouble
    except DatabaseError as error:
        raise StoreError(f"the database cannot do this: {error.orig}") from error
