"""One running bot on Telegram.

The way of an update::

    receiving           Telegram -> updates, through python-telegram-bot's Updater or HTTP
    update_queue        an update is on disk before Telegram forgets it
    chat_order          one chat's updates are handled in order, different chats side by side
    application         which handler takes which update: the table of contents of what the bot does
    context             what a handler works with: the parts of the bot, the update's texts and progress
    handlers/           questions, browsing, presses on buttons, inline queries, privacy, administration
    live_index          a question -> an answer, from the version published last
    sending             an answer -> Telegram: nothing is lost, and what may come twice is marked
    rate_limiter        Telegram's limits for a chat and for all chats together
    bot_api             the connection: requests, failures counted, what certainly was not sent

Around it: ``run`` starts and stops all this, ``state`` remembers what must survive a restart, ``quota`` bounds what one
person may ask, ``failures`` reports what went wrong, ``health`` and ``metrics`` tell how the bot is doing, and
``secret_masking`` keeps secrets out of the log.

What outlives a process stands behind ``interfaces``. ``stores`` chooses what is behind them: SQLite in the data folder,
or, in ``shared/``, a server that several bots share.
"""

import os

# python-telegram-bot announces that waits become timedeltas and warns until one agrees; it reads this when it is used.
os.environ.setdefault("PTB_TIMEDELTA", "true")
