"""What stands before several bots: one address that passes each call on to one of them, as nginx does."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from tests.support.server_thread import ServerThread

_PASSED_ON = ("Content-Type", "X-Telegram-Bot-Api-Secret-Token")


class Front(ServerThread):
    """The server, in a thread of its own; used as a context manager.

    Args:
        ports: Where the bots listen on this machine.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__()
        self.url = ""
        self.refused = 0
        """How many calls no bot took at once; the caller repeats them."""
        self._ports = list(ports)
        self._turn = 0

    async def _serve(self) -> None:
        application = web.Application()
        application.router.add_post("/hook", self._pass_on)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        self._session = ClientSession(timeout=ClientTimeout(total=10))

    async def _end(self) -> None:
        await self._session.close()
        await self._runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        self._turn += 1
        for place in range(len(self._ports)):
            port = self._ports[(self._turn + place) % len(self._ports)]
            try:
                async with self._session.post(f"http://127.0.0.1:{port}/hook", data=body, headers=headers) as answer:
                    if answer.status < 500:
                        return web.Response(status=answer.status)
            except (OSError, ClientError, TimeoutError):
                pass
        self.refused += 1
        return web.Response(status=502)
