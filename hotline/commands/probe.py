"""``hotline probe``: dial the line as a citizen would."""

from __future__ import annotations

import asyncio
import socket
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.commands.options import DEFAULT_SITE, JsonOption, MaybeSite

if TYPE_CHECKING:
    from pbx.phone import ProbeResult

REASONS = {
    "refused": "the call was refused with SIP status {code}",
    "no_answer": "nobody answered",
    "no_sound": "answered, but nothing was heard",
    "unexpected_answerer": "answered, but not by {expected}",
    "unexpected_sound": "answered, but neither by the flow nor by a person",
}
HEARD = {
    "prompt": "the flow: {prompt}",
    "queue": "the queue's music: the line waits for people, the flow did not greet",
    "voice": "a person: a voice that speaks none of the line's recordings",
    "tone": "a bare tone",
    "other": "other music or noise",
    "silence": "silence",
}


class Expected(StrEnum):
    """Who is well as answerer."""

    ANY = "any"
    FLOW = "flow"
    PERSON = "person"


def probe(
    site: MaybeSite = None,
    number: Annotated[str, typer.Argument(help="What to dial; default: the city's number.")] = "",
    caller: Annotated[str | None, typer.Option("--from", help="The number shown.")] = None,
    expect: Annotated[
        Expected, typer.Option(help="Who has to answer; any: the flow or a person.")
    ] = Expected.ANY,
    prompt: Annotated[
        list[Path] | None,
        typer.Option("--expect-prompt", help="A recording that should be heard."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Where to dial, if not at the site's Asterisk; IPv4.")
    ] = "",
    port: Annotated[int, typer.Option(min=1, max=65535, help="With --host.")] = 5060,
    own: Annotated[
        str, typer.Option("--local", help="Our own address, which the line must reach; IPv4.")
    ] = "",
    wait: Annotated[
        float, typer.Option("--wait", min=1, max=300, help="Seconds that it may ring.")
    ] = 20.0,
    as_json: JsonOption = False,
) -> None:
    """Dial, listen, hang up: was it answered, by whom, how fast. Exit status 0 well, 1 not.

    With --host no site is needed; the recordings by which the flow is known are then those shipped,
    unless a site is given.
    """
    from hotline.shipped import FLOWS
    from hotline.site import LANGUAGE, load_site
    from pbx.phone import Answerer, PhoneSettings, ProbeSettings
    from pbx.phone import probe as place_call

    loaded = None if host and site is None else load_site(site or DEFAULT_SITE)
    dialled = number or (loaded.pack.city.hotline_number if loaded else "")
    if not dialled:
        raise typer.BadParameter("which number? Without a site it has to be given.")
    at = (host, port) if host or not loaded else (str(loaded.pbx.sip.host), loaded.pbx.sip.port)
    folder = loaded.prompts if loaded else FLOWS / "prompts" / LANGUAGE
    waiting = loaded.asterisk / "moh/comfort.wav" if loaded else None
    expected = set(Answerer) - {Answerer.QUEUE} if expect is Expected.ANY else {Answerer(expect)}
    result = asyncio.run(
        place_call(
            ProbeSettings(
                phone=PhoneSettings(
                    server_host=at[0], server_port=at[1], host=own or _own_address(at[0])
                ),
                dialled=dialled,
                caller=caller,
                answer_seconds=wait,
                prompts=tuple(prompt) if prompt else (folder / "greeting.wav",),
                recordings=tuple(sorted(folder.glob("*.wav"))),
                waiting=waiting if waiting and waiting.is_file() else None,
                expected=frozenset(expected),
            )
        )
    )
    line = f"{dialled} at {at[0]}:{at[1]}"
    print(result.model_dump_json(indent=2) if as_json else _told(line, result, expect))
    raise typer.Exit(result.exit_status)


def _own_address(far: str) -> str:
    """The address from which this machine reaches ``far``; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect((far, 9))
        return str(way.getsockname()[0])


def _told(line: str, result: ProbeResult, expect: Expected) -> str:
    """What a person wants to know; all figures are in the JSON."""
    verdict = (
        "well"
        if result.ok
        else REASONS[result.reason].format(
            code=result.sip_code,
            expected="the flow or a person" if expect is Expected.ANY else f"the {expect}",
        )
    )
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
