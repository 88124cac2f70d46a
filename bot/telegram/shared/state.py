"""What several bots remember together. People, chats and messages stand at the server under keyed hashes."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, cast

from bot.shared_server import SharedServer, key
from bot.telegram.answer_requests import REQUEST_SECONDS
from bot.telegram.digest_times import DIGEST_SECONDS
from bot.telegram.handlers.shown_quotes import BASE_SECONDS, ShownQuote, current, following
from bot.telegram.state import ANSWER_SECONDS, Given, Posted, QuoteShown

_KNOWN = 10_000
_UNUSED_SECONDS = 400 * 24 * 3600
"""How long a chosen language is kept after it was used last, and a chat counts as blocked: over a year."""
_CLAIM_SECONDS = 600
"""How long nobody else tells of a question that one process tells of."""

# KEYS: the requests, who tells of one of them. ARGV: that request, a name for this claim, its seconds.
_CLAIM = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'NX', 'EX', ARGV[3])
return redis.call('GET', KEYS[2]) == ARGV[2] and 1 or 0
"""


class Names:
    """Hides Telegram's numbers behind hashes that are the same for all processes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    async def open(cls, server: SharedServer) -> Names:
        """Read the secret of the hashes, or make it."""
        return cls(bytes.fromhex(await server.agree("secret", os.urandom(32).hex())))

    def of(self, *parts: object) -> str:
        """Return the name of something."""
        text = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._secret, digest_size=16).hexdigest()


class SharedState:
    """Languages, blocked chats, answers, quotes and votes.

    Args:
        server: Where they are kept.
        names: Hides whose they are.
    """

    def __init__(self, server: SharedServer, names: Names) -> None:
        self._server = server
        self._names = names
        self._languages: OrderedDict[int, str | None] = OrderedDict()

    async def know(self, person: int) -> None:
        """Learn the language of a person, who may have chosen it at another process."""
        language = await self._server.command("GETEX", self._key("language", "person", person), "EX", _UNUSED_SECONDS)
        self._learn(person, language)

    def language(self, person: int) -> str | None:
        """Return the interface language a person chose, if they did; the person must be known."""
        return self._languages.get(person)

    async def choose_language(self, person: int, language: str | None) -> None:
        """Remember the interface language of a person, or (``None``) forget that they chose one."""
        self._learn(person, language)
        name = self._key("language", "person", person)
        kept = ("DEL", name) if language is None else ("SET", name, language, "EX", _UNUSED_SECONDS)
        await self._server.command(*kept)

    async def block(self, chat: int) -> None:
        """Remember that nothing can be sent to a chat."""
        await self._server.command("SET", self._key("blocked", "chat", chat), 1, "EX", _UNUSED_SECONDS)

    async def unblock(self, chat: int) -> None:
        """Remember that a chat can be written to again."""
        await self._server.command("DEL", self._key("blocked", "chat", chat))

    async def blocked(self, chat: int) -> bool:
        """Return whether a chat is known not to take messages."""
        return bool(await self._server.command("EXISTS", self._key("blocked", "chat", chat)))

    async def remember_answer(self, question: Posted, text: str, message_id: int, entries: Sequence[str] = ()) -> None:
        """Remember which message answers a question, so that an edit of one changes the other."""
        value = json.dumps([message_id, list(entries), self._names.of("text", text)])
        await self._server.command("SET", self._key("answer", "message", *question), value, "EX", ANSWER_SECONDS)

    async def answer_to(self, question: Posted, text: str) -> Given | None:
        """Return the answer given to a question, if it is remembered."""
        value = await self._server.command("GET", self._key("answer", "message", *question))
        if value is None:
            return None
        message_id, entries, named = json.loads(value)
        return Given(message_id, tuple(entries), named == self._names.of("text", text))

    async def remember_quote(self, chat: int, message_id: int, quote: QuoteShown) -> None:
        """Remember what a message of the bot quotes, so that whoever replies to it can go on from there."""
        name = self._key("quote", "quote", chat, message_id)
        await self._server.command("SET", name, json.dumps(quote), "EX", ANSWER_SECONDS)

    async def forget_quote(self, chat: int, message_id: int) -> None:
        """Forget what a message of the bot quoted before it was changed."""
        await self._server.command("DEL", self._key("quote", "quote", chat, message_id))

    async def quote_in(self, chat: int, message_id: int) -> QuoteShown | None:
        """Return what a message of the bot quotes, if it is remembered."""
        value = await self._server.command("GET", self._key("quote", "quote", chat, message_id))
        return QuoteShown(*json.loads(value)) if value else None

    async def vote_on(self, entry: str) -> int | None:
        """Return the last vote on an answer, if it is remembered."""
        value = await self._server.command("GET", key("vote", entry))
        return int(value) if value else None

    async def remember_vote(self, entry: str, value: int) -> None:
        """Remember the last vote on an answer, so that the same vote again takes it back."""
        await self._server.command("SET", key("vote", entry), value, "EX", ANSWER_SECONDS)

    def _learn(self, person: int, language: str | None) -> None:
        self._languages[person] = language
        self._languages.move_to_end(person)
        if len(self._languages) > _KNOWN:
            self._languages.popitem(last=False)

    def _key(self, kind: str, *parts: object) -> str:
        return key(kind, self._names.of(*parts))


class SharedConversations:
    """The last two quotes that everybody was shown in every chat, for an hour.

    Args:
        server: Where they are kept.
        names: Hides whose they are.
    """

    def __init__(self, server: SharedServer, names: Names) -> None:
        self._server = server
        self._names = names

    async def last(self, chat: int, person: int, edited: int | None = None) -> ShownQuote | None:
        """Return the quote shown last; an edited message does not go on from its own answer."""
        return current(await self._quotes(self._key(chat, person)), time.time(), edited)

    async def show(self, chat: int, person: int, quote: ShownQuote) -> None:
        """Remember that a person was shown a quote."""
        name, of_person = self._key(chat, person), self._of_person(person)
        quotes = following(await self._quotes(name), replace(quote, at=time.time()))
        value = json.dumps([asdict(each) | {"told": sorted(each.told)} for each in quotes])

        def write() -> Awaitable[object]:
            steps: Any = self._server.client.pipeline()
            steps.set(name, value, ex=BASE_SECONDS).sadd(of_person, name).expire(of_person, BASE_SECONDS)
            return cast("Awaitable[object]", steps.execute())

        await self._server.patiently(write)

    async def forget(self, person: int) -> None:
        """Forget what a person asked and was shown."""
        of_person = self._of_person(person)
        await self._server.command("DEL", of_person, *await self._server.command("SMEMBERS", of_person))

    async def _quotes(self, name: str) -> tuple[ShownQuote, ...]:
        value = await self._server.command("GET", name)
        return tuple(
            ShownQuote(**each | {"told": frozenset(each["told"]), "shown": tuple(each["shown"])})
            for each in json.loads(value or "[]")
        )

    def _key(self, chat: int, person: int) -> str:
        return key("conversation", self._names.of("conversation", chat, person))

    def _of_person(self, person: int) -> str:
        return key("conversations", self._names.of("person", person))


class SharedRequests:
    """The private chats that want to be told of an answer, by the entry of their question in the query log.

    Args:
        server: Where they are kept.
        clock: Returns the time in seconds.
    """

    def __init__(self, server: SharedServer, clock: Callable[[], float] = time.time) -> None:
        self._server = server
        self._clock = clock
        self._claim = server.script(_CLAIM)

    async def add(self, entry: str, chat: int) -> bool:
        """Note that a chat wants to be told of a question."""
        await self._server.command("HSET", key("requests"), entry, json.dumps([self._clock(), chat]))
        await self._server.command("EXPIRE", key("requests"), round(REQUEST_SECONDS))
        return True

    async def claim(self, entry: str) -> bool:
        """Return whether this process is the one that tells of a question now."""
        keys = [key("requests"), key("telling", entry)]
        return bool(await self._server.run(self._claim, keys, entry, secrets.token_hex(8), _CLAIM_SECONDS))

    async def remove(self, entry: str) -> None:
        """Forget who wants to be told of a question."""
        await self._server.command("HDEL", key("requests"), entry)

    async def remove_chat(self, chat: int) -> None:
        """Forget everything that a chat wants to be told of."""
        await self._remove([entry for _, other, entry in await self._sorted() if other == chat])

    async def remove_old(self) -> None:
        """Forget what was asked for more than 90 days ago."""
        oldest = self._clock() - REQUEST_SECONDS
        await self._remove([entry for at, _, entry in await self._sorted() if at < oldest])

    async def of_chat(self, chat: int) -> list[str]:
        """Return the entries that a chat wants to be told of, the oldest first."""
        return [entry for _, other, entry in await self._sorted() if other == chat]

    async def all(self) -> list[tuple[str, int]]:
        """Return every entry with the chat to tell, the oldest first."""
        return [(entry, chat) for _, chat, entry in await self._sorted()]

    async def _remove(self, entries: Sequence[str]) -> None:
        if entries:
            await self._server.command("HDEL", key("requests"), *entries)

    async def _sorted(self) -> list[tuple[float, int, str]]:
        kept = await self._server.command("HGETALL", key("requests"))
        return sorted((*json.loads(value), entry) for entry, value in kept.items())


class SharedDigests:
    """When the last daily digest was sent, by whichever process."""

    def __init__(self, server: SharedServer) -> None:
        self._server = server

    async def begin(self, now: float) -> float | None:
        """Note that a digest is sent now; return since when it tells, ``None`` where none is due."""
        if not await self._server.command("SET", key("digest-sent"), 1, "NX", "EX", int(DIGEST_SECONDS)):
            return None
        last = await self._server.patiently(lambda: self._server.client.set(key("digest"), now, get=True))
        return float(last) if last else None
