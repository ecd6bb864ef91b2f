"""The command line: one sub-command a module under ``hotline/commands``.

Nothing heavy is imported here; a command imports what it needs when it runs.
"""

from __future__ import annotations

import json
import logging
import sys

import typer

from core.errors import HotlineError
from hotline.commands import asterisk, bench, demo, doctor, draft, init, models, probe, serve

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
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Run the command line; an error of ours is one clear line and exit status 2."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        app()
    except HotlineError as error:
        details = json.dumps(error.details, ensure_ascii=False) if error.details else ""
        print(f"hotline: {error.error_id}: {error} {details}".rstrip(), file=sys.stderr)
        raise SystemExit(2) from None
