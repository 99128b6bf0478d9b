"""The command `partnerflow`. It needs the extra `cli`; this file needs nothing, so that it can say so."""

from __future__ import annotations

import sys

_EXTRA = ("click", "rich")


def main() -> None:
    """Run the command, or say in one line what to install for it."""
    try:
        from .app import run
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _EXTRA:
            raise
        sys.exit(f'The command partnerflow needs {missing}, which is not installed: pip install "partnerflow[cli]"')
    run()
