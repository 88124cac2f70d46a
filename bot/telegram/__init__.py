"""The Telegram side, from an update to its answer.

receiving     long polling or webhook -> raw updates
inbox         every update is on disk before Telegram may forget it, and is struck off once answered
lanes         one chat's updates in order, different chats side by side, never more than a bound
application   which handler takes which update: the table of contents of what the bot does
questions     questions in private chats and groups (addressing, followups), their answers and their edits
browsing      /start, /topics, /sources and the like, and the buttons under them (pages)
inline        inline queries and guest messages
feedback      votes and wishes
admin         /status, /reload, /stats
tally         what was done, counted; metrics and monitoring show it, with the state of health
watchdog      systemd is told how the bot is
courier       sending, editing and answering so that nothing is lost (pacing, errors)
service       the parts of a running bot, and the way of an update through them
serve         start, signals, shutdown (opening: the index it starts with)
"""

import os

# python-telegram-bot announces that waits become timedeltas and warns until one agrees; it reads this when it is used.
os.environ.setdefault("PTB_TIMEDELTA", "true")
