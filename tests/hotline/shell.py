"""``hotline`` as a shell runs it: a process of its own, in some folder."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = (sys.executable, "-m", "hotline")
PROJECT = Path(__file__).parents[2]
DEADLINE = 60.0  # seconds until a test gives up


def environment(home: Path) -> dict[str, str]:
    """Nothing of this user's own: no site, no models."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
    kept.pop("XDG_CACHE_HOME", None)
    return kept | {"PYTHONPATH": str(PROJECT), "HOME": str(home), "LC_ALL": "C.UTF-8"}


def hotline(
    folder: Path, *words: str | Path, given: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in ``folder`` (its home, too) to its end."""
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=folder,
        env=environment(folder),
        input=given,
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


class Running:
    """A command that stays. What it writes is read line by line, errors among it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.output: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip())

    def says(self, words: str) -> str:
        """Wait for a line with ``words`` in it. Raises ``queue.Empty``."""
        while True:
            line = self._lines.get(timeout=DEADLINE)
            self.output.append(line)
            if words in line:
                return line

    def rest(self) -> list[str]:
        """The lines that nobody has read; all there are once it is closed."""
        lines = []
        while not self._lines.empty():
            lines.append(self._lines.get())
        return lines

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ends_by(self, number: signal.Signals) -> int:
        """Send a signal; the exit status."""
        self.send(number)
        return self.ends()

    def ends(self) -> int:
        """Wait until it ends by itself; the exit status."""
        return self._process.wait(DEADLINE)

    def close(self) -> None:
        """SIGTERM, then SIGKILL, if it is still there."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join(5)
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def running(folder: Path, *words: str | Path) -> Iterator[Running]:
    """A command that runs while the context is open."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, words)],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    command = Running(process)
    try:
        yield command
    finally:
        command.close()
