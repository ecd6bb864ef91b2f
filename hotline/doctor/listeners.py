"""Who has the ports: we, nobody, or another program."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import socket
import uuid
from dataclasses import dataclass
from ipaddress import ip_address

import httpx

from hotline.doctor.finding import Finding, broken, ok, warning
from hotline.site import Site

SECONDS = 3.0
NOT_SERVING = "`hotline serve` is not running"
# The first thing that our FastAGI server says: a command, as ``GET FULL VARIABLE ...``.
AGI_COMMAND = re.compile(rb"[A-Z]+( [A-Z]+)* .*\n")
SIP_REPLY = b"SIP/2.0 "


@dataclass(frozen=True, slots=True)
class Place:
    """Where something of ours listens; ``name`` is its section in site.yaml."""

    name: str
    host: str
    port: int
    kind: socket.SocketKind

    @property
    def check(self) -> str:
        return f"port_{self.name}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


async def listeners(site: Site) -> list[Finding]:
    """The ports that this site's programs listen on, each asked in its own language."""
    agi, console, sip = site.pbx.agi, site.console, site.pbx.sip
    return list(
        await asyncio.gather(
            _agi(str(agi.host), agi.port),
            _console(console.host, console.port),
            _sip(str(sip.host), sip.port),
        )
    )


async def _agi(host: str, port: int) -> Finding:
    """Begin a session of a call that does not exist, and leave before anything is decided."""
    place = Place("agi", host, port, socket.SOCK_STREAM)
    if (finding := await _unless_taken(place, NOT_SERVING)) is not None:
        return finding
    call = str(uuid.uuid4())
    hello = (
        f"agi_network: yes\nagi_request: agi://{host}:{port}/call\n"
        f"agi_arg_1: {call}\nagi_arg_2: doctor\n\n"
    )
    said = b""
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection(_reachable(host), port)
            try:
                writer.write(hello.encode())
                said = await reader.readline()
            finally:
                writer.close()
    if AGI_COMMAND.fullmatch(said):
        return ok(place.check, f"{place}: the IVR answers")
    return _taken(place)


async def _console(host: str, port: int) -> Finding:
    """Ask whether it is ready: that says how the hotline's parts are, too."""
    place = Place("console", host, port, socket.SOCK_STREAM)
    if (finding := await _unless_taken(place, NOT_SERVING)) is not None:
        return finding
    url = f"http://{_reachable(host)}:{port}/api/health/ready"
    try:
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as http:
            parts = (await http.get(url)).json()["parts"]
            down = [part for part, up in parts.items() if not up]
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
        return _taken(place)
    if down:
        detail = f"{place}: the hotline runs without {', '.join(down)}"
        return warning(place.check, detail, "see the findings on it, and what `hotline serve` says")
    return ok(place.check, f"{place}: the hotline runs, {', '.join(parts)} up")


async def _sip(host: str, port: int) -> Finding:
    """Any SIP answer will do: who we are, Asterisk need not know."""
    place = Place("sip", host, port, socket.SOCK_DGRAM)
    # Asterisk may be on another machine: then its address is not ours.
    finding = await _unless_taken(place, "Asterisk is not running", errno.EADDRNOTAVAIL)
    if finding is not None:
        return finding
    asker = _Asker()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: asker, remote_addr=(_reachable(host), port)
    )
    said = b""
    try:
        local = transport.get_extra_info("sockname")
        transport.sendto(_options(host, port, f"{local[0]}:{local[1]}"))
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(SECONDS):
                said = await asker.said
    finally:
        transport.close()
    if said.startswith(SIP_REPLY):
        return ok(place.check, f"{place}: SIP is answered")
    return _taken(place)


class _Asker(asyncio.DatagramProtocol):
    """Keeps the first answer, or that nobody is there."""

    def __init__(self) -> None:
        self.said: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        if not self.said.done():
            self.said.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.said.done():
            self.said.set_exception(exc)


def _options(host: str, port: int, local: str) -> bytes:
    token = uuid.uuid4().hex
    return "\r\n".join(
        (
            f"OPTIONS sip:{host}:{port} SIP/2.0",
            f"Via: SIP/2.0/UDP {local};branch=z9hG4bK{token};rport",
            "Max-Forwards: 1",
            f"From: <sip:doctor@{local}>;tag={token[:8]}",
            f"To: <sip:{host}:{port}>",
            f"Call-ID: {token}",
            "CSeq: 1 OPTIONS",
            f"Contact: <sip:doctor@{local}>",
            "Content-Length: 0",
            "",
            "",
        )
    ).encode()


def _reachable(host: str) -> str:
    """Where to knock at a listener that takes every address."""
    try:
        return "127.0.0.1" if ip_address(host).is_unspecified else host
    except ValueError:
        return host  # a name


async def _unless_taken(place: Place, free: str, *also: int) -> Finding | None:
    """Whether we could listen there; None when somebody does already, or ``also``."""
    refused = await asyncio.to_thread(_bind, place)
    if refused is None:
        return warning(place.check, f"{place} is free", free)
    if refused.errno in (errno.EADDRINUSE, *also):
        return None
    advice = f"set another address for {place.name} in site.yaml"
    return broken(place.check, f"{place}: {refused.strerror}", advice)


def _bind(place: Place) -> OSError | None:
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            place.host, place.port, type=place.kind, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, proto) as trial:
            if kind is socket.SOCK_STREAM:  # what a program that has ended left is no obstacle
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as refused:
        return refused
    return None


def _taken(place: Place) -> Finding:
    return broken(
        place.check,
        f"{place}: another program is there, or ours hangs",
        f"`ss -lptun sport = :{place.port}` names it: end it, or set another port for "
        f"{place.name} in site.yaml",
    )
