"""A PostgreSQL of the tests' own: a fresh cluster on a free port, never as root."""

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

UNPRIVILEGED = ("postgres", "nobody")


def find_programs() -> Path | None:
    """The newest server's program folder, or None where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[-3])
    return found[-1].parent if found else None


def _account() -> str | None:
    """Whom to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in names)


@contextmanager
def cluster(programs: Path) -> Iterator[str]:
    """Run a cluster; yields the URL of its database server without a database name."""
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if account is not None:
        shutil.chown(folder, account)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", folder / "data", *arguments],
            check=True, capture_output=True, cwd=folder, user=account,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip

    try:
        run("initdb", "-U", "hotline", "-A", "trust", "-E", "UTF8", "--no-sync")
        # The server keeps what it is given as output, so that goes to a file, not to our pipe.
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        # Nothing here has to outlive the machine; whoever tests that a server dies kills it only.
        options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://hotline@127.0.0.1:{port}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
