"""The review page: a server on which reviewers read the log, and change the knowledge once they have signed in.

::

    server          Datasette with our plugins, bound to this computer
    plugin          what Datasette asks of us: routes, who is signed in, what every page knows, errors
    guard           no request under a foreign name or from another site; headers that protect the browser
    index_on_demand the index, opened when a page first needs it
    frame           what a handler works with: the parts of the server, its pages, who asks
    sign_in         one-time links, signing in and out, inviting
    upkeep          new questions are put into gaps while the server runs
    quotes          passages as Telegram shows them
    listing         what lists share: pages of rows, titles for ids
    home            the first page
    inbox           gaps, ranked
    gap_page        one gap
    questions       the list of questions, and one of them
    dashboard       from its charts to the questions behind them
    passages        the list of passages, and one of them
    act_pages       what the wordings of a gap become
    candidates      passages to choose from
    wording_rows    wordings in a form
    write_pages     a new passage; another title, text or translation of one
    passage_form    the form of a new passage -> the act
    act_previews    what an act would change
    saving          an act becomes a draft
    what_happened   who did what with a gap or a passage
    regroup_pages   gaps merged and split, questions moved
    publish_pages   drafts tried, published and undone

Each module with pages has ``ROUTES``, pairs of a regular expression and a handler, and is named in ``plugin.PAGES``. A
handler is called with ``(datasette, request)``, and keeps the event loop free: ``Review.read``, ``Review.write`` and
``Review.index.run`` work in threads. Templates are in ``templates/review`` and extend ``review/page.html``.
"""
