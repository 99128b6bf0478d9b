"""The JSON Schemas, as files."""

from __future__ import annotations

import json

from partnerflow.policies.schemas import SCHEMAS


def text(name: str) -> str:
    return json.dumps(SCHEMAS[name](), ensure_ascii=False, indent=2) + "\n"
