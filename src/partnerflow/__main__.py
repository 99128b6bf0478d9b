"""`python -m partnerflow`: the same as the command `partnerflow`."""

from __future__ import annotations

from partnerflow.cli import main

main()
