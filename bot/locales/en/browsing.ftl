topics-title = <b>Topics</b>
topic-count = { $count ->
        [one] { $count } answer
       *[other] { $count } answers
    }
topic-other = Other answers
topic-only = All answers
page-number = { $page } / { $pages }
button-everything = ☰ All answers
sources-title = <b>Sources</b>
sources-none = This collection names no sources.
about-title = <b>About this collection</b>
about-operator = Who runs this: { $operator }
about-official = Is it official? { $official }
about-contact = Contact: { $contact }
about-topics = { $count ->
        [one] { $count } topic
       *[other] { $count } topics
    }
about-sources = { $count ->
        [one] { $count } source
       *[other] { $count } sources
    }
about-languages = Languages: { $languages }
about-newest = Newest date in the answers: { $date }
about-published = Published: { $date }
about-version = Version: <code>{ $version }</code>
language-title = <b>Language</b>
    I answer in the language of your question where I can. Choose the language of buttons and notes:
language-auto = As in Telegram
language-set = Done: buttons and notes are in English from now on.
language-set-auto = Done: buttons and notes follow the language of your Telegram.
