"""Reading the query log, and improving the knowledge with it.

::

    options         the group `log`; options, opening and printing for its verbs
    records         verbs list, unanswered, show, stats, export, backup, forget
    gaps            verbs gaps, replay
    teach           verb teach
    browse          verbs serve, report
    queries         filters, single questions and figures         (SQL views: bot.querylog.schema)
    gap_store       gaps in the log: made, ranked, marked
    grouping        which questions mean the same
    knowledge_edit  adding questions to the files of the knowledge
    replay          asking logged questions again
    html_report     charts, and the report in one HTML file
    links           plugin for Datasette; its pages are described in datasette.yaml
"""
