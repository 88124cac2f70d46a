# All texts of the bot in English. They are Telegram HTML; arguments arrive escaped.

### The bot's profile and menu

bot-short-description = Ask about the UK–Kazakhstan critical-minerals partnership. Answers are quotes with speaker, source and date.
bot-description =
    Ask me about the UK–Kazakhstan critical-minerals partnership in English, Russian or Kazakh.

    I answer only by quoting passages from a curated collection, each with its source and date. When the collection does not hold an answer, I say so.
command-ask = Ask a question
command-topics = What I know about, by topic
command-sources = The publications behind the passages
command-language = Choose the language of the buttons and notes
command-help = How to ask, here and in groups
command-about = Version, dates and counts of the collection
command-privacy = What is stored about you
command-mydata = Get what is recorded about you
command-forget = Delete what is recorded about you

### Starting and help

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

### Small talk

talk-hello = Hello! Ask me about the UK–Kazakhstan critical-minerals partnership. For example:
talk-thanks = You are welcome! If you want to read on:
talk-bye = Goodbye! I am here whenever you have a question.
talk-abilities = I answer questions about the UK–Kazakhstan critical-minerals partnership with quotes from a curated collection, each with its source and date. For example:

### Answers

answer-as-of = As of { $date }
answer-position = Passage { $number } of { $count }
answer-shortened = The passage is longer; this is the part that answers.
answer-question-cut = Your question was long; I read only its beginning.
answer-caption = I can only read text, so this answers your caption alone.
answer-follow-up = Understood together with your previous question.
answer-read-as = Read as: { $question }
answer-repeated = ↻ Sent once more: the connection broke while I was answering.
answer-more-sources = { $count ->
        [one] and { $count } more source
       *[other] and { $count } more sources
    }
differs-found = You asked about “{ $asked }”; the first passage says “{ $found }”.
differs-missing = The first passage does not mention “{ $asked }”.
differs-negation = You asked about what is not so; the first passage tells what is.
differs-roles = In the first passage the roles are the other way round.
answer-more-about = { $count ->
        [one] { $count } more passage is about this.
       *[other] { $count } more passages are about this.
    }
several-closest = I have no sure answer to this. Button { $number } opens the closest passage.
several-none = My collection does not cover this. Button { $number } opens the nearest passage.
several-left-out = I answer at most { $count } questions at a time. Left out: { $questions }
closest-intro = <b>These passages may not answer your question.</b> They are the closest I have:
none-intro = <b>My collection does not cover this.</b>
none-nearest = The nearest questions I can answer, and my topics:
none-topics = These are my topics:
passage-gone = This passage is no longer in the collection.
topic-gone = This topic is no longer in the collection.
link-gone = This link points to something that is no longer in the collection. /topics shows what there is.

### Buttons

button-next = Next passage ▶
button-source = Source 🔗
button-share = Share ↗
button-add = ➕ Please add this
button-back = ◀ Back
button-topics = ☰ All topics
button-ask-bot = Ask the bot
button-more = More ▶
button-less = ◀ Less

### Votes and wishes

vote-up = Thank you! Noted as helpful.
vote-down = Thank you! Noted as not helpful.
vote-cleared = Your vote is taken back.
vote-not-yours = Only the person who asked can vote on this answer.
wish-added = Thank you! The people who keep the collection will see it.
wish-not-yours = Only the person who asked can send this wish.
button-stale = This button no longer works. Please ask again.
feedback-off = Nothing is recorded here, so your vote is not kept.

### Browsing

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
privacy =
    <b>Privacy</b>

    • To improve the collection, questions are recorded with my answer and your votes. You appear in that record under a pseudonym, never with your name, username or Telegram number.
    • Phone numbers, e-mail addresses, card numbers and the like are blanked out before a question is recorded.
    • An unanswered message waits in a queue on my server and is erased from it once it is answered. Your choice of language is kept until you set it back to “As in Telegram”.
    • In groups I read only messages addressed to me.
privacy-retention = • Records are deleted after { $days ->
        [one] { $days } day
       *[other] { $days } days
    } at the latest.
privacy-off = Questions are not recorded by this bot at present.
privacy-commands = /mydata sends you what is recorded about you, /forget deletes it. You can also ask without being recorded:
button-opt-out = Do not record my questions
button-opt-in = Record my questions again
opted-out = From now on your questions are not recorded. What was recorded before stays until you delete it with /forget.
opted-in = Your questions are recorded again, under a pseudonym.
data-in-private = Please send me this in a private chat, so that nobody else sees your data.
data-caption = Everything recorded about you.
data-later = I cannot do that at the moment. Please try again later.
forget-ask = <b>Delete everything recorded about you?</b> Your questions, votes, wishes and choice of language are erased. This cannot be undone.
button-forget = Delete everything
button-keep = Keep it
forget-erasing = The last traces in my files are being overwritten. With a long log this takes about a minute. I will tell you when it is done. If I am restarted meanwhile, I finish it afterwards.
forget-erased = The last traces are overwritten: nothing of yours is left in my files.
forget-kept = Nothing was deleted.
forget-done = { $count ->
        [one] Done: { $count } question was deleted, with everything else about you.
       *[other] Done: { $count } questions were deleted, with everything else about you.
    }

### Inline mode

inline-ask = Ask the bot in a private chat
inline-none = No passage on this – ask in a private chat
inline-busy = Too many searches at once – wait a moment

### Limits and errors

quota-note = { $limit ->
        [one] That was more than { $limit } question in a minute.
       *[other] That was more than { $limit } questions in a minute.
    } Please wait a little, then ask again.
crowd-note = There is more at once here than I can answer, so some messages stay unanswered. Please ask again in a few minutes.
busy-note = ⏳ I am busy. Your question is in the queue, and I will answer it soon.
error-note = Something went wrong on my side and I could not answer. It is reported. If you write to the operator, give this number: <code>{ $id }</code>

### For administrators

admin-status =
    <b>Status</b>
    Version: <code>{ $version }</code>, published { $built } (UTC)
    Passages: { $passages }
    Running for: { $uptime }
    Questions answered: { $answered }
    Waiting: { $waiting }
    Failures: { $failures }
    Memory: { $memory } MB
admin-reload-same = The live version is <code>{ $version }</code> already.
admin-reload-done = Now answering from version <code>{ $version }</code>.
admin-reload-failed = The new version was refused; <code>{ $version }</code> stays in use. Reason: { $reason }
admin-stats-empty = Nothing is recorded yet.
admin-failure = ⚠️ { $kind }: { $text } (number <code>{ $id }</code>). Further failures of this kind are reported after an hour.
