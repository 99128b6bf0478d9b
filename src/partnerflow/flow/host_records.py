"""The host's own facts about a partnership: ask for them, and refuse what is no record that a host may supply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from partnerflow.errors import HookError, StoreError, error_text
from partnerflow.partnership import Partnership
from partnerflow.records import (
    Partner,
    Record,
    Redaction,
    Retraction,
    Unregistered,
    Waiver,
    WaiverRefusal,
    WaiverRequest,
    WaiverRevocation,
)
from partnerflow.records.conversion import record_text

from .context import Context

ONLY_ON_FILE = (Partner, Retraction, Redaction, Waiver, WaiverRequest, WaiverRefusal, WaiverRevocation)
"""Kinds that mean nothing without a file: they say who granted something, or what became of another entry."""


def load_host_records(context: Context, partnership: Partnership) -> tuple[Record, ...]:
    """Ask the host for its own facts about a partnership, each as it will be read back from a decision.

    Raises HookError, which names the partnership, where the host fails or returns something else than such records.
    A StoreError is raised as it is: the store failed, and the caller may try again.
    """
    if context.host_records is None:
        return ()
    try:
        given = context.host_records(partnership, context.session)
        return tuple(_host_record(record) for record in _several(given))
    except StoreError:
        raise
    except (Exception, SystemExit) as error:
        raise HookError("host_records", partnership.id, error_text(error)) from error


def _several(given: object) -> Iterable[object]:
    if isinstance(given, (str, bytes, Mapping, Record)) or not isinstance(given, Iterable):
        raise TypeError(f"it returned {_type_name(given)}, and not a list of records")
    return given


def _host_record(given: object) -> Record:
    if not isinstance(given, Record) or isinstance(given, Unregistered):
        raise TypeError(f"it returned {_type_name(given)} among its records; make records of it first")
    if isinstance(given, ONLY_ON_FILE):
        raise TypeError(f"it returned a {given.kind_info.name}, which counts only on file, where who filed it is known")
    return record_text(given)[0]


def _type_name(given: object) -> str:
    return "None" if given is None else f"a {type(given).__name__}"
