"""A manager interface that does what a test tells it, over real TCP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pbx.ami.api import AmiEvent, AmiListener, Gap, Snapshot

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
Fields = dict[str, str]

PATIENCE = 10.0


def block(*headers: tuple[str, str] | str) -> bytes:
    """One message; headers as pairs or as whole lines."""
    lines = [
        header if isinstance(header, str) else f"{header[0]}: {header[1]}" for header in headers
    ]
    return "\r\n".join([*lines, "", ""]).encode()


class Watched:
    """Something that tests wait on: every change makes them look at their condition again."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Event] = []

    def changed(self) -> None:
        for wake in self._waiting:
            wake.set()

    async def until(self, condition: Callable[[], object]) -> None:
        wake = asyncio.Event()
        self._waiting.append(wake)
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    wake.clear()
                    await wake.wait()
        finally:
            self._waiting.remove(wake)


@dataclass
class Peer:
    """One connection as the fake Asterisk sees it."""

    writer: asyncio.StreamWriter
    mute: bool = False  # reads and never says anything again
    gone: bool = False

    def send(self, data: bytes) -> None:
        if not self.mute and not self.writer.is_closing():
            self.writer.write(data)

    def reply(self, action: Fields, response: str = "Success", *headers: tuple[str, str]) -> None:
        self.send(block(("Response", response), ("ActionID", action["ActionID"]), *headers))

    def event(self, name: str, *headers: tuple[str, str]) -> None:
        self.send(block(("Event", name), *headers))

    def items(self, action: Fields, events: list[tuple[str, Fields]], end: str) -> None:
        """A whole listing, as Asterisk 22 sends it."""
        self.reply(action, "Success", ("EventList", "start"), ("Message", "A list will follow"))
        mark = ("ActionID", action["ActionID"])
        for name, fields in events:
            self.event(name, *fields.items(), mark)
        self.event(end, mark, ("EventList", "Complete"), ("ListItems", str(len(events))))

    def close(self) -> None:
        self.writer.transport.abort()


Answer = Callable[[Peer, Fields], None]


@dataclass
class FakeAmi(Watched):
    """Answers like a quiet Asterisk 22 unless ``answers`` says otherwise for an action's name."""

    secret: str = "secret"
    greeting: bytes = GREETING
    started: str = "08:00:00"
    channels: list[tuple[str, Fields]] = field(default_factory=list)
    queues: list[tuple[str, Fields]] = field(default_factory=list)
    devices: list[tuple[str, Fields]] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    peers: list[Peer] = field(default_factory=list)
    actions: list[Fields] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection; ``start`` opens the same port again."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for peer in self.peers:
            peer.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def peer(self) -> Peer:
        """The newest connection."""
        return self.peers[-1]

    def names(self) -> list[str]:
        return [action["Action"] for action in self.actions]

    def sent(self, name: str) -> list[Fields]:
        return [action for action in self.actions if action["Action"] == name]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        peer = Peer(writer)
        self.peers.append(peer)
        peer.send(self.greeting)
        self.changed()
        try:
            while True:
                raw = await reader.readuntil(b"\r\n\r\n")
                lines = raw.decode().strip("\r\n").split("\r\n")
                action = dict(line.split(": ", 1) for line in lines)
                self.actions.append(action)
                self.answers.get(action["Action"], self.answer)(peer, action)
                self.changed()
        except (asyncio.IncompleteReadError, ConnectionError):
            peer.gone = True
            self.changed()
        finally:
            writer.close()

    def answer(self, peer: Peer, action: Fields) -> None:
        match action["Action"]:
            case "Login" if action["Secret"] != self.secret:
                peer.reply(action, "Error", ("Message", "Authentication failed"))
                peer.writer.close()
            case "Login":
                peer.reply(action, "Success", ("Message", "Authentication accepted"))
                peer.event("FullyBooted", ("Status", "Fully Booted"))
            case "CoreStatus":
                date = ("CoreStartupDate", "2026-03-01")
                peer.reply(action, "Success", date, ("CoreStartupTime", self.started))
            case "CoreShowChannels":
                peer.items(action, self.channels, "CoreShowChannelsComplete")
            case "QueueStatus":
                peer.items(action, self.queues, "QueueStatusComplete")
            case "DeviceStateList":
                peer.items(action, self.devices, "DeviceStateListComplete")
            case _:
                peer.reply(action)


class Recorder(Watched):
    """A listener that writes down all it is told, and runs ``on`` for each event if given."""

    def __init__(self, on: Callable[[AmiEvent], Awaitable[None]] | None = None) -> None:
        super().__init__()
        self.mail: list[Gap | Snapshot | AmiEvent] = []
        self.on = on

    async def gap(self, gap: Gap) -> None:
        self._note(gap)

    async def snapshot(self, snapshot: Snapshot) -> None:
        self._note(snapshot)

    async def event(self, event: AmiEvent) -> None:
        self._note(event)
        if self.on is not None:
            await self.on(event)

    def _note(self, mail: Gap | Snapshot | AmiEvent) -> None:
        self.mail.append(mail)
        self.changed()

    @property
    def told(self) -> list[str]:
        """What came, by name: "gap", "snapshot", or the event's name."""
        return [
            mail.name if isinstance(mail, AmiEvent) else type(mail).__name__.lower()
            for mail in self.mail
        ]

    def events(self, name: str) -> list[AmiEvent]:
        return [mail for mail in self.mail if isinstance(mail, AmiEvent) and mail.name == name]

    @property
    def snapshots(self) -> list[Snapshot]:
        return [mail for mail in self.mail if isinstance(mail, Snapshot)]

    @property
    def gaps(self) -> list[Gap]:
        return [mail for mail in self.mail if isinstance(mail, Gap)]


_keeps_the_protocol: type[AmiListener] = Recorder
