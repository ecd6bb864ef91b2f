"""``hotline audit``: the access log from the site's own machine - is it whole, who saw a ticket."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from hotline.commands.options import DEFAULT_SITE, JsonOption, SiteOption

if TYPE_CHECKING:
    from sqlmodel import Session

    from core.people.access import AccessLog, Verdict
    from core.people.audit import AccessLine

T = TypeVar("T")

app = typer.Typer(help="The log of who read what.", no_args_is_help=True)

TicketNumber = Annotated[str, typer.Argument(help="The ticket's number.")]
WHY = {
    "row": "a line was changed, put in or taken out",
    "end": "lines are missing at the end",
    "seal": "the seal of the end is not this site's",
}


@app.command()
def verify(site: SiteOption = DEFAULT_SITE, as_json: JsonOption = False) -> None:
    """Walk the whole log. Exit status 1 if it is not as it was written.

    Keep the number of lines and the head elsewhere: a database put back as a whole to an earlier
    day shows only against them.
    """
    from core.people.access import AccessLog

    verdict: Verdict = asyncio.run(_with_log(site, AccessLog.verify))
    if as_json:
        print(json.dumps(asdict(verdict)))
    elif verdict.broken_at is None:
        print(f"{verdict.rows} lines, whole; head {verdict.head}")
    else:
        print(f"broken at line {verdict.broken_at}: {WHY[verdict.why or 'row']}")
    if verdict.broken_at is not None:
        raise typer.Exit(1)


@app.command()
def who(number: TicketNumber, site: SiteOption = DEFAULT_SITE, as_json: JsonOption = False) -> None:
    """Who has seen or tried a ticket (article 48); that this was asked is written down, too."""
    for line in asyncio.run(_with_log(site, lambda log, session: _who(log, session, number))):
        if as_json:
            print(line.model_dump_json())
        else:
            told = line.outcome if not line.error_id else f"{line.outcome} ({line.error_id})"
            print(f"{line.at:%Y-%m-%d %H:%M:%S}Z  {line.actor}  {line.role}  {line.act}  {told}")


def _who(log: AccessLog, session: Session, number: str) -> list[AccessLine]:
    from core.people.audit import lines_about
    from core.people.roles import Role
    from core.ports import Viewer

    lines: list[AccessLine] = []
    while page := lines_about(log, session, number, lines[-1].seq if lines else 0):
        lines += page
    shell = Viewer(f"shell-{getpass.getuser()}", "", Role.AUDITOR)
    log.enter(session, shell, "who_saw", number)
    return lines


async def _with_log(folder: Path, work: Callable[[AccessLog, Session], T]) -> T:
    from core.clock import SystemClock
    from core.people.access import AccessLog
    from core.store import Database
    from core.store.vault import Vault
    from hotline.site import load_site

    site = load_site(folder)
    log = AccessLog(Vault(site.master).key_for("access"), SystemClock())
    database = Database(site.database_url)
    try:
        await database.migrate()
        return await database.write(lambda session: work(log, session))
    finally:
        await database.close()
