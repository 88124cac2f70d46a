"""Reading the query log, and improving the knowledge with it.

::

    options         the group `log`; options, opening and printing for its verbs
    records         verbs list, unanswered, show, stats, export, backup, forget
    gaps            verb gaps
    teach           verb teach
    shown_texts     the texts that people were shown
    replay          verb replay: asking logged questions again
    browse          the command `review`; verbs serve, report; charts
    web/            the pages of the server
    formatting      times, numbers and languages as people write them
    queries         filters, single questions and figures         (SQL views: bot.querylog.schema)
    gap_changes     what the options of `log gaps` change
    gap_store       gaps in the log: made, ranked, changed, closed
    signatures      what a question is about, in columns in which all languages meet
    grouping        which questions mean the same
    wordings        which wordings of a gap may be taken over, and how they are spelled
    acts            what reviewers do to the knowledge, as data
    act_checks      what `check` would say of an act
    review_db       the reviewers' database
    drafts          acts that are not published yet
    not_ours        gaps closed because the questions are refused
    forgetting      what is deleted from the log goes from drafts
    knowledge_edit  files with changes that are not written yet
    snippet_edit    changing the files of one snippet
    yaml_edit       changing single values of YAML texts
    links           plugin for Datasette; its pages are described in datasette.yaml
"""
