"""``hotline probe``: dial the line as a citizen would."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hotline.commands.options import DEFAULT_SITE, JsonOption, SiteOption


def probe(
    site: SiteOption = DEFAULT_SITE,
    number: Annotated[str, typer.Argument(help="What to dial; default: the city's number.")] = "",
    caller: Annotated[str | None, typer.Option("--from", help="The number shown.")] = None,
    expect: Annotated[
        list[Path] | None,
        typer.Option("--expect-prompt", help="A recording that should be heard."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Dial, listen, hang up: was it answered, by what, how fast. Exit status 0 well, 1 not."""
    from hotline.site import load_site
    from pbx.phone import PhoneSettings
    from pbx.phone.probe import ProbeSettings
    from pbx.phone.probe import probe as place_call

    loaded = load_site(site)
    greeting = loaded.pbx.prompts / "zh" / "greeting.wav"
    result = asyncio.run(
        place_call(
            ProbeSettings(
                phone=PhoneSettings(
                    server_host=str(loaded.pbx.sip.host), server_port=loaded.pbx.sip.port
                ),
                dialled=number or loaded.pack.city.hotline_number,
                caller=caller,
                prompts=tuple(expect) if expect else (greeting,),
            )
        )
    )
    if as_json:
        print(result.model_dump_json(indent=2))
    else:
        for name, value in result.model_dump().items():
            print(f"  {name:16} {value}")
    raise typer.Exit(result.exit_status)
