"""``hotline models``: which speech models there are here, and fetching them."""

from __future__ import annotations

import typer

app = typer.Typer(help="Speech models.", no_args_is_help=True)
