"""The program: terminal, Telegram, query log."""

import os

# One question is too small a job for several threads, and those that wait for work burn a core; numpy reads this once,
# when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
