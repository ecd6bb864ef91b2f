"""``hotline bench``: measured figures, printed with the machine they were measured on."""

from __future__ import annotations

import typer

app = typer.Typer(help="Measure.", no_args_is_help=True)
