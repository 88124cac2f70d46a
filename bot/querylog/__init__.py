"""The query log: what was asked, what was shown for it, what became of it, and how that turns into knowledge.

entry → redacted row (``entries``, ``redaction``, ``pseudonyms``) → committed by one thread (``writer``) into SQLite
(``schema``, ``store``) → read by reviewers (``queries``, ``export``, ``pages``, ``report``) → grouped (``gaps``) →
written back to the knowledge (``teach``) → asked again (``replay``). The door for the rest of the program is
:mod:`bot.querylog.log`.
"""
