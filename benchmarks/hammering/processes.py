"""Processes that are forked from one that has loaded everything already, so that many can live and die quickly."""

from __future__ import annotations

import multiprocessing

LOADED = (
    "benchmarks.hammering.writer",
    "partnerflow.adapters.sqlalchemy",
    "partnerflow.flow.file",
    "partnerflow.flow.fire",
    "partnerflow.flow.begin",
    "psycopg",
    "pymysql",
)

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([*LOADED])
