"""Who asks."""

from typing import Annotated

from fastapi import Depends, Header, HTTPException

from partnerflow import Actor

from .database import InTransaction
from .models import Employee


async def signed_in(transaction: InTransaction, x_remote_user: Annotated[str, Header()] = "") -> Actor:
    """Say who asks, in the words of partnerflow.

    The district's log-in stands in front of this application and sets the header, whatever a browser sent.
    """
    employee = await transaction.session.get(Employee, x_remote_user)
    if employee is None:
        raise HTTPException(401)
    return Actor(employee.login, side="district", roles={employee.role})


Me = Annotated[Actor, Depends(signed_in)]
