"""A PostgreSQL of the benchmark's own: a fresh cluster on a free port, never as root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Unavailable

UNPRIVILEGED = ("postgres", "nobody")
# Durable as in service (fsync stays on); sized for a small server.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "8GB",
    "timezone": "UTC",
}


class PostgresMissing(Unavailable):
    """There is no PostgreSQL server on this machine, or it does not start."""

    error_id = "bench_postgres_missing"


@contextmanager
def own_postgres() -> Iterator[str]:
    """Yields the URL of its one database. Raises ``PostgresMissing``."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[-3])
    if not found:
        raise PostgresMissing("PostgreSQL is not installed: apt-get install postgresql")
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="hotline-bench-pg-"))
    if account is not None:
        shutil.chown(folder, account)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        try:
            subprocess.run(
                [found[-1].parent / program, "-D", folder / "data", *arguments],
                check=True, capture_output=True, cwd=folder, user=account,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        except subprocess.CalledProcessError as failed:
            raise PostgresMissing("PostgreSQL does not start", program=program) from failed

    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    try:
        run("initdb", "-U", "hotline", "-A", "trust", "-E", "UTF8")
        # The server keeps what it is given as output, so that goes to a file, not to our pipe.
        listen = f"-p {port} -c unix_socket_directories={folder} {options}"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", listen, "start")
        try:
            yield f"postgresql+psycopg://hotline@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-w", "-m", "fast", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> str | None:
    """Whom to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in UNPRIVILEGED if name in names), None)
