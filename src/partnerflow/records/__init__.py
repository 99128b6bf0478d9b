"""What may lie on file: frozen classes, one a kind, one module a subject. `registry.record` adds a host's own."""

from __future__ import annotations

from .agreement import (
    Agreement,
    Amendment,
    DataSharingAgreement,
    Milestone,
    ResponsibleParty,
    SharedElement,
    TimeAndSpace,
    Transition,
)
from .dates import NO_END, days_after, months_after
from .entry import Document, Entry
from .evaluation import Evaluation, ImprovementPlan, PlanClosing, PlanItem
from .governance import Approval, Retraction, TerminationNotice, Waiver
from .money import Money
from .onboarding import ExpectationsMeeting, Liaison, Orientation, Training
from .partner import Contact, Partner, Site
from .programme import EVERYWHERE, DuplicationDecision, Need, Scope, Service, StrategicGoal
from .registry import Kind, Record, Unregistered, kinds, record
from .safety import BackgroundCheck, FacilityAccess, Insurance, Licence, Person
from .vetting import Score, Step, VettingReview

__all__ = [
    "EVERYWHERE",
    "NO_END",
    "Agreement",
    "Amendment",
    "Approval",
    "BackgroundCheck",
    "Contact",
    "DataSharingAgreement",
    "Document",
    "DuplicationDecision",
    "Entry",
    "Evaluation",
    "ExpectationsMeeting",
    "FacilityAccess",
    "ImprovementPlan",
    "Insurance",
    "Kind",
    "Liaison",
    "Licence",
    "Milestone",
    "Money",
    "Need",
    "Orientation",
    "Partner",
    "Person",
    "PlanClosing",
    "PlanItem",
    "Record",
    "ResponsibleParty",
    "Retraction",
    "Scope",
    "Score",
    "Service",
    "SharedElement",
    "Site",
    "Step",
    "StrategicGoal",
    "TerminationNotice",
    "TimeAndSpace",
    "Training",
    "Transition",
    "Unregistered",
    "VettingReview",
    "Waiver",
    "days_after",
    "kinds",
    "months_after",
    "record",
]
