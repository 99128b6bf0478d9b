"""The command `partnerflow`. It needs the extra `cli`; this file imports nothing of it, so that it can say so."""

from __future__ import annotations

import sys
from importlib.util import find_spec

_EXTRA = ("click", "rich")


def main() -> None:
    """Run the command, or say in one line what to install for it."""
    for name in _EXTRA:
        if find_spec(name) is None:
            sys.exit(f'The command partnerflow needs {name}, which is not installed: pip install "partnerflow[cli]"')
    from .app import run

    run()
