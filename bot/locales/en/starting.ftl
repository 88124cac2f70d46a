start =
    <b>Ask me anything about the UK–Kazakhstan critical-minerals partnership.</b>

    I answer with quotes only: each one shows its source and its date. When I have no passage that answers, I tell you.

    Try one of these, or write your own question:
help =
    <b>How to ask</b>

    • Here: just write your question. Edit it and my answer changes with it.
    • In a group: <code>/ask your question</code>, mention @{ $username }, or reply to one of my messages.
    • In any chat: type <code>@{ $username }</code> and a few words, then pick a passage.

    I quote passages and write nothing of my own. 👍 and 👎 under an answer help the people who keep the collection.

    /topics – what I know about
    /sources – the publications behind it
    /language – English, Russian or Kazakh
    /about – version and counts
    /privacy – what is stored
ask-usage = Write the question after the command, like this: <code>/ask { $example }</code>
ask-usage-plain = Write the question after the command: <code>/ask …</code>
unknown-command = I do not know that command. /help shows what I can do.
reads-text-only = I can only read text. Please write your question in words.
