"""A stretch of network between the bot and its server that delays, swallows or resets what passes."""

from __future__ import annotations

import asyncio
import threading
from urllib.parse import urlsplit


class Network:
    """Relays connections to a server, as well as its ``state`` lets it; used as a context manager.

    States: ``up``; ``delayed`` (everything waits); ``dropped`` (everything vanishes, unanswered); ``reset`` (every
    connection is reset, old or new). When it is up again, connections that lost something are reset.
    """

    def __init__(self, url: str) -> None:
        self._server = urlsplit(url)
        self._state = "up"
        self._writers: set[asyncio.StreamWriter] = set()
        self._damaged: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.url = ""

    def __enter__(self) -> Network:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def become(self, state: str) -> None:
        """Change the state."""
        self._loop.call_soon_threadsafe(self._become, state)

    def _become(self, state: str) -> None:
        self._state = state
        for writer in list(self._writers if state == "reset" else self._damaged):
            writer.transport.abort()
        self._damaged.clear()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in (tasks := asyncio.all_tasks(self._loop)):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        for writer in list(self._writers):
            writer.transport.abort()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._state == "reset":
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(self._server.hostname, self._server.port)
        pair = {writer, back}
        self._writers |= pair
        try:
            await asyncio.gather(self._pump(reader, back, pair), self._pump(there, writer, pair))
        except OSError:
            pass
        finally:
            self._writers -= pair
            for each in pair:
                each.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pair: set[asyncio.StreamWriter]
    ) -> None:
        while data := await reader.read(65_536):
            while self._state == "delayed":
                await asyncio.sleep(0.02)
            if self._state == "dropped":
                self._damaged |= pair
            else:
                writer.write(data)
        raise ConnectionError
