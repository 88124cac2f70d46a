"""The query log: what was asked, what was shown for it, and what became of it. It forgets people when they ask.

    sink.LogSink                          what the rest of the program asks of a log; two classes do it:
    log.QueryLog.record(Entry)            the door for the rest of the program, on the event loop
      -> writer.Writer                    one thread, a transaction for each change, through full disks and broken files
           -> entry.row_of                the row: anonymity takes secrets out of the text and hides who asked
           -> statements                  the row into SQLite (schema: its tables, and the views that reviewers read)
    log.QueryLog.forget_person            erasure deletes a person from the log and its backups, down to the last byte

Several bots that share a server write one log: ``streamed`` puts rows and requests into a stream there, and
``collecting``, in a process of its own, writes them through a ``QueryLog``.

Reading the log is the business of :mod:`bot.review`. Nothing here imports it.
"""
