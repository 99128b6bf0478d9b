"""The words that criteria expect for institutions, roles and topics; a host that uses others maps its own to these."""

from __future__ import annotations

COLLEGES = frozenset({"higher_education", "community_college", "college", "university"})
BUSINESSES = frozenset({"business", "employer", "chamber", "industry_association"})
CIVIC = frozenset({"civic", "government"})
COMMUNITY = frozenset({"community_organization", "faith_based"})
TRAINERS = COLLEGES | {"training_provider"}

SUPERINTENDENT = "superintendent"
PRESIDENT = "president"
REACHING_OUT = frozenset({SUPERINTENDENT, "board_member", "site_leader", "district_staff"})
REVIEWING = (SUPERINTENDENT, "cabinet", "principal", "board_member", "college_administrator")
COUNSELING = ("school_counselor", "college_counselor", "community_nonprofit")
FOUR_SIDES = ("district", "business", "postsecondary", "civic")

PAST_TRANSITIONS = "past_student_transitions"
OUTREACH_TOPICS = ("options", "enrollment")
AUDIENCES = ("students", "families")
ON_THE_WAY = ("application", "admissions", "financial_aid", "enrollment", "placement", "registration", "orientation")
TRANSITION_MEASURES = ("enrollment", "persistence", "completion")
CREDIT_MEASURES = ("early_credit_taken", "early_credit_earned")
CONTRIBUTIONS = frozenset(
    {"advisory_board", "project_design", "feedback", "speaker", "mentor", "shadowing", "internship"}
)
DOMAINS = ("educational", "economic", "social")
WORK_BASED_LEARNING = "work_based_learning"
BOARD_TOPICS = ("liability", "access", "supervision", "transportation")
INPUT_GROUPS = ("students", "parents", "faith_based", "community_based")
INPUT_TOPICS = ("graduate_profile", "marketing", "themes", "career_exploration")
FAMILY_ROLES = ("consumer", "advocate", "decision_maker", "contributing_partner")
IMPLEMENTATION = "pathway_implementation"
