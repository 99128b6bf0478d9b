"""Visitors are signed in at the door: a record, a policy and a pack for partnerflow."""
