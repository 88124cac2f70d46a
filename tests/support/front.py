"""What stands before several bots: one address that passes each call on to one of them, as nginx does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from aiohttp import ClientError, ClientSession, ClientTimeout, web

_PASSED_ON = ("Content-Type", "X-Telegram-Bot-Api-Secret-Token")


class Front:
    """The server, in a thread of its own; used as a context manager.

    Args:
        ports: Where the bots listen on this machine.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self.url = ""
        self.refused = 0
        """How many calls no bot took at once; the caller repeats them."""
        self._ports = list(ports)
        self._turn = 0
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Front:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._begin())
        self._loop.run_forever()
        self._loop.run_until_complete(self._session.close())
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _begin(self) -> None:
        application = web.Application()
        application.router.add_post("/hook", self._pass_on)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        self._session = ClientSession(timeout=ClientTimeout(total=10))
        self._started.set()

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
