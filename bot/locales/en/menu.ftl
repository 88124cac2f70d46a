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
