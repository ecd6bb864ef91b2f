"""What happens on one connection: log in, wait for the boot, take the snapshot, stay awake."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from pbx.ami.actions import Ends, LinkAction
from pbx.ami.api import AmiRefused, AmiTimeout, AmiUnavailable, LinkState
from pbx.ami.mailbox import Mailbox
from pbx.ami.manager import LinkManager
from pbx.ami.resync import take_snapshot
from pbx.ami.states import LinkFault, StateBoard
from pbx.settings import AmiSettings

# What Asterisk answers to a login for reasons that pass by themselves (main/manager.c).
PASSING_REFUSALS = {
    "Asterisk is shutting down": LinkFault.SHUTDOWN,
    "Login Already In Use": LinkFault.LOGIN_IN_USE,
}


class Session:
    """Brings an open connection up and keeps the listeners in step, until it is lost."""

    def __init__(
        self,
        manager: LinkManager,
        settings: AmiSettings,
        board: StateBoard,
        mailboxes: Sequence[Mailbox],
        snapshot_wanted: asyncio.Event,
    ) -> None:
        self._manager = manager
        self._settings = settings
        self._timing = settings.link
        self._board = board
        self._mailboxes = mailboxes
        self._snapshot_wanted = snapshot_wanted

    async def run(self) -> LinkFault:
        """Return why the connection was lost."""
        async with asyncio.TaskGroup() as owner:
            work = owner.create_task(self._work())
            fault = await self._manager.wait_lost()
            work.cancel()
        return fault

    async def _work(self) -> None:
        for mailbox in self._mailboxes:
            mailbox.hold()
        self._board.move(LinkState.LOGGING_IN)
        if not await self._log_in():
            return
        async with asyncio.TaskGroup() as duties:
            duties.create_task(
                self._manager.ping_for_ever(self._timing.ping_every, self._timing.ping_deadline)
            )
            if not await self._booted():
                return
            self._board.move(LinkState.SYNCING)
            if await self._give_snapshot(self._mailboxes):
                await self._resync_for_ever()

    async def _log_in(self) -> bool:
        login = {
            "Username": self._settings.user,
            "Secret": self._settings.secret.get_secret_value(),
            "Events": "on",
        }
        try:
            await self._manager.ask("Login", login, deadline=self._timing.login_deadline)
        except AmiRefused as refused:
            said = refused.details["asterisk"]
            self._manager.drop(PASSING_REFUSALS.get(said, LinkFault.LOGIN_REFUSED))
        except (AmiTimeout, AmiUnavailable):
            self._manager.drop(LinkFault.NO_LOGIN_ANSWER)
        return self._manager.fault is None

    async def _booted(self) -> bool:
        """A booting Asterisk takes logins before its modules can answer."""
        try:
            async with asyncio.timeout(self._timing.boot_deadline):
                await self._manager.booted.wait()
        except TimeoutError:
            self._manager.drop(LinkFault.NOT_BOOTED)
        return self._manager.fault is None

    async def _give_snapshot(self, mailboxes: Iterable[Mailbox]) -> bool:
        """Take a snapshot and let the mail that was held for it go on."""
        try:
            async with asyncio.timeout(self._timing.sync_deadline):
                snapshot = await take_snapshot(self._ask)
        except (AmiRefused, AmiTimeout, AmiUnavailable, TimeoutError):
            self._manager.drop(LinkFault.SYNC_FAILED)
            return False
        if self._board.current.state is LinkState.SYNCING:
            # Before the first mail: a listener may act on what it gets.
            self._board.move(LinkState.UP)
        for mailbox in mailboxes:
            mailbox.resume(snapshot)
        return True

    async def _resync_for_ever(self) -> None:
        """Serve listeners that lost mail, not more often than ``resync_every``."""
        while True:
            await self._snapshot_wanted.wait()
            self._snapshot_wanted.clear()
            wishing = [mailbox for mailbox in self._mailboxes if mailbox.wants_snapshot]
            if not wishing:
                continue  # the snapshot after the reconnect came first
            for mailbox in wishing:
                mailbox.hold()
            if not await self._give_snapshot(wishing):
                return
            await asyncio.sleep(self._timing.resync_every)

    async def _ask(self, name: str, ends: Ends) -> LinkAction:
        return await self._manager.ask(name, {}, deadline=self._timing.sync_deadline, ends=ends)
