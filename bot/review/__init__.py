"""Reading the query log, and improving the knowledge with it.

::

    options         the group `log`; options, opening and printing for its verbs
    records         verbs list, unanswered, show, stats, export, backup, forget
    gaps            verbs gaps, teach
    replay          verb replay: asking logged questions again
    browse          verbs serve, report; charts
    queries         filters, single questions and figures         (SQL views: bot.querylog.schema)
    gap_changes     what the options of `log gaps` change
    gap_store       gaps in the log: made, ranked, changed, closed
    signatures      what a question is about, in columns in which all languages meet
    grouping        which questions mean the same
    knowledge_edit  adding questions to the files of the knowledge
    links           plugin for Datasette; its pages are described in datasette.yaml
"""
