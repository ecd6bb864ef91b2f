"""How far a slow step is, on standard error: a line per step, a percentage where there is one."""

from __future__ import annotations

import sys


def say(what: str, done: float) -> None:
    """``done`` is 0..1."""
    end = "\n" if done >= 1 else "\r" if sys.stderr.isatty() else ""
    if end:
        print(f"  {what} {done:4.0%}", end=end, file=sys.stderr, flush=True)
