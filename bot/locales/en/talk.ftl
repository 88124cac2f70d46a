ask-about-topics = Ask me about one of my topics: { $topics }.
ask-anything = Write me a question.
talk-hello = Hello! { $ask }
talk-how = I am well, thank you! { $ask }
talk-ready = Go ahead: write your question.
talk-thanks = You are welcome!
talk-ok = All right 👍
talk-laugh = 🙂
talk-bye = Goodbye!
talk-insult = I am sorry that I was no help. Ask in other words, and I will look again.
talk-complaint = Sorry that this was not it. Ask once more in other words; a name, a place or a year helps.
talk-abilities = { $ask } I show the text that answers, with its sources and date. Where I have none, I say so.
bot-maker = Who runs this bot: { $operator }.
bot-maker-unknown = Who runs this bot is not stated here.
bot-contact = Contact: { $contact }
bot-official-unknown = I cannot speak for anybody officially. I show texts from a collection, each with the sources it names.
bot-machine = I am a program, neither a person nor ChatGPT. I look for the text that answers a question and show it as its editors wrote it. I write no answers of my own.
bot-human = No person answers in this chat; I am a program.
bot-no-contact = No contact address is given here.
bot-newest-date = The newest information is as of { $date }.
bot-published = The collection was last published on { $date }, with { $topics ->
        [one] { $topics } topic
       *[other] { $topics } topics
    }. Each answer shows its own date.
bot-languages = Languages that I understand: { $languages }. I answer in the language of the question where I have the text in it. /language sets that of the buttons.
bot-trust = I show texts from a collection and add nothing to them. Each names its sources: open them to check what matters to you. /sources lists all { $sources }.
bot-trust-unsourced = I show texts from a collection and add nothing to them. They name no sources, so check what matters to you elsewhere.
bot-identity = I am a program that answers questions with texts from a collection.
