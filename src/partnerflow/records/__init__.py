"""Kinds of evidence: one frozen class for each, one module for each subject. A host adds its own with `@record`.

Names are loaded when first used: to check a dossier, the kinds that no policy reads are never built.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .registry import SUBJECTS

if TYPE_CHECKING:
    from .access import AccessGrant, SchoolDayLeave
    from .agreement import (
        Agreement,
        Amendment,
        CollegeTransition,
        DataSharingAgreement,
        Milestone,
        Responsibility,
        ResponsibleParty,
        SharedElement,
        TimeAndSpace,
    )
    from .coalition import (
        Acceptance,
        Accountable,
        AimedGoal,
        Commitment,
        Competency,
        Indicator,
        JointAgreement,
        JointMeeting,
        KeyFunction,
        LeaderEngagement,
        Membership,
        PartnershipProfile,
        Party,
        SharedVision,
        VisionGoal,
    )
    from .college import (
        CounselorAssignment,
        GraduateDestinations,
        ImprovementAction,
        ImprovementCommitment,
        JointPlan,
        MatriculationCount,
        OutreachReach,
        YearlyMeasure,
    )
    from .dates import NO_END, days_after, months_after
    from .engagement import Consultation, Definition, StakeholderInput
    from .entry import Document, Entry
    from .evaluation import Evaluation, ImprovementPlan, PlanClosing, PlanItem, ReviewDecision
    from .funding import CostPart, CostShare, FundingPlan, FundingSource, FundingStep
    from .governance import Approval, Confirmation, Redaction, Retraction, TerminationNotice
    from .money import Money
    from .mutual import Benefit, ExpectedOutcome, SharedGoal, Statement
    from .onboarding import ExpectationsMeeting, Liaison, Orientation, Training
    from .partner import Contact, Partner, Site
    from .pathways import (
        CapacityAnalysis,
        CapacityGap,
        DistrictOutline,
        EngagementStrategy,
        GraduateProfile,
        OutsideOrganization,
        PathwayInput,
        PathwayMap,
        PathwayReview,
        ProfileOutcome,
        Prospect,
        RoleAction,
    )
    from .people import Assignment, SchoolApproval
    from .plugins import Offer, find_kind, kind_names, offered_kinds
    from .practice import (
        FollowUp,
        Friction,
        RubricAssessment,
        SelfAssessment,
        SelfAssessmentPrompt,
        SupportAction,
    )
    from .programme import (
        EVERYWHERE,
        AnnualForm,
        DuplicationDecision,
        Need,
        Profile,
        Scope,
        Service,
        ServicePlan,
        Slot,
        StrategicGoal,
    )
    from .quality import Channel, CommunicationPlan, QualitySystem
    from .registry import Kind, Record, Unregistered, kinds, record
    from .safety import BackgroundCheck, FacilityAccess, Insurance, Licence, Person
    from .texts import Prose
    from .vetting import ReviewStep, Score, VettingReview
    from .waiver import CoveredProblem, Waiver, WaiverRefusal, WaiverRequest, WaiverRevocation
    from .workplace import (
        AdvisoryCouncil,
        BoardPolicy,
        ClassroomStrategy,
        CouncilLiaison,
        GroupAccess,
        PartnerRecognition,
        WorkplaceAccess,
        WorkplaceCriteria,
        WorkplaceOrientation,
        WorkplaceProgram,
        WorkplaceQualityReview,
        WorkplaceResource,
    )

__all__ = [
    "EVERYWHERE",
    "NO_END",
    "Acceptance",
    "AccessGrant",
    "Accountable",
    "AdvisoryCouncil",
    "Agreement",
    "AimedGoal",
    "Amendment",
    "AnnualForm",
    "Approval",
    "Assignment",
    "BackgroundCheck",
    "Benefit",
    "BoardPolicy",
    "CapacityAnalysis",
    "CapacityGap",
    "Channel",
    "ClassroomStrategy",
    "CollegeTransition",
    "Commitment",
    "CommunicationPlan",
    "Competency",
    "Confirmation",
    "Consultation",
    "Contact",
    "CostPart",
    "CostShare",
    "CouncilLiaison",
    "CounselorAssignment",
    "CoveredProblem",
    "DataSharingAgreement",
    "Definition",
    "DistrictOutline",
    "Document",
    "DuplicationDecision",
    "EngagementStrategy",
    "Entry",
    "Evaluation",
    "ExpectationsMeeting",
    "ExpectedOutcome",
    "FacilityAccess",
    "FollowUp",
    "Friction",
    "FundingPlan",
    "FundingSource",
    "FundingStep",
    "GraduateDestinations",
    "GraduateProfile",
    "GroupAccess",
    "ImprovementAction",
    "ImprovementCommitment",
    "ImprovementPlan",
    "Indicator",
    "Insurance",
    "JointAgreement",
    "JointMeeting",
    "JointPlan",
    "KeyFunction",
    "Kind",
    "LeaderEngagement",
    "Liaison",
    "Licence",
    "MatriculationCount",
    "Membership",
    "Milestone",
    "Money",
    "Need",
    "Offer",
    "Orientation",
    "OutreachReach",
    "OutsideOrganization",
    "Partner",
    "PartnerRecognition",
    "PartnershipProfile",
    "Party",
    "PathwayInput",
    "PathwayMap",
    "PathwayReview",
    "Person",
    "PlanClosing",
    "PlanItem",
    "Profile",
    "ProfileOutcome",
    "Prose",
    "Prospect",
    "QualitySystem",
    "Record",
    "Redaction",
    "Responsibility",
    "ResponsibleParty",
    "Retraction",
    "ReviewDecision",
    "ReviewStep",
    "RoleAction",
    "RubricAssessment",
    "SchoolApproval",
    "SchoolDayLeave",
    "Scope",
    "Score",
    "SelfAssessment",
    "SelfAssessmentPrompt",
    "Service",
    "ServicePlan",
    "SharedElement",
    "SharedGoal",
    "SharedVision",
    "Site",
    "Slot",
    "StakeholderInput",
    "Statement",
    "StrategicGoal",
    "SupportAction",
    "TerminationNotice",
    "TimeAndSpace",
    "Training",
    "Unregistered",
    "VettingReview",
    "VisionGoal",
    "Waiver",
    "WaiverRefusal",
    "WaiverRequest",
    "WaiverRevocation",
    "WorkplaceAccess",
    "WorkplaceCriteria",
    "WorkplaceOrientation",
    "WorkplaceProgram",
    "WorkplaceQualityReview",
    "WorkplaceResource",
    "YearlyMeasure",
    "days_after",
    "find_kind",
    "kind_names",
    "kinds",
    "months_after",
    "offered_kinds",
    "record",
]

_MODULES = ("dates", "money", "texts", "entry", "registry", "plugins", *SUBJECTS)


def __getattr__(name: str) -> object:
    for module in _MODULES if name in __all__ else ():
        found = vars(import_module(f"{__name__}.{module}")).get(name)
        if found is not None:
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
