"""Who has the ports: we, nobody, or another program."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import uuid
from ipaddress import ip_address

import httpx

from hotline.doctor.finding import Finding, broken, ok, warning
from hotline.site import Site

SECONDS = 3.0
NOT_SERVING = "`hotline serve` is not running"
# The first thing that our FastAGI server says: a command, as ``GET FULL VARIABLE ...``.
AGI_COMMAND = re.compile(rb"[A-Z]+( [A-Z]+)* .*\n")
SIP_REPLY = b"SIP/2.0 "


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
    check = "port_agi"
    call = str(uuid.uuid4())
    hello = (
        f"agi_network: yes\nagi_request: agi://{host}:{port}/call\n"
        f"agi_arg_1: {call}\nagi_arg_2: doctor\n\n"
    )
    try:
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(hello.encode())
                said = await reader.readline()
            finally:
                writer.close()
    except ConnectionRefusedError:
        return _free(check, "agi", host, port, socket.SOCK_STREAM)
    except (OSError, TimeoutError, ValueError):
        said = b""
    if AGI_COMMAND.fullmatch(said):
        return ok(check, f"{host}:{port}: the IVR answers")
    return _taken(check, "agi", host, port)


async def _console(host: str, port: int) -> Finding:
    """Ask whether it is ready: that says how the hotline's parts are, too."""
    check = "port_console"
    url = f"http://{_reachable(host)}:{port}/api/health/ready"
    try:
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as http:
            parts = (await http.get(url)).json()["parts"]
    except httpx.ConnectError:
        return _free(check, "console", host, port, socket.SOCK_STREAM)
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return _taken(check, "console", host, port)
    down = [part for part, up in parts.items() if not up]
    if down:
        detail = f"{host}:{port}: the hotline runs without {', '.join(down)}"
        return warning(check, detail, "see the findings on it, and what `hotline serve` says")
    return ok(check, f"{host}:{port}: the hotline runs, {', '.join(parts)} up")


async def _sip(host: str, port: int) -> Finding:
    """Any SIP answer will do: who we are, Asterisk need not know."""
    check = "port_sip"
    asker = _Asker()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: asker, remote_addr=(_reachable(host), port)
    )
    try:
        local = transport.get_extra_info("sockname")
        transport.sendto(_options(host, port, f"{local[0]}:{local[1]}"))
        async with asyncio.timeout(SECONDS):
            said = await asker.said
    except ConnectionRefusedError:
        return _free(check, "sip", host, port, socket.SOCK_DGRAM, "Asterisk is not running")
    except (OSError, TimeoutError):
        said = b""
    finally:
        transport.close()
    if said.startswith(SIP_REPLY):
        return ok(check, f"{host}:{port}: SIP is answered")
    return _taken(check, "sip", host, port)


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


def _free(
    check: str, name: str, host: str, port: int, kind: socket.SocketKind, why: str = NOT_SERVING
) -> Finding:
    """Nobody is there: can we be?"""
    with socket.socket(socket.AF_INET, kind) as trial:
        if kind is socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as refused:
            if refused.errno == errno.EADDRINUSE:
                return _taken(check, name, host, port)
            detail = f"{host}:{port}: {refused.strerror}"
            return broken(check, detail, f"set another address for {name} in site.yaml")
    return warning(check, f"{host}:{port} is free", why)


def _taken(check: str, name: str, host: str, port: int) -> Finding:
    return broken(
        check,
        f"{host}:{port}: somebody is there, but not the hotline",
        f"`ss -lptun sport = :{port}` names the program; end it, or set another port for {name} "
        "in site.yaml",
    )
