"""``hotline probe``: dial the line as a citizen would."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.commands.options import DEFAULT_SITE, JsonOption, SiteOption

if TYPE_CHECKING:
    from pbx.phone import ProbeResult

REASONS = {
    "refused": "the call was refused with SIP status {code}",
    "no_answer": "nobody answered",
    "no_sound": "answered, but nothing was heard",
    "unexpected_sound": "answered, but not with the flow's greeting",
}
HEARD = {
    "prompt": "the flow: {prompt}",
    "queue": "the queue's music: the line waits for people, the flow did not greet",
    "tone": "a bare tone",
    "other": "not the greeting: a person, other music or speech that is no known recording",
    "silence": "silence",
}


def probe(
    site: SiteOption = DEFAULT_SITE,
    number: Annotated[str, typer.Argument(help="What to dial; default: the city's number.")] = "",
    caller: Annotated[str | None, typer.Option("--from", help="The number shown.")] = None,
    expect: Annotated[
        list[Path] | None,
        typer.Option("--expect-prompt", help="A recording that should be heard."),
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", min=1, max=300, help="Seconds that it may ring.")
    ] = 20.0,
    as_json: JsonOption = False,
) -> None:
    """Dial, listen, hang up: was it answered, by what, how fast. Exit status 0 well, 1 not."""
    from hotline.site import load_site
    from pbx.phone import PhoneSettings, ProbeSettings
    from pbx.phone import probe as place_call

    loaded = load_site(site)
    sip = loaded.pbx.sip
    dialled = number or loaded.pack.city.hotline_number
    greeting = loaded.prompts / "greeting.wav"
    waiting = loaded.asterisk / "moh/comfort.wav"
    result = asyncio.run(
        place_call(
            ProbeSettings(
                phone=PhoneSettings(server_host=str(sip.host), server_port=sip.port),
                dialled=dialled,
                caller=caller,
                answer_seconds=wait,
                prompts=tuple(expect) if expect else (greeting,),
                waiting=waiting if waiting.is_file() else None,
            )
        )
    )
    print(
        result.model_dump_json(indent=2)
        if as_json
        else _told(f"{dialled} at {sip.host}:{sip.port}", result)
    )
    raise typer.Exit(result.exit_status)


def _told(line: str, result: ProbeResult) -> str:
    """What a person wants to know; all figures are in the JSON."""
    verdict = "well" if result.ok else REASONS[result.reason].format(code=result.sip_code)
    if result.reason == "no_answer" and result.ringing_ms is None:
        verdict += ", it did not even ring"
    lines = [f"{line}: {verdict}"]
    if result.answer_ms is not None:
        lines.append(f"answered after {result.answer_ms:.0f} ms")
    if result.heard is not None:
        what = HEARD[result.heard].format(prompt=result.prompt)
        began = result.prompt_ms if result.prompt_ms is not None else result.first_sound_ms
        lines.append(f"heard {what}" + (f", after {began:.0f} ms" if began is not None else ""))
        lines.append(
            f"{result.codec}, {result.packets} packets, {result.packet_loss:.1%} lost, "
            f"jitter {result.jitter_ms:.1f} ms"
        )
    return "\n  ".join(lines)
