"""The command line: one sub-command a module under ``hotline/commands``.

Nothing heavy is imported here; a command imports what it needs when it runs.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import typer

from core.errors import HotlineError
from hotline.commands import (
    asterisk,
    audit,
    bench,
    demo,
    doctor,
    draft,
    init,
    models,
    policy,
    probe,
    serve,
)

SYSTEM_ERROR = "system_error"  # a file or a socket that the system refuses; its own words follow

app = typer.Typer(
    name="hotline",
    help="The backend of a city's 12345 hotline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(init.init)
app.command()(serve.serve)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.command()(probe.probe)
app.command()(draft.draft)
app.add_typer(asterisk.app, name="asterisk")
app.add_typer(models.app, name="models")
app.add_typer(policy.app, name="policy")
app.add_typer(audit.app, name="audit")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command line. An error of ours or of the system is one clear line, exit status 2."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        app()
    except* (HotlineError, OSError) as several:
        for error in _each(several):
            print(f"hotline: {_line(error)}", file=sys.stderr)
        raise SystemExit(2) from None


def _each(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _each(one)
    else:
        yield error


def _line(error: BaseException) -> str:
    """One line, whatever line breaks the message and the details have."""
    if isinstance(error, HotlineError):
        details = json.dumps(error.details, ensure_ascii=False, default=str)
        text = f"{error.error_id}: {error} {details if error.details else ''}"
    elif isinstance(error, OSError) and error.filename is not None:
        text = f"{SYSTEM_ERROR}: {error.filename}: {error.strerror}"
    else:
        text = f"{SYSTEM_ERROR}: {error}"
    return " ".join(text.split())
