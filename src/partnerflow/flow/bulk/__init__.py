"""Many requests at once: many items in one transaction; one that fails does not affect the others.

Each item has an idempotency key of its own, made of the key of the whole run and a hash of what the item requests. A
run that was stopped, by a crash or otherwise, is simply started again: what was done is not done twice, and what was
refused is evaluated again.
"""

from __future__ import annotations

from .items import Adoption, BulkResult, Confirming, Filing, Step

__all__ = ["Adoption", "BulkResult", "Confirming", "Filing", "Step"]
