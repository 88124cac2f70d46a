topics-title = <b>Topics</b>
topic-count = { $count ->
        [one] { $count } passage
       *[other] { $count } passages
    }
topic-page = page { $page } of { $pages }
sources-title = <b>Sources</b>
about =
    <b>About this collection</b>

    { $passages ->
        [one] { $passages } passage
       *[other] { $passages } passages
    } in { $topics ->
        [one] { $topics } topic
       *[other] { $topics } topics
    }, from { $sources ->
        [one] { $sources } source
       *[other] { $sources } sources
    }.
    Languages: { $languages }
    Published: { $built } (UTC)
    Version: <code>{ $version }</code>

    Answers are quotes, word for word. Figures hold for the date shown with them.
about-newest = Latest date in the passages: { $date }
language-title = <b>Language</b>
    I answer in the language of your question where I have the passage in it. Choose the language of buttons and notes:
language-auto = As in Telegram
language-set = Done: I will use English for buttons and notes.
language-set-auto = Done: I will follow the language of your Telegram.
