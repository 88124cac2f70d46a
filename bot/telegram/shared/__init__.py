"""What several bots keep at one server: the same interfaces as on SQLite.

    stores              opens everything below
    leases              which process handles which lane of chats, for how long
    update_lanes        received updates, in one stream for each lane
    state               languages, answers, quotes, votes, conversations, requests to hear, digests
    limits              how fast Telegram may be called, and how much a person may ask

Only ``bot.telegram.stores`` imports this package, and only where ``BOT_REDIS_URL`` is set.
"""
