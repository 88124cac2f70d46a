"""HTTP for the Bot API by aiohttp, which takes half the processor time of python-telegram-bot's own choice, httpx.

With two requests for every question (one brings it, one answers it) that is most of what the event loop does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp
from telegram._utils.defaultvalue import DefaultValue
from telegram._utils.types import ODVInput
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

_CONNECT_SECONDS = 5.0
_UPLOAD_SECONDS = 60.0
_FREE_SECONDS = 30.0
"""How long a request may wait for a connection."""
_LARGEST_ANSWER = 20 * 2**20
_GATEWAY = (502, 504)
"""What a gateway says that got no answer from the server behind it."""
_MESSAGE = {"message_id", "date", "chat"}
_KINDS = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "unauthorized", 409: "conflict", 429: "flood"}


class NotSentError(NetworkError):
    """The server was never reached: the request surely had no effect."""


class _TooLargeError(aiohttp.ClientError):
    """The answer is larger than anything that Telegram sends."""


class BrokenError(NetworkError):
    """The connection broke before an answer came: the request may have had its effect."""


class AiohttpRequest(BaseRequest):
    """Requests over a pool of kept-alive connections.

    Args:
        connections: how many at most; further requests wait.
        seconds: how long to wait for an answer.
        failed: is told the kind of every failure, one of some ten words.
    """

    def __init__(self, connections: int, seconds: float, failed: Callable[[str], None] = lambda kind: None) -> None:
        self._connections = connections
        self._seconds = seconds
        self._failed = failed
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """How long an answer may take, in seconds."""
        return self._seconds

    async def initialize(self) -> None:
        """Open the pool."""
        await self._open()

    async def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            # Closed before Telegram's servers close them, no idle connection is found dead when it is used.
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=30, ttl_dns_cache=60)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True
            )
        return self._session

    async def shutdown(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """Return what the server answered; of a message it sends back, what tells which it is.

        To build the whole message as an object takes a fifth of the event loop's time, and nobody looks at the rest.
        """
        answer = BaseRequest.parse_json_payload(payload)
        result = answer.get("result") if isinstance(answer, dict) else None
        if isinstance(result, dict) and result.keys() >= _MESSAGE:
            answer["result"] = {name: result[name] for name in _MESSAGE}
        return answer

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one request and return status and body.

        Raises:
            NotSentError: no connection came about.
            TimedOut: no answer in time, or none that reached a gateway; the request may have had its effect.
            BrokenError: the connection broke; the request may have had its effect.
            NetworkError: the answer is too large; the request has had its effect.
        """
        session = await self._open()
        seconds = self._seconds if isinstance(read_timeout, DefaultValue) or read_timeout is None else read_timeout
        body: aiohttp.FormData | bytes | None = None
        headers = {"User-Agent": self.USER_AGENT}
        if request_data and request_data.contains_files:
            body, seconds = _form(request_data), max(seconds, _UPLOAD_SECONDS)
        elif request_data:
            # yarl encodes in C what the standard library, and with it aiohttp's own form, encodes letter by letter.
            body = URL.build(query=request_data.json_parameters).raw_query_string.encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        timeout = aiohttp.ClientTimeout(
            # Each byte that comes begins the time for reading anew, so there is an end to all of it.
            total=_FREE_SECONDS + 2 * seconds,
            connect=_FREE_SECONDS,
            sock_connect=_CONNECT_SECONDS,
            sock_read=seconds,
        )
        try:
            async with session.request(
                method, url, data=body, timeout=timeout, allow_redirects=False, headers=headers
            ) as response:
                status, answer = response.status, await _read(response)
        except aiohttp.ClientConnectorDNSError as error:
            self._failed("unreachable")
            raise NotSentError(f"no address found for {error.host}") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            self._failed("unreachable")
            raise NotSentError(f"no connection: {type(error).__name__}") from error
        except (TimeoutError, aiohttp.ServerTimeoutError) as error:
            self._failed("timeout")
            raise TimedOut from error
        except _TooLargeError as error:
            self._failed("broken")
            raise NetworkError(f"the answer has more than {_LARGEST_ANSWER:,} bytes") from error
        except (aiohttp.ClientError, OSError) as error:
            self._failed("broken")
            # The exception's own text may hold the address, and with it the token.
            raise BrokenError(f"connection broken: {type(error).__name__}") from error
        if status >= 300:
            self._failed(_KINDS.get(status, "server" if status >= 500 else "other"))
        if status in _GATEWAY:
            raise TimedOut(f"a gateway got no answer from Telegram ({status})")
        return status, answer


async def _read(response: aiohttp.ClientResponse) -> bytes:
    answer = bytearray()
    async for part in response.content.iter_any():
        answer += part
        if len(answer) > _LARGEST_ANSWER:
            raise _TooLargeError
    return bytes(answer)


def _form(request_data: RequestData) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in (request_data.multipart_data or {}).items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form
