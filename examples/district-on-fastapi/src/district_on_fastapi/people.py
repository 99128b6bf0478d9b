"""The user of a request."""

from typing import Annotated

from fastapi import Depends, Header, HTTPException

from partnerflow import Actor

from .database import InTransaction
from .models import Employee


async def signed_in(transaction: InTransaction, x_remote_user: Annotated[str, Header()] = "") -> Actor:
    """Return the user as an actor of partnerflow.

    The district's single sign-on in front of this application sets the header, and overwrites what a browser sent.
    """
    employee = await transaction.session.get(Employee, x_remote_user)
    if employee is None:
        raise HTTPException(401)
    return Actor(employee.login, side="district", roles={employee.role})


Me = Annotated[Actor, Depends(signed_in)]
