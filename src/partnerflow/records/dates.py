"""Arithmetic with days, and the day that means no end."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

NO_END = date.max
"""The last day of something that has no end, written `"no_end"` in JSON. An absent date means that it is unknown."""


def days_after(day: date, days: int) -> date:
    """Return the day *days* later; NO_END where the calendar has no such day."""
    return day + timedelta(days) if days <= (NO_END - day).days else NO_END


def months_after(day: date, months: int) -> date:
    """Return the same day of the month, *months* later, or the last day of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > NO_END.year:
        return NO_END
    if day.day > 28:
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    return date(year, month + 1, day.day)
