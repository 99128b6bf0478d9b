"""The records of our district, in addition to those of partnerflow."""

from datetime import date

from partnerflow.records import Record, record


@record("sign_in_system", about="partnership", period=("starts_on", "ends_on"), cites=("Board policy 7",))
class SignInSystem(Record):
    """How the partner's people are signed in at the door."""

    tool: str | None = None
    """kiosk, badge, paper"""
    starts_on: date | None = None
    ends_on: date | None = None
